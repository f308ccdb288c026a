// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/pose2pose_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "regressor/batch_norm.h"
#include "regressor/layers/volumes.h"
#include "regressor/rotation.h"

namespace gyre {
namespace {

constexpr int64_t kSixD = 6;

torch::nn::Conv2d OneByOne(int64_t in, int64_t out) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1));
}

// Where the network computes in bfloat16 what comes of it goes on in float32.
at::Tensor Wide(const at::Tensor& t) {
  return t.scalar_type() == at::kBFloat16 ? t.to(at::kFloat) : t;
}

// A layer that begins close to `start`, whatever it is given.
torch::nn::Sequential LayerFrom(int64_t in, const VecX& start) {
  torch::nn::Linear linear(in, start.size());
  torch::nn::init::xavier_uniform_(linear->weight, /*gain=*/0.01);
  const at::NoGradGuard no_grad;
  for (Eigen::Index i = 0; i < start.size(); ++i) linear->bias[i] = start[i];
  return torch::nn::Sequential(linear);
}

// See CameraFromRaw.
double RoomOf(const BodyLayout& layout) { return layout.family == "mano" ? 0.4 : 2.5; }

// The camera's three numbers before CameraFromRaw that give `cam`; of one that the room does not
// reach a depth in its middle.
VecX RawCamera(const Vec3& cam, double room_m) {
  const double share = 2 / (room_m * cam.x());
  VecX raw(3);
  raw << cam.y(), cam.z(), share < 1 ? std::log(share / (1 - share)) : 0;
  return raw;
}

// The blocks that a joint of a hand or of the body is in.
bool IsOf(const BodyLayout& layout, int joint, JointBlock block) {
  return layout.blocks[joint] == block;
}

bool StaysAtRest(const BodyLayout& layout, int joint) {
  const std::string& name = layout.joints[joint];
  return name == "L_Hand" || name == "R_Hand" || IsOf(layout, joint, JointBlock::kEyes) ||
         (layout.family == "flame" && name == "Neck");
}

std::vector<int> TurnedJoints(const BodyLayout& layout, JointBlock block) {
  std::vector<int> joints;
  for (int k = 0; k < layout.num_joints(); ++k) {
    if (IsOf(layout, k, block) && !StaysAtRest(layout, k)) joints.push_back(k);
  }
  return joints;
}

// Positions of what is seen of a hand (-1 left, 1 right), or of the body but for hands and face
// (0).
std::vector<int64_t> SeenOf(const KeypointSet& set, int side) {
  const auto side_of = [](std::string_view joint) {
    if (joint.starts_with("Face ")) return 2;
    for (const std::string_view part : {"Hand Root", "Thumb", "Index", "Middle", "Ring", "Pinky"}) {
      if (joint.find(part) == std::string_view::npos) continue;
      return joint.starts_with("Left") ? -1 : 1;
    }
    return 0;
  };
  std::vector<int64_t> positions;
  for (int i = 0; i < set.size(); ++i) {
    if (side_of(set.joints[i]) == side) positions.push_back(i);
  }
  return positions;
}

// 6D of a part's joints where the regression starts.
VecX StartOf(const MeanParams& mean, const std::vector<int>& joints) {
  VecX start(kSixD * static_cast<Eigen::Index>(joints.size()));
  for (size_t i = 0; i < joints.size(); ++i) {
    start.segment(kSixD * static_cast<Eigen::Index>(i), kSixD) =
        mean.pose_6d.segment(kSixD * joints[i], kSixD);
  }
  return start;
}

}  // namespace

std::vector<TurnedPart> TurnedPartsOf(const BodyLayout& layout, const KeypointSet& uvd_set) {
  std::vector<TurnedPart> parts;
  const auto add = [&](const char* name, JointBlock block, const std::vector<int64_t>& seen) {
    const std::vector<int> joints = TurnedJoints(layout, block);
    if (!joints.empty()) parts.push_back({name, parts.empty(), joints, seen});
  };
  const bool hand_alone = layout.family == "mano";
  add("rotation_net", JointBlock::kBody, SeenOf(uvd_set, 0));
  add("left_hand_net", JointBlock::kLeftHand, SeenOf(uvd_set, -1));
  // A hand alone is of the side that it is shown.
  std::vector<int64_t> right = SeenOf(uvd_set, 1);
  if (hand_alone && right.empty()) right = SeenOf(uvd_set, -1);
  add(hand_alone ? "rotation_net" : "right_hand_net", JointBlock::kRightHand, right);
  add("face_net", JointBlock::kJaw, {});
  return parts;
}

// Volumes for the joints; the published name of its layer.
class Pose2PoseHead::PositionNet : public torch::nn::Module {
 public:
  PositionNet(int64_t in, int64_t joints, int64_t depth)
      : joints_(joints),
        depth_(depth),
        conv(register_module("conv", torch::nn::Sequential(OneByOne(in, joints * depth)))) {}

  // [B,M,D,H,W]
  at::Tensor forward(const at::Tensor& map) {
    return conv->forward(map).view({map.size(0), joints_, depth_, map.size(2), map.size(3)});
  }

 private:
  int64_t joints_, depth_;
  torch::nn::Sequential conv;
};

// What a part is turned by; the published names of its layers.
class Pose2PoseHead::RotationNet : public torch::nn::Module {
 public:
  RotationNet(const NetworkOptions& options, const TurnedPart& of, const MeanParams& mean,
              double room_m, int64_t in)
      : part(of), pooling_(of.seen.empty() ? PosePooling::kGlobal : options.pooling) {
    int64_t features = in;
    if (pooling_ != PosePooling::kGlobal) {
      const int64_t channels = options.sampled_channels;
      conv = register_module("conv", torch::nn::Sequential(OneByOne(in, channels),
                                                           BatchNorm(channels), torch::nn::ReLU()));
      const int64_t place = pooling_ == PosePooling::kSampledAndPlaces ? 3 : 0;
      features = static_cast<int64_t>(part.seen.size()) * (channels + place);
    }
    if (part.root) root_pose_out = AddLayer("root_pose_out", features, StartOf(mean, {0}));
    pose_out = AddLayer("pose_out", features, StartOf(mean, part.joints));
    if (!part.root) return;
    shape_out = AddLayer("shape_out", in, mean.betas);
    if (mean.expression.size() > 0) {
      expression_out = AddLayer("expression_out", in, mean.expression);
    }
    cam_out = AddLayer("cam_out", in, RawCamera(mean.cam, room_m));
  }

  // What rotations come from, [B,...]. `uvd` and `cells`: where joints are seen, [B,M,3].
  at::Tensor PoseFeatures(const Features& features, const at::Tensor& uvd,
                          const at::Tensor& cells) {
    if (pooling_ == PosePooling::kGlobal) return features.pooled;
    const at::Tensor idx = at::tensor(part.seen).to(uvd.device());
    const at::Tensor places = uvd.index_select(1, idx).detach();
    at::Tensor at_joints =
        Wide(SampleMaps(conv->forward(features.maps.back()), places.narrow(2, 0, 2)));
    if (pooling_ == PosePooling::kSampledAndPlaces) {
      at_joints = at::cat({at_joints, cells.index_select(1, idx).detach()}, 2);
    }
    return at_joints.flatten(1);
  }

  const TurnedPart part;
  torch::nn::Sequential root_pose_out{nullptr}, pose_out{nullptr}, shape_out{nullptr},
      expression_out{nullptr}, cam_out{nullptr};

 private:
  torch::nn::Sequential AddLayer(const char* name, int64_t in, const VecX& start) {
    return register_module(name, LayerFrom(in, start));
  }

  PosePooling pooling_;
  torch::nn::Sequential conv{nullptr};
};

Pose2PoseHead::Pose2PoseHead(const NetworkOptions& options, const BodyLayout& layout,
                             const MeanParams& mean, const KeypointSet& uvd_set,
                             int64_t feature_size)
    : uvd_set_(uvd_set),
      depth_m_(options.volume_depth_m),
      room_m_(RoomOf(layout)),
      num_joints_(layout.num_joints()) {
  const std::vector<TurnedPart> parts = TurnedPartsOf(layout, uvd_set_);
  if (parts.empty()) ThrowUserError("head pose2pose finds no joint to turn in this --body");
  const bool looks =
      std::ranges::any_of(parts, [](const auto& part) { return !part.seen.empty(); });
  if (looks) {
    const std::vector<int64_t> depths = options.VolumeDepths();
    if (depths.size() != 1) {
      ThrowUserError("volume_depths: head pose2pose has one volume, such as 8, not \"{}\"",
                     options.volume_depths);
    }
    position_net_ = register_module(
        "position_net", std::make_shared<PositionNet>(feature_size, uvd_set_.size(), depths[0]));
  }
  for (const TurnedPart& part : parts) {
    rotation_nets_.push_back(register_module(
        part.name, std::make_shared<RotationNet>(options, part, mean, room_m_, feature_size)));
  }
}

at::Tensor Pose2PoseHead::CameraFromRaw(const at::Tensor& raw, double room_m) {
  // A sigmoid of 0, infinitely far, would be infinitely large.
  const at::Tensor share = at::sigmoid(raw.select(1, 2)).clamp_min(1e-6);
  return at::stack({2 / (room_m * share), raw.select(1, 0), raw.select(1, 1)}, 1);
}

Output Pose2PoseHead::Regress(const Features& features) {
  Output output;
  at::Tensor cells;
  if (position_net_) {
    GYRE_CHECK(!features.maps.empty());
    const at::Tensor volumes = Wide(position_net_->forward(features.maps.back()));
    cells = SoftArgmax(volumes);
    output.uvd = UvdFromCells(cells, SizeOf(volumes), depth_m_);
    output.uvd_set = &uvd_set_;
  }
  const int64_t batch = features.pooled.size(0);
  std::vector<at::Tensor> rotations(num_joints_);
  const auto turn = [&](const at::Tensor& six_d, const std::vector<int>& joints) {
    const at::Tensor turned = RotationFromSixD(six_d.view({batch, -1, kSixD}));
    for (size_t i = 0; i < joints.size(); ++i) {
      rotations[joints[i]] = turned.select(1, static_cast<int64_t>(i));
    }
  };
  for (const auto& net : rotation_nets_) {
    const at::Tensor from = net->PoseFeatures(features, output.uvd, cells);
    turn(Wide(net->pose_out->forward(from)), net->part.joints);
    if (!net->part.root) continue;
    turn(Wide(net->root_pose_out->forward(from)), {0});
    output.betas = Wide(net->shape_out->forward(features.pooled));
    if (!net->expression_out.is_empty()) {
      output.expression = Wide(net->expression_out->forward(features.pooled));
    }
    output.camera = CameraFromRaw(Wide(net->cam_out->forward(features.pooled)), room_m_);
  }
  const at::Tensor at_rest = at::eye(3, output.betas.options()).expand({batch, 3, 3});
  for (at::Tensor& rotation : rotations) {
    if (!rotation.defined()) rotation = at_rest;
  }
  output.rotations = at::stack(rotations, 1);
  return output;
}

std::shared_ptr<Head> MakePose2PoseHead(const NetworkOptions& options,
                                        const NetworkSetting& setting, int64_t feature_size) {
  if (!setting.body) ThrowUserError("head pose2pose gives bodies; it needs a --body");
  if (options.input != NetworkInput::kImage || options.backbone == Backbone::kHourglass) {
    ThrowUserError(
        "head pose2pose samples the feature map of a picture; it needs --network.input image and a "
        "resnet for --network.backbone");
  }
  const BodyLayout& layout = *setting.body->layout;
  return std::make_shared<Pose2PoseHead>(options, layout,
                                         MeanParams::FromPrior(layout, setting.prior.get()),
                                         UvdSetOf(options), feature_size);
}

}  // namespace gyre
