// SPDX-License-Identifier: Apache-2.0
// Where the free pose networks lie that find people in pictures. They are not part of gyre;
// tools/get_detector fetches them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace gyre {

// The folder of the detector's files: `given` (of --detector), else the one that the environment
// variable GYRE_DETECTOR names, else $XDG_DATA_HOME/gyre/detector or ~/.local/share/gyre/detector.
// Null where none of them is there; UserError when the one that was asked for is not.
std::optional<std::filesystem::path> FindDetectorFolder(const std::string& given);

// Whether this is a folder with networks of landmarks in it.
bool IsDetectorFolder(const std::filesystem::path& folder);

// The file `name` in that folder; UserError that says how to get it.
std::filesystem::path DetectorFile(const std::string& given, const std::string& name);

}  // namespace gyre
