// SPDX-License-Identifier: Apache-2.0
#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/descriptor.h"
#include "core/disk_error.h"
#include "core/error.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

void SyncFile(const fs::path& path) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) {
    ThrowUserError("{}: cannot flush to disk: {}", path.string(), DiskErrorText(errno));
  }
}

struct OpenFile {
  Descriptor fd;
  uint64_t size = 0;
};

OpenFile OpenForReading(const fs::path& path) {
  OpenFile file{Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))};
  if (!file.fd.valid()) ThrowUserError("{}: cannot open: {}", path.string(), DiskErrorText(errno));
  struct stat info {};
  if (fstat(file.fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    ThrowUserError("{}: not a regular file", path.string());
  }
  file.size = static_cast<uint64_t>(info.st_size);
  return file;
}

std::string ReadBytes(const OpenFile& file, uint64_t bytes, const fs::path& path) {
  std::string content(bytes, '\0');
  const int64_t done = ReadAt(file.fd.get(), 0, content.data(), static_cast<int64_t>(bytes));
  if (done < 0) ThrowUserError("{}: cannot read: {}", path.string(), DiskErrorText(errno));
  content.resize(static_cast<size_t>(done));
  return content;
}

fs::path ParentOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

std::string ReadFile(const fs::path& path, uint64_t max_bytes) {
  const OpenFile file = OpenForReading(path);
  if (file.size > max_bytes) {
    ThrowUserError("{}: {} bytes is larger than the {} bytes expected at most", path.string(),
                   file.size, max_bytes);
  }
  return ReadBytes(file, file.size, path);
}

std::string ReadFileBeginning(const fs::path& path, uint64_t bytes) {
  const OpenFile file = OpenForReading(path);
  return ReadBytes(file, std::min(bytes, file.size), path);
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
    SyncFile(temporary);
    if (rename(temporary.c_str(), path.c_str()) != 0) {
      ThrowUserError("{}: cannot replace: {}", path.string(), DiskErrorText(errno));
    }
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
  SyncFolder(ParentOf(path));
}

void WriteFileAtomically(const fs::path& path, std::string_view content) {
  WriteFileAtomically(path, [&](const fs::path& temporary) {
    const Descriptor fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd.valid()) {
      ThrowUserError("{}: cannot create: {}", path.string(), DiskErrorText(errno));
    }
    if (const int error = WriteAt(fd.get(), 0, content)) {
      ThrowUserError("{}: cannot write: {}", path.string(), DiskErrorText(error));
    }
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
    SyncFolder(ParentOf(path));
  } catch (const UserError&) {
    if (created) throw;
  }
}

}  // namespace gyre
