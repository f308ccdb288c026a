// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/mean_params.h"

#include "core/error.h"
#include "core/so3.h"
#include "io/npz.h"

namespace gyre {

MeanParams MeanParams::FromPrior(const BodyLayout& layout, const PosePrior* prior) {
  MeanParams mean{.pose_6d = VecX(6 * layout.num_joints()),
                  .betas = VecX::Zero(layout.num_betas),
                  .expression = VecX::Zero(layout.num_expression),
                  .cam = Vec3(0.9, 0, 0)};
  const VecX prior_pose = prior ? VecX(prior->Mean()) : VecX();
  for (int k = 0; k < layout.num_joints(); ++k) {
    Vec3 rotation = k == 0 ? Vec3(EIGEN_PI, 0, 0) : Vec3(Vec3::Zero());
    const int in_prior = SmplLayout().IndexOf(layout.joints[k]) - 1;  // which leaves out the root
    if (k > 0 && in_prior >= 0 && prior) rotation = prior_pose.segment<3>(3 * in_prior);
    mean.pose_6d.segment<6>(6 * k) = SixDFromRotation(ExpSO3(rotation));
  }
  return mean;
}

MeanParams MeanParams::Read(const std::filesystem::path& path, const BodyLayout& layout) {
  const Npz npz = ReadNpz(path);
  const auto read = [&](const char* key, Eigen::Index size) {
    const NdArray& array = Get(npz, key, path);
    const std::string what = path.string() + ": " + key;
    if (array.size() != size) {
      ThrowUserError("{} has shape {}, expected {} numbers", what, array.ShapeString(), size);
    }
    const std::vector<double> values = array.As<double>(what);
    const VecX vector = Eigen::Map<const VecX>(values.data(), size);
    if (!vector.allFinite()) ThrowUserError("{} holds a number that is not finite", what);
    return vector;
  };
  return {.pose_6d = read("pose", 6 * layout.num_joints()),
          .betas = read("shape", layout.num_betas),
          .expression = VecX::Zero(layout.num_expression),
          .cam = read("cam", 3)};
}

}  // namespace gyre
