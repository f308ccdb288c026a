// SPDX-License-Identifier: Apache-2.0
#include "datasets/check.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "body/anatomy.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "datasets/person_picture.h"

namespace gyre {

namespace {

// The signed width of a pair of joints across the picture, when both are observed.
std::optional<double> Width(const Person& person, std::string_view right, std::string_view left) {
  const Keypoints& keypoints = person.keypoints;
  const int r = keypoints.set->IndexOf(right), l = keypoints.set->IndexOf(left);
  const bool seen = r >= 0 && l >= 0 && keypoints.Observed(r) && keypoints.Observed(l);
  if (!seen) return std::nullopt;
  return keypoints.px(l, 0) - keypoints.px(r, 0);
}

bool SidesDisagree(const Person& person) {
  constexpr double kWideShare = 0.08;  // of the box's side
  for (const auto& torso : {kOpenPoseTorso, kAnnotatedTorso}) {
    const auto hips = Width(person, torso[0], torso[1]);
    const auto shoulders = Width(person, torso[2], torso[3]);
    if (!shoulders || !hips) continue;
    const double wide = kWideShare * person.box.side_px;
    if (std::min(std::abs(*shoulders), std::abs(*hips)) > wide && *shoulders * *hips < 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string NoPixelsText() {
  return "all keypoints lie within 0..1 or -1..1, which are no pixels: OpenPose writes such with "
         "--keypoint_scale 3 or 4; run it without, or scale them (--keypoints-of 1x1, "
         "SPEC?keypoints_of=1x1)";
}

std::vector<RowProblem> CheckPerson(const Person& person, const ImageBuffer* image,
                                    const CheckOptions& options) {
  std::vector<RowProblem> problems;
  const auto add = [&](std::string problem) {
    problems.push_back({person.index, std::move(problem)});
  };
  if (AreNoPixels(person.keypoints.px, person.keypoints.confidence)) {
    add(NoPixelsText());
    return problems;
  }
  if (person.non_finite > 0) {
    add(fmt::format("{} values are not finite or far beyond all else", person.non_finite));
  }
  if (!HasBox(person)) {
    add("the box has no size");
    return problems;
  }
  if (person.keypoints.NumObserved() == 0 && !person.params && !person.joints3d) {
    add("nothing is annotated");
  }
  const std::string of_picture =
      image != nullptr ? PictureProblem(person, {{}, image->width, image->height}) : "";
  if (!of_picture.empty()) {
    add(of_picture);
  } else if (image != nullptr) {
    const double slack = options.outside_share * person.box.side_px;
    const Keypoints& keypoints = person.keypoints;
    for (int i = 0; i < keypoints.size(); ++i) {
      if (!keypoints.Observed(i)) continue;
      const Vec2 p = keypoints.px.row(i).transpose();
      const bool outside = p.x() < -slack || p.y() < -slack || p.x() > image->width - 1 + slack ||
                           p.y() > image->height - 1 + slack;
      if (outside) {
        add(fmt::format("{} at ({:.1f}, {:.1f}) is far outside the picture of {} x {}",
                        keypoints.set->joints[i], p.x(), p.y(), image->width, image->height));
      }
    }
  }
  if (options.sides && SidesDisagree(person)) {
    add("shoulders and hips face opposite ways: left and right may be exchanged");
  }
  return problems;
}

std::vector<RowProblem> CheckDataset(const Dataset& dataset, const CheckOptions& options) {
  std::vector<std::vector<RowProblem>> by_row(dataset.size());
  std::mutex progress_mutex;
  Progress progress("check", "row", dataset.size());
  ParallelFor(dataset.size(), options.threads, [&](int64_t i, int) {
    const Person person = dataset.Get(i);
    ImageBuffer image;
    bool has_image = false;
    if (options.read_images) {
      try {
        image = dataset.LoadImage(person);
        has_image = true;
      } catch (const UserError& error) {
        by_row[i].push_back({person.index, error.what()});
      }
    }
    for (RowProblem& problem : CheckPerson(person, has_image ? &image : nullptr, options)) {
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
