// SPDX-License-Identifier: Apache-2.0
// Every reader meets empty, cut off, random, damaged and wrong files. It may refuse them with a
// UserError or, where the damage happens to leave a valid file, read them; nothing else may happen.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/rng.h"
#include "io/csv.h"
#include "io/gzip.h"
#include "io/image.h"
#include "io/io_test_util.h"
#include "io/keypoints_json.h"
#include "io/matlab.h"
#include "io/mesh.h"
#include "io/npz.h"
#include "io/pickle.h"
#include "io/sample_files.h"
#include "io/zip.h"

namespace gyre {
namespace {

struct ReaderCase {
  std::string name;
  std::string valid;
  std::function<void(const std::string&)> read;
  // Text formats where the beginning of a file, or another text file, can be a valid file.
  bool lenient = false;
};

std::ostream& operator<<(std::ostream& out, const ReaderCase& reader) { return out << reader.name; }

// A reader of paths as a reader of bytes.
std::function<void(const std::string&)> FromFile(
    std::function<void(const std::filesystem::path&)> read) {
  return [read = std::move(read)](const std::string& content) {
    const TempFolder folder;
    read(folder.Write("file", content));
  };
}

std::string NpzBytes() {
  const TempFolder folder;
  const std::vector<double> values = {1, 2, 3};
  WriteNpz(folder.path() / "a.npz", {{"a", NdArray::From<double>({3}, values)},
                                     {"names", NdArray::FromStrings({"x", "yy"})}});
  return ReadFile(folder.path() / "a.npz");
}

std::string Pickle2() {
  return "\x80\x02}(" + PickleText("a") + PickleArray({2}, "f4", "<", false, "12345678") +
         PickleText("b") + "](K\x01G?\xF0" + std::string(6, '\0') + "Neu.";
}

std::vector<ReaderCase> Readers() {
  const std::string protocol0 = "(dp0\nS'a'\np1\n(lp2\nI1\naL23L\naF0.5\naVtext\naI01\nas.";
  return {
      {"npy", FormatNpy(NdArray::FromStrings({"ab", "c"})),
       [](const std::string& bytes) { ParseNpy(bytes, "file"); }},
      {"npzfile", NpzBytes(), FromFile([](const auto& path) { ReadNpz(path); })},
      {"pickle2", Pickle2(), [](const std::string& bytes) { ParsePickle(bytes, "file"); }},
      {"pickle0", protocol0, [](const std::string& bytes) { ParsePickle(bytes, "file"); }},
      {"openpose", OpenPoseJson(25),
       [](const std::string& bytes) { ParseOpenPoseJson(bytes, "file"); }},
      {"npzfile_rows", NpzBytes(), FromFile([](const auto& path) {
         for (const std::string& key : NpzKeys(path)) NpzRows(path, key).Next(100);
       })},
      {"coco", CocoJson(),
       FromFile([](const auto& path) { ForEachCocoPerson(path, [](const KeypointPerson&) {}); })},
      {"csv", "a,b\n1,\"two\"\"\"\n3,4\n",
       [](const std::string& bytes) { CsvTable::Parse(bytes, "file").Numbers("a"); }, true},
      {"matlab", Mat("joints", {2, 3}, {1, 2, 3, 4, 5, 6}, false),
       FromFile([](const auto& path) { ReadMatlabArray(path, "joints"); })},
      {"matlab_compressed", Mat("joints", {2, 3}, {1, 2, 3, 4, 5, 6}, true),
       FromFile([](const auto& path) { ReadMatlabArray(path, "joints"); })},
      {"image_png", EncodedImage(".png"),
       [](const std::string& bytes) { ParseImage(bytes, "file"); }},
      {"image_jpeg", EncodedImage(".jpg"),
       [](const std::string& bytes) { ParseImage(bytes, "file"); }},
      {"obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\ng all\nf 1 2 3\n",
       [](const std::string& bytes) { ParseObj(bytes, "file"); }, true},
      {"gzip", Gzip("some text, some text"), FromFile([](const auto& path) { ReadGzip(path); })},
  };
}

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
  for (const ReaderCase& other : Readers()) {
    const bool same_format = other.name.substr(0, 6) == GetParam().name.substr(0, 6);
    if (same_format || (GetParam().lenient && other.lenient)) continue;
    EXPECT_FALSE(Accepts(other.valid, other.name)) << other.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, HostileTest, testing::ValuesIn(Readers()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace gyre
