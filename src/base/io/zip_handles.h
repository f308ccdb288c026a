// SPDX-License-Identifier: Apache-2.0
// What reading and writing archives share of libzip.
#pragma once

#include <zip.h>

#include <memory>
#include <string>

namespace gyre {

struct DiscardZipArchive {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
using ZipArchivePtr = std::unique_ptr<zip_t, DiscardZipArchive>;

// The error in words; gives up what it holds.
inline std::string TakeZipMessage(zip_error_t& error) {
  std::string message = zip_error_strerror(&error);
  zip_error_fini(&error);
  return message;
}

}  // namespace gyre
