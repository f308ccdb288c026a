// SPDX-License-Identifier: Apache-2.0
// Neighbourhoods and template of GraphCMR's own code on a small mesh (heads/graphcmr.npz), and the
// hierarchy that the same recipe in another language gave on a free body
// (heads/mesh_downsampling_cc0.npz).
#include <gtest/gtest.h>

#include "body/mesh_hierarchy.h"
#include "body/test_body.h"
#include "io/npz.h"
#include "peers.h"

namespace gyre {
namespace {

class GoldenMeshHierarchy : public testing::Test {
 protected:
  void Open(const char* name) {
    const std::filesystem::path path = PeersFolder() / "heads" / name;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    golden_ = ReadNpz(path);
  }
  std::vector<double> Numbers(const std::string& key) const {
    return golden_.at(key).As<double>(key);
  }
  Points3 Points(const std::string& key) const {
    const std::vector<double> values = Numbers(key);
    return Eigen::Map<const Points3>(values.data(), static_cast<Eigen::Index>(values.size()) / 3,
                                     3);
  }

  Npz golden_;
};

TEST_F(GoldenMeshHierarchy, NeighbourMeansAndTemplate) {
  Open("graphcmr.npz");
  if (IsSkipped()) return;
  const Points3 vertices = Points("mesh/vertices");
  const Faces faces = Points("mesh/faces").cast<int32_t>();
  const auto count = static_cast<int>(vertices.rows());
  EXPECT_LT((NormalizedToBox(vertices) - Points("mesh/ref_normalised")).cwiseAbs().maxCoeff(),
            1e-6);

  const std::vector<double> rows = Numbers("mesh/A_row"), cols = Numbers("mesh/A_col"),
                            values = Numbers("mesh/A_val");
  const SparseRows means = NeighbourMeans(faces, count);
  ASSERT_EQ(means.nonZeros(), static_cast<Eigen::Index>(rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(means.coeff(static_cast<int>(rows[i]), static_cast<int>(cols[i])), values[i], 1e-7);
  }

  const SparseRows of_two = NeighbourMeans(faces, count, 2);
  const std::vector<double> counted = Numbers("mesh/A2_nnz_rowsum"),
                            places = Numbers("mesh/A2_row_col_first64"),
                            first = Numbers("mesh/A2_val_first64");
  EXPECT_EQ(of_two.nonZeros(), static_cast<Eigen::Index>(counted[0]));
  for (size_t row = 0; row + 1 < counted.size(); ++row) {
    EXPECT_NEAR(of_two.row(static_cast<int>(row)).sum(), counted[row + 1], 1e-6);
  }
  for (size_t i = 0; i < first.size(); ++i) {
    const auto row = static_cast<int>(places[i]), col = static_cast<int>(places[64 + i]);
    EXPECT_NEAR(of_two.coeff(row, col), first[i], 1e-7) << row << ", " << col;
  }
}

// Which vertices stay may differ where costs are equal; how good they are may not.
TEST_F(GoldenMeshHierarchy, IsAsFineAsTheRecipeElsewhere) {
  Open("mesh_downsampling_cc0.npz");
  if (IsSkipped()) return;
  const auto body = LoadCc0Body();
  if (!body) GTEST_SKIP() << "no CC0 body";
  Points3 finer = body->v_template;
  const auto levels = HierarchyOf(*body, 2);
  for (int i = 0; i < 2; ++i) {
    const CoarseMesh& level = (*levels)[i];
    const std::string number = std::to_string(i + 1);
    EXPECT_EQ(level.num_vertices(), golden_.at("D" + number + "/kept_vertex").size());
    EXPECT_EQ(level.faces.rows(), golden_.at("mesh" + number + "/faces").dim(0));
    const Points3 kept = finer(level.kept, Eigen::all);
    const double mean = 1e3 * (Upsample(level, kept) - finer).rowwise().norm().mean();
    EXPECT_LT(mean, 1.1 * Numbers("UD" + number + "/template_error_mm_mean_max")[0]);
    finer = kept;
  }
}

}  // namespace
}  // namespace gyre
