// SPDX-License-Identifier: Apache-2.0
// Feet on a floor, the plane up . X + offset = 0:
//   held    r = weight (X_1 - X_0) of each point of a foot that stands in both of two frames
//   floor   r = weight h, where a point stands, and weight min(h, 0) elsewhere,
//           h = up . X + offset - above, `above` being the point's height when the foot stands
// weights in reference pixels per metre.
#pragma once

#include <vector>

#include "fitting/terms/term.h"

namespace gyre {

// Metres; `up` of length 1.
struct Floor {
  Vec3 up = Vec3(0, -1, 0);
  double offset = 0;

  double HeightOf(const Vec3& point) const { return up.dot(point) + offset; }
};

class FootHoldTerm final : public Term {
 public:
  // `joints`: of the frames' FoldedJoints.
  FootHoldTerm(double weight, std::vector<int> joints);

  void MarkJoints(std::span<uint8_t> used) const override;
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  std::vector<int> joints_;
};

struct FloorPoint {
  int joint = 0;
  double above_m = 0;
  bool stands = false;
};

class FloorTerm final : public Term {
 public:
  FloorTerm(double weight, const Floor& floor, std::vector<FloorPoint> points);

  void MarkJoints(std::span<uint8_t> used) const override;
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  Floor floor_;
  std::vector<FloorPoint> points_;
};

}  // namespace gyre
