// SPDX-License-Identifier: Apache-2.0
// What keeps elbows and knees from bending backwards, th_i being their angles and s_i the signs
// under which they would:
//   r_i = weight exp(s_i th_i)                     SMPLify's: pulls on straight limbs too
//   r_i = weight max(0, s_i th_i - kAngleSlack)    a spring beyond straight, nothing before
#pragma once

#include <memory>
#include <vector>

#include "fitting/fit_options.h"
#include "fitting/terms/term.h"

namespace gyre {

struct TermSources;

// A pose value that must not become large times its sign.
struct AnglePriorEntry {
  int pose_idx;
  double sign;
};
// The hinges (body/anatomy.h) that a layout has.
std::vector<AnglePriorEntry> HingeAngles(const BodyLayout& layout);
inline constexpr double kAngleSlack = 0.1;  // radians that elbows and knees go beyond straight

class AnglePriorTerm final : public ParamTerm {
 public:
  AnglePriorTerm(std::vector<AnglePriorEntry> angles, AnglePrior form, double weight);

  void FillRows(const BodyParams& params, const BodyParams& anchor, Row* rows) const override;

 private:
  std::vector<AnglePriorEntry> angles_;
  AnglePrior form_;
};

std::unique_ptr<const Term> MakeAnglePriorTerm(const TermSources& sources);

}  // namespace gyre
