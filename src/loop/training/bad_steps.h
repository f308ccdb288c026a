// SPDX-License-Identifier: Apache-2.0
// How many steps in a row a run may leave out because of a number that is not finite.
#pragma once

#include <cstdint>
#include <string>

namespace gyre {

class BadSteps {
 public:
  explicit BadSteps(int at_most) : at_most_(at_most) {}

  void Good() { in_a_row_ = 0; }
  // Weights stayed as they were because of `what`: a warning. Data that does this again and again is
  // the user's to look at: UserError when there are too many.
  void Bad(int64_t step, const std::string& what);

 private:
  int at_most_, in_a_row_ = 0;
};

}  // namespace gyre
