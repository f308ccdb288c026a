// SPDX-License-Identifier: Apache-2.0
// The importer's body of SMPL-X's layout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "body/makehuman.h"
#include "body/makehuman_data.h"
#include "body/makehuman_face.h"
#include "body/posed_skeleton.h"
#include "body/skin_correctives.h"
#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

const fs::path kMakeHuman = "../shared/data/makehuman";
const fs::path kMakeHumanExtra = "../shared/data/makehuman_extra";

class MakeHumanSmplxTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const fs::path& folder : {kMakeHuman, kMakeHumanExtra}) {
      if (!fs::exists(folder)) GTEST_SKIP() << folder << " is absent";
    }
  }
  static const BodyModel& Body() {
    static const BodyModel body = ImportMakeHuman(kMakeHuman, {.layout = MakeHumanLayout::kSmplx});
    return body;
  }
  static int Joint(std::string_view name) { return Body().layout->IndexOf(name); }
  static Points3 RestJoints() { return Body().J_regressor * Body().v_template; }
  static double Length(std::string_view from, std::string_view to) {
    return (RestJoints().row(Joint(from)) - RestJoints().row(Joint(to))).norm();
  }
  // iBUG's points 17 to 67 with one expression, by their numbers.
  class Face {
   public:
    Face(std::string_view expression, double coefficient) {
      BodyParams params(*Body().layout);
      for (size_t e = 0; e < kMakeHumanExpressions.size(); ++e) {
        if (kMakeHumanExpressions[e] == expression) params.expression()[e] = coefficient;
      }
      points_ = FaceLandmarks(Body(), PoseBody(Body(), params));
    }
    Vec3 operator[](int point) const { return points_.row(point - 17); }

   private:
    Points3 points_;
  };
};

TEST_F(MakeHumanSmplxTest, IsABodyOfSmplx) {
  const BodyModel& body = Body();
  EXPECT_EQ(body.layout->family, "smplx");
  EXPECT_EQ(body.num_joints(), 55);
  EXPECT_EQ(body.layout->num_betas, 10);
  EXPECT_EQ(body.layout->num_expression, 10);
  EXPECT_EQ(body.num_vertices(), 13380 + 2 * 72);
  EXPECT_EQ(body.parents()[Joint("L_Ring2")], Joint("L_Ring1"));
  EXPECT_EQ(body.parents()[Joint("R_Thumb1")], Joint("R_Wrist"));
  EXPECT_EQ(body.parents()[Joint("Jaw")], Joint("Head"));
  EXPECT_NO_THROW(CheckBodyModel(body));
  for (const BodyModel::Hand& hand : body.hands) {
    EXPECT_EQ(hand.mean.size(), 45);
    EXPECT_EQ(hand.components.rows(), 45);
  }
}

TEST_F(MakeHumanSmplxTest, BonesAreAsLongAsThoseOfTheBodyHandedOver) {
  // Lengths of cc0_body_x.npz, which another program built from the same mesh and rig.
  EXPECT_NEAR(Length("L_Hip", "L_Knee"), 0.394, 0.02);
  EXPECT_NEAR(Length("R_Shoulder", "R_Elbow"), 0.243, 0.02);
  EXPECT_NEAR(Length("L_Wrist", "L_Index1"), 0.105, 0.006);
  EXPECT_NEAR(Length("R_Index1", "R_Index2"), 0.0256, 0.003);
  EXPECT_NEAR(Length("L_Middle2", "L_Middle3"), 0.0273, 0.003);
  EXPECT_NEAR(Length("R_Ring2", "R_Ring3"), 0.0245, 0.003);
  EXPECT_NEAR(Length("L_Pinky1", "L_Pinky2"), 0.0211, 0.003);
  EXPECT_NEAR(Length("L_Thumb2", "L_Thumb3"), 0.0359, 0.004);
  EXPECT_NEAR(Length("L_Eye", "R_Eye"), 0.0581, 0.003);
}

TEST_F(MakeHumanSmplxTest, HandsAreFlatWithThePalmsDown) {
  const Points3 joints = RestJoints();
  for (const std::string side : {"L_", "R_"}) {
    const auto at = [&](const std::string& name) -> Vec3 { return joints.row(Joint(side + name)); };
    EXPECT_NEAR(at("Index1").y(), at("Pinky1").y(), 1e-3);
    EXPECT_GT(at("Index1").z(), at("Pinky1").z() + 0.04);
    EXPECT_GT(at("Thumb3").z(), at("Index1").z());
    for (const std::string finger : {"Index", "Middle", "Ring", "Pinky"}) {
      EXPECT_NEAR(at(finger + "3").y(), at(finger + "1").y(), 1e-3) << finger;
      const Vec3 first = at(finger + "2") - at(finger + "1");
      const Vec3 second = at(finger + "3") - at(finger + "2");
      EXPECT_LT(first.normalized().cross(second.normalized()).norm(), 0.05) << finger;
    }
  }
}

TEST_F(MakeHumanSmplxTest, FacePointsAreInOrderAndMirrored) {
  const Face face("", 0);
  const std::pair<int, int> mirrored[] = {{17, 26}, {21, 22}, {31, 35}, {36, 45}, {39, 42},
                                          {40, 47}, {41, 46}, {48, 54}, {50, 52}, {59, 55},
                                          {60, 64}, {61, 63}, {67, 65}};
  for (const auto& [right, left] : mirrored) {
    EXPECT_LT(face[right].x(), -0.003) << right;
    EXPECT_LT((face[right].cwiseProduct(Vec3(-1, 1, 1)) - face[left]).norm(), 5e-4) << right;
  }
  for (int middle : {27, 28, 29, 30, 33, 51, 57, 62, 66}) EXPECT_NEAR(face[middle].x(), 0, 5e-4);
  // From the brows down.
  EXPECT_GT(face[19].y(), face[37].y() + 0.012);
  EXPECT_GT(face[37].y(), face[41].y() + 0.006);
  EXPECT_GT(face[41].y(), face[31].y());
  EXPECT_GT(face[27].y(), face[28].y());
  EXPECT_GT(face[30].y(), face[33].y());
  EXPECT_GT(face[33].y(), face[51].y());
  EXPECT_GT(face[51].y(), face[62].y() + 0.004);
  EXPECT_GT(face[66].y(), face[57].y() + 0.006);
  EXPECT_GT(face[57].y(), RestJoints()(Joint("Neck"), 1));
  const Vec3 nose = Body().v_template.row(Body().landmark_vertices[0]);
  EXPECT_LT((face[30] - nose).norm(), 0.005);
}

TEST_F(MakeHumanSmplxTest, TheOutlineRunsFromTheRightEarByTheChinToTheLeftAndTurnsWithTheHead) {
  ASSERT_EQ(Body().contour.size(), 79u);
  const auto outline = [&](int row) {
    Points3 points(kNumContourPoints, 3);
    for (int i = 0; i < kNumContourPoints; ++i) {
      points.row(i).setZero();
      for (int c = 0; c < 3; ++c) {
        const SurfacePoint& point = Body().contour[row][i];
        points.row(i) += point.weights[c] * Body().v_template.row(point.vertices[c]);
      }
    }
    return points;
  };
  const Points3 front = outline(0);
  EXPECT_NEAR(front(8, 0), 0, 1e-3);
  for (int i = 0; i < 8; ++i) {
    EXPECT_LT(front(i, 0), front(i + 1, 0) + 2e-3) << i;  // cheeks are upright
    EXPECT_GT(front(i, 1), front(i + 1, 1)) << i;
    EXPECT_NEAR(front(i, 0), -front(16 - i, 0), 1e-3) << i;
    EXPECT_NEAR(front(i, 1), front(16 - i, 1), 1e-3) << i;
  }
  EXPECT_LT(front(8, 1), Face("", 0)[57].y() - 0.015);
  // 39 degrees to the left (the last row): the right half is the cheek, further to the front than
  // the ear; to the right (row 39) the mirror image.
  const Points3 left = outline(78), right = outline(39);
  for (int i : {2, 4, 5, 12}) {
    EXPECT_NEAR(left(i, 0), -right(16 - i, 0), 1.5e-3) << i;
    EXPECT_NEAR(left(i, 2), right(16 - i, 2), 1.5e-3) << i;
  }
  EXPECT_GT(left(14, 2), front(14, 2) + 0.01);
}

TEST_F(MakeHumanSmplxTest, TheMouthOpensAtTwoAndIsPressedAtMinusTwo) {
  const Face open("mouth_open", 2), rest("", 0), pressed("mouth_open", -2);
  EXPECT_GT(open[62].y() - open[66].y(), 0.008);
  EXPECT_LT(rest[62].y() - rest[66].y(), 0.005);
  // Not inside out: the lips overlap by little, and each still has its height.
  EXPECT_GT(pressed[62].y() - pressed[66].y(), -0.005);
  EXPECT_LT(pressed[62].y() - pressed[66].y(), 0.001);
  for (const Face& face : {open, pressed}) {
    EXPECT_GT(face[51].y() - face[62].y(), 0.003);
    EXPECT_GT(face[66].y() - face[57].y(), 0.006);
    EXPECT_GT(face[33].y() - face[51].y(), 0.004);
  }
}

TEST_F(MakeHumanSmplxTest, TheCornersOfTheMouthGoUpInASmileAndDownInAFrown) {
  const Face smile("smile", 2), rest("", 0), frown("smile", -2);
  for (int corner : {48, 54}) {
    EXPECT_NEAR(smile[corner].y() - rest[corner].y(), 0.009, 0.003);
    EXPECT_NEAR(frown[corner].y() - rest[corner].y(), -0.009, 0.003);
  }
  EXPECT_GT(smile[54].x(), rest[54].x());
  const Face skewed("mouth_skew", 2);
  EXPECT_GT(skewed[54].y(), rest[54].y() + 0.003);
  EXPECT_LT(skewed[48].y(), rest[48].y() - 0.003);
  const Face narrow("eyes_close", 2), wide("eyes_close", -2);
  EXPECT_LT(narrow[43].y() - narrow[47].y(), 0.6 * (rest[43].y() - rest[47].y()));
  EXPECT_GT(wide[43].y() - wide[47].y(), rest[43].y() - rest[47].y() + 0.002);
}

TEST_F(MakeHumanSmplxTest, ExpressionsMoveTheFaceAloneAndNoJoint) {
  const BodyModel& body = Body();
  const double neck = RestJoints()(Joint("Neck"), 1);
  for (int e = 0; e < 10; ++e) {
    const VecX moves = body.shapedirs.col(10 + e);
    const Eigen::Map<const Points3> offsets(moves.data(), body.num_vertices(), 3);
    EXPECT_LT((body.J_regressor * offsets).cwiseAbs().maxCoeff(), 1e-4) << e;
    EXPECT_GT(offsets.rowwise().norm().maxCoeff(), 0.002) << e;
    EXPECT_LT(offsets.rowwise().norm().maxCoeff(), 0.007) << e;
    for (int v = 0; v < body.num_vertices(); ++v) {
      if (offsets.row(v).norm() < 1e-4) continue;
      EXPECT_GT(body.v_template(v, 1), neck - 0.05);
    }
  }
}

TEST_F(MakeHumanSmplxTest, JawAndEyesMoveWhatTheyShould) {
  BodyParams params(*Body().layout);
  params.rotation(Joint("Jaw")) = Vec3(0.3, 0, 0);
  const Points3 points = FaceLandmarks(Body(), PoseBody(Body(), params));
  const Face rest("", 0);
  EXPECT_LT(points(66 - 17, 1), rest[66].y() - 0.015);   // the lower lip goes down
  EXPECT_NEAR(points(51 - 17, 1), rest[51].y(), 0.002);  // the upper one stays
  EXPECT_NEAR(points(37 - 17, 1), rest[37].y(), 1e-4);
  BodyParams looks(*Body().layout);
  looks.rotation(Joint("L_Eye")) = Vec3(0, 0.4, 0);
  const Points3 moved = PoseBody(Body(), looks).vertices - Body().v_template;
  int count = 0;
  for (int v = 0; v < moved.rows(); ++v) count += moved.row(v).norm() > 1e-6;
  EXPECT_GT(count, 60);
  EXPECT_LE(count, 72);
  EXPECT_GT(moved(Body().landmark_vertices[2], 0), 0.004);  // to the left: +x
}

TEST_F(MakeHumanSmplxTest, FingertipsAreAtTheFingersEndsAndBendWithThem) {
  BodyParams fist(*Body().layout);
  for (const std::string finger : {"Index", "Middle", "Ring", "Pinky"}) {
    for (const std::string joint : {"1", "2", "3"}) {
      fist.rotation(Joint("R_" + finger + joint)).z() = 1.2;
    }
  }
  const Points3 open = Body().v_template, closed = PoseBody(Body(), fist).vertices;
  const std::pair<int, std::string> tips[] = {
      {12, "L_Index"}, {15, "L_Pinky"}, {17, "R_Index"}, {18, "R_Middle"}, {19, "R_Ring"}};
  for (const auto& [landmark, finger] : tips) {
    const int v = Body().landmark_vertices[landmark];
    const Vec3 last = RestJoints().row(Joint(finger + "3"));
    EXPECT_NEAR((Vec3(open.row(v)) - last).norm(), 0.022, 0.007) << finger;
    const bool right = finger[0] == 'R';
    EXPECT_EQ((closed.row(v) - open.row(v)).norm() > 0.05, right) << finger;
    if (!right) continue;
    EXPECT_LT(closed(v, 1), open(v, 1) - 0.01) << finger;  // into the palm
  }
}

// Root of the mean squared distance from the skin by dual quaternions in poses that no fit has
// seen, over vertices that more than one joint moves; metres.
double DistanceFromDualQuaternions(const BodyModel& body) {
  const Points3 joints = body.J_regressor * body.v_template;
  double sum = 0;
  int64_t count = 0;
  for (int i = 0; i < 12; ++i) {
    Rng rng(77, RngStream::kTest, 0, i);
    const std::vector<Mat3> rotations = DrawInRange(*body.layout, 0.8, rng);
    BodyParams params(*body.layout);
    for (int k = 0; k < body.num_joints(); ++k) params.rotation(k) = LogSO3(rotations[k]);
    const PosedBody posed = PoseBody(body, params);
    const PosedSkeleton skeleton(joints, WorldRotations(rotations, body.parents()), body.parents());
    for (int v = 0; v < body.num_vertices(); ++v) {
      if (body.weights.row(v).nonZeros() < 2) continue;
      const Vec3 wanted = skeleton.ByDualQuaternions(body.weights, v, body.v_template.row(v));
      sum += (wanted - Vec3(posed.vertices.row(v))).squaredNorm();
      ++count;
    }
  }
  return std::sqrt(sum / static_cast<double>(count));
}

TEST_F(MakeHumanSmplxTest, CorrectivesHalveTheDistanceFromDualQuaternions) {
  BodyModel plain = Body();
  plain.posedirs.setZero();
  const double before = DistanceFromDualQuaternions(plain);
  const double after = DistanceFromDualQuaternions(Body());
  RecordProperty("before_mm", std::to_string(1e3 * before));
  RecordProperty("after_mm", std::to_string(1e3 * after));
  EXPECT_LT(after, 0.5 * before) << 1e3 * before << " mm before, " << 1e3 * after << " mm after";
}

TEST_F(MakeHumanSmplxTest, IsTheSameFromItsFile) {
  const fs::path path = fs::path(testing::TempDir()) / "makehuman_smplx.npz";
  SaveBodyModel(Body(), path);
  const auto loaded = LoadBodyModel(path.string());
  fs::remove(path);
  EXPECT_EQ(*loaded->layout, *Body().layout);
  EXPECT_EQ(loaded->shapedirs, Body().shapedirs);
  EXPECT_EQ(loaded->landmark_vertices, Body().landmark_vertices);
  EXPECT_EQ(loaded->hands[1].mean, Body().hands[1].mean);
  EXPECT_EQ(loaded->contour.size(), 79u);
  BodyParams params(*Body().layout);
  params.rotation(Joint("L_Elbow")) = Vec3(0.1, -1.3, 0.2);
  params.rotation(Joint("R_Index2")) = Vec3(0, 0, 0.9);
  params.expression()[3] = 1.5;
  const PosedBody mine = PoseBody(Body(), params), theirs = PoseBody(*loaded, params);
  EXPECT_EQ(mine.vertices, theirs.vertices);
  EXPECT_LT((FaceLandmarks(Body(), mine) - FaceLandmarks(*loaded, theirs)).norm(), 1e-12);
}

// Copies of the small files of both folders, one of which is replaced.
class BrokenMakeHumanSmplxTest : public MakeHumanSmplxTest {
 protected:
  static void ExpectError(const std::string& file, const std::string& content,
                          const std::string& named) {
    const fs::path copy = fs::path(testing::TempDir()) / "makehuman_smplx_broken";
    const fs::path extra = copy.string() + "_extra";
    fs::remove_all(copy);
    fs::remove_all(extra);
    fs::create_directories(copy);
    for (const char* part : {"3dobjs", "mesh_metadata"}) {
      fs::copy(kMakeHuman / part, copy / part, fs::copy_options::recursive);
    }
    fs::copy(kMakeHumanExtra, extra, fs::copy_options::recursive);
    for (const fs::path& folder : {copy, extra}) {
      if (!fs::exists(folder / file)) continue;
      fs::permissions((folder / file).parent_path(), fs::perms::owner_all, fs::perm_options::add);
      fs::remove(folder / file);
      if (content != "(missing)") std::ofstream(folder / file) << content;
    }
    try {
      const MakeHumanData data(copy, MakeHumanRigOf(MakeHumanLayout::kSmplx));
      ExpressionShapes(data);
      ADD_FAILURE() << file << " was accepted";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(named));
    }
    fs::remove_all(copy);
    fs::remove_all(extra);
  }
};

TEST_F(BrokenMakeHumanSmplxTest, EachFileIsNamedWhenItIsMissingEmptyOrWrong) {
  const char* const kSkeleton = "rigs/default.mhskel";
  const char* const kWeights = "rigs/default_weights.mhw";
  for (const char* const file : {kSkeleton, kWeights}) {
    const std::string name = fs::path(file).filename().string();
    ExpectError(file, "(missing)", name);
    ExpectError(file, "(missing)", "--extra");
    ExpectError(file, "", name);
    ExpectError(file, "\x01\x02[[[{", name);
    ExpectError(file, "[1, 2, 3]", name);
  }
  ExpectError(kSkeleton, R"({"bones": {}, "joints": {}})", "bone spine05");
  ExpectError(kSkeleton, R"({"bones": {"spine05": {"head": "a"}}, "joints": {"a": [-1]}})",
              "default.mhskel, a: vertex -1");
  ExpectError(kSkeleton, R"({"bones": {"spine05": {"head": "a"}}, "joints": {"a": []}})",
              "names no vertex");
  ExpectError(kWeights, R"({"weights": {"jaw": [[0, 2.0]]}})", "jaw: vertex 0 has weight 2");
  ExpectError(kWeights, R"({"weights": {}})", "no bone moves vertex 0");
  ExpectError("mesh_metadata/basemesh_vertex_groups.json", R"({"body": [[0, 13379]]})",
              "has no group 'helper-l-eye'");
  const char* const kUnit = "targets/expression/units/asian/mouth-open.target.gz";
  ExpectError(kUnit, "(missing)", "asian/mouth-open.target.gz");
  ExpectError(kUnit, "not gzip", "asian/mouth-open.target.gz");
}

TEST_F(MakeHumanSmplxTest, AMissingFolderOfExtrasIsNamed) {
  try {
    ImportMakeHuman(kMakeHuman, {.layout = MakeHumanLayout::kSmplx, .extra = "/nonexistent/extra"});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("/nonexistent/extra/rigs/default.mhskel"));
    EXPECT_THAT(error.what(), testing::HasSubstr("--extra"));
  }
}

}  // namespace
}  // namespace gyre
