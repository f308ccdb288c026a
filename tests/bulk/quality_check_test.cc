// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/quality_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/rng.h"

namespace gyre {
namespace {

JudgedFit Fit(double quality, double error_mm, double hidden = std::nan("")) {
  JudgedFit fit;
  fit.quality = quality;
  fit.error_mm = error_mm;
  fit.hidden_mean = hidden;
  fit.hidden_most = 1.5 * hidden;
  return fit;
}

TEST(QualityCheckTest, ReliabilityIsByBins) {
  const std::vector<JudgedFit> fits = {Fit(0.02, 300), Fit(0.08, 99.5),          Fit(0.55, 100),
                                       Fit(1, 30),     Fit(0.96, 180),           Fit(0.92, 99),
                                       Fit(0.9, 40),   Fit(0.3, std::nan(""))};
  const auto bins = Reliability(fits);
  EXPECT_EQ(bins[0].people, 2);
  EXPECT_NEAR(bins[0].stated, 0.05, 1e-12);
  EXPECT_EQ(bins[0].observed, 0.5);
  EXPECT_EQ(bins[3].people, 0) << "nothing is known of that one";
  EXPECT_EQ(bins[5].observed, 0) << "100 mm is not below";
  EXPECT_EQ(bins[9].people, 4);
  EXPECT_NEAR(bins[9].stated, 0.945, 1e-12);
  EXPECT_EQ(bins[9].observed, 0.75);
}

// Twenty people, of whom five are lost: one of them and the one of the lowest quality, who is not,
// are the tenth. 1/5 of the lost in 1/10 of the people.
TEST(QualityCheckTest, TheLostGatherInTheWorstTenth) {
  std::vector<JudgedFit> fits;
  for (int i = 0; i < 20; ++i) fits.push_back(Fit(0.05 * (20 - i), 50, 0.1));
  fits[18].hidden_mean = fits[3].hidden_mean = fits[5].hidden_mean = 0.31;
  fits[7].hidden_mean = fits[0].hidden_mean = 0.8;
  fits.push_back(Fit(0, 50));  // nothing hidden
  const WorstTenth worst = LostInWorstTenth(fits, &JudgedFit::hidden_mean, kHiddenLost);
  EXPECT_EQ(worst.people, 20);
  EXPECT_EQ(worst.lost, 5);
  EXPECT_EQ(worst.in_tenth, 2);
  EXPECT_EQ(worst.lost_in_tenth, 1);
  EXPECT_NEAR(worst.Times(), 2, 1e-12);
  const nlohmann::json json = DescribeQuality(fits);
  EXPECT_NEAR(json["worst_tenth"]["hidden_mean"]["times_its_share"].get<double>(), 2, 1e-12);
  EXPECT_EQ(json["worst_tenth"]["hidden_most"]["lost"], 0) << "1.5 x 0.1, as it was set";
  EXPECT_EQ(json["below_100_mm"], 1);
}

// People who are good by the law of a table: learning finds it again.
TEST(QualityCheckTest, LearnsTheLawThatIsThere) {
  const QualityTable law = {{4, -1.5, -0.5, -1, 0.7}, {}};
  std::vector<JudgedFit> fits;
  for (uint64_t i = 0; i < 20000; ++i) {
    Rng rng(5, RngStream::kTest, 0, i);
    JudgedFit& fit = fits.emplace_back();
    fit.evidence.prior_energy = std::exp(rng.Normal(2, 1));
    fit.evidence.robust_px2 = std::exp(rng.Normal(3, 1));
    fit.evidence.slant = rng.Uniform();
    fit.evidence.sd_share = std::exp(rng.Normal(-2, 0.7));
    fit.evidence.unseen_ends = static_cast<double>(rng.Below(9));
    fit.evidence.unseen_torso = rng.Uniform(0, 4);
    fit.error_mm = rng.Bernoulli(QualityOf(fit.evidence, law)) ? 60 : 160;
  }
  const QualityTable learnt = LearnQuality(fits);
  for (size_t i = 0; i < law.with_sd.size(); ++i) {
    EXPECT_NEAR(learnt.with_sd[i], law.with_sd[i], 0.25) << i;
  }
  for (const size_t i : {4, 5}) EXPECT_NEAR(learnt.without_sd[i], 0, 0.1) << "they say nothing";
  EXPECT_THROW(LearnQuality(std::span(fits).first(3)), UserError);
}

}  // namespace
}  // namespace gyre
