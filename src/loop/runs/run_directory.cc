// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/descriptor.h"
#include "core/disk_error.h"
#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

bool IsCheckpointName(const std::string& name) {
  constexpr size_t kMaxDigits = 18;  // of an int64_t
  return !name.empty() && name.size() <= kMaxDigits &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

// As WriteFileAtomically makes them: "options.json.tmp123".
bool IsTemporaryName(const std::string& name) {
  const size_t at = name.rfind(".tmp");
  return at != std::string::npos && at + 4 < name.size() &&
         name.find_first_not_of("0123456789", at + 4) == std::string::npos;
}

}  // namespace

RunDirectory::RunDirectory(const fs::path& root, bool resume) : root_(root) {
  if (resume && !fs::exists(root / "options.json")) {
    ThrowUserError("{}: no run to resume here (options.json is missing)", root.string());
  }
  if (!resume && !ListCheckpoints(root).empty()) {
    ThrowUserError("{}: holds a run already; continue it with --resume, or delete it or choose another --run to begin anew",
                   root.string());
  }
  // Each one flushed, also one that a killed process made but did not come to flush.
  MakeFolder(root_);
  MakeFolder(root_ / "checkpoints");
  MakeFolder(pictures());
  // The lock belongs to the open file, so it is gone when the process is, however it ended.
  lock_ = Descriptor(open((root_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock_.valid()) ThrowUserError("{}/lock: {}", root.string(), DiskErrorText(errno));
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    std::string pid(32, '\0');
    pid.resize(static_cast<size_t>(std::max<int64_t>(
        ReadAt(lock_.get(), 0, pid.data(), static_cast<int64_t>(pid.size())), 0)));
    ThrowUserError("{}: process {} is training in this folder; wait for it or stop it",
                   root.string(), pid.empty() ? "?" : pid);
  }
  int error = ftruncate(lock_.get(), 0) == 0 ? 0 : errno;
  if (!error) error = WriteAt(lock_.get(), 0, fmt::format("{}", getpid()));
  if (error) ThrowUserError("{}/lock: cannot write: {}", root.string(), DiskErrorText(error));
  // What a killed process left half-written: files under their temporary names, and checkpoints.
  std::error_code ignored;
  for (const fs::path& folder : {root_, pictures(), root_ / "checkpoints"}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename();
      if (folder.filename() == "checkpoints" ? !IsCheckpointName(name) : IsTemporaryName(name)) {
        fs::remove_all(entry.path(), ignored);
      }
    }
  }
}

RunDirectory RunDirectory::OfFirstRank(const fs::path& root) { return RunDirectory(root); }

void RunDirectory::LogMetrics(const nlohmann::json& line) {
  const std::string text = line.dump() + "\n";
  const Descriptor fd(
      open(metrics_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  const ssize_t written = fd.valid() ? write(fd.get(), text.data(), text.size()) : -1;
  if (written != static_cast<ssize_t>(text.size())) {
    ThrowUserError("{}: cannot append: {}", metrics_file().string(),
                   DiskErrorText(written < 0 ? errno : ENOSPC));
  }
}

void RunDirectory::SyncMetrics() {
  const Descriptor fd(open(metrics_file().c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return;
  if (!fd.valid() || fsync(fd.get()) != 0) {
    ThrowUserError("{}: cannot flush to disk: {}", metrics_file().string(), DiskErrorText(errno));
  }
  SyncFolder(root_);
}

void RunDirectory::TruncateMetrics(int64_t step) {
  if (!fs::exists(metrics_file())) return;
  const std::string text = ReadFile(metrics_file());
  std::string kept;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // torn by a crash
    const auto line = nlohmann::json::parse(text.begin() + static_cast<ptrdiff_t>(begin),
                                            text.begin() + static_cast<ptrdiff_t>(end), nullptr,
                                            /*allow_exceptions=*/false);
    const bool keep = line.is_object() && line.value("step", int64_t{0}) <= step;
    if (keep) kept.append(text, begin, end - begin + 1);
    begin = end + 1;
  }
  WriteFileAtomically(metrics_file(), kept);
}

void RunDirectory::WriteCheckpoint(int64_t step, int keep,
                                   const std::function<void(const fs::path&)>& write) {
  SyncMetrics();  // the lines up to this step are not written again
  const fs::path folder = root_ / "checkpoints";
  const fs::path temporary = folder / fmt::format("{:06}.tmp", step);
  const fs::path final_path = folder / fmt::format("{:06}", step);
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  try {
    MakeFolder(temporary);
    write(temporary);
    SyncFolder(temporary);
    fs::remove_all(final_path, ignored);  // a resumed run may write the same step again
    std::error_code error;
    fs::rename(temporary, final_path, error);
    if (error)
      ThrowUserError("{}: cannot write: {}", final_path.string(), DiskErrorText(error.value()));
    SyncFolder(folder);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
  const std::vector<fs::path> all = ListCheckpoints(root_);
  for (size_t i = static_cast<size_t>(std::max(keep, 1)); i < all.size(); ++i) {
    fs::remove_all(all[i], ignored);
  }
}

std::vector<fs::path> ListCheckpoints(const fs::path& run) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(run / "checkpoints", error)) {
    if (entry.is_directory() && IsCheckpointName(entry.path().filename())) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    return CheckpointStep(a) > CheckpointStep(b);
  });
  return found;
}

int64_t CheckpointStep(const fs::path& checkpoint) {
  return std::stoll(checkpoint.filename().string());
}

fs::path FindCheckpoint(const fs::path& path) {
  if (fs::exists(path / "network.pt")) return path;
  const std::vector<fs::path> all = ListCheckpoints(path);
  if (all.empty()) {
    ThrowUserError("{}: neither a checkpoint (network.pt) nor a run with checkpoints",
                   path.string());
  }
  return all.front();
}

}  // namespace gyre
