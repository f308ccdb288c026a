// SPDX-License-Identifier: Apache-2.0
// Files that are cut, damaged, random or of another format: every reader of a program's list takes
// or refuses them by one sentence. For one source file per program, which defines HostileReaders().
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/rng.h"
#include "io/io_test_util.h"

namespace gyre {

struct ReaderCase {
  std::string name;
  std::string valid;
  std::function<void(const std::string&)> read;
  // Text formats where the beginning of a file, or another text file, can be a valid file.
  bool lenient = false;
};

inline std::ostream& operator<<(std::ostream& out, const ReaderCase& reader) {
  return out << reader.name;
}

// A reader of paths as a reader of bytes.
inline std::function<void(const std::string&)> FromFile(
    std::function<void(const std::filesystem::path&)> read) {
  return [read = std::move(read)](const std::string& content) {
    const TempFolder folder;
    read(folder.Write("file", content));
  };
}

std::vector<ReaderCase> HostileReaders();

class HostileTest : public testing::TestWithParam<ReaderCase> {
 protected:
  // Whether the reader accepts the bytes; anything but success and UserError fails the test.
  bool Accepts(const std::string& bytes, const std::string& what) {
    try {
      GetParam().read(bytes);
      return true;
    } catch (const UserError& error) {
      EXPECT_STRNE(error.what(), "");
      return false;
    } catch (const std::exception& error) {
      ADD_FAILURE() << what << ": " << error.what();
      return false;
    }
  }
};

TEST_P(HostileTest, AcceptsTheValidFile) { EXPECT_TRUE(Accepts(GetParam().valid, "valid")); }

TEST_P(HostileTest, RefusesAnEmptyFile) { EXPECT_FALSE(Accepts("", "empty")); }

TEST_P(HostileTest, RefusesACutFile) {
  const std::string& valid = GetParam().valid;
  const size_t step = std::max<size_t>(1, valid.size() / 400);
  for (size_t length = 1; length < valid.size(); length += step) {
    const bool accepted = Accepts(valid.substr(0, length), "cut off");
    EXPECT_TRUE(!accepted || GetParam().lenient) << "cut to " << length;
  }
}

TEST_P(HostileTest, RefusesRandomBytes) {
  for (uint32_t trial = 0; trial < 100; ++trial) {
    Rng rng(1, RngStream::kTest, trial);
    std::string bytes(1 + rng.Below(300), '\0');
    for (char& c : bytes) c = static_cast<char>(rng.Below(256));
    EXPECT_FALSE(Accepts(bytes, "random")) << "trial " << trial;
    // The same behind the format's own first bytes, so that more than the magic is tested.
    Accepts(GetParam().valid.substr(0, GetParam().valid.size() / 4) + bytes, "random tail");
  }
}

TEST_P(HostileTest, SurvivesDamage) {
  for (uint32_t trial = 0; trial < 300; ++trial) {
    Rng rng(2, RngStream::kTest, trial);
    std::string bytes = GetParam().valid;
    for (uint64_t count = 1 + rng.Below(4); count > 0; --count) {
      static constexpr char kTelling[] = {'\0', '\x7F', '\x80', '\xFF', '9', '('};
      bytes[rng.Below(bytes.size())] = rng.Bernoulli(0.5) ? kTelling[rng.Below(sizeof(kTelling))]
                                                          : static_cast<char>(rng.Below(256));
    }
    Accepts(bytes, "damaged");
  }
}

TEST_P(HostileTest, RefusesFilesOfOtherFormats) {
  for (const ReaderCase& other : HostileReaders()) {
    const bool same_format = other.name.substr(0, 6) == GetParam().name.substr(0, 6);
    if (same_format || (GetParam().lenient && other.lenient)) continue;
    EXPECT_FALSE(Accepts(other.valid, other.name)) << other.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, HostileTest, testing::ValuesIn(HostileReaders()),
                         [](const auto& info) { return info.param.name; });

}  // namespace gyre
