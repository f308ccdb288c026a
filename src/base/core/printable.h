// SPDX-License-Identifier: Apache-2.0
// Text that quotes names out of files, which must not command the terminal.
#pragma once

#include <string>

namespace gyre {

// With a ? for each control character.
inline std::string Printable(std::string text) {
  for (char& c : text) {
    if ((c >= 0 && c < ' ') || c == 127) c = '?';
  }
  return text;
}

}  // namespace gyre
