// SPDX-License-Identifier: Apache-2.0
// What a single-shot detector of bodies says, decoded: for each of its anchors a box and four
// points relative to the anchor, and how sure it is; and detections of one body made one.
//   Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016
//   Bazarevsky et al., BlazeFace, 2019 (boxes blended rather than dropped)
#pragma once

#include <array>
#include <span>
#include <vector>

#include "core/types.h"

namespace gyre {

struct BodyDetection {
  double score = 0;                              // in [0,1]
  Vec2 low = Vec2::Zero(), high = Vec2::Zero();  // the box around its head and torso
  // The middle of the hips, a point on the circle around the whole body, the middle of the
  // shoulders, and one on the circle around the upper body.
  std::array<Vec2, 4> points{Vec2::Zero(), Vec2::Zero(), Vec2::Zero(), Vec2::Zero()};
};

// The pose detector's, for pictures of 224 px: two anchors at each cell of 28 x 28 and of 14 x 14,
// six at each of 7 x 7.
inline constexpr int kDetectorPx = 224;
inline constexpr int kNumAnchors = 2 * 28 * 28 + 2 * 14 * 14 + 6 * 7 * 7;
inline constexpr int kNumbersPerAnchor = 12;

// boxes [kNumAnchors,12] (centre, size, points; pixels) and logits [kNumAnchors] -> detections of
// at least min_score, in [0,1] x [0,1] of the picture, the surest first.
std::vector<BodyDetection> DecodeDetections(std::span<const float> boxes,
                                            std::span<const float> logits, double min_score);

// Those whose boxes overlap (intersection over union above max_overlap) become one: its score is
// the best, its places the means by score.
std::vector<BodyDetection> BlendDetections(std::vector<BodyDetection> detections,
                                           double max_overlap);

}  // namespace gyre
