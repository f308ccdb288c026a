// SPDX-License-Identifier: Apache-2.0
#include "datasets/check.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"

namespace gyre {

namespace {

constexpr double kFarthestPx = 1e6, kFarthestM = 1e4, kLargestParameter = 100;

// Also false for NaN.
template <typename Numbers>
bool Within(const Numbers& numbers, double bound) {
  return (numbers.array().abs() <= bound).all();
}

// Confidences clipped to 1; 0 where they or their points cannot be. Returns how many those are.
template <typename Points>
int LeaveOutPoints(double farthest, Points* points, VecX* confidence) {
  int impossible = 0;
  for (Eigen::Index i = 0; i < confidence->size(); ++i) {
    double& c = (*confidence)[i];
    if (c == 0) continue;
    if (c > 0 && std::isfinite(c) && Within(points->row(i), farthest)) {
      c = std::min(c, 1.0);
      continue;
    }
    points->row(i).setZero();
    c = 0;
    ++impossible;
  }
  return impossible;
}

// The signed width of a pair of joints across the picture, when both are observed.
std::optional<double> Width(const Sample& sample, std::string_view right, std::string_view left) {
  const int r = SpinJoints().IndexOf(right), l = SpinJoints().IndexOf(left);
  const bool seen = sample.keypoints_confidence[r] > 0 && sample.keypoints_confidence[l] > 0;
  if (!seen) return std::nullopt;
  return sample.keypoints_px(l, 0) - sample.keypoints_px(r, 0);
}

bool SidesDisagree(const Sample& sample) {
  constexpr double kWideShare = 0.08;  // of the box's side
  for (const bool openpose : {true, false}) {
    const auto shoulders = openpose ? Width(sample, "OP RShoulder", "OP LShoulder")
                                    : Width(sample, "Right Shoulder", "Left Shoulder");
    const auto hips =
        openpose ? Width(sample, "OP RHip", "OP LHip") : Width(sample, "Right Hip", "Left Hip");
    if (!shoulders || !hips) continue;
    const double wide = kWideShare * sample.box.side_px;
    if (std::min(std::abs(*shoulders), std::abs(*hips)) > wide && *shoulders * *hips < 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

void LeaveOutImpossible(Sample* sample) {
  Sample& s = *sample;
  s.non_finite += LeaveOutPoints(kFarthestPx, &s.keypoints_px, &s.keypoints_confidence);
  if (s.joints3d) {
    s.non_finite += LeaveOutPoints(kFarthestM, &*s.joints3d, &s.joints3d_confidence);
  }
  const double side = s.box.side_px;
  if (side != 0 && !(side >= 1 && side <= kFarthestPx && Within(s.box.center_px, kFarthestPx))) {
    s.box = {};
    ++s.non_finite;
  }
  if (s.camera && !(s.camera->focal_px >= 1 && s.camera->focal_px <= kFarthestPx &&
                    Within(s.camera->center_px, kFarthestPx))) {
    s.camera.reset();
    ++s.non_finite;
  }
  if (!s.params) return;
  if (s.params_have_translation && !Within(s.params->transl(), kFarthestM)) {
    s.params->transl().setZero();
    s.params_have_translation = false;
    ++s.non_finite;
  }
  if (!Within(s.params->pose(), kLargestParameter) || !Within(s.params->betas(), kLargestParameter)) {
    s.params.reset();
    s.params_have_translation = false;
    ++s.non_finite;
  }
}

bool HasBox(const Sample& sample) {
  return sample.box.side_px > 0 && std::isfinite(sample.box.side_px) &&
         sample.box.center_px.allFinite();
}

std::vector<RowProblem> CheckSample(const Sample& sample, const ImageBuffer* image,
                                    const CheckOptions& options) {
  std::vector<RowProblem> problems;
  const auto add = [&](std::string problem) {
    problems.push_back({sample.index, std::move(problem)});
  };
  if (sample.non_finite > 0) {
    add(fmt::format("{} values are not finite or beyond any measure", sample.non_finite));
  }
  if (!HasBox(sample)) {
    add("the box has no size");
    return problems;
  }
  if (!(sample.keypoints_confidence.array() > 0).any() && !sample.params && !sample.joints3d) {
    add("nothing is annotated");
  }
  if (image != nullptr) {
    const double slack = options.outside_share * sample.box.side_px;
    for (int i = 0; i < kNumSpinJoints; ++i) {
      if (!(sample.keypoints_confidence[i] > 0)) continue;
      const Vec2 p = sample.keypoints_px.row(i).transpose();
      const bool outside = p.x() < -slack || p.y() < -slack || p.x() > image->width - 1 + slack ||
                           p.y() > image->height - 1 + slack;
      if (outside) {
        add(fmt::format("{} at ({:.1f}, {:.1f}) is far outside the picture of {} x {}",
                        SpinJoints().joints[i], p.x(), p.y(), image->width, image->height));
      }
    }
  }
  if (options.sides && SidesDisagree(sample)) {
    add("shoulders and hips face opposite ways: left and right may be exchanged");
  }
  return problems;
}

std::vector<RowProblem> CheckDataset(const Dataset& dataset, const CheckOptions& options) {
  std::vector<std::vector<RowProblem>> by_row(dataset.size());
  std::mutex progress_mutex;
  Progress progress("check", "row", dataset.size());
  ParallelFor(dataset.size(), options.threads, [&](int64_t i, int) {
    const Sample sample = dataset.Get(i);
    ImageBuffer image;
    bool has_image = false;
    if (options.read_images) {
      try {
        image = dataset.LoadImage(sample);
        has_image = true;
      } catch (const UserError& error) {
        by_row[i].push_back({sample.index, error.what()});
      }
    }
    for (RowProblem& problem : CheckSample(sample, has_image ? &image : nullptr, options)) {
      by_row[i].push_back(std::move(problem));
    }
    const std::lock_guard lock(progress_mutex);
    progress.Advance();
  });
  std::vector<RowProblem> problems;
  for (auto& row : by_row) {
    for (RowProblem& problem : row) problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace gyre
