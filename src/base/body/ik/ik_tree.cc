// SPDX-License-Identifier: Apache-2.0
#include "body/ik/ik_tree.h"

#include "core/error.h"

namespace gyre {
namespace {

IkNodeKind KindOf(const IkNode& node, bool is_root, IkBranches branches) {
  if (node.children.empty()) return IkNodeKind::kEnd;
  if (node.children.size() == 1) return IkNodeKind::kSwing;
  return is_root || branches == IkBranches::kAll ? IkNodeKind::kAligned : IkNodeKind::kSwing;
}

// The known nodes that are reached from `node` without passing another one.
void CollectAims(const IkTree& tree, const std::vector<bool>& known, int node,
                 std::vector<int>* aims) {
  for (const int child : tree.nodes[node].children) {
    if (known[child]) {
      aims->push_back(child);
    } else {
      CollectAims(tree, known, child, aims);
    }
  }
}

}  // namespace

std::vector<int> MainChildren(const BodyLayout& layout) {
  std::vector<int> main(layout.num_joints(), -1);
  for (int k = 1; k < layout.num_joints(); ++k) {
    int& child = main[layout.parents[k]];
    const bool on_midline = layout.mirror[k] == k;
    if (child < 0 || (on_midline && layout.mirror[child] != child)) child = k;
  }
  return main;
}

IkTree::IkTree(const BodyModel& model, IkBranches branches, std::span<const IkEnd> ends) {
  const BodyLayout& layout = *model.layout;
  const int joints = layout.num_joints(), count = joints + static_cast<int>(ends.size());
  GYRE_CHECK(count <= kMaxIkNodes && joints > 1);
  const RestJoints rest(model);
  nodes.resize(count);
  mean.resize(count, 3);
  dirs.resize(3 * count, rest.dirs.cols());
  mean.topRows(joints) = rest.mean;
  dirs.topRows(3 * joints) = rest.dirs;
  for (int k = 0; k < joints; ++k) nodes[k].parent = layout.parents[k];
  for (int i = 0; i < static_cast<int>(ends.size()); ++i) {
    const auto& [joint, vertex] = ends[i];
    GYRE_CHECK(joint >= 0 && joint < joints && vertex >= 0 && vertex < model.num_vertices());
    nodes[joints + i].parent = joint;
    mean.row(joints + i) = model.v_template.row(vertex);
    dirs.middleRows<3>(3 * (joints + i)) = model.shapedirs.middleRows<3>(3 * vertex);
  }
  for (int k = 1; k < count; ++k) nodes[nodes[k].parent].children.push_back(k);
  const std::vector<int> main = MainChildren(layout);
  for (int k = 0; k < count; ++k) {
    IkNode& node = nodes[k];
    node.kind = KindOf(node, k == 0, branches);
    if (node.children.empty()) continue;
    node.main_child = k < joints && main[k] >= 0 ? main[k] : node.children.front();
  }
}

IkPoints IkTree::RestAt(const Eigen::Ref<const VecX>& shape) const {
  const VecX offset = dirs * shape;
  return mean + Eigen::Map<const Points3>(offset.data(), size(), 3);
}

void TreePattern::Append(std::span<const int> all_above) {
  const int own = size();
  start.push_back(static_cast<int>(above.size()));
  depth.push_back(static_cast<int>(all_above.size()));
  above.insert(above.end(), all_above.begin(), all_above.end());
  above.push_back(own);
}

IkPlan::IkPlan(const IkTree& tree, std::span<const bool> which)
    : nodes(tree.nodes.size()), known(tree.nodes.size(), true) {
  if (!which.empty()) {
    GYRE_CHECK(which.size() == known.size());
    known.assign(which.begin(), which.end());
  }
  GYRE_CHECK(known[0]);
  for (int k = 0; k < tree.size(); ++k) {
    const IkNode& in_tree = tree.nodes[k];
    Node& node = nodes[k];
    node.aligned = in_tree.kind == IkNodeKind::kAligned;
    if (in_tree.kind == IkNodeKind::kSwing && known[in_tree.main_child]) {
      node.aims = {in_tree.main_child};
    } else {
      CollectAims(tree, known, k, &node.aims);
    }
    node.moves = !node.aims.empty();
    node.first = unknowns;
    if (in_tree.parent >= 0) {
      node.above = nodes[in_tree.parent].above;
      if (nodes[in_tree.parent].moves) node.above.push_back(in_tree.parent);
    }
    std::vector<int> above;
    for (const int j : node.above) {
      for (int i = 0; i < nodes[j].unknowns(); ++i) above.push_back(nodes[j].first + i);
    }
    for (int i = 0; i < node.unknowns(); ++i) {
      pattern.Append(above);
      above.push_back(unknowns++);
    }
  }
}

}  // namespace gyre
