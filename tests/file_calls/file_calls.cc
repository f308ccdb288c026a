// SPDX-License-Identifier: Apache-2.0
#include "file_calls/file_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string_view>
#include <utility>

namespace gyre {
namespace {

namespace fs = std::filesystem;

std::atomic<FileCalls*> recorder = nullptr;

void RecordOfDescriptor(const char* call, int fd) {
  FileCalls* const to = recorder;
  if (to == nullptr) return;
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
  if (!error) to->Record(call, path);
}

void RecordOfPath(const char* call, const char* path, const char* to = "") {
  if (recorder != nullptr) recorder.load()->Record(call, path, to);
}

// "a.tmp123" is "a.tmp".
std::string WithoutProcessId(std::string name) {
  const size_t at = name.rfind(".tmp");
  if (at != std::string::npos && name.find_first_not_of("0123456789", at + 4) == name.npos) {
    name.resize(at + 4);
  }
  return name;
}

}  // namespace

FileCalls::FileCalls(const fs::path& folder) : folder_(fs::canonical(folder)) { recorder = this; }

FileCalls::~FileCalls() { recorder = nullptr; }

std::string FileCalls::NameOf(const fs::path& path) const {
  const fs::path relative = fs::absolute(path).lexically_normal().lexically_relative(folder_);
  return relative.empty() || *relative.begin() == ".." ? "" : WithoutProcessId(relative);
}

void FileCalls::Record(const char* call, const fs::path& path, const fs::path& to) {
  std::string text = NameOf(path);
  if (text.empty()) return;
  text = std::string(call) + " " + text;
  if (!to.empty()) text += " " + NameOf(to);
  const std::lock_guard lock(mutex_);
  if (std::string_view(call) == "write" && !calls_.empty() && calls_.back() == text) return;
  calls_.push_back(std::move(text));
}

std::vector<std::string> FileCalls::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(calls_, {});
}

}  // namespace gyre

// Found before those of libc, by the libraries too.
extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  const ssize_t done = syscall(SYS_write, fd, bytes, size);
  if (done >= 0) gyre::RecordOfDescriptor("write", fd);
  return done;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  const ssize_t done = syscall(SYS_pwrite64, fd, bytes, size, offset);
  if (done >= 0) gyre::RecordOfDescriptor("write", fd);
  return done;
}

int ftruncate(int fd, off_t size) noexcept {
  const auto result = static_cast<int>(syscall(SYS_ftruncate, fd, size));
  if (result == 0) gyre::RecordOfDescriptor("cut", fd);
  return result;
}

int fsync(int fd) {
  const auto result = static_cast<int>(syscall(SYS_fsync, fd));
  if (result == 0) gyre::RecordOfDescriptor("flush", fd);
  return result;
}

int fdatasync(int fd) {
  const auto result = static_cast<int>(syscall(SYS_fdatasync, fd));
  if (result == 0) gyre::RecordOfDescriptor("flush", fd);
  return result;
}

int rename(const char* from, const char* to) noexcept {
  const auto result = static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
  if (result == 0) gyre::RecordOfPath("rename", from, to);
  return result;
}

int unlink(const char* path) noexcept {
  const auto result = static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
  if (result == 0) gyre::RecordOfPath("remove", path);
  return result;
}

int mkdir(const char* path, mode_t mode) noexcept {
  const auto result = static_cast<int>(syscall(SYS_mkdirat, AT_FDCWD, path, mode));
  if (result == 0) gyre::RecordOfPath("make", path);
  return result;
}

}  // extern "C"
