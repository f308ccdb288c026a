// SPDX-License-Identifier: Apache-2.0
// Pictures of every format and orientation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "io/exif_samples.h"
#include "io/image.h"
#include "io/io_test_util.h"
#include "io/sample_files.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// 1 2 3
// 4 5 6, times 40
cv::Mat Digits() {
  cv::Mat image(2, 3, CV_8UC1);
  for (int i = 0; i < 6; ++i) image.at<uint8_t>(i / 3, i % 3) = static_cast<uint8_t>(40 * (i + 1));
  return image;
}

std::string Encoded(const cv::Mat& image, const std::string& ending,
                    const std::vector<int>& options = {}) {
  std::vector<uint8_t> bytes;
  cv::imencode(ending, image, bytes, options);
  return {bytes.begin(), bytes.end()};
}

// The digits of a picture, rows with lines between.
std::string DigitsOf(const cv::Mat& image) {
  std::string digits;
  for (int y = 0; y < image.rows; ++y) {
    if (y > 0) digits += '/';
    for (int x = 0; x < image.cols; ++x) {
      digits += std::to_string((image.at<cv::Vec3b>(y, x)[1] + 20) / 40);
    }
  }
  return digits;
}

std::string PngWithExif(const std::string& exif) {
  const std::string png = Encoded(Digits(), ".png");
  std::string chunk = {0, 0, 0, static_cast<char>(exif.size())};
  // No decoder needs this chunk, so that nobody minds its checksum of zeros.
  return png.substr(0, 33) + chunk + "eXIf" + exif + std::string(4, '\0') + png.substr(33);
}

// Ten tags, then the pixels.
std::string TiffOf(int orientation, bool little) {
  TiffBytes tiff(little);
  tiff.Directory({{256, 3, 3},
                  {257, 3, 2},
                  {258, 3, 8},
                  {259, 3, 1},
                  {262, 3, 1},
                  {273, 4, 134},
                  {274, 3, static_cast<uint32_t>(orientation)},
                  {277, 3, 1},
                  {278, 3, 2},
                  {279, 4, 6}});
  std::string bytes = tiff.bytes();
  for (int i = 1; i <= 6; ++i) bytes += static_cast<char>(40 * i);
  return bytes;
}

std::string WebpWithExif(const std::string& exif) {
  const std::string webp = Encoded(Digits(), ".webp", {cv::IMWRITE_WEBP_QUALITY, 101});
  std::string chunks = webp.substr(12);  // VP8L of a lossless picture
  if (chunks.size() % 2 == 1) chunks += '\0';
  std::string extended = "VP8X" + Raw<uint32_t>(10) + std::string{8, 0, 0, 0, 2, 0, 0, 1, 0, 0};
  std::string last = "EXIF" + Raw(static_cast<uint32_t>(exif.size())) + exif;
  if (exif.size() % 2 == 1) last += '\0';
  const std::string all = "WEBP" + extended + chunks + last;
  return "RIFF" + Raw(static_cast<uint32_t>(all.size())) + all;
}

// What a viewer shows, for each of EXIF's orientations.
constexpr const char* kUprightDigits[] = {"123/456",  "321/654",  "654/321",  "456/123",
                                          "14/25/36", "41/52/63", "63/52/41", "36/25/14"};

TEST(PictureFormats, AreTurnedUprightAsExifAsks) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string upright = kUprightDigits[orientation - 1];
    const std::string files[] = {PngWithExif(ExifBytes(orientation)),
                                 PngWithExif(ExifBytes(orientation, 35, true)),
                                 WebpWithExif(ExifBytes(orientation)), TiffOf(orientation, true),
                                 TiffOf(orientation, false)};
    for (const std::string& file : files) {
      SCOPED_TRACE(fmt::format("orientation {}, {} bytes", orientation, file.size()));
      EXPECT_EQ(DigitsOf(ParseImage(file, "a", ImageOrientation::kUpright)), upright);
      EXPECT_EQ(DigitsOf(ParseImage(file, "a")), "123/456");
      const ImageHeader header = InspectImage(file, "a");
      EXPECT_EQ(header.upright_width(), orientation > 4 ? 2 : 3);
      EXPECT_EQ(header.upright_height(), orientation > 4 ? 3 : 2);
    }
  }
}

// A decoder unpacks whole tiles, so that a file of 300 bytes with one of 16384 x 8192 pixels would
// take a third of a gigabyte for its six.
TEST(PictureFormats, TilesOfATiffAreNoLargerThanItsBytesAllow) {
  const auto tiled = [](uint32_t width, uint32_t height) {
    TiffBytes tiff(true);
    tiff.Directory({{256, 3, 3},
                    {257, 3, 2},
                    {258, 3, 8},
                    {259, 3, 1},
                    {262, 3, 1},
                    {277, 3, 1},
                    {322, 4, width},
                    {323, 4, height},
                    {324, 4, 134},
                    {325, 4, 256 * 256}});
    std::string pixels(256 * 256, '\7');
    for (int i = 0; i < 6; ++i) pixels[256 * (i / 3) + i % 3] = static_cast<char>(40 * (i + 1));
    return tiff.bytes() + pixels;
  };
  EXPECT_EQ(DigitsOf(ParseImage(tiled(256, 256), "a.tif")), "123/456");
  EXPECT_THAT(UserErrorOf([&] { ParseImage(tiled(32768, 32768), "a.tif"); }),
              HasSubstr("a.tif: declares tiles of 32768 x 32768 pixels, expected at most 2^27"));
  EXPECT_THAT(UserErrorOf([&] { ParseImage(tiled(16384, 8192).substr(0, 390), "a.tif"); }),
              HasSubstr("declares tiles of 16384 x 8192 pixels in 390 bytes"));
}

// As decoders take it: pixels are laid out for the first size, whatever a later one says.
TEST(PictureFormats, TheFirstCanvasOfAWebpCounts) {
  std::string file = WebpWithExif(ExifBytes(1));
  file += "VP8X" + Raw<uint32_t>(10) + std::string{8, 0, 0, 0, 6, 0, 0, 4, 0, 0};
  file.replace(4, 4, Raw(static_cast<uint32_t>(file.size() - 8)));
  const ImageHeader header = InspectImage(file, "a");
  EXPECT_EQ(header.width, 3);
  EXPECT_EQ(header.height, 2);
}

// The mean of 8 x 8 pixels of a quarter turned picture, 24 x 16 as stored.
TEST(PictureFormats, ReducedPicturesAreTurnedToo) {
  const TempFolder folder;
  cv::Mat big(16, 24, CV_8UC3);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 24; ++x) {
      big.at<cv::Vec3b>(y, x) =
          cv::Vec3b::all(static_cast<uint8_t>(40 * (3 * (y / 8) + x / 8 + 1)));
    }
  }
  const std::string turned = JpegWithExif(Encoded(big, ".jpg"), ExifBytes(6));
  const auto path = folder.Write("a.jpg", turned);
  const auto upright = [](const ImageHeader&) { return ImageOrientation::kUpright; };
  int reduction = 8;
  EXPECT_EQ(DigitsOf(ReadReducedImage(path, &reduction, upright)), "41/52/63");
  EXPECT_EQ(reduction, 8);
  EXPECT_EQ(DigitsOf(ReadReducedImage(path, &reduction)), "123/456");
  // 20 columns are no multiple of 8, so that squares of 4 it has to be.
  folder.Write("b.jpg", JpegWithExif(Encoded(big.colRange(0, 20), ".jpg"), ExifBytes(6)));
  EXPECT_EQ(ReadReducedImage(folder.path() / "b.jpg", &reduction, upright).size(), cv::Size(4, 5));
  EXPECT_EQ(reduction, 4);
}

TEST(PictureFormats, AreToldByTheirContent) {
  const TempFolder folder;
  cv::Mat colour(4, 6, CV_8UC3);
  cv::randu(colour, 0, 256);
  const std::vector<std::pair<std::string, std::string>> files = {
      {"png", Encoded(colour, ".png")},
      {"webp", Encoded(colour, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101})},
      {"bmp", Encoded(colour, ".bmp")},
      {"tiff", Encoded(colour, ".tiff")}};
  for (const auto& [format, bytes] : files) {
    const auto path = folder.Write("wrong.jpg", bytes);
    EXPECT_STREQ(EnumName(ReadImageHeader(path).format), format.c_str());
    EXPECT_EQ(ReadImageHeader(path).width, 6) << format;
    EXPECT_EQ(ReadImageHeader(path).height, 4) << format;
    EXPECT_EQ(cv::norm(ReadImage(path), colour, cv::NORM_INF), 0) << format;
    for (size_t size = 0; size < bytes.size(); size += 7) {  // nothing worse than a refusal
      try {
        ParseImage(bytes.substr(0, size), format);
      } catch (const UserError&) {
      }
    }
  }
}

TEST(PictureFormats, OfEveryDepthBecomeEightBitColours) {
  cv::Mat grey(4, 6, CV_8UC1, cv::Scalar(70)),
      deep(4, 6, CV_16UC3, cv::Scalar(0x1234, 0x5678, 0xABCD));
  cv::Mat alpha(4, 6, CV_8UC4, cv::Scalar(10, 20, 30, 40)),
      deep_grey(4, 6, CV_16UC1, cv::Scalar(0x8011));
  const auto pixel = [](const std::string& bytes) {
    const cv::Mat image = ParseImage(bytes, "a");
    EXPECT_EQ(image.type(), CV_8UC3);
    return image.at<cv::Vec3b>(3, 5);
  };
  for (const char* ending : {".png", ".tiff"}) {
    EXPECT_EQ(pixel(Encoded(grey, ending)), cv::Vec3b(70, 70, 70)) << ending;
    EXPECT_LE(cv::norm(pixel(Encoded(deep, ending)), cv::Vec3b(0x12, 0x56, 0xAB), cv::NORM_INF), 1);
    EXPECT_LE(cv::norm(pixel(Encoded(deep_grey, ending)), cv::Vec3b::all(0x80), cv::NORM_INF), 1);
  }
  EXPECT_EQ(pixel(Encoded(alpha, ".png")), cv::Vec3b(10, 20, 30));
  EXPECT_EQ(pixel(Encoded(grey, ".bmp")), cv::Vec3b(70, 70, 70));
}

TEST(PictureFormats, NamesThoseThatAreNotRead) {
  const auto refusal = [](const std::string& bytes) {
    return UserErrorOf([&] { ParseImage(bytes, "a.jpg"); });
  };
  using std::string_literals::operator""s;
  EXPECT_THAT(refusal("\0\0\0\x18"
                      "ftypheic\0\0\0\0"s),
              HasSubstr("a.jpg: is a HEIC picture, which is not"));
  EXPECT_THAT(refusal("\0\0\0\x18"
                      "ftypavif\0\0\0\0"s),
              HasSubstr("is an AVIF picture"));
  EXPECT_THAT(refusal("GIF89a"), HasSubstr("is a GIF, which is not read; convert it"));
  EXPECT_THAT(refusal(""), HasSubstr("file is empty"));
  EXPECT_THAT(refusal("hello"), HasSubstr("neither a JPEG nor a PNG image"));
}

// The size and the orientation are told from the first bytes of a file that is long.
TEST(PictureFormats, HeadersAgreeWithTheWholeFile) {
  const TempFolder folder;
  cv::Mat noise(300, 401, CV_8UC3);
  cv::randu(noise, 0, 256);
  const std::string jpeg = JpegWithExif(Encoded(noise, ".jpg"), ExifBytes(8, 27));
  ASSERT_GT(jpeg.size(), 1 << 16);
  const ImageHeader header = ReadImageHeader(folder.Write("a", jpeg));
  EXPECT_EQ(header.width, 401);
  EXPECT_EQ(header.upright_width(), 300);
  EXPECT_EQ(header.exif.focal_35mm, 27);
  // EXIF that is longer than the first bytes.
  const std::string far = JpegWithExif(jpeg, std::string(60000, 'x'));
  EXPECT_EQ(ReadImageHeader(folder.Write("b", JpegWithExif(far, std::string(50000, 'y')))).width,
            401);
}

}  // namespace
}  // namespace gyre
