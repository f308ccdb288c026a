// SPDX-License-Identifier: Apache-2.0
#include "body/body_model.h"

#include <gtest/gtest.h>

#include "body/joints.h"
#include "body/model_joints.h"
#include "body/test_body.h"
#include "peers.h"
#include "core/error.h"
#include "core/so3.h"
#include "io/npz.h"

namespace gyre {
namespace {

double MaxDifference(const RowMatX& a, const RowMatX& b) { return (a - b).cwiseAbs().maxCoeff(); }

void SetParent(int joint, int parent, BodyModel* model) {
  BodyLayout layout = *model->layout;
  layout.parents[joint] = parent;
  model->layout = std::make_shared<BodyLayout>(layout);
}

TEST(PoseBody, ZeroPoseIsTheTemplate) {
  const BodyModel model = MakeRandomBody(1);
  const PosedBody posed = PoseBody(model, BodyParams(SmplLayout()));
  EXPECT_LT(MaxDifference(posed.vertices, model.v_template), 1e-14);
  EXPECT_LT(MaxDifference(posed.joints, RowMatX(model.J_regressor * model.v_template)), 1e-14);
}

TEST(PoseBody, ShapeIsLinearAndJointsFollow) {
  const BodyModel model = MakeRandomBody(2);
  BodyParams params{SmplLayout()};
  params.betas()[3] = 2;
  const PosedBody posed = PoseBody(model, params);
  for (int v = 0; v < model.num_vertices(); ++v) {
    for (int axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(posed.vertices(v, axis),
                  model.v_template(v, axis) + 2 * model.shapedirs(3 * v + axis, 3), 1e-14);
    }
  }
  EXPECT_LT(MaxDifference(posed.joints, RowMatX(model.J_regressor * posed.vertices)), 1e-13);
  const RestJoints rest(model);
  EXPECT_LT(MaxDifference(posed.joints, rest.At(params.betas())), 1e-13);
  EXPECT_LT((posed.joints.row(0).transpose() - rest.PelvisAt(params.shape())).norm(), 1e-14);
}

// Turning the root and translating moves the body rigidly about the pelvis, correctives included.
TEST(PoseBody, RootMovesTheBodyRigidly) {
  const BodyModel model = MakeRandomBody(3);
  Rng rng(1, RngStream::kTest);
  BodyParams params = RandomParams(rng);
  params.rotation(0).setZero();
  params.transl().setZero();
  const PosedBody before = PoseBody(model, params);
  const Vec3 turn(0.4, -2.0, 1.0), shift(1, 2, 30);
  params.rotation(0) = turn;
  params.transl() = shift;
  const PosedBody after = PoseBody(model, params);
  const Eigen::RowVector3d pelvis = RestJoints(model).PelvisAt(params.shape()).transpose();
  const Points3 expected =
      ((before.vertices.rowwise() - pelvis) * ExpSO3(turn).transpose()).rowwise() +
      (pelvis + shift.transpose());
  EXPECT_LT(MaxDifference(after.vertices, expected), 1e-12);
  EXPECT_LT((after.joints.row(0) - pelvis - shift.transpose()).norm(), 1e-13);
}

TEST(PoseBody, PoseFeatureIsRowByRow) {
  BodyParams params{SmplLayout()};
  params.rotation(5) = Vec3(0.3, -0.2, 0.9);
  const auto feature = PoseFeature(params);
  const Mat3 expected = ExpSO3(params.rotation(5)) - Mat3::Identity();
  for (int i = 0; i < kNumPoseFeatures; ++i) {
    const int in_block = i - 9 * 4;
    const double value = in_block >= 0 && in_block < 9 ? expected(in_block / 3, in_block % 3) : 0.0;
    EXPECT_NEAR(feature[i], value, 1e-15) << i;
  }
}

// Numbers of smplx's own forward on this body (float32), and of SPIN's 49 joints.
class GoldenBody : public testing::TestWithParam<const char*> {};

TEST_P(GoldenBody, EqualsSmplx) {
  const std::filesystem::path body = kSharedData / "body" / GetParam();
  const std::filesystem::path golden_path = PeersFolder() / "smplx_forward.npz";
  if (!std::filesystem::exists(body) || !std::filesystem::exists(golden_path)) {
    GTEST_SKIP() << "needs " << body << " and " << golden_path;
  }
  const auto model = LoadBodyModel(body.string(), kSharedData / "body/J_regressor_extra.npy");
  const Npz golden = ReadNpz(golden_path);
  const auto values = [&](const char* key) { return Get(golden, key, golden_path).As<double>(); };
  const std::vector<double> pose = values("pose"), betas = values("betas");
  const std::vector<double> vertices = values("vertices"), joints24 = values("joints24"),
                            joints49 = values("joints49");
  const int64_t count = golden.at("pose").dim(0);
  ASSERT_EQ(count, 12);
  for (int64_t i = 0; i < count; ++i) {
    BodyParams params{SmplLayout()};
    params.pose() = Eigen::Map<const Eigen::Matrix<double, kNumPoseParams, 1>>(&pose[i * 72]);
    params.betas() = Eigen::Map<const Eigen::Matrix<double, kNumShapeParams, 1>>(&betas[i * 10]);
    const PosedBody posed = PoseBody(*model, params);
    const auto points = [&](const std::vector<double>& all, int64_t n) {
      return Points3(Eigen::Map<const Points3>(&all[i * n * 3], n, 3));
    };
    EXPECT_LT(MaxDifference(posed.vertices, points(vertices, model->num_vertices())), 1e-5);
    EXPECT_LT(MaxDifference(posed.joints, points(joints24, 24)), 1e-5);
    EXPECT_LT(MaxDifference(RegressJoints(*model, SpinJoints(), posed), points(joints49, 49)),
              1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, GoldenBody,
                         testing::Values("cc0_body.npz", "smpl/SMPL_NEUTRAL.pkl"));

// Each fault is found, and the message names the model and the key.
TEST(CheckBodyModel, NamesTheKeyAtFault) {
  const auto expect_fault = [](const char* key, auto break_model) {
    BodyModel model = MakeRandomBody(4);
    break_model(model);
    try {
      CheckBodyModel(model);
      ADD_FAILURE() << "a fault in " << key << " went unnoticed";
    } catch (const UserError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.find(model.name), 0) << message;
      EXPECT_NE(message.find(key), std::string::npos) << message;
    }
  };
  EXPECT_NO_THROW(CheckBodyModel(MakeRandomBody(4)));
  const double nan = std::nan("");
  expect_fault("v_template", [](BodyModel& m) { m.v_template.resize(0, 3); });
  expect_fault("v_template", [&](BodyModel& m) { m.v_template(3, 1) = nan; });
  expect_fault("shapedirs", [](BodyModel& m) { m.shapedirs.conservativeResize(599, 10); });
  expect_fault("shapedirs", [](BodyModel& m) { m.shapedirs(7, 7) = HUGE_VAL; });
  expect_fault("posedirs", [](BodyModel& m) { m.posedirs.conservativeResize(600, 206); });
  expect_fault("posedirs", [&](BodyModel& m) { m.posedirs(0, 0) = nan; });
  expect_fault("J_regressor", [](BodyModel& m) { m.J_regressor.valuePtr()[0] += 0.1; });
  expect_fault("J_regressor", [&](BodyModel& m) { m.J_regressor.valuePtr()[0] = nan; });
  expect_fault("weights", [](BodyModel& m) { m.weights.valuePtr()[5] += 0.1; });
  expect_fault("weights", [](BodyModel& m) { m.weights.conservativeResize(200, 23); });
  expect_fault("J_regressor_extra", [&](BodyModel& m) { m.J_regressor_extra.valuePtr()[0] = nan; });
  expect_fault("J_regressor_extra",
               [](BodyModel& m) { m.J_regressor_extra.conservativeResize(8, 200); });
  expect_fault("kintree_table", [](BodyModel& m) { SetParent(0, 3, &m); });
  expect_fault("kintree_table", [](BodyModel& m) { SetParent(4, 7, &m); });
  expect_fault("kintree_table", [](BodyModel& m) { SetParent(4, -1, &m); });
  expect_fault(" f ", [](BodyModel& m) { m.faces(3, 2) = 200; });
  expect_fault(" f ", [](BodyModel& m) { m.faces(3, 2) = -1; });
  expect_fault(" f ", [](BodyModel& m) { m.faces.resize(0, 3); });
  expect_fault("landmark_vertices", [](BodyModel& m) { m.landmark_vertices[0] = 200; });
}

}  // namespace
}  // namespace gyre
