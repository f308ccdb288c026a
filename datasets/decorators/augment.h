// SPDX-License-Identifier: Apache-2.0
// Augmentation: a draw of flip, turn, scale and colour gains, and what it does to pictures.
// Everything follows one map, CropMap (core/camera.h), at sub-pixel precision; what it does to
// keypoints and 3D joints is in person/crops.h, to bodies and cameras in body/symmetry.h
// (BodyInCrop, CameraInCrop).
#pragma once

#include <array>
#include <vector>

#include "core/camera.h"
#include "core/option_fields.h"
#include "core/rng.h"
#include "datasets/dataset.h"

namespace gyre {

// The defaults are SPIN's (Kolotouros et al. 2019; their data set code).
struct AugmentOptions {
  double flip_probability = 0.5;
  double rotation_sigma_deg = 30;
  double rotation_max_deg = 60;
  double rotation_zero_probability = 0.6;
  // Of the box's side: N(1, sigma) clipped to [1 - sigma, 1 + sigma].
  double scale_sigma = 0.25;
  // Each colour channel is multiplied by 1 + U(-g, g) and clipped to 255.
  double gain_range = 0.4;
  // Occlusion by grey-to-coloured rectangles, off by default. A rectangle is centred on an
  // observed keypoint (or anywhere when none is), with sides of these shares of the crop.
  double occlusion_probability = 0;
  double occlusion_side_min = 0.08;
  double occlusion_side_max = 0.3;
  // Cut-off frames, off by default: as if the picture ended before one side of the box, by up to
  // this share of its side. Keypoints stay: where the person goes on is to be guessed.
  double cutoff_probability = 0;
  double cutoff_max = 0.4;

  // UserError names the field and both values.
  void Check() const;
  static AugmentOptions None();
};

template <OptionsOf<AugmentOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("flip_probability", o.flip_probability, "Share of mirrored samples");
  visit("rotation_sigma_deg", o.rotation_sigma_deg, "Spread of the turn");
  visit("rotation_max_deg", o.rotation_max_deg, "Largest turn");
  visit("rotation_zero_probability", o.rotation_zero_probability, "Share not turned");
  visit("scale_sigma", o.scale_sigma, "Spread and largest change of the box");
  visit("gain_range", o.gain_range, "Largest change of a colour channel");
  visit("occlusion_probability", o.occlusion_probability, "Share with a rectangle in front");
  visit("occlusion_side_min", o.occlusion_side_min, "Smallest rectangle, share of the crop");
  visit("occlusion_side_max", o.occlusion_side_max, "Largest rectangle, share of the crop");
  visit("cutoff_probability", o.cutoff_probability, "Share whose picture ends within the box");
  visit("cutoff_max", o.cutoff_max, "Most that is cut off, share of the box");
}

struct Augmentation {
  bool flip = false;
  double rotation_rad = 0;
  double scale = 1;
  std::array<double, 3> gains{1, 1, 1};  // blue, green, red
  // Filled rectangles, placed in the un-augmented box: shares of its side, from its centre, so that
  // the box is [-0.5, 0.5]^2. Black beyond a frame's end.
  struct Occluder {
    Vec2 center = Vec2::Zero();
    Vec2 half_size = Vec2::Zero();
    std::array<uint8_t, 3> color{};
  };
  std::vector<Occluder> occluders;
};

// The draw for one sample. The number of random numbers used does not depend on the options, except
// for occlusion and what is cut off.
Augmentation DrawAugmentation(const AugmentOptions& options, const Person& person, Rng& rng);

// The crop of a box under an augmentation: the scaled box, turned and mirrored.
CropMap CropOf(const Box& box, int size_px, const Augmentation& augmentation);

// The picture in the crop [size,size,3] BGR, written to `pixels`: one bilinear warp (averaging over
// areas first where the crop is much smaller than the box), zero outside the image, then occluders,
// then gains.
void WarpToCrop(const ImageBuffer& image, const CropMap& crop, const Augmentation& augmentation,
                uint8_t* pixels);

}  // namespace gyre
