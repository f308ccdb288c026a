// SPDX-License-Identifier: Apache-2.0
#include "fitting/silhouette_fitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "body/pose_prior.h"
#include "core/error.h"
#include "fitting/test_problems.h"
#include "metrics/shape_errors.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kWidth = 641, kHeight = 483;

// Where at least half of a pixel is of the body.
SilhouetteMask MaskOf(const Fitter& fitter, const FitProblem& problem, const BodyParams& params) {
  const BodyModel& body = fitter.body();
  const auto outline =
      BodyOutline::Of(PoseBody(body, params).vertices, body.faces, problem.camera, 0.25);
  std::vector<int> covered(kWidth * kHeight, 0);
  const GridFrame& cells = outline->frame();
  for (int y = 0; y < cells.height; ++y) {
    for (int x = 0; x < cells.width; ++x) {
      const Vec2 pixel = cells.Center(x, y).array().round();
      if (outline->Covers(x, y))
        ++covered[static_cast<int>(pixel.y()) * kWidth + static_cast<int>(pixel.x())];
    }
  }
  SilhouetteMask mask{kWidth, kHeight, {}};
  for (const int cells_of_16 : covered) {
    mask.pixels.push_back(cells_of_16 >= 8 ? SilhouetteMask::kBody : SilhouetteMask::kBackground);
  }
  return mask;
}

class SilhouetteFitterTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    fitter_ = new Fitter(LoadBodyModel("builtin"), LoadPosePrior(), {});
  }
  static void TearDownTestSuite() { delete fitter_; }

  // A stout person, started from their own pose and the mean shape.
  void SetUp() override {
    TrueProblem made = MakeTrueProblem(*fitter_, 11);
    truth_ = made.truth;
    truth_.betas()[0] = -0.3;
    truth_.betas()[kGirth] = 1.9;
    problem_ = made.problem;
    const Points3 joints = fitter_->Joints(truth_);
    for (Eigen::Index i = 0; i < joints.rows(); ++i) {
      if (problem_.confidence[i] == 0) continue;
      problem_.keypoints_px.row(i) = problem_.camera.Project(joints.row(i).transpose()).transpose();
    }
    problem_.start = truth_;
    problem_.start.betas().setZero();
    fit_ = fitter_->Fit(problem_);
    ASSERT_TRUE(fit_.summary.usable);
    mask_ = MaskOf(*fitter_, problem_, truth_);
  }

  // Around the waist, mm.
  double GirthError(const BodyParams& params) const {
    const BodyModel& body = fitter_->body();
    return ErrorsOf(MeasureShape(body, params.shape()), MeasureShape(body, truth_.shape()))
        .girth_mm;
  }

  static constexpr int kGirth = 1;
  static const Fitter* fitter_;
  BodyParams truth_;
  FitProblem problem_;
  FitResult fit_;
  SilhouetteMask mask_;
};
const Fitter* SilhouetteFitterTest::fitter_ = nullptr;

TEST_F(SilhouetteFitterTest, AMaskSaysHowStoutAPersonIs) {
  const SilhouetteFit masked = SilhouetteFitter(*fitter_, {}).Fit(problem_, mask_, fit_);
  ASSERT_TRUE(masked.used) << masked.problem;
  EXPECT_GT(GirthError(fit_.params), 80);  // keypoints do not say
  EXPECT_LT(GirthError(masked.result.params), 0.65 * GirthError(fit_.params));
  EXPECT_GT(masked.overlap_after, 0.93);
  EXPECT_GT(masked.overlap_after, masked.overlap_before + 0.03);
  EXPECT_TRUE(masked.result.summary.usable);
  EXPECT_TRUE(masked.result.summary.by_mask);
  EXPECT_LT(masked.result.summary.score.reprojection_px, 2.5);
  EXPECT_GT(masked.result.summary.body_iterations, fit_.summary.body_iterations);
  const VecX errors = fitter_->JointErrors(problem_, masked.result.params);
  const auto same = errors.array() == masked.result.summary.per_joint_error_px.array();
  EXPECT_EQ((same || errors.array().isNaN()).count(), errors.size());
}

TEST_F(SilhouetteFitterTest, AMaskLetsShapesLeaveTheMeanFarther) {
  SilhouetteOptions loose, held;
  loose.shape_prior_weight = 0.25;
  held.shape_prior_weight = 1e6;  // the fit's own, which is less
  const SilhouetteFit free = SilhouetteFitter(*fitter_, loose).Fit(problem_, mask_, fit_);
  const SilhouetteFit near = SilhouetteFitter(*fitter_, held).Fit(problem_, mask_, fit_);
  ASSERT_TRUE(free.used && near.used);
  EXPECT_GT(free.result.params.shape().norm(), near.result.params.shape().norm() + 0.1);
  held.shape_prior_weight = fitter_->options().shape_prior_weight;
  const SilhouetteFit same = SilhouetteFitter(*fitter_, held).Fit(problem_, mask_, fit_);
  EXPECT_EQ(same.result.params.values(), near.result.params.values());
}

// A mask that fits the body well weighs more, to four times; one that does not, no less.
TEST_F(SilhouetteFitterTest, AMaskWeighsByHowWellItFits) {
  SilhouetteOptions steady, growing, falling;
  steady.edge_px = 0;
  growing.edge_px = 100;   // at once four times
  falling.edge_px = 1e-3;  // never near enough
  const auto fit = [&](const SilhouetteOptions& options) {
    const SilhouetteFit masked = SilhouetteFitter(*fitter_, options).Fit(problem_, mask_, fit_);
    EXPECT_TRUE(masked.used);
    return masked.result.params.values();
  };
  const VecX grown = fit(growing), fallen = fit(falling);
  steady.weight = 4;
  EXPECT_EQ(grown, fit(steady));
  steady.weight = 1;
  EXPECT_EQ(fallen, fit(steady));
}

TEST_F(SilhouetteFitterTest, WhatHidesABodyDoesNotThinIt) {
  SilhouetteMask hidden = mask_, cut = mask_;
  const auto outline = BodyOutline::Of(PoseBody(fitter_->body(), truth_).vertices,
                                       fitter_->body().faces, problem_.camera, 1);
  const Vec2 low = outline->frame().origin_px;
  const Vec2 size = Vec2(outline->frame().width, outline->frame().height);
  // The right 45 % of the body.
  for (int y = 0; y < kHeight; ++y) {
    for (int x = static_cast<int>(low.x() + 0.55 * size.x()); x < kWidth; ++x) {
      hidden.pixels[y * kWidth + x] = SilhouetteMask::kUnknown;
      cut.pixels[y * kWidth + x] = SilhouetteMask::kBackground;
    }
  }
  SilhouetteOptions as_said;
  as_said.hidden_px = 0;
  const SilhouetteFitter fitter(*fitter_, {});
  const SilhouetteFit known = fitter.Fit(problem_, hidden, fit_);
  const SilhouetteFit lying = SilhouetteFitter(*fitter_, as_said).Fit(problem_, cut, fit_);
  ASSERT_TRUE(known.used) << known.problem;
  EXPECT_LT(GirthError(known.result.params), 0.8 * GirthError(fit_.params));
  EXPECT_LT(GirthError(known.result.params), GirthError(lying.result.params));
  // Nor where the mask does not say what it is.
  const SilhouetteFit guessed = fitter.Fit(problem_, cut, fit_);
  ASSERT_TRUE(guessed.used) << guessed.problem;
  EXPECT_LT(GirthError(guessed.result.params), 0.8 * GirthError(fit_.params));
}

TEST_F(SilhouetteFitterTest, MasksOfOthersAndOfNobodyAreLeftAlone) {
  const SilhouetteFitter fitter(*fitter_, {});
  BodyParams elsewhere = truth_;
  elsewhere.transl().x() += 1.1;
  const SilhouetteFit other = fitter.Fit(problem_, MaskOf(*fitter_, problem_, elsewhere), fit_);
  EXPECT_FALSE(other.used);
  EXPECT_LT(other.overlap_before, 0.2);
  EXPECT_THAT(other.problem, HasSubstr("is it this person's mask?"));
  EXPECT_EQ(other.result.params.values(), fit_.params.values());
  EXPECT_FALSE(other.result.summary.by_mask);

  SilhouetteMask empty = mask_;
  std::ranges::fill(empty.pixels, SilhouetteMask::kBackground);
  const SilhouetteFit nobody = fitter.Fit(problem_, empty, fit_);
  EXPECT_FALSE(nobody.used);
  EXPECT_TRUE(std::isnan(nobody.overlap_before));
  EXPECT_EQ(nobody.result.params.values(), fit_.params.values());

  FitResult refused = fit_;
  refused.summary.usable = false;
  EXPECT_FALSE(fitter.Fit(problem_, mask_, refused).used);
}

TEST_F(SilhouetteFitterTest, ColdStartsAndUncertaintiesGoAlong) {
  FitOptions options;
  options.estimate_uncertainty = true;
  const Fitter fitter(LoadBodyModel("builtin"), LoadPosePrior(), options);
  problem_.has_start = problem_.start_has_translation = false;
  const FitResult fit = fitter.Fit(problem_);
  ASSERT_TRUE(fit.uncertainty.has_value());
  const SilhouetteFit masked = SilhouetteFitter(fitter, {}).Fit(problem_, mask_, fit);
  ASSERT_TRUE(masked.used) << masked.problem;
  ASSERT_TRUE(masked.result.uncertainty.has_value());
  EXPECT_NE(masked.result.uncertainty->depth_sd_m, fit.uncertainty->depth_sd_m);
  EXPECT_NEAR(masked.result.params.transl().z(), 8, 2);
  EXPECT_LT(GirthError(masked.result.params), GirthError(fit.params));
}

TEST(SpreadVertices, TakesTheFarthestNext) {
  const Points3 line{{0, 0, 0}, {1, 0, 0}, {4, 0, 0}, {10, 0, 0}, {0, 0, 0}};
  EXPECT_THAT(SpreadVertices(line, 3), ElementsAre(0, 3, 2));
  EXPECT_THAT(SpreadVertices(line, 99), ElementsAre(0, 3, 2, 1));
  EXPECT_THAT(SpreadVertices(line, 1), ElementsAre(0));
}

TEST(MatchContour, TakesTheNearestThatLooksTheSameWay) {
  // A triangle that is 60 px high and leans against x = 100.
  const Points3 vertices{{0, 0, 2}, {1.2, 0, 2}, {0, 1.2, 2}};
  const auto outline = BodyOutline::Of(vertices, Faces{{0, 1, 2}}, {100, {100, 50}}, 0.5);
  const std::vector<BorderPoint> contour = {
      {{97, 70}, {-1, 0}}, {{97, 70}, {1, 0}}, {{118.5, 48}, {0.1, -0.995}}, {{80, 70}, {-1, 0}}};
  const auto matches = MatchContour(contour, *outline, 5);
  ASSERT_EQ(matches.size(), 2);
  EXPECT_EQ(matches[0].vertex, 0);  // 20 px away, and 2 is 40 px away
  EXPECT_EQ(matches[0].contour_px, Vec2(97, 70));
  EXPECT_NEAR(matches[0].offset_px.x(), 0, 0.5);
  EXPECT_NEAR(matches[0].offset_px.y(), 20, 0.5);
  EXPECT_EQ(matches[1].vertex, 0);
  EXPECT_NEAR(matches[1].offset_px.x(), 18.5, 0.5);
}

TEST(Overlap, LeavesOutWhatIsNotKnown) {
  // 60 x 40 px at (100, 50), of which the mask shows the upper half, and does not know the right
  // third.
  const Points3 vertices{{0, 0, 2}, {1.2, 0, 2}, {0, 0.8, 2}, {1.2, 0.8, 2}};
  const auto body = BodyOutline::Of(vertices, Faces{{0, 1, 2}, {1, 3, 2}}, {100, {100, 50}}, 0.5);
  SilhouetteMask mask{300, 200, std::vector<uint8_t>(300 * 200, 0)};
  for (int y = 30; y < 200; ++y) {
    for (int x = 100; x < 300; ++x) {
      if (y < 70 && x < 160) mask.pixels[y * 300 + x] = SilhouetteMask::kBody;
      if (x >= 140) mask.pixels[y * 300 + x] = SilhouetteMask::kUnknown;
    }
  }
  // Of both 40 x 20, of the mask alone 40 x 20 above, of the body alone 40 x 20 below.
  EXPECT_NEAR(Overlap(*SilhouetteField::Of(mask, 1), *body), 1.0 / 3, 0.02);
}

TEST(SilhouetteOptions, SayWhatCannotBe) {
  SilhouetteOptions options;
  options.min_overlap = 1.5;
  try {
    options.Check();
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "mask option min_overlap is 1.5; it must be from 0 to 1");
  }
  options = {};
  options.rounds = 0;
  EXPECT_THROW(options.Check(), UserError);
  options = {};
  options.weight = std::nan("");
  EXPECT_THROW(options.Check(), UserError);
  EXPECT_NO_THROW(SilhouetteOptions().Check());
}

}  // namespace
}  // namespace gyre
