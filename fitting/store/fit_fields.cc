// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_fields.h"

#include "core/error.h"

namespace gyre {
namespace {

const char* ShapeText(FieldShape shape) {
  switch (shape) {
    case FieldShape::kOne:
      return "N";
    case FieldShape::kTwo:
      return "N x 2";
    case FieldShape::kThree:
      return "N x 3";
    case FieldShape::kPose:
      return "N x 3J";
    case FieldShape::kJoints:
      return "N x J";
    case FieldShape::kBetas:
      return "N x B";
    case FieldShape::kExpression:
      return "N x E";
    case FieldShape::kKeypoints:
      return "N x K";
  }
  return "?";
}

}  // namespace

int FieldWidth(FieldShape shape, const FitLayout& layout) {
  switch (shape) {
    case FieldShape::kOne:
      return 1;
    case FieldShape::kTwo:
      return 2;
    case FieldShape::kThree:
      return 3;
    case FieldShape::kPose:
      return 3 * layout.num_joints();
    case FieldShape::kJoints:
      return layout.num_joints();
    case FieldShape::kBetas:
      return layout.num_betas;
    case FieldShape::kExpression:
      return layout.num_expression;
    case FieldShape::kKeypoints:
      break;
  }
  GYRE_CHECK(false, "a stored fit has no keypoints");
  return 0;
}

std::vector<FitField> FitFields() {
  std::vector<FitField> fields;
  ForEachFitField([&](const FitField& field, const auto&) { fields.push_back(field); });
  return fields;
}

std::string TableRow(const FieldDoc& field) {
  return fmt::format("| `{}` | {} | {} | {} |\n", field.key, ShapeText(field.shape), field.unit,
                     field.what);
}

}  // namespace gyre
