// SPDX-License-Identifier: Apache-2.0
// What a reader cannot take and goes on without: one bad person or file never stops the others.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/printable.h"

namespace gyre {

struct LeftOut {
  int64_t row = -1;     // Person::index; -1: of no row, as a file that cannot be read
  std::string kind;     // what such things are called when they are counted: "people"
  std::string problem;  // one sentence, with the place, without control characters
  bool wrong = true;    // false: nobody need mend it, as an annotation of a dog
};
using LeftOutSink = std::function<void(const LeftOut&)>;

// Reads one thing after the other, and leaves out what cannot be read.
class Tolerance {
 public:
  explicit Tolerance(LeftOutSink sink) : sink_(std::move(sink)) {}

  // Whether `read` went through; if not, its UserError is the problem.
  template <typename Read>
  bool Try(int64_t row, const char* kind, Read&& read) {
    try {
      read();
    } catch (const UserError& error) {
      LeaveOut({row, kind, error.what()});
      return false;
    }
    CountRead();
    return true;
  }
  void CountRead() { any_ = true; }
  void LeaveOut(LeftOut left_out) {
    left_out.problem = Printable(std::move(left_out.problem));
    if (first_.empty()) first_ = left_out.problem;
    if (sink_) sink_(left_out);
  }
  // UserError, the first problem, when things were left out and nothing at all went through.
  void CheckAny() const {
    if (!any_ && !first_.empty()) throw UserError(first_);
  }

 private:
  LeftOutSink sink_;
  std::string first_;
  bool any_ = false;
};

// Counts by kind, to tell of each kind once.
class LeftOutCounts {
 public:
  void Add(const LeftOut& left_out);
  void Clear();
  // A line for each kind: how many, and the first of them. Once in a program for each `spec`,
  // however often it is read.
  void Tell(const std::string& spec, const std::string& name) const;
  // How many of each kind, of those that somebody need mend.
  std::map<std::string, int64_t> Wrong() const;

 private:
  struct Count {
    int64_t number = 0;
    LeftOut first;
  };
  std::map<std::string, Count> kinds_;
};

}  // namespace gyre
