// SPDX-License-Identifier: Apache-2.0
#include "core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace gyre {
namespace {

bool g_enabled = true;

double Seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

void SetProgressEnabled(bool enabled) { g_enabled = enabled; }

Progress::Progress(std::string label, std::string unit, int64_t total, int64_t done_before)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      done_before_(done_before),
      done_(done_before),
      start_(std::chrono::steady_clock::now()),
      printed_(start_),
      terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (g_enabled && done_ > done_before_) Print(true);
}

void Progress::Advance(int64_t done_more, const std::string& note) {
  done_ += done_more;
  note_ = note;
  const auto now = std::chrono::steady_clock::now();
  if (g_enabled && Seconds(now - printed_) > (terminal_ ? 0.1 : 10.0)) {
    printed_ = now;
    Print(false);
  }
}

void Progress::Print(bool last) {
  const double elapsed = Seconds(std::chrono::steady_clock::now() - start_);
  const double rate = (done_ - done_before_) / std::max(elapsed, 1e-9);
  const double left = rate > 0 ? (total_ - done_) / rate : 0;
  std::string line =
      fmt::format("{}: {}/{} {}, {:.3g}/s, {} {:.0f} s", label_, done_, total_, unit_, rate,
                  last ? "took" : "left", last ? elapsed : std::max(left, 0.0));
  if (!note_.empty()) line += ", " + note_;
  if (terminal_) {
    constexpr int kWidth = 20;
    const int filled =
        total_ > 0 ? static_cast<int>(kWidth * std::min<int64_t>(done_, total_) / total_) : 0;
    fmt::print(stderr, "\r\033[K[{:#<{}}{:.<{}}] {}{}", "", filled, "", kWidth - filled, line,
               last ? "\n" : "");
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

}  // namespace gyre
