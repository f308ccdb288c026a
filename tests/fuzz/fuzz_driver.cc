// SPDX-License-Identifier: Apache-2.0
// libFuzzer's side: PROGRAM TARGET [libFuzzer's options, corpus folders or files].
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "fuzz/fuzz_target.h"
#include "fuzz/zip_parts.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

const gyre::FuzzTarget* chosen = nullptr;

// A part mutated in place of the whole.
std::string Mutated(std::string bytes, size_t max_size) {
  const size_t old_size = bytes.size();
  bytes.resize(std::max(old_size, max_size));
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(bytes.data()), old_size, bytes.size()));
  return bytes;
}

}  // namespace

#ifndef __clang__
// GCC calls this at every branch. libFuzzer counts what changes in this section as coverage.
__attribute__((section("__libfuzzer_extra_counters"))) uint8_t branch_counts[1 << 16];

extern "C" __attribute__((no_sanitize_coverage, no_sanitize("address", "undefined"))) void
__sanitizer_cov_trace_pc() {
  const auto at = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  ++branch_counts[(at ^ at >> 16) % sizeof(branch_counts)];
}
// And these at comparisons of floating point, which libFuzzer has no use for.
extern "C" void __sanitizer_cov_trace_cmpf(float, float) {}
extern "C" void __sanitizer_cov_trace_cmpd(double, double) {}
#endif

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // Where libFuzzer starts itself again (-merge, -minimize_crash) it leaves the target out.
  constexpr const char* kVariable = "GYRE_FUZZ_TARGET";
  const char* again = std::getenv(kVariable);
  const std::string name = again != nullptr ? again : *argc > 1 ? (*argv)[1] : "";
  for (const gyre::FuzzTarget& target : gyre::FuzzTargets()) {
    if (name == target.name) chosen = &target;
  }
  if (chosen == nullptr) {
    for (const gyre::FuzzTarget& target : gyre::FuzzTargets()) fmt::print("{}\n", target.name);
    std::exit(2);
  }
  if (again != nullptr) return 0;
  setenv(kVariable, chosen->name, 1);
  std::rotate(*argv + 1, *argv + 2, *argv + *argc);
  --*argc;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gyre::RunTarget(*chosen, std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  if (!chosen->is_zip || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  auto parts = gyre::ZipParts({reinterpret_cast<const char*>(data), size});
  if (parts.empty()) return LLVMFuzzerMutate(data, size, max_size);
  const size_t i = seed / 16 % parts.size();
  const size_t room = max_size - std::min(size, max_size);
  switch (seed / 4096 % 16) {
    case 0:
      parts.erase(parts.begin() + static_cast<int64_t>(i));
      break;
    case 1:
      parts[i].name = Mutated(parts[i].name, parts[i].name.size() + std::min<size_t>(8, room));
      break;
    case 2:
      parts[i].content = parts[seed / 65536 % parts.size()].content;
      break;
    default:
      parts[i].content = Mutated(parts[i].content, parts[i].content.size() + room);
  }
  const std::string whole = gyre::StoredZip(parts);
  if (whole.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, whole.data(), whole.size());
  return whole.size();
}
