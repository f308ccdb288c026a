// SPDX-License-Identifier: Apache-2.0
// Tensors and bodies for the tests of this folder.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <memory>
#include <vector>

#include "body/body_model.h"
#include "core/rng.h"
#include "core/so3.h"
#include "regressor/heads/head.h"

namespace gyre {

inline at::Tensor TensorOf(const Eigen::Ref<const RowMatX>& m) {
  const RowMatX copy = m;
  return at::from_blob(const_cast<double*>(copy.data()), {copy.rows(), copy.cols()}, at::kDouble)
      .clone();
}

inline at::Tensor RandomTensor(at::IntArrayRef shape, Rng& rng) {
  at::Tensor t = at::empty(shape, at::kDouble);
  for (int64_t i = 0; i < t.numel(); ++i) t.data_ptr<double>()[i] = rng.Normal();
  return t;
}

inline double MaxAbs(const at::Tensor& t) {
  return t.numel() == 0 ? 0 : t.abs().max().to(at::kDouble).item().toDouble();
}

inline double Value(const at::Tensor& t) { return t.item().toDouble(); }

inline BodyParams RandomBodyParams(Rng& rng) {
  BodyParams params{SmplLayout()};
  for (double& v : params.pose().reshaped()) v = 0.5 * rng.Normal();
  for (double& v : params.betas().reshaped()) v = rng.Normal();
  return params;
}

// [1,24,3,3] of a pose.
inline at::Tensor RotationsOf(const BodyParams& params) {
  at::Tensor R = at::empty({1, kNumBodyJoints, 3, 3}, at::kDouble);
  for (int k = 0; k < kNumBodyJoints; ++k) {
    Eigen::Map<Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(R.data_ptr<double>() + 9 * k) =
        ExpSO3(params.rotation(k));
  }
  return R;
}

inline const BodyModel& BuiltinBody() {
  static const std::shared_ptr<const BodyModel> body = LoadBodyModel("builtin");
  return *body;
}

// Of SMPL's layout.
inline NetworkSetting BodySetting() {
  static const NetworkSetting setting{LoadBodyModel("builtin"), LoadPosePrior()};
  return setting;
}

}  // namespace gyre
