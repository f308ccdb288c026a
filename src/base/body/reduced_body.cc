// SPDX-License-Identifier: Apache-2.0
#include "body/reduced_body.h"

#include <algorithm>
#include <vector>

#include "core/error.h"

namespace gyre {
namespace {

// Of every joint of the model, the new number of the nearest one above it, itself included, that
// stays.
std::vector<int> NearestKept(const BodyLayout& layout, std::span<const std::string> joints) {
  for (const std::string& joint : joints) {
    if (layout.IndexOf(joint) < 0) ThrowUserError("the body has no joint {} to keep", joint);
  }
  std::vector<int> nearest;
  int kept = 0;
  for (int k = 0; k < layout.num_joints(); ++k) {
    const bool stays = std::ranges::find(joints, layout.joints[k]) != joints.end();
    if (k == 0 && !stays) ThrowUserError("the root, {}, has to stay", layout.joints[0]);
    nearest.push_back(stays ? kept++ : nearest[layout.parents[k]]);
  }
  return nearest;
}

}  // namespace

BodyModel ReduceBody(const BodyModel& model, std::span<const std::string> joints, int num_betas) {
  const BodyLayout& from = *model.layout;
  GYRE_CHECK(num_betas >= 0 && num_betas <= from.num_betas);
  const std::vector<int> nearest = NearestKept(from, joints);
  std::vector<int> kept, parents;
  std::vector<std::string> names;
  for (int k = 0; k < from.num_joints(); ++k) {
    if (nearest[k] != static_cast<int>(kept.size())) continue;
    kept.push_back(k);
    names.push_back(from.joints[k]);
    parents.push_back(k == 0 ? -1 : nearest[from.parents[k]]);
  }

  BodyModel reduced = model;
  reduced.name = model.name + ", reduced";
  reduced.layout =
      std::make_shared<const BodyLayout>(MakeLayout(std::move(parents), names, num_betas, 0));
  reduced.shapedirs = model.shapedirs.leftCols(num_betas);
  reduced.posedirs.resize(model.posedirs.rows(), reduced.layout->num_pose_features());
  for (size_t k = 1; k < kept.size(); ++k) {
    reduced.posedirs.middleCols<9>(9 * (k - 1)) = model.posedirs.middleCols<9>(9 * (kept[k] - 1));
  }
  const RowMatX regressor = model.J_regressor, weights = model.weights;
  reduced.J_regressor = RowMatX(regressor(kept, Eigen::all)).sparseView(0, 0);
  RowMatX merged = RowMatX::Zero(weights.rows(), kept.size());
  for (int k = 0; k < from.num_joints(); ++k) merged.col(nearest[k]) += weights.col(k);
  reduced.weights = merged.sparseView(0, 0);
  reduced.hands = {};
  return reduced;
}

}  // namespace gyre
