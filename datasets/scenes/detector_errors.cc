// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/detector_errors.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "person/crops.h"

namespace gyre {
namespace {

constexpr uint32_t kDetector = 2;  // the noise stream's third sequence

// COCO's k_i as parts of a shoulder's, 0.079; of joints that COCO lacks, those of the nearest.
double NoiseFactor(std::string_view joint) {
  constexpr std::pair<std::string_view, double> kFactors[] = {
      {"Nose", 0.026}, {"Eye", 0.025},   {"Ear", 0.035},      {"Elbow", 0.072},
      {"Wrist", 0.062}, {"Hip", 0.107},  {"Pelvis", 0.107},   {"Knee", 0.087},
      {"Ankle", 0.089}, {"Toe", 0.089},  {"Heel", 0.089},     {"Spine", 0.107}};
  for (const auto& [part, constant] : kFactors) {
    if (joint.find(part) != std::string_view::npos) return constant / 0.079;
  }
  return 1;
}

// Half of the draws are below a quarter of `most`.
double DrawShare(double most, Rng& rng) { return most * std::pow(rng.Uniform(), 2); }

class Detection {
 public:
  Detection(const DetectorErrors& errors, Rng& rng, const Person& person)
      : errors_(errors), rng_(rng), truth_(person.keypoints), found_(truth_) {
    reference_px_ = person.box.side_px / kReferenceCropPx;
    box_ = person.box;
  }

  Keypoints Run() {
    KeepOneSet();
    Cut();
    Cover();
    const bool annotated = rng_.Bernoulli(errors_.annotated_share);
    const double rare = annotated ? 1.0 / 3 : 1;
    const double sigma_px = (annotated ? 0.5 : 1) * errors_.sigma_min_px *
                            std::pow(errors_.sigma_max_px / errors_.sigma_min_px, rng_.Uniform());
    const double gross = rare * DrawShare(errors_.gross_share, rng_);
    const double missing = DrawShare(errors_.missing_share, rng_);
    for (int i = 0; i < found_.size(); ++i) {
      if (found_.Observed(i)) Find(i, sigma_px, gross, missing);
    }
    SetConfidences(annotated);
    Exchange(rare);
    return found_;
  }

 private:
  void KeepOneSet() {
    const std::string& name = errors_.sets[rng_.Below(errors_.sets.size())];
    std::vector<bool> kept(static_cast<size_t>(found_.size()), false);
    for (const int i : PositionsIn(*found_.set, FindKeypointSet(name))) {
      if (i >= 0) kept[static_cast<size_t>(i)] = true;
    }
    for (int i = 0; i < found_.size(); ++i) {
      if (!kept[static_cast<size_t>(i)]) found_.confidence[i] = 0;
    }
  }

  // Nothing beyond a line through the person is seen: three times in four from below.
  void Cut() {
    const bool cut = rng_.Bernoulli(errors_.cut_share);
    const double share = errors_.cut_most * rng_.Uniform();
    const uint64_t side = rng_.Below(12);
    if (!cut) return;
    const int axis = side < 10 ? 1 : 0;
    const double sign = side == 9 || side == 10 ? -1 : 1;
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < truth_.size(); ++i) {
      if (!truth_.Observed(i)) continue;
      low = std::min(low, sign * truth_.px(i, axis));
      high = std::max(high, sign * truth_.px(i, axis));
    }
    for (int i = 0; i < found_.size(); ++i) {
      if (sign * truth_.px(i, axis) > high - share * (high - low)) found_.confidence[i] = 0;
    }
  }

  // A square thing in front.
  void Cover() {
    covered_.assign(static_cast<size_t>(found_.size()), false);
    const bool covers = rng_.Bernoulli(errors_.covered_share);
    const Vec2 center =
        box_.center_px + 0.4 * box_.side_px * Vec2(rng_.Uniform(-1, 1), rng_.Uniform(-1, 1));
    const double half_px = box_.side_px * rng_.Uniform(0.08, 0.25);
    for (int i = 0; covers && i < found_.size(); ++i) {
      const Vec2 off = truth_.px.row(i).transpose() - center;
      covered_[static_cast<size_t>(i)] = off.cwiseAbs().maxCoeff() < half_px;
    }
  }

  void Find(int i, double sigma_px, double gross, double missing) {
    const bool covered = covered_[static_cast<size_t>(i)];
    if (rng_.Bernoulli(missing) || (covered && rng_.Bernoulli(errors_.covered_missing))) {
      found_.confidence[i] = 0;
      return;
    }
    double sigma = sigma_px * NoiseFactor(found_.set->joints[static_cast<size_t>(i)]);
    if (rng_.Bernoulli(errors_.tail_share)) sigma *= 3;
    if (covered) sigma = std::max(sigma, errors_.covered_sigma_px);
    Vec2 at = truth_.px.row(i).transpose();
    if (rng_.Bernoulli(gross)) {
      const int other = static_cast<int>(rng_.Below(static_cast<uint64_t>(truth_.size())));
      if (rng_.Bernoulli(errors_.gross_on_person) && truth_.Observed(other)) {
        at = truth_.px.row(other).transpose();
      } else {
        at = box_.center_px +
             box_.side_px * Vec2(rng_.Uniform(-0.5, 0.5), rng_.Uniform(-0.5, 0.5));
      }
    }
    at += sigma * reference_px_ * Vec2(rng_.Normal(), rng_.Normal());
    found_.px.row(i) = at.transpose();
  }

  void Exchange(double rare) {
    const double drawn = rng_.Uniform() / rare;
    const double all = errors_.exchanged_all, arms = all + errors_.exchanged_arms;
    if (drawn < arms) ExchangeLimbs(Limbs::kArms);
    if (drawn < all || (drawn >= arms && drawn < arms + errors_.exchanged_legs)) {
      ExchangeLimbs(Limbs::kLegs);
    }
  }

  void ExchangeLimbs(Limbs limbs) {
    const std::vector<int>& from = LimbsExchangedIn(*found_.set, limbs);
    found_.px = found_.px(from, Eigen::all).eval();
    found_.confidence = found_.confidence(from).eval();
  }

  // They know in part how far off a point is, and nothing of exchanged sides.
  void SetConfidences(bool annotated) {
    for (int i = 0; i < found_.size(); ++i) {
      if (!found_.Observed(i)) continue;
      const double off_px = (truth_.px.row(i) - found_.px.row(i)).norm() / reference_px_;
      const double knows = std::exp(-off_px / errors_.confidence_px);
      const double noise = errors_.confidence_noise * rng_.Normal();
      found_.confidence[i] = annotated ? 1 : std::clamp(0.25 + 0.7 * knows + noise, 0.05, 1.0);
    }
  }

  const DetectorErrors& errors_;
  Rng& rng_;
  const Keypoints truth_;
  Keypoints found_;
  std::vector<bool> covered_;
  Box box_;
  double reference_px_ = 1;
};

}  // namespace

void DetectorErrors::Check() const {
  const auto range = [](const char* field, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      ThrowUserError("detector errors: {} is {}, expected {} to {}", field, value, low, high);
    }
  };
  range("sigma_min_px", sigma_min_px, 1e-3, sigma_max_px);
  range("sigma_max_px", sigma_max_px, sigma_min_px, 100);
  range("covered_sigma_px", covered_sigma_px, 0, 100);
  range("confidence_px", confidence_px, 1e-3, 1e6);
  range("confidence_noise", confidence_noise, 0, 1);
  for (const auto& [field, value] :
       {std::pair{"tail_share", tail_share}, std::pair{"gross_share", gross_share},
        std::pair{"gross_on_person", gross_on_person}, std::pair{"missing_share", missing_share},
        std::pair{"exchanged_arms", exchanged_arms}, std::pair{"exchanged_legs", exchanged_legs},
        std::pair{"exchanged_all", exchanged_all}, std::pair{"cut_share", cut_share},
        std::pair{"cut_most", cut_most}, std::pair{"covered_share", covered_share},
        std::pair{"covered_missing", covered_missing},
        std::pair{"annotated_share", annotated_share}}) {
    range(field, value, 0, 1);
  }
  if (sets.empty()) ThrowUserError("detector errors: sets names no keypoint set");
  for (const std::string& set : sets) FindKeypointSet(set);
}

void Detect(const DetectorErrors& errors, uint64_t seed, Person* person) {
  GYRE_CHECK(person->keypoints.size() == SpinJoints().size() && HasBox(*person));
  Rng rng(seed, RngStream::kNoise, kDetector, static_cast<uint64_t>(person->index));
  person->keypoints = Detection(errors, rng, *person).Run();
  const auto box =
      BoxAroundPoints(person->keypoints.px, person->keypoints.confidence, kBoxMargin);
  person->box = box.value_or(Box());
}

}  // namespace gyre
