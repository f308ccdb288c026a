// SPDX-License-Identifier: Apache-2.0
#include "loop/network_bridge.h"

#include <ATen/Functions.h>

#include "body/symmetry.h"
#include "core/error.h"
#include "core/so3.h"
#include "datasets/augment.h"
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

// [B,49,3]: x, y in [-1,1] of the crop, confidence.
at::Tensor NormalizedKeypoints(const Batch& batch, c10::Device device) {
  HostTensor keypoints({int64_t{batch.size()}, kNumSpinJoints, 3}, device);
  for (int i = 0; i < batch.size(); ++i) {
    const CropKeypoints& in_crop = batch.keypoints[i];
    for (int j = 0; j < kNumSpinJoints; ++j) {
      const Vec2 point = (in_crop.points_px.row(j).transpose() - CropMiddle(batch.crop_px)) /
                         (0.5 * batch.crop_px);
      float* out = keypoints.data + 3 * (kNumSpinJoints * i + j);
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
  }
  GYRE_CHECK(false, "no such input");
  return {};
}

LoaderPicture PictureFor(NetworkInput input) {
  switch (input) {
    case NetworkInput::kImage:
      return LoaderPicture::kImage;
    case NetworkInput::kKeypoints:
      return LoaderPicture::kNone;
    case NetworkInput::kSilhouette:
      return LoaderPicture::kSilhouette;
  }
  GYRE_CHECK(false, "no such input");
  return LoaderPicture::kNone;
}

at::Tensor ProjectToCrop(const at::Tensor& joints, const at::Tensor& cam,
                         const CropCameras& cameras, double size_px) {
  const at::Tensor at_middle = TranslationFromWeakPerspective(cam, cameras.focal_px, size_px);
  const at::Tensor depth = at_middle.slice(1, 2, 3);
  const at::Tensor offset =
      (0.5 * (size_px - 1) - cameras.center_px) / cameras.focal_px.unsqueeze(1) * depth;
  const at::Tensor translation = at::cat({at_middle.slice(1, 0, 2) + offset, depth}, 1);
  return NormalizedFromPixels(
      ProjectPoints(joints, translation, cameras.focal_px, cameras.center_px), size_px);
}

std::vector<BodyParams> BodiesFromOutput(const HmrOutput& output, const Batch& batch,
                                         const RestJoints& rest) {
  const auto host = [](const at::Tensor& t) {
    return t.detach().to(at::kCPU, at::kDouble).contiguous();
  };
  const at::Tensor rotmats = host(output.rotmats), betas = host(output.betas),
                   cams = host(output.cam);
  GYRE_CHECK(rotmats.size(0) == batch.size());
  std::vector<BodyParams> bodies(batch.size(), BodyParams(SmplLayout()));
  for (int i = 0; i < batch.size(); ++i) {
    BodyParams in_crop{SmplLayout()};
    for (int k = 0; k < kNumBodyJoints; ++k) {
      using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
      const Mat3 rotation =
          Eigen::Map<const RowMat3>(rotmats.data_ptr<double>() + 9 * (kNumBodyJoints * i + k));
      in_crop.rotation(k) = LogSO3(rotation);
    }
    in_crop.betas() = Eigen::Map<const Eigen::Matrix<double, kNumShapeParams, 1>>(
        betas.data_ptr<double>() + kNumShapeParams * i);
    const Vec3 cam = Eigen::Map<const Vec3>(cams.data_ptr<double>() + 3 * i);
    const Camera camera = CameraInCrop(ImageCamera(batch.samples[i]), batch.crops[i]);
    in_crop.transl() = TranslationFromWeakPerspective(cam, camera.focal_px, batch.crop_px);
    in_crop.transl().head<2>() +=
        (CropMiddle(batch.crop_px) - camera.center_px) * (in_crop.transl().z() / camera.focal_px);
    bodies[i] = BodyFromCrop(in_crop, batch.crops[i], rest);
  }
  return bodies;
}

LossTarget TargetTensors(const Batch& batch, std::span<const Target> targets,
                         const RestJoints& rest, bool use_labels, double fit_sd_rad,
                         c10::Device device) {
  const int64_t n = batch.size();
  GYRE_CHECK(static_cast<int64_t>(targets.size()) == n);
  HostTensor joints({n, kNumSupersetJoints, 4}, device), has_joints({n}, device),
      rotmats({n, kNumBodyJoints, 3, 3}, device), betas({n, kNumShapeParams}, device),
      valid({n}, device), joint_weight({n, kNumBodyJoints}, device);
  for (int i = 0; i < n; ++i) {
    const Sample& sample = batch.samples[i];
    if (use_labels && sample.joints3d) {
      Points3 points = *sample.joints3d;
      VecX confidence = sample.joints3d_confidence;
      JointsInCrop(batch.crops[i], &points, &confidence);
      for (int j = 0; j < kNumSupersetJoints; ++j) {
        float* out = joints.data + 4 * (kNumSupersetJoints * i + j);
        for (int axis = 0; axis < 3; ++axis) out[axis] = static_cast<float>(points(j, axis));
        out[3] = static_cast<float>(confidence[j]);
      }
      has_joints.data[i] = 1;
    }
    if (!targets[i].valid) continue;
    valid.data[i] = 1;
    const bool unsure = fit_sd_rad > 0 && targets[i].rotation_sd_rad.size() > 0;
    for (int k = 0; k < kNumBodyJoints; ++k) {
      const int fitted = batch.crops[i].flip() ? rest.layout->mirror[k] : k;
      const double ratio = unsure ? targets[i].rotation_sd_rad[fitted] / fit_sd_rad : 0;
      joint_weight.data[kNumBodyJoints * i + k] = static_cast<float>(1 / (1 + ratio * ratio));
    }
    const BodyParams& params = targets[i].params;
    const BodyParams body = BodyInCrop(params, batch.crops[i], rest);
    for (int k = 0; k < kNumBodyJoints; ++k) {
      using RowMat3f = Eigen::Matrix<float, 3, 3, Eigen::RowMajor>;
      Eigen::Map<RowMat3f>(rotmats.data + 9 * (kNumBodyJoints * i + k)) =
          ExpSO3(body.rotation(k)).cast<float>();
    }
    for (int k = 0; k < kNumShapeParams; ++k) {
      betas.data[kNumShapeParams * i + k] = static_cast<float>(body.betas()[k]);
    }
  }
  LossTarget target;
  target.keypoints_2d = NormalizedKeypoints(batch, device);
  target.joints_3d = joints.OnDevice();
  target.has_joints_3d = has_joints.OnDevice();
  target.rotmats = rotmats.OnDevice();
  target.betas = betas.OnDevice();
  target.valid = valid.OnDevice();
  if (fit_sd_rad > 0) target.joint_weight = joint_weight.OnDevice();
  return target;
}

}  // namespace gyre
