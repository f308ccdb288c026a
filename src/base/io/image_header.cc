// SPDX-License-Identifier: Apache-2.0
#include "io/image_header.h"

#include <algorithm>
#include <cstdlib>

#include "core/error.h"

namespace gyre {
namespace {

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1A\n";
constexpr std::string_view kJpegMagic = "\xFF\xD8\xFF";

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// A JPEG is a row of segments FF type length ...; the frame header (types C0 to CF but C4, C8, CC)
// holds height and width; the pixels follow the scan header (DA) and end with FF D9. EXIF stands in
// the segment E1 that begins with its name.
ImageHeader InspectJpeg(std::string_view content) {
  constexpr std::string_view kExifName("Exif\0\0", 6);
  ImageHeader header;
  bool exif_read = false, scan = false;
  size_t at = 2;
  while (at + 4 <= content.size() && content[at] == '\xFF') {
    const auto type = static_cast<uint8_t>(content[at + 1]);
    if (type == 0xFF) {  // padding
      ++at;
      continue;
    }
    if (type == 0xDA) {
      header.complete = content.find("\xFF\xD9", at) != std::string_view::npos;
      scan = true;
      break;
    }
    const uint64_t length = BigEndian(content.substr(at + 2, 2));
    if (type >= 0xC0 && type <= 0xCF && type != 0xC4 && type != 0xC8 && type != 0xCC &&
        at + 9 <= content.size()) {
      header.height = static_cast<int64_t>(BigEndian(content.substr(at + 5, 2)));
      header.width = static_cast<int64_t>(BigEndian(content.substr(at + 7, 2)));
    }
    if (type == 0xE1 && !exif_read && length >= 2) {
      const std::string_view segment = content.substr(at + 4, length - 2);
      if (segment.starts_with(kExifName)) {
        header.exif = ParseExif(segment.substr(kExifName.size()));
        exif_read = true;
      }
    }
    at += 2 + length;
  }
  header.needs_more = !scan;
  return header;
}

// A PNG is a row of chunks: length, name, content, checksum. IHDR (width, height, ...) is the
// first, IEND the last; eXIf may stand between any two.
ImageHeader InspectPng(std::string_view content) {
  ImageHeader header;
  header.format = ImageFormat::kPng;
  if (content.size() < 33 || content.substr(12, 4) != "IHDR") return header;
  header.width = static_cast<int64_t>(BigEndian(content.substr(16, 4)));
  header.height = static_cast<int64_t>(BigEndian(content.substr(20, 4)));
  const size_t end = content.find("IEND", 33);
  header.complete = end != std::string_view::npos && end + 8 <= content.size();  // name, checksum
  for (size_t at = 8; at + 12 <= content.size();) {
    const uint64_t length = BigEndian(content.substr(at, 4));
    if (content.substr(at + 4, 4) == "eXIf") {
      header.exif = ParseExif(content.substr(at + 8, length));
    }
    at += 12 + length;
  }
  header.needs_more = !header.complete;
  return header;
}

// RIFF's chunks: name, length, content, padded to even lengths. The first says the size: VP8X that
// of the canvas, otherwise the pixels. Where WebP's decoder declines, OpenCV looks for medical
// pictures, whose reader aborts.
ImageHeader InspectWebp(std::string_view content) {
  ImageHeader header;
  header.format = ImageFormat::kWebp;
  const uint64_t declared = 8 + LittleEndian(content.substr(4, 4));
  const bool medical = content.size() >= 132 && content.substr(128, 4) == "DICM";
  header.complete = declared <= content.size() && !medical;
  for (size_t at = 12; at + 8 <= content.size();) {
    const std::string_view name = content.substr(at, 4);
    const uint64_t length = LittleEndian(content.substr(at + 4, 4));
    const std::string_view chunk = content.substr(at + 8, length);
    const bool first = at == 12;
    if (first && name == "VP8X" && chunk.size() >= 10) {
      header.width = static_cast<int64_t>(1 + LittleEndian(chunk.substr(4, 3)));
      header.height = static_cast<int64_t>(1 + LittleEndian(chunk.substr(7, 3)));
    } else if (first && name == "VP8 " && chunk.size() >= 10) {  // 3 bytes, start code, sizes
      header.width = static_cast<int64_t>(LittleEndian(chunk.substr(6, 2)) & 0x3FFF);
      header.height = static_cast<int64_t>(LittleEndian(chunk.substr(8, 2)) & 0x3FFF);
    } else if (first && name == "VP8L" && chunk.size() >= 5) {  // 14 bits each, less one
      const uint64_t bits = LittleEndian(chunk.substr(1, 4));
      header.width = static_cast<int64_t>(1 + (bits & 0x3FFF));
      header.height = static_cast<int64_t>(1 + (bits >> 14 & 0x3FFF));
    } else if (name == "EXIF") {
      constexpr std::string_view kExifName("Exif\0\0", 6);  // some write it here too
      header.exif = ParseExif(chunk.substr(chunk.starts_with(kExifName) ? kExifName.size() : 0));
    }
    at += 8 + length + length % 2;
  }
  header.needs_more = !header.complete;
  return header;
}

// "BM", sizes, where the pixels begin; then a header of 12 bytes with sizes of 16 bits or a longer
// one of 32, whose height is negative where rows run down.
ImageHeader InspectBmp(std::string_view content) {
  ImageHeader header;
  header.format = ImageFormat::kBmp;
  if (content.size() < 34) return header;
  const uint64_t pixels_at = LittleEndian(content.substr(10, 4));
  const bool old = LittleEndian(content.substr(14, 4)) == 12;
  const auto number = [&](size_t at, size_t bytes) {
    return static_cast<int64_t>(LittleEndian(content.substr(at, bytes)));
  };
  header.width = old ? number(18, 2) : number(18, 4);
  header.height = old ? number(20, 2)
                      : std::abs(static_cast<int64_t>(
                            static_cast<int32_t>(LittleEndian(content.substr(22, 4)))));
  const int64_t bits = old ? number(24, 2) : number(28, 2);
  const bool packed = !old && (number(30, 4) == 1 || number(30, 4) == 2);  // run lengths
  const bool small = header.width < int64_t{1} << 27 && header.height < int64_t{1} << 27;
  if (!small || bits < 1 || bits > 32) return header;
  const int64_t row = (header.width * bits + 31) / 32 * 4;
  const uint64_t whole = packed || header.height == 0
                             ? pixels_at
                             : pixels_at + static_cast<uint64_t>(row) * header.height;
  header.complete = header.width > 0 && header.height > 0 && whole <= content.size();
  return header;
}

ImageHeader InspectTiff(std::string_view content) {
  ImageHeader header;
  header.format = ImageFormat::kTiff;
  header.exif = ParseExif(content);
  header.width = header.exif.width;
  header.height = header.exif.height;
  header.block_width = header.exif.tile_width;
  header.block_height = header.exif.tile_height;
  header.complete = header.width > 0 && header.height > 0;
  header.needs_more = !header.complete;
  return header;
}

// What else people call pictures; empty when it is nothing known.
const char* OtherFormat(std::string_view content) {
  const auto begins = [&](std::string_view magic) { return content.starts_with(magic); };
  if (begins("GIF8")) return "a GIF";
  if (content.size() >= 12 && content.substr(4, 4) == "ftyp") {
    const std::string_view brand = content.substr(8, 4);
    if (brand == "avif" || brand == "avis") return "an AVIF picture";
    if (brand.starts_with("he") || brand == "mif1" || brand == "msf1") return "a HEIC picture";
    return "a video";
  }
  if (begins(std::string_view("\0\0\0\x0CJXL ", 8)) || begins("\xFF\x0A"))
    return "a JPEG XL picture";
  if (begins(std::string_view("\0\0\0\x0CjP  ", 8))) return "a JPEG 2000 picture";
  if (begins("\x76\x2F\x31\x01")) return "an OpenEXR picture";
  if (begins("8BPS")) return "a Photoshop file";
  if (begins("%PDF")) return "a PDF";
  if (begins("P1") || begins("P2") || begins("P3") || begins("P4") || begins("P5") || begins("P6"))
    return "a PNM picture";
  if (begins("<svg") || begins("<?xml")) return "an SVG or XML file";
  if (begins("<!DOCTYPE") || begins("<html")) return "a web page";
  if (begins("version https://git-lfs")) return "a pointer of Git LFS, not the file";
  return "";
}

}  // namespace

ImageHeader InspectImage(std::string_view content, const std::string& what) {
  if (content.starts_with(kJpegMagic)) return InspectJpeg(content);
  if (content.starts_with(kPngMagic)) return InspectPng(content);
  if (content.starts_with("RIFF") && content.size() >= 12 && content.substr(8, 4) == "WEBP") {
    return InspectWebp(content);
  }
  if (content.starts_with(std::string_view("II*\0", 4)) ||
      content.starts_with(std::string_view("MM\0*", 4))) {
    return InspectTiff(content);
  }
  if (content.starts_with("BM")) return InspectBmp(content);
  const std::string other = OtherFormat(content);
  if (content.empty()) ThrowUserError("{}: the picture's file is empty", what);
  if (!other.empty()) {
    ThrowUserError("{}: is {}, which is not read; convert it to JPEG or PNG", what, other);
  }
  ThrowUserError("{}: is neither a JPEG nor a PNG image, nor WebP, BMP or TIFF", what);
}

}  // namespace gyre
