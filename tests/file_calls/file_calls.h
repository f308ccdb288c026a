// SPDX-License-Identifier: Apache-2.0
// What a test's code asks of the file system and in which order: a file that was not flushed before
// it was renamed is lost with the power, and no file system tells.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace gyre {

// Records, as long as it lives, the calls that change what is below a folder and succeed. They come
// to it because the program's own pwrite, fsync, ... stand before libc's (file_calls.cc).
class FileCalls {
 public:
  explicit FileCalls(const std::filesystem::path& folder);
  ~FileCalls();
  FileCalls(const FileCalls&) = delete;
  FileCalls& operator=(const FileCalls&) = delete;

  // The calls since the last time this was asked, paths relative to the folder:
  //   "write F", "cut F", "flush F", "rename F G", "remove F", "make F"; "flush ." is the folder
  // Several writes to a file in a row are one, and ".tmp123" is ".tmp".
  std::vector<std::string> Take();

  void Record(const char* call, const std::filesystem::path& path,
              const std::filesystem::path& to = {});

 private:
  std::string NameOf(const std::filesystem::path& path) const;  // empty: not below the folder

  std::filesystem::path folder_;
  std::mutex mutex_;
  std::vector<std::string> calls_;
};

}  // namespace gyre
