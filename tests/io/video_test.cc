// SPDX-License-Identifier: Apache-2.0
#include "io/video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// A grey that goes up from frame to frame.
cv::Mat Grey(int frame, int width = 64, int height = 48) {
  return cv::Mat(height, width, CV_8UC3, cv::Scalar::all(40 + 30 * frame));
}

TEST(Video, ComesBackFrameByFrame) {
  const TempFolder folder;
  for (const char* name : {"a.avi", "a.mp4"}) {
    VideoWriter writer(folder.path() / name, 12.5);
    for (int i = 0; i < 5; ++i) writer.Add(Grey(i, 65, 49));  // odd: a row and a column are cut off
    EXPECT_FALSE(std::filesystem::exists(folder.path() / name));
    writer.Close();
    VideoReader reader(folder.path() / name);
    EXPECT_NEAR(reader.fps(), 12.5, 1e-3) << name;
    cv::Mat frame;
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(reader.Next(&frame)) << name << i;
      EXPECT_EQ(frame.size(), cv::Size(64, 48));
      EXPECT_NEAR(cv::mean(frame)[1], 40 + 30 * i, 4) << name << i;
    }
    EXPECT_FALSE(reader.Next(&frame));
  }
}

TEST(Video, WhatCannotBeReadIsSaidInASentence) {
  const TempFolder folder;
  const auto message = [&](const std::filesystem::path& path) {
    return UserErrorOf([&] { VideoReader reader(path); });
  };
  EXPECT_THAT(message(folder.path() / "none.mp4"), HasSubstr("there is no such file"));
  EXPECT_THAT(message(folder.Write("empty.mp4", "")), HasSubstr("is an empty file"));
  EXPECT_THAT(message(folder.Write("text.mp4", "no video at all")), HasSubstr("the codec"));
}

TEST(Video, WithoutCloseNothingIsLeft) {
  const TempFolder folder;
  {
    VideoWriter writer(folder.path() / "a.avi", 25);
    writer.Add(Grey(0));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_THAT(UserErrorOf([&] { VideoWriter(folder.path() / "a.gif", 25); }),
              HasSubstr(".mp4 or .avi"));
  EXPECT_THAT(UserErrorOf([&] { VideoWriter(folder.path() / "a.mp4", 25).Close(); }),
              HasSubstr("no frame"));
}

}  // namespace
}  // namespace gyre
