// SPDX-License-Identifier: Apache-2.0
#include "io/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "io/io_test_util.h"
#include "io/sample_files.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// An EXIF segment that says "turn a quarter clockwise to view" (orientation 6).
std::string WithExifTurn(const std::string& jpeg) {
  using std::string_literals::operator""s;
  const std::string exif = "\xFF\xE1\x00\x22"s + "Exif\0\0II\x2A\0\x08\0\0\0"s +
                           "\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"s;
  return jpeg.substr(0, 2) + exif + jpeg.substr(2);
}

TEST(Image, ReadsColoursInTheirOrder) {
  const cv::Mat png = ParseImage(EncodedImage(".png"), "a.png");
  EXPECT_EQ(png.type(), CV_8UC3);
  EXPECT_EQ(png.size(), cv::Size(6, 4));
  EXPECT_EQ(png.at<cv::Vec3b>(2, 5), cv::Vec3b(200, 120, 128));  // blue 40 x, green 60 y
  const cv::Mat jpeg = ParseImage(EncodedImage(".jpg"), "a.jpg");
  EXPECT_LT(cv::norm(png, jpeg, cv::NORM_INF), 40);
}

TEST(Image, TurnsByExifOnlyWhenAsked) {
  const std::string jpeg = WithExifTurn(EncodedImage(".jpg"));
  EXPECT_EQ(ParseImage(jpeg, "a").size(), cv::Size(6, 4));
  EXPECT_EQ(ParseImage(jpeg, "a", ImageOrientation::kUpright).size(), cv::Size(4, 6));
}

TEST(Image, ReducesJpegsByAveraging) {
  const TempFolder folder;
  cv::Mat image(45, 70, CV_8UC3);  // 45 is no multiple of 8
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) image.at<cv::Vec3b>(y, x) = cv::Vec3b(3 * x, 5 * y, 90);
  }
  WriteImage(folder.path() / "a.jpg", image);
  WriteImage(folder.path() / "a.png", image);
  for (const int wanted : {1, 2, 4, 8}) {
    int reduction = wanted;
    const cv::Mat jpeg = ReadReducedImage(folder.path() / "a.jpg", &reduction);
    EXPECT_EQ(reduction, wanted);
    ASSERT_EQ(jpeg.size(), cv::Size((70 + wanted - 1) / wanted, (45 + wanted - 1) / wanted));
    // The mean of a ramp over a square is its value in the square's middle.
    const double middle = (wanted - 1) / 2.0;
    for (int i = 0; i < 5; ++i) {
      EXPECT_NEAR(jpeg.at<cv::Vec3b>(i, 2)[1], 5 * (wanted * i + middle), 4) << wanted;
      EXPECT_NEAR(jpeg.at<cv::Vec3b>(2, i)[0], 3 * (wanted * i + middle), 4) << wanted;
    }
  }
  int reduction = 4;
  EXPECT_EQ(ReadReducedImage(folder.path() / "a.png", &reduction).size(), image.size());
  EXPECT_EQ(reduction, 1);
}

TEST(Image, RoundTripsPngExactly) {
  const TempFolder folder;
  cv::Mat image(5, 7, CV_8UC3);
  cv::randu(image, 0, 256);
  WriteImage(folder.path() / "a.PNG", image);
  EXPECT_EQ(cv::norm(image, ReadImage(folder.path() / "a.PNG"), cv::NORM_INF), 0);
  WriteImage(folder.path() / "a.jpeg", image);
  EXPECT_EQ(ReadImage(folder.path() / "a.jpeg").size(), image.size());
  EXPECT_THAT(UserErrorOf([&] { WriteImage(folder.path() / "a.gif", image); }), HasSubstr(".png"));
  EXPECT_THROW(WriteImage(folder.path() / "b.png", cv::Mat()), std::logic_error);
}

// The size is read from the header before a decoder takes memory for it.
TEST(Image, RefusesHugeDeclaredSizes) {
  std::string png = EncodedImage(".png");
  png.replace(16, 8, "\x00\x01\x00\x00\x00\x01\x00\x00", 8);
  EXPECT_THAT(UserErrorOf([&] { ParseImage(png, "a.png"); }), HasSubstr("65536 x 65536"));
  std::string jpeg = EncodedImage(".jpg");
  const size_t frame = jpeg.find("\xFF\xC0");
  jpeg.replace(frame + 5, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_THAT(UserErrorOf([&] { ParseImage(jpeg, "a.jpg"); }), HasSubstr("65535 x 65535"));
  jpeg.replace(frame + 5, 4, "\x27\x10\x75\x30");  // height, then width
  EXPECT_THAT(UserErrorOf([&] { ParseImage(jpeg, "a.jpg"); }), HasSubstr("30000 x 10000"));
}

// 2^27 pixels and one column more: the first is refused for its few bytes only.
TEST(Image, BoundsPixelsFromTheirNumberOn) {
  const std::string line(100, '\0');
  const auto refusal = [&](uint32_t width, uint32_t height) {
    return UserErrorOf([&] { ParseImage(OneBitPng(width, height, line), "a.png"); });
  };
  EXPECT_THAT(refusal(1 << 14, 1 << 13), HasSubstr("declares 16384 x 8192 pixels in"));
  EXPECT_THAT(refusal((1 << 14) + 1, 1 << 13), HasSubstr("expected at most 2^27"));
  EXPECT_THAT(refusal(1 << 13, (1 << 14) + 1), HasSubstr("expected at most 2^27"));
}

// A PNG whose checksums are right and whose pixels are not there would take a third of a gigabyte.
TEST(Image, DistrustsManyPixelsInFewBytes) {
  const std::string png = OneBitPng(12000, 9000, std::string(1501, '\0'));
  EXPECT_THAT(UserErrorOf([&] { ParseImage(png, "a.png"); }),
              HasSubstr(fmt::format("declares 12000 x 9000 pixels in {} bytes", png.size())));
}

// A black picture packs as tight as deflate can, and is read.
TEST(Image, ReadsPicturesOfOneColourInFewBytes) {
  const uint32_t width = 8192, height = 1024;
  const std::string lines(height * (1 + width / 8), '\0');
  const std::string png = OneBitPng(width, height, lines);
  EXPECT_GT(width * height, 7000 * png.size());
  const cv::Mat image = ParseImage(png, "a.png");
  ASSERT_EQ(image.size(), cv::Size(8192, 1024));
  EXPECT_EQ(image.at<cv::Vec3b>(1023, 8191), cv::Vec3b(0, 0, 0));
}

TEST(Image, NamesWhatItCannotRead) {
  EXPECT_THAT(UserErrorOf([] { ReadImage("no/such.jpg"); }), HasSubstr("no/such.jpg"));
  EXPECT_THAT(UserErrorOf([] { ParseImage("GIF89a", "a.gif"); }),
              HasSubstr("is a GIF, which is not read"));
}

}  // namespace
}  // namespace gyre
