// SPDX-License-Identifier: Apache-2.0
// Two kinds of failure.
//   UserError   what the user gave cannot be used: one clear sentence that names the file, key or
//               row, what was expected, and what to do next. The program exits with code 1.
//   UsageError  a UserError about the command line itself. The program exits with code 2.
//   GYRE_CHECK  a broken contract inside the program: throws std::logic_error with file and line.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace gyre {

class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class UsageError : public UserError {
 public:
  using UserError::UserError;
};

template <typename... Args>
[[noreturn]] void ThrowUserError(fmt::format_string<Args...> format, Args&&... args) {
  throw UserError(fmt::format(format, std::forward<Args>(args)...));
}

[[noreturn]] void ThrowContractError(const char* file, int line, const char* condition,
                                     const std::string& message);

}  // namespace gyre

// GYRE_CHECK(condition) or GYRE_CHECK(condition, "format", args...).
#define GYRE_CHECK(condition, ...)                                                             \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      ::gyre::ThrowContractError(__FILE__, __LINE__, #condition, fmt::format("" __VA_ARGS__)); \
    }                                                                                          \
  } while (false)
