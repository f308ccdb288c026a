// SPDX-License-Identifier: Apache-2.0
#include "regressor/pose_anchors.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

struct AnchorGrid {
  int cells, per_cell;
};
constexpr std::array<AnchorGrid, 3> kGrids = {{{28, 2}, {14, 2}, {7, 6}}};

const std::vector<Vec2>& Anchors() {
  static const std::vector<Vec2> anchors = [] {
    std::vector<Vec2> all;
    for (const auto& [cells, per_cell] : kGrids) {
      for (int y = 0; y < cells; ++y) {
        for (int x = 0; x < cells; ++x) {
          all.insert(all.end(), per_cell, Vec2(x + 0.5, y + 0.5) / cells);
        }
      }
    }
    return all;
  }();
  return anchors;
}

double Overlap(const BodyDetection& a, const BodyDetection& b) {
  const Vec2 shared = (a.high.cwiseMin(b.high) - a.low.cwiseMax(b.low)).cwiseMax(0);
  const double both = shared.prod();
  const double all = (a.high - a.low).prod() + (b.high - b.low).prod() - both;
  return all > 0 ? both / all : 0;
}

}  // namespace

std::vector<BodyDetection> DecodeDetections(std::span<const float> boxes,
                                            std::span<const float> logits, double min_score) {
  GYRE_CHECK(logits.size() == kNumAnchors && boxes.size() == kNumAnchors * kNumbersPerAnchor);
  std::vector<BodyDetection> found;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double score = 1 / (1 + std::exp(-static_cast<double>(logits[i])));
    if (!(score >= min_score)) continue;
    const float* numbers = &boxes[i * kNumbersPerAnchor];
    const auto pair = [&](int at) {
      return Vec2(Vec2(numbers[at], numbers[at + 1]) / kDetectorPx);
    };
    const Vec2 center = Anchors()[i] + pair(0), half = 0.5 * pair(2);
    BodyDetection detection{.score = score, .low = center - half, .high = center + half};
    for (int p = 0; p < 4; ++p) detection.points[p] = Anchors()[i] + pair(4 + 2 * p);
    found.push_back(detection);
  }
  std::ranges::stable_sort(found, std::ranges::greater{}, &BodyDetection::score);
  return found;
}

std::vector<BodyDetection> BlendDetections(std::vector<BodyDetection> detections,
                                           double max_overlap) {
  std::vector<BodyDetection> blended;
  while (!detections.empty()) {
    const BodyDetection best = detections.front();
    BodyDetection sum{.score = best.score};
    double weights = 0;
    std::vector<BodyDetection> rest;
    for (const BodyDetection& one : detections) {
      if (&one != &detections.front() && Overlap(one, best) <= max_overlap) {
        rest.push_back(one);
        continue;
      }
      weights += one.score;
      sum.low += one.score * one.low;
      sum.high += one.score * one.high;
      for (size_t p = 0; p < 4; ++p) sum.points[p] += one.score * one.points[p];
    }
    sum.low /= weights;
    sum.high /= weights;
    for (Vec2& point : sum.points) point /= weights;
    blended.push_back(sum);
    detections = std::move(rest);
  }
  return blended;
}

}  // namespace gyre
