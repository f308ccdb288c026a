// SPDX-License-Identifier: Apache-2.0
#include "io/image.h"

#include <algorithm>
#include <cctype>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

constexpr uint64_t kMaxPixels = uint64_t{1} << 27;
// Deflate packs 1032:1, a PNG of one bit per pixel; JPEGs of one colour stay far below.
constexpr uint64_t kMaxPixelsPerByte = 8 * 1032;
constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1A\n";
constexpr std::string_view kJpegMagic = "\xFF\xD8\xFF";

struct ImageInfo {
  uint64_t width = 0, height = 0;
  bool complete = false;  // the format's end mark is there
};

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// A PNG begins with the chunk IHDR (length, name, width, height, ...) and ends with IEND.
ImageInfo InspectPng(std::string_view content) {
  ImageInfo info;
  if (content.size() < 33 || content.substr(12, 4) != "IHDR") return info;
  info.width = BigEndian(content.substr(16, 4));
  info.height = BigEndian(content.substr(20, 4));
  const size_t end = content.find("IEND", 33);
  info.complete = end != std::string_view::npos && end + 8 <= content.size();  // name, checksum
  return info;
}

// A JPEG is a row of segments FF type length ...; the frame header (types C0 to CF but C4, C8, CC)
// holds height and width; the pixels follow the scan header (DA) and end with FF D9.
ImageInfo InspectJpeg(std::string_view content) {
  ImageInfo info;
  size_t at = 2;
  while (at + 4 <= content.size() && content[at] == '\xFF') {
    const auto type = static_cast<uint8_t>(content[at + 1]);
    if (type == 0xFF) {  // padding
      ++at;
      continue;
    }
    if (type == 0xDA) {
      info.complete = content.find("\xFF\xD9", at) != std::string_view::npos;
      break;
    }
    if (type >= 0xC0 && type <= 0xCF && type != 0xC4 && type != 0xC8 && type != 0xCC &&
        at + 9 <= content.size()) {
      info.height = BigEndian(content.substr(at + 5, 2));
      info.width = BigEndian(content.substr(at + 7, 2));
    }
    at += 2 + BigEndian(content.substr(at + 2, 2));
  }
  return info;
}

int ReductionFlag(int reduction) {
  switch (reduction) {
    case 1:
      return cv::IMREAD_COLOR;
    case 2:
      return cv::IMREAD_REDUCED_COLOR_2;
    case 4:
      return cv::IMREAD_REDUCED_COLOR_4;
    case 8:
      return cv::IMREAD_REDUCED_COLOR_8;
  }
  GYRE_CHECK(false, "no JPEG decoder reduces by {}", reduction);
  return 0;
}

cv::Mat Decode(std::string_view content, const std::string& what, ImageOrientation orientation,
               int* reduction) {
  const bool png = content.starts_with(kPngMagic);
  if (!png && !content.starts_with(kJpegMagic)) {
    ThrowUserError("{}: is neither a JPEG nor a PNG image", what);
  }
  const ImageInfo info = png ? InspectPng(content) : InspectJpeg(content);
  if (info.width == 0 || info.height == 0 || !info.complete) {
    ThrowUserError("{}: the image is damaged or cut off", what);
  }
  if (info.width > kMaxPixels / info.height) {
    ThrowUserError("{}: the image has {} x {} pixels, expected at most 2^27 in all", what,
                   info.width, info.height);
  }
  if (info.width * info.height > kMaxPixelsPerByte * content.size()) {
    ThrowUserError("{}: declares {} x {} pixels in {} bytes; the image is damaged or cut off", what,
                   info.width, info.height, content.size());
  }
  if (png) *reduction = 1;  // OpenCV would pick pixels, not average
  const int flags =
      ReductionFlag(*reduction) |
      (orientation == ImageOrientation::kAsStored ? cv::IMREAD_IGNORE_ORIENTATION : 0);
  const cv::Mat bytes(1, static_cast<int>(content.size()), CV_8UC1,
                      const_cast<char*>(content.data()));
  cv::Mat image;
  try {
    image = cv::imdecode(bytes, flags);
  } catch (const cv::Exception&) {
    // The same as an empty image: the codec gave up.
  }
  if (image.empty()) ThrowUserError("{}: the image is damaged and cannot be decoded", what);
  return image;
}

std::string ReadContent(const std::filesystem::path& path) {
  return ReadFile(path, uint64_t{1} << 30);
}

}  // namespace

cv::Mat ParseImage(std::string_view content, const std::string& what,
                   ImageOrientation orientation) {
  int reduction = 1;
  return Decode(content, what, orientation, &reduction);
}

cv::Mat ReadImage(const std::filesystem::path& path, ImageOrientation orientation) {
  return ParseImage(ReadContent(path), path.string(), orientation);
}

cv::Mat ReadReducedImage(const std::filesystem::path& path, int* reduction) {
  return Decode(ReadContent(path), path.string(), ImageOrientation::kAsStored, reduction);
}

void WriteImage(const std::filesystem::path& path, const cv::Mat& image) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool jpeg = extension == ".jpg" || extension == ".jpeg";
  if (!jpeg && extension != ".png") {
    ThrowUserError("{}: images are written as .png, .jpg or .jpeg", path.string());
  }
  GYRE_CHECK(image.depth() == CV_8U && !image.empty(), "8-bit images only");
  GYRE_CHECK(image.channels() == 1 || image.channels() == 3 || (image.channels() == 4 && !jpeg),
             "{} channels", image.channels());
  std::vector<uint8_t> bytes;
  try {
    cv::imencode(extension, image, bytes);
  } catch (const cv::Exception& error) {
    ThrowUserError("{}: the image cannot be encoded ({})", path.string(), error.err);
  }
  WriteFileAtomically(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace gyre
