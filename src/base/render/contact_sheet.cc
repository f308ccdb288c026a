// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "render/overlay.h"

namespace gyre {
namespace {

const cv::Scalar kPaper(255, 255, 255);
const cv::Scalar kInk(60, 56, 52);
constexpr int kGapPx = 6;
constexpr int kCaptionPx = 22;

cv::Mat Scaled(const cv::Mat& image, const cv::Size& size) {
  cv::Mat result;
  cv::resize(image, result, size, 0, 0,
             size.height < image.rows ? cv::INTER_AREA : cv::INTER_LINEAR);
  return result;
}

// The largest size of the image's proportions within the cell.
cv::Size FitWithin(const cv::Size& image, const cv::Size& cell) {
  const double scale = std::min(static_cast<double>(cell.width) / image.width,
                                static_cast<double>(cell.height) / image.height);
  return {std::max(1, static_cast<int>(std::lround(scale * image.width))),
          std::max(1, static_cast<int>(std::lround(scale * image.height)))};
}

// Shortens the text until it fits.
std::string Fitting(std::string text, int width_px, double font_scale) {
  const auto width = [&](const std::string& s) {
    return cv::getTextSize(s, cv::FONT_HERSHEY_SIMPLEX, font_scale, 1, nullptr).width;
  };
  if (width(text) <= width_px) return text;
  while (!text.empty() && width(text + "...") > width_px) text.pop_back();
  return text + "...";
}

void DrawCaption(cv::Mat* sheet, const std::string& caption, const cv::Rect& cell) {
  constexpr double kFontScale = 0.42;
  const cv::Point baseline(cell.x, cell.y + cell.height + kCaptionPx - 8);
  cv::putText(*sheet, Fitting(caption, cell.width, kFontScale), baseline, cv::FONT_HERSHEY_SIMPLEX,
              kFontScale, kInk, 1, cv::LINE_AA);
}

}  // namespace

cv::Mat ComposeStrip(const std::vector<cv::Mat>& images, int height_px) {
  GYRE_CHECK(!images.empty() && height_px > 0);
  std::vector<cv::Mat> parts;
  for (const cv::Mat& image : images) {
    GYRE_CHECK(image.type() == CV_8UC3 && !image.empty());
    if (!parts.empty()) parts.emplace_back(height_px, kGapPx, CV_8UC3, kPaper);
    const int width = static_cast<int>(std::lround(1.0 * image.cols * height_px / image.rows));
    parts.push_back(Scaled(image, {std::max(1, width), height_px}));
  }
  cv::Mat strip;
  cv::hconcat(parts, strip);
  return strip;
}

cv::Mat ContactSheet(const std::vector<cv::Mat>& images, int columns,
                     const std::vector<std::string>& captions) {
  GYRE_CHECK(!images.empty() && columns > 0);
  GYRE_CHECK(captions.empty() || captions.size() == images.size());
  cv::Size cell(1, 1);
  for (const cv::Mat& image : images) {
    GYRE_CHECK(image.type() == CV_8UC3 && !image.empty());
    cell = {std::max(cell.width, image.cols), std::max(cell.height, image.rows)};
  }
  columns = std::min(columns, static_cast<int>(images.size()));
  const int rows = (static_cast<int>(images.size()) + columns - 1) / columns;
  const int row_height = cell.height + kGapPx + (captions.empty() ? 0 : kCaptionPx);
  cv::Mat sheet(rows * row_height + kGapPx, columns * (cell.width + kGapPx) + kGapPx, CV_8UC3,
                kPaper);
  for (size_t i = 0; i < images.size(); ++i) {
    const int row = static_cast<int>(i) / columns, column = static_cast<int>(i) % columns;
    const cv::Rect place({kGapPx + column * (cell.width + kGapPx), kGapPx + row * row_height},
                         cell);
    const cv::Size size = FitWithin(images[i].size(), cell);
    const cv::Rect centred(place.x + (cell.width - size.width) / 2,
                           place.y + (cell.height - size.height) / 2, size.width, size.height);
    Scaled(images[i], size).copyTo(sheet(centred));
    if (!captions.empty()) DrawCaption(&sheet, captions[i], place);
  }
  return sheet;
}

}  // namespace gyre
