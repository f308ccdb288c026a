// SPDX-License-Identifier: Apache-2.0
// The parameters of a body as one vector, read through its layout:
//   pose [3J] axis-angle radians, root first; betas [B]; expression [E]; translation [3] metres
#pragma once

#include "body/body_layout.h"
#include "core/types.h"

namespace gyre {

class BodyParams {
 public:
  using Vector = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kMaxParams, 1>;

  // Of no body.
  BodyParams() = default;
  // All zero: the rest pose of the mean shape.
  explicit BodyParams(const BodyLayout& layout)
      : BodyParams(layout.num_joints(), layout.num_betas, layout.num_expression) {}
  BodyParams(int num_joints, int num_betas, int num_expression)
      : values_(Vector::Zero(3 * num_joints + num_betas + num_expression + 3)),
        num_joints_(num_joints),
        num_betas_(num_betas) {}

  int num_joints() const { return num_joints_; }
  int num_betas() const { return num_betas_; }
  int num_shape() const { return static_cast<int>(values_.size()) - num_pose() - 3; }
  int num_expression() const { return num_shape() - num_betas_; }
  bool Fits(const BodyLayout& layout) const {
    return num_joints_ == layout.num_joints() && num_betas_ == layout.num_betas &&
           values_.size() == layout.num_params();
  }

  auto pose() { return values_.head(num_pose()); }
  auto pose() const { return values_.head(num_pose()); }
  auto rotation(int joint) { return values_.segment<3>(3 * joint); }
  auto rotation(int joint) const { return values_.segment<3>(3 * joint); }
  auto betas() { return values_.segment(num_pose(), num_betas_); }
  auto betas() const { return values_.segment(num_pose(), num_betas_); }
  auto expression() { return values_.segment(num_pose() + num_betas_, num_expression()); }
  auto expression() const { return values_.segment(num_pose() + num_betas_, num_expression()); }
  // Betas and expression: what shapedirs multiply.
  auto shape() { return values_.segment(num_pose(), num_shape()); }
  auto shape() const { return values_.segment(num_pose(), num_shape()); }
  // The same for code that is compiled for one size: its sums are unrolled.
  template <int N>
  auto shape() const {
    return values_.segment<N>(num_pose());
  }
  template <int N>
  auto pose() const {
    return values_.head<N>();
  }
  auto transl() { return values_.tail<3>(); }
  auto transl() const { return values_.tail<3>(); }
  // All of them, in the order above.
  Vector& values() { return values_; }
  const Vector& values() const { return values_; }

 private:
  int num_pose() const { return 3 * num_joints_; }

  Vector values_;
  int num_joints_ = 0;
  int num_betas_ = 0;
};

}  // namespace gyre
