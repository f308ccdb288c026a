// SPDX-License-Identifier: Apache-2.0
// replay FOLDER: every target reads the files in FOLDER/corpus/TARGET and
// FOLDER/regressions/TARGET. replay TARGET FILE...: one target reads these files. A file that is
// not answered in time or with a bounded amount of memory ends the program.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "core/file.h"
#include "fuzz/fuzz_target.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMaxSeconds = 60;  // of one file, under sanitizers on a busy machine
constexpr rlim_t kMaxBytes = rlim_t{2} << 30;

// Sanitizers reserve far more than a program uses; libFuzzer bounds it there.
void BoundMemory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const rlimit limit{kMaxBytes, kMaxBytes};
  GYRE_CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
#endif
}

void Replay(const FuzzTarget& target, const fs::path& file) {
  // The name first: it is what a crash leaves.
  fmt::print(stderr, "{}: {}\n", target.name, file.string());
  const std::string bytes = ReadFile(file);
  alarm(kMaxSeconds);
  const std::string refusal = RunTarget(target, bytes);
  alarm(0);
  fmt::print(stderr, "  {}\n", refusal.empty() ? "read" : refusal);
}

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

int Run(const std::vector<std::string>& args) {
  BoundMemory();
  // Absolute: a target may change the current folder.
  const fs::path root = fs::absolute(args[0]);
  std::vector<fs::path> named;
  for (size_t i = 1; i < args.size(); ++i) named.push_back(fs::absolute(args[i]));
  size_t count = 0;
  for (const FuzzTarget& target : FuzzTargets()) {
    if (!named.empty() && args[0] != target.name) continue;
    std::vector<fs::path> files = named;
    if (named.empty()) {
      files = FilesIn(root / "corpus" / target.name);
      GYRE_CHECK(!files.empty(), "{} has no corpus", target.name);
      std::ranges::copy(FilesIn(root / "regressions" / target.name), std::back_inserter(files));
    }
    for (const fs::path& file : files) Replay(target, file);
    count += files.size();
  }
  GYRE_CHECK(count > 0, "no file was read");
  fmt::print("{} files\n", count);
  return 0;
}

}  // namespace
}  // namespace gyre

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "replay FOLDER | TARGET FILE...\n");
    return 2;
  }
  return gyre::Run({argv + 1, argv + argc});
}
