// SPDX-License-Identifier: Apache-2.0
// The forward pass of SMPL-X against numbers that smplx itself computed on a free body
// (smplx_forward.npz).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "body/body_model.h"
#include "body/test_body.h"
#include "io/npz.h"
#include "peers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr double kMetres = 1e-5;

class GoldenSmplx : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const fs::path golden = PeersFolder() / "smplx/smplx_forward.npz";
    const fs::path body = kSharedData / GetParam();
    if (!fs::exists(golden) || !fs::exists(body)) {
      GTEST_SKIP() << golden << " or " << body << " is not there";
    }
    golden_ = ReadNpz(golden);
    model_ = LoadBodyModel(body.string());
  }

  RowMatX Rows(const std::string& key) const {
    const NdArray& array = golden_.at(key);
    const std::vector<double> values = array.As<double>(key);
    return Eigen::Map<const RowMatX>(values.data(), array.dim(0), array.size() / array.dim(0));
  }
  static Points3 AsPoints(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
    const Eigen::RowVectorXd numbers = row;
    return Eigen::Map<const Points3>(numbers.data(), numbers.size() / 3, 3);
  }

  Npz golden_;
  std::shared_ptr<const BodyModel> model_;
};

TEST_P(GoldenSmplx, VerticesJointsAndLandmarks) {
  EXPECT_EQ(FamilyTitle(*model_->layout), "SMPL-X");
  const RowMatX pose = Rows("full_pose"), betas = Rows("betas"), expression = Rows("expression"),
                transl = Rows("transl"), vertices = Rows("vertices"), joints = Rows("joints");
  const std::vector<int64_t> vertex_ids = golden_.at("vertex_ids").As<int64_t>("vertex_ids");
  const std::vector<int64_t> contour_row = golden_.at("contour_row").As<int64_t>("contour_row");
  const int num_joints = model_->num_joints();
  for (Eigen::Index i = 0; i < pose.rows(); ++i) {
    BodyParams params(*model_->layout);
    params.pose() = pose.row(i).transpose();
    params.betas() = betas.row(i).transpose();
    params.expression() = expression.row(i).transpose();
    params.transl() = transl.row(i).transpose();
    const PosedBody posed = PoseBody(*model_, params);
    const Points3 expected = AsPoints(vertices.row(i));
    for (size_t v = 0; v < vertex_ids.size(); ++v) {
      ASSERT_LT((posed.vertices.row(vertex_ids[v]) - expected.row(v)).norm(), kMetres)
          << "case " << i << ", vertex " << vertex_ids[v];
    }
    const Points3 all = AsPoints(joints.row(i));
    EXPECT_LT((posed.joints - all.topRows(num_joints)).cwiseAbs().maxCoeff(), kMetres);
    for (int k = 0; k < kNumLandmarks; ++k) {
      EXPECT_LT((posed.vertices.row(model_->landmark_vertices[k]) - all.row(num_joints + k)).norm(),
                kMetres)
          << "case " << i << ", landmark " << k;
    }
    const int face = num_joints + kNumLandmarks, contour = face + kNumFaceLandmarks;
    EXPECT_LT((FaceLandmarks(*model_, posed) - all.middleRows(face, kNumFaceLandmarks))
                  .cwiseAbs()
                  .maxCoeff(),
              kMetres);
    EXPECT_EQ(ContourRow(*model_, params), contour_row[i]) << "case " << i;
    EXPECT_LT((ContourLandmarks(*model_, params, posed) - all.bottomRows(all.rows() - contour))
                  .cwiseAbs()
                  .maxCoeff(),
              kMetres);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenSmplx,
                         testing::Values("body_x/cc0_body_x.npz",
                                         "body_x/models/smplx/SMPLX_NEUTRAL.npz"));

}  // namespace
}  // namespace gyre
