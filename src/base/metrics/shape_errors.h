// SPDX-License-Identifier: Apache-2.0
// How well a body's shape is known, whatever its pose: measured on the T-pose that the shape alone
// gives, in its own scale.
#pragma once

#include "body/body_model.h"
#include "core/types.h"

namespace gyre {

struct ShapeMeasures {
  Points3 tpose;        // [V,3], metres, the pelvis (joint 0) at the origin
  double height_m = 0;  // from the lowest to the highest vertex
  // Perimeter of the horizontal section at the height of the joint Spine1, a hand's breadth above
  // the hips: the sum of the lengths in which faces meet that plane, all of its loops together.
  double girth_m = 0;
};

bool HasWaist(const BodyModel& body);  // a joint Spine1

// `shape` [S]: BodyParams::shape(). UserError names the body where it has no waist.
ShapeMeasures MeasureShape(const BodyModel& body, const Eigen::Ref<const VecX>& shape);

// Perimeter of the section of a surface [V,3], [F,3] by the plane y = height: the sum over faces.
double SectionLength(const Points3& vertices, const Faces& faces, double height);

struct ShapeErrors {
  double tpose_mm = 0;   // mean distance of the vertices
  double height_mm = 0;  // absolute differences
  double girth_mm = 0;
};
ShapeErrors ErrorsOf(const ShapeMeasures& shape, const ShapeMeasures& truth);

}  // namespace gyre
