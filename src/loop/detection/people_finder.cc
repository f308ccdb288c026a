// SPDX-License-Identifier: Apache-2.0
#include "loop/detection/people_finder.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kReach = 1.25;  // of a region beyond the circle around the body
constexpr double kMaxBlendOverlap = 0.3;
constexpr double kSure = 0.5;    // a keypoint that counts for a person's place
constexpr size_t kBatch = 16;    // squares at a time: memory is bounded
constexpr double kFewestPx = 8;  // a smaller region shows nothing
// Windows around a given rectangle, in its longer side, and how sure a detection has to be there:
// the tight one sees the person large, the wide one sees whom the rectangle cuts off.
struct Window {
  double scale, min_score;
};
constexpr std::array<Window, 2> kWindows = {{{1.3, 0.5}, {2.0, 0.3}}};
constexpr double kAlmost = 0.1;      // of a region's side, between two that are as good as one
constexpr double kBoxMargin = 1.25;  // a rectangle as a region, where nothing is detected

// Squares over the picture: the whole of it, and of its shorter side and a half of that, each
// overlapping the next by half. (Thirds find one person in thirty more and twice as much that is
// nobody.)
std::vector<Region> WindowsOver(const cv::Mat& picture) {
  const double width = picture.cols, height = picture.rows;
  const double shorter = std::min(width, height), longer = std::max(width, height);
  std::vector<Region> windows = {{Vec2(width - 1, height - 1) / 2, longer, 0}};
  for (const double side : {shorter, shorter / 2}) {
    if (side < kDetectorPx / 2) break;
    if (side == longer) continue;
    const auto steps = [&](double length) {
      return std::max(1, static_cast<int>(std::ceil(2 * (length - side) / side)) + 1);
    };
    const int columns = steps(width), rows = steps(height);
    const auto at = [&](double length, int i, int count) {
      return count == 1 ? length / 2 : side / 2 + (length - side) * i / (count - 1);
    };
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        windows.push_back({Vec2(at(width, x, columns) - 0.5, at(height, y, rows) - 0.5), side, 0});
      }
    }
  }
  return windows;
}

template <typename Item, typename Function>
void InBatches(const std::vector<Item>& items, Function&& function) {
  for (size_t begin = 0; begin < items.size(); begin += kBatch) {
    function(std::span(items).subspan(begin, std::min(kBatch, items.size() - begin)));
  }
}

bool IsUsable(const Region& region) {
  return region.center_px.allFinite() && std::isfinite(region.side_px) &&
         region.side_px >= kFewestPx && region.side_px < 1e5;
}

// Whether two regions show the same of a picture, as those of one person in two windows do.
bool AlmostSame(const Region& a, const Region& b) {
  const double near_px = kAlmost * std::max(a.side_px, b.side_px);
  return (a.center_px - b.center_px).norm() < near_px &&
         std::abs(a.side_px - b.side_px) < 2 * near_px &&
         std::abs(std::remainder(a.angle - b.angle, 2 * std::numbers::pi)) < 3 * kAlmost;
}

// How well a person explains a rectangle: sure, and where the rectangle is.
double Agreement(const FoundPerson& person, const PixelRect& around) {
  return person.score * person.keypoints.confidence.mean() *
         OverlapOf(BoundsOf(person.keypoints, kSure), around);
}

}  // namespace

void DetectOptions::Check() const {
  if (model != "lite" && model != "full" && model != "heavy") {
    ThrowUserError("model is '{}', expected lite, full or heavy", model);
  }
  const auto share = [](double value, const char* name) {
    if (!(value > 0 && value < 1)) ThrowUserError("{} is {}, expected within (0, 1)", name, value);
  };
  share(min_score, "min_score");
  share(min_presence, "min_presence");
  share(max_overlap, "max_overlap");
  if (max_people < 1) ThrowUserError("max_people is {}, expected at least 1", max_people);
}

PixelRect BoundsOf(const Keypoints& keypoints, double min_confidence) {
  PixelRect bounds{Vec2::Constant(1e9), Vec2::Constant(-1e9)};
  const bool all = !(keypoints.confidence.array() > min_confidence).any();
  for (int i = 0; i < keypoints.size(); ++i) {
    if (!all && !(keypoints.confidence[i] > min_confidence)) continue;
    bounds.low = bounds.low.cwiseMin(keypoints.px.row(i).transpose());
    bounds.high = bounds.high.cwiseMax(keypoints.px.row(i).transpose());
  }
  return bounds;
}

double OverlapOf(const PixelRect& a, const PixelRect& b) {
  const double both = (a.high.cwiseMin(b.high) - a.low.cwiseMax(b.low)).cwiseMax(0).prod();
  const double all = (a.high - a.low).prod() + (b.high - b.low).prod() - both;
  return all > 0 ? both / all : 0;
}

PeopleFinder::PeopleFinder(const DetectOptions& options, bool masks)
    : options_((options.Check(), options)),
      masks_(masks),
      networks_(options.detector, options.model) {}

std::vector<PeopleFinder::Candidate> PeopleFinder::DetectIn(const cv::Mat& picture,
                                                            const std::vector<Region>& windows,
                                                            double min_score) {
  std::vector<Candidate> found;
  int window = 0;
  InBatches(windows, [&](std::span<const Region> batch) {
    std::vector<cv::Mat> squares;
    for (const Region& region : batch) squares.push_back(CutRegion(picture, region, kDetectorPx));
    const auto detections = networks_.Detect(squares, min_score);
    for (size_t i = 0; i < batch.size(); ++i, ++window) {
      for (const BodyDetection& one : BlendDetections(detections[i], kMaxBlendOverlap)) {
        const Region region = RegionAround(batch[i].InPicture(one.points[0]),
                                           batch[i].InPicture(one.points[1]), kReach);
        if (IsUsable(region)) found.push_back({region, window});
      }
    }
  });
  return found;
}

std::vector<FoundPerson> PeopleFinder::LookAt(const cv::Mat& picture,
                                              const std::vector<Region>& regions, bool masks) {
  std::vector<FoundPerson> people;
  InBatches(regions, [&](std::span<const Region> batch) {
    std::vector<cv::Mat> squares;
    for (const Region& region : batch) {
      squares.push_back(CutRegion(picture, region, networks_.landmarks_px()));
    }
    const std::vector<Landmarks> landmarks = networks_.FindLandmarks(squares, masks);
    for (size_t i = 0; i < batch.size(); ++i) {
      const Region next = RegionAround(batch[i].InPicture(landmarks[i].hips),
                                       batch[i].InPicture(landmarks[i].circle), kReach);
      const bool there = landmarks[i].presence >= options_.min_presence && IsUsable(next);
      FoundPerson person{.score = landmarks[i].presence,
                         .keypoints = Keypoints(FindKeypointSet("blazepose33")),
                         .world_m = landmarks[i].world_m,
                         .region = batch[i],
                         .next = there ? next : batch[i],
                         .mask = landmarks[i].mask};
      for (int k = 0; k < kNumBlazePoints; ++k) {
        person.keypoints.px.row(k) =
            batch[i].InPicture(landmarks[i].places.row(k).transpose()).transpose();
      }
      person.keypoints.confidence = landmarks[i].visibility;
      people.push_back(std::move(person));
    }
  });
  return people;
}

std::vector<FoundPerson> PeopleFinder::LookAgain(const cv::Mat& picture,
                                                 const std::vector<FoundPerson>& people) {
  std::vector<Region> regions;
  for (const FoundPerson& person : people) regions.push_back(person.next);
  return LookAt(picture, regions, masks_);
}

std::vector<FoundPerson> EachOnce(std::vector<FoundPerson> people, const DetectOptions& options) {
  const auto surety = [](const FoundPerson& p) { return p.score * p.keypoints.confidence.mean(); };
  std::ranges::stable_sort(people, std::ranges::greater{}, surety);
  std::vector<FoundPerson> kept;
  for (FoundPerson& person : people) {
    if (person.score < options.min_presence || std::ssize(kept) == options.max_people) continue;
    const PixelRect bounds = BoundsOf(person.keypoints, kSure);
    const bool known = std::ranges::any_of(kept, [&](const FoundPerson& other) {
      return OverlapOf(BoundsOf(other.keypoints, kSure), bounds) > options.max_overlap;
    });
    if (!known) kept.push_back(std::move(person));
  }
  return kept;
}

std::vector<FoundPerson> PeopleFinder::Find(const cv::Mat& picture) {
  std::vector<Region> regions;
  for (const Candidate& one : DetectIn(picture, WindowsOver(picture), options_.min_score)) {
    regions.push_back(one.region);
  }
  return EachOnce(LookAgain(picture, LookAt(picture, regions, /*masks=*/false)), options_);
}

std::vector<FoundPerson> PeopleFinder::FindIn(const cv::Mat& picture,
                                              const std::vector<PixelRect>& around) {
  std::vector<Candidate> candidates;
  for (const Window& window : kWindows) {
    std::vector<Region> windows;
    for (const PixelRect& rect : around) {
      windows.push_back({rect.center(), std::max(kFewestPx, window.scale * rect.long_side()), 0});
    }
    for (const Candidate& one : DetectIn(picture, windows, window.min_score)) {
      const bool known = std::ranges::any_of(candidates, [&](const Candidate& other) {
        return other.whom == one.whom && AlmostSame(other.region, one.region);
      });
      if (!known) candidates.push_back(one);
    }
  }
  for (int whom = 0; whom < std::ssize(around); ++whom) {
    const double side = std::max(kFewestPx, kBoxMargin * around[whom].long_side());
    candidates.push_back({{around[whom].center(), side, 0}, whom});
  }
  std::vector<Region> regions;
  for (const Candidate& candidate : candidates) regions.push_back(candidate.region);
  std::vector<FoundPerson> people = LookAt(picture, regions, /*masks=*/false);
  std::vector<FoundPerson> best(around.size());
  std::vector<double> agreement(around.size(), -1);
  for (size_t i = 0; i < people.size(); ++i) {
    const auto whom = static_cast<size_t>(candidates[i].whom);
    const double agrees = Agreement(people[i], around[whom]);
    if (agrees <= agreement[whom]) continue;
    agreement[whom] = agrees;
    best[whom] = std::move(people[i]);
  }
  return LookAgain(picture, best);
}

}  // namespace gyre
