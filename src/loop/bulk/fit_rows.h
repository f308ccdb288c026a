// SPDX-License-Identifier: Apache-2.0
// The result of `gyre fit`: one row per person, in a journal while the work lasts and in an .npz at
// its end (the columns are in the README).
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "body/joints.h"
#include "fitting/fit_problem.h"
#include "fitting/store/fit_fields.h"
#include "io/journal.h"
#include "loop/bulk/person_source.h"
#include "metrics/meter.h"

namespace gyre {

struct FitRow {
  int64_t index = 0;  // of the person in the whole input
  BodyParams params;  // NaN, as the other numbers of the fit, unless usable
  Camera camera;
  double pixel_scale = 1;  // pixels of the 224 px reference crop per pixel of the image
  double reprojection_px;
  double score_px2;
  VecX joint_error_px;  // of each keypoint
  // FitUncertainty, and the body stage's objective of the fit and of its runner-up (NaN: none).
  VecX depth_sd_m, rotation_sd_rad;  // of each of the body's joints
  double objective, runner_up_objective;
  VecX runner_up_pose;
  bool usable = false;
  std::string reason;
  std::string source_file, image;
  int64_t person = 0, id = 0;
  std::string image_path;  // not in the .npz

  // No fit, of a body of the layout to so many keypoints: what rows of a run are like.
  FitRow(const BodyLayout& body, int num_keypoints);
  FitRow(const BodyLayout& body, int64_t index, const FitInput& input, const FitResult& result);
};

// What the documentation says of the columns of an .npz.
std::vector<FieldDoc> RowFields();

std::string EncodeRow(const FitRow& row);
// `like`: of the same body and keypoints.
FitRow DecodeRow(const std::string& record, const FitRow& like);

// What made the rows: data set, options, models, shard. Rows of equal runs are equal.
using FitRun = nlohmann::json;

// A description as this gyre would have written it: with the options that an older one left out, as
// what it did. Anything that is no description stays as it is.
FitRun Completed(FitRun run);
// What differs first between two runs, "fit.sigma_px was 100 and is 50"; empty when nothing does.
std::string DifferenceOf(const FitRun& was, const FitRun& is);

// Writes the rows of a journal as .npz, with memory for a block of them. `like`: see DecodeRow.
void WriteFits(const Journal& journal, const FitRow& like, const FitRun& run,
               const std::filesystem::path& path);
// The run of an .npz, completed, or UserError.
FitRun ReadRun(const std::filesystem::path& path);
// Puts the results of all shards together: the file that one run would have written. UserError when
// they are of different runs, overlap or leave persons out.
void JoinFits(std::vector<std::filesystem::path> shards, const std::filesystem::path& path);

struct FitStatistics {
  int64_t persons = 0, usable = 0;
  std::map<std::string, int64_t> refused;  // by reason
  Meter reprojection_px;                   // of the usable
  Meter reprojection_crop_px;              // in the 224 px reference crop
};
FitStatistics ReadStatistics(const std::filesystem::path& path);

}  // namespace gyre
