// SPDX-License-Identifier: Apache-2.0
// A row of `gyre fit`'s result, one per person: a record of the journal while the work lasts, and
// at its end a place in every column of the .npz (fit_table.h; the columns are in docs/outputs.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "body/joints.h"
#include "fitting/fit_problem.h"
#include "fitting/store/fit_fields.h"
#include "fitting/store/fit_subject.h"
#include "io/ndarray.h"
#include "loop/bulk/person_source.h"

namespace gyre {

struct FitRow : FitSubject {
  int64_t index = 0;  // of the person in the whole input
  BodyParams params;  // NaN, as the other numbers of the fit, unless usable
  double reprojection_px;
  double score_px2;
  VecX joint_error_px;  // of each keypoint
  // FitUncertainty, and the body stage's objective of the fit and of its runner-up (NaN: none).
  VecX depth_sd_m, rotation_sd_rad;  // of each of the body's joints
  double objective, runner_up_objective;
  VecX runner_up_pose;
  bool usable = false;
  std::string reason;
  std::string image_path;  // not in the .npz
  // FitUncertainty's, row by row; NaN in journals of an older version. [9J]
  VecX joint_cov_m2;
  // As of a stored fit (fitting/store/stored_fit.h); of a FitSource.
  int64_t observed_joints = 0, source = 0, step = 0;
  double pose_prior, robust_px2;
  double quality;  // fitting/quality.h; to be set, NaN until then
  int64_t track = -1, frame = -1;  // of a video; -1: of none

  // No fit, of a body of the layout to so many keypoints: what rows of a run are like.
  FitRow(const BodyLayout& body, int num_keypoints);
  FitRow(const BodyLayout& body, int64_t index, const FitInput& input, const FitResult& result);
  // A body that nobody fitted, a network's: usable, and not scored. `params` in the camera frame of
  // the input's image.
  FitRow(const BodyLayout& body, int64_t index, const FitInput& input, const BodyParams& params);

  Mat3 JointCovariance(int joint) const;

 private:
  void SetInput(int64_t index, const FitInput& input);
};

// Who the row is of, in the camera of the problem.
FitSubject SubjectOf(const FitInput& input);

// What the documentation says of the columns of an .npz.
std::vector<FieldDoc> RowFields();

struct RowColumn {
  std::string_view key;
  DType dtype;
  std::vector<int64_t> row_shape;  // of one row's values

  // Its bytes in a row, or the text.
  std::string_view ValueOf(const FitRow& row) const;
};
// Of rows like this one; what its body has none of is no column, nor are track and frame where it
// has none.
std::vector<RowColumn> ColumnsOf(const FitRow& like);

std::string EncodeRow(const FitRow& row);
// `like`: of the same body and keypoints.
FitRow DecodeRow(const std::string& record, const FitRow& like);

}  // namespace gyre
