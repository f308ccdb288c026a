// SPDX-License-Identifier: Apache-2.0
#include "io/camera_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

class CameraPathTest : public testing::Test {
 protected:
  CameraPathTest() {
    // The first camera is turned by a quarter about z, the second by another about x; rounded.
    rotation_ = {0, -1, 0, 1, 0, 0, 0, 0, 1.0003, 0, -1, 0, 0, 0, -1, 1, 0, 0};
    translation_ = {1, 2, 3, 5, 0, 1};
  }
  CameraPath Read() const {
    Npz npz = {
        {"rotation", NdArray::From<double>({std::ssize(rotation_) / 9, 3, 3}, rotation_)},
        {"translation", NdArray::From<double>({std::ssize(translation_) / 3, 3}, translation_)}};
    if (!focal_.empty()) npz["focal_px"] = NdArray::From<double>({std::ssize(focal_)}, focal_);
    WriteNpz(path_, npz);
    return CameraPath::Read(path_);
  }
  std::string Error() const {
    return UserErrorOf([&] { Read(); });
  }

  TempFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "path.npz";
  std::vector<double> rotation_, translation_, focal_;
};

TEST_F(CameraPathTest, IsFromTheFirstFrameOn) {
  const CameraPath path = Read();
  ASSERT_EQ(path.num_frames(), 2);
  EXPECT_EQ(path.At(0).rotation, Mat3::Identity());
  EXPECT_EQ(path.At(0).translation, Vec3(0, 0, 0));
  EXPECT_EQ(path.At(0).focal_px, 0);
  Mat3 turn;  // (x, y, z) becomes (x, -z, y)
  turn << 1, 0, 0, 0, 0, -1, 0, 1, 0;
  EXPECT_LT((path.At(1).rotation - turn).norm(), 1e-9);
  EXPECT_LT((path.At(1).translation - Vec3(5 - 1, 0 + 3, 1 - 2)).norm(), 1e-9);
}

TEST_F(CameraPathTest, WhatChangesHasAnotherFingerprint) {
  const std::string first = Read().fingerprint();
  EXPECT_EQ(Read().fingerprint(), first);
  translation_[4] += 1e-6;
  const std::string moved = Read().fingerprint();
  EXPECT_NE(moved, first);
  focal_ = {900, 905.5};
  EXPECT_NE(Read().fingerprint(), moved);
  EXPECT_EQ(Read().At(1).focal_px, 905.5);
}

TEST_F(CameraPathTest, SaysWhichFrameIsWrong) {
  const auto with = [&](std::vector<double>* of, size_t at, double value) {
    const double was = std::exchange((*of)[at], value);
    const std::string error = Error();
    (*of)[at] = was;
    return error;
  };
  EXPECT_THAT(with(&rotation_, 9 + 7, 1.2), testing::HasSubstr("'rotation' of frame 1"));
  rotation_[10] = 1;  // a mirror
  EXPECT_THAT(Error(), testing::HasSubstr("'rotation' of frame 1"));
  rotation_[10] = -1;
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(with(&translation_, 2, kNaN), testing::HasSubstr("'translation' of frame 0"));
  focal_ = {900, -1};
  EXPECT_THAT(Error(), testing::HasSubstr("'focal_px' of frame 1 is -1"));
  focal_ = {900};
  EXPECT_THAT(Error(), testing::HasSubstr("'focal_px'"));
  focal_.clear();
  translation_.resize(3);
  EXPECT_THAT(Error(), testing::HasSubstr("'translation'"));
  rotation_.clear();
  translation_.clear();
  EXPECT_THAT(Error(), testing::HasSubstr("has no frame"));
  WriteNpz(path_, {{"translation", NdArray::From<double>({0, 3}, focal_)}});
  EXPECT_THAT(UserErrorOf([&] { CameraPath::Read(path_); }), testing::HasSubstr("rotation"));
}

}  // namespace
}  // namespace gyre
