// SPDX-License-Identifier: Apache-2.0
#include "body/folded_joint.h"

#include <algorithm>
#include <array>
#include <map>

namespace gyre {
namespace {

// Metres per radian, about, that a corrective moves its joint.
constexpr double kNotableCorrective = 5e-3;

using PoseDirs = Eigen::Matrix<double, 3, Eigen::Dynamic, Eigen::RowMajor>;  // [3,9(J-1)]

template <int kShape>
using Mix = std::vector<typename FoldedJoint<kShape>::Corrective::Share>;

template <int kShape>
std::vector<typename FoldedJoint<kShape>::Term> FoldTerms(const BodyModel& model, const RestJoints& rest,
                                         const JointCombination& combination) {
  using Term = typename FoldedJoint<kShape>::Term;
  std::map<int, Term> by_bone;
  const auto term_of = [&](int bone) -> Term& {
    const Term none{bone, 0, true, Vec3::Zero(),
                    ShapeDirs<kShape>::Zero(3, model.shapedirs.cols()), -1};
    return by_bone.emplace(bone, none).first->second;
  };
  for (const auto& [vertex, vertex_weight] : combination.vertices) {
    for (SparseRows::InnerIterator it(model.weights, vertex); it; ++it) {
      const int bone = static_cast<int>(it.col());
      const double weight = vertex_weight * it.value();
      if (weight == 0) continue;
      Term& term = term_of(bone);
      term.rigid = false;
      term.weight += weight;
      term.offset += weight * (model.v_template.row(vertex) - rest.mean.row(bone)).transpose();
      term.shape_dirs +=
          weight * (model.shapedirs.middleRows<3>(3 * vertex) - rest.dirs.middleRows<3>(3 * bone));
    }
  }
  for (const auto& [bone, weight] : combination.joints) term_of(bone).weight += weight;

  std::vector<Term> terms;
  for (const auto& [bone, term] : by_bone) terms.push_back(term);
  return terms;
}

// The joints that turn the terms: bones that carry an offset, and all ancestors.
template <int kShape>
std::vector<typename FoldedJoint<kShape>::Link> FoldChain(
    const BodyModel& model, std::vector<typename FoldedJoint<kShape>::Term>& terms) {
  const std::vector<int>& parents = model.parents();
  std::array<bool, kMaxJoints> turns{};
  std::array<double, kMaxJoints> weight{};
  for (auto& term : terms) {
    term.link = term.rigid ? parents[term.bone] : term.bone;
    for (int k = term.link; k >= 0; k = parents[k]) {
      turns[k] = true;
      weight[k] += term.weight;
    }
  }
  std::vector<typename FoldedJoint<kShape>::Link> chain;
  for (int k = model.num_joints() - 1; k >= 0; --k) {
    if (turns[k]) chain.push_back({k, parents[k], weight[k]});
  }
  return chain;
}

template <int kShape>
JointBits BonesOf(const std::vector<int>& parents, const FoldedJoint<kShape>& joint) {
  JointBits bones = 0;
  const auto add = [&](int bone) {
    for (int k = bone; k >= 0; k = parents[k]) Add(k, &bones);
  };
  for (const auto& term : joint.terms) add(term.bone);
  for (const auto& corrective : joint.correctives) {
    for (const auto& share : corrective.mix) add(share.bone);
  }
  for (const int block : joint.pose_blocks) add(block);
  return bones;
}

// Correctives per vertex (each with its mix of bones) or per bone, whichever are fewer.
template <int kShape>
std::vector<std::pair<Mix<kShape>, PoseDirs>> FoldCorrectives(
    const BodyModel& model, const JointCombination& combination) {
  std::vector<std::pair<Mix<kShape>, PoseDirs>> per_vertex;
  std::map<int, PoseDirs> by_bone;
  for (const auto& [vertex, vertex_weight] : combination.vertices) {
    const PoseDirs dirs = vertex_weight * model.posedirs.middleRows<3>(3 * vertex);
    if (dirs.isZero(0)) continue;
    Mix<kShape> mix;
    for (SparseRows::InnerIterator it(model.weights, vertex); it; ++it) {
      if (it.value() == 0) continue;
      const int bone = static_cast<int>(it.col());
      mix.push_back({bone, it.value()});
      by_bone.try_emplace(bone, PoseDirs::Zero(3, dirs.cols())).first->second += it.value() * dirs;
    }
    per_vertex.emplace_back(std::move(mix), dirs);
  }
  if (per_vertex.size() <= by_bone.size()) return per_vertex;
  std::vector<std::pair<Mix<kShape>, PoseDirs>> per_bone;
  for (const auto& [bone, dirs] : by_bone) per_bone.push_back({Mix<kShape>{{bone, 1.0}}, dirs});
  return per_bone;
}

}  // namespace

template <int kShape>
FoldedJoint<kShape> FoldSkin(const BodyModel& model, const RestJoints& rest,
                             const JointCombination& combination) {
  FoldedJoint<kShape> joint;
  joint.weight_sum = combination.WeightSum();
  joint.terms = FoldTerms<kShape>(model, rest, combination);
  joint.chain = FoldChain<kShape>(model, joint.terms);
  joint.num_chain_blocks = 0;
  joint.bones = BonesOf(model.parents(), joint);
  return joint;
}

template <int kShape>
FoldedJoint<kShape> FoldJoint(const BodyModel& model, const RestJoints& rest,
                              const JointCombination& combination) {
  FoldedJoint<kShape> joint = FoldSkin<kShape>(model, rest, combination);
  const auto correctives = FoldCorrectives<kShape>(model, combination);
  for (int k = 1; k < model.num_joints(); ++k) {
    for (const auto& [mix, dirs] : correctives) {
      if (dirs.template middleCols<9>(9 * (k - 1)).isZero(0)) continue;
      joint.pose_blocks.push_back(k);
      break;
    }
  }
  const auto rest_of_blocks =
      std::stable_partition(joint.pose_blocks.begin(), joint.pose_blocks.end(), [&](int k) {
        PoseDirs sum = PoseDirs::Zero(3, model.posedirs.cols());
        for (const auto& [mix, dirs] : correctives) sum += dirs;
        return sum.middleCols<9>(9 * (k - 1)).norm() > kNotableCorrective &&
               std::any_of(joint.chain.begin(), joint.chain.end(),
                           [k](const auto& link) { return link.joint == k; });
      });
  joint.num_chain_blocks = static_cast<int>(rest_of_blocks - joint.pose_blocks.begin());
  for (const auto& [mix, dirs] : correctives) {
    auto& packed = joint.correctives.emplace_back();
    packed.mix = mix;
    packed.dirs.resize(3, 9 * joint.pose_blocks.size());
    for (size_t block = 0; block < joint.pose_blocks.size(); ++block) {
      packed.dirs.template middleCols<9>(9 * block) =
          dirs.template middleCols<9>(9 * (joint.pose_blocks[block] - 1));
    }
  }
  joint.bones = BonesOf(model.parents(), joint);
  return joint;
}

template FoldedJoint<kSmplShape> FoldSkin(const BodyModel&, const RestJoints&,
                                          const JointCombination&);
template FoldedJoint<kSmplxShape> FoldSkin(const BodyModel&, const RestJoints&,
                                           const JointCombination&);
template FoldedJoint<Eigen::Dynamic> FoldSkin(const BodyModel&, const RestJoints&,
                                              const JointCombination&);
template FoldedJoint<kSmplShape> FoldJoint(const BodyModel&, const RestJoints&,
                                           const JointCombination&);
template FoldedJoint<kSmplxShape> FoldJoint(const BodyModel&, const RestJoints&,
                                            const JointCombination&);
template FoldedJoint<Eigen::Dynamic> FoldJoint(const BodyModel&, const RestJoints&,
                                               const JointCombination&);

}  // namespace gyre
