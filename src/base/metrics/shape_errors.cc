// SPDX-License-Identifier: Apache-2.0
#include "metrics/shape_errors.h"

#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

constexpr const char* kWaist = "Spine1";

}  // namespace

bool HasWaist(const BodyModel& body) { return body.layout->IndexOf(kWaist) >= 0; }

double SectionLength(const Points3& vertices, const Faces& faces, double height) {
  double length = 0;
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    Vec3 ends[2];
    int count = 0;
    for (int i = 0; i < 3; ++i) {
      const Vec3 a = vertices.row(faces(f, i)), b = vertices.row(faces(f, (i + 1) % 3));
      // A vertex on the plane counts as above it, so that a loop passes it once.
      if ((a.y() < height) == (b.y() < height)) continue;
      ends[count++] = a + (height - a.y()) / (b.y() - a.y()) * (b - a);
    }
    if (count == 2) length += (ends[1] - ends[0]).norm();
  }
  return length;
}

ShapeMeasures MeasureShape(const BodyModel& body, const Eigen::Ref<const VecX>& shape) {
  if (!HasWaist(body)) {
    ThrowUserError(
        "{}: has no joint {}, at whose height the waist is measured; choose a --body of "
        "SMPL's layout",
        body.name, kWaist);
  }
  ShapeMeasures measures;
  const VecX moved = body.shapedirs * shape;
  measures.tpose = body.v_template + Eigen::Map<const Points3>(moved.data(), moved.size() / 3, 3);
  const Points3 joints = body.J_regressor * measures.tpose;
  const double waist_m = joints(body.layout->IndexOf(kWaist), 1);
  measures.girth_m = SectionLength(measures.tpose, body.faces, waist_m);
  measures.height_m = measures.tpose.col(1).maxCoeff() - measures.tpose.col(1).minCoeff();
  measures.tpose.rowwise() -= joints.row(0).eval();
  return measures;
}

ShapeErrors ErrorsOf(const ShapeMeasures& shape, const ShapeMeasures& truth) {
  GYRE_CHECK(shape.tpose.rows() == truth.tpose.rows());
  constexpr double kMm = 1000;
  return {kMm * (shape.tpose - truth.tpose).rowwise().norm().mean(),
          kMm * std::abs(shape.height_m - truth.height_m),
          kMm * std::abs(shape.girth_m - truth.girth_m)};
}

}  // namespace gyre
