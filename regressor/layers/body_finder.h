// SPDX-License-Identifier: Apache-2.0
// Where a body is in a crop and how it is turned, by the free networks of detector_files.h as they
// were released: the detector's best guess near the middle, made better by landmarks in it. It
// never learns. The files are part of its state, so that a checkpoint needs nothing else.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <filesystem>
#include <mutex>

#include "regressor/layers/blaze_pose.h"
#include "regressor/output.h"
#include "regressor/tflite_network.h"

namespace gyre {

class BodyFinderImpl : public torch::nn::Module {
 public:
  // The size of pose_detection.tflite, of which tools/get_detector knows the sum.
  static constexpr int64_t kFileBytes = 2962288;

  explicit BodyFinderImpl(const BlazePoseSizes& sizes);

  // crops [B,3,S,S] RGB in [0,1], S at most BlazePose's -> the region of the body nearest to the
  // middle of each, the whole crop where there is none. No gradients. Thread-safe. UserError while
  // nothing was loaded.
  CropRegion Find(const at::Tensor& crops);

  void Load(const std::filesystem::path& detector, const TfliteModel& landmarks);

 private:
  TfliteNetwork Detector(c10::Device device);
  CropRegion Detect(const at::Tensor& crops);

  at::Tensor file_;  // the detector's bytes
  BlazePose landmarks{nullptr};
  std::mutex mutex_;
  TfliteNetwork detector_{nullptr};
  uint32_t version_ = 0;  // of file_ when detector_ was read from it
};
TORCH_MODULE(BodyFinder);

// The region that BlazePose's two points ask for, the whole where it sees no body.
CropRegion NextRegion(const BlazePoseImpl::Said& said);

}  // namespace gyre
