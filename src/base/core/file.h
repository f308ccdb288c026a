// SPDX-License-Identifier: Apache-2.0
// Whole files. A file is written beside its final name, flushed to the disk and renamed, so that a
// reader sees the old one or the new one and never a part. Links are followed; what is no regular
// file (a device, a pipe, a folder) is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace gyre {

// Reads a regular file whole. UserError names the path when it is missing, a folder, unreadable or
// larger than max_bytes.
std::string ReadFile(const std::filesystem::path& path, uint64_t max_bytes = uint64_t{8} << 30);

// Its first bytes, or all of a shorter file.
std::string ReadFileBeginning(const std::filesystem::path& path, uint64_t bytes);

void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// The same for libraries that write to a path: `write` gets a temporary path beside `path`.
void WriteFileAtomically(const std::filesystem::path& path,
                         const std::function<void(const std::filesystem::path&)>& write);

// Creates a folder and its parents, through to the disk; UserError when that fails.
void MakeFolder(const std::filesystem::path& path);

}  // namespace gyre
