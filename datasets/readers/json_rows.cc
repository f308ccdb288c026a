// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/json_rows.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "io/json.h"

namespace gyre {

std::vector<double> JsonNumbersOrNull(const nlohmann::json& object, const std::string& key,
                                      const std::string& what) {
  std::vector<double> numbers;
  for (const nlohmann::json& item : JsonArray(object, key, what)) {
    const double number =
        item.is_number() ? item.get<double>() : std::numeric_limits<double>::quiet_NaN();
    if (!std::isfinite(number) && !item.is_null()) {
      ThrowUserError("{}: key '{}': expected numbers, found {} at position {}", what, key,
                     item.type_name(), numbers.size());
    }
    numbers.push_back(number);
  }
  return numbers;
}

std::string JsonKeyList(const nlohmann::json& object) {
  constexpr size_t kMost = 12;
  std::string list;
  size_t listed = 0;
  for (const auto& [key, value] : object.items()) {
    if (listed++ == kMost) return list + ", ...";
    list += fmt::format("{}'{:.40}'", list.empty() ? "" : ", ", key);
  }
  return list.empty() ? "nothing" : list;
}

}  // namespace gyre
