// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses/uvd_targets.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.h"
#include "regressor/root_joints.h"

namespace gyre {
namespace {

// The positions in `source` of what is the joint, the namesake first.
std::vector<int64_t> PlacesOf(std::string_view joint, const KeypointSet& source) {
  const JointInfo& point = FindJoint(joint);
  std::vector<int64_t> places;
  if (const int namesake = source.IndexOf(joint); namesake >= 0) places.push_back(namesake);
  for (int i = 0; i < source.size(); ++i) {
    const JointInfo& other = FindJoint(source.joints[i]);
    if (other.name == joint) continue;
    if (other.source == point.source && other.source_idx == point.source_idx) places.push_back(i);
  }
  return places;
}

}  // namespace

PointGather::PointGather(const KeypointSet& target, const KeypointSet& source) {
  std::vector<std::vector<int64_t>> places;
  size_t most = 0;
  for (const std::string_view joint : target.joints) {
    places.push_back(PlacesOf(joint, source));
    most = std::max(most, places.back().size());
  }
  for (size_t k = 0; k < most; ++k) {
    std::vector<int64_t> from;
    for (const auto& of_joint : places) {
      from.push_back(k < of_joint.size() ? of_joint[k] : int64_t{source.size()});
    }
    from_.push_back(at::tensor(from));
  }
}

at::Tensor PointGather::operator()(const at::Tensor& points) const {
  const int64_t last = points.size(2) - 1;
  const at::Tensor none = at::zeros({points.size(0), 1, points.size(2)}, points.options());
  const at::Tensor all = at::cat({points, none}, 1);
  at::Tensor out;
  for (const at::Tensor& from : from_) {
    const at::Tensor here = all.index_select(1, from.to(points.device(), /*non_blocking=*/true));
    out = out.defined() ? at::where(out.narrow(2, last, 1) > 0, out, here) : here;
  }
  GYRE_CHECK(out.defined(), "the sets have no joint in common");
  return at::where(out.narrow(2, last, 1) > 0, out, 0);
}

UvdTargets::UvdTargets(const KeypointSet& uvd_set, const KeypointSet& set)
    : uvd_set_(uvd_set), set_(set), gather_(uvd_set, set) {}

std::pair<at::Tensor, at::Tensor> UvdTargets::KnownDepth(const Targets& targets) const {
  const at::Tensor& joints = targets.joints;
  const int64_t first = targets.joints_first, count = joints.size(1);
  const auto unknown = [&](int64_t rows) {
    return at::zeros({joints.size(0), rows, 4}, joints.options());
  };
  const at::Tensor all = at::cat({unknown(first), joints, unknown(set_.size() - first - count)}, 1);
  const RootJoints root = RootJointsOf(set_, first, count);
  const at::Tensor confidence = joints.select(2, 3);
  const at::Tensor has = targets.has_joints.to(joints.scalar_type()) *
                         (confidence.select(1, root.right) > 0) *
                         (confidence.select(1, root.left) > 0);
  const at::Tensor known = gather_(all);
  return {known.select(2, 2) - RootOf(joints, root).select(2, 2),
          known.select(2, 3) * has.unsqueeze(1)};
}

void UvdTargets::AddTo(const SeenBody& body, Targets* targets) const {
  GYRE_CHECK(targets->set == &set_);
  const at::Tensor seen = gather_(targets->keypoints);
  at::Tensor place = seen.narrow(2, 0, 2), place_weight = seen.select(2, 2);
  auto [depth, depth_weight] = KnownDepth(*targets);
  if (body.joints.defined()) {
    const at::Tensor valid = (targets->valid > 0).to(place.scalar_type()).unsqueeze(1);
    const at::Tensor of_body =
        (body.joints - RootOf(body.joints, RootJointsOf(uvd_set_))).select(2, 2);
    const at::Tensor is_seen = place_weight > 0, is_known = depth_weight > 0;
    place = at::where(is_seen.unsqueeze(2), place, body.keypoints);
    place_weight = at::where(is_seen, place_weight, valid);
    depth = at::where(is_known, depth, of_body);
    depth_weight = at::where(is_known, depth_weight, valid);
  }
  targets->uvd_set = &uvd_set_;
  targets->uvd = at::cat({place, depth.unsqueeze(2)}, 2);
  targets->uvd_weight = at::stack({place_weight, place_weight, depth_weight}, 2);
}

}  // namespace gyre
