// SPDX-License-Identifier: Apache-2.0
// What a file of fits says of the bodies that they are of: enough to read their numbers, and to
// know another body's.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "body/body_layout.h"
#include "body/body_params.h"

namespace gyre {

struct FitLayout {
  FitLayout() = default;  // of no body
  // Implicit: wherever fits are kept, a body's own layout says how.
  FitLayout(const BodyLayout& layout)  // NOLINT(google-explicit-constructor)
      : family(layout.family),
        joints(layout.joints),
        num_betas(layout.num_betas),
        num_expression(layout.num_expression) {}

  std::string family;
  std::vector<std::string> joints;  // names, the root first
  int num_betas = 0, num_expression = 0;

  int num_joints() const { return static_cast<int>(joints.size()); }
  bool IsSmpl() const { return *this == FitLayout(SmplLayout()); }
  BodyParams RestParams() const { return BodyParams(num_joints(), num_betas, num_expression); }
  bool Fits(const BodyParams& params) const {
    return params.num_joints() == num_joints() && params.num_betas() == num_betas &&
           params.num_expression() == num_expression;
  }
  // "smplx (55 joints, 10 betas, 10 of expression)"
  std::string Describe() const;

  friend bool operator==(const FitLayout&, const FitLayout&) = default;
};

// {"family", "joints": [names], "betas", "expression"}
nlohmann::json ToJson(const FitLayout& layout);
// UserError, naming `what`, when it is no layout or larger than any body.
FitLayout FitLayoutFromJson(const nlohmann::json& json, const std::string& what);
// The same for a layout from anywhere: names and sizes that a body can have.
void CheckFitLayout(const FitLayout& layout, const std::string& what);

}  // namespace gyre
