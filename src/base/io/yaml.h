// SPDX-License-Identifier: Apache-2.0
// YAML as calibrations are written in, read by libyaml: the first document of a file, with OpenCV's
// first line ("%YAML:1.0") and types ("!!opencv-matrix") or without.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace gyre {

// Mappings as objects; unquoted scalars as numbers, booleans and null where they are some, as
// strings elsewhere. Empty files are null. UserError names `what` and the line.
nlohmann::json ParseYaml(std::string_view content, const std::string& what);

}  // namespace gyre
