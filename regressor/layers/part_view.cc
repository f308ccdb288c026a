// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/part_view.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <Eigen/Eigenvalues>
#include <utility>
#include <vector>

#include "body/kinematics.h"

namespace gyre {
namespace {

constexpr int64_t kFewest = 5;  // keypoints of a part; a set with fewer has only its root
constexpr double kUnit = 0.2;   // of the spread at rest
constexpr double kFarthest = 5;

// points [n,3] along the direction in which they are flattest, seen from above or from the front.
at::Tensor FlatView(const Points3& points) {
  const Points3 offset = points.rowwise() - points.colwise().mean();
  const Eigen::SelfAdjointEigenSolver<Mat3> axes(offset.transpose() * offset);  // ascending
  Vec3 normal = axes.eigenvectors().col(0);
  if (normal.y() + normal.z() < 0) normal = -normal;
  const Vec3 right = axes.eigenvectors().col(2), up = normal.cross(right);
  at::Tensor view = at::zeros({points.rows(), 2});
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    view[i][0] = offset.row(i).dot(right);
    view[i][1] = -offset.row(i).dot(up);
  }
  return view;
}

}  // namespace

PartViewImpl::PartViewImpl(std::vector<int64_t> rows, const at::Tensor& rest)
    : rows_(register_buffer("rows", at::tensor(rows, at::kLong))) {
  const at::Tensor centred = rest - rest.mean(0, /*keepdim=*/true);
  rest_ = register_buffer("rest", centred / centred.square().sum(1).mean().sqrt());
}

at::Tensor PartViewImpl::forward(const at::Tensor& places, const at::Tensor& seen) {
  const at::Tensor weight = seen.index_select(1, rows_);
  const at::Tensor count = weight.sum(1, /*keepdim=*/true);
  const auto centre = [&](const at::Tensor& of) {
    return (of * weight).sum(1, /*keepdim=*/true) / count.clamp_min(1);
  };
  const at::Tensor part = places.index_select(1, rows_);
  const at::Tensor from_middle = (part - centre(part)) * weight;
  const at::Tensor middle_of_rest = centre(rest_);
  const at::Tensor at_rest = (rest_ - middle_of_rest) * weight;
  const auto x = [](const at::Tensor& of) { return of.narrow(2, 0, 1); };
  const auto y = [](const at::Tensor& of) { return of.narrow(2, 1, 1); };
  // The turn and size from rest to what is seen, as a complex number.
  const at::Tensor real = (from_middle * at_rest).sum({1, 2}, /*keepdim=*/true);
  const at::Tensor imaginary =
      (y(from_middle) * x(at_rest) - x(from_middle) * y(at_rest)).sum({1, 2}, /*keepdim=*/true);
  const at::Tensor length = (real.square() + imaginary.square()).sqrt().clamp_min(1e-9);
  const at::Tensor cosine = real / length, sine = imaginary / length;
  const at::Tensor size =
      (length / at_rest.square().sum({1, 2}, /*keepdim=*/true).clamp_min(1e-9)).clamp_min(1e-4);
  const at::Tensor turned_back = at::cat({cosine * x(from_middle) + sine * y(from_middle),
                                          cosine * y(from_middle) - sine * x(from_middle)},
                                         2);
  const at::Tensor moved =
      ((turned_back / size - at_rest) / kUnit).clamp(-kFarthest, kFarthest) * weight;
  return at::cat({moved.flatten(1), cosine.flatten(1), sine.flatten(1)}, 1);
}

std::vector<PartView> PartViewsOf(const KeypointSet& set, const BodyModel* body) {
  std::vector<PartView> views;
  if (!body) return views;
  for (const PersonPart part : {PersonPart::kLeftHand, PersonPart::kRightHand, PersonPart::kFace}) {
    std::vector<int64_t> rows;
    KeypointSet of_part = set;
    of_part.joints.clear();
    for (size_t i = 0; i < set.joints.size(); ++i) {
      const JointInfo& joint = FindJoint(set.joints[i]);
      if (PartOf(joint) != part || !HasJoint(*body, joint)) continue;
      rows.push_back(static_cast<int64_t>(i));
      of_part.joints.push_back(set.joints[i]);
    }
    if (std::ssize(rows) < kFewest) continue;
    const Points3 rest = FoldedJoints(*body, of_part).Positions(BodyParams(*body->layout));
    views.emplace_back(std::move(rows), FlatView(rest));
  }
  return views;
}

}  // namespace gyre
