// SPDX-License-Identifier: Apache-2.0
// Data sets with numbers that cannot be, of each kind in each place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/core.hpp>

#include "datasets/check.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "io/image.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int kRows = 4, kBadRow = 2;

// Columns of a data set in SPIN's layout, with everything annotated, by key; row by row.
std::map<std::string, std::vector<double>> SoundColumns() {
  std::map<std::string, std::vector<double>> columns;
  const auto add = [&](const std::string& key, std::vector<double> row) {
    for (int i = 0; i < kRows; ++i) {
      columns[key].insert(columns[key].end(), row.begin(), row.end());
    }
  };
  std::vector<double> part, openpose, S;
  for (int i = 0; i < kNumSupersetJoints; ++i) {
    part.insert(part.end(), {10.0 + i, 20.0 + 3 * i, 1});
    S.insert(S.end(), {0.01 * i, 0.02 * i, 3, 1});
  }
  for (int i = 0; i < kNumOpenPoseJoints; ++i) {
    openpose.insert(openpose.end(), {12.0 + i, 15.0 + 3 * i, 0.5});
  }
  add("part", part);
  add("openpose", openpose);
  add("S", S);
  add("center", {48, 48});
  add("scale", {0.4});
  add("pose", std::vector<double>(kNumPoseParams, 0.1));
  add("shape", std::vector<double>(kNumShapeParams, 0.2));
  add("transl", {0, 0, 5});
  add("focal_px", {300});
  add("center_px", {47.5, 47.5});
  return columns;
}

class ImpossibleNumbers : public testing::Test {
 protected:
  ImpossibleNumbers() {
    fs::create_directories(folder_.path() / "images");
    for (int i = 0; i < kRows; ++i) {
      WriteImage(folder_.path() / "images" / Picture(i), cv::Mat(96, 96, CV_8UC3, cv::Scalar(90)));
    }
  }

  static std::string Picture(int row) { return std::to_string(row) + ".png"; }

  // The data set with `value` at a place of the bad row.
  std::shared_ptr<const Dataset> With(const std::string& key, int place, double value) const {
    auto columns = SoundColumns();
    const int width = static_cast<int>(columns.at(key).size()) / kRows;
    columns.at(key)[width * kBadRow + place] = value;
    Npz npz;
    const std::map<std::string, std::vector<int64_t>> shapes = {
        {"part", {kRows, 24, 3}},  {"openpose", {kRows, 25, 3}}, {"S", {kRows, 24, 4}},
        {"center", {kRows, 2}},    {"scale", {kRows}},           {"pose", {kRows, 72}},
        {"shape", {kRows, 10}},    {"transl", {kRows, 3}},       {"focal_px", {kRows}},
        {"center_px", {kRows, 2}},
    };
    for (const auto& [name, values] : columns) {
      npz[name] = NdArray::From<double>(shapes.at(name), values);
    }
    std::vector<std::string> pictures;
    for (int i = 0; i < kRows; ++i) pictures.push_back(Picture(i));
    npz["imgname"] = NdArray::FromStrings(pictures);
    WriteNpz(folder_.path() / "d.npz", npz);
    return OpenDataset("spin:" + (folder_.path() / "d.npz").string());
  }

  const TempFolder folder_;
};

// Every number that a sample holds is one to compute with.
void ExpectSound(const Person& sample) {
  EXPECT_LE(sample.keypoints.px.cwiseAbs().maxCoeff(), 1e6);
  EXPECT_GE(sample.keypoints.confidence.minCoeff(), 0);
  EXPECT_LE(sample.keypoints.confidence.maxCoeff(), 1);
  EXPECT_TRUE(std::abs(sample.box.side_px) <= 1e6 && sample.box.center_px.norm() <= 2e6);
  if (sample.camera) {
    EXPECT_TRUE(sample.camera->focal_px >= 1 && sample.camera->focal_px <= 1e6);
    EXPECT_LE(sample.camera->center_px.cwiseAbs().maxCoeff(), 1e6);
  }
  if (sample.params) {
    EXPECT_LE(sample.params->pose().cwiseAbs().maxCoeff(), 100);
    EXPECT_LE(sample.params->betas().cwiseAbs().maxCoeff(), 100);
    EXPECT_LE(sample.params->transl().norm(), 2e4);
  }
  if (sample.joints3d) {
    EXPECT_LE(sample.joints3d->m.cwiseAbs().maxCoeff(), 1e4);
    EXPECT_LE(sample.joints3d->confidence.maxCoeff(), 1);
  }
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST_F(ImpossibleNumbers, AreTakenOutCountedAndNamedInEveryColumn) {
  struct Place {
    const char* key;
    int place;
  };
  for (const Place& p : {Place{"part", 4},
                         {"openpose", 3},
                         {"openpose", 5},
                         {"S", 6},
                         {"S", 7},
                         {"pose", 71},
                         {"shape", 9},
                         {"transl", 2},
                         {"focal_px", 0},
                         {"center_px", 1},
                         {"center", 1},
                         {"scale", 0}}) {
    for (const double value : {kNan, kInfinity, -kInfinity, 1e300, 1e30}) {
      const std::string key = p.key;
      const bool is_confidence =
          (key == "openpose" && p.place == 5) || (key == "S" && p.place == 7);
      if (is_confidence && std::isfinite(value)) continue;              // clipped to 1
      if (value < 0 && (is_confidence || key == "focal_px")) continue;  // means unknown
      SCOPED_TRACE(testing::Message() << key << " " << p.place << " " << value);
      const auto set = With(key, p.place, value);
      for (int row = 0; row < kRows; ++row) {
        const Person sample = set->Get(row);
        EXPECT_EQ(sample.non_finite, row == kBadRow ? 1 : 0) << row;
        ExpectSound(sample);
        // What is sound stays.
        EXPECT_EQ(HasBox(sample), row != kBadRow || (key != "center" && key != "scale"));
        EXPECT_EQ(sample.params.has_value(), row != kBadRow || (key != "pose" && key != "shape"));
        EXPECT_GE((sample.keypoints.confidence.array() > 0).count(), 48);
      }
      const std::vector<RowProblem> problems = CheckDataset(*set, {});
      ASSERT_GE(problems.size(), 1u);
      EXPECT_EQ(problems[0].row, kBadRow);
      EXPECT_THAT(problems[0].problem, testing::HasSubstr("1 values are not finite"));
    }
  }
}

TEST_F(ImpossibleNumbers, ConfidencesBeyondOneAreOne) {
  EXPECT_EQ(With("part", 5, 1e300)->Get(kBadRow).keypoints.confidence[kNumOpenPoseJoints + 1], 1);
  EXPECT_EQ(With("S", 7, 7)->Get(kBadRow).joints3d->confidence[1], 1);
}

TEST_F(ImpossibleNumbers, OfATranslationThatIsUnknownAreNoProblem) {
  auto set = With("transl", 0, kNan);
  EXPECT_EQ(set->Get(kBadRow).non_finite, 1);  // some of it is known
  Person sample = set->Get(0);
  EXPECT_TRUE(sample.params_have_translation);
  sample.params->transl().setConstant(kNan);
  sample.params_have_translation = false;
  LeaveOutImpossible(&sample);
  EXPECT_EQ(sample.non_finite, 0);
}

TEST_F(ImpossibleNumbers, RowsWithoutABoxAreReplacedInTraining) {
  for (const double scale : {kNan, kInfinity, -1.0, 0.0, 1e-300, 1e300}) {
    LoaderOptions options;
    options.batch_size = 4;
    options.crop_px = 16;
    options.workers = 2;
    Loader loader(MixtureOf(With("scale", 0, scale)), options);
    for (int step = 0; step < 3; ++step) {
      const Batch batch = loader.Next();
      ASSERT_EQ(batch.size(), 4);
      for (int i = 0; i < batch.size(); ++i) {
        EXPECT_NE(batch.samples[i].index, kBadRow);
        EXPECT_TRUE(batch.keypoints[i].px.allFinite());
      }
    }
    EXPECT_EQ(loader.samples_skipped(), 1) << scale;
  }
}

TEST(ImpossibleNumbersInText, CostTheirLine) {
  const TempFolder folder;
  for (const char* number : {"inf", "-inf", "1e999", "x"}) {
    const auto csv = folder.Write(
        "d.csv", "file,nose_x,nose_y\na.jpg,1,2\nb.jpg," + std::string(number) + ",2\n");
    std::vector<LeftOut> left_out;
    const auto set = OpenDataset("csv:" + csv.string() + "?min_keypoints=1", {},
                                 [&](const LeftOut& one) { left_out.push_back(one); });
    ASSERT_EQ(set->size(), 1) << number;
    EXPECT_EQ(set->Get(0).keypoints.px.row(SpinJoints().IndexOf("Nose")), Eigen::RowVector2d(1, 2));
    ASSERT_EQ(left_out.size(), 1u) << number;
    EXPECT_EQ(left_out[0].row, 1);
    EXPECT_THAT(left_out[0].problem,
                testing::AllOf(testing::HasSubstr("line 3"), testing::HasSubstr("nose_x")));
    folder.Write("d.csv", "file,nose_x,nose_y\nb.jpg," + std::string(number) + ",2\n");
    EXPECT_THAT(UserErrorOf([&] { OpenDataset("csv:" + csv.string() + "?min_keypoints=1"); }),
                testing::HasSubstr("line 2"));
  }
  const auto csv = folder.Write("d.csv", "file,nose_x,nose_y,neck_x,neck_y\na.jpg,1,1e300,3,4\n");
  const auto set = OpenDataset("csv:" + csv.string() + "?min_keypoints=1");
  EXPECT_EQ(set->Get(0).non_finite, 1);
  EXPECT_EQ(set->Get(0).keypoints.confidence.sum(), 1);
}

}  // namespace
}  // namespace gyre
