// SPDX-License-Identifier: Apache-2.0
// Heat maps over the crop and over depth: volumes [B,M,D,H,W], one for each joint.
//
// Places are counted in cells, (x, y, z) from the first cell's centre, or in the units of
// Output::uvd. Cells tile the crop and the depth range `depth_m` about the root, so that cell k of
// n stands at
//   u = (2 k + 1) / n - 1          in [-1,1];     depth: times depth_m / 2
// and what is mirrored in the crop is mirrored in the map.
// Sources: soft-argmax, Sun et al. 2018 (as in Pose2Pose, Moon et al. 2020, and HybrIK); Gaussian
// targets and the hard decode, Pavlakos et al. 2017 (coarse-to-fine volumetric prediction).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace gyre {

// Cells of a volume.
struct VolumeSize {
  int64_t depth = 1, height = 1, width = 1;
};
VolumeSize SizeOf(const at::Tensor& volumes);

// Places [...,3] in cells -> in units of uvd, and back.
at::Tensor UvdFromCells(const at::Tensor& cells, const VolumeSize& size, double depth_m);
at::Tensor CellsFromUvd(const at::Tensor& uvd, const VolumeSize& size, double depth_m);

// The expectation of the place under softmax of the volume: [B,M,3] in cells. Differentiable.
at::Tensor SoftArgmax(const at::Tensor& volumes);

// The best cell, of equals the first: [B,M,3] in cells. No gradient.
at::Tensor HardArgmax(const at::Tensor& volumes);

// The best cell, moved to the mean place around it, in a window of GaussianWindow, under the fourth
// power of what is positive: for volumes that are likelihoods, of which softmax makes little. The
// power keeps the window's edges, which are not the Gaussian's, out of the mean. Differentiable in
// the values.
at::Tensor PeakPlace(const at::Tensor& volumes);

// Cells of a Gaussian target's window along an axis of n cells, an odd number: what a deviation of
// 2 of 64 cells is given, 6 deviations, at any resolution; 1 where cells are coarse. Of 64 cells
// 13, of 32 seven, of 16 five, of 4, 2 and 1 one.
int64_t GaussianWindow(int64_t cells);

// Volumes [B,M,D,H,W] of Gaussians with peak 1 at `cells` [B,M,3], zero outside their windows about
// the nearest cell. The deviation is a quarter of the window, which is what Torch's
// image.gaussian(window) has: 3.25 cells of 64. Where the window is one cell that cell has 1. As
// published at whole cells, but for the slip at the left and top border, where the released code
// moves the peak by one or two cells. Places that are not finite, or far outside, give zeros.
at::Tensor GaussianVolumes(const at::Tensor& cells, const VolumeSize& size);

// Sum over depth in units of what a Gaussian target has there: [B,M,H,W]. Of a target whose depth
// lies inside it is the flat Gaussian.
at::Tensor DepthMarginal(const at::Tensor& volumes);

// Features [B,M,C] of maps [B,C,H,W] at places [B,M,2] in [-1,1] of the crop, bilinear; zero
// outside. At the centre of a cell they are that cell's.
at::Tensor SampleMaps(const at::Tensor& maps, const at::Tensor& places);

}  // namespace gyre
