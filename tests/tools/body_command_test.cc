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

TEST(BodyCommand, AnUnknownLayoutIsRefused) {
  const ProgramResult result =
      Gyre({"body", "import-makehuman", ".", "--layout", "flame", "--out", "x.npz"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--layout: 'flame' is not one of smpl, smplx"));
}

TEST(BodyCommand, AFolderWithoutFingersSaysWhatIsMissing) {
  const ScratchFolder scratch;
  const ProgramResult result = Gyre(
      {"body", "import-makehuman", scratch / "", "--layout", "smplx", "--out", scratch / "x.npz"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("rigs/default.mhskel"));
  EXPECT_THAT(result.err, HasSubstr("--extra"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "x.npz"));
}

TEST(BodyCommand, ImportsABodyWithHandsAndFaceAndPosesIt) {
  const std::filesystem::path data = "../shared/data";
  if (!std::filesystem::exists(data / "makehuman_extra")) {
    GTEST_SKIP() << data / "makehuman_extra"
                 << " is absent";
  }
  const ScratchFolder scratch;
  const std::string body = scratch / "body.npz", in = scratch / "in.npz";
  const std::string out = scratch / "out.npz";
  const ProgramResult made = Gyre({"body", "import-makehuman", data / "makehuman", "--layout",
                                   "smplx", "--extra", data / "makehuman_extra", "--out", body});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const ProgramResult info = Gyre({"body", "info", body});
  EXPECT_THAT(info.out, HasSubstr("SMPL-X: 55 joints"));
  EXPECT_THAT(info.out, HasSubstr("13524 vertices"));
  EXPECT_THAT(info.out, HasSubstr("10 of expression, pose correctives"));
  EXPECT_THAT(info.out, HasSubstr("21 of 21 landmarks"));

  // The second row closes the right fist, opens the mouth and stands elsewhere.
  std::vector<double> pose(2 * 165, 0.0), betas(2 * 10, 0.0), expression(2 * 10, 0.0);
  const std::vector<double> transl = {0, 0, 0, 0.5, 0.25, -1};
  for (int joint = 40; joint < 52; ++joint) pose[165 + 3 * joint + 2] = 1.1;
  expression[10] = 2;
  WriteNpz(in, {{"pose", NdArray::From<double>({2, 165}, pose)},
                {"betas", NdArray::From<double>({2, 10}, betas)},
                {"expression", NdArray::From<double>({2, 10}, expression)},
                {"transl", NdArray::From<double>({2, 3}, transl)}});
  const ProgramResult posed = Gyre({"body", "pose", body, "--params", in, "--out", out});
  ASSERT_EQ(posed.exit_code, 0) << posed.err;
  const Npz written = ReadNpz(out);
  written.at("vertices").CheckShape({2, 13524, 3}, "vertices");
  written.at("landmarks").CheckShape({2, 21 + 51 + 17, 3}, "landmarks");
  const std::vector<double> landmarks = written.at("landmarks").As<double>();
  const auto y = [&](int row, int landmark) { return landmarks[3 * (row * 89 + landmark) + 1]; };
  EXPECT_LT(y(1, 17) - 0.25, y(0, 17) - 0.01);      // the right forefinger's tip
  EXPECT_NEAR(y(1, 12) - 0.25, y(0, 12), 1e-9);     // the left one's
  EXPECT_GT(y(1, 21 + 45) - y(1, 21 + 49), 0.008);  // iBUG's 62 and 66: the lips
  EXPECT_LT(y(0, 21 + 45) - y(0, 21 + 49), 0.005);
}

}  // namespace
}  // namespace gyre
