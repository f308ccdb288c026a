// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "io/gzip.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Files of an older version, see data/README.md.
const fs::path kData = "tests/bulk/data";

FitRow OfSmpl() { return {SmplLayout(), SpinJoints().size()}; }

// A body of 5 joints, 3 betas and 2 numbers of expression.
BodyLayout SmallLayout() {
  BodyLayout layout;
  layout.family = "other";
  layout.joints = {"a", "b", "c", "d", "e"};
  layout.num_betas = 3;
  layout.num_expression = 2;
  return layout;
}

FitRow SmallRow(int64_t index) {
  FitRow row(SmallLayout(), 4);
  row.index = index;
  for (int i = 0; i < 23; ++i) row.params.values()[i] = i + 0.5;
  row.camera = {1234.5, {67.25, 89.75}};
  row.pixel_scale = 1.75;
  row.reprojection_px = 3.5;
  row.score_px2 = 40.25;
  row.joint_error_px << 1.5, std::nan(""), 2.5, 4.5;
  row.depth_sd_m << 0.01, 0.02, 0.03, 0.04, 0.05;
  row.rotation_sd_rad << 0.1, 0.2, 0.3, 0.4, 0.5;
  row.objective = 90.5;
  row.runner_up_objective = 91.5;
  row.runner_up_pose.setLinSpaced(-3, 4);
  row.usable = true;
  row.reason = "ok";
  row.source_file = "people.json";
  row.image = "stra\xC3\x9F.jpg";
  row.person = 2;
  row.id = 77;
  row.image_path = "pictures/stra\xC3\x9F.jpg";
  return row;
}

TEST(FitRows, AreDescribedInTheReadme) {
  std::string table;
  for (const FieldDoc& field : RowFields()) table += TableRow(field);
  EXPECT_NE(ReadFile("README.md").find(table), std::string::npos)
      << "README.md, below \"gyre fit\", lacks this table of what fits.npz holds:\n"
      << table;
}

TEST(FitRows, OfAnyBodyComeBackFromTheirRecords) {
  const std::string record = EncodeRow(SmallRow(6));
  const FitRow row = DecodeRow(record, FitRow(SmallLayout(), 4));
  EXPECT_EQ(EncodeRow(row), record);
  EXPECT_EQ(row.index, 6);
  EXPECT_EQ(row.params.pose()[14], 14.5);
  EXPECT_EQ(row.params.betas()[2], 17.5);
  EXPECT_EQ(row.params.expression()[0], 18.5);
  EXPECT_EQ(row.params.transl()[2], 22.5);
  EXPECT_EQ(row.camera.focal_px, 1234.5);
  EXPECT_EQ(row.camera.center_px, Vec2(67.25, 89.75));
  EXPECT_EQ(row.joint_error_px[3], 4.5);
  EXPECT_EQ(row.depth_sd_m[1], 0.02);
  EXPECT_EQ(row.rotation_sd_rad[4], 0.5);
  EXPECT_EQ(row.runner_up_pose[14], 4);
  EXPECT_EQ(row.image_path, "pictures/stra\xC3\x9F.jpg");
  EXPECT_THROW(DecodeRow(record, OfSmpl()), UserError);
  EXPECT_THROW(DecodeRow(record + "x", FitRow(SmallLayout(), 4)), UserError);
}

TEST(FitRows, OfAnyBodyAreColumns) {
  const TempFolder folder;
  const fs::path path = folder.path() / "fits.npz";
  Journal journal(folder.path() / "fits.npz.partial");
  journal.Start("run");
  journal.Append({EncodeRow(SmallRow(0)), EncodeRow(SmallRow(1))});
  WriteFits(journal, FitRow(SmallLayout(), 4), {{"persons", 2}}, path);
  const Npz npz = ReadNpz(path);
  std::vector<std::string> keys;
  for (const FieldDoc& field : RowFields()) keys.push_back(field.key);
  keys.push_back("run");
  EXPECT_THAT(NpzKeys(path), testing::UnorderedElementsAreArray(keys));
  const auto shape = [&](const char* key) { return npz.at(key).shape; };
  using Shape = std::vector<int64_t>;
  EXPECT_EQ(shape("pose"), (Shape{2, 15}));
  EXPECT_EQ(shape("betas"), (Shape{2, 3}));
  EXPECT_EQ(shape("expression"), (Shape{2, 2}));
  EXPECT_EQ(shape("joint_error_px"), (Shape{2, 4}));
  EXPECT_EQ(shape("rotation_sd_rad"), (Shape{2, 5}));
  EXPECT_EQ(shape("runner_up_pose"), (Shape{2, 15}));
  EXPECT_EQ(npz.at("center_px").As<double>(), (std::vector<double>{67.25, 89.75, 67.25, 89.75}));
  EXPECT_EQ(ReadRun(path)["persons"], 2);
}

// A row for row, then the file that the older version made of it.
TEST(FitRows, OfAnOlderJournalGoOn) {
  const TempFolder folder;
  const fs::path path = folder.Write("fits.npz.partial", ReadGzip(kData / "fits.npz.partial.gz"));
  const Journal journal(path);
  EXPECT_EQ(journal.cut_bytes(), 0);
  ASSERT_EQ(journal.size(), 2);
  const FitRow refused = DecodeRow(journal.Read(0, 1)[0], OfSmpl());
  EXPECT_FALSE(refused.usable);
  EXPECT_EQ(refused.reason, "too_few_joints");
  EXPECT_TRUE(std::isnan(refused.params.pose()[0]));
  const std::string record = journal.Read(1, 1)[0];
  const FitRow row = DecodeRow(record, OfSmpl());
  EXPECT_EQ(EncodeRow(row), record);
  EXPECT_EQ(row.index, 1);
  EXPECT_EQ(row.params.pose()[0], -1.1523256941794529);
  EXPECT_EQ(row.params.pose()[2], -2.759229620003489);
  EXPECT_EQ(row.params.betas()[0], -0.04174787224253627);
  EXPECT_EQ(row.params.betas()[9], 0.06868294451225339);
  EXPECT_EQ(row.params.transl()[2], 35.050099756233294);
  EXPECT_EQ(row.camera.focal_px, 3374.4642857142862);
  EXPECT_EQ(row.camera.center_px, Vec2(90.44500000000001, 335.38));
  EXPECT_EQ(row.pixel_scale, 1.4817166746044343);
  EXPECT_EQ(row.reprojection_px, 3.255505529909858);
  EXPECT_EQ(row.score_px2, 35.94794292473441);
  EXPECT_EQ(row.depth_sd_m[23], 0.12941601992835175);
  EXPECT_EQ(row.rotation_sd_rad[0], 0.20562195704441794);
  EXPECT_EQ(row.objective, 1894.7967332768737);
  EXPECT_EQ(row.runner_up_objective, 1960.790583712747);
  EXPECT_EQ(row.runner_up_pose[1], -0.3045515356449066);
  EXPECT_EQ(row.image, "street.jpg");
  EXPECT_EQ(row.person, 1);
  EXPECT_EQ(row.id, 911);

  WriteFits(journal, OfSmpl(), nlohmann::json::parse(journal.head()), folder.path() / "fits.npz");
  const Npz now = ReadNpz(folder.path() / "fits.npz"), then = ReadNpz(kData / "fits.npz");
  ASSERT_EQ(now.size(), then.size());
  for (const auto& [key, array] : then) {
    const NdArray& same = now.at(key);
    EXPECT_EQ(same.dtype, array.dtype) << key;
    EXPECT_EQ(same.shape, array.shape) << key;
    EXPECT_EQ(same.bytes, array.bytes) << key;
    EXPECT_EQ(same.strings, array.strings) << key;
  }
}

TEST(FitRows, OfAnOlderFileAreRead) {
  const FitStatistics statistics = ReadStatistics(kData / "fits.npz");
  EXPECT_EQ(statistics.persons, 2);
  EXPECT_EQ(statistics.usable, 1);
  EXPECT_EQ(statistics.refused.at("too_few_joints"), 1);
  EXPECT_EQ(ReadRun(kData / "fits.npz")["input"], "065cc2ca0431948e");
  const TempFolder folder;
  JoinFits({kData / "fits.npz"}, folder.path() / "joined.npz");
  EXPECT_EQ(ReadNpz(folder.path() / "joined.npz").at("pose").bytes,
            ReadNpz(kData / "fits.npz").at("pose").bytes);
}

}  // namespace
}  // namespace gyre
