// SPDX-License-Identifier: Apache-2.0
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "body/body_parts.h"
#include "core/error.h"
#include "regressor/losses/losses.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

// Three people in pictures of 2 x 3 pixels, of whom the third has no mask.
class SilhouetteLosses : public ::testing::Test {
 protected:
  SilhouetteLosses() {
    output_.silhouette = Pictures({0.25, 1, 0, 0.5, 0.75, 0.1,  //
                                   0.2, 0.9, 0.6, 0, 0, kNaN,   //
                                   1, 1, 1, 1, 1, 1})
                             .requires_grad_();
    target_.mask = Pictures({0.5, 1, 0.2, 0, 1, 0.3,    //
                             1, 0.4, 0.6, 0, 0.5, 0.8,  //
                             kNaN, 0, 0, 0, 0, 0});
    target_.mask_known = Pictures({1, 1, 1, 1, 1, 0,  //
                                   1, 1, 1, 1, 0, 0,  //
                                   0, 0, 0, 0, 0, 0});
  }
  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  static at::Tensor Pictures(std::vector<double> values) {
    return at::from_blob(values.data(), {3, 2, 3}, at::kDouble).clone();
  }
  static double Of(const Quotient& quotient) {
    return Value(quotient.numerator) / Value(quotient.denominator);
  }

  Output output_;
  Targets target_;
  LossOptions options_;
};

TEST_F(SilhouetteLosses, OverlapIsOfKnownPixelsOfPeopleWithMasks) {
  options_.silhouette = 3;
  const Quotient loss = SilhouetteLoss(output_, target_, options_);
  // Smaller over larger, pixel by pixel: (.25 + 1 + 0 + 0 + .75) / (.5 + 1 + .2 + .5 + 1) and
  // (.2 + .4 + .6 + 0) / (1 + .9 + .6 + 0).
  EXPECT_NEAR(Of(loss), ((1 - 2 / 3.2) + (1 - 1.2 / 2.5)) / 2, 1e-12);
  EXPECT_EQ(Value(loss.denominator), 2);
  loss.numerator.backward();
  const at::Tensor& gradient = output_.silhouette.grad();
  EXPECT_TRUE(gradient.isfinite().all().item<bool>());
  EXPECT_EQ(MaxAbs(gradient[2]), 0);
  EXPECT_EQ(Value(gradient[0][1][2]), 0);                         // not known
  EXPECT_NEAR(Value(gradient[0][0][0]), -1 / 3.2, 1e-12);         // too little there
  EXPECT_NEAR(Value(gradient[0][1][0]), 2 / (3.2 * 3.2), 1e-12);  // too much
  output_.silhouette = target_.mask;
  EXPECT_NEAR(Of(SilhouetteLoss(output_, target_, options_)), 0, 1e-12);
}

TEST_F(SilhouetteLosses, PixelsAreAMeanOverThoseThatAreKnown) {
  options_.silhouette_pixels = 1;
  const double squares = 0.0625 + 0 + 0.04 + 0.25 + 0.0625 + 0.64 + 0.25 + 0 + 0;
  EXPECT_NEAR(Of(SilhouettePixelLoss(output_, target_, options_)), squares / 9, 1e-12);
  options_.norm = LossNorm::kL1;
  const double sizes = 0.25 + 0 + 0.2 + 0.5 + 0.25 + 0.8 + 0.5 + 0 + 0;
  EXPECT_NEAR(Of(SilhouettePixelLoss(output_, target_, options_)), sizes / 9, 1e-12);
}

TEST_F(SilhouetteLosses, PartsCountWhereTheyShow) {
  // The first shows parts 1 and 2 and has a pixel that is not known; the second shows part 2 and
  // none of it is drawn; part 3 is drawn where none is shown; of the third nothing is known.
  target_.parts =
      Pictures({1, 1, 2, 0, kUnknownPart, 0,  //
                2, 0, 0, 0, 0, 0,             //
                kUnknownPart, kUnknownPart, kUnknownPart, kUnknownPart, kUnknownPart, kUnknownPart})
          .to(at::kByte);
  at::Tensor maps = at::zeros({3, 3, 2, 3}, at::kDouble);
  maps[0][0] = at::tensor({0.5, 1.0, 0.25, 0.0, 0.9, 0.0}, at::kDouble).view({2, 3});
  maps[0][1] = at::tensor({0.0, 0.0, 0.75, 0.5, 0.0, 0.0}, at::kDouble).view({2, 3});
  maps[0][2][1][2] = 0.5;
  maps[2].fill_(0.5);
  output_.part_maps = maps;
  options_.parts = 1;
  const Quotient loss = PartLoss(output_, target_, options_);
  const double head = 1 - 1.5 / 2.25, torso = 1 - 0.75 / 1.5;
  EXPECT_EQ(Value(loss.denominator), 4);
  EXPECT_NEAR(Of(loss), (head + torso + 1 + 1) / 4, 1e-12);
}

TEST_F(SilhouetteLosses, MasksAreComparedCellByCell) {
  // Crops of 4 px said in 2 x 2 cells, by a stack of two. The second person has no mask.
  target_.mask = at::zeros({2, 4, 4}, at::kDouble);
  target_.mask_known = at::zeros({2, 4, 4}, at::kDouble);
  target_.mask_known[0].fill_(1);
  target_.mask[0].narrow(0, 0, 2).narrow(1, 0, 1).fill_(1);  // half of the first cell
  target_.mask[0].narrow(0, 2, 2).narrow(1, 2, 2).fill_(1);  // the last
  target_.mask_known[0][0][3] = 0;  // a quarter of the second cell is not known, and NaN
  target_.mask[0][0][3] = kNaN;
  at::Tensor first = at::zeros({2, 2, 2, 2}, at::kDouble);
  first[0][1][0][0] = std::log(3.0);  // three quarters
  first[0][0][0][1] = std::log(4.0);  // a fifth
  first[0][1][1][1] = std::log(9.0);  // nine tenths
  first[1].fill_(77);
  output_.masks = {first, at::zeros({2, 2, 2, 2}, at::kDouble)};
  options_.mask = 1;
  const double known = 1 + 0.75 + 1 + 1;
  const double said = -(0.5 * std::log(0.75) + 0.5 * std::log(0.25)) - 0.75 * std::log(0.8) +
                      std::log(2.0) - std::log(0.9);
  EXPECT_NEAR(Of(MaskLoss(output_, target_, options_)), said / known + std::log(2.0), 1e-12);
}

TEST_F(SilhouetteLosses, WhatIsNotAskedForOrNotKnownIsLeftOut) {
  output_.part_maps = at::zeros({3, 2, 2, 3}, at::kDouble);
  output_.masks = {at::zeros({3, 2, 2, 3}, at::kDouble)};
  target_.parts = at::zeros({3, 2, 3}, at::kByte);
  for (const auto loss : {SilhouetteLoss, SilhouettePixelLoss, PartLoss, MaskLoss}) {
    EXPECT_FALSE(loss(output_, target_, options_).defined());
  }
  options_.silhouette = options_.silhouette_pixels = options_.parts = options_.mask = 0.1;
  for (const auto loss : {SilhouetteLoss, SilhouettePixelLoss, PartLoss, MaskLoss}) {
    EXPECT_TRUE(loss(output_, target_, options_).defined());
    EXPECT_FALSE(loss(Output(), target_, options_).defined());
    EXPECT_FALSE(loss(output_, Targets(), options_).defined());
  }
  // Nobody with a mask: nothing, and no gradient of anything.
  target_.mask_known.zero_();
  const Losses losses = ComputeLosses(output_, target_, options_);
  EXPECT_EQ(Value(losses.terms[0].second), 0);
  losses.total.backward();
  EXPECT_EQ(MaxAbs(output_.silhouette.grad()), 0);
  options_.silhouette_sigma_px = 0;
  EXPECT_THROW(options_.Check(), UserError);
}

}  // namespace
}  // namespace gyre
