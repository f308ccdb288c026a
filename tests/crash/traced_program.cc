// SPDX-License-Identifier: Apache-2.0
#include "crash/traced_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int kWatchedCalls[] = {
    SYS_open,     SYS_openat,    SYS_openat2,  SYS_creat,          SYS_write,     SYS_pwrite64,
    SYS_writev,   SYS_pwritev,   SYS_pwritev2, SYS_ftruncate,      SYS_truncate,  SYS_fallocate,
    SYS_fsync,    SYS_fdatasync, SYS_rename,   SYS_renameat,       SYS_renameat2, SYS_unlink,
    SYS_unlinkat, SYS_rmdir,     SYS_mkdir,    SYS_mkdirat,        SYS_link,      SYS_linkat,
    SYS_symlink,  SYS_symlinkat, SYS_sendfile, SYS_copy_file_range};

[[noreturn]] void Throw(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// In the child: watched calls stop for the tracer, and so do shared writable mappings of files.
void InstallFilter() {
  constexpr auto load = [](size_t offset) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
  };
  constexpr auto stop = sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  constexpr auto pass = sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  std::vector<sock_filter> code = {load(offsetof(seccomp_data, nr))};
  for (const int call : kWatchedCalls) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
    code.push_back(stop);
  }
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0));
  code.push_back(pass);
  code.push_back(load(offsetof(seccomp_data, args[2])));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 1, 0));
  code.push_back(pass);
  code.push_back(load(offsetof(seccomp_data, args[3])));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 2, 0));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 0, 1));
  code.push_back(stop);
  code.push_back(pass);
  const sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    _exit(125);
  }
}

// Starts the program; where `traced`, it waits for StartTracing.
pid_t Start(const Command& command, bool traced, int* go) {
  int gate[2];
  if (traced && pipe2(gate, O_CLOEXEC) != 0) Throw("pipe");
  const pid_t pid = fork();
  if (pid < 0) Throw("fork");
  if (pid != 0) {
    if (traced) {
      close(gate[0]);
      *go = gate[1];
    }
    return pid;
  }
  const int out = open(command.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  const int err = open(command.err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (out < 0 || err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
  std::vector<char*> argv;
  for (const std::string& arg : command.argv) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  if (traced) {
    char byte;
    close(gate[1]);
    if (read(gate[0], &byte, 1) != 1) _exit(126);
    InstallFilter();
  }
  execv(argv[0], argv.data());
  _exit(127);
}

// Sends a process its signal when time is up, and SIGKILL to one that does not heed it.
class Deadline {
 public:
  Deadline(pid_t pid, const Command& command) {
    if (command.signal_after_s <= 0) return;
    thread_ = std::thread([this, pid, seconds = command.signal_after_s, signal = command.signal] {
      std::unique_lock lock(mutex_);
      const auto ends_within = [&](double s) {
        return over_.wait_for(lock, std::chrono::duration<double>(s), [&] { return ended_; });
      };
      if (ends_within(seconds)) return;
      overdue_ = true;
      kill(pid, signal);
      constexpr double kPatienceSeconds = 600;
      if (!ends_within(kPatienceSeconds)) kill(pid, SIGKILL);
    });
  }
  ~Deadline() { Overdue(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // The program has ended; whether this ended it.
  bool Overdue() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    over_.notify_all();
    if (thread_.joinable()) thread_.join();
    return overdue_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool ended_ = false, overdue_ = false;
  std::thread thread_;
};

int ExitCode(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

fs::path LinkOf(const std::string& link) {
  std::error_code error;
  return fs::read_symlink(link, error);
}

// One thread of the program, stopped at the entry of a watched call.
class StoppedCall {
 public:
  explicit StoppedCall(pid_t tid) : tid_(tid) {
    ptrace(PTRACE_GETREGS, tid, nullptr, &regs_);  // killed meanwhile: all zero, which is read()
    args_[0] = regs_.rdi, args_[1] = regs_.rsi, args_[2] = regs_.rdx;
    args_[3] = regs_.r10, args_[4] = regs_.r8;
  }

  // What it changes below `root`, if anything. Throws where that is not modelled.
  std::optional<FileCall> Decode(const fs::path& root) const {
    root_ = &root;
    switch (regs_.orig_rax) {
      case SYS_open:
        return Open(PathAt(AT_FDCWD, 0), static_cast<int>(args_[1]));
      case SYS_creat:
        return Open(PathAt(AT_FDCWD, 0), O_WRONLY | O_CREAT | O_TRUNC);
      case SYS_openat:
        return Open(PathAt(Fd(0), 1), static_cast<int>(args_[2]));
      case SYS_write:
        return Write(static_cast<int64_t>(args_[2]), -1);
      case SYS_pwrite64:
        return Write(static_cast<int64_t>(args_[2]), static_cast<int64_t>(args_[3]));
      case SYS_ftruncate:
        return Truncate(PathOf(Fd(0)), static_cast<int64_t>(args_[1]));
      case SYS_truncate:
        return Truncate(PathAt(AT_FDCWD, 0), static_cast<int64_t>(args_[1]));
      case SYS_fallocate: {
        const fs::path path = PathOf(Fd(0));
        if (!Below(path)) return std::nullopt;
        if (args_[1] != 0) NotModelled(path);
        const auto end = static_cast<int64_t>(args_[2] + args_[3]);
        return Truncate(path, std::max<int64_t>(end, static_cast<int64_t>(fs::file_size(path))));
      }
      case SYS_fsync:
      case SYS_fdatasync:
        return Simple(CallKind::kSync, PathOf(Fd(0)));
      case SYS_rename:
        return Rename(PathAt(AT_FDCWD, 0), PathAt(AT_FDCWD, 1), 0);
      case SYS_renameat:
        return Rename(PathAt(Fd(0), 1), PathAt(Fd(2), 3), 0);
      case SYS_renameat2:
        return Rename(PathAt(Fd(0), 1), PathAt(Fd(2), 3), args_[4]);
      case SYS_unlink:
        return Simple(CallKind::kUnlink, PathAt(AT_FDCWD, 0));
      case SYS_unlinkat:
        return Simple(args_[2] & AT_REMOVEDIR ? CallKind::kRmdir : CallKind::kUnlink,
                      PathAt(Fd(0), 1));
      case SYS_rmdir:
        return Simple(CallKind::kRmdir, PathAt(AT_FDCWD, 0));
      case SYS_mkdir:
        return Simple(CallKind::kMkdir, PathAt(AT_FDCWD, 0));
      case SYS_mkdirat:
        return Simple(CallKind::kMkdir, PathAt(Fd(0), 1));
      case SYS_mmap:
        return None(PathOf(Fd(4)));
      case SYS_openat2:
        return None(PathAt(Fd(0), 1));
      case SYS_link:
        return None(PathAt(AT_FDCWD, 1));
      case SYS_linkat:
        return None(PathAt(Fd(2), 3));
      case SYS_symlink:
        return None(PathAt(AT_FDCWD, 1));
      case SYS_symlinkat:
        return None(PathAt(Fd(1), 2));
      case SYS_copy_file_range:
        return None(PathOf(Fd(2)));
      default:
        return None(PathOf(Fd(0)));  // writev and its kin, sendfile
    }
  }

  // The call is not made and returns -error.
  void Fail(int error) {
    regs_.orig_rax = static_cast<unsigned long long>(-1);
    regs_.rax = static_cast<unsigned long long>(-error);
    SetRegisters();
  }
  void ShortenWrite(int64_t bytes) {
    regs_.rdx = static_cast<unsigned long long>(bytes);
    SetRegisters();
  }

 private:
  void SetRegisters() {
    if (ptrace(PTRACE_SETREGS, tid_, nullptr, &regs_) != 0 && errno != ESRCH) {
      Throw("PTRACE_SETREGS");
    }
  }
  int Fd(int i) const { return static_cast<int>(args_[i]); }
  fs::path PathOf(int fd) const { return LinkOf(fmt::format("/proc/{}/fd/{}", tid_, fd)); }
  fs::path PathAt(int folder, int i) const {
    std::string path(4096, '\0');
    // A read stops at the end of a mapping, so page by page.
    size_t done = 0;
    while (done < path.size() && path.find('\0') >= done) {
      const uint64_t from = args_[i] + done;
      const size_t size = std::min<size_t>(4096 - from % 4096, path.size() - done);
      const iovec mine = {path.data() + done, size};
      const iovec theirs = {reinterpret_cast<void*>(from), size};
      if (process_vm_readv(tid_, &mine, 1, &theirs, 1, 0) <= 0) return {};
      done += size;
    }
    path.resize(path.find('\0'));
    if (path.starts_with('/')) return fs::path(path).lexically_normal();
    const fs::path base =
        folder == AT_FDCWD ? LinkOf(fmt::format("/proc/{}/cwd", tid_)) : PathOf(folder);
    return (base / path).lexically_normal();
  }
  bool Below(const fs::path& path) const {
    const std::string& text = path.native();
    return text.starts_with(root_->native()) &&
           (text.size() == root_->native().size() || text[root_->native().size()] == '/');
  }
  [[noreturn]] void NotModelled(const fs::path& path) const {
    throw std::runtime_error(
        fmt::format("system call {} on {} is not modelled", regs_.orig_rax, path.string()));
  }
  std::optional<FileCall> None(const fs::path& path) const {
    if (Below(path)) NotModelled(path);
    return std::nullopt;
  }
  std::optional<FileCall> Simple(CallKind kind, const fs::path& path) const {
    if (!Below(path)) return std::nullopt;
    return FileCall{.kind = kind, .path = path, .to = {}};
  }
  std::optional<FileCall> Open(const fs::path& path, int flags) const {
    if (!Below(path) || (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY) return std::nullopt;
    if ((flags & O_TMPFILE) == O_TMPFILE) NotModelled(path);
    std::error_code ignored;
    const bool exists = fs::exists(fs::symlink_status(path, ignored));
    if (!exists && !(flags & O_CREAT)) return std::nullopt;  // fails anyhow
    if (!exists) return Simple(CallKind::kCreate, path);
    return Simple(flags & O_TRUNC && !(flags & O_EXCL) ? CallKind::kTruncate : CallKind::kOpen,
                  path);
  }
  std::optional<FileCall> Write(int64_t size, int64_t offset) const {
    const fs::path path = PathOf(Fd(0));
    if (!Below(path)) return std::nullopt;
    if (offset < 0) {
      std::ifstream info(fmt::format("/proc/{}/fdinfo/{}", tid_, Fd(0)));
      std::string key;
      int flags = 0;
      info >> key >> offset >> key >> std::oct >> flags;
      if (flags & O_APPEND) offset = static_cast<int64_t>(fs::file_size(path));
    }
    return FileCall{
        .kind = CallKind::kWrite, .path = path, .to = {}, .offset = offset, .size = size};
  }
  std::optional<FileCall> Truncate(const fs::path& path, int64_t size) const {
    if (!Below(path)) return std::nullopt;
    return FileCall{.kind = CallKind::kTruncate, .path = path, .to = {}, .size = size};
  }
  std::optional<FileCall> Rename(const fs::path& from, const fs::path& to, uint64_t flags) const {
    if (!Below(from) && !Below(to)) return std::nullopt;
    if (from.parent_path() != to.parent_path() || (flags & ~uint64_t{RENAME_NOREPLACE}) != 0) {
      NotModelled(to);
    }
    return FileCall{.kind = CallKind::kRename, .path = from, .to = to};
  }

  pid_t tid_;
  user_regs_struct regs_{};
  uint64_t args_[5]{};
  mutable const fs::path* root_ = nullptr;
};

}  // namespace

const char* CallKindName(CallKind kind) {
  constexpr const char* kNames[] = {"open",   "create", "truncate", "write", "sync",
                                    "rename", "unlink", "rmdir",    "mkdir"};
  return kNames[static_cast<int>(kind)];
}

std::string FileCall::Text() const {
  std::string text = fmt::format("{} {} {}", number, CallKindName(kind), path.string());
  if (kind == CallKind::kRename) text += " to " + to.string();
  if (kind == CallKind::kWrite) text += fmt::format(" {} bytes at {}", size, offset);
  return text;
}

ProgramEnd RunProgram(const Command& command) {
  const pid_t pid = Start(command, false, nullptr);
  Deadline deadline(pid, command);
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) Throw("waitpid");
  return {ExitCode(status), deadline.Overdue()};
}

ProgramEnd RunWatched(const Command& command, const fs::path& root, CallWatcher* watcher,
                      pid_t* pid) {
  int go = -1;
  *pid = Start(command, true, &go);
  constexpr long kOptions = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                            PTRACE_O_TRACEVFORK | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SEIZE, *pid, nullptr, kOptions) != 0) {
    const int error = errno;
    kill(*pid, SIGKILL);
    waitpid(*pid, nullptr, 0);
    close(go);
    throw std::system_error(error, std::generic_category(), "PTRACE_SEIZE");
  }
  const bool started = write(go, "", 1) == 1;
  close(go);
  if (!started) Throw("write");

  Deadline deadline(*pid, command);
  struct Event {
    pid_t tid;
    int status;
    bool Ended() const { return !WIFSTOPPED(status); }
  };
  std::deque<Event> later;  // of other threads, while one was waited for
  const auto wait = [] {
    Event event{};
    event.tid = waitpid(-1, &event.status, __WALL);
    if (event.tid < 0) Throw("waitpid");
    return event;
  };
  const auto next = [&] {
    if (later.empty()) return wait();
    const Event event = later.front();
    later.pop_front();
    return event;
  };
  int64_t number = 0;
  Event event{};
  // The first thread's end is told last, when all others have been waited for.
  const auto over = [&] { return event.tid == *pid && event.Ended(); };
  try {
    for (event = next(); !over(); event = next()) {
      if (event.Ended()) continue;
      const pid_t tid = event.tid;
      // Calls of ptrace may find the thread dead; its end is told then.
      if (event.status >> 16 != PTRACE_EVENT_SECCOMP) {
        const bool is_signal = event.status >> 16 == 0;
        ptrace(PTRACE_CONT, tid, nullptr, is_signal ? WSTOPSIG(event.status) : 0);
        continue;
      }
      StoppedCall stopped(tid);
      std::optional<FileCall> call = stopped.Decode(root);
      Verdict verdict;
      if (call) {
        call->number = ++number;
        verdict = watcher->Before(*call);
      }
      if (verdict.kill_before) {
        kill(*pid, SIGKILL);
        continue;
      }
      if (verdict.error != 0) stopped.Fail(verdict.error);
      if (!call || verdict.error != 0) {
        ptrace(PTRACE_CONT, tid, nullptr, 0);
        continue;
      }
      if (verdict.bytes >= 0 && call->kind == CallKind::kWrite) stopped.ShortenWrite(verdict.bytes);
      // To the end of the call, alone.
      ptrace(PTRACE_SYSCALL, tid, nullptr, 0);
      for (event = wait(); event.tid != tid && !over(); event = wait()) {
        if (!event.Ended()) later.push_back(event);
      }
      if (event.Ended()) {
        // Killed on the way: the call was made or it was not.
        watcher->After(*call, call->kind == CallKind::kSync ? -EINTR : 0);
        if (over()) break;
        continue;
      }
      user_regs_struct regs{};
      if (ptrace(PTRACE_GETREGS, tid, nullptr, &regs) == 0) {
        watcher->After(*call, static_cast<int64_t>(regs.rax));
      }
      if (verdict.kill_after) kill(*pid, SIGKILL);
      ptrace(PTRACE_CONT, tid, nullptr, 0);
    }
  } catch (...) {
    kill(*pid, SIGKILL);
    while (!over()) event = wait();
    throw;
  }
  return {ExitCode(event.status), deadline.Overdue()};
}

}  // namespace gyre
