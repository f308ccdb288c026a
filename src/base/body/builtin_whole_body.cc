// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "body/builtin_body.h"
#include "body/builtin_face.h"
#include "body/builtin_hand.h"
#include "body/builtin_whole_rig.h"
#include "body/pose_correctives.h"
#include "body/rule_hands.h"
#include "body/skin_regressor.h"
#include "core/error.h"

namespace gyre {
namespace {

// Landmarks on the left and on the mid-plane, by their places in BodyModel::landmark_vertices.
struct LandmarkPlace {
  int left, right;
  Vec3 at;
};

std::array<int, kNumLandmarks> FindLandmarks(const WholeSkin& skin) {
  std::vector<LandmarkPlace> landmarks = {
      {0, 0, {0, 1.557, 0.116}},  // nose
      {2, 1, skin.mesh.vertices.row(skin.left_pupil)},
      {4, 3, {0.091, 1.577, -0.008}},  // ears
      {5, 8, {0.101, 0.013, 0.190}},   // toes and heel
      {6, 9, {0.155, 0.013, 0.150}},
      {7, 10, {0.117, 0.020, -0.095}},
  };
  for (int finger = 0; finger < 5; ++finger) {
    landmarks.push_back({11 + finger, 16 + finger, BuiltinFingers()[finger][3]});
  }
  std::vector<int> all(skin.mesh.vertices.rows());
  std::iota(all.begin(), all.end(), 0);
  std::array<int, kNumLandmarks> vertices;
  for (const LandmarkPlace& landmark : landmarks) {
    vertices[landmark.left] = NearestVertex(skin.mesh.vertices, all, landmark.at);
    vertices[landmark.right] = skin.mesh.mirror_of[vertices[landmark.left]];
  }
  return vertices;
}

void AddFace(const WholeSkin& skin, const Points3& joints, BodyModel* model) {
  const FaceSkin face{model->faces, model->weights, *model->layout};
  model->face_landmarks = FacePointsAt(face, skin.mesh.vertices, BuiltinFacePlaces());
  GYRE_CHECK(model->face_landmarks.size() == kNumFaceLandmarks);
  model->contour = FaceContour(face, model->v_template, joints);
}

}  // namespace

BodyModel MakeBuiltinWholeBody() {
  const WholeSkin skin = MakeWholeSkin();
  const Points3 joints = WholeSkeleton();
  BodyModel model;
  model.name = std::string(kBuiltinWholeBodyName);
  model.layout = SharedSmplxLayout();
  model.faces = skin.mesh.faces;
  model.weights = WholeWeights(skin);
  model.shapedirs.resize(3 * skin.mesh.vertices.rows(), model.layout->num_shape());
  model.shapedirs << WholeShapedirs(skin, model.weights), WholeExpressions(skin);
  model.v_template = skin.mesh.vertices + PartedLips(skin);
  AddFace(skin, joints, &model);
  model.posedirs = VolumeKeepingPosedirs(model.v_template, joints, model.weights, model.parents());
  model.J_regressor = FitStillJointRegressor(model, joints);
  model.landmark_vertices = FindLandmarks(skin);
  const Vec3 nose = skin.mesh.vertices.row(model.landmark_vertices[0]);
  model.J_regressor_extra = AnnotatorRegressor(model.v_template, joints, nose);
  Points3 tips(5, 3);
  for (int finger = 0; finger < 5; ++finger) tips.row(finger) = BuiltinFingers()[finger][3];
  model.hands = RuleHands(*model.layout, joints, tips).Components();

  const Vec3 origin(0, joints(0, 1) + 0.22, 0);
  model.v_template.rowwise() -= origin.transpose();
  return model;
}

}  // namespace gyre
