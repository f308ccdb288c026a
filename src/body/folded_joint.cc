// SPDX-License-Identifier: Apache-2.0
#include "body/folded_joint.h"

#include <algorithm>
#include <map>

namespace gyre {
namespace {

// Metres per radian, about, that a corrective moves its joint.
constexpr double kNotableCorrective = 5e-3;

using PoseDirs = Eigen::Matrix<double, 3, kNumPoseFeatures, Eigen::RowMajor>;
using Mix = std::vector<FoldedJoint::Corrective::Share>;

std::vector<FoldedJoint::Term> FoldTerms(const BodyModel& model, const RestJoints& rest,
                                         const JointCombination& combination) {
  std::map<int, FoldedJoint::Term> by_bone;
  const auto term_of = [&](int bone) -> FoldedJoint::Term& {
    const FoldedJoint::Term none{bone, 0, true, Vec3::Zero(), ShapeDirs::Zero(), -1};
    return by_bone.emplace(bone, none).first->second;
  };
  for (const auto& [vertex, vertex_weight] : combination.vertices) {
    for (SparseRows::InnerIterator it(model.weights, vertex); it; ++it) {
      const int bone = static_cast<int>(it.col());
      const double weight = vertex_weight * it.value();
      if (weight == 0) continue;
      FoldedJoint::Term& term = term_of(bone);
      term.rigid = false;
      term.weight += weight;
      term.offset += weight * (model.v_template.row(vertex) - rest.mean.row(bone)).transpose();
      term.shape_dirs +=
          weight * (model.shapedirs.middleRows<3>(3 * vertex) - rest.dirs.middleRows<3>(3 * bone));
    }
  }
  for (const auto& [bone, weight] : combination.joints) term_of(bone).weight += weight;

  std::vector<FoldedJoint::Term> terms;
  for (const auto& [bone, term] : by_bone) terms.push_back(term);
  return terms;
}

// The joints that turn the terms: bones that carry an offset, and all ancestors.
std::vector<FoldedJoint::Link> FoldChain(const BodyModel& model,
                                         std::vector<FoldedJoint::Term>& terms) {
  std::array<bool, kNumBodyJoints> turns{};
  std::array<double, kNumBodyJoints> weight{};
  for (FoldedJoint::Term& term : terms) {
    term.link = term.rigid ? model.parents[term.bone] : term.bone;
    for (int k = term.link; k >= 0; k = model.parents[k]) {
      turns[k] = true;
      weight[k] += term.weight;
    }
  }
  std::vector<FoldedJoint::Link> chain;
  for (int k = kNumBodyJoints - 1; k >= 0; --k) {
    if (turns[k]) chain.push_back({k, model.parents[k], weight[k]});
  }
  return chain;
}

// Correctives per vertex (each with its mix of bones) or per bone, whichever are fewer.
std::vector<std::pair<Mix, PoseDirs>> FoldCorrectives(const BodyModel& model,
                                                      const JointCombination& combination) {
  std::vector<std::pair<Mix, PoseDirs>> per_vertex;
  std::map<int, PoseDirs> by_bone;
  for (const auto& [vertex, vertex_weight] : combination.vertices) {
    const PoseDirs dirs = vertex_weight * model.posedirs.middleRows<3>(3 * vertex);
    if (dirs.isZero(0)) continue;
    Mix mix;
    for (SparseRows::InnerIterator it(model.weights, vertex); it; ++it) {
      if (it.value() == 0) continue;
      const int bone = static_cast<int>(it.col());
      mix.push_back({bone, it.value()});
      by_bone.try_emplace(bone, PoseDirs::Zero()).first->second += it.value() * dirs;
    }
    per_vertex.emplace_back(std::move(mix), dirs);
  }
  if (per_vertex.size() <= by_bone.size()) return per_vertex;
  std::vector<std::pair<Mix, PoseDirs>> per_bone;
  for (const auto& [bone, dirs] : by_bone) per_bone.push_back({Mix{{bone, 1.0}}, dirs});
  return per_bone;
}

}  // namespace

FoldedJoint FoldJoint(const BodyModel& model, const RestJoints& rest,
                      const JointCombination& combination) {
  FoldedJoint joint;
  joint.weight_sum = combination.WeightSum();
  joint.terms = FoldTerms(model, rest, combination);
  joint.chain = FoldChain(model, joint.terms);

  const auto correctives = FoldCorrectives(model, combination);
  for (int k = 1; k < kNumBodyJoints; ++k) {
    for (const auto& [mix, dirs] : correctives) {
      if (dirs.middleCols<9>(9 * (k - 1)).isZero(0)) continue;
      joint.pose_blocks.push_back(k);
      break;
    }
  }
  const auto rest_of_blocks =
      std::stable_partition(joint.pose_blocks.begin(), joint.pose_blocks.end(), [&](int k) {
        PoseDirs sum = PoseDirs::Zero();
        for (const auto& [mix, dirs] : correctives) sum += dirs;
        return sum.middleCols<9>(9 * (k - 1)).norm() > kNotableCorrective &&
               std::any_of(joint.chain.begin(), joint.chain.end(),
                           [k](const FoldedJoint::Link& link) { return link.joint == k; });
      });
  joint.num_chain_blocks = static_cast<int>(rest_of_blocks - joint.pose_blocks.begin());
  for (const auto& [mix, dirs] : correctives) {
    FoldedJoint::Corrective& packed = joint.correctives.emplace_back();
    packed.mix = mix;
    packed.dirs.resize(3, 9 * joint.pose_blocks.size());
    for (size_t block = 0; block < joint.pose_blocks.size(); ++block) {
      packed.dirs.middleCols<9>(9 * block) = dirs.middleCols<9>(9 * (joint.pose_blocks[block] - 1));
    }
  }
  return joint;
}

}  // namespace gyre
