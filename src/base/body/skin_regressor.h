// SPDX-License-Identifier: Apache-2.0
// Points inside a body as convex combinations of the skin around them.
//
// The weights a of vertices v_i that give the point p solve
//   min sum_i a_i^2 / g_i   with  sum_i a_i = 1,  sum_i a_i v_i = p,  a >= 0,
// where g_i falls off with the distance to p beyond that of the nearest skin, so that a ring around
// the point carries it evenly: exact on these vertices, and centred when the ring swells or moves.
#pragma once

#include <vector>

#include "body/body_model.h"

namespace gyre {

// Adds row `row` to `entries`; `candidates` are the vertices that may be used. False when the point
// lies outside their convex hull.
bool RingWeights(const Points3& vertices, const std::vector<int>& candidates, const Vec3& point,
                 int row, std::vector<Eigen::Triplet<double>>* entries);

// The vertex of `candidates` that is nearest to a point.
int NearestVertex(const Points3& vertices, const std::vector<int>& candidates, const Vec3& point);

// J_regressor [24,V] for joints [24,3]: each joint from skin that moves with it or its parent.
SparseRows FitJointRegressor(const Points3& vertices, const SparseRows& weights,
                             const std::vector<int>& parents, const Points3& joints);

// J_regressor of a model whose other parts are there, from skin that no expression moves; joints of
// eyes from the eyeballs. `joints` [J,3] at rest.
SparseRows FitStillJointRegressor(const BodyModel& model, const Points3& joints);

// SPIN's nine regressed joints [9,V], where annotators of photographs put them, by rule from the 24
// joints [24,3], the nose and the crown (the highest vertex).
SparseRows AnnotatorRegressor(const Points3& vertices, const Points3& joints, const Vec3& nose);

}  // namespace gyre
