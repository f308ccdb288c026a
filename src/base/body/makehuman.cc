// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman.h"

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "body/face_points.h"
#include "body/makehuman_data.h"
#include "body/makehuman_face.h"
#include "body/makehuman_figure.h"
#include "body/rule_hands.h"
#include "body/skin_correctives.h"
#include "body/skin_regressor.h"
#include "core/error.h"

namespace gyre {
namespace {

// Outward normals, weighted by area: a vertex' share in the change of volume.
Points3 AreaNormals(const Points3& vertices, const Faces& faces) {
  Points3 normals = Points3::Zero(vertices.rows(), 3);
  for (int f = 0; f < faces.rows(); ++f) {
    const auto corner = [&](int i) -> Vec3 { return vertices.row(faces(f, i)); };
    const Vec3 area = (corner(1) - corner(0)).cross(corner(2) - corner(0)) / 6;
    for (int i = 0; i < 3; ++i) normals.row(faces(f, i)) += area.transpose();
  }
  return normals;
}

// Principal components of drawn identities, scaled to unit variance [3V,10]; positive coefficients
// add volume.
RowMatX PrincipalShapes(const MakeHumanData& data, const MakeHumanFigure& neutral) {
  constexpr int kSamples = 160;
  const int64_t size = neutral.vertices.size();
  Eigen::MatrixXd samples(size, kSamples);
  for (int i = 0; i < kSamples; ++i) {
    const MakeHumanFigure figure = MakeFigure(data, ComposePerson(data, DrawTraits(i)));
    samples.col(i) = Eigen::Map<const VecX>(figure.vertices.data(), size);
  }
  samples.colwise() -= VecX(samples.rowwise().mean());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(samples.transpose() * samples);
  const Points3 normals = AreaNormals(neutral.vertices, data.faces());
  const int count = data.rig().layout->num_betas;
  RowMatX shapes(size, count);
  for (int c = 0; c < count; ++c) {
    // The squared length of samples * eigenvector is the eigenvalue, kSamples - 1 variances.
    const VecX direction =
        samples * solver.eigenvectors().col(kSamples - 1 - c) / std::sqrt(kSamples - 1.0);
    const double volume = direction.dot(Eigen::Map<const VecX>(normals.data(), size));
    shapes.col(c) = volume < 0 ? VecX(-direction) : direction;
  }
  return shapes;
}

// The vertices that these joints move for the most part.
std::vector<int> MovedBy(const MakeHumanData& data, const std::vector<int>& joints) {
  std::vector<int> list;
  for (int v = 0; v < data.weights().rows(); ++v) {
    double share = 0;
    for (int joint : joints) share += data.weights().coeff(v, joint);
    if (share > 0.5) list.push_back(v);
  }
  if (list.empty()) {
    ThrowUserError("MakeHuman's weights move no skin with joint {}.",
                   data.rig().layout->joints[joints.front()]);
  }
  return list;
}

// A hand's joints: the wrist and all below it.
std::vector<int> HandJoints(const BodyLayout& layout, int wrist) {
  std::vector<int> joints = {wrist};
  for (int k = wrist + 1; k < layout.num_joints(); ++k) {
    const bool below = std::ranges::find(joints, layout.parents[k]) != joints.end();
    if (below) joints.push_back(k);
  }
  return joints;
}

std::array<int, kNumLandmarks> FindLandmarks(const MakeHumanData& data, const Points3& base) {
  constexpr int kAnkle = 7, kToes = 10, kHead = 15, kWrist = 20;
  const BodyLayout& layout = *data.rig().layout;
  const Points3 body = data.BodyOf(base);
  const auto farthest = [&](const std::vector<int>& among, const Vec3& direction) {
    return *std::max_element(among.begin(), among.end(), [&](int a, int b) {
      return body.row(a).dot(direction) < body.row(b).dot(direction);
    });
  };
  const std::vector<int> head = MovedBy(data, {kHead});
  std::array<int, kNumLandmarks> landmarks;
  for (int right = 0; right < 2; ++right) {
    const double side = right ? -1.0 : 1.0;
    const std::string prefix = right ? "joint-r-" : "joint-l-";
    const int eyeball = layout.IndexOf(right ? "R_Eye" : "L_Eye");
    const Vec3 eye = data.CubeCenter(base, prefix + "eye");
    const std::vector<int> foot = MovedBy(data, {kAnkle + right, kToes + right});
    const std::vector<int> hand = MovedBy(data, HandJoints(layout, kWrist + right));
    landmarks[right ? 1 : 2] = eyeball >= 0 ? farthest(MovedBy(data, {eyeball}), Vec3(0, 0, 1))
                                            : NearestVertex(body, head, eye + Vec3(0, 0, 0.015));
    // The ear's opening lies behind the eye by nearly the head's half-depth.
    landmarks[right ? 3 : 4] = farthest(head, Vec3(side, 0, 0));
    const int first = right ? 8 : 5;
    const Vec3 tip(0, 0, 0.01);
    landmarks[first] = NearestVertex(body, foot, data.CubeCenter(base, prefix + "toe-1-3") + tip);
    landmarks[first + 1] =
        NearestVertex(body, foot, data.CubeCenter(base, prefix + "toe-5-4") + tip);
    landmarks[first + 2] = farthest(foot, Vec3(0, -0.3, -1));
    for (int finger = 0; finger < 5; ++finger) {
      const Vec3 end = data.CubeCenter(base, fmt::format("{}finger-{}-4", prefix, finger + 1));
      landmarks[(right ? 16 : 11) + finger] = NearestVertex(body, hand, end);
    }
  }
  landmarks[0] = farthest(head, Vec3(0, 0, 1));
  return landmarks;
}

// What only a layout with hands and a face has.
void AddHandsAndFace(const MakeHumanData& data, const MakeHumanFigure& figure, BodyModel* model) {
  RowMatX shapes(model->shapedirs.rows(), model->layout->num_shape());
  shapes << model->shapedirs, ExpressionShapes(data);
  model->shapedirs = std::move(shapes);
  model->face_landmarks = FacePoints(data);
  const FaceSkin skin{model->faces, model->weights, *model->layout};
  model->contour = FaceContour(skin, figure.vertices, figure.joints);
  model->hands = RuleHands(*model->layout, figure.joints, figure.left_tips).Components();
}

}  // namespace

BodyModel ImportMakeHuman(const std::filesystem::path& folder, const MakeHumanOptions& options) {
  const MakeHumanData data(folder, MakeHumanRigOf(options.layout), options.extra);
  const Points3 neutral = ComposePerson(data, MakeHumanTraits());
  MakeHumanFigure figure = MakeFigure(data, neutral);

  BodyModel model;
  model.name = folder.string();
  model.layout = data.rig().layout;
  model.faces = data.faces();
  model.weights = data.weights();
  model.shapedirs = PrincipalShapes(data, figure);
  if (model.layout->num_expression > 0) {
    figure.vertices += LipsAtRest(data);
    AddHandsAndFace(data, figure, &model);
  }
  model.v_template = figure.vertices;
  model.posedirs = FitSkinCorrectives(figure.vertices, figure.joints, model.weights, *model.layout);
  model.J_regressor = FitStillJointRegressor(model, figure.joints);
  model.landmark_vertices = FindLandmarks(data, neutral);
  const Vec3 nose = figure.vertices.row(model.landmark_vertices[0]);
  model.J_regressor_extra = AnnotatorRegressor(figure.vertices, figure.joints, nose);
  CheckBodyModel(model);
  return model;
}

}  // namespace gyre
