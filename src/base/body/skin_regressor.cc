// SPDX-License-Identifier: Apache-2.0
#include "body/skin_regressor.h"

#include <Eigen/Cholesky>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"

namespace gyre {

bool RingWeights(const Points3& vertices, const std::vector<int>& candidates, const Vec3& point,
                 int row, std::vector<Eigen::Triplet<double>>* entries) {
  if (candidates.empty()) return false;
  const auto offset = [&](int v) { return Vec3(vertices.row(v).transpose() - point); };
  const double nearest = offset(NearestVertex(vertices, candidates, point)).norm();
  // Widen the ring until it surrounds the point; keep the positive weights until all are.
  for (double reach = 0.02; reach < 0.5; reach *= 1.5) {
    std::vector<int> ring;
    std::vector<double> g;
    for (int v : candidates) {
      const double beyond = (offset(v).norm() - nearest) / reach;
      if (beyond > 2) continue;
      ring.push_back(v);
      g.push_back(std::exp(-beyond * beyond));
    }
    while (ring.size() >= 4) {
      Eigen::Matrix4d normal = Eigen::Matrix4d::Zero();  // in units of `reach`, for conditioning
      for (size_t i = 0; i < ring.size(); ++i) {
        const Eigen::Vector4d x = (offset(ring[i]) / reach).homogeneous();
        normal += g[i] * x * x.transpose();
      }
      const Eigen::LDLT<Eigen::Matrix4d> solver(normal);
      const Eigen::Vector4d multiplier = solver.solve(Eigen::Vector4d::UnitW());
      if ((normal * multiplier - Eigen::Vector4d::UnitW()).norm() > 1e-9) break;
      std::vector<int> kept;
      std::vector<double> kept_g, a;
      for (size_t i = 0; i < ring.size(); ++i) {
        const double weight = g[i] * multiplier.dot((offset(ring[i]) / reach).homogeneous());
        if (weight <= 1e-12) continue;
        kept.push_back(ring[i]);
        kept_g.push_back(g[i]);
        a.push_back(weight);
      }
      if (kept.size() == ring.size()) {
        for (size_t i = 0; i < ring.size(); ++i) entries->emplace_back(row, ring[i], a[i]);
        return true;
      }
      ring = std::move(kept);
      g = std::move(kept_g);
    }
  }
  return false;
}

int NearestVertex(const Points3& vertices, const std::vector<int>& candidates, const Vec3& point) {
  GYRE_CHECK(!candidates.empty());
  int best = candidates.front();
  double best_squared = std::numeric_limits<double>::infinity();
  for (int v : candidates) {
    const double squared = (vertices.row(v).transpose() - point).squaredNorm();
    if (squared < best_squared) {
      best_squared = squared;
      best = v;
    }
  }
  return best;
}

SparseRows FitJointRegressor(const Points3& vertices, const SparseRows& weights,
                             const std::vector<int>& parents,
                             const Points3& joints) {
  constexpr double kMinShare = 0.3;
  std::vector<Eigen::Triplet<double>> entries;
  std::vector<int> all(vertices.rows());
  std::iota(all.begin(), all.end(), 0);
  for (int k = 0; k < joints.rows(); ++k) {
    std::vector<int> moved;
    for (int v : all) {
      const double parent = parents[k] < 0 ? 0.0 : weights.coeff(v, parents[k]);
      if (weights.coeff(v, k) + parent > kMinShare) moved.push_back(v);
    }
    if (RingWeights(vertices, moved, joints.row(k), k, &entries)) continue;
    const bool inside = RingWeights(vertices, all, joints.row(k), k, &entries);
    GYRE_CHECK(inside, "joint {} lies outside the body", k);
  }
  SparseRows regressor(joints.rows(), vertices.rows());
  regressor.setFromTriplets(entries.begin(), entries.end());
  return regressor;
}

SparseRows FitStillJointRegressor(const BodyModel& model, const Points3& joints) {
  constexpr double kStill = 1e-5;  // metres
  const int expressions = model.layout->num_expression;
  SparseRows carriers = model.weights;
  for (int v = 0; v < carriers.rows(); ++v) {
    if (expressions == 0) break;
    const bool moves = model.shapedirs.middleRows<3>(3 * v)
                           .rightCols(expressions)
                           .cwiseAbs()
                           .rowwise()
                           .sum()
                           .maxCoeff() > kStill;
    if (!moves) continue;
    for (SparseRows::InnerIterator it(carriers, v); it; ++it) it.valueRef() = 0;
  }
  std::vector<int> parents = model.parents();
  for (int k = 0; k < model.num_joints(); ++k) {
    if (model.layout->blocks[k] == JointBlock::kEyes) parents[k] = -1;
  }
  return FitJointRegressor(model.v_template, carriers, parents, joints);
}

SparseRows AnnotatorRegressor(const Points3& vertices, const Points3& joints, const Vec3& nose) {
  const auto joint = [&](int k) -> Vec3 { return joints.row(k); };
  int top = 0;
  vertices.col(1).maxCoeff(&top);
  const Vec3 crown = vertices.row(top);
  const Vec3 left_hip = 1.08 * joint(1) - 0.08 * joint(2) + Vec3(0, 0.012, 0);
  const Vec3 right_hip = 1.08 * joint(2) - 0.08 * joint(1) + Vec3(0, 0.012, 0);
  const Vec3 collars = 0.5 * (joint(13) + joint(14));
  const Vec3 places[kNumExtraJoints] = {
      right_hip,  // towards the trochanter that one can see
      left_hip,
      0.9 * joint(12) + 0.1 * collars,                    // neck (LSP)
      crown - Vec3(0, 0.006, 0),                          // top of the head (LSP)
      0.5 * (left_hip + right_hip),                       // pelvis (MPII)
      0.6 * joint(12) + 0.4 * collars,                    // thorax (MPII): above the breast bone
      0.5 * (joint(3) + joint(6)),                        // spine (H36M)
      0.45 * joint(12) + 0.10 * joint(15) + 0.45 * nose,  // jaw (H36M)
      0.5 * (joint(15) + crown),                          // head (H36M)
  };
  std::vector<int> all(vertices.rows());
  std::iota(all.begin(), all.end(), 0);
  std::vector<Eigen::Triplet<double>> entries;
  for (int row = 0; row < kNumExtraJoints; ++row) {
    const bool inside = RingWeights(vertices, all, places[row], row, &entries);
    GYRE_CHECK(inside, "regressed joint {} lies outside the body", row);
  }
  SparseRows regressor(kNumExtraJoints, vertices.rows());
  regressor.setFromTriplets(entries.begin(), entries.end());
  return regressor;
}

}  // namespace gyre
