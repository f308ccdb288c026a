// SPDX-License-Identifier: Apache-2.0
#include "loop/tracking/person_tracker.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "loop/tracking/assignment.h"

namespace gyre {
namespace {

constexpr double kAreaSide = 0.48;  // sqrt of a standing person's area, of the side of the box

// COCO's k_j; of joints that it lacks, those of the nearest.
double OksConstant(std::string_view joint) {
  constexpr std::pair<std::string_view, double> kConstants[] = {
      {"Nose", 0.026},  {"Eye", 0.025}, {"Ear", 0.035},    {"Elbow", 0.072},
      {"Wrist", 0.062}, {"Hip", 0.107}, {"Pelvis", 0.107}, {"Knee", 0.087},
      {"Ankle", 0.089}, {"Toe", 0.089}, {"Heel", 0.089},   {"Spine", 0.107}};
  for (const auto& [part, constant] : kConstants) {
    if (joint.find(part) != std::string_view::npos) return constant;
  }
  return 0.079;  // a shoulder's
}

struct Bounds {
  Vec2 low = Vec2::Constant(std::numeric_limits<double>::infinity());
  Vec2 high = Vec2::Constant(-std::numeric_limits<double>::infinity());

  void Add(const Vec2& point) {
    low = low.cwiseMin(point);
    high = high.cwiseMax(point);
  }
  void Widen(double by) { low.array() -= by, high.array() += by; }
  double Area() const { return (high - low).cwiseMax(0).prod(); }
};

double OverlapOf(const Bounds& a, const Bounds& b) {
  const double both = Bounds{a.low.cwiseMax(b.low), a.high.cwiseMin(b.high)}.Area();
  return both / (a.Area() + b.Area() - both);
}

}  // namespace

void TrackOptions::Check() const {
  if (!(max_gap_s >= 0 && max_gap_s <= 60)) {
    ThrowUserError("track option max_gap_s is {}; it must be from 0 to 60", max_gap_s);
  }
  if (!(min_similarity > 0 && min_similarity < 1)) {
    ThrowUserError("track option min_similarity is {}; it must be between 0 and 1", min_similarity);
  }
  if (min_frames < 1 || max_people < 1) {
    ThrowUserError("track options min_frames and max_people are {} and {}; both must be 1 or more",
                   min_frames, max_people);
  }
}

double Prominence(const Person& person) {
  if (!HasBox(person) || !std::isfinite(person.box.side_px)) return 0;
  double sum = 0;
  int observed = 0;
  for (int j = 0; j < person.keypoints.size(); ++j) {
    if (!IsThere(person.keypoints, j)) continue;
    sum += person.keypoints.confidence[j];
    ++observed;
  }
  return observed == 0 ? 0 : person.box.side_px * sum / observed;
}

double Similarity(const PredictedJoints& predicted, const Person& seen) {
  const Keypoints& keypoints = seen.keypoints;
  Bounds before, now;
  double oks = 0;
  int common = 0;
  for (int j = 0; j < keypoints.size(); ++j) {
    if (!IsThere(keypoints, j) || !predicted.known[j]) continue;
    const Vec2 x = keypoints.px.row(j).transpose(), guess = predicted.px.row(j).transpose();
    const double k = OksConstant(keypoints.set->joints[j]);
    const double v = std::pow(2 * k * kAreaSide * predicted.size_px, 2);
    const double wide = v + predicted.variance_px2[j];
    oks += v / wide * std::exp(-(x - guess).squaredNorm() / (2 * wide));
    before.Add(guess);
    now.Add(x);
    ++common;
  }
  if (common == 0) return 0;
  constexpr double kRim = 0.03;  // of the size: few joints may be on one line
  before.Widen(kRim * predicted.size_px);
  now.Widen(kRim * predicted.size_px);
  return 0.5 * (oks / common + OverlapOf(before, now));
}

PersonTracker::PersonTracker(const TrackOptions& options, double fps)
    : options_(options), fps_(fps) {
  options_.Check();
  GYRE_CHECK(std::isfinite(fps) && fps > 0);
}

std::vector<int64_t> PersonTracker::Add(int64_t frame, std::span<const Person> people) {
  const auto since = [&](const Track& track) {
    return static_cast<double>(frame - track.last_frame) / fps_;
  };
  std::erase_if(alive_, [&](const Track& track) { return since(track) > options_.max_gap_s; });
  std::vector<int> there;
  for (size_t i = 0; i < people.size(); ++i) {
    if (Prominence(people[i]) > 0) there.push_back(static_cast<int>(i));
  }
  std::ranges::stable_sort(
      there, [&](int a, int b) { return Prominence(people[a]) > Prominence(people[b]); });
  if (std::ssize(there) > options_.max_people) there.resize(options_.max_people);

  RowMatX costs(std::ssize(alive_), std::ssize(there));
  for (size_t t = 0; t < alive_.size(); ++t) {
    const PredictedJoints predicted = alive_[t].motion.Predict(since(alive_[t]));
    for (size_t i = 0; i < there.size(); ++i) {
      const double similarity = Similarity(predicted, people[there[i]]);
      costs(t, i) = similarity > options_.min_similarity ? 1 - similarity
                                                         : std::numeric_limits<double>::infinity();
    }
  }
  std::vector<int64_t> tracks(people.size(), -1);
  const std::vector<int> of_track = CheapestAssignment(costs, 1 - options_.min_similarity);
  for (size_t t = 0; t < alive_.size(); ++t) {
    if (of_track[t] < 0) continue;
    const int i = there[of_track[t]];
    tracks[i] = alive_[t].number;
    alive_[t].motion.Update(since(alive_[t]), people[i]);
    alive_[t].last_frame = frame;
  }
  std::ranges::sort(there);  // who begins is numbered in the frame's own order
  for (const int i : there) {
    if (tracks[i] >= 0) continue;
    tracks[i] = next_++;
    alive_.push_back({tracks[i], frame, BodyMotion(people[i])});
  }
  return tracks;
}

}  // namespace gyre
