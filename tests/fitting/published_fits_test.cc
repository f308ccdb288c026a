// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/published_fits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "fitting/store/fit_exchange.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

RowMatX Numbers(int rows, int columns, double step) {
  RowMatX numbers(rows, columns);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) numbers(r, c) = 0.5 * r + step * c;
  }
  return numbers;
}

// SPIN's final fits: pose, betas and which of them are good.
TEST(PublishedFits, SpinsFinalFits) {
  const TempFolder folder;
  const RowMatX pose = Numbers(3, 72, 0.01), betas = Numbers(3, 10, -0.125);
  const std::vector<uint8_t> valid = {1, 0, 1};
  NdArray flags{DType::kBool, {3}, std::string(valid.begin(), valid.end()), {}};
  const auto path = folder.path() / "lsp-orig.npz";
  WriteNpz(path, {{"pose", NdArray::FromMatrix(pose)},
                  {"betas", NdArray::FromMatrix(betas)},
                  {"valid_fit", flags}});
  const FitFile file = ReadFits(path, "lsp");
  EXPECT_EQ(file.size(), 3);
  EXPECT_FALSE(file.Read(1));
  const StoredFit fit = file.Read(2).value();
  EXPECT_FLOAT_EQ(fit.params.pose()[71], 1 + 0.71);
  EXPECT_FLOAT_EQ(fit.params.betas()[9], 1 - 1.125);
  EXPECT_EQ(fit.source, FitSource::kStatic);
  EXPECT_THAT(UserErrorOf([&] { ReadFits(path); }), HasSubstr("--dataset"));
  WriteNpz(path, {{"pose", NdArray::FromMatrix(pose)}, {"betas", NdArray::FromMatrix(betas)}});
  EXPECT_THAT(UserErrorOf([&] { ReadFits(path, "lsp"); }),
              AllOf(HasSubstr("'valid_fit'"), HasSubstr("it holds 'betas', 'pose'")));
}

// Of EFT's rotation matrices: a quarter turn about z of the left hip, a half turn about x of the
// root.
TEST(PublishedFits, EftsFits) {
  const TempFolder folder;
  json matrices = json::array();
  for (int k = 0; k < 24; ++k) matrices.push_back({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
  matrices[0] = {{1, 0, 0}, {0, -1, 0}, {0, 0, -1}};
  matrices[1] = {{0, -1, 0}, {1, 0, 0}, {0, 0, 1}};
  json entry = {{"parm_pose", matrices},
                {"parm_shape", {0.5, 0, 0, -0.25, 0, 0, 0, 0, 0, 2}},
                {"parm_cam", {0.9, 0, 0}},
                {"annotId", 77},
                {"subjectId", nullptr}};
  const auto write = [&] {
    return folder.Write("COCO_ver01.json", json{{"ver", 0.1}, {"data", {entry, entry}}}.dump());
  };
  const FitFile file = ReadFits(write(), "coco");
  EXPECT_EQ(file.size(), 2);
  const StoredFit fit = file.Read(1).value();
  EXPECT_NEAR(std::abs(fit.params.rotation(0).x()), M_PI, 1e-6);
  EXPECT_NEAR(fit.params.rotation(1).z(), M_PI / 2, 1e-6);
  EXPECT_NEAR(fit.params.rotation(1).head<2>().norm(), 0, 1e-6);
  EXPECT_FLOAT_EQ(fit.params.betas()[3], -0.25);
  EXPECT_FLOAT_EQ(fit.params.betas()[9], 2);
  EXPECT_TRUE(std::isinf(fit.score_px2));

  const auto error = [&] { return UserErrorOf([&] { ReadFits(write(), "coco"); }); };
  entry["parm_pose"][5][1][1] = 3;
  EXPECT_THAT(error(), AllOf(HasSubstr("entry 0"), HasSubstr("matrix 5 is no rotation")));
  entry["parm_pose"][5][1][1] = -1;  // a mirror
  EXPECT_THAT(error(), HasSubstr("matrix 5 is no rotation"));
  entry["parm_pose"].erase(23);
  EXPECT_THAT(error(), AllOf(HasSubstr("216"), HasSubstr("207")));
  entry["parm_pose"] = "none";
  EXPECT_THAT(error(), HasSubstr("'parm_pose'"));
  const auto other = folder.Write("other.json", R"({"images":[]})");
  EXPECT_THAT(UserErrorOf([&] { ReadFits(other, "coco"); }), HasSubstr("holds no fits"));
}

}  // namespace
}  // namespace gyre
