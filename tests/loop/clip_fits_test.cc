// SPDX-License-Identifier: Apache-2.0
#include "loop/training/clip_fits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "core/error.h"
#include "datasets/scenes/mocap_clips.h"
#include "fitting/person_problem.h"
#include "io/io_test_util.h"
#include "loop/training/supervisor.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Two people who walk and lift an arm for 7 and 5 frames, each before one camera.
class ClipFitsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    body_ = LoadBodyModel("builtin");
    std::vector<PoseClip> clips;
    for (const int frames : {7, 5}) {
      PoseClip clip{"walk", RowMatX::Zero(frames, 72), 15};
      clip.transl = Points3::Zero(frames, 3);
      for (int t = 0; t < frames; ++t) {
        clip.transl(t, 0) = 0.08 * t;
        clip.poses(t, 3 * 16 + 2) = -1 + 0.15 * t;
        clip.poses(t, 3 * 1) = 0.5 * std::sin(0.8 * t);
      }
      clips.push_back(std::move(clip));
    }
    MocapOptions options;
    options.views = 1;
    options.fps = 15;
    options.noise_px = 4;
    data_ = std::make_shared<MocapDataset>(*body_, clips, SpinJoints(), options, "walks");
    FitOptions fit;
    fit.hypotheses = Hypotheses::kStartOnly;
    fitter_ = std::make_shared<Fitter>(body_, LoadPosePrior(), fit);
  }
  static void TearDownTestSuite() { body_.reset(), data_.reset(), fitter_.reset(); }

  static ClipFits FourAtATime() { return {fitter_, {.frames = 4, .fps = 15}}; }
  static std::vector<Person> Samples() {
    std::vector<Person> samples;
    for (int64_t i = 0; i < data_->size(); ++i) {
      samples.push_back(data_->Get(i));
      samples.back().position = i;
    }
    return samples;
  }
  static std::vector<FitProblem> Problems(std::span<const Person> samples) {
    std::vector<FitProblem> problems;
    for (const Person& sample : samples) problems.push_back(ProblemInCrop(sample));
    return problems;
  }
  static std::unique_ptr<Supervisor> MakeSupervisor(const RefreshPolicy& refresh = {}) {
    auto supervisor = std::make_unique<Supervisor>(
        fitter_, FitStore(StorePolicy(), FitFile::InMemory({RowsOf(*data_)}, *body_->layout)),
        Supervision::kLoop, /*use_labels=*/false, 1, refresh);
    SequenceOptions sequence;
    sequence.max_iterations = 3;
    supervisor->FitClips({.frames = 4, .fps = 15}, sequence);
    return supervisor;
  }
  static std::vector<StoredFit> StoredIn(const Supervisor& supervisor) {
    std::vector<StoredFit> fits;
    for (const Person& s : Samples()) {
      fits.push_back(supervisor.store().Get({s.dataset, s.index}).value());
    }
    return fits;
  }

  static std::shared_ptr<const BodyModel> body_;
  static std::shared_ptr<const Dataset> data_;
  static std::shared_ptr<const Fitter> fitter_;
};
std::shared_ptr<const BodyModel> ClipFitsTest::body_;
std::shared_ptr<const Dataset> ClipFitsTest::data_;
std::shared_ptr<const Fitter> ClipFitsTest::fitter_;

TEST_F(ClipFitsTest, ClipsAreFramesOfATrackThatCome) {
  std::vector<Person> samples = Samples();
  const auto sizes = [&](const ClipFits& fits) {
    std::vector<size_t> sizes;
    for (const ClipRange& clip : fits.ClipsAmong(samples)) sizes.push_back(clip.size());
    return sizes;
  };
  EXPECT_THAT(sizes(FourAtATime()), ElementsAre(4, 3, 4, 1));
  EXPECT_EQ(sizes(ClipFits(fitter_)), std::vector<size_t>(12, 1));
  EXPECT_FALSE(ClipFits(fitter_).RunsOf(*data_).has_value());
  EXPECT_EQ(FourAtATime().RunsOf(*data_)->size(), 4);
  samples.erase(samples.begin() + 1);
  EXPECT_THAT(sizes(FourAtATime()), ElementsAre(1, 2, 3, 4, 1));
}

TEST_F(ClipFitsTest, AClipHasOneCamera) {
  std::vector<Person> samples = Samples();
  samples[11].camera.reset();  // alone
  EXPECT_EQ(FourAtATime().ClipsAmong(samples).size(), 4u);
  samples[5].camera.reset();
  EXPECT_THAT(UserErrorOf([&] { FourAtATime().ClipsAmong(samples); }),
              AllOf(HasSubstr("data set walks, row 5"), HasSubstr("camera=FILE")));
  EXPECT_EQ(ClipFits(fitter_).ClipsAmong(samples).size(), 12u);
}

// Each clip is what the sequence fitter makes of it, who is alone what the fitter does, and scores
// are the clip's.
TEST_F(ClipFitsTest, AreThoseOfTheSequenceFitter) {
  const std::vector<Person> samples = Samples();
  const std::vector<FitProblem> problems = Problems(samples);
  const ClipFits fits = FourAtATime();
  const std::vector<FitResult> results = fits.Fit(problems, fits.ClipsAmong(samples), 2);
  const SequenceFitter sequence(fitter_, {});
  for (const ClipRange clip : {ClipRange{0, 4}, ClipRange{4, 7}, ClipRange{7, 11}}) {
    const std::span<const FitProblem> frames(&problems[clip.begin], clip.size());
    const SequenceResult expected = sequence.Fit(frames, 1 / 15.0, 1);
    std::vector<BodyParams> motion;
    double score = 0, spin_score = 0, weights = 0;
    for (size_t i = 0; i < clip.size(); ++i) {
      const FitResult& frame = expected.frames[i];
      motion.push_back(frame.params);
      score += frame.summary.score.score_px2 / static_cast<double>(clip.size());
      spin_score += frame.summary.score.spin_score_px2 / static_cast<double>(clip.size());
      weights += frames[i].confidence.squaredNorm();
      EXPECT_EQ(results[clip.begin + i].params.values(), frame.params.values());
      EXPECT_EQ(results[clip.begin + i].params.betas(), results[clip.begin].params.betas());
      EXPECT_EQ(results[clip.begin + i].summary.score.robust_px2, frame.summary.score.robust_px2);
    }
    for (size_t i = clip.begin; i < clip.end; ++i) {
      EXPECT_NEAR(results[i].summary.score.score_px2, score, 1e-9);
      EXPECT_NEAR(results[i].summary.score.spin_score_px2, spin_score, 1e-9);
      EXPECT_NEAR(results[i].summary.score.objective_px2,
                  sequence.Cost(frames, motion, 1 / 15.0) / weights, 1e-9);
    }
  }
  EXPECT_EQ(results[11].params.values(), fitter_->Fit(problems[11]).params.values());
  EXPECT_NE(results[4].params.betas(), results[0].params.betas());
}

TEST_F(ClipFitsTest, UncertaintyIsOfTheFrameInTheMotion) {
  FitOptions options = fitter_->options();
  options.estimate_uncertainty = true;
  const auto fitter = std::make_shared<Fitter>(body_, LoadPosePrior(), options);
  const std::vector<Person> samples = Samples();
  const std::vector<FitProblem> problems = Problems(samples);
  const ClipFits fits(fitter, {.frames = 4, .fps = 15});
  const std::vector<ClipRange> clip = {{0, 4}};
  const std::vector<FitResult> results = fits.Fit({problems.data(), 4}, clip, 1);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(results[i].uncertainty->rotation_sd_rad,
              fitter->Uncertainty(problems[i], results[i].params).rotation_sd_rad);
  }
}

TEST_F(ClipFitsTest, AStoreTakesAClipWholeOrLeavesIt) {
  const auto supervisor = MakeSupervisor();
  supervisor->MakeInitialFits(*data_);
  const std::vector<StoredFit> first = StoredIn(*supervisor);
  for (const ClipRange clip : {ClipRange{0, 4}, ClipRange{4, 7}, ClipRange{7, 11}}) {
    for (size_t i = clip.begin + 1; i < clip.end; ++i) {
      EXPECT_EQ(first[i].score_px2, first[clip.begin].score_px2);
      EXPECT_EQ(first[i].params.betas(), first[clip.begin].params.betas());
    }
  }
  // The truth starts all but one clip, which starts upside down.
  const std::vector<Person> samples = Samples();
  std::vector<BodyParams> starts;
  for (size_t i = 0; i < samples.size(); ++i) {
    starts.push_back(*samples[i].params);
    if (i >= 4 && i < 7) starts.back().rotation(0).setZero();
  }
  SupervisionStats stats;
  supervisor->Step(samples, starts, 3, &stats);
  EXPECT_EQ(stats.considered, 12);
  const std::vector<StoredFit> then = StoredIn(*supervisor);
  int64_t updated = 0;
  for (size_t i = 0; i < then.size(); ++i) {
    EXPECT_LE(then[i].score_px2, first[i].score_px2) << i;
    updated += then[i].step == 3;
    if (i % 11 == 0 || i == 4 || i == 7) continue;  // the first of its clip
    EXPECT_EQ(then[i].step, then[i - 1].step) << i;
  }
  EXPECT_EQ(stats.updated, updated);
}

// A stop between the frames of a clip: the clip is fitted anew, and comes to the same.
TEST_F(ClipFitsTest, FirstFitsGoOnWhereAStopLeftAClip) {
  const auto whole = MakeSupervisor(), stopped = MakeSupervisor();
  whole->MakeInitialFits(*data_);
  const std::vector<StoredFit> expected = StoredIn(*whole);
  const std::vector<Person> samples = Samples();
  for (const int i : {0, 1, 5}) {
    stopped->store().Consider({samples[i].dataset, samples[i].index}, expected[i]);
  }
  stopped->MakeInitialFits(*data_);
  const std::vector<StoredFit> found = StoredIn(*stopped);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(found[i], expected[i]) << i;
}

TEST_F(ClipFitsTest, ConvergedClipsAreTriedAgainAsAWhole) {
  RefreshPolicy refresh;
  refresh.every = 3;
  refresh.after_steps = 5;
  refresh.seed = 8;
  const auto supervisor = MakeSupervisor(refresh);
  supervisor->MakeInitialFits(*data_);
  const std::vector<Person> samples = Samples();
  std::vector<BodyParams> starts;
  for (const Person& s : samples) starts.push_back(*s.params);
  SupervisionStats stats;
  std::set<int64_t> counts;
  for (int step = 20; step < 28; ++step) {
    supervisor->Step(samples, starts, step, &stats);
    counts.insert(stats.considered);
    EXPECT_THAT(stats.considered, testing::AnyOf(0, 1, 3, 4, 5, 7, 8, 9, 11, 12));
  }
  EXPECT_GT(counts.size(), 2u);
}

TEST(ClipFitOptionsTest, BadValuesAreNamed) {
  const auto why = [](const ClipFitOptions& options) {
    return UserErrorOf([&] { options.Check(); });
  };
  EXPECT_EQ(why({.frames = 1}),
            "clips.frames = 1 must be 0 (everybody is fitted alone) or from 2 to 1000");
  EXPECT_EQ(why({.frames = 24, .fps = 0}), "clips.fps = 0 must be from 0.1 to 1000");
  EXPECT_NO_THROW((ClipFitOptions{.frames = 24, .fps = 0.5}).Check());
}

TEST(ClipFitOptionsTest, ScoresOfOtherClipsAreOthers) {
  const auto of = [](int frames, double fps, double acceleration) {
    SequenceOptions sequence;
    sequence.acceleration_weight = acceleration;
    return ClipFits::ScoreFingerprint("objective", {frames, fps}, sequence);
  };
  EXPECT_EQ(of(0, 25, 0.2), "objective");
  EXPECT_NE(of(4, 30, 0.1), "objective");
  EXPECT_NE(of(4, 30, 0.1), of(5, 30, 0.1));
  EXPECT_NE(of(4, 30, 0.1), of(4, 25, 0.1));
  EXPECT_NE(of(4, 30, 0.1), of(4, 30, 0.2));
  EXPECT_EQ(of(4, 30, 0.1), of(4, 30, 0.1));
}

}  // namespace
}  // namespace gyre
