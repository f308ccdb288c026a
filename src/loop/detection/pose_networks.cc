// SPDX-License-Identifier: Apache-2.0
#include "loop/detection/pose_networks.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "regressor/detector_files.h"

namespace gyre {
namespace {

constexpr int kNumPoints = 39;       // the landmarks, the next region's two points, and helpers
constexpr int kNumbersPerPoint = 5;  // x, y, z, visibility, presence
constexpr int kHipsPoint = 33, kCirclePoint = 34;
constexpr int kHeatReach = 3;  // cells to each side
constexpr double kMinHeat = 0.5;

double Sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

// [B,3,S,S] RGB, in [low, 1].
at::Tensor AsInput(const std::vector<cv::Mat>& squares, float low) {
  const int64_t side = squares[0].rows;
  at::Tensor input = at::empty({std::ssize(squares), side, side, 3}, at::kFloat);
  auto* to = input.data_ptr<float>();
  for (const cv::Mat& square : squares) {
    GYRE_CHECK(square.type() == CV_8UC3 && square.rows == side && square.cols == side);
    cv::Mat rgb, numbers(square.size(), CV_32FC3, to);
    cv::cvtColor(square, rgb, cv::COLOR_BGR2RGB);
    rgb.convertTo(numbers, CV_32FC3, (1 - low) / 255, low);
    to += 3 * side * side;
  }
  return input.permute({0, 3, 1, 2}).contiguous(at::MemoryFormat::ChannelsLast);
}

TfliteNetwork Open(const std::string& folder, const std::string& name, int px,
                   std::vector<std::vector<int>> outputs) {
  TfliteNetwork network(ReadTflite(DetectorFile(folder, name)));
  const TfliteModel& model = network->model();
  bool fits =
      network->height() == px && network->width() == px && model.outputs.size() == outputs.size();
  for (size_t i = 0; fits && i < outputs.size(); ++i) {
    fits = model.tensors[model.outputs[i]].shape == outputs[i];
  }
  if (!fits) {
    ThrowUserError(
        "{} is another network than @mediapipe/pose's of that name; run "
        "tools/get_detector",
        model.what);
  }
  network->eval();
  return network;
}

std::span<const float> Numbers(const at::Tensor& row) {
  return {row.data_ptr<float>(), static_cast<size_t>(row.numel())};
}

Landmarks Decode(const at::Tensor& points, double presence, const at::Tensor& heat,
                 const at::Tensor& world, int px) {
  const std::span<const float> p = Numbers(points), w = Numbers(world);
  Landmarks found;
  found.presence = presence;
  found.places.resize(kNumPoints, 2);
  found.visibility.resize(kNumBlazePoints);
  found.world_m.resize(kNumBlazePoints, 3);
  for (int i = 0; i < kNumPoints; ++i) {
    const float* at = &p[static_cast<size_t>(kNumbersPerPoint * i)];
    found.places.row(i) << at[0] / px, at[1] / px;
    if (i >= kNumBlazePoints) continue;
    found.visibility[i] = Sigmoid(at[3]);
    found.world_m.row(i) << w[3 * i], w[3 * i + 1], w[3 * i + 2];
  }
  RefineByHeat(Numbers(heat), static_cast<int>(heat.size(1)), &found.places);
  found.hips = found.places.row(kHipsPoint).transpose();
  found.circle = found.places.row(kCirclePoint).transpose();
  found.places.conservativeResize(kNumBlazePoints, 2);
  return found;
}

}  // namespace

PoseNetworks::PoseNetworks(const std::string& folder, const std::string& model)
    : detector_(Open(folder, "pose_detection.tflite", kDetectorPx,
                     {{1, kNumAnchors, kNumbersPerAnchor}, {1, kNumAnchors, 1}})),
      landmarks_(Open(folder, "pose_landmark_" + model + ".tflite", 256,
                      {{1, kNumPoints * kNumbersPerPoint},
                       {1, 1},
                       {1, 256, 256, 1},
                       {1, 64, 64, kNumPoints},
                       {1, 3 * kNumPoints}})) {}

std::vector<std::vector<BodyDetection>> PoseNetworks::Detect(const std::vector<cv::Mat>& squares,
                                                             double min_score) {
  std::vector<std::vector<BodyDetection>> found;
  if (squares.empty()) return found;
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> out = detector_->forward(AsInput(squares, -1));
  const at::Tensor boxes = out[0].contiguous(), logits = out[1].contiguous();
  for (int64_t i = 0; i < std::ssize(squares); ++i) {
    found.push_back(DecodeDetections(Numbers(boxes[i]), Numbers(logits[i]), min_score));
  }
  return found;
}

std::vector<Landmarks> PoseNetworks::FindLandmarks(const std::vector<cv::Mat>& squares,
                                                   bool masks) {
  std::vector<Landmarks> found;
  if (squares.empty()) return found;
  const at::NoGradGuard no_grad;
  std::vector<int> wanted = landmarks_->model().outputs;
  if (!masks) wanted.erase(wanted.begin() + 2);
  const std::vector<at::Tensor> out = landmarks_->Compute(AsInput(squares, 0), wanted);
  const at::Tensor points = out[0].contiguous(), heat = out[masks ? 3 : 2].contiguous(),
                   world = out.back().contiguous();
  for (int64_t i = 0; i < std::ssize(squares); ++i) {
    found.push_back(Decode(points[i], out[1][i].item<float>(), heat[i], world[i], landmarks_px()));
    if (!masks) continue;
    const at::Tensor sure = out[2][i][0].sigmoid().mul(255).round().to(at::kByte).contiguous();
    found.back().mask =
        cv::Mat(landmarks_px(), landmarks_px(), CV_8UC1, sure.data_ptr<uint8_t>()).clone();
  }
  return found;
}

void RefineByHeat(std::span<const float> heat, int side, Points2* places) {
  for (Eigen::Index i = 0; i < places->rows(); ++i) {
    const float* map = &heat[static_cast<size_t>(i) * side * side];
    const int column = static_cast<int>(std::floor((*places)(i, 0) * side));
    const int row = static_cast<int>(std::floor((*places)(i, 1) * side));
    if (column < 0 || column >= side || row < 0 || row >= side) continue;
    double sum = 0, warmest = 0;
    Vec2 mean = Vec2::Zero();
    for (int y = std::max(0, row - kHeatReach); y <= std::min(side - 1, row + kHeatReach); ++y) {
      for (int x = std::max(0, column - kHeatReach); x <= std::min(side - 1, column + kHeatReach);
           ++x) {
        const double warm = Sigmoid(map[y * side + x]);
        sum += warm;
        warmest = std::max(warmest, warm);
        mean += warm * Vec2(x, y);
      }
    }
    if (warmest >= kMinHeat && sum > 0) places->row(i) = (mean / sum / side).transpose();
  }
}

}  // namespace gyre
