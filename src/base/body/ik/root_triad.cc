// SPDX-License-Identifier: Apache-2.0
#include "body/ik/root_triad.h"

#include "body/ik/swing.h"

namespace gyre {
namespace {

struct MainAndOthers {
  Vec3 main, others;
};

template <typename Of>
MainAndOthers ChildrenOf(const IkNode& root, Of of) {
  MainAndOthers children{of(root.main_child), Vec3::Zero()};
  for (const int child : root.children) {
    if (child != root.main_child) children.others += of(child);
  }
  children.others /= static_cast<double>(root.children.size() - 1);
  return children;
}

MainAndOthers AtRest(const IkTree& tree, const IkProblem& problem) {
  return ChildrenOf(tree.nodes[0], [&](int k) { return Bone(tree, problem, k); });
}

MainAndOthers OfTargets(const IkTree& tree, const IkProblem& problem) {
  return ChildrenOf(tree.nodes[0], [&](int k) { return Target(problem, k); });
}

// A gradient by main and others, child by child.
template <typename Rows>
void AddToChildren(const IkNode& root, const TriadGradient& g, Rows&& rows) {
  for (const int child : root.children) {
    if (child == root.main_child) {
      rows.row(child) += g.s.transpose();
    } else {
      rows.row(child) += g.h.transpose() / static_cast<double>(root.children.size() - 1);
    }
  }
}

}  // namespace

bool HasRootTriad(const IkTree& tree) { return tree.nodes[0].children.size() > 1; }

Mat3 RootTriad(const IkTree& tree, const IkProblem& problem) {
  const MainAndOthers to = OfTargets(tree, problem), from = AtRest(tree, problem);
  return Triad(to.main, to.others) * Triad(from.main, from.others).transpose();
}

void PullRootTriad(const IkTree& tree, const IkProblem& problem, const Vec3& g, bool to_targets,
                   IkGradient* out) {
  const MainAndOthers to = OfTargets(tree, problem), from = AtRest(tree, problem);
  if (to_targets) AddToChildren(tree.nodes[0], PullTriad(to.main, to.others, g), out->target);
  const Vec3 in_rest = -(RootTriad(tree, problem).transpose() * g);
  const TriadGradient by_rest = PullTriad(from.main, from.others, in_rest);
  AddToChildren(tree.nodes[0], by_rest, out->rest);
  out->rest.row(0) -= (by_rest.s + by_rest.h).transpose();
}

}  // namespace gyre
