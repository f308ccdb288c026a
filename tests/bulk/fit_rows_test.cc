// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/file.h"
#include "fitting/store/fit_exchange.h"
#include "fitting/store/fit_npz.h"
#include "io/gzip.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "loop/bulk/fit_table.h"

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
  row.joint_cov_m2.setLinSpaced(1, 45);
  row.dataset = "crowd";
  row.row = 6 + index;
  row.SetView({{100.5, 200.25}, 128}, {1234.5, {67.25, 89.75}});
  row.observed_joints = 3;
  row.source = 1;
  row.step = 0;
  row.pose_prior = 33.5;
  row.robust_px2 = 12.25;
  return row;
}

TEST(FitRows, AreInTheDocumentation) {
  std::string table;
  for (const FieldDoc& field : TableFields()) table += TableRow(field);
  EXPECT_NE(ReadFile("docs/outputs.md").find(table), std::string::npos)
      << "docs/outputs.md, below \"gyre fit\", lacks this table of what fits.npz holds:\n"
      << table;
}

// Whatever an export says of a row, a result of `gyre fit` says under the same key.
TEST(FitRows, HaveEveryKeyOfAnExport) {
  std::vector<std::string> keys;
  for (const FieldDoc& field : TableFields()) keys.emplace_back(field.key);
  for (const FieldDoc& field : ExportFields()) {
    EXPECT_EQ(std::ranges::count(keys, field.key), 1) << field.key;
  }
  for (const FieldDoc& field : HeadFields()) {
    EXPECT_EQ(std::ranges::count(keys, field.key), 1) << field.key;
  }
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
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
  EXPECT_EQ(row.JointCovariance(2)(1, 0), 20);
  EXPECT_EQ(row.JointCovariance(4)(2, 2), 45);
  EXPECT_EQ(row.dataset, "crowd");
  EXPECT_EQ(row.row, 12);
  EXPECT_EQ(row.box.center_px, Vec2(100.5, 200.25));
  EXPECT_EQ(row.box.side_px, 128);
  EXPECT_EQ(row.crop_camera.focal_px, 1234.5 * 1.75);
  EXPECT_EQ(row.observed_joints, 3);
  EXPECT_EQ(row.pose_prior, 33.5);
  EXPECT_EQ(row.robust_px2, 12.25);
  EXPECT_THROW(DecodeRow(record, OfSmpl()), UserError);
  EXPECT_THROW(DecodeRow(record + "x", FitRow(SmallLayout(), 4)), UserError);
}

TEST(FitRows, OfAnyBodyAreColumns) {
  const TempFolder folder;
  const fs::path path = folder.path() / "fits.npz";
  Journal journal(folder.path() / "fits.npz.partial");
  journal.Start("run");
  journal.Append({EncodeRow(SmallRow(0)), EncodeRow(SmallRow(1))});
  const FitOrigin origin{{"small.npz", "", "0123abcd"}, "guarded", ""};
  FitRow like(SmallLayout(), 4);
  like.track = 0;  // of a video, and so of all columns
  WriteFits(journal, like, {{SmallLayout(), origin}, {{"persons", 2}}}, path);
  const Npz npz = ReadNpz(path);
  std::vector<std::string> keys;
  for (const FieldDoc& field : TableFields()) keys.push_back(field.key);
  EXPECT_THAT(NpzKeys(path), testing::UnorderedElementsAreArray(keys));
  const auto shape = [&](const char* key) { return npz.at(key).shape; };
  using Shape = std::vector<int64_t>;
  EXPECT_EQ(shape("pose"), (Shape{2, 15}));
  EXPECT_EQ(shape("betas"), (Shape{2, 3}));
  EXPECT_EQ(shape("expression"), (Shape{2, 2}));
  EXPECT_EQ(shape("joint_error_px"), (Shape{2, 4}));
  EXPECT_EQ(shape("rotation_sd_rad"), (Shape{2, 5}));
  EXPECT_EQ(shape("runner_up_pose"), (Shape{2, 15}));
  EXPECT_EQ(shape("joint_cov_m2"), (Shape{2, 5, 3, 3}));
  EXPECT_EQ(npz.at("joint_cov_m2").As<double>()[44 + 9], 9);
  EXPECT_EQ(npz.at("center_px").As<double>(), (std::vector<double>{67.25, 89.75, 67.25, 89.75}));
  EXPECT_EQ(npz.at("crop_center_px").As<double>()[0], (67.25 - 100.5) * 1.75 + 111.5);
  EXPECT_EQ(npz.at("image_center_px").bytes, npz.at("center_px").bytes);
  EXPECT_EQ(npz.at("family").strings, std::vector<std::string>{"other"});
  EXPECT_EQ(npz.at("body_path").strings, std::vector<std::string>{"small.npz"});
  EXPECT_EQ(npz.at("about").strings.size(), keys.size());
  EXPECT_EQ(ReadRun(path)["persons"], 2);

  // And `gyre fits` and `gyre eval` read it.
  const FitFile fits = ReadFits(path);
  EXPECT_EQ(fits.layout(), FitLayout(SmallLayout()));
  EXPECT_EQ(fits.origin(), origin);
  EXPECT_EQ(fits.datasets(), (std::vector<FitRows>{{"crowd", 8, ""}}));
  const auto fit = fits.Read(7);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->params.transl()[2], 22.5);
  EXPECT_EQ(fit->camera.focal_px, static_cast<float>(1234.5 * 1.75)) << "the crop's";
  EXPECT_EQ(fit->score_px2, 40.25);
  EXPECT_EQ(fit->robust_px2, 12.25F);
  EXPECT_EQ(fit->source, FitSource::kStatic);
  ASSERT_NE(fits.SubjectAt(6), nullptr);
  EXPECT_EQ(fits.SubjectAt(6)->id, 77);
  EXPECT_EQ(fits.SubjectAt(6)->camera.focal_px, 1234.5);
}

TEST(FitRows, WhoIsNotFittedIsNoFit) {
  const TempFolder folder;
  FitRow refused(SmallLayout(), 4), unsure = SmallRow(1);
  refused.dataset = "crowd";
  refused.row = 5;
  unsure.rotation_sd_rad.setConstant(std::nan(""));
  Journal journal(folder.path() / "fits.partial");
  journal.Start("{}");
  journal.Append({EncodeRow(refused), EncodeRow(unsure)});
  const fs::path path = folder.path() / "fits.npz";
  WriteFits(journal, FitRow(SmallLayout(), 4), {{SmallLayout(), {}}, {{"persons", 2}}}, path);
  const FitFile fits = ReadFits(path);
  EXPECT_EQ(fits.Verify().fits, 1);
  ASSERT_TRUE(fits.Read(7));
  EXPECT_EQ(fits.Read(7)->rotation_sd_rad, JointFloats::Zero(5)) << "not estimated";
}

TEST(FitRows, SayWhetherAMaskHadASay) {
  FitInput input;
  input.problem.confidence = VecX::Zero(4);
  FitResult result;
  result.params = SmallRow(0).params;
  result.summary.usable = true;
  result.summary.per_joint_error_px = VecX::Zero(4);
  EXPECT_EQ(FitRow(SmallLayout(), 9, input, result).source, 1);
  result.summary.by_mask = true;
  EXPECT_EQ(FitRow(SmallLayout(), 9, input, result).source, 4);
}

// What a network says: a body before the camera of the image, without a score.
TEST(FitRows, OfANetworkHaveNoScore) {
  FitInput input;
  input.person.dataset = "crowd";
  input.person.index = 3;
  input.person.image = "a.jpg";
  input.person.id = 12;
  input.person.box = {{50, 60}, 112};
  input.problem.confidence = VecX::Zero(4);
  input.problem.confidence[2] = 0.5;
  input.problem.camera = {700, {80, 40}};
  input.problem.pixel_scale = 2;
  const FitRow row(SmallLayout(), 9, input, SmallRow(0).params);
  EXPECT_TRUE(row.usable);
  EXPECT_EQ(row.index, 9);
  EXPECT_EQ(row.row, 3);
  EXPECT_EQ(row.id, 12);
  EXPECT_EQ(row.observed_joints, 1);
  EXPECT_EQ(row.source, 0);
  EXPECT_TRUE(std::isinf(row.score_px2));
  EXPECT_EQ(row.params.transl()[2], 22.5);
  EXPECT_EQ(row.camera.focal_px, 700);
  EXPECT_EQ(row.crop_camera.focal_px, 1400);
  EXPECT_EQ(row.crop_camera.center_px, Vec2((80 - 50) * 2 + 111.5, (40 - 60) * 2 + 111.5));
  BodyParams lost = SmallRow(0).params;
  lost.pose()[3] = std::nan("");
  EXPECT_FALSE(FitRow(SmallLayout(), 9, input, lost).usable);
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
  EXPECT_TRUE(EncodeRow(row).starts_with(record));
  EXPECT_TRUE(std::isnan(row.joint_cov_m2[0]));
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

  WriteFits(journal, OfSmpl(), {{SmplLayout(), {}}, nlohmann::json::parse(journal.head())},
            folder.path() / "fits.npz");
  const Npz now = ReadNpz(folder.path() / "fits.npz"), then = ReadNpz(kData / "fits.npz");
  EXPECT_GT(now.size(), then.size());  // keys are added, none is taken away
  for (const auto& [key, array] : then) {
    const NdArray& same = now.at(key);
    EXPECT_EQ(same.dtype, array.dtype) << key;
    EXPECT_EQ(same.shape, array.shape) << key;
    EXPECT_EQ(same.bytes, array.bytes) << key;
    EXPECT_EQ(same.strings, array.strings) << key;
  }
}

// 3.5 and 6 px of the image are 1.75 and 0.25 times as many of the crop: 6.125 and 1.5.
TEST(FitRows, StatisticsAreInPixelsOfImageAndCrop) {
  const TempFolder folder;
  const FitRow first = SmallRow(0);
  FitRow second = SmallRow(1), refused = FitRow(SmallLayout(), 4);
  second.reprojection_px = 6;
  second.pixel_scale = 0.25;
  refused.reason = "bad_camera";
  Journal journal(folder.path() / "fits.partial");
  journal.Start("{}");
  journal.Append({EncodeRow(first), EncodeRow(second), EncodeRow(refused)});
  const fs::path path = folder.path() / "fits.npz";
  WriteFits(journal, FitRow(SmallLayout(), 4), {{SmallLayout(), {}}, {{"persons", 3}}}, path);
  const FitStatistics statistics = ReadStatistics(path);
  EXPECT_EQ(statistics.persons, 3);
  EXPECT_EQ(statistics.usable, 2);
  EXPECT_EQ(statistics.refused.at("bad_camera"), 1);
  EXPECT_EQ(statistics.reprojection_px.values(), (std::vector<double>{3.5, 6}));
  EXPECT_EQ(statistics.reprojection_crop_px.values(), (std::vector<double>{6.125, 1.5}));
}

// Seven people, lowest first: row 4 is refused for its error, of row 2 nothing is known, and the
// best is not among the worst five.
TEST(FitRows, StatisticsNameTheMostDoubtful) {
  const TempFolder folder;
  const double quality[] = {0.4, 0.95, std::nan(""), 0.35, 0.02, 0.4, 0.7};
  Journal journal(folder.path() / "fits.partial");
  journal.Start("{}");
  for (int i = 0; i < 7; ++i) {
    FitRow row = SmallRow(i);
    row.quality = quality[i];
    row.usable = i != 2 && i != 4;
    journal.Append({EncodeRow(row)});
  }
  const fs::path path = folder.path() / "fits.npz";
  WriteFits(journal, FitRow(SmallLayout(), 4), {{SmallLayout(), {}}, {{"persons", 7}}}, path);
  const FitStatistics statistics = ReadStatistics(path);
  EXPECT_EQ(statistics.quality.values(), (std::vector<double>{0.4, 0.95, 0.35, 0.4, 0.7}));
  std::vector<int64_t> worst;
  for (const DoubtfulFit& fit : statistics.worst) worst.push_back(fit.index);
  EXPECT_EQ(worst, (std::vector<int64_t>{4, 3, 0, 5, 6}));
  EXPECT_FALSE(statistics.worst[0].usable);
  EXPECT_EQ(statistics.worst[1].quality, 0.35);
  EXPECT_EQ(statistics.worst[1].image, "stra\xC3\x9F.jpg");
  EXPECT_EQ(statistics.worst[1].person, 2);
  EXPECT_EQ(statistics.worst[1].id, 77);
  EXPECT_EQ(statistics.worst[1].reprojection_px, 3.5);
}

// A record of the version before this ends where the data set and the scores begin.
TEST(FitRows, OfTheJournalBeforeThisGoOn) {
  FitRow unknown(SmallLayout(), 4), row = SmallRow(6);
  const size_t added = 4 + row.dataset.size() + 8 + 3 * 8 + 6 * 8 + 8 * 8;
  const std::string record = EncodeRow(row);
  const FitRow older = DecodeRow(record.substr(0, record.size() - added), unknown);
  EXPECT_EQ(older.joint_cov_m2, row.joint_cov_m2);
  EXPECT_EQ(older.id, 77);
  EXPECT_EQ(older.dataset, "");
  EXPECT_EQ(older.row, -1);
  EXPECT_TRUE(std::isnan(older.box.side_px));
  EXPECT_TRUE(std::isnan(older.robust_px2));
  EXPECT_TRUE(std::isnan(older.quality));
  EXPECT_THROW(DecodeRow(record.substr(0, record.size() - 1), unknown), UserError);
  EXPECT_THROW(DecodeRow(record.substr(0, record.size() - added - 1), unknown), UserError);
}

TEST(FitRows, OfASecondOlderFileAreRead) {
  const fs::path path = kData / "second_fits.npz";
  EXPECT_EQ(ReadStatistics(path).usable, 1);
  const FitFile fits = ReadFits(path, "coco");
  EXPECT_EQ(fits.Verify().fits, 1);
  EXPECT_EQ(fits.Read(1)->params.pose()[0],
            static_cast<float>(ReadNpz(path).at("pose").As<double>()[72]));
  EXPECT_EQ(fits.origin(), FitOrigin());
  const TempFolder folder;
  JoinFits({path}, folder.path() / "joined.npz");
  EXPECT_EQ(ReadNpz(folder.path() / "joined.npz").at("joint_cov_m2").bytes,
            ReadNpz(path).at("joint_cov_m2").bytes);
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
  // It does not say whose rows they are.
  EXPECT_THAT(UserErrorOf([] { ReadFits(kData / "fits.npz"); }),
              testing::HasSubstr("--dataset NAME"));
  const FitFile fits = ReadFits(kData / "fits.npz", "coco");
  EXPECT_EQ(fits.datasets(), (std::vector<FitRows>{{"coco", 2, ""}}));
  EXPECT_FALSE(fits.Read(0));
  EXPECT_EQ(fits.Read(1)->params.betas()[0], -0.04174787224253627F);
  EXPECT_EQ(fits.Read(1)->camera.focal_px, 5000) << "SPIN's, in the crop";
  EXPECT_EQ(fits.SubjectAt(1)->camera.center_px, Vec2(90.44500000000001, 335.38));
  EXPECT_EQ(fits.SubjectAt(1)->id, 911);
}

}  // namespace
}  // namespace gyre
