// SPDX-License-Identifier: Apache-2.0
#include "core/trace.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "core/file.h"

namespace gyre {
namespace {

using Clock = std::chrono::steady_clock;

struct TracedSpan {
  const char* name;
  int thread;
  Clock::time_point begin, end;
};

constexpr size_t kMaxTracedSpans = 1'000'000;

std::atomic<bool> tracing = false;
std::atomic<int> threads_seen = 0;
std::mutex mutex;
std::vector<TracedSpan> traced;  // guarded by `mutex`
Clock::time_point trace_start;   // guarded by `mutex`

thread_local Span* innermost = nullptr;
thread_local std::map<std::string, double> seconds;
thread_local const int thread_number = threads_seen++;

}  // namespace

Span::Span(const char* name) : name_(name), begin_(Clock::now()), outer_(innermost) {
  innermost = this;
}

Span::~Span() {
  const Clock::time_point end = Clock::now();
  innermost = outer_;
  if (outer_ != nullptr) outer_->inside_ += end - begin_;
  seconds[name_] += std::chrono::duration<double>(end - begin_ - inside_).count();
  if (!tracing) return;
  const std::lock_guard<std::mutex> lock(mutex);
  if (traced.size() < kMaxTracedSpans) traced.push_back({name_, thread_number, begin_, end});
}

std::map<std::string, double> TakeSpanSeconds() { return std::exchange(seconds, {}); }

void StartTrace() {
  const std::lock_guard<std::mutex> lock(mutex);
  traced.clear();
  trace_start = Clock::now();
  tracing = true;
}

void WriteTrace(const std::filesystem::path& path) {
  tracing = false;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto microseconds = [](Clock::duration d) {
    return std::chrono::duration<double, std::micro>(d).count();
  };
  std::string json = "{\"traceEvents\":[\n";
  for (const TracedSpan& span : traced) {
    if (span.begin < trace_start) continue;  // began before anybody looked
    json += fmt::format(
        "{{\"name\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f}}},\n",
        span.name, span.thread, microseconds(span.begin - trace_start),
        microseconds(span.end - span.begin));
  }
  json += "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"gyre\"}}\n]}\n";
  traced.clear();
  WriteFileAtomically(path, json);
}

}  // namespace gyre
