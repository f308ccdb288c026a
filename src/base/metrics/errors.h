// SPDX-License-Identifier: Apache-2.0
// Distances between predicted and true points, after a named alignment.
//
//   kNone        e_j = |p_j - g_j|
//   kRoot        e_j = |(p_j - p_root) - (g_j - g_root)|
//   kRootScale   e_j = |a (p_j - p_root) - (g_j - g_root)|, a = <g, p> / <p, p> on centred points
//   kProcrustes  e_j = |s R p_j + t - g_j| with the similarity that is best for this sample
//
// Their means over joints are known as MPJPE (kNone or kRoot; protocols say which), N-MPJPE
// (Rhodin et al. 2018), and PA-MPJPE, also "reconstruction error"; over vertices they are PVE.
// Errors come in the unit of the points.
//
// A point counts when its visibility is positive and its truth finite; points that don't count have
// error NaN and take no part in the alignment. A prediction that is not finite at a point that
// counts has failed: its error is infinite, so it never passes for a hit and never hides in a mean.
#pragma once

#include <span>
#include <vector>

#include "core/enum_names.h"
#include "core/types.h"

namespace gyre {

enum class Alignment { kNone, kRoot, kRootScale, kProcrustes };
template <>
struct EnumNames<Alignment> {
  static constexpr NameOf<Alignment> kAll[] = {{Alignment::kNone, "none"},
                                               {Alignment::kRoot, "root"},
                                               {Alignment::kRootScale, "root and scale"},
                                               {Alignment::kProcrustes, "Procrustes"}};
};

// Where the root is, for the alignments that centre on it.
struct Roots {
  Vec3 prediction = Vec3::Zero();
  Vec3 truth = Vec3::Zero();
};

// Errors [N] of prediction [N,3] against truth [N,3]; visibility [N]. When the root of the truth is
// not finite, root alignments count no point; when that of the prediction is not, all have failed.
VecX PointErrors(const Points3& prediction, const Points3& truth, const VecX& visibility,
                 Alignment alignment, const Roots& roots = {});
VecX PointErrors(const Points2& prediction, const Points2& truth, const VecX& visibility);

// Errors of the motion between frames, [(T - order) N] one frame after the other: order 1 is MPJVE
// (unit per frame), order 2 the acceleration error (unit per frame squared; times fps^2 it is per
// second squared). visibility [T,N]; a point counts when it does in each of the frames involved.
VecX MotionErrors(std::span<const Points3> prediction, std::span<const Points3> truth,
                  const RowMatX& visibility, int order);

}  // namespace gyre
