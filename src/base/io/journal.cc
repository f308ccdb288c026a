// SPDX-License-Identifier: Apache-2.0
#include "io/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "core/descriptor.h"
#include "core/disk_error.h"
#include "core/error.h"

namespace gyre {
namespace {

constexpr std::string_view kMagic = "GYREJNL";
constexpr char kVersion = '1';
constexpr int64_t kMagicSize = kMagic.size() + 1;
constexpr int64_t kPrefixSize = 2 * sizeof(uint32_t);
constexpr size_t kReadAhead = 1 << 20;

uint32_t Checksum(uint32_t length, std::string_view content) {
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(&length), sizeof(length));
  crc =
      crc32(crc, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  return static_cast<uint32_t>(crc);
}

void AppendRecord(std::string_view content, std::string* out) {
  const uint32_t prefix[2] = {static_cast<uint32_t>(content.size()),
                              Checksum(static_cast<uint32_t>(content.size()), content)};
  out->append(reinterpret_cast<const char*>(prefix), sizeof(prefix));
  out->append(content);
}

}  // namespace

Journal::Journal(std::filesystem::path path) : path_(std::move(path)) {
  try {
    Open();
    Scan();
  } catch (...) {
    if (fd_ >= 0) close(fd_);
    throw;
  }
}

Journal::~Journal() {
  if (fd_ < 0) return;
  if (!started_) unlink(path_.c_str());
  close(fd_);
}

void Journal::Fail(const char* what, int error) const {
  ThrowUserError("{}: {}: {}", path_.string(), what, DiskErrorText(error));
}

void Journal::Open() {
  while (true) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd_ < 0) Fail("cannot be written", errno);
    Lock();
    // The process that had the lock may have removed the file meanwhile.
    struct stat mine {
    }, named{};
    if (fstat(fd_, &mine) != 0) Fail("cannot be read", errno);
    if (stat(path_.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
        mine.st_dev == named.st_dev) {
      if (!S_ISREG(mine.st_mode)) {
        ThrowUserError("{}: is not a regular file; move it away", path_.string());
      }
      return;
    }
    close(fd_);
  }
}

void Journal::Lock() {
  if (flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) Fail("cannot be locked", errno);
  ThrowUserError("{}: another process is writing it; wait for that one or stop it", path_.string());
}

// Finds the whole records and cuts off the rest.
void Journal::Scan() {
  struct stat info {};
  if (fstat(fd_, &info) != 0) Fail("cannot be read", errno);
  const int64_t file_size = info.st_size;
  std::string buffer;  // the file's bytes from `offset` - `at` on
  size_t at = 0;
  int64_t offset = 0;
  // Whether the file has `size` more bytes; the buffer then holds them from `at` on.
  const auto have = [&](int64_t size) {
    if (static_cast<int64_t>(buffer.size() - at) >= size) return true;
    if (size > file_size - offset) return false;
    buffer.erase(0, std::exchange(at, 0));
    const size_t kept = buffer.size();
    buffer.resize(std::max(static_cast<size_t>(size), kReadAhead));
    const int64_t got = ReadAt(fd_, offset + static_cast<int64_t>(kept), buffer.data() + kept,
                               static_cast<int64_t>(buffer.size() - kept));
    if (got < 0) Fail("cannot be read", errno);
    buffer.resize(kept + static_cast<size_t>(got));
    return static_cast<int64_t>(buffer.size()) >= size;
  };
  const auto skip = [&](int64_t size) {
    at += static_cast<size_t>(size);
    offset += size;
  };
  // The next record's content; empty when it is not whole.
  const auto next = [&]() -> std::optional<std::string> {
    uint32_t prefix[2];
    if (!have(kPrefixSize)) return std::nullopt;
    std::memcpy(prefix, buffer.data() + at, sizeof(prefix));
    if (!have(kPrefixSize + prefix[0])) return std::nullopt;
    std::string content = buffer.substr(at + kPrefixSize, prefix[0]);
    if (Checksum(prefix[0], content) != prefix[1]) return std::nullopt;
    skip(kPrefixSize + prefix[0]);
    return content;
  };

  have(std::min(file_size, kMagicSize));
  const std::string_view start = std::string_view(buffer).substr(0, kMagicSize);
  if (!std::string(kMagic).append(1, kVersion).starts_with(start)) {
    ThrowUserError("{}: {}; move it away", path_.string(),
                   start.starts_with(kMagic) ? "is a journal of another version of gyre"
                                             : "is no journal of gyre's");
  }
  if (file_size >= kMagicSize) {
    skip(kMagicSize);
    if (auto head = next()) {
      started_ = true;
      head_ = *std::move(head);
      begin_ = offset;
      while (next()) ends_.push_back(offset);
    } else {
      offset = 0;  // the process ended while it wrote the head
    }
  }
  cut_bytes_ = file_size - offset;
  if (cut_bytes_ > 0 && ftruncate(fd_, offset) != 0) Fail("cannot be cut", errno);
}

void Journal::Start(const std::string& head) {
  std::string content = std::string(kMagic) + kVersion;
  AppendRecord(head, &content);
  if (ftruncate(fd_, 0) != 0) Fail("cannot be cut", errno);
  started_ = false;
  ends_.clear();
  if (const int error = WriteAt(fd_, 0, content)) Fail("cannot be written", error);
  Sync();
  // The folder too, or the file may be gone after a power cut.
  SyncFolder(path_.has_parent_path() ? path_.parent_path() : ".");
  started_ = true;
  head_ = head;
  begin_ = static_cast<int64_t>(content.size());
}

void Journal::Append(const std::vector<std::string>& records) {
  GYRE_CHECK(started_);
  const int64_t offset = ends_.empty() ? begin_ : ends_.back();
  std::string content;
  for (const std::string& record : records) AppendRecord(record, &content);
  if (const int error = WriteAt(fd_, offset, content)) {
    // Should this fail too: opening cuts off what is not whole.
    [[maybe_unused]] const int cut = ftruncate(fd_, offset);
    ThrowUserError("{}: cannot append: {}; the {} results in it are safe", path_.string(),
                   DiskErrorText(error), size());
  }
  int64_t end = offset;
  for (const std::string& record : records) {
    end += kPrefixSize + static_cast<int64_t>(record.size());
    ends_.push_back(end);
  }
}

void Journal::Sync() {
  if (fdatasync(fd_) != 0) Fail("cannot flush to disk", errno);
}

std::vector<std::string> Journal::Read(int64_t begin, int64_t count) const {
  GYRE_CHECK(begin >= 0 && count >= 0 && begin + count <= size(), "records {} + {} of {}", begin,
             count, size());
  std::vector<std::string> records;
  if (count == 0) return records;
  int64_t offset = begin == 0 ? begin_ : ends_[static_cast<size_t>(begin - 1)];
  std::string block(static_cast<size_t>(ends_[static_cast<size_t>(begin + count - 1)] - offset),
                    '\0');
  if (ReadAt(fd_, offset, block.data(), static_cast<int64_t>(block.size())) !=
      static_cast<int64_t>(block.size())) {
    Fail("cannot be read", errno);
  }
  size_t at = 0;
  for (int64_t i = begin; i < begin + count; ++i) {
    const int64_t end = ends_[static_cast<size_t>(i)];
    const auto size = static_cast<size_t>(end - offset - kPrefixSize);
    records.push_back(block.substr(at + kPrefixSize, size));
    at += kPrefixSize + size;
    offset = end;
  }
  return records;
}

void Journal::Remove() {
  if (unlink(path_.c_str()) != 0) Fail("cannot be removed", errno);
  close(std::exchange(fd_, -1));
}

}  // namespace gyre
