// SPDX-License-Identifier: Apache-2.0
// gyre body, as a script calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "body/model_joints.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

TEST(BodyCommand, MadeBodyIsDescribedAsOneJsonObject) {
  const ScratchFolder scratch;
  const std::string file = scratch / "body.npz";
  ASSERT_EQ(Gyre({"body", "make", "--out", file}).exit_code, 0);
  const ProgramResult result = Gyre({"body", "info", file, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["name"], file);
  EXPECT_EQ(json["vertices"], MakeBuiltinBody().num_vertices());
  EXPECT_EQ(json["joints"], 24);
  EXPECT_EQ(json["skeleton"].size(), 24);
}

TEST(BodyCommand, PoseWritesVerticesAndJoints) {
  const ScratchFolder scratch;
  std::vector<double> pose(2 * kNumPoseParams, 0.0), betas(2 * kNumShapeParams, 0.0);
  pose[kNumPoseParams + 3 * 18 + 1] = -1.0;  // the second row bends the left elbow
  const std::vector<double> transl = {0, 0, 0, 1, 2, 3};
  const auto write = [&](const std::string& name) {
    WriteNpz(scratch / name, {{"pose", NdArray::From<double>({2, kNumPoseParams}, pose)},
                              {"betas", NdArray::From<double>({2, kNumShapeParams}, betas)},
                              {"transl", NdArray::From<double>({2, 3}, transl)}});
    return (scratch / name).string();
  };
  const std::string in = write("in.npz"), out = scratch / "out.npz", objects = scratch / "obj";
  const ProgramResult result =
      Gyre({"body", "pose", "builtin", "--params", in, "--out", out, "--obj", objects});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const BodyModel model = MakeBuiltinBody();
  BodyParams params{SmplLayout()};
  params.pose()[3 * 18 + 1] = -1.0;
  params.transl() = Vec3{1, 2, 3};
  const PosedBody posed = PoseBody(model, params);
  const Npz written = ReadNpz(out);
  const auto expect_second_row = [&](const char* key, const Points3& expected) {
    const NdArray& array = written.at(key);
    array.CheckShape({2, expected.rows(), 3}, key);
    const std::vector<double> values = array.As<double>();
    const Eigen::Map<const Points3> row(values.data() + expected.size(), expected.rows(), 3);
    EXPECT_LT((row - expected).cwiseAbs().maxCoeff(), 1e-12) << key;
  };
  expect_second_row("vertices", posed.vertices);
  expect_second_row("joints24", posed.joints);
  expect_second_row("joints49", RegressJoints(model, SpinJoints(), posed));
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(objects) / "000001.obj"));

  betas[13] = std::nan("");
  const ProgramResult refused =
      Gyre({"body", "pose", "builtin", "--params", write("nan.npz"), "--out", out});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("nan.npz: betas: row 1"));
}

TEST(BodyCommand, WrongUseAndMissingFilesHaveTheirExitCodes) {
  EXPECT_EQ(Gyre({"body", "pose", "builtin"}).exit_code, 2);
  EXPECT_EQ(Gyre({"body", "bake"}).exit_code, 2);
  const ProgramResult missing = Gyre({"body", "info", "no-such-body.npz"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("gyre body import-makehuman"));
  EXPECT_EQ(missing.out, "");
}

}  // namespace
}  // namespace gyre
