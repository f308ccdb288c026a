// SPDX-License-Identifier: Apache-2.0
// OpenPose's keypoints on SMPL-X against the index maps and joints of smplx and SMPLify-X
// (openpose_map.npz, smplx_forward.npz).
#include <gtest/gtest.h>

#include <numbers>

#include "body/model_joints.h"
#include "body/smplx_numbers.h"
#include "body/test_body.h"
#include "core/so3.h"
#include "io/npz.h"
#include "peers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class GoldenOpenPoseMap : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path folder = PeersFolder() / "smplx", body = kSharedData / "body_x/cc0_body_x.npz";
    if (!fs::exists(folder / "openpose_map.npz") || !fs::exists(body)) {
      GTEST_SKIP() << folder << " or " << body << " is not there";
    }
    golden_ = ReadNpz(folder / "openpose_map.npz");
    forward_ = ReadNpz(folder / "smplx_forward.npz");
    model_ = LoadBodyModel(body.string());
  }

  static RowMatX Rows(const Npz& npz, const std::string& key) {
    const NdArray& array = npz.at(key);
    const std::vector<double> values = array.As<double>(key);
    return Eigen::Map<const RowMatX>(values.data(), array.dim(0), array.size() / array.dim(0));
  }

  Npz golden_, forward_;
  std::shared_ptr<const BodyModel> model_;
};

// The set's joints [first, end) of some ranges.
KeypointSet Part(std::initializer_list<std::pair<int, int>> ranges) {
  const KeypointSet& all = FindKeypointSet("openpose135");
  KeypointSet part{"part", {}};
  for (const auto& [first, end] : ranges) {
    part.joints.insert(part.joints.end(), all.joints.begin() + first, all.joints.begin() + end);
  }
  return part;
}

TEST_F(GoldenOpenPoseMap, NumbersOfEverySet) {
  const auto expect = [&](const std::string& key, const BodyLayout& layout,
                          const KeypointSet& set) {
    const std::vector<int> expected = golden_.at(key).As<int>(key);
    EXPECT_EQ(SmplxNumbers(layout, set, /*feet=*/!key.starts_with("coco19")), expected) << key;
  };
  const std::pair<int, int> hands{25, 67}, face{67, 118}, contour{118, 135};
  for (const auto& [name, body] : {std::pair<std::string, int>{"coco25", 25}, {"coco19", 19}}) {
    const std::pair<int, int> joints{0, body};
    const BodyLayout& layout = *model_->layout;
    expect(name + "_hands0_face0_contour0", layout, Part({joints}));
    expect(name + "_hands0_face1_contour0", layout, Part({joints, face}));
    expect(name + "_hands0_face1_contour1", layout, Part({joints, face, contour}));
    expect(name + "_hands1_face0_contour0", layout, Part({joints, hands}));
    expect(name + "_hands1_face1_contour0", layout, Part({joints, hands, face}));
    expect(name + "_hands1_face1_contour1", layout, Part({joints, hands, face, contour}));
  }
  expect("smpl_coco25", SmplLayout(), Part({{0, 25}}));
  const std::vector<int>& parents = SmplLayout().parents;
  std::vector<int> smplh(parents.begin(), parents.begin() + 22);
  for (const int wrist : {20, 21}) {
    for (int finger = 0; finger < 5; ++finger) {
      const int first = static_cast<int>(smplh.size());
      smplh.insert(smplh.end(), {wrist, first, first + 1});
    }
  }
  expect("smplh_coco25", MakeLayout(smplh, {}, 10, 0), Part({{0, 25}, hands}));
}

TEST_F(GoldenOpenPoseMap, JointsOfTwelveBodies) {
  const RowMatX pose = Rows(forward_, "full_pose"), betas = Rows(forward_, "betas"),
                expression = Rows(forward_, "expression"), transl = Rows(forward_, "transl"),
                expected = Rows(golden_, "joints135"), without = Rows(golden_, "joints118");
  for (Eigen::Index i = 0; i < pose.rows(); ++i) {
    BodyParams params(*model_->layout);
    params.pose() = pose.row(i).transpose();
    params.betas() = betas.row(i).transpose();
    params.expression() = expression.row(i).transpose();
    params.transl() = transl.row(i).transpose();
    const PosedBody posed = PoseBody(*model_, params);
    Points3 joints(135, 3);
    joints << RegressJoints(*model_, Part({{0, 118}}), posed),
        ContourLandmarks(*model_, params, posed);
    const Eigen::RowVectorXd flat = Eigen::Map<const Eigen::RowVectorXd>(joints.data(), 3 * 135);
    EXPECT_LT((flat - expected.row(i)).cwiseAbs().maxCoeff(), 1e-5) << "case " << i;
    EXPECT_LT((flat.head(3 * 118) - without.row(i)).cwiseAbs().maxCoeff(), 1e-5) << "case " << i;
  }
}

TEST_F(GoldenOpenPoseMap, RowsOfTheOutline) {
  const RowMatX rows = Rows(golden_, "contour_rows");
  for (const auto& row : rows.rowwise()) {
    BodyParams params(*model_->layout);
    const int joint = static_cast<int>(row[1]);
    params.rotation(joint) = Vec3(0, row[2] * std::numbers::pi / 180, 0);
    const Vec3 upside_down(std::numbers::pi, 0, 0), root = params.rotation(0);
    if (row[0] != 0) {
      params.rotation(0) = joint == 0 ? LogSO3(ExpSO3(upside_down) * ExpSO3(root)) : upside_down;
    }
    EXPECT_EQ(ContourRow(*model_, params), static_cast<int>(row[3])) << row;
  }
}

}  // namespace
}  // namespace gyre
