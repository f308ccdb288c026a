// SPDX-License-Identifier: Apache-2.0
#include "loop/training/network_bridge.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "body/ik/ik_tree.h"
#include "body/ik/swing.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "core/so3.h"
#include "datasets/decorators/augment.h"
#include "person/crops.h"
#include "regressor/preprocess.h"
#include "regressor/projection.h"

namespace gyre {
namespace {

// A float tensor of zeros on the CPU, and a view of its memory. For a GPU the memory is pinned: it
// is then copied while the GPU still computes, and kept by LibTorch until that is done.
struct HostTensor {
  HostTensor(const std::vector<int64_t>& shape, c10::Device to)
      : device(to),
        tensor(at::zeros(shape, at::TensorOptions(at::kFloat).pinned_memory(to.is_cuda()))),
        data(tensor.data_ptr<float>()) {}
  at::Tensor OnDevice() const { return tensor.to(device, /*non_blocking=*/true); }

  c10::Device device;
  at::Tensor tensor;
  float* data;
};

Vec2 CropMiddle(int size_px) { return Vec2::Constant(0.5 * (size_px - 1)); }

// [B,N,3]: x, y in [-1,1] of the crop, confidence.
at::Tensor NormalizedKeypoints(const Batch& batch, c10::Device device) {
  const int64_t count = batch.size() > 0 ? batch.keypoints[0].px.rows() : 0;
  HostTensor keypoints({int64_t{batch.size()}, count, 3}, device);
  for (int i = 0; i < batch.size(); ++i) {
    const Keypoints& in_crop = batch.keypoints[i];
    GYRE_CHECK(in_crop.px.rows() == count);
    for (int j = 0; j < count; ++j) {
      const Vec2 point =
          (in_crop.px.row(j).transpose() - CropMiddle(batch.crop_px)) / (0.5 * batch.crop_px);
      float* out = keypoints.data + 3 * (count * i + j);
      out[0] = static_cast<float>(point.x());
      out[1] = static_cast<float>(point.y());
      out[2] = static_cast<float>(in_crop.confidence[j]);
    }
  }
  return keypoints.OnDevice();
}

}  // namespace

CropCameras CamerasOf(const Batch& batch, c10::Device device) {
  HostTensor focal({int64_t{batch.size()}}, device), center({int64_t{batch.size()}, 2}, device);
  for (int i = 0; i < batch.size(); ++i) {
    const Camera camera = CameraInCrop(ImageCamera(batch.samples[i]), batch.crops[i]);
    focal.data[i] = static_cast<float>(camera.focal_px);
    center.data[2 * i] = static_cast<float>(camera.center_px.x());
    center.data[2 * i + 1] = static_cast<float>(camera.center_px.y());
  }
  return {focal.OnDevice(), center.OnDevice()};
}

at::Tensor ScreenCameras(const CropCameras& cameras, double size_px) {
  const at::Tensor focal = (cameras.focal_px / (0.5 * size_px)).unsqueeze(1);
  const at::Tensor center = (cameras.center_px - 0.5 * (size_px - 1)) / (0.5 * size_px);
  return at::cat({focal, focal, center}, 1);
}

at::Tensor NetworkInputs(const Batch& batch, NetworkInput input, c10::Device device) {
  switch (input) {
    case NetworkInput::kImage:
      return NormalizeCrops(batch.pixels, batch.size(), batch.crop_px, device);
    case NetworkInput::kKeypoints:
      return NormalizedKeypoints(batch, device);
    case NetworkInput::kSilhouette: {
      const int64_t side = batch.crop_px, pixels = batch.size() * side * side;
      HostTensor silhouettes({batch.size(), 1, side, side}, device);
      for (int64_t i = 0; i < pixels; ++i) silhouettes.data[i] = batch.pixels[3 * i] / 255.0F;
      return silhouettes.OnDevice();
    }
    case NetworkInput::kClip: {
      const int64_t frames = batch.clip_frames, count = batch.keypoints.at(0).size();
      GYRE_CHECK(static_cast<int64_t>(batch.clips.size()) == 3 * batch.size() * frames * count);
      HostTensor clips({batch.size(), frames, count, 3}, device);
      const double middle = 0.5 * (batch.crop_px - 1), half = 0.5 * batch.crop_px;
      for (size_t i = 0; i < batch.clips.size(); i += 3) {
        clips.data[i] = static_cast<float>((batch.clips[i] - middle) / half);
        clips.data[i + 1] = static_cast<float>((batch.clips[i + 1] - middle) / half);
        clips.data[i + 2] = batch.clips[i + 2];
      }
      return clips.OnDevice();
    }
  }
  GYRE_CHECK(false, "no such input");
  return {};
}

at::Tensor PlaceInCrop(const at::Tensor& camera, const CropCameras& cameras, double size_px) {
  const at::Tensor at_middle = TranslationFromWeakPerspective(camera, cameras.focal_px, size_px);
  const at::Tensor depth = at_middle.slice(1, 2, 3);
  const at::Tensor offset =
      (0.5 * (size_px - 1) - cameras.center_px) / cameras.focal_px.unsqueeze(1) * depth;
  return at::cat({at_middle.slice(1, 0, 2) + offset, depth}, 1);
}

at::Tensor ProjectToCrop(const at::Tensor& joints, const at::Tensor& translation,
                         const CropCameras& cameras, double size_px) {
  return NormalizedFromPixels(
      ProjectPoints(joints, translation, cameras.focal_px, cameras.center_px), size_px);
}

std::vector<BodyParams> BodiesFromOutput(const Output& output, const Batch& batch,
                                         const RestJoints& rest) {
  GYRE_CHECK(output.HasBody());
  const auto host = [](const at::Tensor& t) {
    return t.defined() ? t.detach().to(at::kCPU, at::kDouble).contiguous() : at::zeros({0, 0});
  };
  const at::Tensor rotations = host(output.rotations), betas = host(output.betas),
                   expressions = host(output.expression), cameras = host(output.camera);
  GYRE_CHECK(rotations.size(0) == batch.size());
  const BodyLayout& layout = *rest.layout;
  GYRE_CHECK(rotations.size(1) == layout.num_joints() && betas.size(1) == layout.num_betas);
  std::vector<BodyParams> bodies(batch.size());
  for (int i = 0; i < batch.size(); ++i) {
    BodyParams in_crop(layout);
    for (int k = 0; k < layout.num_joints(); ++k) {
      using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
      const Mat3 rotation = Eigen::Map<const RowMat3>(rotations.data_ptr<double>() +
                                                      9 * (layout.num_joints() * i + k));
      in_crop.rotation(k) = LogSO3(rotation);
    }
    const auto row = [i](const at::Tensor& rows) {
      return Eigen::Map<const VecX>(rows.data_ptr<double>() + rows.size(1) * i, rows.size(1));
    };
    in_crop.betas() = row(betas);
    if (output.expression.defined()) in_crop.expression() = row(expressions);
    const Camera camera = CameraInCrop(ImageCamera(batch.samples[i]), batch.crops[i]);
    in_crop.transl() =
        TranslationFromWeakPerspective(Vec3(row(cameras)), camera.focal_px, batch.crop_px);
    in_crop.transl().head<2>() +=
        (CropMiddle(batch.crop_px) - camera.center_px) * (in_crop.transl().z() / camera.focal_px);
    bodies[i] = BodyFromCrop(in_crop, batch.crops[i], rest);
  }
  return bodies;
}

JointRange JointsInSpace(const KeypointSet& set) {
  const int count = SpaceSetOf(set).size();
  return {set.size() - count, count};
}

namespace {

// The joints in space that the samples have: [B,M,4] with confidence, and [B] who has them.
void AddJoints(const Batch& batch, bool use_labels, c10::Device device, Targets* out) {
  const JointRange range = JointsInSpace(*out->set);
  HostTensor joints({batch.size(), range.count, 4}, device), has({batch.size()}, device),
      placed({batch.size()}, device);
  for (int i = 0; i < batch.size(); ++i) {
    const Person& sample = batch.samples[i];
    if (!use_labels || !sample.joints3d) continue;
    SpaceJoints known = JointsInSet(*sample.joints3d, SpaceSetOf(*out->set));
    JointsInCrop(batch.crops[i], &known);
    for (int j = 0; j < range.count; ++j) {
      float* to = joints.data + 4 * (range.count * i + j);
      for (int axis = 0; axis < 3; ++axis) to[axis] = static_cast<float>(known.m(j, axis));
      to[3] = static_cast<float>(known.confidence[j]);
    }
    has.data[i] = 1;
    placed.data[i] = known.placed ? 1 : 0;
  }
  out->joints = joints.OnDevice();
  out->joints_first = range.first;
  out->has_joints = has.OnDevice();
  out->placed = placed.OnDevice();
}

// How much each rotation of a sample teaches: less where its fit is unsure.
void SetJointWeights(const Target& target, const BodyLayout& layout, bool flip, double fit_sd_rad,
                     float* weights) {
  for (int k = 0; k < layout.num_joints(); ++k) {
    const int fitted = flip ? layout.mirror[k] : k;
    const double sd = target.rotation_sd_rad.size() == 0 ? 0 : target.rotation_sd_rad[fitted];
    const double ratio = fit_sd_rad > 0 ? sd / fit_sd_rad : 0;
    weights[k] = static_cast<float>(1 / (1 + ratio * ratio));
  }
}

// [J,2] cosine and sine of each joint's twist about its bone; zeros for the root and for ends.
void SetTwists(const BodyParams& params, const RestJoints& rest, std::span<const int> children,
               float* twists) {
  const Points3 joints = rest.At(params.shape());
  for (size_t k = 1; k < children.size(); ++k) {
    if (children[k] < 0) continue;
    const auto at = static_cast<Eigen::Index>(k);
    const double twist = TwistOf(ExpSO3(params.rotation(static_cast<int>(k))),
                                 (joints.row(children[k]) - joints.row(at)).transpose());
    twists[2 * k] = static_cast<float>(std::cos(twist));
    twists[2 * k + 1] = static_cast<float>(std::sin(twist));
  }
}

void AddBodies(const Batch& batch, std::span<const Target> targets, const RestJoints& rest,
               double fit_sd_rad, c10::Device device, Targets* out) {
  const BodyLayout& layout = *rest.layout;
  const int64_t n = batch.size(), num_joints = layout.num_joints();
  HostTensor rotations({n, num_joints, 3, 3}, device), betas({n, layout.num_betas}, device),
      expression({n, layout.num_expression}, device), valid({n}, device), transl({n, 3}, device),
      twist({n, num_joints, 2}, device), joint_weight({n, num_joints}, device);
  const std::vector<int> children = MainChildren(layout);
  for (int i = 0; i < n; ++i) {
    if (!targets[i].valid) continue;
    valid.data[i] = 1;
    SetJointWeights(targets[i], layout, batch.crops[i].flip(), fit_sd_rad,
                    joint_weight.data + num_joints * i);
    const BodyParams& params = targets[i].params;
    GYRE_CHECK(params.Fits(layout));
    const BodyParams in_crop = BodyInCrop(params, batch.crops[i], rest);
    for (int k = 0; k < num_joints; ++k) {
      using RowMat3f = Eigen::Matrix<float, 3, 3, Eigen::RowMajor>;
      Eigen::Map<RowMat3f>(rotations.data + 9 * (num_joints * i + k)) =
          ExpSO3(in_crop.rotation(k)).cast<float>();
    }
    Eigen::Map<Eigen::VectorXf>(betas.data + layout.num_betas * i, layout.num_betas) =
        in_crop.betas().cast<float>();
    Eigen::Map<Eigen::VectorXf>(expression.data + layout.num_expression * i,
                                layout.num_expression) = in_crop.expression().cast<float>();
    SetTwists(in_crop, rest, children, twist.data + 2 * num_joints * i);
    Eigen::Map<Eigen::Vector3f>(transl.data + 3 * i) = in_crop.transl().cast<float>();
  }
  out->rotations = rotations.OnDevice();
  out->betas = betas.OnDevice();
  if (layout.num_expression > 0) out->expression = expression.OnDevice();
  out->twist = twist.OnDevice();
  out->translation = transl.OnDevice();
  out->valid = valid.OnDevice();
  if (fit_sd_rad > 0) out->joint_weight = joint_weight.OnDevice();
}

// A tensor [B,S,S] of bytes on the device; undefined where there are none.
at::Tensor MaskTensor(const std::vector<uint8_t>& bytes, const Batch& batch, c10::Device device) {
  if (bytes.empty()) return {};
  const int64_t side = batch.crop_px;
  GYRE_CHECK(static_cast<int64_t>(bytes.size()) == batch.size() * side * side);
  return at::from_blob(const_cast<uint8_t*>(bytes.data()), {batch.size(), side, side}, at::kByte)
      .to(device, /*dtype=*/at::kByte, /*non_blocking=*/false, /*copy=*/true);
}

void AddMasks(const Batch& batch, c10::Device device, Targets* out) {
  out->mask = MaskTensor(batch.masks, batch, device);
  out->mask_known = MaskTensor(batch.masks_known, batch, device);
  out->parts = MaskTensor(batch.parts, batch, device);
  if (out->mask.defined()) out->mask = out->mask.to(at::kFloat) / 255;
}

}  // namespace

Targets TargetTensors(const Batch& batch, std::span<const Target> targets, const KeypointSet& set,
                      const RestJoints* rest, const TargetOptions& options, c10::Device device) {
  GYRE_CHECK(static_cast<int64_t>(targets.size()) == batch.size());
  Targets out;
  out.set = &set;
  out.keypoints = NormalizedKeypoints(batch, device);
  GYRE_CHECK(out.keypoints.size(1) == set.size());
  AddJoints(batch, options.use_labels, device, &out);
  AddMasks(batch, device, &out);
  if (rest) AddBodies(batch, targets, *rest, options.fit_sd_rad, device, &out);
  return out;
}

}  // namespace gyre
