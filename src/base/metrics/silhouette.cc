// SPDX-License-Identifier: Apache-2.0
#include "metrics/silhouette.h"

#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

double Ratio(int64_t part, int64_t whole) {
  if (whole == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

SilhouetteMeter::SilhouetteMeter(int num_classes) {
  GYRE_CHECK(num_classes >= 2 && num_classes < kIgnore, "{} classes", num_classes);
  classes_.resize(num_classes);
}

void SilhouetteMeter::Add(std::span<const uint8_t> prediction, std::span<const uint8_t> truth) {
  GYRE_CHECK(prediction.size() == truth.size(), "{} and {} pixels", prediction.size(),
             truth.size());
  for (size_t i = 0; i < truth.size(); ++i) {
    const uint8_t p = prediction[i], t = truth[i];
    GYRE_CHECK(p < classes_.size() && (t < classes_.size() || t == kIgnore), "classes {} and {}", p,
               t);
    if (p == (t == kIgnore ? 0 : t)) ++correct_;
    if (t == kIgnore) continue;
    if (p == t) {
      ++classes_[p].true_positive;
    } else {
      ++classes_[p].false_positive;
      ++classes_[t].false_negative;
    }
  }
  pixels_ += static_cast<int64_t>(truth.size());
  ++images_;
}

void SilhouetteMeter::Merge(const SilhouetteMeter& other) {
  GYRE_CHECK(classes_.size() == other.classes_.size());
  for (size_t i = 0; i < classes_.size(); ++i) {
    classes_[i].true_positive += other.classes_[i].true_positive;
    classes_[i].false_positive += other.classes_[i].false_positive;
    classes_[i].false_negative += other.classes_[i].false_negative;
  }
  images_ += other.images_;
  pixels_ += other.pixels_;
  correct_ += other.correct_;
}

double SilhouetteMeter::Accuracy() const { return Ratio(correct_, pixels_); }

double SilhouetteMeter::F1(int class_id) const {
  const Counts& c = classes_.at(class_id);
  return Ratio(2 * c.true_positive, 2 * c.true_positive + c.false_positive + c.false_negative);
}

double SilhouetteMeter::MeanF1() const {
  double sum = 0;
  int seen = 0;
  for (size_t i = 0; i < classes_.size(); ++i) {
    const double f1 = F1(static_cast<int>(i));
    if (std::isnan(f1)) continue;
    sum += f1;
    ++seen;
  }
  return seen > 0 ? sum / seen : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace gyre
