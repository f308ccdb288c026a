// SPDX-License-Identifier: Apache-2.0
// The built-in body with hands and face.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "body/body_identity.h"
#include "body/builtin_hand.h"
#include "body/builtin_whole_rig.h"
#include "body/hand_pca.h"
#include "body/makehuman_face.h"
#include "body/rule_hands.h"

namespace gyre {
namespace {

constexpr double kRadOfDegree = 0.017453292519943295;
// The face's 51 points start at iBUG's 17.
constexpr int kFirstFacePoint = 17;

const BodyModel& WholeBody() {
  static const BodyModel body = MakeBuiltinWholeBody();
  return body;
}
int JointOf(std::string_view name) {
  const int joint = WholeBody().layout->IndexOf(name);
  EXPECT_GE(joint, 0) << name;
  return joint;
}
Points3 WholeRest() { return WholeBody().J_regressor * WholeBody().v_template; }

// iBUG's points 17 to 67 by their numbers.
class FaceOf {
 public:
  explicit FaceOf(const BodyParams& params = BodyParams(*WholeBody().layout))
      : points_(FaceLandmarks(WholeBody(), PoseBody(WholeBody(), params))) {}
  FaceOf(std::string_view expression, double coefficient) : FaceOf(Of(expression, coefficient)) {}
  Vec3 operator[](int point) const { return points_.row(point - kFirstFacePoint); }
  // Metres, in the middle of the mouth and half-way to its corners; the least of them.
  double LipGap() const {
    const auto& at = *this;
    return std::min({at[61].y() - at[67].y(), at[62].y() - at[66].y(), at[63].y() - at[65].y()});
  }

 private:
  static BodyParams Of(std::string_view expression, double coefficient) {
    BodyParams params(*WholeBody().layout);
    for (size_t e = 0; e < kMakeHumanExpressions.size(); ++e) {
      if (kMakeHumanExpressions[e] == expression) params.expression()[e] = coefficient;
    }
    return params;
  }
  Points3 points_;
};

TEST(BuiltinWholeBody, IsABodyOfSmplxThatPassesEveryCheck) {
  const BodyModel& body = WholeBody();
  EXPECT_NO_THROW(CheckBodyModel(body));
  EXPECT_EQ(body.layout->family, "smplx");
  EXPECT_EQ(body.num_joints(), 55);
  EXPECT_EQ(body.layout->num_betas, 10);
  EXPECT_EQ(body.layout->num_expression, 10);
  EXPECT_EQ(body.parents()[JointOf("L_Ring2")], JointOf("L_Ring1"));
  EXPECT_EQ(body.parents()[JointOf("R_Thumb1")], JointOf("R_Wrist"));
  EXPECT_EQ(body.face_landmarks.size(), 51u);
  EXPECT_EQ(body.contour.size(), 79u);
  EXPECT_GT(body.num_vertices(), 10000);
  EXPECT_LT(body.num_vertices(), 14000);
}

TEST(BuiltinWholeBody, IsAskedForByNameAndKnownByIt) {
  const auto loaded = LoadBodyModel("builtin-x");
  EXPECT_EQ(loaded->v_template, WholeBody().v_template);
  EXPECT_EQ(IdentityOf(*loaded, "").path, "builtin-x");
  EXPECT_NE(IdentityOf(*loaded, "").fingerprint, IdentityOf(MakeBuiltinBody(), "").fingerprint);
}

TEST(BuiltinWholeBody, SkinAndEyeballsAreClosedSurfaces) {
  const BodyModel& body = WholeBody();
  std::map<std::pair<int, int>, int> directed;
  for (int f = 0; f < body.faces.rows(); ++f) {
    for (int i = 0; i < 3; ++i) ++directed[{body.faces(f, i), body.faces(f, (i + 1) % 3)}];
  }
  for (const auto& [edge, count] : directed) {
    ASSERT_EQ(count, 1) << edge.first << " " << edge.second;
    ASSERT_TRUE(directed.contains({edge.second, edge.first})) << edge.first << " " << edge.second;
  }
  // Three spheres in the sense of topology: V - E + F = 3 * 2.
  const int64_t edges = static_cast<int64_t>(directed.size()) / 2;
  EXPECT_EQ(body.num_vertices() - edges + body.faces.rows(), 6);
}

TEST(BuiltinWholeBody, TheRightIsTheMirrorImageOfTheLeftInEveryShapeAndExpression) {
  const BodyModel& body = WholeBody();
  const SymmetricMesh skin = MakeWholeSkin().mesh;
  const auto mirror = [&](Vec3 p) { return Vec3(-p.x(), p.y(), p.z()); };
  const VecX moved = body.shapedirs * VecX::LinSpaced(20, -0.9, 1.2).cwiseProduct([] {
    VecX even = VecX::Ones(20);
    even[18] = even[19] = 0;  // mouth and brows askew
    return even;
  }());
  for (int v = 0; v < body.num_vertices(); ++v) {
    const int other = skin.mirror_of[v];
    ASSERT_EQ(Vec3(body.v_template.row(v)), mirror(body.v_template.row(other))) << v;
    ASSERT_LT((moved.segment<3>(3 * v) - mirror(moved.segment<3>(3 * other))).norm(), 1e-12) << v;
    // What is askew does to the right the opposite.
    for (int askew : {18, 19}) {
      const Vec3 left = body.shapedirs.block<3, 1>(3 * v, askew);
      ASSERT_LT((left + mirror(body.shapedirs.block<3, 1>(3 * other, askew))).norm(), 1e-12);
    }
    for (int k = 0; k < body.num_joints(); ++k) {
      ASSERT_NEAR(body.weights.coeff(v, k), body.weights.coeff(other, body.layout->mirror[k]),
                  1e-9);
    }
  }
}

TEST(BuiltinWholeBody, WeightsAreConvexAndFew) {
  for (int v = 0; v < WholeBody().num_vertices(); ++v) {
    double sum = 0;
    int bones = 0;
    for (SparseRows::InnerIterator it(WholeBody().weights, v); it; ++it) {
      ASSERT_GT(it.value(), 0);
      sum += it.value();
      ++bones;
    }
    ASSERT_NEAR(sum, 1, 1e-12);
    ASSERT_LE(bones, 4);
  }
}

TEST(BuiltinWholeBody, TheRegressorGivesTheSkeletonWhateverTheFaceDoes) {
  const BodyModel& body = WholeBody();
  Points3 skeleton = WholeSkeleton();
  const double ground = skeleton(0, 1) + 0.22;
  skeleton.col(1).array() -= ground;
  EXPECT_LT((WholeRest() - skeleton).cwiseAbs().maxCoeff(), 1e-9);
  for (int e = 0; e < 10; ++e) {
    const VecX moves = body.shapedirs.col(10 + e);
    const Eigen::Map<const Points3> offsets(moves.data(), body.num_vertices(), 3);
    EXPECT_LT((body.J_regressor * offsets).cwiseAbs().maxCoeff(), 1e-4) << e;
  }
  // De Leva's hand, Buryanov and Kotiuk's fingers: millimetres of a person of 1.70 m.
  const auto length = [&](std::string_view from, std::string_view to) {
    return 1e3 * (WholeRest().row(JointOf(from)) - WholeRest().row(JointOf(to))).norm();
  };
  EXPECT_NEAR(length("L_Wrist", "L_Middle1"), 80.2, 1);
  EXPECT_NEAR(length("L_Middle1", "L_Middle2"), 46.3, 0.2);
  EXPECT_NEAR(length("R_Index2", "R_Index3"), 23.2, 0.2);
  EXPECT_NEAR(length("R_Pinky1", "R_Pinky2"), 33.9, 0.2);
  EXPECT_NEAR(length("L_Thumb2", "L_Thumb3"), 32.7, 0.2);
  EXPECT_NEAR(length("L_Eye", "R_Eye"), 63, 1e-6);
}

TEST(BuiltinWholeBody, EachFingertipMovesWithItsOwnFingerAlone) {
  const std::string fingers[] = {"Thumb", "Index", "Middle", "Ring", "Pinky"};
  for (const bool right : {false, true}) {
    const std::string side = right ? "R_" : "L_";
    for (const std::string& bent : fingers) {
      BodyParams params(*WholeBody().layout);
      params.rotation(JointOf(side + bent + "1")) = Vec3(0.3, 0.2, right ? 1.0 : -1.0);
      const Points3 posed = PoseBody(WholeBody(), params).vertices;
      for (int other = 0; other < 2; ++other) {
        for (int f = 0; f < 5; ++f) {
          const int tip = WholeBody().landmark_vertices[(other ? 16 : 11) + f];
          const double moved = (posed.row(tip) - WholeBody().v_template.row(tip)).norm();
          if (other == right && fingers[f] == bent) {
            EXPECT_GT(moved, 0.04) << side << bent;
          } else {
            EXPECT_LT(moved, 1e-12) << side << bent << " moves " << fingers[f];
          }
        }
      }
    }
  }
}

TEST(BuiltinWholeBody, FingertipsAreWhereTheFingersEnd) {
  for (int f = 0; f < 5; ++f) {
    Vec3 end = BuiltinFingers()[f][3];
    end.y() -= WholeSkeleton()(0, 1) + 0.22;
    const Vec3 tip = WholeBody().v_template.row(WholeBody().landmark_vertices[11 + f]);
    EXPECT_LT((tip - end).norm(), 0.004) << f;
  }
}

TEST(BuiltinWholeBody, TheJawOpensTheMouthAndMovesNoBrow) {
  BodyParams params(*WholeBody().layout);
  params.rotation(JointOf("Jaw")) = Vec3(0.3, 0, 0);
  const FaceOf open(params), rest;
  // The lips are 80 mm before and 34 mm below the joint: 0.3 rad takes the lower one down by 22 mm.
  EXPECT_NEAR(open[66].y() - rest[66].y(), -0.022, 0.004);
  EXPECT_NEAR(open[57].y() - rest[57].y(), -0.021, 0.004);
  EXPECT_LT((open[62] - rest[62]).norm(), 0.002);  // the upper lip stays
  for (int point = 17; point <= 47; ++point) {
    EXPECT_LT((open[point] - rest[point]).norm(), 1e-6) << point;
  }
}

TEST(BuiltinWholeBody, AnEyeTurnsItsBallAlone) {
  BodyParams params(*WholeBody().layout);
  params.rotation(JointOf("L_Eye")) = Vec3(0, 0.4, 0);
  const Points3 moved = PoseBody(WholeBody(), params).vertices - WholeBody().v_template;
  const Vec3 center = WholeRest().row(JointOf("L_Eye"));
  int count = 0;
  for (int v = 0; v < moved.rows(); ++v) {
    if (moved.row(v).norm() < 1e-9) continue;
    ++count;
    EXPECT_LT((Vec3(WholeBody().v_template.row(v)) - center).norm(), 0.01201);
  }
  EXPECT_GT(count, 100);
  // 10.6 mm before the centre, turned by 0.4 rad to the left.
  EXPECT_NEAR(moved(WholeBody().landmark_vertices[2], 0), 0.0106 * std::sin(0.4), 2e-4);
}

TEST(BuiltinWholeBody, FacePointsAreMirroredAndOnTheirPlaces) {
  const FaceOf face;
  const std::pair<int, int> mirrored[] = {
      {17, 26}, {18, 25}, {21, 22}, {31, 35}, {32, 34}, {36, 45}, {37, 44}, {39, 42},
      {40, 47}, {41, 46}, {48, 54}, {50, 52}, {59, 55}, {60, 64}, {61, 63}, {67, 65}};
  for (const auto& [right, left] : mirrored) {
    EXPECT_LT(face[right].x(), -0.003) << right;
    EXPECT_LT((face[right].cwiseProduct(Vec3(-1, 1, 1)) - face[left]).norm(), 1e-9) << right;
  }
  for (int middle : {27, 28, 29, 30, 33, 51, 57, 62, 66}) {
    EXPECT_NEAR(face[middle].x(), 0, 1e-9) << middle;
  }
  // From the brows down.
  EXPECT_GT(face[19].y(), face[37].y() + 0.012);
  EXPECT_GT(face[37].y(), face[41].y() + 0.006);
  EXPECT_GT(face[41].y(), face[31].y());
  for (int above : {27, 28, 29}) EXPECT_GT(face[above].y(), face[above + 1].y() + 0.008);
  EXPECT_GT(face[30].y(), face[33].y() + 0.005);
  EXPECT_GT(face[33].y(), face[51].y() + 0.008);
  EXPECT_GT(face[51].y(), face[62].y() + 0.004);
  EXPECT_GT(face[66].y(), face[57].y() + 0.006);
  // Eyes: corners on both sides of the eyeball, lids before it.
  const Vec3 eye = WholeRest().row(JointOf("L_Eye"));
  EXPECT_LT(face[42].x(), eye.x() - 0.012);
  EXPECT_GT(face[45].x(), eye.x() + 0.012);
  for (int lid : {43, 44, 46, 47}) EXPECT_GT(face[lid].z(), eye.z() + 0.010) << lid;
  // The nose's tip is before all else.
  for (int point = 17; point <= 67; ++point) EXPECT_LE(face[point].z(), face[30].z()) << point;
  const Vec3 nose = WholeBody().v_template.row(WholeBody().landmark_vertices[0]);
  EXPECT_LT((face[30] - nose).norm(), 0.004);
  EXPECT_EQ(nose.z(), [] {  // of all the head
    double front = -1;
    const double chin = WholeRest()(15, 1);
    for (int v = 0; v < WholeBody().num_vertices(); ++v) {
      const Vec3 p = WholeBody().v_template.row(v);
      if (p.y() > chin) front = std::max(front, p.z());
    }
    return front;
  }());
}

TEST(BuiltinWholeBody, TheOutlineRunsFromTheRightEarByTheChinToTheLeft) {
  BodyParams params(*WholeBody().layout);
  const Points3 front = ContourLandmarks(WholeBody(), params, PoseBody(WholeBody(), params));
  EXPECT_NEAR(front(8, 0), 0, 1e-3);
  for (int i = 0; i < 8; ++i) {
    EXPECT_LT(front(i, 0), front(i + 1, 0) + 2e-3) << i;
    EXPECT_GT(front(i, 1), front(i + 1, 1)) << i;
    EXPECT_NEAR(front(i, 0), -front(16 - i, 0), 1e-3) << i;
  }
  EXPECT_LT(front(8, 1), FaceOf()[57].y() - 0.015);
  params.rotation(JointOf("Neck")).y() = -0.6;  // to the right: the left cheek comes forward
  const Points3 turned = ContourLandmarks(WholeBody(), params, PoseBody(WholeBody(), params));
  EXPECT_NE(turned, front);
}

TEST(BuiltinWholeBody, LipsPartAndPressButDoNotCross) {
  const FaceOf rest;
  // The points lie half a millimetre from the lips' rims, which are 3 mm apart in the middle.
  EXPECT_NEAR(rest[62].y() - rest[66].y(), 0.004, 5e-4);
  EXPECT_NEAR(FaceOf("mouth_open", 2)[62].y() - FaceOf("mouth_open", 2)[66].y(), 0.007, 5e-4);
  EXPECT_NEAR(FaceOf("mouth_open", -2)[62].y() - FaceOf("mouth_open", -2)[66].y(), 0.001, 5e-4);
  for (const std::string_view expression : kMakeHumanExpressions) {
    for (const double coefficient : {2.0, -2.0}) {
      EXPECT_GT(FaceOf(expression, coefficient).LipGap(), 5e-4) << expression << coefficient;
    }
  }
  // The rims themselves, vertex by vertex.
  const WholeSkin skin = MakeWholeSkin();
  for (int e = 0; e < 10; ++e) {
    for (const double coefficient : {2.0, -2.0}) {
      BodyParams params(*WholeBody().layout);
      params.expression()[e] = coefficient;
      const Points3 posed = PoseBody(WholeBody(), params).vertices;
      for (size_t n = 0; n < skin.left_upper_lip.size(); ++n) {
        EXPECT_GT(posed(skin.left_upper_lip[n], 1) - posed(skin.left_lower_lip[n], 1), -1e-9) << e;
      }
    }
  }
}

TEST(BuiltinWholeBody, ExpressionsDoWhatTheirNamesSay) {
  const FaceOf rest;
  const auto rises = [&](std::string_view expression, int point) {
    return FaceOf(expression, 2)[point].y() - rest[point].y();
  };
  EXPECT_NEAR(rises("smile", 54), 0.008, 0.003);
  EXPECT_NEAR(rises("smile", 48), 0.008, 0.003);
  EXPECT_GT(FaceOf("smile", 2)[54].x(), rest[54].x() + 0.001);
  EXPECT_NEAR(rises("brows_up", 19), 0.006, 0.002);
  EXPECT_LT(rises("brow_furrow", 21), -0.003);
  EXPECT_GT(rises("sneer", 31), 0.002);
  EXPECT_GT(FaceOf("lips_out", 2)[51].z(), rest[51].z() + 0.001);
  EXPECT_LT(FaceOf("pucker", 2)[54].x(), rest[54].x() - 0.003);
  EXPECT_GT(FaceOf("pucker", 2)[57].z(), rest[57].z() + 0.001);
  EXPECT_GT(rises("mouth_skew", 54), 0.004);
  EXPECT_LT(rises("mouth_skew", 48), -0.004);
  EXPECT_GT(rises("brow_skew", 24), 0.004);
  EXPECT_LT(rises("brow_skew", 19), -0.004);
  const auto eye = [](const FaceOf& face) { return face[43].y() - face[47].y(); };
  EXPECT_LT(eye(FaceOf("eyes_close", 2)), 0.6 * eye(rest));
  EXPECT_GT(eye(FaceOf("eyes_close", -2)), eye(rest) + 0.002);
}

TEST(BuiltinWholeBody, ExpressionsMoveNothingButTheFace) {
  const BodyModel& body = WholeBody();
  const double neck = WholeRest()(12, 1);
  const int eye = JointOf("L_Eye");
  for (int e = 0; e < 10; ++e) {
    double largest = 0;
    for (int v = 0; v < body.num_vertices(); ++v) {
      const double move = body.shapedirs.block<3, 1>(3 * v, 10 + e).norm();
      largest = std::max(largest, move);
      if (move < 1e-9) continue;
      ASSERT_GT(body.v_template(v, 1), neck) << e;
      ASSERT_LT(body.weights.coeff(v, eye), 1e-9) << e;
    }
    EXPECT_GT(largest, 0.0008) << e;
    EXPECT_LT(largest, 0.007) << e;
  }
}

TEST(BuiltinWholeBody, HandComponentsHoldAFist) {
  const HandPca hand(WholeBody(), 0);
  ASSERT_EQ(hand.size(), HandPca(WholeBody(), 1).size());
  // Flexed by these degrees at the three joints; each finger about its own axis, level.
  VecX fist = VecX::Zero(45);
  const std::pair<std::string, double> fingers[] = {
      {"Index", 5}, {"Middle", 0}, {"Ring", -5}, {"Pinky", -11}};
  for (const auto& [finger, forward] : fingers) {
    const Vec3 axis(std::sin(forward * kRadOfDegree), 0, -std::cos(forward * kRadOfDegree));
    const int first = 3 * (JointOf("L_" + finger + "1") - JointOf("L_Index1"));
    for (const auto& [joint, degrees] : {std::pair{0, 85}, {1, 99}, {2, 63}}) {
      fist.segment<3>(first + 3 * joint) = degrees * kRadOfDegree * axis;
    }
  }
  const auto& [mean, components] = WholeBody().hands[0];
  const RowMatX first = components.topRows(12);
  VecX off = first.transpose() * (first * (fist - mean)) - (fist - mean);
  const double rms = std::sqrt(off.head(36).squaredNorm() / 36);  // but for the thumb
  EXPECT_LT(rms, 6 * kRadOfDegree);
  // The first one closes all fingers: towards the fist.
  EXPECT_GT(components.row(0).dot((fist - mean).transpose()), 1.0);
}

// A sum over all numbers that knows their order.
double OrderedSum(const RowMatX& values) {
  double sum = 0;
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    sum += values.data()[i] * std::sin(1 + 0.37 * static_cast<double>(i));
  }
  return sum;
}

// Who stores fits or trains networks on this body has to find it again. The numbers are its own.
TEST(BuiltinWholeBody, IsTheBodyThatResultsWereMadeOn) {
  const BodyModel& body = WholeBody();
  EXPECT_EQ(body.num_vertices(), 13295);
  EXPECT_EQ(body.faces.rows(), 26578);
  constexpr double kTolerance = 1e-6;
  EXPECT_NEAR(OrderedSum(body.v_template), 2.69389131388, kTolerance);
  EXPECT_NEAR(OrderedSum(body.faces.cast<double>()), -19496.5035224, 1e-3);
  EXPECT_NEAR(OrderedSum(body.shapedirs.leftCols(10)), 0.602438464338, kTolerance);
  EXPECT_NEAR(OrderedSum(body.shapedirs.rightCols(10)), 0.0105245369556, kTolerance);
  EXPECT_NEAR(OrderedSum(body.weights), -13.3508683701, kTolerance);
  EXPECT_NEAR(OrderedSum(body.J_regressor), -0.00447513865412, kTolerance);
  EXPECT_NEAR(OrderedSum(body.hands[0].components.topRows(12)), -2.86231677923, kTolerance);
}

TEST(BuiltinWholeBody, ComesOutTheSameEveryTimeAndFast) {
  const auto start = std::chrono::steady_clock::now();
  const BodyModel again = MakeBuiltinWholeBody();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
  std::printf("built-in whole body: %d vertices, %d faces, %.3f s\n", again.num_vertices(),
              static_cast<int>(again.faces.rows()), seconds.count());
  EXPECT_EQ(again.v_template, WholeBody().v_template);
  EXPECT_EQ(again.faces, WholeBody().faces);
  EXPECT_EQ(again.shapedirs, WholeBody().shapedirs);
  EXPECT_EQ(again.posedirs, WholeBody().posedirs);
  EXPECT_EQ(RowMatX(again.weights), RowMatX(WholeBody().weights));
  EXPECT_EQ(RowMatX(again.J_regressor), RowMatX(WholeBody().J_regressor));
  EXPECT_EQ(again.landmark_vertices, WholeBody().landmark_vertices);
}

}  // namespace
}  // namespace gyre
