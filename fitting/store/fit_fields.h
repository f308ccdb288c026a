// SPDX-License-Identifier: Apache-2.0
// The fields of a stored fit: the one list that its record (fit_record.h), the export
// (fit_exchange.h), what is sound and what is equal, and the documentation are made from. A new
// field is a member of StoredFit and an entry here.
#pragma once

#include <string>
#include <vector>

#include "core/enum_names.h"
#include "fitting/store/fit_layout.h"
#include "io/ndarray.h"

namespace gyre {

// How many numbers a field is: of a body with J joints, B betas and E of expression, and K
// keypoints. A covariance is 3 x 3.
enum class FieldShape {
  kOne,
  kTwo,
  kThree,
  kPose,
  kJoints,
  kBetas,
  kExpression,
  kKeypoints,
  kJointCovariances,
  // Not of a row: of the file, names of J joints, lines of text.
  kFile,
  kJointNames,
  kLines
};

template <>
struct EnumNames<FieldShape> {
  static constexpr NameOf<FieldShape> kAll[] = {{FieldShape::kOne, "N"},
                                                {FieldShape::kTwo, "N x 2"},
                                                {FieldShape::kThree, "N x 3"},
                                                {FieldShape::kPose, "N x 3J"},
                                                {FieldShape::kJoints, "N x J"},
                                                {FieldShape::kBetas, "N x B"},
                                                {FieldShape::kExpression, "N x E"},
                                                {FieldShape::kKeypoints, "N x K"},
                                                {FieldShape::kJointCovariances, "N x J x 3 x 3"},
                                                {FieldShape::kFile, "1"},
                                                {FieldShape::kJointNames, "J"},
                                                {FieldShape::kLines, "lines"}};
};

// What its numbers can be.
enum class FieldRule {
  kAny,
  kFinite,
  kPositive,     // and finite
  kNotNegative,  // and finite
  kNumber,       // or infinite
  kSource        // of FitSource
};

// What the documentation says of a field.
struct FieldDoc {
  const char* key;
  FieldShape shape;
  const char* unit;
  const char* what;
};

struct FitField : FieldDoc {
  constexpr FitField(const FieldDoc& doc, DType record, DType column, FieldRule rule,
                     bool in_all_exports = true)
      : FieldDoc(doc), record(record), column(column), rule(rule), in_all_exports(in_all_exports) {}

  DType record;  // type of its numbers in a record
  DType column;  // and in a column of an .npz
  FieldRule rule;
  bool in_all_exports;  // false: exports of older versions lack it, all zero
};

// From kKeypoints on they are no fields of a stored fit.
int FieldWidth(FieldShape shape, const FitLayout& layout);

// Of what stores, exports and `gyre fit` all have.
inline constexpr FieldDoc kObservedDoc = {"observed_joints", FieldShape::kOne, "",
                                          "how many keypoints there were"};
inline constexpr FieldDoc kSourceDoc = {
    "source", FieldShape::kOne, "",
    "0 a network's word, 1 initial fit or `gyre fit`, 2 found in the loop, 3 truth, "
    "4 by a mask, too"};
inline constexpr FieldDoc kStepDoc = {"step", FieldShape::kOne, "",
                                      "the training step that found it"};
inline constexpr FieldDoc kPosePriorDoc = {
    "pose_prior", FieldShape::kOne, "1",
    "how implausible the pose is: the prior's energy, without weight"};
inline constexpr FieldDoc kRobustDoc = {
    "robust_px2", FieldShape::kOne, "px^2",
    "robust error per observed joint in the 224 px crop, of `fit.sigma_px`: what "
    "`store.accept_px2` bounds (but for the rules spin and guarded); 0: not kept by an older gyre"};

// Calls visit(field, get) for the fields of whatever has `params` and `camera`, numbers of `type`:
// get(fit) is the fit's number or vector, to be read or written.
template <typename Visit>
void ForEachBodyField(DType type, Visit&& visit) {
  using enum FieldShape;
  using enum FieldRule;
  visit(FitField({"pose", kPose, "rad", "axis-angle of the body's joints, root first"}, type, type,
                 kFinite),
        [](auto& fit) { return fit.params.pose(); });
  visit(FitField({"betas", kBetas, "1", "shape"}, type, type, kFinite),
        [](auto& fit) { return fit.params.betas(); });
  visit(FitField({"expression", kExpression, "1", "of the face; only of bodies that have it"}, type,
                 type, kFinite),
        [](auto& fit) { return fit.params.expression(); });
  visit(FitField({"transl", kThree, "m",
                  "cam_from_body: posed point + transl is in the camera (x right, y down, z "
                  "forward)"},
                 type, type, kFinite),
        [](auto& fit) { return fit.params.transl(); });
  visit(
      FitField({"focal_px", kOne, "px",
                "focal length of the camera: `gyre fit` the whole image's, an export the crop's"},
               type, type, kPositive),
      [](auto& fit) -> auto& { return fit.camera.focal_px; });
  visit(
      FitField({"center_px", kTwo, "px", "its principal point x, y; pixel centres at integers"},
               type, type, kFinite),
      [](auto& fit) -> auto& { return fit.camera.center_px; });
}

// The same for the field of whatever has `rotation_sd_rad`.
template <typename Visit>
void ForRotationSd(DType type, Visit&& visit) {
  visit(
      FitField({"rotation_sd_rad", FieldShape::kJoints, "rad",
                "one standard deviation of each joint's rotation vector; not estimated: 0 in a "
                "run's fits, NaN in those of `gyre fit`"},
               type, type, FieldRule::kNotNegative,
               /*in_all_exports=*/false),
      [](auto& fit) -> auto& { return fit.rotation_sd_rad; });
}

// Every field of a StoredFit, in the order of a record.
template <typename Visit>
void ForEachFitField(Visit&& visit) {
  using enum DType;
  using enum FieldShape;
  using enum FieldRule;
  visit(
      FitField(kObservedDoc, kInt16, kInt64, kAny),
      [](auto& fit) -> auto& { return fit.observed_joints; });
  visit(
      FitField(kSourceDoc, kInt8, kInt8, kSource), [](auto& fit) -> auto& { return fit.source; });
  visit(
      FitField(kStepDoc, kInt64, kInt64, kAny), [](auto& fit) -> auto& { return fit.step; });
  visit(
      FitField({"score_px2", kOne, "px^2",
                "what `store.rule` compares, lower is better: by default the fitter's objective "
                "per observed joint; `store.accept_px2` bounds it with the rules spin and guarded "
                "alone; "
                "infinite: not scored"},
               kFloat64, kFloat64, kNumber),
      [](auto& fit) -> auto& { return fit.score_px2; });
  visit(
      FitField(kPosePriorDoc, kFloat64, kFloat64, kFinite),
      [](auto& fit) -> auto& { return fit.pose_prior; });
  ForEachBodyField(kFloat32, visit);
  ForRotationSd(kFloat32, visit);
  visit(
      FitField(kRobustDoc, kFloat32, kFloat32, kNumber,
               /*in_all_exports=*/false),
      [](auto& fit) -> auto& { return fit.robust_px2; });
}

std::vector<FitField> FitFields();

// A row of a table in Markdown: | key | shape | unit | what |
std::string TableRow(const FieldDoc& field);

}  // namespace gyre
