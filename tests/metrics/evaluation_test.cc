// SPDX-License-Identifier: Apache-2.0
#include "metrics/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/rng.h"
#include "metrics/keypoint_scale.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Points3 RandomBody(int n, uint64_t seed) {
  Rng rng(seed, RngStream::kTest);
  Points3 points(n, 3);
  for (double& value : points.reshaped()) value = rng.Normal();
  return points;
}

TEST(Protocol, AllAreConsistentWithTheRegistry) {
  EXPECT_EQ(ProtocolNames().size(), 8);
  for (std::string_view name : ProtocolNames()) {
    const Protocol& protocol = FindProtocol(name);
    EXPECT_EQ(protocol.root.empty(), protocol.InImage());
    EXPECT_EQ(protocol.joints.empty(), protocol.truth >= Truth::kSilhouette);
    EXPECT_EQ(protocol.classes.empty(), protocol.truth < Truth::kSilhouette);
    EXPECT_FALSE(protocol.metrics.empty());
    const std::string text = Describe(protocol);
    EXPECT_THAT(text, HasSubstr(protocol.name));
    for (MetricKind kind : protocol.metrics) {
      EXPECT_THAT(text, HasSubstr(std::string(Info(kind).definition)));
    }
    EXPECT_THAT(text, HasSubstr(std::string(TruthText(protocol.truth))));
    Evaluation evaluation(protocol);  // rows are found
    EXPECT_EQ(evaluation.Result().samples, 0);
  }
  EXPECT_THROW(FindProtocol("p3"), UserError);
}

// What each published protocol compares, with what, about which root; the first metric is the one
// that papers print.
TEST(Protocol, ComparesWhatItsPaperCompares) {
  using enum MetricKind;
  struct Row {
    const char* name;
    Truth truth;
    const char* set;
    size_t joints;
    const char* last;
    std::vector<std::string> root;
    std::vector<MetricKind> metrics;
    const char* picture;
  };
  const std::vector<std::string> pelvis = {"Pelvis (MPII)"};
  const Row rows[] = {{"h36m-p1",
                       Truth::kJoints,
                       "h36m17",
                       14,
                       "Head (H36M)",
                       pelvis,
                       {kMpjpe, kPaMpjpe, kNMpjpe},
                       ""},
                      {"h36m-p2",
                       Truth::kJoints,
                       "h36m17",
                       14,
                       "Head (H36M)",
                       pelvis,
                       {kPaMpjpe, kMpjpe},
                       "60457274"},
                      {"mpi-inf-3dhp",
                       Truth::kJoints,
                       "h36m17",
                       17,
                       "Right Wrist",
                       pelvis,
                       {kPck150, kAuc, kMpjpe, kPaPck150, kPaAuc, kPaMpjpe},
                       ""},
                      {"3dpw",
                       Truth::kGenderedBody,
                       "h36m17",
                       14,
                       "Head (H36M)",
                       pelvis,
                       {kPaMpjpe, kMpjpe, kPve},
                       ""},
                      {"synthetic",
                       Truth::kBody,
                       "spin49",
                       14,
                       "Head (H36M)",
                       {"OP MidHip"},
                       {kPaMpjpe, kMpjpe, kNMpjpe, kPve, kPck150, kAuc},
                       ""},
                      {"lsp-2d",
                       Truth::kKeypoints,
                       "lsp14",
                       14,
                       "Top of Head (LSP)",
                       {},
                       {kPck20Torso, kPckh50, kBoxError},
                       ""}};
  for (const Row& row : rows) {
    const Protocol& protocol = FindProtocol(row.name);
    EXPECT_EQ(protocol.truth, row.truth) << row.name;
    EXPECT_EQ(protocol.set, row.set) << row.name;
    EXPECT_EQ(protocol.joints.size(), row.joints) << row.name;
    EXPECT_EQ(protocol.joints.back(), row.last) << row.name;
    EXPECT_EQ(protocol.root, row.root) << row.name;
    EXPECT_EQ(protocol.metrics, row.metrics) << row.name;
    EXPECT_EQ(protocol.picture, row.picture) << row.name;
  }
}

TEST(Protocol, SyntheticComparesTheRegistrysCommonJoints) {
  const Protocol& protocol = FindProtocol("synthetic");
  std::vector<int> rows;
  for (const std::string& joint : protocol.joints) rows.push_back(SpinJoints().IndexOf(joint));
  EXPECT_EQ(rows, Lsp14InSpin());
}

TEST(Evaluation, OfTruthIsPerfect) {
  Evaluation evaluation(FindProtocol("synthetic"));
  for (int i = 0; i < 3; ++i) {
    const Points3 truth = RandomBody(49, i), vertices = RandomBody(100, i + 10);
    evaluation.Add(truth, truth, VecX::Ones(49), vertices, vertices);
  }
  const EvaluationResult result = evaluation.Result();
  EXPECT_EQ(result.samples, 3);
  EXPECT_EQ(result.num_joints, 14);
  for (const char* key : {"mpjpe_mm", "pa_mpjpe_mm", "n_mpjpe_mm", "pve_mm"}) {
    EXPECT_NEAR(result.Get(key).value, 0, 1e-9) << key;
    EXPECT_EQ(result.Get(key).count, 3) << key;
  }
  EXPECT_DOUBLE_EQ(result.Get("pck150").value, 1);
  EXPECT_NEAR(result.Get("auc").value, 30.0 / 31, 1.01 / 31);
  EXPECT_EQ(result.Get("pck150").count, 3 * 14);
  EXPECT_THROW(result.Get("iou"), std::logic_error);
}

TEST(Evaluation, KnownPerturbationGivesTheKnownNumber) {
  // Both ankles and the head move by 200 mm; the root stays: 3 of 14 joints.
  const KeypointSet& set = SpinJoints();
  const Points3 truth = RandomBody(49, 1);
  Points3 moved = truth;
  for (const char* name : {"Right Ankle", "Left Ankle", "Head (H36M)"}) {
    moved(set.IndexOf(name), 2) += 0.2;
  }
  moved.row(set.IndexOf("OP Nose")).setConstant(99);  // no joint of the protocol
  Evaluation evaluation(FindProtocol("synthetic"));
  evaluation.Add(moved, truth, VecX::Ones(49));
  EvaluationResult result = evaluation.Result();
  EXPECT_NEAR(result.Get("mpjpe_mm").value, 200 * 3 / 14.0, 1e-9);
  EXPECT_NEAR(result.Get("pck150").value, 11 / 14.0, 1e-12);
  EXPECT_EQ(result.Get("pve_mm").count, 0);
  EXPECT_TRUE(std::isnan(result.Get("pve_mm").value));
  // A second sample moved as a whole: its error is zero, the mean halves.
  evaluation.Add(truth.rowwise() + Eigen::RowVector3d(1, 2, 3), truth, VecX::Ones(49));
  EXPECT_NEAR(evaluation.Result().Get("mpjpe_mm").value, 100 * 3 / 14.0, 1e-9);
  // And a third with its root moved by 40 mm: all joints are off by as much.
  Points3 off_root = truth;
  off_root(set.IndexOf("OP MidHip"), 0) += 0.04;
  Evaluation third(FindProtocol("synthetic"));
  third.Add(off_root, truth, VecX::Ones(49));
  EXPECT_NEAR(third.Result().Get("mpjpe_mm").value, 40, 1e-9);
  EXPECT_NEAR(third.Result().Get("pa_mpjpe_mm").value, 0, 1e-9);
}

TEST(Evaluation, PveIsRelativeToTheRoot) {
  const Points3 joints = RandomBody(49, 1), vertices = RandomBody(50, 2);
  const Eigen::RowVector3d away(0.5, -1, 4);
  Points3 moved = vertices.rowwise() + away;
  moved.col(1).array() += 0.03;
  Evaluation evaluation(FindProtocol("synthetic"));
  evaluation.Add(joints.rowwise() + away, joints, VecX::Ones(49), moved, vertices);
  EXPECT_NEAR(evaluation.Result().Get("pve_mm").value, 30, 1e-9);
}

TEST(Evaluation, MissingRootsAndFailedPredictions) {
  Evaluation evaluation(FindProtocol("synthetic"));
  const Points3 truth = RandomBody(49, 1);
  VecX rootless = VecX::Ones(49);
  rootless[SpinJoints().IndexOf("OP MidHip")] = 0;
  evaluation.Add(truth, truth, rootless);
  Points3 broken = truth;
  broken.row(SpinJoints().IndexOf("Left Knee")).setConstant(kNaN);
  evaluation.Add(broken, truth, VecX::Ones(49));
  evaluation.Add(truth, truth, VecX::Zero(49));  // nothing known of this one
  const EvaluationResult result = evaluation.Result();
  EXPECT_EQ(result.samples, 3);
  EXPECT_EQ(result.Get("mpjpe_mm").count, 1);
  EXPECT_EQ(result.Get("mpjpe_mm").failed, 1);
  EXPECT_TRUE(std::isnan(result.Get("mpjpe_mm").value));
  EXPECT_EQ(result.Get("pa_mpjpe_mm").count, 2);
  EXPECT_EQ(result.Get("pa_mpjpe_mm").failed, 1);
  EXPECT_NEAR(result.Get("pa_mpjpe_mm").value, 0, 1e-9);
  EXPECT_DOUBLE_EQ(result.Get("pck150").value, 13 / 14.0);
}

TEST(Evaluation, MergesToTheSameAsOne) {
  Evaluation a(FindProtocol("3dpw")), b(FindProtocol("3dpw")), whole(FindProtocol("3dpw"));
  for (int i = 0; i < 6; ++i) {
    const Points3 truth = RandomBody(17, i), guess = truth + 0.1 * RandomBody(17, i + 50);
    (i % 2 ? a : b).Add(guess, truth, VecX::Ones(17));
    whole.Add(guess, truth, VecX::Ones(17));
  }
  a.Merge(b);
  EXPECT_NEAR(a.Result().Get("pa_mpjpe_mm").value, whole.Result().Get("pa_mpjpe_mm").value, 1e-9);
  EXPECT_EQ(a.Result().samples, 6);
}

// An upright figure of LSP's joints: shoulders 40 px apart, torso 60 px high, head 20 px long.
Points2 Figure() {
  const KeypointSet& set = FindKeypointSet("lsp14");
  Points2 points = Points2::Constant(14, 2, 50);
  const auto put = [&](const char* name, double x, double y) {
    points.row(set.IndexOf(name)) << x, y;
  };
  put("Right Shoulder", 30, 40);
  put("Left Shoulder", 70, 40);
  put("Right Hip", 38, 100);
  put("Left Hip", 75, 100);
  put("Neck (LSP)", 50, 36);
  put("Top of Head (LSP)", 50, 16);
  return points;
}

TEST(KeypointScale, TorsoIsRightShoulderToLeftHipAndHeadNeckToTop) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  const Points2 figure = Figure();
  EXPECT_DOUBLE_EQ(*TorsoDiameterPx(figure, VecX::Ones(14), set), 75);
  EXPECT_DOUBLE_EQ(*HeadLengthPx(figure, VecX::Ones(14), set), 20);
  VecX hidden = VecX::Ones(14);
  hidden[set.IndexOf("Left Hip")] = 0;
  EXPECT_FALSE(TorsoDiameterPx(figure, hidden, set));
  EXPECT_FALSE(TorsoDiameterPx(Points2::Zero(14, 2), VecX::Ones(14), set));
  EXPECT_FALSE(HeadLengthPx(Points2::Constant(14, 2, kNaN), VecX::Ones(14), set));
  // COCO has no neck.
  EXPECT_FALSE(HeadLengthPx(Points2::Random(17, 2), VecX::Ones(17), FindKeypointSet("coco17")));
}

TEST(Evaluation, KeypointsInTheImage) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  const Points2 truth = Figure();
  Points2 guess = truth;
  guess(set.IndexOf("Left Wrist"), 0) += 14;  // < 0.2 * 75, > 0.5 * 20
  guess(set.IndexOf("Left Ankle"), 1) += 16;  // > 0.2 * 75
  guess(set.IndexOf("Right Knee"), 1) += 500;
  VecX visible = VecX::Ones(14);
  visible[set.IndexOf("Right Knee")] = 0;
  Evaluation evaluation(FindProtocol("lsp-2d"));
  evaluation.Add(guess, truth, visible, 200);
  const EvaluationResult result = evaluation.Result();
  EXPECT_DOUBLE_EQ(result.Get("pck20_torso").value, 12 / 13.0);
  EXPECT_DOUBLE_EQ(result.Get("pckh50").value, 11 / 13.0);
  EXPECT_DOUBLE_EQ(result.Get("box_error").value, 30 / 13.0 / 200);
  EXPECT_EQ(result.Get("pck20_torso").count, 13);
  EXPECT_THROW(evaluation.Add(Points3(14, 3), Points3(14, 3), visible), std::logic_error);
}

// All joints are off by a known length, the torso's and the head's among them: the guess' own torso
// is 80 px long, its head 40, where the truth's are 75 and 20.
TEST(Evaluation, LengthsInTheImageAreThoseOfTheTruth) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  const Points2 truth = Figure();
  Points2 guess = truth.rowwise() + Eigen::RowVector2d(0, 15.5);  // < 0.2 * 80
  guess.row(set.IndexOf("Right Shoulder")) = Eigen::RowVector2d(30, 35.5);
  guess.row(set.IndexOf("Left Hip")) = Eigen::RowVector2d(30, 115.5);
  guess.row(set.IndexOf("Neck (LSP)")) += Eigen::RowVector2d(0, 10);
  guess.row(set.IndexOf("Top of Head (LSP)")) -= Eigen::RowVector2d(0, 10);
  EXPECT_EQ(*TorsoDiameterPx(guess, VecX::Ones(14), set), 80);
  EXPECT_EQ(*HeadLengthPx(guess, VecX::Ones(14), set), 40);
  Evaluation evaluation(FindProtocol("lsp-2d"));
  evaluation.Add(guess, truth, VecX::Constant(14, 0.5), 160);
  const EvaluationResult result = evaluation.Result();
  // Below 0.2 * 75 = 15: the right shoulder (4.5) and the top of the head (5.5).
  EXPECT_DOUBLE_EQ(result.Get("pck20_torso").value, 2 / 14.0);
  EXPECT_DOUBLE_EQ(result.Get("pckh50").value, 2 / 14.0);
  const double left_hip = std::hypot(45, 15.5);
  EXPECT_DOUBLE_EQ(result.Get("box_error").value,
                   (10 * 15.5 + left_hip + 4.5 + 25.5 + 5.5) / 14 / 160);
}

// Errors around both thresholds: 0.2 of the torso's 75 px and half of the head's 20 px.
TEST(Evaluation, SharesInTheImageHaveTheirThresholds) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  const Points2 truth = Figure();
  const auto shares = [&](double error_px) {
    Points2 guess = truth;
    guess(set.IndexOf("Left Wrist"), 1) -= error_px;
    Evaluation evaluation(FindProtocol("lsp-2d"));
    evaluation.Add(guess, truth, VecX::Ones(14), 333);
    const EvaluationResult result = evaluation.Result();
    EXPECT_DOUBLE_EQ(result.Get("box_error").value, error_px / 14 / 333);
    return std::pair(std::lround(14 * result.Get("pck20_torso").value),
                     std::lround(14 * result.Get("pckh50").value));
  };
  EXPECT_EQ(shares(9.9), std::pair(14L, 14L));
  EXPECT_EQ(shares(10.1), std::pair(14L, 13L));
  EXPECT_EQ(shares(14.9), std::pair(14L, 13L));
  EXPECT_EQ(shares(15.1), std::pair(13L, 13L));
}

// Samples without a torso or a head take part in what does not need them.
TEST(Evaluation, PeopleWithoutTorsoOrHeadStillHaveABoxError) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  VecX visible = VecX::Ones(14);
  visible[set.IndexOf("Right Shoulder")] = 0;
  Evaluation evaluation(FindProtocol("lsp-2d"));
  evaluation.Add(Figure(), Figure(), visible, 160);
  visible[set.IndexOf("Right Shoulder")] = 1;
  visible[set.IndexOf("Neck (LSP)")] = 0;
  evaluation.Add(Figure(), Figure(), visible, 160);
  const EvaluationResult result = evaluation.Result();
  EXPECT_EQ(result.Get("pck20_torso").count, 13);
  EXPECT_EQ(result.Get("pckh50").count, 13);
  EXPECT_EQ(result.Get("box_error").count, 2);
  EXPECT_THROW(evaluation.Add(Figure(), Figure(), visible, 0), std::logic_error);
}

// Four samples whose errors, 11, 21, 31 and 71 mm, have a mean that is no median: the answer of
// numpy.median and numpy.percentile(..., 90).
TEST(Evaluation, MeansComeWithTheirMedianAndPercentile) {
  const Points3 truth = RandomBody(49, 1);
  Evaluation evaluation(FindProtocol("synthetic"));
  for (const double error_mm : {31.0, 11.0, 71.0, 21.0}) {
    Points3 moved = truth.rowwise() + Eigen::RowVector3d(0, error_mm / 1000, 0);
    moved.row(SpinJoints().IndexOf("OP MidHip")) = truth.row(SpinJoints().IndexOf("OP MidHip"));
    evaluation.Add(moved, truth, VecX::Constant(49, 0.5));
  }
  const EvaluationResult result = evaluation.Result();
  EXPECT_NEAR(result.Get("mpjpe_mm").value, 33.5, 1e-9);
  EXPECT_NEAR(result.Get("mpjpe_mm").median, 26, 1e-9);
  EXPECT_NEAR(result.Get("mpjpe_mm").p90, 59, 1e-9);
  EXPECT_TRUE(std::isnan(result.Get("pck150").median));
  EXPECT_TRUE(std::isnan(result.Get("auc").p90));
  // Of 5, ..., 150 mm those beyond 11, 21, 31 and 71: 28 + 26 + 24 + 16 of 4 * 31.
  EXPECT_NEAR(result.Get("auc").value, (28 + 26 + 24 + 16) / (4.0 * 31), 1e-12);
}

// A root that is the mean of two joints, and metrics in another order than elsewhere.
TEST(Evaluation, TakesProtocolsWithTwoRootJoints) {
  Protocol protocol = FindProtocol("synthetic");
  protocol.root = {"OP RHip", "OP LHip"};
  protocol.joints = {"OP LKnee", "OP Nose", "OP RHip"};
  protocol.metrics = {MetricKind::kPaPck150, MetricKind::kPve, MetricKind::kMpjpe};
  const Points3 truth = RandomBody(49, 3), vertices = RandomBody(5, 4);
  Points3 guess = truth;
  guess(SpinJoints().IndexOf("OP LHip"), 2) += 0.12;  // the root moves by 0.06
  guess(SpinJoints().IndexOf("OP LKnee"), 2) += 0.36;
  Evaluation evaluation(protocol);
  evaluation.Add(guess, truth, VecX::Ones(49), vertices, vertices);
  EvaluationResult result = evaluation.Result();
  EXPECT_NEAR(result.Get("mpjpe_mm").value, (300 + 60 + 60) / 3.0, 1e-9);
  EXPECT_NEAR(result.Get("pve_mm").value, 60, 1e-9);
  EXPECT_EQ(result.Get("pa_pck150").count, 3);
  EXPECT_EQ(result.root, "OP RHip, OP LHip");
  EXPECT_EQ(result.metrics.front().label, "PA-PCK@150");
  // Without one of the two there is no root.
  VecX visible = VecX::Ones(49);
  visible[SpinJoints().IndexOf("OP LHip")] = 0;
  evaluation.Add(guess, truth, visible, vertices, vertices);
  result = evaluation.Result();
  EXPECT_EQ(result.Get("mpjpe_mm").count, 1);
  EXPECT_EQ(result.Get("pve_mm").count, 1);
  EXPECT_EQ(result.Get("pa_pck150").count, 6);
  EXPECT_EQ(result.samples, 2);
}

TEST(Evaluation, MasksAreCountedOverAllPixels) {
  Evaluation evaluation(FindProtocol("lsp-silhouette")), other(FindProtocol("lsp-silhouette"));
  evaluation.Add(std::vector<uint8_t>{1, 1, 1, 0}, std::vector<uint8_t>{1, 1, 1, 0});
  other.Add(std::vector<uint8_t>{1, 0}, std::vector<uint8_t>{0, 0});
  evaluation.Merge(other);
  const EvaluationResult result = evaluation.Result();
  EXPECT_EQ(result.samples, 2);
  EXPECT_DOUBLE_EQ(result.Get("accuracy").value, 5 / 6.0);
  EXPECT_DOUBLE_EQ(result.Get("f1").value, (6 / 7.0 + 4 / 5.0) / 2);
  EXPECT_EQ(result.Get("f1").count, 6);
  EXPECT_EQ(ToJson(result)["classes"], 2);
  EXPECT_THAT(FormatTable(result), HasSubstr("2 samples, 2 classes of pixels"));
  EXPECT_THROW(evaluation.Add(Points2(0, 2), Points2(0, 2), VecX(0), 1), std::logic_error);
}

TEST(Evaluation, JsonAndTable) {
  Evaluation evaluation(FindProtocol("3dpw"));
  const Points3 truth = RandomBody(17, 1);
  evaluation.Add(truth, truth, VecX::Ones(17));
  const nlohmann::json json = ToJson(evaluation.Result());
  EXPECT_EQ(json["protocol"], "3dpw");
  EXPECT_EQ(json["samples"], 1);
  EXPECT_EQ(json["metrics"]["pa_mpjpe_mm"]["unit"], "mm");
  EXPECT_NEAR(json["metrics"]["pa_mpjpe_mm"]["value"].get<double>(), 0, 1e-9);
  EXPECT_TRUE(json["metrics"]["pve_mm"]["value"].is_null());
  const std::string table = FormatTable(evaluation.Result());
  EXPECT_THAT(table, HasSubstr("PA-MPJPE"));
  EXPECT_THAT(table, HasSubstr("Procrustes"));
  EXPECT_THAT(table, HasSubstr("Pelvis (MPII)"));
}

}  // namespace
}  // namespace gyre
