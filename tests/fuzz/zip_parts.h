// SPDX-License-Identifier: Apache-2.0
// Zip archives taken apart and put together without libzip, for mutating what is in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/zip.h"

namespace gyre {

// The stored entries of an archive that begins with them; empty when it does not.
std::vector<ZipEntry> ZipParts(std::string_view archive);
// An archive of stored entries with right checksums.
std::string StoredZip(const std::vector<ZipEntry>& parts);

}  // namespace gyre
