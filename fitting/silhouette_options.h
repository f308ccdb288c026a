// SPDX-License-Identifier: Apache-2.0
// How fits take masks (silhouette_fitter.h).
#pragma once

#include "core/option_fields.h"

namespace gyre {

struct SilhouetteOptions {
  // Of a point of the contour, to a sure keypoint's: they are many, and neighbours err alike.
  double weight = 1;
  // The weight grows, to four times as much, as the median of what matches are off falls below
  // this, pixels of the crop: then mask and body say the same, and the mask is sharp. 0: it stays.
  double edge_px = 0.5;
  // Beside a mask, which says what the shape is, the fit's own weight of its norm is too much.
  double shape_prior_weight = 2.5;
  // Of Geman-McClure, pixels of the 224 px crop: what is farther off is another thing's border.
  double sigma_px = 8;
  double spacing_px = 3;  // of points on the contour, pixels of the crop
  // How far from the contour its match on the outline may be, pixels of the crop.
  double match_px = 20;
  int rounds = 5;
  int max_iterations = 8;  // of each round
  int vertices = 400;      // that have to lie inside, spread over the body
  // What the mask leaves out of the keypoints' body in one piece is not known where it lies this
  // far outside, pixels of the crop (hidden_parts.h); 0: it is known not to be there.
  double hidden_px = 8;
  // A mask that has less than this in common with the body of the keypoints' fit (intersection over
  // union) is taken for another person's.
  double min_overlap = 0.2;

  // Throws UserError naming the field and its value.
  void Check() const;
};

template <OptionsOf<SilhouetteOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("weight", o.weight, "Weight of a point of the contour, to a sure keypoint's");
  visit("edge_px", o.edge_px, "Median miss below which that grows, up to 4 times, 224 px crop");
  visit("shape_prior_weight", o.shape_prior_weight,
        "Of the shape's norm beside masks, where the fit's is larger");
  visit("sigma_px", o.sigma_px, "Geman-McClure's scale, pixels of the 224 px crop");
  visit("spacing_px", o.spacing_px, "Between points on the contour, 224 px crop");
  visit("match_px", o.match_px, "The farthest that contour and outline match, 224 px crop");
  visit("rounds", o.rounds, "How often contour and outline are matched");
  visit("max_iterations", o.max_iterations, "Iterations of a round");
  visit("vertices", o.vertices, "Of the body, that have to lie inside");
  visit("hidden_px", o.hidden_px,
        "Parts of the body so far outside are hidden, 224 px crop (0: none)");
  visit("min_overlap", o.min_overlap, "Masks that have less in common with the body are not used");
}

}  // namespace gyre
