// SPDX-License-Identifier: Apache-2.0
// Holds jaw and eyes near rest. Of the jaw, which opens about x and hardly turns about y and z,
//   r = weight (w_x, kSideways w_y, kSideways w_z)
// as SMPLify-X (Pavlakos et al. 2019); of each eye, r = weight kEyes w, which it leaves free.
#pragma once

#include <memory>
#include <vector>

#include "fitting/terms/term.h"

namespace gyre {

struct TermSources;

class JawPriorTerm final : public ParamTerm {
 public:
  static constexpr double kSideways = 10, kEyes = 10;

  struct Spring {
    int param;
    double factor;
  };
  JawPriorTerm(std::vector<Spring> springs, double weight);
  // The springs of a layout's jaw, and with `eyes` of its eyes.
  static std::vector<Spring> SpringsOf(const BodyLayout& layout, bool eyes);

  void FillRows(const BodyParams& params, const BodyParams& anchor, Row* rows) const override;

 private:
  std::vector<Spring> springs_;
};

std::unique_ptr<const Term> MakeJawPriorTerm(const TermSources& sources);

}  // namespace gyre
