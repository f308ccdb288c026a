// SPDX-License-Identifier: Apache-2.0
// Results of long work, appended to a file as they come, so that a killed process loses none.
//
//   "GYREJNL1"                                       magic and version of the format
//   head record, record 0, record 1, ...             each: uint32 length of the content,
//                                                    uint32 CRC-32 of length and content, content
// (little endian). The head is a text of the caller's that says what work this is. What a crash
// left of a record at the end, and everything behind a damaged record, is cut off on opening.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gyre {

class Journal {
 public:
  // Opens the file or creates an empty one, and locks it as long as this object lives (the lock is
  // gone with the process, however it ends). UserError when another process has it, when it cannot
  // be written, and when it is no journal of this version.
  explicit Journal(std::filesystem::path path);
  // Removes the file when nothing was started.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const std::filesystem::path& path() const { return path_; }
  bool started() const { return started_; }
  const std::string& head() const { return head_; }  // empty unless started
  int64_t size() const { return static_cast<int64_t>(ends_.size()); }
  // Bytes that opening cut off.
  int64_t cut_bytes() const { return cut_bytes_; }

  // Empties the file and writes the head, through to the disk.
  void Start(const std::string& head);
  // Appends records in one write. A killed process keeps them; a machine that loses power keeps
  // what was synced. UserError when they cannot be written: then none of them is in the journal.
  void Append(const std::vector<std::string>& records);
  void Sync();
  // `count` records from `begin` on.
  std::vector<std::string> Read(int64_t begin, int64_t count) const;
  // Removes the file: the work is done. Nothing may be called after it.
  void Remove();

 private:
  void Open();
  void Lock();
  void Scan();
  [[noreturn]] void Fail(const char* what, int error) const;

  std::filesystem::path path_;
  int fd_ = -1;
  bool started_ = false;
  std::string head_;
  int64_t begin_ = 0;          // of record 0 in the file
  std::vector<int64_t> ends_;  // of each record in the file
  int64_t cut_bytes_ = 0;
};

}  // namespace gyre
