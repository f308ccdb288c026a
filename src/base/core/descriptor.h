// SPDX-License-Identifier: Apache-2.0
// What POSIX leaves to do around file descriptors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace gyre {

// Owns an open file and closes it; -1 stands for none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_;
};

// Fills `to` from `offset` on, or less at the end of the file. Returns the bytes read, or -1 with
// errno set.
int64_t ReadAt(int fd, int64_t offset, char* to, int64_t size);
// Writes all of `content` at `offset`. Returns 0, or the errno of what went wrong.
int WriteAt(int fd, int64_t offset, std::string_view content);
// Makes what was created, renamed or removed in a folder durable. UserError when that fails.
void SyncFolder(const std::filesystem::path& folder);

}  // namespace gyre
