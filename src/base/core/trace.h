// SPDX-License-Identifier: Apache-2.0
// Where the time goes: named spans, summed up thread by thread, and on request as a timeline of all
// threads in Chrome's trace format (https://ui.perfetto.dev shows it).
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace gyre {

// From construction to destruction. Spans of a thread lie within one another like their scopes.
class Span {
 public:
  // `name`: a literal.
  explicit Span(const char* name);
  ~Span();
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  const char* name_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::duration inside_{};  // in spans within this one
  Span* outer_;
};

// Seconds of the calling thread's spans that ended since the last call, by name. Time in a span
// within a span counts for the inner one alone, so that the sum is what the outermost lasted.
std::map<std::string, double> TakeSpanSeconds();

// From here on the spans of all threads are collected, up to a million.
void StartTrace();
// Ends that and writes what was collected. UserError when the file cannot be written.
void WriteTrace(const std::filesystem::path& path);

}  // namespace gyre
