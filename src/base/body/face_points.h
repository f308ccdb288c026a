// SPDX-License-Identifier: Apache-2.0
// iBUG's points of a face, and its outline, on the skin of a body that has a face.
#pragma once

#include <array>
#include <vector>

#include "body/body_model.h"

namespace gyre {

// Which skin a body's head has.
struct FaceSkin {
  const Faces& faces;         // [F,3]
  const SparseRows& weights;  // [V,J]
  const BodyLayout& layout;   // with Head, Jaw and L_Eye
};

// A place on the front of a face, millimetres to the person's left and up.
struct FacePlace {
  double x, y;
};
// What the person has on the right and in the middle of iBUG's points 17 to 67, in their order.
struct FacePlaces {
  std::array<FacePlace, 5> brow;
  std::array<FacePlace, 7> nose;
  std::array<FacePlace, 6> eye;  // outer corner, upper lid, inner corner, lower lid
  std::array<FacePlace, 4> upper_lip;
  std::array<FacePlace, 3> lower_lip;
  std::array<FacePlace, 3> inner_upper_lip;
  std::array<FacePlace, 2> inner_lower_lip;
};

// All 51, the left ones mirrored.
std::vector<FacePlace> AllFacePlaces(const FacePlaces& places);

// The foremost skin at these places [51]; fewer when there is none at the next one.
std::vector<SurfacePoint> FacePointsAt(const FaceSkin& skin, const Points3& vertices,
                                       const FacePlaces& places);

// The outline of the face in front of the ears, seen from the front while the head is turned as the
// rows of BodyModel::contour say. `vertices` [V,3], `joints` [J,3]: the body in the T-pose.
std::vector<std::array<SurfacePoint, kNumContourPoints>> FaceContour(const FaceSkin& skin,
                                                                     const Points3& vertices,
                                                                     const Points3& joints);

}  // namespace gyre
