// SPDX-License-Identifier: Apache-2.0
// BlazePose's network of landmarks (Bazarevsky et al., BlazePose: On-device Real-time Body Pose
// Tracking, 2020), as @mediapipe/pose releases it in two sizes: inverted residuals down to 8 x 8
// cells, from which one branch goes on to numbers and another comes back up to heat maps. Its sizes
// and layers were read off the released files; their masks are left out.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <memory>
#include <vector>

#include "io/tflite.h"

namespace gyre {

struct BlazePoseSizes {
  std::array<int, 6> channels;       // at 128, 64, 32, 16, 16 and 8 cells a side
  int branch;                        // channels at 8, 4 and 2 cells
  std::array<int, 2> branch_blocks;  // at 4 and at 2 cells
  int lateral;                       // channels on the way up
};
inline constexpr BlazePoseSizes kBlazePoseLite{{8, 16, 24, 40, 56, 96}, 192, {2, 3}, 32};
inline constexpr BlazePoseSizes kBlazePoseFull{{16, 24, 32, 64, 88, 144}, 288, {4, 5}, 48};

class BlazePoseImpl : public torch::nn::Module {
 public:
  static constexpr int64_t kInputPx = 256;
  // The set blazepose33, two that say where to look next (region.h), and helpers.
  static constexpr int64_t kNumPoints = 39, kHipsPoint = 33, kCirclePoint = 34;

  struct Said {
    at::Tensor map;         // [B,branch,2,2], what the numbers are read from
    at::Tensor places;      // [B,39,2] in [-1,1] of the input, refined by their heat
    at::Tensor visibility;  // [B,39] in [0,1]
    at::Tensor world_m;     // [B,39,3] metres around the hips' middle, y down
    at::Tensor presence;    // [B] in [0,1]: that there is a body
  };

  // Weights are drawn as Torch draws them.
  explicit BlazePoseImpl(const BlazePoseSizes& sizes);

  // [B,3,256,256] RGB in [0,1].
  Said forward(const at::Tensor& image);

  // The weights of a released file. UserError, and nothing is changed, where it is of other sizes.
  void Load(const TfliteModel& model);

 private:
  struct Parts;  // the layers, by what they are for
  std::shared_ptr<Parts> parts_;
};
TORCH_MODULE(BlazePose);

// Moves each of places [B,N,2] to the middle of the heat in the 7 x 7 cells around it, of
// heat [B,N,S,S] before sigmoid. Where none of it is surely warm the place stays.
at::Tensor RefinedByHeat(const at::Tensor& places, const at::Tensor& heat);

}  // namespace gyre
