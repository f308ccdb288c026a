// SPDX-License-Identifier: Apache-2.0
// A detector of bodies (layers/body_finder.h) that says the same of every picture.
#pragma once

#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/types.h"
#include "io/tiny_tflite.h"
#include "regressor/layers/body_finder.h"
#include "regressor/pose_anchors.h"

namespace gyre {

struct SaidBody {
  double score;       // in (0,1)
  Vec2 hips, circle;  // in [0,1] x [0,1] of the picture
};

// The anchors of the first row of the finest grid stand at ((i + 1/2) / 28, 1/56): body i is said
// by the first anchor of cell i.
inline std::string TinyDetector(const std::vector<SaidBody>& bodies) {
  std::vector<float> boxes(size_t{kNumAnchors} * kNumbersPerAnchor, 0), logits(kNumAnchors, -30);
  for (size_t i = 0; i < bodies.size(); ++i) {
    const size_t anchor = 2 * i;
    const Vec2 at((i + 0.5) / 28, 0.5 / 28);
    float* numbers = &boxes[anchor * kNumbersPerAnchor];
    const auto set = [&](int first, const Vec2& pixels) {
      numbers[first] = static_cast<float>(pixels.x());
      numbers[first + 1] = static_cast<float>(pixels.y());
    };
    set(0, kDetectorPx * (bodies[i].hips - at));  // boxes of 10 px do not overlap
    set(2, Vec2(10, 10));
    set(4, kDetectorPx * (bodies[i].hips - at));
    set(6, kDetectorPx * (bodies[i].circle - at));
    logits[anchor] = static_cast<float>(std::log(bodies[i].score / (1 - bodies[i].score)));
  }
  TinyTflite tiny;
  const int in = tiny.Tensor({1, kDetectorPx, kDetectorPx, 3});
  const auto output = [&](int numbers, const std::vector<float>& values) {
    const int channels = kNumAnchors / 49 * numbers;  // of 7 x 7 cells
    const int weight = tiny.Floats({channels, 1, 1, 3}, std::vector<float>(3 * channels, 0));
    const int bias = tiny.Floats({channels}, std::vector<float>(channels, 0));
    const int cells = tiny.Tensor({1, 7, 7, channels});
    const int rows = tiny.Tensor({1, kNumAnchors, numbers});
    const int said = tiny.Tensor({1, kNumAnchors, numbers});
    tiny.Operator(TfliteOp::kConv2d, {in, weight, bias}, cells,
                  {{0, uint8_t{1}}, {1, 32}, {2, 32}});
    tiny.Operator(TfliteOp::kReshape, {cells}, rows);
    tiny.Operator(TfliteOp::kAdd, {rows, tiny.Floats({1, kNumAnchors, numbers}, values)}, said);
    return said;
  };
  const int said_boxes = output(kNumbersPerAnchor, boxes), said_logits = output(1, logits);
  return tiny.File({in}, {said_boxes, said_logits});
}

// Into the buffer of a network that finds bodies.
inline void GiveDetector(torch::nn::Module& network, const std::vector<SaidBody>& bodies) {
  for (const auto& buffer : network.named_buffers()) {
    if (!buffer.key().ends_with("detector_file")) continue;
    const std::string file = TinyDetector(bodies);
    const at::Tensor bytes = at::zeros({BodyFinderImpl::kFileBytes}, at::kByte);
    std::memcpy(bytes.data_ptr(), file.data(), file.size());
    at::Tensor(buffer.value()).copy_(bytes);
  }
}

}  // namespace gyre
