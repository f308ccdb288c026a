// SPDX-License-Identifier: Apache-2.0
#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/disk_error.h"
#include "core/error.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Closes a descriptor when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void Sync(const fs::path& path, int flags) {
  const Descriptor fd(open(path.c_str(), flags | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0) {
    ThrowUserError("{}: cannot flush to disk: {}", path.string(), DiskErrorText(errno));
  }
}

fs::path ParentOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void WriteAll(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowUserError("{}: cannot write: {}", path.string(), DiskErrorText(errno));
    content.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

std::string ReadFile(const fs::path& path, uint64_t max_bytes) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) ThrowUserError("{}: cannot open: {}", path.string(), std::strerror(errno));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    ThrowUserError("{}: not a regular file", path.string());
  }
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > max_bytes) {
    ThrowUserError("{}: {} bytes is larger than the {} bytes expected at most", path.string(), size,
                   max_bytes);
  }
  std::string content(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = read(fd.get(), content.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowUserError("{}: cannot read: {}", path.string(), std::strerror(errno));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  content.resize(done);
  return content;
}

void WriteFileAtomically(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  // A link keeps pointing where it points; devices, pipes and folders are never replaced.
  std::error_code ignored;
  if (fs::is_symlink(path, ignored)) {
    const fs::path target = fs::canonical(path, ignored);
    if (ignored)
      ThrowUserError("{}: a link that leads nowhere; choose another name", path.string());
    return WriteFileAtomically(target, write);
  }
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) {
    ThrowUserError("{}: not a regular file; choose another name", path.string());
  }
  fs::path temporary = path;
  temporary += fmt::format(".tmp{}", getpid());
  try {
    write(temporary);
    Sync(temporary, O_RDONLY);
    if (rename(temporary.c_str(), path.c_str()) != 0) {
      ThrowUserError("{}: cannot replace: {}", path.string(), DiskErrorText(errno));
    }
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  Sync(ParentOf(path), O_RDONLY | O_DIRECTORY);
}

void WriteFileAtomically(const fs::path& path, std::string_view content) {
  WriteFileAtomically(path, [&](const fs::path& temporary) {
    const Descriptor fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (fd.get() < 0) {
      ThrowUserError("{}: cannot create: {}", path.string(), DiskErrorText(errno));
    }
    WriteAll(fd.get(), content, path);
  });
}

void MakeFolder(const fs::path& path) {
  if (!path.has_filename() && path.has_relative_path()) return MakeFolder(path.parent_path());
  const bool created = mkdir(path.c_str(), 0777) == 0;
  const int error = errno;
  if (!created && error == ENOENT && path.has_parent_path()) {
    MakeFolder(path.parent_path());
    return MakeFolder(path);
  }
  std::error_code ignored;
  if (!created && !fs::is_directory(path, ignored)) {
    ThrowUserError("{}: cannot create this folder: {}", path.string(),
                   error == EEXIST || error == ENOTDIR
                       ? "a file is in the way; move it or choose another name"
                       : DiskErrorText(error));
  }
  // Or the folder and all in it may be gone after a power cut. One that is there may be so since a
  // moment ago, made by a process that was killed before it came this far.
  try {
    Sync(ParentOf(path), O_RDONLY | O_DIRECTORY);
  } catch (const UserError&) {
    if (created) throw;
  }
}

}  // namespace gyre
