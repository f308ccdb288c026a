// SPDX-License-Identifier: Apache-2.0
// What the tests of readers share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include "core/error.h"

namespace gyre {

// Where tests keep files: what TMPDIR names, else memory where there is plenty. On a busy disk the
// thousands of small files of a reader's tests, each cut and written anew, take a minute.
inline std::filesystem::path TempRoot() {
  const std::filesystem::path memory = "/dev/shm";
  constexpr std::uintmax_t kPlenty = std::uintmax_t{1} << 30;
  std::error_code failed;
  const auto space = std::filesystem::space(memory, failed);
  const bool plenty = !failed && space.available >= kPlenty && access(memory.c_str(), W_OK) == 0;
  return plenty && std::getenv("TMPDIR") == nullptr ? memory
                                                    : std::filesystem::temp_directory_path();
}

// A folder that lives as long as this object.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (TempRoot() / "gyre_test_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path Write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

// The message of the UserError that `call` throws; fails the test when it throws none.
inline std::string UserErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "expected a UserError, got: " << error.what();
    return "";
  }
  ADD_FAILURE() << "expected a UserError, got none";
  return "";
}

// A file of the optional data folder beside the repository.
inline std::filesystem::path SharedData(const std::string& name) {
  return std::filesystem::path("../shared/data") / name;
}

}  // namespace gyre

#define GYRE_SKIP_WITHOUT(path)                                   \
  if (!std::filesystem::exists(path)) {                           \
    GTEST_SKIP() << (path).string() << " is not on this machine"; \
  }
