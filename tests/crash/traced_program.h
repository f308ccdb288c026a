// SPDX-License-Identifier: Apache-2.0
// Runs a program and stands between it and the kernel at every system call that changes files below
// a folder. Calls are watched by ptrace and seccomp, not by a preloaded library: the C library's
// own streams (libzip writes through them) and std::filesystem reach the kernel past every symbol
// that a library could replace. Linux on x86-64.
//
// Watched calls run one at a time, whatever the number of threads. Calls that change files in a way
// that is not modelled (links, shared writable mappings, copies inside the kernel) throw, so that a
// program which begins to use them is noticed. close() is no such call: after fsync it has nothing
// left to say on a local disk.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gyre {

enum class CallKind { kOpen, kCreate, kTruncate, kWrite, kSync, kRename, kUnlink, kRmdir, kMkdir };
const char* CallKindName(CallKind kind);

struct FileCall {
  int64_t number = 0;  // from 1
  CallKind kind = CallKind::kOpen;
  std::filesystem::path path;
  std::filesystem::path to;      // kRename
  int64_t offset = 0, size = 0;  // bytes; kWrite, and the new size of kTruncate
  std::string Text() const;
};

// What becomes of a call.
struct Verdict {
  int error = 0;       // not 0: the call is not made and fails with this errno
  int64_t bytes = -1;  // not negative: a write is cut short to so many
  bool kill_before = false, kill_after = false;
};

class CallWatcher {
 public:
  virtual ~CallWatcher() = default;
  virtual Verdict Before(const FileCall& call) = 0;
  // `result`: what the kernel returned, negative errno when it failed. Not called for calls that
  // were not made.
  virtual void After(const FileCall& call, int64_t result) = 0;
};

struct Command {
  std::vector<std::string> argv;
  std::filesystem::path out, err;  // standard output and error
  double signal_after_s = 0;       // 0: never
  int signal = SIGKILL;
};

struct ProgramEnd {
  int exit_code = -1;    // 128 + signal when a signal ended it
  bool overdue = false;  // given its signal at signal_after_s
};

ProgramEnd RunProgram(const Command& command);
// The same, watched below `root`, an absolute path without links. `pid` is set for the watcher.
// std::system_error when this machine does not permit it.
ProgramEnd RunWatched(const Command& command, const std::filesystem::path& root,
                      CallWatcher* watcher, pid_t* pid);

}  // namespace gyre
