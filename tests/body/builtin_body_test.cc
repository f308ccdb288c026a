// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include "body/symmetry.h"

namespace gyre {
namespace {

const BodyModel& Body() {
  static const BodyModel body = MakeBuiltinBody();
  return body;
}

double Volume(const Points3& vertices, const Faces& faces) {
  double volume = 0;
  for (int f = 0; f < faces.rows(); ++f) {
    const auto corner = [&](int i) -> Vec3 { return vertices.row(faces(f, i)); };
    volume += corner(0).dot(corner(1).cross(corner(2))) / 6;
  }
  return volume;
}

double Stature(const Points3& vertices) {
  return vertices.col(1).maxCoeff() - vertices.col(1).minCoeff();
}

Vec3 Landmark(int i) { return Body().v_template.row(Body().landmark_vertices[i]); }
Vec3 Joint(int k) {
  static const Points3 joints = Body().J_regressor * Body().v_template;
  return joints.row(k);
}

TEST(BuiltinBody, PassesEveryCheckOfAModel) { EXPECT_NO_THROW(CheckBodyModel(Body())); }

TEST(BuiltinBody, SkinIsOneClosedSurfaceWithoutHoles) {
  const BodyModel& body = Body();
  EXPECT_GE(body.num_vertices(), 5000);
  EXPECT_LE(body.num_vertices(), 8000);
  std::map<std::pair<int, int>, int> directed;
  for (int f = 0; f < body.faces.rows(); ++f) {
    for (int i = 0; i < 3; ++i) ++directed[{body.faces(f, i), body.faces(f, (i + 1) % 3)}];
  }
  for (const auto& [edge, count] : directed) {
    ASSERT_EQ(count, 1) << edge.first << " " << edge.second;
    ASSERT_TRUE(directed.contains({edge.second, edge.first})) << edge.first << " " << edge.second;
  }
  const int64_t edges = static_cast<int64_t>(directed.size()) / 2;
  EXPECT_EQ(body.num_vertices() - edges + body.faces.rows(), 2);
}

TEST(BuiltinBody, HasAHumansVolumeAndStature) {
  const double volume = Volume(Body().v_template, Body().faces);  // positive: faces look outward
  EXPECT_GT(volume, 0.055);
  EXPECT_LT(volume, 0.090);
  EXPECT_NEAR(Stature(Body().v_template), 1.70, 0.01);
}

TEST(BuiltinBody, IsItsOwnMirrorImageInEveryShape) {
  const BodyModel& body = Body();
  BodyParams params{SmplLayout()};
  for (int c = 0; c < kNumShapeParams; ++c) params.betas()[c] = 1.5 - 0.4 * c;
  std::map<std::array<int64_t, 3>, int> cells;  // vertices of the template by position
  const auto key = [](const Vec3& p) {
    return std::array<int64_t, 3>{std::llround(p.x() * 1e7), std::llround(p.y() * 1e7),
                                  std::llround(p.z() * 1e7)};
  };
  for (int v = 0; v < body.num_vertices(); ++v) cells[key(body.v_template.row(v))] = v;
  const Points3 shaped = PoseBody(body, params).vertices;
  for (int v = 0; v < body.num_vertices(); ++v) {
    const Vec3 p = body.v_template.row(v);
    const auto partner = cells.find(key({-p.x(), p.y(), p.z()}));
    ASSERT_NE(partner, cells.end()) << p.transpose();
    const Vec3 mirrored = shaped.row(partner->second);
    ASSERT_NEAR(shaped(v, 0), -mirrored.x(), 1e-9);
    ASSERT_NEAR(shaped(v, 1), mirrored.y(), 1e-9);
    ASSERT_NEAR(shaped(v, 2), mirrored.z(), 1e-9);
  }
  for (int k = 0; k < kNumBodyJoints; ++k) {
    const Vec3 joint = Joint(k);
    const Vec3 other = Joint(SmplLayout().mirror[k]);
    EXPECT_LT((joint - Vec3(-other.x(), other.y(), other.z())).norm(), 1e-9) << k;
  }
}

TEST(BuiltinBody, WeightsAreConvexAndFew) {
  const BodyModel& body = Body();
  for (int v = 0; v < body.num_vertices(); ++v) {
    double sum = 0;
    int bones = 0;
    for (SparseRows::InnerIterator it(body.weights, v); it; ++it) {
      EXPECT_GT(it.value(), 0);
      sum += it.value();
      ++bones;
    }
    ASSERT_NEAR(sum, 1, 1e-12);
    ASSERT_LE(bones, 4);
  }
}

TEST(BuiltinBody, WeightsDoNotLeakBetweenLimbs) {
  const BodyModel& body = Body();
  const auto share = [&](int v, std::initializer_list<int> bones) {
    double sum = 0;
    for (int bone : bones) sum += body.weights.coeff(v, bone);
    return sum;
  };
  for (int v = 0; v < body.num_vertices(); ++v) {
    const Vec3 p = body.v_template.row(v);
    if (p.x() > 0.08) {  // nothing on the left moves with a limb on the right
      EXPECT_LT(share(v, {2, 5, 8, 11, 14, 17, 19, 21, 23}), 1e-6) << p.transpose();
    }
    if (p.x() > 0.02 && p.y() < -0.50) {
      EXPECT_GT(share(v, {1, 4, 7, 10}), 0.999) << p.transpose();
    }
    if (p.y() < 0) {
      EXPECT_LT(share(v, {16, 17, 18, 19, 20, 21, 22, 23}), 1e-6) << p.transpose();
    }
    if (p.y() > Joint(15).y() + 0.05) {
      EXPECT_GT(share(v, {15}), 0.95) << p.transpose();
    }
  }
}

TEST(BuiltinBody, JointsAreConvexCombinationsOfSkinInAnatomicalOrder) {
  const BodyModel& body = Body();
  for (const SparseRows* rows : {&body.J_regressor, &body.J_regressor_extra}) {
    for (int row = 0; row < rows->rows(); ++row) {
      EXPECT_NEAR(rows->row(row).sum(), 1, 1e-12);
      for (SparseRows::InnerIterator it(*rows, row); it; ++it) EXPECT_GT(it.value(), 0);
    }
  }
  // Left is +x; up the spine; down the leg; out along the arm.
  for (int k : {1, 4, 7, 10, 13, 16, 18, 20, 22}) EXPECT_GT(Joint(k).x(), 0.05) << k;
  for (const auto& [low, high] :
       {std::pair{0, 3}, {3, 6}, {6, 9}, {9, 12}, {12, 15}, {4, 1}, {7, 4}}) {
    EXPECT_LT(Joint(low).y(), Joint(high).y());
  }
  for (const auto& [in, out] : {std::pair{13, 16}, {16, 18}, {18, 20}, {20, 22}}) {
    EXPECT_LT(Joint(in).x(), Joint(out).x());
  }
  EXPECT_NEAR(Joint(0).y(), -0.22, 1e-12);
  // de Leva's lengths, on the template exactly.
  EXPECT_NEAR((Joint(18) - Joint(16)).norm(), 0.1602 * 1.70, 1e-9);
  EXPECT_NEAR(Joint(1).y() - Joint(4).y(), 0.2275 * 1.70, 1e-9);
}

TEST(BuiltinBody, JointsFollowTheShape) {
  const BodyModel& body = Body();
  const auto joints = [&](int component) {
    BodyParams params{SmplLayout()};
    params.betas()[component] = 2;
    return PoseBody(body, params).joints;
  };
  const Points3 rest = body.J_regressor * body.v_template;
  const auto length = [](const Points3& j, int a, int b) { return (j.row(a) - j.row(b)).norm(); };
  // Size scales bones as it scales stature; girth hardly touches them.
  EXPECT_NEAR(length(joints(0), 1, 4) / length(rest, 1, 4), 1 + 0.14 / 1.7, 1e-9);
  EXPECT_NEAR(length(joints(1), 4, 7) / length(rest, 4, 7), 1, 0.01);
  EXPECT_GT(length(joints(2), 1, 7) / length(rest, 1, 7), 1.04);
  EXPECT_GT(length(joints(3), 16, 20) / length(rest, 16, 20), 1.04);
  EXPECT_GT(length(joints(4), 16, 17) - length(rest, 16, 17), 0.02);
  EXPECT_GT(length(joints(5), 1, 2) - length(rest, 1, 2), 0.01);
}

TEST(BuiltinBody, ShapesHaveTheSpreadOfAdults) {
  const BodyModel& body = Body();
  const double volume = Volume(body.v_template, body.faces);
  for (int c = 0; c < kNumShapeParams; ++c) {
    BodyParams params{SmplLayout()};
    params.betas()[c] = 1;
    const Points3 shaped = PoseBody(body, params).vertices;
    const double rms = std::sqrt((shaped - body.v_template).squaredNorm() / body.num_vertices());
    EXPECT_GT(rms, 0.0005) << BuiltinShapeNames()[c];
    EXPECT_LT(rms, 0.040) << BuiltinShapeNames()[c];
    const double taller = Stature(shaped) - Stature(body.v_template);
    EXPECT_NEAR(taller, c == 0 ? 0.070 : 0.0, 0.012) << BuiltinShapeNames()[c];
    const double heavier = Volume(shaped, body.faces) / volume - 1;
    if (c == 1) {
      EXPECT_NEAR(heavier, 0.20, 0.06);  // body mass given stature: about 17 %
    }
    params.betas()[c] = -3;
    EXPECT_GT(Volume(PoseBody(body, params).vertices, body.faces), 0.4 * volume);
  }
}

TEST(BuiltinBody, LandmarksAreWhereTheyBelong) {
  const Vec3 nose = Landmark(0), right_eye = Landmark(1), left_eye = Landmark(2);
  EXPECT_EQ(nose.x(), 0);
  EXPECT_EQ(nose.z(), [] {  // nothing of the head lies farther forward
    double front = -1;
    for (int v = 0; v < Body().num_vertices(); ++v) {
      if (Body().v_template(v, 1) > Joint(15).y()) front = std::max(front, Body().v_template(v, 2));
    }
    return front;
  }());
  EXPECT_GT(left_eye.x(), 0.01);
  EXPECT_LT(right_eye.x(), -0.01);
  EXPECT_GT(left_eye.y(), nose.y());
  EXPECT_GT(nose.z(), Landmark(4).z() + 0.08);
  EXPECT_GT(Landmark(4).x(), left_eye.x() + 0.02);
  EXPECT_LT(Landmark(3).x(), right_eye.x() - 0.02);
  for (int left : {5, 6, 7}) EXPECT_GT(Landmark(left).x(), 0.05);
  for (int right : {8, 9, 10}) EXPECT_LT(Landmark(right).x(), -0.05);
  EXPECT_GT(Landmark(5).z() - Landmark(7).z(), 0.20);
  EXPECT_LT(Landmark(5).x(), Landmark(6).x());  // the big toe is the inner one
  for (int tip = 12; tip < 16; ++tip) {
    EXPECT_GT(Landmark(tip).x(), Joint(22).x() + 0.03);
    if (tip > 12) {
      EXPECT_LT(Landmark(tip).z(), Landmark(tip - 1).z() - 0.01) << tip;
    }
  }
  EXPECT_GT(Landmark(11).z(), Landmark(12).z());
  for (int i = 0; i < kNumLandmarks; ++i) {
    for (int j = 0; j < i; ++j) {
      EXPECT_NE(Body().landmark_vertices[i], Body().landmark_vertices[j]) << i << " " << j;
    }
  }
}

TEST(BuiltinBody, RegressedJointsAreWhereAnnotatorsPutThem) {
  const Points3 extra = Body().J_regressor_extra * Body().v_template;
  EXPECT_LT(extra(0, 0), Joint(2).x());  // hips: outside SMPL's
  EXPECT_GT(extra(1, 0), Joint(1).x());
  EXPECT_NEAR(extra(3, 1), Body().v_template.col(1).maxCoeff(), 0.01);
  EXPECT_GT(extra(7, 1), extra(2, 1));  // jaw above neck, head above jaw
  EXPECT_GT(extra(8, 1), extra(7, 1));
  EXPECT_LT(extra(5, 1), extra(2, 1));
  for (int row = 2; row < kNumExtraJoints; ++row) EXPECT_NEAR(extra(row, 0), 0, 1e-9);
}

TEST(BuiltinBody, CorrectivesKeepTheVolumeOfBentLimbs) {
  BodyModel uncorrected = Body();
  uncorrected.posedirs.setZero();
  const double rest = Volume(Body().v_template, Body().faces);
  const std::pair<int, Vec3> bends[] = {{4, {2.0, 0, 0}},
                                        {5, {2.0, 0, 0}},
                                        {18, {0, -2.0, 0}},
                                        {19, {0, 2.0, 0}},
                                        {16, {0, 0, -1.2}}};
  for (const auto& [joint, axis_angle] : bends) {
    BodyParams params{SmplLayout()};
    params.rotation(joint) = axis_angle;
    const double with = Volume(PoseBody(Body(), params).vertices, Body().faces);
    const double without = Volume(PoseBody(uncorrected, params).vertices, Body().faces);
    EXPECT_LT(std::abs(with - rest), 0.7 * std::abs(without - rest)) << joint;
  }
}

TEST(BuiltinBody, CorrectivesActAtTheFourKindsOfJointsOnly) {
  for (int k = 1; k < kNumBodyJoints; ++k) {
    const double size = Body().posedirs.middleCols<9>(9 * (k - 1)).cwiseAbs().maxCoeff();
    const bool corrected = k == 1 || k == 2 || k == 4 || k == 5 || (k >= 16 && k <= 19);
    if (corrected) {
      EXPECT_GT(size, 1e-3) << k;
    } else {
      EXPECT_EQ(size, 0) << k;
    }
  }
}

// A sum over all numbers that knows their order.
double Moment(const RowMatX& values) {
  double sum = 0;
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    sum += values.data()[i] * std::sin(1 + 0.37 * static_cast<double>(i));
  }
  return sum;
}

// Stored fits, priors and networks were made on this body: a change to any of its rules is a change
// of theirs. The numbers are the body's own of November 2026.
TEST(BuiltinBody, IsTheBodyThatResultsWereMadeOn) {
  const BodyModel& body = Body();
  EXPECT_EQ(body.num_vertices(), 7002);
  EXPECT_EQ(body.faces.rows(), 14000);
  constexpr double kTolerance = 1e-7;
  EXPECT_NEAR(Moment(body.v_template), 1.59287603286, kTolerance);
  EXPECT_NEAR(Moment(body.faces.cast<double>()), 52037.0788765, 1e-3);
  const double shapes[] = {0.0650724402472,  0.0524856591455,  -0.00512164181125, 0.0419920239649,
                           0.0339157292703,  0.00458585079876, -0.00949667075823, 0.0102621134306,
                           -0.0407928890171, -0.0033894145064};
  for (int c = 0; c < 10; ++c) {
    EXPECT_NEAR(Moment(body.shapedirs.col(c)), shapes[c], kTolerance) << BuiltinShapeNames()[c];
  }
  const std::pair<int, double> correctives[] = {{1, 0.00753358882439},  {2, -0.147767297862},
                                                {4, -0.110817890333},   {5, 0.172297866399},
                                                {16, -0.0926475190039}, {17, 0.0980259411583},
                                                {18, -0.0356088900871}, {19, -0.0445314920952}};
  for (const auto& [joint, moment] : correctives) {
    EXPECT_NEAR(Moment(body.posedirs.middleCols<9>(9 * (joint - 1))), moment, kTolerance) << joint;
  }
  EXPECT_NEAR(Moment(body.weights), -1.08661940165, kTolerance);
  EXPECT_NEAR(Moment(body.J_regressor), -0.168928464021, kTolerance);
  EXPECT_NEAR(Moment(body.J_regressor_extra), 0.0878449724713, kTolerance);
  EXPECT_THAT(body.landmark_vertices,
              testing::ElementsAre(107, 3729, 306, 6034, 2611, 994, 2492, 1362, 4417, 5915, 4785,
                                   3383, 3553, 3574, 3571, 3495, 6806, 6976, 6997, 6994, 6918));
}

TEST(BuiltinBody, ComesOutTheSameEveryTimeAndFast) {
  const auto start = std::chrono::steady_clock::now();
  const BodyModel again = MakeBuiltinBody();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
  std::printf("built-in body: %d vertices, %d faces, %.3f s\n", again.num_vertices(),
              static_cast<int>(again.faces.rows()), seconds.count());
  EXPECT_EQ(again.v_template, Body().v_template);
  EXPECT_EQ(again.faces, Body().faces);
  EXPECT_EQ(again.shapedirs, Body().shapedirs);
  EXPECT_EQ(again.posedirs, Body().posedirs);
  EXPECT_EQ(RowMatX(again.weights), RowMatX(Body().weights));
  EXPECT_EQ(RowMatX(again.J_regressor), RowMatX(Body().J_regressor));
  EXPECT_EQ(again.landmark_vertices, Body().landmark_vertices);
}

}  // namespace
}  // namespace gyre
