// SPDX-License-Identifier: Apache-2.0
// What a disk refuses, in words.
#pragma once

#include <string>

namespace gyre {

// What an errno of a file's call means and what the user can do about it, as the end of a sentence:
// "No space left on device; make room, then give the command again".
std::string DiskErrorText(int error);

}  // namespace gyre
