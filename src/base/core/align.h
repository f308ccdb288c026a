// SPDX-License-Identifier: Apache-2.0
// Closed-form alignments.
#pragma once

#include <optional>

#include "core/camera.h"
#include "core/types.h"

namespace gyre {

// target ~ scale * rotation * source + translation.
struct Similarity {
  double scale = 1;
  Mat3 rotation = Mat3::Identity();
  Vec3 translation = Vec3::Zero();
  Points3 Apply(const Points3& points) const;
};

// Least-squares similarity (a proper rotation) of source [N,3] onto target [N,3], optionally with
// weights [N]. Degenerate sources (all points equal) give scale 1 and the centroids' offset.
// Source: Umeyama 1991; with K = sum w (s - s_mean)(t - t_mean)^T = U S V^T, R = V Z U^T,
// Z = diag(1, 1, det(V U^T)), scale = tr(R K) / sum w |s - s_mean|^2.
Similarity AlignSimilarity(const Points3& source, const Points3& target,
                           const VecX* weights = nullptr, bool with_scale = true);

// The translation t (metres) of body points [N,3] in front of a camera that least squares gives
// from f X + f t_x - (u - c_x)(Z + t_z) = 0 and its twin in y, each row weighted by
// sqrt(confidence) as SPIN's estimate_translation. Empty when fewer than two points have
// confidence, or when the solution is not finite or not in front of the camera: the caller then
// falls back.
std::optional<Vec3> EstimateTranslation(const Points3& points, const Points2& keypoints_px,
                                        const VecX& confidence, const Camera& camera);

}  // namespace gyre
