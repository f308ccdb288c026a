// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <filesystem>
#include <fstream>

#include "core/error.h"

namespace gyre {
namespace {

const std::filesystem::path kFolder = "../shared/data/makehuman";

class MakeHumanTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << kFolder << " is absent";
  }
  static const BodyModel& Body() {
    static const BodyModel body = ImportMakeHuman(kFolder);
    return body;
  }
};

TEST_F(MakeHumanTest, IsAValidBodyOfAnAdultInTPose) {
  const BodyModel& body = Body();
  EXPECT_NO_THROW(CheckBodyModel(body));
  EXPECT_EQ(body.num_vertices(), 13380);
  const Eigen::RowVector3d extent =
      body.v_template.colwise().maxCoeff() - body.v_template.colwise().minCoeff();
  EXPECT_NEAR(extent.y(), 1.675, 0.05);             // the CC0 body of the same mesh: 1.675 m
  EXPECT_NEAR(extent.x() / extent.y(), 1.0, 0.06);  // arm span
  const Points3 joints = body.J_regressor * body.v_template;
  EXPECT_NEAR(joints(0, 1), -0.22, 1e-9);
  for (int side = 0; side < 2; ++side) {
    for (int k : {18, 20, 22}) EXPECT_NEAR(joints(k + side, 1), joints(16 + side, 1), 1e-6);
    EXPECT_GT((side ? -1 : 1) * joints(16 + side, 0), 0.1);
  }
  EXPECT_GT(body.v_template(body.landmark_vertices[0], 2), joints(15, 2) + 0.05);  // faces +z
}

TEST_F(MakeHumanTest, BonesAreAsLongAsThoseOfTheCc0Body) {
  // Lengths of cc0_body.npz, which another program built from the same mesh and rig.
  const Points3 joints = Body().J_regressor * Body().v_template;
  const auto length = [&](int a, int b) { return (joints.row(a) - joints.row(b)).norm(); };
  EXPECT_NEAR(length(1, 4), 0.392, 0.02);
  EXPECT_NEAR(length(4, 7), 0.415, 0.02);
  EXPECT_NEAR(length(16, 18), 0.241, 0.02);
  EXPECT_NEAR(length(18, 20), 0.237, 0.02);
  EXPECT_NEAR(length(1, 2), 0.212, 0.02);
  EXPECT_NEAR(length(20, 22), 0.096, 0.02);
}

TEST_F(MakeHumanTest, ShapesAreOrthogonalAndFallOff) {
  const Eigen::MatrixXd gram = Body().shapedirs.transpose() * Body().shapedirs;
  for (int i = 0; i < kNumShapeParams; ++i) {
    EXPECT_GT(gram(i, i), 0);
    if (i > 0) {
      EXPECT_LE(gram(i, i), gram(i - 1, i - 1));
    }
    for (int j = 0; j < i; ++j) {
      EXPECT_LT(std::abs(gram(i, j)), 1e-6 * std::sqrt(gram(i, i) * gram(j, j)));
    }
  }
  BodyParams tall{SmplLayout()};
  tall.betas()[0] = 1;
  const Points3 vertices = PoseBody(Body(), tall).vertices;
  const double taller = vertices.col(1).maxCoeff() - vertices.col(1).minCoeff() -
                        (Body().v_template.col(1).maxCoeff() - Body().v_template.col(1).minCoeff());
  EXPECT_GT(taller, 0.04);
  EXPECT_LT(taller, 0.11);
}

TEST_F(MakeHumanTest, LandmarksAreOnTheirSides) {
  const auto at = [&](int i) -> Vec3 { return Body().v_template.row(Body().landmark_vertices[i]); };
  EXPECT_NEAR(at(0).x(), 0, 1e-3);
  for (int right : {1, 3, 8, 9, 10, 16, 17, 18, 19, 20}) EXPECT_LT(at(right).x(), -0.02) << right;
  for (int left : {2, 4, 5, 6, 7, 11, 12, 13, 14, 15}) EXPECT_GT(at(left).x(), 0.02) << left;
  EXPECT_GT(at(5).z() - at(7).z(), 0.2);
  EXPECT_GT(at(11).z(), at(15).z());  // thumbs forward: palms down
}

// A copy of the small files in which one is replaced.
class BrokenMakeHumanTest : public MakeHumanTest {
 protected:
  void ExpectError(const std::string& file, const std::string& content, const std::string& named) {
    const std::filesystem::path copy =
        std::filesystem::path(testing::TempDir()) / "makehuman_broken";
    std::filesystem::remove_all(copy);
    std::filesystem::create_directories(copy);
    for (const char* part : {"3dobjs", "mesh_metadata", "rigs"}) {
      std::filesystem::copy(kFolder / part, copy / part, std::filesystem::copy_options::recursive);
    }
    std::filesystem::create_directories((copy / file).parent_path());
    std::filesystem::remove(copy / file);
    if (content != "(missing)") std::ofstream(copy / file) << content;
    try {
      ImportMakeHuman(copy);
      ADD_FAILURE() << file << " was accepted";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(named));
    }
    std::filesystem::remove_all(copy);
  }
};

TEST_F(BrokenMakeHumanTest, EachFileIsNamedWhenItIsMissingEmptyOrWrong) {
  const char* const kGroups = "mesh_metadata/basemesh_vertex_groups.json";
  const char* const kRig = "rigs/standard/rig.cmu_mb.json";
  const char* const kWeights = "rigs/standard/weights.cmu_mb.json";
  for (const char* const file : {"3dobjs/base.obj", kGroups, kRig, kWeights}) {
    const std::string name = std::filesystem::path(file).filename().string();
    ExpectError(file, "(missing)", name);
    ExpectError(file, "", name);
    ExpectError(file, "\x01\x02[[[{", name);
    ExpectError(file, "[1, 2, 3]", name);
  }
  ExpectError(kGroups, R"({"body": [[0, 99999999]]})", "basemesh_vertex_groups.json");
  ExpectError(kGroups, R"({"body": [[0, 10], [0, "x"]]})", "basemesh_vertex_groups.json");
  ExpectError(kGroups, R"({"body": [[0, 9], [0, 9], [0, 9]]})", "no group");
  ExpectError(kRig, R"({"Hips": {"head": {"strategy": "MAGIC"}}})", "MAGIC");
  ExpectError(kRig, R"({"Hips": {"head": {"strategy": "MEAN", "vertex_indices": []}}})", "Hips");
  ExpectError(kWeights, R"({"weights": {"LHipJoint": [[0, 2.0]]}})", "LHipJoint");
  ExpectError(kWeights, R"({"weights": {"LHipJoint": [[-1, 0.5]]}})", "LHipJoint");
  ExpectError("targets/macrodetails/african-female-young.target.gz", "not gzip",
              "african-female-young.target.gz");
}

TEST(MakeHuman, AMissingFolderIsNamed) {
  try {
    ImportMakeHuman("/nonexistent/makehuman");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("/nonexistent/makehuman"));
  }
}

}  // namespace
}  // namespace gyre
