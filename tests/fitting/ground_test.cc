// SPDX-License-Identifier: Apache-2.0
#include "fitting/ground.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/rng.h"
#include "fitting/sequence_fitter.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

// Two points of feet, whose soles are 2 and 4 cm below them.
FootPoints Feet(const FoldedJoints& joints) {
  FootPoints feet(*MakeStickBody(), joints);
  feet.points = {{0, 0.02}, {1, 0.04}};
  return feet;
}

class GroundTest : public testing::Test {
 protected:
  const std::shared_ptr<const BodyModel> body_ = MakeStickBody();
  const FoldedJoints joints_{*body_, SpinJoints()};
  const FootPoints feet_ = Feet(joints_);
};

// A camera 1.6 m above the floor that looks down by 10 degrees. One foot stands, the other is
// anywhere above; every eighth person jumps.
TEST_F(GroundTest, FindsTheFloorUnderPeople) {
  Rng rng(3, RngStream::kTest);
  const Floor truth{Vec3(0, -std::cos(0.1745), -std::sin(0.1745)), 1.6};
  std::vector<Points3> bodies;
  for (int i = 0; i < 64; ++i) {
    const double lift = i % 8 == 7 ? 0.5 : rng.Normal(0, 0.03);
    Points3 body(2, 3);
    for (int foot = 0; foot < 2; ++foot) {
      const bool stands = foot == i % 2;
      const double height =
          (foot == 0 ? 0.02 : 0.04) + lift + (stands ? 0 : rng.Uniform(0.05, 0.4));
      Vec3 x(rng.Uniform(-3, 3), 0, rng.Uniform(5, 12));
      x += (height - truth.HeightOf(x)) * truth.up;
      body.row(foot) = x.transpose();
    }
    bodies.push_back(body);
  }
  const std::optional<Floor> found = FindFloor(bodies, feet_);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->up.norm(), 1, 1e-12);
  EXPECT_LT(std::acos(found->up.dot(truth.up)), 0.02);
  EXPECT_NEAR(found->HeightOf(Vec3(0, 0, 0)), 1.6, 0.08);
  bodies.resize(7);
  EXPECT_FALSE(FindFloor(bodies, feet_));
}

// Ten frames a second on a level floor 1 m below the camera, at 5 m: the first point rests from
// frame 2 to 5, and for a moment in 7; the second hovers 0.3 m above the floor, still.
TEST_F(GroundTest, ContactsAreStillPointsNearTheFloor) {
  const double x[] = {0, 0.4, 0.8, 0.81, 0.82, 0.83, 1.3, 1.8, 1.81, 2.4};
  std::vector<Points3> frames;
  for (const double at : x) {
    Points3 body(2, 3);
    body << at, 1 - 0.02 - 0.05, 5, 0.5, 1 - 0.04 - 0.3, 5;
    frames.push_back(body);
  }
  const auto stands = FindContacts(frames, feet_, Floor{Vec3(0, -1, 0), 1}, 0.1);
  // From the frame before to the one after, in 0.2 s: 0.41 m in frame 2, 0.02 m in 3 and in 4,
  // 0.48 m in 5.
  for (size_t i = 0; i < stands.size(); ++i) EXPECT_FALSE(stands[i][0] || stands[i][1]) << i;
  // Only frames 3 and 4 are still on both sides: too short. One frame more, and they stand.
  frames.insert(frames.begin() + 4, frames[4]);
  const auto longer = FindContacts(frames, feet_, Floor{Vec3(0, -1, 0), 1}, 0.1);
  for (size_t i = 0; i < longer.size(); ++i) EXPECT_EQ(longer[i][0], i >= 3 && i <= 5) << i;
}

TEST_F(GroundTest, PointsOfTheFeetAreOnTheSole) {
  const FootPoints feet(*body_, joints_);
  ASSERT_EQ(feet.points.size(), 6u);
  for (const auto& [joint, above_m] : feet.points) {
    const std::string_view name = joints_.set().joints[joint];
    EXPECT_TRUE(name.find("Heel") != name.npos || name.find("Toe") != name.npos) << name;
    EXPECT_GE(above_m, 0);
  }
}

// Ten times the same frame: the person's own floor is found, whatever somebody else stands on. Of
// five frames no floor is found, and the one that is known counts: it lies 0.2 m above the camera.
TEST_F(GroundTest, EverybodyStandsOnTheirOwnFloor) {
  const auto fitter = std::make_shared<Fitter>(body_, MakeStickPrior(), FitOptions());
  SequenceOptions options;
  options.ground = true;
  const SequenceFitter sequence_fitter(fitter, options);
  const std::vector<FitProblem> frames(10, MakeTrueProblem(*fitter, 5).problem);
  const auto last = [&](size_t count, std::optional<Floor> floor) {
    const auto some = std::span(frames).first(count);
    return sequence_fitter.Fit(some, 0.04, 1, {{}, {}, floor}).frames[count - 1].params.values();
  };
  const Floor other{Vec3(0, -1, 0), -0.2};
  EXPECT_EQ(last(10, other), last(10, std::nullopt));
  EXPECT_GT((last(5, other) - last(5, std::nullopt)).norm(), 0.01);
}

}  // namespace
}  // namespace gyre
