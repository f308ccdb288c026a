// SPDX-License-Identifier: Apache-2.0
#include "datasets/left_out.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <set>

#include "core/counted.h"

namespace gyre {

void LeftOutCounts::Add(const LeftOut& left_out) {
  Count& count = kinds_[left_out.kind];
  if (count.number++ == 0) count.first = left_out;
}

std::map<std::string, int64_t> LeftOutCounts::Wrong() const {
  std::map<std::string, int64_t> wrong;
  for (const auto& [kind, count] : kinds_) {
    if (count.first.wrong) wrong[kind] = count.number;
  }
  return wrong;
}

void LeftOutCounts::Clear() { kinds_.clear(); }

void LeftOutCounts::Tell(const std::string& spec, const std::string& name) const {
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (kinds_.empty() || !told.insert(spec).second) return;
  for (const auto& [kind, count] : kinds_) {
    if (count.first.wrong) {
      spdlog::warn("data set '{}': {} left out, the first: {}", name, Counted(count.number, kind),
                   count.first.problem);
    } else {
      spdlog::info("data set '{}': {} passed over", name, Counted(count.number, kind));
    }
  }
}

}  // namespace gyre
