// SPDX-License-Identifier: Apache-2.0
#include "io/matlab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "io/io_test_util.h"
#include "io/sample_files.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Matlab, ReadsArraysInCOrder) {
  const TempFolder folder;
  for (const bool compressed : {false, true}) {
    const auto path =
        folder.Write("a.mat", Mat("joints", {2, 3}, {11, 21, 12, 22, 13, 23.5}, compressed));
    const NdArray joints = ReadMatlabArray(path, "joints");
    EXPECT_EQ(joints.ShapeString(), "(2, 3)");
    EXPECT_THAT(joints.As<double>(), ElementsAre(11, 12, 13, 21, 22, 23.5));
    EXPECT_THAT(UserErrorOf([&] { ReadMatlabArray(path, "pose"); }),
                AllOf(HasSubstr("a.mat"), HasSubstr("'pose'"), HasSubstr("joints")));
  }
}

// element (i, j, k) = 100 i + 10 j + k, first index fastest.
TEST(Matlab, ReadsThreeAxesOfUnequalLengths) {
  std::vector<double> values, expected;
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) values.push_back(100 * i + 10 * j + k);
    }
  }
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 4; ++k) expected.push_back(100 * i + 10 * j + k);
    }
  }
  const TempFolder folder;
  const NdArray a = ReadMatlabArray(folder.Write("a.mat", Mat("x", {2, 3, 4}, values, false)), "x");
  EXPECT_EQ(a.ShapeString(), "(2, 3, 4)");
  EXPECT_EQ(a.As<double>(), expected);
}

// As MATLAB writes them on a big-endian machine: a name of two letters and three whole numbers as
// bytes stand within their elements' headers.
TEST(Matlab, ReadsShortElementsOfEitherByteOrder) {
  const TempFolder folder;
  for (const bool big_endian : {true, false}) {
    const auto number = [&](uint32_t value) {
      std::string bytes = Raw(value);
      if (big_endian) std::reverse(bytes.begin(), bytes.end());
      return bytes;
    };
    const auto small = [&](uint32_t type, std::string content) {
      const uint32_t word = static_cast<uint32_t>(content.size()) << 16 | type;
      content.resize(4);
      return number(word) + content;
    };
    constexpr uint32_t kUInt8 = 2, kInt8 = 1, kInt32 = 5, kUInt32 = 6, kMatrix = 14;
    const std::string parts = number(kUInt32) + number(8) + number(6) + number(0) +  // doubles
                              number(kInt32) + number(8) + number(1) + number(3) +
                              small(kInt8, "xy") + small(kUInt8, "\x07\x80\xFF");
    std::string file = "MATLAB 5.0 MAT-file";
    file.resize(124, ' ');
    file += big_endian ? std::string("\x01\x00MI", 4) : std::string("\x00\x01IM", 4);
    file += number(kMatrix) + number(static_cast<uint32_t>(parts.size())) + parts;
    const auto path = folder.Write("a.mat", file);
    const NdArray xy = ReadMatlabArray(path, "xy");
    EXPECT_EQ(xy.ShapeString(), "(1, 3)");
    EXPECT_THAT(xy.As<double>(), ElementsAre(7, 128, 255));
    EXPECT_THAT(UserErrorOf([&] { ReadMatlabArray(path, "x"); }), HasSubstr("it holds xy"));
  }
}

TEST(Matlab, RefusesOtherFiles) {
  const TempFolder folder;
  std::string newer = "MATLAB 7.3 MAT-file";  // HDF5 behind a MATLAB header
  newer.resize(124, ' ');
  newer += std::string("\x00\x02IM", 4);
  EXPECT_THAT(UserErrorOf([&] { ReadMatlabArray(folder.Write("b.mat", newer), "x"); }),
              AllOf(HasSubstr("b.mat"), HasSubstr("-v7")));
}

TEST(Matlab, RefusesImpossibleSizes) {
  const TempFolder folder;
  for (const bool compressed : {false, true}) {
    const auto path = folder.Write("a.mat", Mat("x", {1 << 30, 1 << 30}, {1, 2}, compressed));
    EXPECT_THAT(UserErrorOf([&] { ReadMatlabArray(path, "x"); }), HasSubstr("a.mat"));
  }
}

TEST(Matlab, ReadsLspetsJoints) {
  const auto path = SharedData("lspet/joints.mat");
  GYRE_SKIP_WITHOUT(path);
  const NdArray joints = ReadMatlabArray(path, "joints");
  joints.CheckShape({14, 3, 10000}, "joints");
  // im00001.jpg in lspet.csv: right ankle (0, -26.11) not annotated, right knee (26.03, 86.41).
  const auto values = joints.As<double>();
  const auto at = [&](int joint, int part) { return values[(joint * 3 + part) * 10000]; };
  EXPECT_NEAR(at(0, 1), -26.11, 0.01);
  EXPECT_EQ(at(0, 2), 0);
  EXPECT_NEAR(at(1, 0), 26.03, 0.01);
  EXPECT_NEAR(at(1, 1), 86.41, 0.01);
  EXPECT_EQ(at(1, 2), 1);
}

}  // namespace
}  // namespace gyre
