// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/frame_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

namespace gyre {

namespace {

constexpr size_t kMaxDigits = 18;  // of a number that fits
constexpr int64_t kLongestStep = 1'000'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The length of what `text` begins with: digits, or anything else.
size_t RunLength(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && IsDigit(text[length]) == IsDigit(text[0])) ++length;
  return length;
}

struct Run {
  size_t begin, length;
};

// Where a name has digits.
std::vector<Run> NumbersIn(std::string_view name) {
  std::vector<Run> runs;
  for (size_t at = 0; at < name.size();) {
    const size_t length = RunLength(name.substr(at));
    if (IsDigit(name[at])) runs.push_back({at, length});
    at += length;
  }
  return runs;
}

// -1 where there is no such run, or its number is too long.
int64_t NumberAt(std::string_view name, const std::vector<Run>& runs, int run) {
  if (run < 0 || run >= std::ssize(runs) || runs[run].length > kMaxDigits) return -1;
  int64_t number = -1;
  const char* begin = name.data() + runs[run].begin;
  std::from_chars(begin, begin + runs[run].length, number);
  return number;
}

// The name but for a run of digits.
std::pair<std::string_view, std::string_view> Around(std::string_view name,
                                                     const std::vector<Run>& runs, int run) {
  if (run < 0 || run >= std::ssize(runs)) return {name, {}};
  return {name.substr(0, runs[run].begin), name.substr(runs[run].begin + runs[run].length)};
}

// Which run of digits is the frames' number: the one in which neighbours differ, if it is only one,
// else the last.
int NumberRun(const std::vector<std::string>& names, const std::vector<std::vector<Run>>& runs) {
  const int last = static_cast<int>(runs[0].size()) - 1;
  int differs = -1;
  for (size_t i = 1; i < names.size(); ++i) {
    if (std::ssize(runs[i]) != last + 1) return last;
    for (int run = 0; run <= last; ++run) {
      if (NumberAt(names[i - 1], runs[i - 1], run) == NumberAt(names[i], runs[i], run)) continue;
      if (differs >= 0 && differs != run) return last;
      differs = run;
    }
  }
  return differs >= 0 ? differs : last;
}

}  // namespace

bool NaturalLess(std::string_view a, std::string_view b) {
  // What they begin with alike need not be looked at, up to where a number may begin.
  const size_t shorter = std::min(a.size(), b.size());
  size_t same = std::mismatch(a.begin(), a.begin() + shorter, b.begin()).first - a.begin();
  while (same > 0 && IsDigit(a[same - 1])) --same;
  std::string_view left = a.substr(same), right = b.substr(same);
  while (!left.empty() && !right.empty()) {
    const std::string_view l = left.substr(0, RunLength(left));
    const std::string_view r = right.substr(0, RunLength(right));
    left.remove_prefix(l.size());
    right.remove_prefix(r.size());
    if (!IsDigit(l[0]) || !IsDigit(r[0])) {
      if (l != r) return l < r;
      continue;
    }
    const auto digits = [](std::string_view run) {
      return run.substr(std::min(run.find_first_not_of('0'), run.size()));
    };
    const std::string_view m = digits(l), n = digits(r);
    if (m.size() != n.size()) return m.size() < n.size();
    if (m != n) return m < n;
  }
  if (left.empty() != right.empty()) return left.empty();
  return a < b;  // the same numbers, with other zeros before them
}

FrameNames NumberFrames(std::vector<std::string> names) {
  FrameNames found;
  if (names.empty()) return found;
  std::sort(names.begin(), names.end(), NaturalLess);
  std::vector<std::vector<Run>> runs;
  for (const std::string& name : names) runs.push_back(NumbersIn(name));
  found.number_run = NumberRun(names, runs);
  // From a name to the next; 0 where they are not of one video.
  std::vector<int64_t> steps;
  for (size_t i = 1; i < names.size(); ++i) {
    const int64_t from = NumberAt(names[i - 1], runs[i - 1], found.number_run);
    const int64_t to = NumberAt(names[i], runs[i], found.number_run);
    const bool both = from >= 0 && to > from &&
                      Around(names[i - 1], runs[i - 1], found.number_run) ==
                          Around(names[i], runs[i], found.number_run);
    steps.push_back(both ? to - from : 0);
  }
  const auto no_number = [](const std::vector<Run>& of_name) { return of_name.empty(); };
  found.one_video = std::ranges::count(steps, 0) == 0 || std::ranges::all_of(runs, no_number);
  int64_t common = 0;
  for (const int64_t step : steps) common = std::gcd(common, step);
  found.step = std::max<int64_t>(common, 1);
  for (size_t i = 0; i < names.size(); ++i) {
    int64_t frame = 0;
    if (i > 0) {
      frame = found.frames[i - 1].frame +
              std::clamp<int64_t>(steps[i - 1] / found.step, 1, kLongestStep);
    }
    found.frames.push_back({std::move(names[i]), frame});
  }
  return found;
}

std::string FrameNames::NameAfter(size_t i, int64_t ahead) const {
  const std::string& name = frames[i].name;
  const std::vector<Run> runs = NumbersIn(name);
  const int64_t number = NumberAt(name, runs, number_run);
  if (number < 0) return name;
  const auto [before, after] = Around(name, runs, number_run);
  const size_t digits = name.size() - before.size() - after.size();
  return fmt::format("{}{:0{}}{}", before, number + ahead * step, digits, after);
}

}  // namespace gyre
