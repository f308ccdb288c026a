// SPDX-License-Identifier: Apache-2.0
#include "core/enum_names.h"

#include "core/error.h"

namespace gyre {

void ThrowValueWithoutName(int64_t value) {
  ThrowContractError(__FILE__, __LINE__, "an enum's value has a name", fmt::format("{}", value));
}

void ThrowNotOneOf(std::string_view what, std::string_view name, const std::string& names) {
  ThrowUserError("{}: '{}' is not one of {}", what, name, names);
}

}  // namespace gyre
