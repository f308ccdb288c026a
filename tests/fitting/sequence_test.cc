// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>

#include "body/retarget.h"
#include "core/error.h"
#include "core/so3.h"
#include "fitting/hypotheses.h"
#include "fitting/objective.h"
#include "fitting/sequence_fitter.h"
#include "fitting/test_problems.h"
#include "io/bvh.h"
#include "metrics/errors.h"

namespace gyre {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kSecondsPerFrame = 1 / 30.0;

// One joint along x, by hand: half a second a frame, the second frame is missing. At 2 m/s it comes
// to 3; at 4 m/s, an acceleration of 2 / 1.5 s times 2 m/s, it comes to 4.
TEST(SmoothestPathTest, KeepsTheSpeedAcrossAGap) {
  const auto at = [](double x, double cost) { return PathStep{cost, Points3{{x, 0, 0}}}; };
  const std::vector<int> frames = {0, 2, 3};
  const auto path = [&](double cost_of_3) {
    const std::vector<std::vector<PathStep>> steps = {
        {at(0, 0)}, {at(2, 0)}, {at(3, cost_of_3), at(4, 0)}};
    return SmoothestPath(steps, frames, 0.5, /*acceleration_weight=*/0.5);
  };
  EXPECT_EQ(path(0), (std::vector<int>{0, 0, 0}));
  // 0.5^2 (8/3)^2 = 1.778
  EXPECT_EQ(path(1.77), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(path(1.79), (std::vector<int>{0, 0, 1}));
}

// Dearer by itself, but in line: 0.5 against an acceleration of 2, whose square is 4.
TEST(SmoothestPathTest, LooksAtWhatFollows) {
  const auto at = [](double x, double cost) { return PathStep{cost, Points3{{x, 0, 0}}}; };
  const std::vector<std::vector<PathStep>> steps = {
      {at(0, 0)}, {at(0, 0), at(7, 0), at(1, 0.5)}, {at(2, 0)}};
  const std::vector<int> frames = {5, 6, 7};
  EXPECT_EQ(SmoothestPath(steps, frames, 1, 1), (std::vector<int>{0, 2, 0}));
}

struct TrueSequence {
  std::vector<FitProblem> frames;  // cold
  std::vector<BodyParams> truth;
};

class SequenceTest : public testing::Test {
 protected:
  std::shared_ptr<const Fitter> Make(FitOptions options = {}) {
    return std::make_shared<Fitter>(MakeStickBody(), MakeStickPrior(), std::move(options));
  }

  // Every angle swings by about 0.2 rad at up to 1 Hz; the person walks across at 1 m/s.
  TrueSequence Make(const Fitter& fitter, int count, double noise_px, uint64_t seed) {
    Rng rng(seed, RngStream::kTest, 1);
    const TrueProblem made = MakeTrueProblem(fitter, seed);
    std::array<double, kNumPoseParams> swing{}, phase{}, hertz{};
    for (int i = 0; i < kNumPoseParams; ++i) {
      swing[i] = rng.Normal(0, i < 3 ? 0.05 : 0.2);
      phase[i] = rng.Uniform(0, 2 * kPi);
      hertz[i] = rng.Uniform(0.3, 1);
    }
    TrueSequence sequence;
    for (int f = 0; f < count; ++f) {
      const double seconds = f * kSecondsPerFrame;
      BodyParams truth = made.truth;
      for (int i = 0; i < kNumPoseParams; ++i) {
        truth.pose()[i] += swing[i] * std::sin(2 * kPi * hertz[i] * seconds + phase[i]);
      }
      truth.transl().x() += seconds - 0.5;
      FitProblem problem = made.problem;
      const Points3 joints = fitter.Joints(truth);
      for (int i = 0; i < kNumSpinJoints; ++i) {
        problem.keypoints_px.row(i) = problem.camera.Project(joints.row(i).transpose()).transpose();
        problem.keypoints_px.row(i) +=
            Eigen::RowVector2d(rng.Normal(0, noise_px), rng.Normal(0, noise_px));
      }
      problem.has_start = problem.start_has_translation = false;
      sequence.frames.push_back(problem);
      sequence.truth.push_back(truth);
    }
    return sequence;
  }

  static std::vector<BodyParams> ParamsOf(const std::vector<FitResult>& results) {
    std::vector<BodyParams> params;
    for (const FitResult& result : results) params.push_back(result.params);
    return params;
  }
  // About their centre: what one camera sees.
  static std::vector<Points3> Joints(const Fitter& fitter, std::span<const BodyParams> params) {
    std::vector<Points3> joints;
    for (const BodyParams& one : params) {
      joints.push_back(fitter.Joints(one));
      joints.back().rowwise() -= joints.back().colwise().mean().eval();
    }
    return joints;
  }
  struct Errors {
    double position_m = 0, acceleration_m_s2 = 0;
    VecX per_frame_m;
  };
  static Errors Against(const Fitter& fitter, std::span<const BodyParams> truth,
                        std::span<const BodyParams> params) {
    const std::vector<Points3> expected = Joints(fitter, truth), found = Joints(fitter, params);
    Errors errors;
    errors.per_frame_m.resize(std::ssize(truth));
    for (size_t i = 0; i < truth.size(); ++i) {
      errors.per_frame_m[i] = (found[i] - expected[i]).rowwise().norm().mean();
    }
    errors.position_m = errors.per_frame_m.mean();
    const RowMatX seen = RowMatX::Ones(std::ssize(truth), kNumSpinJoints);
    errors.acceleration_m_s2 =
        MotionErrors(found, expected, seen, 2).mean() / (kSecondsPerFrame * kSecondsPerFrame);
    return errors;
  }
};

TEST_F(SequenceTest, BeatsFrameByFrame) {
  const auto fitter = Make();
  const SequenceFitter sequence_fitter(fitter, {});
  Errors before, after;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const TrueSequence sequence = Make(*fitter, 30, 3, seed);
    const SequenceResult result = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
    EXPECT_EQ(result.summary.windows, 1);
    EXPECT_EQ(result.summary.bridged_frames, 0);
    for (const FitResult& frame : result.frames) {
      EXPECT_TRUE(frame.summary.usable);
      EXPECT_LT(frame.summary.score.reprojection_px, 6);
      EXPECT_EQ(frame.params.betas(), result.frames[0].params.betas());
    }
    const auto add = [&](const std::vector<FitResult>& frames, Errors* sum) {
      const Errors errors = Against(*fitter, sequence.truth, ParamsOf(frames));
      sum->position_m += errors.position_m / 3;
      sum->acceleration_m_s2 += errors.acceleration_m_s2 / 3;
    };
    add(fitter->FitAll(sequence.frames, 1), &before);
    add(result.frames, &after);
  }
  RecordProperty("alone_mm", static_cast<int>(1000 * before.position_m));
  RecordProperty("sequence_mm", static_cast<int>(1000 * after.position_m));
  RecordProperty("alone_m_s2", static_cast<int>(before.acceleration_m_s2));
  RecordProperty("sequence_m_s2", static_cast<int>(after.acceleration_m_s2));
  EXPECT_LT(after.position_m, 0.85 * before.position_m);
  EXPECT_LT(after.acceleration_m_s2, 0.1 * before.acceleration_m_s2);
}

// Frame 1 lies 2 cm beside the line between the others: its 35 joints bend by 4 cm, at 0.1 px per
// m/s^2 of 30 frames a second. The frames' own shares are what they cost alone, whatever start
// their problems are anchored to.
TEST_F(SequenceTest, TheCostOfAMotionIsItsFramesAndItsBends) {
  FitOptions options;
  options.start_anchor = 5;
  const auto fitter = Make(options);
  const SequenceFitter sequence_fitter(fitter, {});
  TrueSequence sequence = Make(*fitter, 3, 1, 4);
  std::vector<BodyParams> motion(3, sequence.truth[1]);
  motion[1].transl().x() += 0.02;
  const auto cost = [&](std::span<const FitProblem> frames, std::span<const BodyParams> bodies) {
    return sequence_fitter.Cost(frames, bodies, kSecondsPerFrame);
  };
  const std::span<const FitProblem> frames = sequence.frames;
  double alone = 0;
  for (size_t i = 0; i < 3; ++i) alone += cost(frames.subspan(i, 1), {&motion[i], 1});
  // The sum of the squared shares of the 35 joints (joint_steadiness.h).
  constexpr double kShares = 45.67389;
  EXPECT_NEAR(cost(frames, motion) - alone, 90 * 90 * kShares * 0.04 * 0.04, 1e-6 * alone);
  for (FitProblem& frame : sequence.frames) {
    frame.start = sequence.truth[0];
    frame.has_start = frame.start_has_translation = true;
  }
  EXPECT_NEAR(cost(sequence.frames, motion) - alone, 90 * 90 * kShares * 0.04 * 0.04, 1e-6 * alone);
  // Two frames do not bend. A body behind the camera costs more than anything.
  EXPECT_NEAR(cost(frames.first(2), std::span(motion).first(2)),
              cost(frames.first(1), {&motion[0], 1}) + cost(frames.subspan(1, 1), {&motion[1], 1}),
              1e-9 * alone);
  motion[2].transl().z() = -3;
  EXPECT_EQ(cost(frames, motion), std::numeric_limits<double>::infinity());
}

// What Fit finds costs less than the truth, whose keypoints are off by noise.
TEST_F(SequenceTest, FitFindsAMotionOfLeastCost) {
  const auto fitter = Make();
  const SequenceFitter sequence_fitter(fitter, {});
  const TrueSequence sequence = Make(*fitter, 5, 3, 2);
  const std::vector<BodyParams> found =
      ParamsOf(sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1).frames);
  const double least = sequence_fitter.Cost(sequence.frames, found, kSecondsPerFrame);
  EXPECT_LT(least, sequence_fitter.Cost(sequence.frames, sequence.truth, kSecondsPerFrame));
  for (const double off : {-0.01, 0.01}) {
    std::vector<BodyParams> other = found;
    other[2].rotation(1).x() += off;
    EXPECT_GT(sequence_fitter.Cost(sequence.frames, other, kSecondsPerFrame), least) << off;
  }
}

TEST_F(SequenceTest, BeatsFrameByFrameOnMotionCapture) {
  const std::filesystem::path data = "../shared/data";
  const std::filesystem::path clip_path = data / "mocap/cmu_walk_bvh/02_01.bvh";
  if (!std::filesystem::exists(clip_path)) {
    GTEST_SKIP() << "needs " << clip_path << ", which is not here";
  }
  const auto body = LoadBodyModel((data / "body/cc0_body.npz").string());
  const auto fitter = std::make_shared<Fitter>(body, LoadPosePrior(), FitOptions());
  const BvhClip clip = ReadBvh(clip_path);
  const RowMatX poses = RetargetBvh(clip).poses;
  constexpr double kMetresPerUnit = 0.056444;
  const int step = static_cast<int>(std::lround(kSecondsPerFrame / clip.frame_time));
  const Mat3 cam_from_world = ExpSO3({kPi, 0, 0}) * ExpSO3({0, 0.6, 0});
  const Vec3 origin = ForwardKinematics(clip, 0).positions.row(0).transpose();
  Rng rng(1, RngStream::kNoise);
  TrueSequence sequence;
  for (int i = 0; i < 30 && i * step < clip.num_frames(); ++i) {
    const Vec3 root = ForwardKinematics(clip, i * step).positions.row(0).transpose();
    BodyParams truth{SmplLayout()};
    truth.pose() = poses.row(i * step).transpose();
    truth.rotation(0) = LogSO3(cam_from_world * ExpSO3(truth.rotation(0)));
    truth.transl() = kMetresPerUnit * cam_from_world * (root - origin) + Vec3(0, 0, 8);
    FitProblem problem;
    problem.camera = {1000, {640, 360}};
    const Points3 joints = fitter->Joints(truth);
    for (int k = 0; k < kNumOpenPoseJoints; ++k) {
      problem.keypoints_px.row(k) = problem.camera.Project(joints.row(k).transpose()).transpose();
      problem.keypoints_px.row(k) += Eigen::RowVector2d(rng.Normal(0, 3), rng.Normal(0, 3));
      problem.confidence[k] = rng.Bernoulli(0.1) ? 0 : 1;
    }
    problem.has_start = problem.start_has_translation = false;
    sequence.frames.push_back(problem);
    sequence.truth.push_back(truth);
  }
  const Errors alone =
      Against(*fitter, sequence.truth, ParamsOf(fitter->FitAll(sequence.frames, 1)));
  const SequenceResult result =
      SequenceFitter(fitter, {}).Fit(sequence.frames, kSecondsPerFrame, 1);
  const Errors together = Against(*fitter, sequence.truth, ParamsOf(result.frames));
  RecordProperty("alone_mm", static_cast<int>(1000 * alone.position_m));
  RecordProperty("sequence_mm", static_cast<int>(1000 * together.position_m));
  EXPECT_LT(together.position_m, 0.9 * alone.position_m);
  EXPECT_LT(together.acceleration_m_s2, 0.15 * alone.acceleration_m_s2);
}

TEST_F(SequenceTest, BridgesFramesThatCannotBeFitted) {
  const auto fitter = Make();
  const SequenceFitter sequence_fitter(fitter, {});
  TrueSequence sequence = Make(*fitter, 20, 2, 5);
  const std::vector<BodyParams> whole =
      ParamsOf(sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1).frames);
  sequence.frames[7].confidence.tail(46).setZero();  // hardly seen
  sequence.frames[10].confidence.resize(2);
  sequence.frames[15].confidence.setZero();
  sequence.frames[16].keypoints_px(4, 0) = std::numeric_limits<double>::quiet_NaN();
  sequence.frames[19].confidence.setZero();  // the motion goes on
  const SequenceResult bridged = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
  EXPECT_EQ(bridged.summary.bridged_frames, 5);
  for (int i : {7, 10, 15, 16, 19}) {
    EXPECT_FALSE(bridged.frames[i].summary.usable);
    EXPECT_NE(bridged.frames[i].summary.reason, FitReason::kOk);
  }
  EXPECT_LT(Against(*fitter, whole, ParamsOf(bridged.frames)).per_frame_m.maxCoeff(), 0.04);
}

// Keypoints of another order in some frames: the person stands in them as in their neighbours.
TEST_F(SequenceTest, SingleFramesFarFromTheirKeypointsAreCarried) {
  FitOptions options;
  options.max_error_share = kMaxErrorShare;
  const auto fitter = Make(options);
  const SequenceFitter sequence_fitter(fitter, {});
  TrueSequence sequence = Make(*fitter, 11, 1, 5);
  const auto spoil = [&](int frame) {
    Points2& px = sequence.frames[frame].keypoints_px;
    px = px.colwise().reverse().eval();
  };
  for (const int frame : {2, 3, 7}) spoil(frame);
  const std::vector<FitResult> alone = fitter->FitAll(sequence.frames, 1);
  SequenceResult result = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
  EXPECT_EQ(result.summary.far_frames, 3);
  EXPECT_EQ(result.summary.bridged_frames, 0);
  for (int i = 0; i < 11; ++i) {
    const bool spoilt = i == 2 || i == 3 || i == 7;
    EXPECT_EQ(alone[i].summary.reason, spoilt ? FitReason::kLargeError : FitReason::kOk) << i;
    EXPECT_TRUE(result.frames[i].summary.usable) << i;
    EXPECT_EQ(result.frames[i].summary.reason, FitReason::kOk) << i;
    EXPECT_EQ(result.frames[i].summary.reason_text, "") << i;
    EXPECT_TRUE(result.alone[i].has_value()) << i;
  }
  EXPECT_LT(Against(*fitter, sequence.truth, ParamsOf(result.frames)).per_frame_m.maxCoeff(), 0.1);
}

// The row that a keypoint has where left and right are exchanged.
std::vector<int> OtherSides() {
  const KeypointSet& set = SpinJoints();
  std::vector<int> rows;
  for (int i = 0; i < set.size(); ++i) {
    std::string name(set.joints[i]);
    for (const auto& [a, b] : {std::pair("Left", "Right"), {"OP L", "OP R"}}) {
      const std::string left = a, right = b;
      if (name.starts_with(left)) {
        name = right + name.substr(left.size());
      } else if (name.starts_with(right)) {
        name = left + name.substr(right.size());
      } else {
        continue;
      }
      break;
    }
    rows.push_back(set.IndexOf(name));
  }
  return rows;
}

TEST_F(SequenceTest, FramesWithSidesExchangedDoNotThrowTheMotion) {
  FitOptions options;
  options.max_error_share = kMaxErrorShare;
  const auto fitter = Make(options);
  const SequenceFitter sequence_fitter(fitter, {});
  const std::vector<int> sides = OtherSides();
  ASSERT_GE(std::ranges::min(sides), 0);
  for (const uint64_t seed : {1, 5}) {
    TrueSequence sequence = Make(*fitter, 11, 1, seed);
    const auto right = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
    for (const int frame : {3, 6, 7}) {
      Points2& px = sequence.frames[frame].keypoints_px;
      px = px(sides, Eigen::all).eval();
    }
    const auto result = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
    for (const FitResult& frame : result.frames) EXPECT_TRUE(frame.summary.usable);
    const auto moved = [&](const std::vector<FitResult>& frames) {
      return Against(*fitter, ParamsOf(right.frames), ParamsOf(frames)).per_frame_m;
    };
    EXPECT_LT(moved(result.frames).maxCoeff(), 0.12) << seed;
    const VecX alone = moved(fitter->FitAll(sequence.frames, 1));
    for (const int frame : {3, 6, 7}) EXPECT_GT(alone[frame], 0.15) << "the test needs a turn";
  }
}

// Another order of the joints, in most frames and in all.
TEST_F(SequenceTest, ASequenceFarFromItsKeypointsIsNotUsable) {
  FitOptions options;
  options.max_error_share = kMaxErrorShare;
  const SequenceFitter sequence_fitter(Make(options), {});
  TrueSequence sequence = Make(*Make(options), 11, 1, 5);
  const auto spoil = [&](int frame) {
    Points2& px = sequence.frames[frame].keypoints_px;
    px = px.colwise().reverse().eval();
  };
  const auto is_refused = [](const FitResult& frame) {
    const FitSummary& summary = frame.summary;
    EXPECT_TRUE(frame.params.values().allFinite());
    EXPECT_EQ(summary.usable, summary.reason == FitReason::kOk);
    EXPECT_EQ(summary.usable, summary.reason_text.find("fit.max_error_share") == std::string::npos);
    return summary.reason == FitReason::kLargeError;
  };
  for (const int frame : {0, 1, 3, 5, 8, 9}) spoil(frame);
  SequenceResult result = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
  EXPECT_GE(result.summary.far_frames, 6);
  EXPECT_EQ(std::ranges::count_if(result.frames, is_refused), result.summary.far_frames);
  for (const int frame : {0, 1, 3, 5, 8, 9}) EXPECT_TRUE(is_refused(result.frames[frame])) << frame;
  for (const int frame : {2, 4, 6, 7, 10}) spoil(frame);
  result = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
  EXPECT_EQ(result.summary.far_frames, 11);
  EXPECT_EQ(std::ranges::count_if(result.frames, is_refused), 11);

  options.max_error_share = 0;  // every fit is
  result = SequenceFitter(Make(options), {}).Fit(sequence.frames, kSecondsPerFrame, 1);
  EXPECT_EQ(result.summary.far_frames, 0);
  EXPECT_EQ(std::ranges::count_if(result.frames, is_refused), 0);
}

TEST_F(SequenceTest, FlipsOfSingleFramesVanish) {
  FitOptions options;
  options.hypotheses = Hypotheses::kStartOnly;
  const auto fitter = Make(options);
  const SequenceFitter sequence_fitter(fitter, {});
  TrueSequence sequence = Make(*fitter, 20, 2, 5);
  for (size_t i = 0; i < sequence.frames.size(); ++i) {
    sequence.frames[i].start = sequence.truth[i];
    sequence.frames[i].has_start = sequence.frames[i].start_has_translation = true;
  }
  const auto alone = ParamsOf(fitter->FitAll(sequence.frames, 1));
  const auto together = ParamsOf(sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1).frames);
  for (int i : {0, 8, 14, 15}) sequence.frames[i].start = TurnedAround(sequence.truth[i]);
  const VecX flipped_alone =
      Against(*fitter, alone, ParamsOf(fitter->FitAll(sequence.frames, 1))).per_frame_m;
  const VecX flipped_together =
      Against(*fitter, together,
              ParamsOf(sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1).frames))
          .per_frame_m;
  for (int i : {0, 8, 14, 15}) {
    EXPECT_GT(flipped_alone[i], 0.1) << i << ": the test needs a flip";
    EXPECT_LT(flipped_together[i], 0.01) << i;
  }
}

TEST_F(SequenceTest, WindowsLeaveNoSeam) {
  FitOptions options;
  options.shape_prior_weight = 1e5;  // the shape is known: a window of all frames would find it too
  const auto fitter = Make(options);
  const TrueSequence sequence = Make(*fitter, 40, 3, 1);
  SequenceOptions windows, one;
  windows.window_frames = 28;
  one.window_frames = 40;
  windows.function_tolerance = one.function_tolerance = 1e-7;
  const SequenceResult slid =
      SequenceFitter(fitter, windows).Fit(sequence.frames, kSecondsPerFrame, 1);
  const SequenceResult whole =
      SequenceFitter(fitter, one).Fit(sequence.frames, kSecondsPerFrame, 1);
  EXPECT_EQ(slid.summary.windows, 1 + 3);  // for the shape, then from 0, 8, 16
  EXPECT_EQ(whole.summary.windows, 1);
  // Between the two no more than a slow drift: the difference hardly accelerates.
  const Errors difference = Against(*fitter, ParamsOf(whole.frames), ParamsOf(slid.frames));
  EXPECT_LT(difference.per_frame_m.maxCoeff(), 0.02);
  const auto a = Joints(*fitter, ParamsOf(slid.frames)),
             b = Joints(*fitter, ParamsOf(whole.frames));
  const RowMatX seen = RowMatX::Ones(40, kNumSpinJoints);
  const double most =
      MotionErrors(a, b, seen, 2).maxCoeff() / (kSecondsPerFrame * kSecondsPerFrame);
  EXPECT_LT(most, 3);
}

TEST_F(SequenceTest, ShortAndHopelessSequences) {
  const auto fitter = Make();
  const SequenceFitter sequence_fitter(fitter, {});
  const TrueSequence sequence = Make(*fitter, 3, 1, 4);
  for (size_t count : {0, 1, 2, 3}) {
    const SequenceResult result =
        sequence_fitter.Fit(std::span(sequence.frames).first(count), kSecondsPerFrame, 1);
    ASSERT_EQ(result.frames.size(), count);
    for (const FitResult& frame : result.frames) EXPECT_TRUE(frame.summary.usable);
  }
  std::vector<FitProblem> unseen(5);
  for (FitProblem& frame : unseen) frame.camera = sequence.frames[0].camera;
  const SequenceResult result = sequence_fitter.Fit(unseen, kSecondsPerFrame, 1);
  for (const FitResult& frame : result.frames) {
    EXPECT_EQ(frame.summary.reason, FitReason::kTooFewJoints);
  }
}

TEST_F(SequenceTest, ThreadsDontChangeAByte) {
  const auto fitter = Make();
  const SequenceFitter sequence_fitter(fitter, {});
  const TrueSequence sequence = Make(*fitter, 12, 2, 6);
  const auto one = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
  const auto three = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 3);
  for (size_t i = 0; i < one.frames.size(); ++i) {
    EXPECT_EQ(one.frames[i].params.pose(), three.frames[i].params.pose());
    EXPECT_EQ(one.frames[i].params.transl(), three.frames[i].params.transl());
  }
}

// Seven times the same frame: the motion stands still, and is a fit of that frame with half the
// prior's weight where four frames share it.
TEST_F(SequenceTest, FramesOfOnePoseShareItsPrior) {
  FitOptions halved;
  halved.pose_prior_weight *= 0.5;
  const auto fitter = Make(), with_half = Make(halved);
  const std::vector<FitProblem> frames(7, Make(*fitter, 1, 5, 3).frames[0]);
  const auto stands_at = [&](double pose_s) {
    SequenceOptions options;
    options.pose_s = pose_s;
    options.function_tolerance = 1e-12;
    options.max_iterations = 200;
    return SequenceFitter(fitter, options).Fit(frames, kSecondsPerFrame, 1).frames[3].params;
  };
  const auto apart_m = [&](const BodyParams& a, const BodyParams& b) {
    return (fitter->Joints(a) - fitter->Joints(b)).rowwise().norm().maxCoeff();
  };
  const BodyParams shared = stands_at(4 * kSecondsPerFrame);
  FitProblem from_there = frames[0];
  from_there.start = shared;
  from_there.has_start = from_there.start_has_translation = true;
  EXPECT_LT(apart_m(shared, with_half->Fit(from_there).params), 1e-3);
  EXPECT_GT(apart_m(shared, fitter->Fit(from_there).params), 0.01);
  // No less than once a frame.
  const BodyParams apart = stands_at(0.5 * kSecondsPerFrame);
  EXPECT_EQ(apart.values(), stands_at(0).values());
  from_there.start = apart;
  EXPECT_LT(apart_m(apart, fitter->Fit(from_there).params), 1e-3);
}

// The rotations of hips and knees, rad.
VecX Legs(const BodyParams& params) {
  VecX legs(12);
  for (int i = 0; i < 4; ++i) {
    legs.segment<3>(3 * i) = params.rotation(std::array{1, 2, 4, 5}[static_cast<size_t>(i)]);
  }
  return legs;
}

TEST_F(SequenceTest, LegsThatNoFrameShowsRestAsInFitsOfTheFrames) {
  const auto fitter = Make();
  TrueSequence sequence = Make(*fitter, 14, 2, 5);
  const auto hide_legs = [&](FitProblem* frame) {
    for (int i = 0; i < kNumSpinJoints; ++i) {
      const std::string_view name = SpinJoints().joints[i];
      for (const char* leg : {"Knee", "Ankle", "Toe", "Heel"}) {
        if (name.find(leg) != std::string_view::npos) frame->confidence[i] = 0;
      }
    }
  };
  const FitProblem seen = sequence.frames[6];
  for (FitProblem& frame : sequence.frames) hide_legs(&frame);
  sequence.frames[0].confidence.setZero();
  sequence.frames[9].confidence.setZero();
  const SequenceFitter sequence_fitter(fitter, {});
  const SequenceResult rest = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
  for (const int i : {3, 6, 12}) {
    const BodyParams alone = fitter->Fit(sequence.frames[i]).params;
    EXPECT_LT((Legs(rest.frames[i].params) - Legs(alone)).norm(), 0.35) << i;
  }
  EXPECT_EQ(Legs(rest.frames[0].params), Legs(rest.frames[1].params));
  EXPECT_EQ(Legs(rest.frames[9].params), Legs(rest.frames[8].params));
  // One frame that shows them is enough for the motion to say.
  sequence.frames[6] = seen;
  const SequenceResult shown = sequence_fitter.Fit(sequence.frames, kSecondsPerFrame, 1);
  const double from_shown = (Legs(shown.frames[5].params) - Legs(shown.frames[6].params)).norm();
  EXPECT_LT(2 * from_shown, (Legs(rest.frames[5].params) - Legs(shown.frames[6].params)).norm());
}

TEST_F(SequenceTest, OptionsAreChecked) {
  const auto fails = [](auto change) {
    SequenceOptions options;
    change(options);
    EXPECT_THROW(options.Check(), UserError);
  };
  fails([](SequenceOptions& o) { o.acceleration_weight = 0; });
  fails([](SequenceOptions& o) { o.acceleration_weight = std::nan(""); });
  fails([](SequenceOptions& o) { o.pose_s = -0.01; });
  fails([](SequenceOptions& o) { o.pose_s = std::nan(""); });
  fails([](SequenceOptions& o) { o.overlap_frames = 1; });
  fails([](SequenceOptions& o) { o.window_frames = o.overlap_frames; });
  fails([](SequenceOptions& o) { o.max_iterations = 0; });
  fails([](SequenceOptions& o) { o.function_tolerance = 0; });
}

}  // namespace
}  // namespace gyre
