// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/sample_evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "body/body_parts.h"
#include "body/test_body.h"
#include "evaluation/known_people.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// Bodies without any symmetry, some metres before a camera whose centre is no picture's.
class SampleEvaluationTest : public testing::Test {
 protected:
  SampleEvaluationTest() : prediction_(Body(7)), truth_(Body(8)) {}

  static BodyParams Body(uint64_t seed) {
    Rng rng(seed, RngStream::kTest);
    BodyParams params = RandomParams(rng, 0.3, 0.7, 0.1);
    params.transl().z() += 6.5;
    return params;
  }
  static Points3 SpinJointsOf(const BodyModel& body, const BodyParams& params) {
    return ModelJoints(body, params, SpinJoints());
  }
  static Vec3 JointOf(const Points3& joints, std::string_view name) {
    return joints.row(SpinJoints().IndexOf(name)).transpose();
  }

  const BodyModel body_ = MakeRandomBody(1);
  const EvaluationBody evaluation_body_{body_};
  const Camera camera_{811.5, {70.25, 31.75}};
  const BodyParams prediction_, truth_;
};

TEST_F(SampleEvaluationTest, JointsAreThoseOfThePosedBody) {
  BodyModel without_nose = body_;
  const JointInfo& nose = FindJoint("OP Nose");
  without_nose.landmark_vertices[nose.source_idx] = -1;
  const Points3 expected = SpinJointsOf(body_, prediction_);
  const Points3 joints = EvaluationBody(without_nose).Joints(prediction_);
  ASSERT_EQ(joints.rows(), SpinJoints().size());
  int missing = 0;
  for (int i = 0; i < joints.rows(); ++i) {
    const JointInfo& info = FindJoint(SpinJoints().joints[i]);
    if (info.source == nose.source && info.source_idx == nose.source_idx) {
      EXPECT_TRUE(joints.row(i).array().isNaN().all());
      ++missing;
    } else {
      EXPECT_LT((joints.row(i) - expected.row(i)).norm(), 1e-9) << info.name;
    }
  }
  EXPECT_EQ(missing, 2);  // OpenPose's and COCO's
}

TEST_F(SampleEvaluationTest, BodiesInSpaceAreComparedAboutTheMiddleOfTheHips) {
  Person sample = Stranger();
  sample.params = truth_;
  const KnownPeople people({sample});
  SampleEvaluation evaluation(FindProtocol("synthetic"), evaluation_body_);
  EXPECT_TRUE(evaluation.Add(people, people.Get(0), prediction_));

  const Points3 p = SpinJointsOf(body_, prediction_), g = SpinJointsOf(body_, truth_);
  const Vec3 p_root = JointOf(p, "OP MidHip"), g_root = JointOf(g, "OP MidHip");
  double sum = 0;
  for (const char* name :
       {"Right Ankle", "Right Knee", "Right Hip", "Left Hip", "Left Knee", "Left Ankle",
        "Right Wrist", "Right Elbow", "Right Shoulder", "Left Shoulder", "Left Elbow", "Left Wrist",
        "Neck (LSP)", "Head (H36M)"}) {
    sum += (JointOf(p, name) - p_root - JointOf(g, name) + g_root).norm();
  }
  const EvaluationResult result = evaluation.Result();
  EXPECT_NEAR(result.Get("mpjpe_mm").value, 1000 * sum / 14, 1e-6);
  const Points3 vertices = PoseBody(body_, prediction_).vertices.rowwise() - p_root.transpose();
  const Points3 true_vertices = PoseBody(body_, truth_).vertices.rowwise() - g_root.transpose();
  EXPECT_NEAR(result.Get("pve_mm").value, 1000 * (vertices - true_vertices).rowwise().norm().mean(),
              1e-6);
  EXPECT_EQ(evaluation.samples(), 1);
  EXPECT_EQ(evaluation.left_out(), 0);
  EXPECT_EQ(evaluation.first_left_out(), "");
}

// The keypoints stand (2 i + 1, -i) px from where the body has them, i their place in LSP's order.
TEST_F(SampleEvaluationTest, KeypointsAreMetByTheSamplesOwnCamera) {
  Person sample = Stranger();
  sample.camera = camera_;
  sample.keypoints.px = PixelsOf(body_, prediction_, camera_);
  double sum = 0;
  int observed = 0;
  for (int i = 0; i < 14; ++i) {
    const int at = SpinJoints().IndexOf(FindKeypointSet("lsp14").joints[i]);
    sample.keypoints.px.row(at) += Eigen::RowVector2d(2 * i + 1, -i);
    if (i == 3 || i == 6) continue;
    sample.keypoints.confidence[at] = 0.25 + 0.05 * i;
    sum += std::hypot(2 * i + 1, i);
    ++observed;
  }
  // Seen, but not one of LSP's.
  sample.keypoints.confidence[SpinJoints().IndexOf("OP Nose")] = 0.9;
  sample.keypoints.px.row(SpinJoints().IndexOf("OP Nose")) << 1, 2;
  const KnownPeople people({sample});
  SampleEvaluation evaluation(FindProtocol("lsp-2d"), evaluation_body_);
  EXPECT_TRUE(evaluation.Add(people, people.Get(0), prediction_));
  EXPECT_NEAR(evaluation.Result().Get("box_error").value, sum / observed / 137, 1e-9);
  EXPECT_EQ(evaluation.Result().Get("pckh50").count, observed);
  EXPECT_EQ(evaluation.Result().Get("pck20_torso").count, 0);  // joint 3 is the left hip
}

// Without a camera it is SPIN's, of 5000 px in the 224 px crop whose centre is that of the box.
TEST_F(SampleEvaluationTest, KeypointsWithoutACameraAreMetByTheBoxs) {
  Person sample = Stranger();
  const double focal_px = 5000.0 * 137 / 224;
  const Points3 joints = SpinJointsOf(body_, prediction_);
  for (int i = 25; i < 39; ++i) {  // LSP's
    sample.keypoints.confidence[i] = 0.5;
    sample.keypoints.px.row(i) << 61.5 + focal_px * joints(i, 0) / joints(i, 2) + 3,
        48.25 + focal_px * joints(i, 1) / joints(i, 2) - 4;
  }
  const KnownPeople people({sample});
  SampleEvaluation evaluation(FindProtocol("lsp-2d"), evaluation_body_);
  EXPECT_TRUE(evaluation.Add(people, people.Get(0), prediction_));
  EXPECT_NEAR(evaluation.Result().Get("box_error").value, 5.0 / 137, 1e-9);
}

// A regressor of vertices: joint i is vertex 11 i + 5.
class RegressedEvaluationTest : public SampleEvaluationTest {
 protected:
  RegressedEvaluationTest() {
    files_.h36m_regressor.resize(17, body_.num_vertices());
    for (int i = 0; i < 17; ++i) files_.h36m_regressor.insert(i, 11 * i + 5) = 1;
    files_.male = std::make_shared<BodyModel>(MakeRandomBody(2));
    files_.female = std::make_shared<BodyModel>(MakeRandomBody(3));
  }
  // Of the 14 that count, in h36m17's order: all but spine, jaw and pelvis.
  static constexpr int kCounting[] = {1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16};

  ProtocolFiles files_;
};

// True joints are i cm from the predicted ones along x; the pelvis, their root, 40 cm along y.
TEST_F(RegressedEvaluationTest, TrueJointsAreRowsOfTheSuperset) {
  Person sample = Stranger();
  SpaceJoints& truth = sample.joints3d.emplace(FindKeypointSet("superset24"));
  truth.m.setConstant(9);
  const Points3 vertices = PoseBody(body_, prediction_).vertices;
  double sum = 0;
  for (int i = 0; i < 17; ++i) {
    const int row = SpinJoints().IndexOf(FindKeypointSet("h36m17").joints[i]) - 25;
    truth.m.row(row) = vertices.row(11 * i + 5);
    truth.m(row, i == 0 ? 1 : 0) += i == 0 ? 0.4 : 0.01 * i;
    truth.confidence[row] = i == 5 ? 0 : 0.375;  // the left knee is not known
  }
  for (const int i : kCounting) sum += i == 5 ? 0 : std::hypot(0.01 * i, 0.4);
  const KnownPeople people({sample});
  SampleEvaluation evaluation(FindProtocol("h36m-p1"), evaluation_body_, files_);
  EXPECT_TRUE(evaluation.Add(people, people.Get(0), prediction_));
  EXPECT_NEAR(evaluation.Result().Get("mpjpe_mm").value, 1000 * sum / 13, 1e-6);
}

TEST_F(RegressedEvaluationTest, TheTruthIsPosedOnTheBodyOfTheGender) {
  for (const Gender gender : {Gender::kMale, Gender::kFemale}) {
    Person sample = Stranger();
    sample.params = truth_;
    sample.gender = gender;
    const KnownPeople people({sample});
    SampleEvaluation evaluation(FindProtocol("3dpw"), evaluation_body_, files_);
    EXPECT_TRUE(evaluation.Add(people, people.Get(0), prediction_));
    const BodyModel& model = gender == Gender::kMale ? *files_.male : *files_.female;
    const Points3 p = PoseBody(body_, prediction_).vertices;
    const Points3 g = PoseBody(model, truth_).vertices;
    const auto error = [&](int vertex) {  // about the pelvis, the first row of the regressor
      return (p.row(vertex) - p.row(5) - g.row(vertex) + g.row(5)).norm();
    };
    double joints = 0, vertices = 0;
    for (const int i : kCounting) joints += error(11 * i + 5);
    for (int i = 0; i < body_.num_vertices(); ++i) vertices += error(i);
    const EvaluationResult result = evaluation.Result();
    EXPECT_NEAR(result.Get("mpjpe_mm").value, 1000 * joints / 14, 1e-6);
    EXPECT_NEAR(result.Get("pve_mm").value, 1000 * vertices / body_.num_vertices(), 1e-6);
  }
}

TEST_F(RegressedEvaluationTest, SaysWhoIsLeftOutAndWhy) {
  Person nothing_known = Stranger(), of_no_gender = Stranger();
  of_no_gender.params = truth_;
  nothing_known.image_path = "S9_60457274/a.jpg";
  of_no_gender.image_path = "S9_54138969.jpg";
  const KnownPeople people({nothing_known, of_no_gender});
  const auto left_out = [&](const char* protocol) {
    SampleEvaluation evaluation(FindProtocol(protocol), evaluation_body_, files_);
    for (const int i : {1, 0}) EXPECT_FALSE(evaluation.Add(people, people.Get(i), prediction_));
    EXPECT_EQ(evaluation.samples(), 0);
    EXPECT_EQ(evaluation.left_out(), 2);
    return evaluation.first_left_out();
  };
  EXPECT_THAT(left_out("h36m-p1"), HasSubstr("row 13 of known lacks true 3D joints"));
  EXPECT_THAT(left_out("3dpw"), HasSubstr("row 13 of known lacks a true body with its gender"));
  EXPECT_THAT(left_out("lsp-2d"), HasSubstr("lacks 2D keypoints"));
  // The frontal camera is told by the picture's name, not by its folder's.
  EXPECT_EQ(left_out("h36m-p2"), "row 13 of known has no \"60457274\" in its picture's name");
  SampleEvaluation synthetic(FindProtocol("synthetic"), evaluation_body_);
  EXPECT_FALSE(synthetic.Add(people, people.Get(0), prediction_));
  EXPECT_TRUE(synthetic.Add(people, people.Get(1), prediction_));
}

// Masks of the built-in body, which is closed: some pixels of the picture of the body itself are
// changed, and so many are wrong.
TEST(MaskEvaluationTest, CountsThePixelsThatAreWrong) {
  const auto body = LoadBodyModel("builtin");
  const EvaluationBody evaluation_body(*body);
  BodyParams params(*body->layout);
  params.rotation(0) = Vec3(3, 0.2, 0.1);
  params.transl() = Vec3(0.1, -0.2, 5.5);
  Person sample;
  sample.box = {Vec2(20, 30), 60};
  sample.camera = Camera{150.5, {22.25, 33.5}};
  constexpr int kWidth = 47, kHeight = 63;
  RasterBuffers raster;
  Rasterise(PoseBody(*body, params).vertices, body->faces, *sample.camera, kWidth, kHeight,
            {.cull_back_faces = true}, &raster);
  const std::vector<uint8_t> part_of_face = PartsOfFaces(*body);
  ImageBuffer silhouette{kWidth, kHeight, 3, {}}, parts{kWidth, kHeight, 1, {}};
  int on_body = 0;
  for (const int32_t face : raster.face_idx) {
    const bool body_there = face >= 0;
    on_body += body_there;
    silhouette.pixels.insert(silhouette.pixels.end(), 3, body_there ? 255 : 0);
    parts.pixels.push_back(body_there ? part_of_face[face] : 0);
  }
  ASSERT_GT(on_body, 300);
  // The upper left corner is background: 5 pixels of it become body, 7 the right arm.
  for (int i = 0; i < 5; ++i) std::fill_n(&silhouette.pixels[3 * i], 3, 255);
  for (int i = 0; i < 7; ++i) parts.pixels[i] = 3;
  KnownPeople people({sample});
  people.silhouettes[10] = silhouette;
  people.parts[10] = parts;

  SampleEvaluation mask(FindProtocol("lsp-silhouette"), evaluation_body);
  EXPECT_TRUE(mask.Add(people, people.Get(0), params));
  const double pixels = kWidth * kHeight;
  EXPECT_NEAR(mask.Result().Get("accuracy").value, 1 - 5 / pixels, 1e-12);
  const double of_body = 2.0 * on_body / (2.0 * on_body + 5);
  const double background = pixels - on_body - 5;
  EXPECT_NEAR(mask.Result().Get("f1").value, (of_body + 2 * background / (2 * background + 5)) / 2,
              1e-12);

  SampleEvaluation of_parts(FindProtocol("lsp-parts"), evaluation_body);
  EXPECT_TRUE(of_parts.Add(people, people.Get(0), params));
  EXPECT_NEAR(of_parts.Result().Get("accuracy").value, 1 - 7 / pixels, 1e-12);
}

}  // namespace
}  // namespace gyre
