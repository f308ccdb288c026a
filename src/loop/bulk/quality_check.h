// SPDX-License-Identifier: Apache-2.0
// Whether the quality that fits state (fitting/quality.h) is right, and where its numbers come from.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "fitting/quality.h"

namespace gyre {

// Beyond this share of a person's box a hidden joint is lost.
inline constexpr double kHiddenLost = 0.3;

struct JudgedFit {
  QualityEvidence evidence;
  double quality = 0;
  double error_mm = std::numeric_limits<double>::quiet_NaN();  // of the joints; NaN: not known
  // How far the joints that were kept back (Person::held_out) are from where they are, as a share of
  // the person's box: mean and largest. NaN: none were.
  double hidden_mean = std::numeric_limits<double>::quiet_NaN();
  double hidden_most = std::numeric_limits<double>::quiet_NaN();
};

// Logistic regression by Newton's method on those whose error is known, the numbers held near zero
// where the factors, scaled to a deviation of 1, say nothing (a ridge of 1). UserError unless there
// are good and bad fits, and more of each than there are numbers.
QualityTable LearnQuality(std::span<const JudgedFit> fits);

struct ReliabilityBin {
  int64_t people = 0;
  double stated = 0, observed = 0;  // mean quality, share below kQualityMm; NaN of nobody
};
// By quality from 0 to 1, of those whose error is known.
std::array<ReliabilityBin, 10> Reliability(std::span<const JudgedFit> fits);

// How the lost among fits gather in the tenth of the lowest quality.
struct WorstTenth {
  int64_t people = 0, lost = 0;    // of all
  int64_t in_tenth = 0, lost_in_tenth = 0;
  double Times() const;  // share of the lost that the tenth holds, over its share of the people
};
// `value`: what is lost where it is beyond `threshold`; fits of which it is not known do not count.
WorstTenth LostInWorstTenth(std::span<const JudgedFit> fits, double JudgedFit::*value,
                            double threshold);

// All of it, as far as it is known.
nlohmann::json DescribeQuality(std::span<const JudgedFit> fits);

}  // namespace gyre
