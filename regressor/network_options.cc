// SPDX-License-Identifier: Apache-2.0
#include "regressor/network_options.h"

#include "core/error.h"
#include "core/so3.h"
#include "io/npz.h"

namespace gyre {

void NetworkOptions::Check() const {
  if (image_px < 32 || image_px > 1024 || image_px % 32 != 0) {
    ThrowUserError("image_px: {} is not a multiple of 32 in 32..1024", image_px);
  }
  if (width < 8 || width > 256 || width % 8 != 0) {
    ThrowUserError("width: {} is not a multiple of 8 in 8..256", width);
  }
  if (ief_iterations < 1 || ief_iterations > 100) {
    ThrowUserError("ief_iterations: {} is not in 1..100", ief_iterations);
  }
  if (!(dropout >= 0 && dropout < 1)) ThrowUserError("dropout: {} is not in [0, 1)", dropout);
}

NetworkOptions NetworkOptions::FromPreset(const std::string& name) {
  NetworkOptions options;
  if (name == "spin") return options;
  if (name == "small") {
    options.backbone = Backbone::kResNet18;
    options.image_px = 128;
    return options;
  }
  ThrowUserError("network preset: \"{}\" is not one of spin, small", name);
}

MeanParams MeanParams::FromPrior(const PosePrior& prior) {
  Eigen::Matrix<double, kNumPoseParams, 1> pose;
  pose << Vec3(EIGEN_PI, 0, 0), prior.Mean();
  MeanParams mean{.pose_6d = {}, .betas = {}, .cam = Vec3(0.9, 0, 0)};
  mean.betas.setZero();
  for (int k = 0; k < kNumBodyJoints; ++k) {
    mean.pose_6d.segment<6>(6 * k) = SixDFromRotation(ExpSO3(pose.segment<3>(3 * k)));
  }
  return mean;
}

MeanParams MeanParams::Read(const std::filesystem::path& path) {
  const Npz npz = ReadNpz(path);
  const auto read = [&](const char* key, auto* out) {
    const NdArray& array = Get(npz, key, path);
    const std::string what = path.string() + ": " + key;
    if (array.size() != out->size()) {
      ThrowUserError("{} has shape {}, expected {} numbers", what, array.ShapeString(),
                     out->size());
    }
    const std::vector<double> values = array.As<double>(what);
    *out = Eigen::Map<const VecX>(values.data(), out->size());
    if (!out->allFinite()) ThrowUserError("{} holds a number that is not finite", what);
  };
  MeanParams mean;
  read("pose", &mean.pose_6d);
  read("shape", &mean.betas);
  read("cam", &mean.cam);
  return mean;
}

}  // namespace gyre
