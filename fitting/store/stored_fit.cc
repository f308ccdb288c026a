// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/stored_fit.h"

#include <cmath>

#include "fitting/store/field_values.h"
#include "fitting/store/fit_fields.h"

namespace gyre {
namespace {

template <typename Number>
bool Obeys(FieldRule rule, Number value) {
  const auto number = static_cast<double>(value);
  switch (rule) {
    case FieldRule::kAny:
      return true;
    case FieldRule::kFinite:
      return std::isfinite(number);
    case FieldRule::kPositive:
      return std::isfinite(number) && number > 0;
    case FieldRule::kNotNegative:
      return std::isfinite(number) && number >= 0;
    case FieldRule::kNumber:
      return !std::isnan(number);
    case FieldRule::kSource:
      return number >= static_cast<double>(FitSource::kNone) &&
             number <= static_cast<double>(FitSource::kMasks);
  }
  return false;
}

}  // namespace

StoredFit::StoredFit(const FitLayout& layout)
    : params(layout.RestParams()), rotation_sd_rad(JointFloats::Zero(layout.num_joints())) {}

bool StoredFit::IsSound() const {
  if (params.num_joints() == 0) return false;
  bool sound = rotation_sd_rad.size() == params.num_joints();
  ForEachFitField([&](const FitField& field, const auto& get) {
    WithType(field.record, [&](auto number) {
      ForEachValue(get(*this), [&](const auto& value) {
        number = static_cast<decltype(number)>(value);
        sound = sound && Obeys(field.rule, number);
      });
    });
  });
  return sound;
}

bool operator==(const StoredFit& a, const StoredFit& b) {
  bool same = true;
  ForEachFitField([&](const FitField&, const auto& get) {
    const auto& of_a = get(a);
    const auto& of_b = get(b);
    if constexpr (IsNumber<decltype(of_a)>()) {
      same = same && of_a == of_b;
    } else {
      same = same && of_a.size() == of_b.size() && of_a == of_b;
    }
  });
  return same;
}

}  // namespace gyre
