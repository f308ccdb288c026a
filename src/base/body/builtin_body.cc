// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_body.h"

#include <numeric>
#include <vector>

#include "body/builtin_rig.h"
#include "body/builtin_skin.h"
#include "body/pose_correctives.h"
#include "body/skin_regressor.h"

namespace gyre {
namespace {

// Landmarks on the left and on the mid-plane, by their places in BodyModel::landmark_vertices.
struct Landmark {
  int left, right;
  Vec3 at;
};

std::array<int, kNumLandmarks> FindLandmarks(const SymmetricMesh& skin, const Skeleton& joints) {
  const Vec3& wrist = joints[20];
  const Vec3& knuckle = joints[22];
  const Landmark landmarks[] = {
      {0, 0, {0, 1.556, 0.130}},      // nose
      {2, 1, {0.031, 1.590, 0.110}},  // eyes
      {4, 3, {0.095, 1.575, -0.012}},
      {5, 8, {0.101, 0.013, 0.190}},  // toes and heel
      {6, 9, {0.155, 0.013, 0.150}},
      {7, 10, {0.117, 0.020, -0.095}},
      {11, 16, wrist + Vec3(0.100, -0.012, 0.072)},  // fingertips, thumb first
      {12, 17, knuckle + Vec3(0.080, -0.004, 0.045)},
      {13, 18, knuckle + Vec3(0.090, -0.004, 0.014)},
      {14, 19, knuckle + Vec3(0.085, -0.004, -0.016)},
      {15, 20, knuckle + Vec3(0.058, -0.004, -0.047)},
  };
  std::vector<int> all(skin.vertices.rows());
  std::iota(all.begin(), all.end(), 0);
  std::array<int, kNumLandmarks> vertices;
  for (const Landmark& landmark : landmarks) {
    vertices[landmark.left] = NearestVertex(skin.vertices, all, landmark.at);
    vertices[landmark.right] = skin.mirror_of[vertices[landmark.left]];
  }
  return vertices;
}

}  // namespace

BodyModel MakeBuiltinBody() {
  const Skeleton joints = BuiltinSkeleton();
  const SymmetricMesh skin = MakeBuiltinSkin();
  Points3 joint_rows(joints.size(), 3);
  for (size_t k = 0; k < joints.size(); ++k) joint_rows.row(k) = joints[k];

  BodyModel model;
  model.name = std::string(kBuiltinBodyName);
  model.faces = skin.faces;
  model.weights = BuiltinWeights(skin, joints);
  model.shapedirs = BuiltinShapedirs(skin, model.weights, joints);
  model.posedirs = VolumeKeepingPosedirs(skin.vertices, joint_rows, model.weights, SmplLayout().parents);
  model.J_regressor = FitJointRegressor(skin.vertices, model.weights, SmplLayout().parents, joint_rows);
  model.landmark_vertices = FindLandmarks(skin, joints);
  const Vec3 nose = skin.vertices.row(model.landmark_vertices[0]);
  model.J_regressor_extra = AnnotatorRegressor(skin.vertices, joint_rows, nose);

  const Vec3 origin(0, joints[0].y() + 0.22, 0);
  model.v_template = skin.vertices.rowwise() - origin.transpose();
  return model;
}

}  // namespace gyre
