// SPDX-License-Identifier: Apache-2.0
#include "core/disk_error.h"

#include <cerrno>
#include <cstring>

namespace gyre {

std::string DiskErrorText(int error) {
  const std::string text = std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return text + "; make room, then give the command again";
    case EACCES:
    case EPERM:
      return text + "; look at the permissions, or choose another place";
    case EROFS:
      return text + "; mount it for writing, or choose another folder";
    case EIO:
      return text + "; look after the disk (dmesg), then give the command again";
    default:
      return text + "; check the path, then give the command again";
  }
}

}  // namespace gyre
