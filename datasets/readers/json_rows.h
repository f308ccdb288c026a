// SPDX-License-Identifier: Apache-2.0
// What the readers of JSON share.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace gyre {

// An array of finite numbers and of nulls, which become NaN. UserError as JsonNumbers (io/json.h).
std::vector<double> JsonNumbersOrNull(const nlohmann::json& object, const std::string& key,
                                      const std::string& what);

// The keys of an object, as a sentence lists them: 'a', 'b'; at most a dozen.
std::string JsonKeyList(const nlohmann::json& object);

}  // namespace gyre
