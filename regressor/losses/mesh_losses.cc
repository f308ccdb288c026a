// SPDX-License-Identifier: Apache-2.0
// mesh_vertices, mesh_keypoints_2d and mesh_keypoints_3d.
#include "regressor/losses/loss.h"

namespace gyre {
namespace {

// The mesh in the place of the body.
Output OfMesh(const Output& output) {
  Output mesh;
  mesh.set = output.set;
  mesh.vertices = output.mesh;
  mesh.joints = output.mesh_joints;
  mesh.keypoints = output.mesh_keypoints;
  return mesh;
}

}  // namespace

Quotient MeshVertexLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  return VertexLoss(OfMesh(output), targets, options);
}

Quotient MeshKeypointLoss(const Output& output, const Targets& targets,
                          const LossOptions& options) {
  return KeypointLoss(OfMesh(output), targets, options);
}

Quotient MeshJointLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  return JointLoss(OfMesh(output), targets, options);
}

}  // namespace gyre
