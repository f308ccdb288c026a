// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/body_finder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstring>
#include <span>
#include <string>

#include "core/error.h"
#include "regressor/crop_region.h"
#include "regressor/pose_anchors.h"

namespace gyre {
namespace {

constexpr double kReach = 1.25;  // of a region beyond the circle around the body
constexpr double kMinPresence = 0.5;
constexpr double kMaxBlendOverlap = 0.3;
// A crop is of one person, who is near its middle: a body a sixth of the side away has to be
// surer. So an unsure one can be taken where there is no better.
constexpr double kMinScore = 0.1, kNear = 0.16;

// How far a detection is to be trusted that it is the crop's person.
double Trust(const BodyDetection& one) {
  const Vec2 offset = (one.points[0] - Vec2::Constant(0.5)) / kNear;
  return one.score * std::exp(-0.5 * offset.squaredNorm());
}

std::span<const float> Numbers(const at::Tensor& row) {
  return {row.data_ptr<float>(), static_cast<size_t>(row.numel())};
}

}  // namespace

CropRegion NextRegion(const BlazePoseImpl::Said& said) {
  return RegionAround(said.places.select(1, BlazePoseImpl::kHipsPoint),
                      said.places.select(1, BlazePoseImpl::kCirclePoint), kReach,
                      said.presence >= kMinPresence);
}

BodyFinderImpl::BodyFinderImpl(const BlazePoseSizes& sizes)
    : file_(register_buffer("detector_file", at::zeros({kFileBytes}, at::kByte))),
      landmarks(register_module("landmarks", BlazePose(sizes))) {
  for (at::Tensor& parameter : landmarks->parameters()) parameter.set_requires_grad(false);
}

void BodyFinderImpl::Load(const std::filesystem::path& detector, const TfliteModel& model) {
  const TfliteModel released = ReadTflite(detector);
  if (static_cast<int64_t>(released.bytes->size()) != kFileBytes) {
    ThrowUserError("{} is another network than @mediapipe/pose's detector; run tools/get_detector",
                   detector.string());
  }
  landmarks->Load(model);
  at::Tensor bytes = at::empty({kFileBytes}, at::kByte);
  std::memcpy(bytes.data_ptr(), released.bytes->data(), kFileBytes);
  file_.copy_(bytes);
}

TfliteNetwork BodyFinderImpl::Detector(c10::Device device) {
  const std::lock_guard lock(mutex_);
  if (!detector_ || version_ != file_._version()) {
    const at::Tensor bytes = file_.cpu();
    std::string text(static_cast<const char*>(bytes.data_ptr()), kFileBytes);
    if (text.find_first_not_of('\0') == std::string::npos) {
      ThrowUserError("this network was given no detector; start it with --init detector");
    }
    TfliteNetwork detector(ParseTflite(std::move(text), "the network's detector"));
    const TfliteModel& model = detector->model();
    const bool fits =
        detector->height() == kDetectorPx && detector->width() == kDetectorPx &&
        model.outputs.size() == 2 &&
        model.tensors[model.outputs[0]].shape == std::vector{1, kNumAnchors, kNumbersPerAnchor} &&
        model.tensors[model.outputs[1]].shape == std::vector{1, kNumAnchors, 1};
    if (!fits) ThrowUserError("the network's detector is another network than @mediapipe/pose's");
    detector->to(device);
    detector_ = std::move(detector);
    version_ = file_._version();
  }
  return detector_;
}

CropRegion BodyFinderImpl::Detect(const at::Tensor& crops) {
  const int64_t batch = crops.size(0);
  const at::Tensor small =
      at::upsample_bilinear2d(crops, {kDetectorPx, kDetectorPx}, /*align_corners=*/false);
  const std::vector<at::Tensor> said = Detector(crops.device())->forward(2 * small - 1);
  const at::Tensor boxes = said[0].cpu().contiguous(), logits = said[1].cpu().contiguous();
  at::Tensor points = at::zeros({batch, 2, 2}, at::kFloat);  // the hips, and on the circle
  at::Tensor found = at::zeros({batch}, at::kBool);
  for (int64_t i = 0; i < batch; ++i) {
    double best = 0;
    for (const BodyDetection& one :
         BlendDetections(DecodeDetections(Numbers(boxes[i]), Numbers(logits[i]), kMinScore),
                         kMaxBlendOverlap)) {
      if (Trust(one) <= best) continue;
      best = Trust(one);
      found[i] = true;
      for (int64_t k = 0; k < 2; ++k) {
        for (int64_t axis = 0; axis < 2; ++axis) points[i][k][axis] = 2 * one.points[k][axis] - 1;
      }
    }
  }
  points = points.to(crops.device());
  return RegionAround(points.select(1, 0), points.select(1, 1), kReach, found.to(crops.device()));
}

CropRegion BodyFinderImpl::Find(const at::Tensor& crops) {
  const at::NoGradGuard no_grad;
  const CropRegion detected = Detect(crops);
  return Within(detected, NextRegion(landmarks(CutRegions(crops, detected))));
}

}  // namespace gyre
