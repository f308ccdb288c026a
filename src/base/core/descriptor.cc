// SPDX-License-Identifier: Apache-2.0
#include "core/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/disk_error.h"
#include "core/error.h"

namespace gyre {

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

int Descriptor::Release() { return std::exchange(fd_, -1); }

int64_t ReadAt(int fd, int64_t offset, char* to, int64_t size) {
  int64_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd, to + done, static_cast<size_t>(size - done), offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += n;
  }
  return done;
}

int WriteAt(int fd, int64_t offset, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = pwrite(fd, content.data(), content.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    offset += n;
    content.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

void SyncFolder(const std::filesystem::path& folder) {
  const Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) {
    ThrowUserError("{}: cannot flush to disk: {}", folder.string(), DiskErrorText(errno));
  }
}

}  // namespace gyre
