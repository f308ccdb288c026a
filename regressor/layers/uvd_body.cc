// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/uvd_body.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "body/set_geometry.h"
#include "core/error.h"

namespace gyre {
namespace {

at::Tensor FloatTensor(const RowMatX& m) {
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> copy = m.cast<float>();
  return at::from_blob(copy.data(), {copy.rows(), copy.cols()}, at::kFloat).clone();
}

}  // namespace

UvdBodyImpl::UvdBodyImpl(const BodyModel& model, const PosePrior* prior, const KeypointSet& set)
    : num_betas_(model.layout->num_betas),
      num_expression_(model.layout->num_expression),
      ik(register_module("ik", IkLayer(model, IkOptions()))) {
  // Kinematic joints that the set tells no better than so are not looked for; the root always is.
  constexpr double kUnknownM = 0.03;
  const SetGeometry geometry = GeometryOf(model, prior, set);
  for (const auto& [from, to, length] : geometry.rigid) limbs_.push_back({from, to, length});
  if (limbs_.empty()) {
    ThrowUserError("keypoint set {} holds no limb of this --body whose length would tell its size",
                   set.name);
  }
  weights_ = FloatTensor(geometry.kinematic);
  RowMatX known(1, geometry.kinematic_rms_m.size());
  for (Eigen::Index k = 0; k < known.cols(); ++k) {
    known(0, k) = k == 0 || geometry.kinematic_rms_m[k] < kUnknownM ? 1 : 0;
  }
  known_ = FloatTensor(known);
  const Points3 at_rest = RestJoints(model).mean;
  extent_m_ = ExtentOf(at_rest);
  root_at_rest_ = FloatTensor(at_rest.topRows(1));
}

void UvdBodyImpl::AddTo(Output* output) const {
  const at::Tensor& uvd = output->uvd;
  const auto here = [&](const at::Tensor& t) { return t.to(uvd.options()); };
  const auto [joints, scale] = LiftUvd(uvd, limbs_, extent_m_);
  const at::Tensor kinematic = at::matmul(here(weights_), joints);
  const int64_t batch = uvd.size(0);
  output->betas = at::zeros({batch, num_betas_}, uvd.options());
  if (num_expression_ > 0) output->expression = at::zeros({batch, num_expression_}, uvd.options());
  output->rotations =
      ik->forward({.joints = kinematic,
                   .shape = at::zeros({batch, num_betas_ + num_expression_}, uvd.options()),
                   .twist = {},
                   .confidence = here(known_).expand({batch, -1})});
  const at::Tensor root = kinematic.select(1, 0) - here(root_at_rest_);
  output->camera = at::stack({scale, root.select(1, 0), root.select(1, 1)}, 1);
}

}  // namespace gyre
