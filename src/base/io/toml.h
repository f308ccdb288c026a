// SPDX-License-Identifier: Apache-2.0
// The part of TOML 1.0 that calibrations are written in: tables and dotted table names, bare and
// quoted keys, strings, numbers, booleans, lists of them over any number of lines, comments. What
// else TOML has (dates, inline tables, lists of tables, strings of several lines) is refused by
// line.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace gyre {

// Tables as objects. UserError names `what` and the line.
nlohmann::json ParseToml(std::string_view content, const std::string& what);

}  // namespace gyre
