// SPDX-License-Identifier: Apache-2.0
// Runs the gyre program as a user does.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.h"

namespace gyre {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out, err;
};

// A folder of this test's own, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gyre-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Starts `gyre args...` with its output in files of `folder`; the caller waits for the process.
inline pid_t StartGyre(const std::vector<std::string>& args, const std::filesystem::path& out,
                       const std::filesystem::path& err) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  std::vector<char*> argv = {const_cast<char*>("gyre")};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  if (!freopen(out.c_str(), "w", stdout) || !freopen(err.c_str(), "w", stderr)) _exit(126);
  execv(GYRE_BINARY, argv.data());
  _exit(127);
}

inline ProgramResult Gyre(const std::vector<std::string>& args) {
  const ScratchFolder scratch;
  const pid_t pid = StartGyre(args, scratch / "out", scratch / "err");
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  ProgramResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = ReadFile(scratch / "out");
  result.err = ReadFile(scratch / "err");
  return result;
}

inline void ExpectOneSentence(const ProgramResult& result, int exit_code) {
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_THAT(result.err, testing::StartsWith("gyre: "));
  EXPECT_EQ(result.out, "");
}

}  // namespace gyre
