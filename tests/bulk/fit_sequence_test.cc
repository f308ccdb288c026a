// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fitting/test_problems.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::HasSubstr;

constexpr double kFps = 25, kAcceleration = 6;  // m/s^2, to the right
constexpr int kFrames = 9, kHidden = 4;

// A stick body that is pulled to the right; one frame does not see it.
std::vector<FitInput> PulledPerson(const Fitter& fitter, std::vector<BodyParams>* truth) {
  const TrueProblem made = MakeTrueProblem(fitter, 3);
  std::vector<FitInput> frames;
  for (int i = 0; i < kFrames; ++i) {
    BodyParams& body = truth->emplace_back(made.truth);
    const double seconds = i / kFps;
    body.transl().x() += 0.5 * kAcceleration * seconds * seconds;
    FitInput& frame = frames.emplace_back();
    frame.problem = made.problem;
    frame.problem.has_start = frame.problem.start_has_translation = false;
    const Points3 joints = fitter.Joints(body);
    const Camera camera{1000, {320, 240.5}};
    for (Eigen::Index k = 0; k < joints.rows(); ++k) {
      frame.problem.keypoints_px.row(k) = camera.Project(joints.row(k).transpose()).transpose();
    }
    frame.person.image = "frame_0" + std::to_string(10 + i);
    if (i == kHidden) {
      frame.problem.confidence.setZero();
      frame.problem.camera.focal_px = 0;
    } else {
      frame.person.box = {Vec2(330, 240), 200};
      frame.person.image_path = "video/frame.png";
      frame.person.image_width = 641;
      frame.person.image_height = 482;
    }
  }
  return frames;
}

PersonSource SourceOf(const std::vector<FitInput>& frames) {
  return [&frames](const auto& sink) {
    for (const FitInput& frame : frames) sink(frame);
  };
}

TEST(FitSequence, AccelerationsAreInMetresAndSeconds) {
  const auto fitter = std::make_shared<Fitter>(MakeStickBody(), MakeStickPrior(), FitOptions());
  std::vector<BodyParams> truth;
  const std::vector<FitInput> frames = PulledPerson(*fitter, &truth);
  SequenceSettings settings;
  settings.camera.focal_px = 1000;
  settings.fps = kFps;
  settings.threads = 1;
  SequenceReport report;
  const std::vector<FitRow> rows = FitSequence(fitter, SourceOf(frames), settings, &report);
  ASSERT_EQ(rows.size(), 9u);
  EXPECT_NEAR(report.AccelerationAlone(), kAcceleration, 0.5);
  EXPECT_NEAR(report.Acceleration(), kAcceleration, 1);  // smoothness takes some
  EXPECT_EQ(report.bridged, 1);
  for (int i = 0; i < kFrames; ++i) {
    EXPECT_EQ(rows[i].index, i);
    EXPECT_EQ(rows[i].image, frames[i].person.image);
    EXPECT_EQ(rows[i].usable, i != kHidden) << i;
    EXPECT_EQ(rows[i].camera.focal_px, 1000);  // one for all frames
    EXPECT_EQ(rows[i].camera.center_px, Vec2(320, 240.5));
    EXPECT_NEAR(rows[i].params.transl().x(), truth[i].transl().x(), 0.03) << i;
  }
  EXPECT_EQ(rows[kHidden].reason, "too_few_joints");
}

TEST(FitSequence, FramesShowThePerson) {
  std::vector<FitInput> frames(3);
  const auto check = [&] { CheckFrames(SourceOf(frames)); };
  EXPECT_THAT(UserErrorOf(check), HasSubstr("--person"));
  frames[1].person.box.side_px = 20;
  EXPECT_NO_THROW(check());
}

}  // namespace
}  // namespace gyre
