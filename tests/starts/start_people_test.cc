// SPDX-License-Identifier: Apache-2.0
#include "loop/starts/start_people.h"

#include <gtest/gtest.h>

#include <cmath>

#include "body/symmetry.h"
#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

// Nothing but what is asked for.
StartPeopleOptions Plain() {
  StartPeopleOptions options;
  options.seed = 5;
  options.other_legs_share = options.other_arm_share = options.bent_share = 0;
  options.tilt_deg = options.roll_deg = options.any_roll_share = options.any_turn_share = 0;
  return options;
}

DetectorErrors Exact(const char* set) {
  DetectorErrors errors;
  errors.sigma_min_px = errors.sigma_max_px = 1e-3;
  errors.gross_share = errors.missing_share = errors.exchanged_arms = errors.exchanged_legs = 0;
  errors.exchanged_all = errors.cut_share = errors.covered_share = 0;
  errors.annotated_share = 1;
  errors.sets = {set};
  return errors;
}

// Two frames, the second bent at the left knee alone.
PoseClip KneeClip() {
  PoseClip clip{"knee", RowMatX::Zero(2, SmplLayout().num_pose()), 30};
  clip.poses(1, 3 * SmplLayout().IndexOf("L_Knee")) = 0.8;
  return clip;
}

StartPeople PeopleOf(const StartPeopleOptions& options, const DetectorErrors& errors,
                     std::vector<std::vector<PoseClip>> clips = {}) {
  return StartPeople({std::make_shared<const BodyModel>(MakeBuiltinBody())}, std::move(clips),
                     LoadPosePrior(), options, errors);
}

TEST(StartPeopleTest, EveryPointOfTheBodyIsAKeypointOnce) {
  const std::vector<std::string>& names = StartPeople::Keypoints();
  for (const std::string_view joint : SpinJoints().joints) {
    int times = 0;
    for (const std::string& name : names) times += IsSamePoint(FindJoint(joint), FindJoint(name));
    EXPECT_EQ(times, 1) << joint;
  }
  EXPECT_EQ(StartPeople::Joints().size(), 22);
  EXPECT_EQ(StartPeople::Joints()[0], "Pelvis");
  EXPECT_EQ(StartPeople::Joints()[21], "R_Wrist");
}

TEST(StartPeopleTest, APersonIsAFunctionOfSeedAndNumber) {
  const StartPeople people = PeopleOf({}, {}), again = PeopleOf({}, {});
  StartPeopleOptions seeded;
  seeded.seed = 2;
  const StartPeople others = PeopleOf(seeded, {});
  for (const int64_t i : {0, 3, 11}) {
    EXPECT_EQ(people.Make(i).input, again.Make(i).input);
    EXPECT_EQ(people.Make(i).offsets, again.Make(i).offsets);
    EXPECT_NE(people.Make(i).input, others.Make(i).input);
    EXPECT_NE(people.Make(i).input, people.Make(i + 1).input);
  }
}

TEST(StartPeopleTest, PosesAreThoseOfTheClipsAndTheirMirrorImages) {
  StartPeopleOptions options = Plain();
  options.mocap_share = 1;
  options.prior_share = 0;
  const StartPeople people = PeopleOf(options, Exact("spin49"), {{KneeClip()}});
  const int left = SmplLayout().IndexOf("L_Knee"), right = SmplLayout().IndexOf("R_Knee");
  int of_left = 0, of_right = 0, straight = 0;
  for (int64_t i = 0; i < 60; ++i) {
    const StartPerson person = people.Make(i);
    for (int k = 1; k < 22; ++k) {
      const double angle = LogSO3(person.rotations[k]).norm();
      if (k == left || k == right) continue;
      EXPECT_NEAR(angle, 0, 1e-9) << k;
    }
    const double l = LogSO3(person.rotations[left]).x(), r = LogSO3(person.rotations[right]).x();
    of_left += std::abs(l - 0.8) < 1e-9 && std::abs(r) < 1e-9;
    of_right += std::abs(r - 0.8) < 1e-9 && std::abs(l) < 1e-9;
    straight += std::abs(l) + std::abs(r) < 1e-9;
  }
  EXPECT_EQ(of_left + of_right + straight, 60);
  EXPECT_GT(of_left, 5);
  EXPECT_GT(of_right, 5);
  EXPECT_GT(straight, 15);
}

// Upright before a level camera: the body's y points up in the picture, whichever way it faces.
TEST(StartPeopleTest, TheFirstRotationIsSeenFromTheNetworksFrame) {
  const StartPeople people = PeopleOf(Plain(), Exact("spin49"), {{KneeClip()}});
  int to_camera = 0;
  for (int64_t i = 0; i < 40; ++i) {
    const StartPerson person = people.Make(i);
    const Vec3 up = person.rotations[0] * Vec3::UnitY();
    EXPECT_LT(up.y(), -0.5) << i;  // the spine that is turned upright may lean
    to_camera += (person.rotations[0] * Vec3::UnitZ()).z() < 0;
  }
  EXPECT_GT(to_camera, 8);
  EXPECT_LT(to_camera, 32);
}

TEST(StartPeopleTest, OnlyKeypointsOfTheDetectorsSetAreSeen) {
  const StartPeople people = PeopleOf(Plain(), Exact("coco17"));
  const StartPerson person = people.Make(4);
  int seen = 0;
  for (size_t k = 0; k < StartPeople::Keypoints().size(); ++k) {
    seen += person.input[3 * static_cast<Eigen::Index>(k) + 2] > 0;
  }
  EXPECT_EQ(seen, 17);
}

TEST(StartPeopleTest, OffsetsAreTheBonesAtRest) {
  const StartPeople people = PeopleOf(Plain(), Exact("spin49"));
  const StartPerson person = people.Make(7);
  ASSERT_EQ(person.offsets.rows(), 24);
  EXPECT_EQ(person.offsets.row(0).norm(), 0);
  const auto length = [&](const char* joint) {
    return person.offsets.row(SmplLayout().IndexOf(joint)).norm();
  };
  EXPECT_NEAR(length("L_Knee"), length("R_Knee"), 1e-6);
  EXPECT_GT(length("L_Knee"), 0.3);
  EXPECT_LT(length("L_Knee"), 0.5);
}

TEST(StartPeopleTest, OptionsAreChecked) {
  StartPeopleOptions options;
  options.mocap_share = 0.8;
  EXPECT_THROW(PeopleOf(options, {}), UserError) << "more than all";
  options = {};
  options.nearest = 0.5;
  EXPECT_THROW(PeopleOf(options, {}), UserError);
}

}  // namespace
}  // namespace gyre
