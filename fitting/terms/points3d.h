// SPDX-License-Identifier: Apache-2.0
// Joints whose place in space is known: r = weight (X - point), in reference pixels.
#pragma once

#include <memory>
#include <vector>

#include "fitting/terms/term.h"

namespace gyre {

struct TermSources;

struct PointObservation {
  int joint = 0;
  Vec3 point = Vec3::Zero();  // metres, in the frame of the body's parameters
  double weight = 0;          // reference pixels per metre
};

class Points3dTerm final : public JointTerm {
 public:
  explicit Points3dTerm(std::vector<PointObservation> points);

  int Joint(int group) const override { return points_[group].joint; }
  bool EvaluateAt(int group, double sigma_px, const Vec3& joint, Vec3* residual,
                  Derivative* derivative) const override;

 private:
  std::vector<PointObservation> points_;
};

std::unique_ptr<const Term> MakePoints3dTerm(const TermSources& sources);

}  // namespace gyre
