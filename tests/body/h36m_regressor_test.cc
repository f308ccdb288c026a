// SPDX-License-Identifier: Apache-2.0
#include "body/h36m_regressor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "body/joints.h"
#include "core/error.h"
#include "core/file.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// In the file's order, which has the left leg first.
const std::vector<std::string> kFileRows = {
    "Pelvis (MPII)", "Left Hip",      "Left Knee",    "Left Ankle", "Right Hip",
    "Right Knee",    "Right Ankle",   "Spine (H36M)", "Neck (LSP)", "Jaw (H36M)",
    "Head (H36M)",   "Left Shoulder", "Left Elbow",   "Left Wrist", "Right Shoulder",
    "Right Elbow",   "Right Wrist"};

// A body of 20 vertices, and a file whose row i is three quarters of vertex i + 2 and one of
// vertex 19.
struct Case {
  BodyModel body;
  RowMatX rows = RowMatX::Zero(17, 20);

  Case() {
    body.name = "twenty points";
    body.v_template = Points3::Zero(20, 3);
    for (int row = 0; row < 17; ++row) {
      rows(row, row + 2) = 0.75;
      rows(row, 19) += 0.25;
      const bool left = kFileRows[static_cast<size_t>(row)].starts_with("Left");
      const bool right = kFileRows[static_cast<size_t>(row)].starts_with("Right");
      body.v_template(row + 2, 0) = left ? 0.1 + 0.01 * row : right ? -0.1 - 0.01 * row : 0;
    }
    body.v_template(19, 0) = 0.013;
  }
  SparseRows Read() const {
    const TempFolder folder;
    const auto path = folder.path() / "J_regressor_h36m.npy";
    WriteFileAtomically(path, FormatNpy(NdArray::FromMatrix(rows)));
    return ReadH36mRegressor(path, body);
  }
  std::string Complaint() const {
    return UserErrorOf([&] { Read(); });
  }
};

TEST(H36mRegressor, PutsEveryRowAtItsJoint) {
  const Case given;
  const RowMatX read = given.Read();
  ASSERT_EQ(read.rows(), 17);
  const KeypointSet& set = FindKeypointSet("h36m17");
  for (int row = 0; row < 17; ++row) {
    EXPECT_EQ(read.row(set.IndexOf(kFileRows[static_cast<size_t>(row)])), given.rows.row(row))
        << kFileRows[static_cast<size_t>(row)];
  }
}

TEST(H36mRegressor, RefusesFilesOfAnotherBodyOrSum) {
  Case other;
  other.body.v_template.conservativeResize(19, 3);
  EXPECT_THAT(other.Complaint(), HasSubstr("bodies of 20 vertices, and twenty points has 19"));
  Case light;
  light.rows(5, 7) = 0.5;
  EXPECT_THAT(light.Complaint(), HasSubstr("row 5 (Right Knee) sum to 0.75"));
  Case heavy;
  heavy.rows(16, 0) = 0.125;
  EXPECT_THAT(heavy.Complaint(), HasSubstr("row 16 (Right Wrist) sum to 1.125"));
  Case cut;
  cut.rows.conservativeResize(16, 20);
  EXPECT_THAT(cut.Complaint(), HasSubstr("(16, 20)"));
}

// Legs or arms the other way round.
TEST(H36mRegressor, RefusesFilesWhoseLeftIsOnTheRight) {
  for (const auto& [left, right, named] :
       {std::tuple(1, 4, "left Hip"), std::tuple(3, 6, "left Ankle"),
        std::tuple(13, 16, "left Wrist")}) {
    Case exchanged;
    exchanged.rows.row(left).swap(exchanged.rows.row(right));
    EXPECT_THAT(exchanged.Complaint(), HasSubstr(named));
  }
}

}  // namespace
}  // namespace gyre
