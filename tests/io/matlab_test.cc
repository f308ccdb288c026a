// SPDX-License-Identifier: Apache-2.0
#include "io/matlab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
