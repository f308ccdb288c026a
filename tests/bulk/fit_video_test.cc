// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "fitting/test_problems.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "loop/bulk/bulk_fit.h"

namespace gyre {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class FitVideoTest : public testing::Test {
 protected:
  static constexpr double kFps = 25;
  static constexpr int kFrames = 47;
  static constexpr int64_t kBlock = 20;
  // The second person comes in with the third of a block, is hidden in three frames, and leaves.
  static constexpr int kSecondFrom = 17, kSecondTo = 43, kHiddenFrom = 37, kHiddenTo = 40;

  static std::string NameOf(int frame) { return "walk_" + std::to_string(1000 + frame); }

  // Two people who walk past each other; every second frame lists them the other way round.
  void SetUp() override {
    for (int i = 0; i < kFrames; ++i) {
      nlohmann::json people = nlohmann::json::array();
      people.push_back(PersonOf(Truth(0, i)));
      const bool hidden = i >= kHiddenFrom && i < kHiddenTo;
      if (i >= kSecondFrom && i < kSecondTo && !hidden) {
        people.insert(i % 2 ? people.begin() : people.end(), PersonOf(Truth(1, i)));
      }
      Write(i, people);
    }
  }
  void Write(int frame, const nlohmann::json& people) const {
    std::ofstream(folder_.path() / (NameOf(frame) + "_keypoints.json"))
        << nlohmann::json{{"people", people}};
  }

  BodyParams Truth(int person, int frame) const {
    const double seconds = frame / kFps;
    BodyParams truth = MakeTrueProblem(*fitter_, 5 + person).truth;
    truth.rotation(4) = Vec3(0.3 + 0.2 * std::sin(4 * seconds), 0, 0);
    truth.transl() = Vec3(person == 0 ? seconds - 1 : 1.5 - seconds, 0.1, 7 + person);
    return truth;
  }
  nlohmann::json PersonOf(const BodyParams& params) const {
    const Points3 joints = fitter_->Joints(params);
    std::vector<double> numbers;
    for (int j = 0; j < kNumOpenPoseJoints; ++j) {
      const Vec2 px = camera_.Project(joints.row(j).transpose());
      numbers.insert(numbers.end(), {px.x(), px.y(), 0.9});
    }
    return {{"pose_keypoints_2d", numbers}};
  }

  TrackedVideo Open(TrackOptions options = {}) const {
    return TrackedVideo(FrameFolder(folder_.path(), "", {}), options, kFps);
  }
  std::vector<FitRow> Fit(const TrackedVideo& video, int64_t done, const std::vector<FitRow>& first,
                          int threads, bool ground = false) const {
    VideoSettings settings;
    settings.sequence.camera.focal_px = camera_.focal_px;
    settings.sequence.camera.center_px = camera_.center_px;
    settings.sequence.fps = kFps;
    settings.sequence.threads = threads;
    settings.sequence.options.ground = ground;
    settings.max_gap_s = TrackOptions().max_gap_s;
    settings.block_frames = kBlock;
    VideoFitter fitter(
        fitter_, video, [&](const auto& sink) { video.ForEach(sink); }, settings);
    std::vector<FitRow> rows;
    SequenceReport report;
    EXPECT_TRUE(fitter.Fit(
        done, [&](int64_t index) { return first.at(static_cast<size_t>(index)); },
        [&](std::span<const FitRow> some) { rows.insert(rows.end(), some.begin(), some.end()); },
        {}, &report));
    return rows;
  }

  TempFolder folder_;
  const std::shared_ptr<const Fitter> fitter_ =
      std::make_shared<Fitter>(MakeStickBody(), MakeStickPrior(), FitOptions());
  const Camera camera_{1000, {639.5, 359.5}};
};

TEST_F(FitVideoTest, EveryTrackIsARowAFrame) {
  const TrackedVideo video = Open();
  ASSERT_EQ(video.tracks().size(), 2u);
  EXPECT_EQ(video.tracks()[0].last, kFrames - 1);
  EXPECT_EQ(video.tracks()[1].first, kSecondFrom);
  EXPECT_EQ(video.tracks()[1].last, kSecondTo - 1);
  EXPECT_EQ(video.tracks()[1].seen, 23);
  EXPECT_EQ(video.RowsBefore(kSecondFrom), 17);
  EXPECT_EQ(video.RowsBefore(20), 17 + 2 * 3);
  EXPECT_EQ(video.RowOf(1, 20), 24);
  EXPECT_EQ(video.RowsBefore(kFrames), kFrames + 26);

  const std::vector<FitRow> rows = Fit(video, 0, {}, 1);
  ASSERT_EQ(rows.size(), 73u);
  for (size_t i = 0; i < rows.size(); ++i) {
    const FitRow& row = rows[i];
    EXPECT_EQ(row.index, static_cast<int64_t>(i));
    EXPECT_EQ(row.image, NameOf(static_cast<int>(row.frame)));
    const bool hidden = row.track == 1 && row.frame >= kHiddenFrom && row.frame < kHiddenTo;
    EXPECT_EQ(row.usable, !hidden) << i;
    if (hidden) {
      EXPECT_EQ(row.person, -1) << i;
    } else {
      // The second one stands first in frames of odd number.
      const bool both = row.frame >= kSecondFrom && row.frame < kSecondTo &&
                        !(row.frame >= kHiddenFrom && row.frame < kHiddenTo);
      EXPECT_EQ(row.person, both && row.frame % 2 ? 1 - row.track : row.track) << i;
    }
  }
}

// Whatever was done before and on however many threads, the rest is the same, byte by byte.
TEST_F(FitVideoTest, GoesOnWhereAnotherRunEnded) {
  const TrackedVideo video = Open();
  for (const bool ground : {false, true}) {
    const std::vector<FitRow> all = Fit(video, 0, {}, 1, ground);
    // Nothing, within a block, at a block's end, a row behind it, in the last block, all.
    for (const int64_t done :
         ground ? std::vector<int64_t>{24, 63} : std::vector<int64_t>{0, 11, 23, 24, 72, 73}) {
      const std::vector<FitRow> first(all.begin(), all.begin() + done);
      const std::vector<FitRow> rest = Fit(video, done, first, 2, ground);
      ASSERT_EQ(std::ssize(rest), 73 - done);
      for (size_t i = 0; i < rest.size(); ++i) {
        EXPECT_EQ(EncodeRow(rest[i]), EncodeRow(all[done + i])) << done << " " << i << ground;
      }
    }
  }
}

// The file of a job that was stopped after each block is that of one that was not.
TEST_F(FitVideoTest, AStoppedJobGoesOn) {
  const auto video = std::make_shared<const TrackedVideo>(Open());
  const auto fit = [&](const std::string& name, bool stops) {
    FitJob job;
    job.body = MakeStickBody();
    job.prior = MakeStickPrior();
    job.fit = ForBulk({}, /*sequence=*/true);
    job.persons = [video](const auto& sink) { video->ForEach(sink); };
    job.survey = SurveyOf(job.persons);
    job.sequence = FrameSettings{kFps, {}, kBlock};
    job.video = video;
    job.threads = 1;
    int asked = 0, runs = 0;
    if (stops) job.stop = [&] { return asked++ > 0; };
    while (true) {
      asked = 0;
      ++runs;
      if (BulkFit(folder_.path() / name).Run(job).finished) break;
    }
    EXPECT_EQ(runs, stops ? 3 : 1);
    return ReadFile(folder_.path() / name);
  };
  EXPECT_EQ(fit("a.npz", false), fit("b.npz", true));
  const std::vector<std::string> keys = NpzKeys(folder_.path() / "a.npz");
  EXPECT_THAT(keys, testing::IsSupersetOf({"track", "frame", "joint_cov_m2"}));
}

// One shape a track, no jump where blocks meet, and a way through the gap.
TEST_F(FitVideoTest, TracksAreOneMotion) {
  const std::vector<FitRow> rows = Fit(Open(), 0, {}, 1);
  std::vector<std::vector<const FitRow*>> tracks(2);
  for (const FitRow& row : rows) tracks[row.track].push_back(&row);
  EXPECT_NE(tracks[0][0]->params.betas(), tracks[1][0]->params.betas());
  for (size_t track = 0; track < 2; ++track) {
    for (size_t i = 0; i < tracks[track].size(); ++i) {
      const FitRow& row = *tracks[track][i];
      EXPECT_EQ(row.params.betas(), tracks[track][0]->params.betas());
      const Points3 truth = fitter_->Joints(Truth(static_cast<int>(track), row.frame));
      const Points3 found = fitter_->Joints(row.params);
      EXPECT_LT((truth - found).leftCols<2>().rowwise().norm().mean(), 0.15) << track << " " << i;
      if (i < 2) continue;
      const auto at = [&](size_t k) { return fitter_->Joints(tracks[track][k]->params); };
      const Points3 second = at(i) - 2 * at(i - 1) + at(i - 2);
      EXPECT_LT(second.rowwise().norm().mean() * kFps * kFps, 6) << track << " " << i;
    }
  }
}

TEST_F(FitVideoTest, SaysHowSureItIsOfEveryJoint) {
  for (const FitRow& row : Fit(Open(), 0, {}, 1)) {
    EXPECT_EQ(row.joint_cov_m2.allFinite(), row.usable);
    if (!row.usable) continue;
    EXPECT_GT(row.JointCovariance(5)(2, 2), row.JointCovariance(5)(0, 0));
  }
}

TEST_F(FitVideoTest, WhatIsNoVideoIsSaidInASentence) {
  TrackOptions options;
  options.min_frames = 48;
  EXPECT_THAT(UserErrorOf([&] { Open(options); }), HasSubstr("--track.min-frames"));
  for (int i = 0; i < kFrames; ++i) Write(i, nlohmann::json::array());
  EXPECT_THAT(UserErrorOf([&] { Open(); }), HasSubstr("nobody is seen in 47 frames"));
  for (int i = 1; i < kFrames; ++i) {
    fs::remove(folder_.path() / (NameOf(i) + "_keypoints.json"));
  }
  EXPECT_THAT(UserErrorOf([&] { Open(); }), HasSubstr("is one frame"));
}

// Upright and lying, and of a camera that is larger than all.
TEST(UsualSize, IsTheSmallestAround) {
  const auto size = [](double x, double y) {
    const PictureSize around = UsualSizeAround({x, y});
    return std::pair(around.width, around.height);
  };
  EXPECT_EQ(size(1800, 700), std::pair(1920, 1080));
  EXPECT_EQ(size(500, 1200), std::pair(720, 1280));
  EXPECT_EQ(size(300, 200), std::pair(640, 360));
  EXPECT_EQ(size(5000.5, 40), std::pair(5001, 41));
}

}  // namespace
}  // namespace gyre
