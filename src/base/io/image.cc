// SPDX-License-Identifier: Apache-2.0
#include "io/image.h"

#include <algorithm>
#include <cctype>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

constexpr uint64_t kMaxPixels = uint64_t{1} << 27;
// Deflate packs 1032:1, a PNG of one bit per pixel; JPEGs of one colour stay far below.
constexpr uint64_t kMaxPixelsPerByte = 8 * 1032;

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

// TIFF's decoder turns some pictures and not others; of this copy it turns none.
std::string AsStored(std::string_view tiff, size_t orientation_at) {
  std::string copy(tiff);
  const bool little = copy[0] == 'I';
  copy[orientation_at] = little ? 1 : 0;
  copy[orientation_at + 1] = little ? 0 : 1;
  return copy;
}

cv::Mat Upright(const cv::Mat& stored, int exif_orientation) {
  enum Flip { kRows = 0, kColumns = 1, kBoth = -1 };
  const auto flipped = [](const cv::Mat& image, Flip flip) {
    cv::Mat out;
    cv::flip(image, out, flip);
    return out;
  };
  switch (exif_orientation) {
    case 2:
      return flipped(stored, kColumns);
    case 3:
      return flipped(stored, kBoth);
    case 4:
      return flipped(stored, kRows);
    case 5:
      return stored.t();
    case 6:
      return flipped(stored.t(), kColumns);
    case 7:
      return flipped(stored.t(), kBoth);
    case 8:
      return flipped(stored.t(), kRows);
  }
  return stored;
}

// `declares` is what the file does: "declares", "declares tiles of".
void CheckPixels(uint64_t width, uint64_t height, size_t bytes, const std::string& what,
                 const char* declares) {
  if (height > 0 && width > kMaxPixels / height) {
    ThrowUserError("{}: {} {} x {} pixels, expected at most 2^27 in all", what, declares, width,
                   height);
  }
  if (width * height > kMaxPixelsPerByte * bytes) {
    ThrowUserError("{}: {} {} x {} pixels in {} bytes; the image is damaged or cut off", what,
                   declares, width, height, bytes);
  }
}

void CheckHeader(const ImageHeader& header, size_t bytes, const std::string& what) {
  if (header.width <= 0 || header.height <= 0 || !header.complete) {
    ThrowUserError("{}: the image is damaged or cut off", what);
  }
  CheckPixels(header.width, header.height, bytes, what, "declares");
  CheckPixels(header.block_width, header.block_height, bytes, what, "declares tiles of");
}

cv::Mat Decode(std::string_view content, const std::string& what, const OrientationOf& wanted,
               int* reduction) {
  const ImageHeader header = InspectImage(content, what);
  CheckHeader(header, content.size(), what);
  const bool upright = wanted && wanted(header) == ImageOrientation::kUpright;
  const bool turn = upright && header.exif.orientation != 1;
  if (header.format != ImageFormat::kJpeg) *reduction = 1;  // OpenCV would pick pixels, not average
  while (turn && (header.width % *reduction != 0 || header.height % *reduction != 0)) {
    *reduction /= 2;
  }
  std::string copy;
  if (header.format == ImageFormat::kTiff && header.exif.orientation_at > 0) {
    copy = AsStored(content, header.exif.orientation_at);
    content = copy;
  }
  const cv::Mat bytes(1, static_cast<int>(content.size()), CV_8UC1,
                      const_cast<char*>(content.data()));
  cv::Mat image;
  try {
    image = cv::imdecode(bytes, ReductionFlag(*reduction) | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception&) {
    // The same as an empty image: the codec gave up.
  }
  if (image.empty()) {
    ThrowUserError(
        "{}: the image cannot be decoded: it is damaged, or this OpenCV does not read {}", what,
        EnumName(header.format));
  }
  if (*reduction == 1 && (image.cols != header.width || image.rows != header.height)) {
    ThrowUserError("{}: the image is damaged: it says {} x {} pixels and has {} x {}", what,
                   header.width, header.height, image.cols, image.rows);
  }
  return turn ? Upright(image, header.exif.orientation) : image;
}

std::string ReadContent(const std::filesystem::path& path) {
  return ReadFile(path, uint64_t{1} << 30);
}

OrientationOf Always(ImageOrientation orientation) {
  return [=](const ImageHeader&) { return orientation; };
}

}  // namespace

cv::Mat ParseImage(std::string_view content, const std::string& what,
                   ImageOrientation orientation) {
  int reduction = 1;
  return Decode(content, what, Always(orientation), &reduction);
}

cv::Mat ReadImage(const std::filesystem::path& path, ImageOrientation orientation) {
  return ParseImage(ReadContent(path), path.string(), orientation);
}

cv::Mat ReadReducedImage(const std::filesystem::path& path, int* reduction,
                         const OrientationOf& orientation) {
  return Decode(ReadContent(path), path.string(), orientation, reduction);
}

ImageHeader ReadImageHeader(const std::filesystem::path& path) {
  constexpr uint64_t kBeginning = uint64_t{1} << 16;
  ImageHeader header = InspectImage(ReadFileBeginning(path, kBeginning), path.string());
  if (header.needs_more) header = InspectImage(ReadContent(path), path.string());
  if (header.width <= 0 || header.height <= 0) {
    ThrowUserError("{}: the image is damaged or cut off", path.string());
  }
  return header;
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
