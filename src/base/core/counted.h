// SPDX-License-Identifier: Apache-2.0
// Numbers of things in sentences.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace gyre {

// "1 row left out" of "rows left out", "2 rows left out"; of one of the people "1 person".
inline std::string Counted(int64_t count, const std::string& things) {
  if (count != 1) return fmt::format("{} {}", count, things);
  const size_t end = things.find(' ');
  std::string first = things.substr(0, end);
  if (first == "people") {
    first = "person";
  } else if (first == "bodies") {
    first = "body";
  } else if (first.ends_with('s')) {
    first.pop_back();
  }
  return "1 " + first + (end == std::string::npos ? "" : things.substr(end));
}

}  // namespace gyre
