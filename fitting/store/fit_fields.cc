// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_fields.h"

#include "core/error.h"

namespace gyre {

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
    case FieldShape::kJointCovariances:
    case FieldShape::kFile:
    case FieldShape::kJointNames:
    case FieldShape::kLines:
      break;
  }
  GYRE_CHECK(false, "no field of a stored fit is \"{}\"", EnumName(shape));
  return 0;
}

std::vector<FitField> FitFields() {
  std::vector<FitField> fields;
  ForEachFitField([&](const FitField& field, const auto&) { fields.push_back(field); });
  return fields;
}

std::string TableRow(const FieldDoc& field) {
  return fmt::format("| `{}` | {} | {} | {} |\n", field.key, EnumName(field.shape), field.unit,
                     field.what);
}

}  // namespace gyre
