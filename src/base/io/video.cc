// SPDX-License-Identifier: Apache-2.0
#include "io/video.h"

#include <cmath>
#include <opencv2/videoio.hpp>
#include <opencv2/videoio/registry.hpp>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace gyre {

namespace fs = std::filesystem;

namespace {

bool IsAvi(const fs::path& path) { return path.extension() == ".avi"; }

// Beside `path`, of the same kind.
fs::path Beside(const fs::path& path) {
  if (path.extension() != ".mp4" && !IsAvi(path)) {
    ThrowUserError("{}: videos are written as .mp4 or .avi; choose such a name", path.string());
  }
  return fs::path(path).replace_extension(".tmp" + path.extension().string());
}

}  // namespace

VideoReader::VideoReader(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  if (!fs::is_regular_file(path_, error)) {
    ThrowUserError("{}: there is no such file; give a video or a folder", path_.string());
  }
  if (fs::file_size(path_, error) == 0) ThrowUserError("{}: is an empty file", path_.string());
  try {
    // FFmpeg alone where there is one: the others have nothing to add, and say so at length.
    const bool ffmpeg = cv::videoio_registry::hasBackend(cv::CAP_FFMPEG);
    capture_ = std::make_unique<cv::VideoCapture>(path_.string(),
                                                  ffmpeg ? cv::CAP_FFMPEG : cv::CAP_ANY);
  } catch (const cv::Exception&) {
    capture_ = std::make_unique<cv::VideoCapture>();
  }
  if (!capture_->isOpened()) {
    ThrowUserError(
        "{}: OpenCV opens no video in it: it lacks the container or the codec; convert it (ffmpeg "
        "-i FILE -c:v libx264 VIDEO.mp4), or give the folder of its frames' keypoints",
        path_.string());
  }
  const double fps = capture_->get(cv::CAP_PROP_FPS);
  const double count = capture_->get(cv::CAP_PROP_FRAME_COUNT);
  if (std::isfinite(fps) && fps > 0 && fps < 1e5) fps_ = fps;
  if (std::isfinite(count) && count > 0 && count < 1e9) num_frames_ = std::llround(count);
}

VideoReader::~VideoReader() = default;

bool VideoReader::Next(cv::Mat* frame) {
  try {
    if (!capture_->read(*frame) || frame->empty()) return false;
  } catch (const cv::Exception& error) {
    ThrowUserError("{}: frame {} cannot be read: {}", path_.string(), next_, error.what());
  }
  if (frame->type() != CV_8UC3) {
    ThrowUserError("{}: frame {} is no picture of 8-bit colours; convert the video", path_.string(),
                   next_);
  }
  if (next_ == 0) width_ = frame->cols, height_ = frame->rows;
  if (frame->cols != width_ || frame->rows != height_) {
    ThrowUserError(
        "{}: frame {} is {} x {} pixels, those before it {} x {}; a video has one size, cut it "
        "there and fit the parts by themselves",
        path_.string(), next_, frame->cols, frame->rows, width_, height_);
  }
  ++next_;
  return true;
}

VideoWriter::VideoWriter(fs::path path, double fps)
    : path_(std::move(path)), temporary_(Beside(path_)), fps_(fps) {}

VideoWriter::~VideoWriter() {
  if (!writer_) return;
  writer_.reset();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void VideoWriter::Add(const cv::Mat& frame) {
  GYRE_CHECK(frame.type() == CV_8UC3);
  if (!writer_) {
    const int codec = IsAvi(path_) ? cv::VideoWriter::fourcc('M', 'J', 'P', 'G')
                                   : cv::VideoWriter::fourcc('m', 'p', '4', 'v');
    // MPEG-4 knows no odd sizes.
    writer_ = std::make_unique<cv::VideoWriter>(temporary_.string(), codec, fps_,
                                                cv::Size(frame.cols & ~1, frame.rows & ~1));
    if (!writer_->isOpened()) {
      writer_.reset();
      ThrowUserError(
          "{}: OpenCV cannot write such a video here; try the other of .mp4 and .avi, or "
          "--overlays "
          "for pictures",
          path_.string());
    }
  }
  writer_->write(frame(cv::Rect(0, 0, frame.cols & ~1, frame.rows & ~1)));
}

void VideoWriter::Close() {
  if (!writer_) ThrowUserError("{}: there is no frame to write", path_.string());
  writer_->release();
  writer_.reset();
  std::error_code error;
  fs::rename(temporary_, path_, error);
  if (error) ThrowUserError("{}: cannot be written: {}", path_.string(), error.message());
}

}  // namespace gyre
