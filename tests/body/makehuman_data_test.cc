// SPDX-License-Identifier: Apache-2.0
// MakeHuman's default skeleton, on ten vertices.
#include "body/makehuman_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class MakeHumanDataTest : public testing::Test {
 protected:
  MakeHumanDataTest() : folder_(fs::path(testing::TempDir()) / "makehuman_ten_vertices") {
    fs::remove_all(folder_);
    std::string mesh;
    for (int v = 0; v < 10; ++v) mesh += fmt::format("v {} {} {}\n", v, v * v, 3 - v);
    Write("3dobjs/base.obj", mesh + "f 4 4 4\n");  // a point: nothing is smoothed
    // Eight vertices are the body, four of them eyes.
    Write("mesh_metadata/basemesh_vertex_groups.json",
          R"({"body": [[0, 3]], "helper-l-eye": [[5, 6]], "helper-r-eye": [[7, 8]],
              "joint-mouth": [[9, 9], [2, 2]]})");
    for (const MakeHumanRig::JointRule& rule : MakeHumanRigOf(MakeHumanLayout::kSmplx).rules) {
      for (const std::string& bone : rule.bones) AddBone(bone, "", {0});
    }
    skeleton_["joints"]["head of wrist.L"] = {1, 2, 5};
    AddBone("metacarpal1.L", "wrist.L", {0});
    AddBone("special04", "jaw", {0});
    AddBone("oris01", "special04", {0});
    weights_ = Json::parse(R"({"upperarm01.L": [[0, 0.3]], "wrist.L": [[0, 0.2]],
                               "metacarpal1.L": [[0, 0.7]], "oris01": [[1, 0.5]],
                               "head": [[2, 0.5]], "eye.L": [[2, 0.1], [5, 0.2]],
                               "spine05": [[3, 1]], "eye.R": [[1, 0.5], [7, 1]]})");
  }
  ~MakeHumanDataTest() override { fs::remove_all(folder_); }

  void Write(const std::string& file, const std::string& content) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << content;
  }
  void AddBone(const std::string& name, const std::string& parent, std::vector<int> head) {
    skeleton_["bones"][name]["head"] = "head of " + name;
    skeleton_["bones"][name]["parent"] = parent.empty() ? Json() : Json(parent);
    skeleton_["joints"]["head of " + name] = std::move(head);
  }
  MakeHumanData Read() const {
    Write("rigs/default.mhskel", skeleton_.dump());
    Write("rigs/default_weights.mhw", Json{{"weights", weights_}}.dump());
    fs::create_directories(folder_ / "targets/expression/units");
    return MakeHumanData(folder_, MakeHumanRigOf(MakeHumanLayout::kSmplx));
  }
  std::string Refusal() const {
    try {
      Read();
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
  Json skeleton_, weights_;
};

TEST_F(MakeHumanDataTest, JointsAreMeansOfTheVerticesThatTheBoneStartsAt) {
  const MakeHumanData data = Read();
  const BodyLayout& layout = *data.rig().layout;
  const Points3 joints = data.Joints(data.base());
  // Of (1, 1, 2), (2, 4, 1) and (5, 25, -2) decimetres.
  const Vec3 wrist = joints.row(layout.IndexOf("L_Wrist"));
  EXPECT_LT((wrist - Vec3(8, 30, 1) / 30).norm(), 1e-12) << wrist;
  EXPECT_LT((Vec3(joints.row(layout.IndexOf("R_Pinky3"))) - Vec3(0, 0, 0.3)).norm(), 1e-12);
  EXPECT_THAT(data.body(), testing::ElementsAre(0, 1, 2, 3, 5, 6, 7, 8));
  // Of vertices 2 and 9: (2, 4, 1) and (9, 81, -6) decimetres.
  EXPECT_LT((data.CubeCenter(data.base(), "joint-mouth") - Vec3(0.55, 4.25, -0.25)).norm(), 1e-12);
}

TEST_F(MakeHumanDataTest, BonesWithoutARuleMoveWithTheNearestBoneAboveThatHasOne) {
  const MakeHumanData data = Read();
  const BodyLayout& layout = *data.rig().layout;
  const auto weight = [&](int v, const char* joint) {
    return data.weights().coeff(v, layout.IndexOf(joint));
  };
  EXPECT_NEAR(weight(0, "L_Wrist"), 0.75, 1e-12);  // 0.2 and 0.7 of 1.2
  EXPECT_NEAR(weight(0, "L_Shoulder"), 0.25, 1e-12);
  EXPECT_NEAR(weight(1, "Jaw"), 0.5, 1e-12);
  EXPECT_NEAR(weight(3, "Pelvis"), 1, 1e-12);
  // Lids stay with the head, eyeballs are the eyes' alone.
  EXPECT_NEAR(weight(1, "Head"), 0.5, 1e-12);
  EXPECT_NEAR(weight(2, "Head"), 1, 1e-12);
  EXPECT_EQ(weight(2, "L_Eye"), 0);
  for (int v : {4, 5}) EXPECT_EQ(weight(v, "L_Eye"), 1) << v;
  for (int v : {6, 7}) EXPECT_EQ(weight(v, "R_Eye"), 1) << v;
}

TEST_F(MakeHumanDataTest, AUnitIsTheMeanOfThreeFacesAndMayBePlainText) {
  const MakeHumanData data = Read();
  const std::string units = "targets/expression/units/";
  Write(units + "african/wink.target", "# by hand\n1 1 0 0\n");
  Write(units + "asian/wink.target", "1 2 0 0\r\n");
  Write(units + "caucasian/wink.target", "1 0 3 -6\n9 0 0 .3\n");
  Points3 vertices = data.base();
  data.AddUnit("wink", 0.5, &vertices);
  vertices -= data.base();
  EXPECT_LT((vertices.row(1) - Eigen::RowVector3d(0.05, 0.05, -0.1)).norm(), 1e-12);
  EXPECT_LT((vertices.row(9) - Eigen::RowVector3d(0, 0, 0.005)).norm(), 1e-12);
  EXPECT_EQ(vertices.row(0).norm(), 0);
}

TEST_F(MakeHumanDataTest, BonesThatHangNowhereAndWhatIsAbsentAreNamed) {
  EXPECT_EQ(Refusal(), "");
  AddBone("loose", "", {0});
  EXPECT_THAT(Refusal(), testing::HasSubstr("bone loose: hangs on no bone of the body"));
  AddBone("loose", "looser", {0});
  AddBone("looser", "loose", {0});
  EXPECT_THAT(Refusal(), testing::HasSubstr("hangs on no bone of the body"));
  skeleton_["bones"].erase("loose");
  skeleton_["bones"].erase("looser");
  skeleton_["joints"].erase("head of finger5-3.R");
  EXPECT_THAT(Refusal(), testing::HasSubstr("head of finger5-3.R"));
  fs::remove(folder_ / "rigs/default.mhskel");
  fs::remove_all(folder_ / "targets");
  try {
    MakeHumanData(folder_, MakeHumanRigOf(MakeHumanLayout::kSmplx));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("makehuman_ten_vertices/rigs/default.mhskel"));
    EXPECT_THAT(error.what(), testing::HasSubstr("makehuman_ten_vertices_extra/rigs/default"));
  }
}

}  // namespace
}  // namespace gyre
