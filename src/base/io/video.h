// SPDX-License-Identifier: Apache-2.0
// Videos by OpenCV, frame by frame: whatever containers and codecs it was built with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <opencv2/core/mat.hpp>

namespace cv {
class VideoCapture;
class VideoWriter;
}  // namespace cv

namespace gyre {

class VideoReader {
 public:
  // UserError when the file is not there, empty, or of a container or codec that OpenCV lacks.
  explicit VideoReader(std::filesystem::path path);
  ~VideoReader();

  double fps() const { return fps_; }             // 0: the file does not say
  int64_t frames() const { return num_frames_; }  // as the file says it; 0: it does not

  // The next frame, 8-bit BGR, turned upright; false behind the last. UserError when it has another
  // size than those before.
  bool Next(cv::Mat* frame);

 private:
  const std::filesystem::path path_;
  std::unique_ptr<cv::VideoCapture> capture_;
  double fps_ = 0;
  int64_t num_frames_ = 0, next_ = 0;
  int width_ = 0, height_ = 0;
};

// .mp4 (MPEG-4) or .avi (motion JPEG); written beside its name and renamed by Close.
class VideoWriter {
 public:
  VideoWriter(std::filesystem::path path, double fps);
  ~VideoWriter();  // without Close nothing is left

  // 8-bit BGR, all of the first one's size. UserError when OpenCV cannot write such a video.
  void Add(const cv::Mat& frame);
  // UserError when there was no frame.
  void Close();

 private:
  const std::filesystem::path path_, temporary_;
  const double fps_;
  std::unique_ptr<cv::VideoWriter> writer_;
};

}  // namespace gyre
