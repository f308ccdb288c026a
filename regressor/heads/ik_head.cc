// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/ik_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include "core/error.h"
#include "regressor/batch_norm.h"
#include "regressor/layers/ik_layer.h"
#include "regressor/layers/limb_lift.h"
#include "regressor/layers/volumes.h"
#include "regressor/rotation.h"

namespace gyre {
namespace {

// At the published width of 64.
int64_t DeconvolutionChannels(int width) { return 4 * width; }  // 256
int64_t HiddenUnits(int width) { return 16 * width; }           // 1024

// Where the network computes in bfloat16 what comes of it goes on in float32.
at::Tensor InFloat(const at::Tensor& t) {
  return t.scalar_type() == at::kBFloat16 ? t.to(at::kFloat) : t;
}

// Three times twice the size.
torch::nn::Sequential Deconvolutions(int64_t in, int64_t channels) {
  torch::nn::Sequential layers;
  for (int i = 0; i < 3; ++i) {
    layers->push_back(torch::nn::ConvTranspose2d(
        torch::nn::ConvTranspose2dOptions(i == 0 ? in : channels, channels, 4)
            .stride(2)
            .padding(1)
            .bias(false)));
    layers->push_back(BatchNorm(channels));
    layers->push_back(torch::nn::ReLU());
  }
  return layers;
}

// Where each kinematic joint stands in the uvd set; -1.
std::vector<int> InSet(const BodyLayout& layout, const KeypointSet& set) {
  std::vector<int> positions(layout.num_joints(), -1);
  for (int i = 0; i < set.size(); ++i) {
    const int joint = KinematicJoint(layout, FindJoint(set.joints[i]));
    if (joint >= 0) positions[joint] = i;
  }
  return positions;
}

// The bones whose two ends are in the set, of the mean shape.
std::vector<Limb> LimbsOf(const IkTree& tree, const std::vector<int>& in_set) {
  std::vector<Limb> limbs;
  for (int k = 1; k < static_cast<int>(in_set.size()); ++k) {
    const int parent = tree.nodes[k].parent;
    if (in_set[k] < 0 || in_set[parent] < 0) continue;
    limbs.push_back({in_set[parent], in_set[k], (tree.mean.row(k) - tree.mean.row(parent)).norm()});
  }
  return limbs;
}

class IkHead : public Head {
 public:
  IkHead(const NetworkOptions& options, const BodyModel& body, const KeypointSet& set,
         int64_t feature_size);

  Output Regress(const Features& features) override;

 private:
  at::Tensor Uvd(const Features& features);
  // Twist [B,J,2], rotations of the ends [B,L,3,3]; shape goes to the output.
  struct Branch {
    at::Tensor twist, ends;
  };
  Branch Regressed(const at::Tensor& pooled, Output* output);
  torch::nn::Linear Decoder(const char* name, int64_t in, int64_t out);

  const KeypointSet& set_;
  double depth_m_;
  int64_t volume_depth_, num_joints_;
  IefActivation activation_;
  IkLayer layer_;
  std::vector<int64_t> joint_in_set_;  // 0 where it is not
  at::Tensor known_;                   // [1,J]
  std::vector<Limb> limbs_;
  double extent_m_;                       // of the skeleton at rest
  at::Tensor pelvis_mean_, pelvis_dirs_;  // [1,3], [S,3]
  torch::nn::Sequential deconv_layers{nullptr};
  torch::nn::Conv2d final_layer{nullptr};
  torch::nn::Linear coordinates{nullptr}, fc1{nullptr}, fc2{nullptr}, decshape{nullptr},
      decexpression{nullptr}, decphi{nullptr}, decleaf{nullptr};
  torch::nn::Dropout drop1{nullptr}, drop2{nullptr};
};

IkHead::IkHead(const NetworkOptions& options, const BodyModel& body, const KeypointSet& set,
               int64_t feature_size)
    : set_(set),
      depth_m_(options.volume_depth_m),
      num_joints_(body.num_joints()),
      activation_(options.ief_activation),
      layer_(register_module("ik", IkLayer(body, options.ik))) {
  const BodyLayout& layout = *body.layout;
  const std::vector<int> in_set = InSet(layout, set_);
  if (in_set[0] < 0) {
    ThrowUserError("uvd_set: {} has no {}, which head ik turns a body about; smpl24 has", set_.name,
                   layout.joints[0]);
  }
  std::vector<double> known;
  for (const int at : in_set) {
    joint_in_set_.push_back(std::max(at, 0));
    known.push_back(at < 0 ? 0 : 1);
  }
  known_ = at::tensor(known).unsqueeze(0);
  const IkTree& tree = layer_->ik().tree();
  limbs_ = LimbsOf(tree, in_set);
  extent_m_ = ExtentOf(tree.mean);
  Eigen::RowVector3f mean = tree.mean.row(0).cast<float>();
  pelvis_mean_ = register_buffer("pelvis_mean", at::from_blob(mean.data(), {1, 3}).clone());
  const Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor> dirs =
      tree.dirs.topRows<3>().transpose().cast<float>();
  pelvis_dirs_ = register_buffer(
      "pelvis_dirs", at::from_blob(const_cast<float*>(dirs.data()), {dirs.rows(), 3}).clone());

  if (options.input == NetworkInput::kImage) {
    const std::vector<int64_t> depths = options.VolumeDepths();
    if (depths.size() != 1) {
      ThrowUserError("volume_depths: head ik has one volume, such as 64, not \"{}\"",
                     options.volume_depths);
    }
    volume_depth_ = depths[0];
    const int64_t channels = DeconvolutionChannels(options.width);
    deconv_layers = register_module("deconv_layers", Deconvolutions(feature_size, channels));
    final_layer = register_module("final_layer",
                                  torch::nn::Conv2d(torch::nn::Conv2dOptions(
                                      channels, set_.size() * volume_depth_, /*kernel_size=*/1)));
  } else {
    coordinates = register_module("coordinates", torch::nn::Linear(feature_size, 3 * set_.size()));
  }
  const int64_t hidden = HiddenUnits(options.width);
  fc1 = register_module("fc1", torch::nn::Linear(feature_size, hidden));
  drop1 = register_module("drop1", torch::nn::Dropout(options.dropout));
  fc2 = register_module("fc2", torch::nn::Linear(hidden, hidden));
  drop2 = register_module("drop2", torch::nn::Dropout(options.dropout));
  decshape = Decoder("decshape", hidden, layout.num_betas);
  if (layout.num_expression > 0) {
    decexpression = Decoder("decexpression", hidden, layout.num_expression);
  }
  decphi = Decoder("decphi", hidden, 2 * (num_joints_ - 1));
  decleaf = Decoder("decleaf", hidden, 4 * static_cast<int64_t>(layer_->ends().size()));
  // No twist and no turn, until something else is learnt.
  const at::NoGradGuard no_grad;
  decphi->bias.view({-1, 2}).select(1, 0).fill_(1);
  decleaf->bias.view({-1, 4}).select(1, 0).fill_(1);
}

torch::nn::Linear IkHead::Decoder(const char* name, int64_t in, int64_t out) {
  torch::nn::Linear layer = register_module(name, torch::nn::Linear(in, out));
  torch::nn::init::xavier_uniform_(layer->weight, /*gain=*/0.01);
  const at::NoGradGuard no_grad;
  layer->bias.zero_();
  return layer;
}

at::Tensor IkHead::Uvd(const Features& features) {
  if (!coordinates.is_empty()) {
    return InFloat(coordinates(features.pooled)).view({-1, set_.size(), 3});
  }
  GYRE_CHECK(!features.maps.empty());
  const at::Tensor volumes = InFloat(final_layer(deconv_layers->forward(features.maps.back())));
  const at::Tensor by_joint = volumes.contiguous().view(
      {volumes.size(0), set_.size(), volume_depth_, volumes.size(2), volumes.size(3)});
  return UvdFromCells(SoftArgmax(by_joint), SizeOf(by_joint), depth_m_);
}

IkHead::Branch IkHead::Regressed(const at::Tensor& pooled, Output* output) {
  const auto activate = [this](const at::Tensor& h) {
    return activation_ == IefActivation::kRelu ? at::relu(h) : h;
  };
  const int64_t batch = pooled.size(0);
  const at::Tensor h = drop2(activate(fc2(drop1(activate(fc1(pooled))))));
  output->betas = InFloat(decshape(h));
  if (!decexpression.is_empty()) output->expression = InFloat(decexpression(h));
  const at::Tensor twist = InFloat(decphi(h)).view({batch, num_joints_ - 1, 2});
  const at::Tensor root = at::zeros({batch, 1, 2}, twist.options());
  return {at::cat({root, twist}, 1),
          RotationFromQuaternion(InFloat(decleaf(h)).view({batch, -1, 4}))};
}

Output IkHead::Regress(const Features& features) {
  Output output;
  output.uvd = Uvd(features);
  output.uvd_set = &set_;
  const Branch branch = Regressed(features.pooled, &output);
  output.twist = branch.twist;
  const auto [lifted, scale] = LiftUvd(output.uvd, limbs_, extent_m_);
  const at::Tensor idx = at::tensor(joint_in_set_).to(lifted.device());
  const at::Tensor joints = lifted.index_select(1, idx);
  const at::Tensor shape =
      output.expression.defined() ? at::cat({output.betas, output.expression}, 1) : output.betas;
  const at::Tensor found =
      layer_->forward({joints, shape, branch.twist, known_.expand({joints.size(0), num_joints_})});
  output.rotations = WithRotations(found, layer_->ends(), branch.ends);
  // The body's pelvis stands at J_0 + t, and is seen where joint 0 is: s (J_0 + t) = (x, y).
  const at::Tensor pelvis = at::addmm(pelvis_mean_, shape, pelvis_dirs_).narrow(1, 0, 2);
  const at::Tensor seen = output.uvd.select(1, joint_in_set_[0]).narrow(1, 0, 2);
  output.camera = at::cat({scale.unsqueeze(1), seen / scale.unsqueeze(1) - pelvis}, 1);
  return output;
}

}  // namespace

std::shared_ptr<Head> MakeIkHead(const NetworkOptions& options, const NetworkSetting& setting,
                                 int64_t feature_size) {
  if (!setting.body) ThrowUserError("head ik gives bodies; it needs a --body");
  if (options.input == NetworkInput::kImage && options.backbone == Backbone::kHourglass) {
    ThrowUserError(
        "head ik stands behind the last map of a resnet; it needs one for --network.backbone");
  }
  return std::make_shared<IkHead>(options, *setting.body, UvdSetOf(options), feature_size);
}

}  // namespace gyre
