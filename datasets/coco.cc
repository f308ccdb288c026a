// SPDX-License-Identifier: Apache-2.0
#include "datasets/coco.h"

#include "core/error.h"
#include "datasets/check.h"
#include "io/keypoints_json.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

// Keypoints and box of one person; false when there are too few keypoints.
bool FillPerson(const KeypointPerson& person, const CocoOptions& options, Sample* sample) {
  const KeypointPlacer placer(FindKeypointSet(person.skeleton));
  placer.Place(person.keypoints.leftCols<2>(), person.keypoints.col(2), sample);
  const auto observed = (sample->keypoints_confidence.array() > 0).count();
  if (observed < options.min_keypoints) return false;
  if (options.box_from_bbox && person.bbox) {
    const Eigen::Vector4d& b = *person.bbox;
    // The bbox bounds the pixels from edge to edge; pixel centres are at integers.
    sample->box.center_px = b.head<2>() + 0.5 * b.tail<2>() - Vec2::Constant(0.5);
    sample->box.side_px = options.box_margin * b.tail<2>().maxCoeff();
  } else if (const auto box = BoxAroundPoints(sample->keypoints_px, sample->keypoints_confidence,
                                              options.box_margin)) {
    sample->box = *box;
  }
  LeaveOutImpossible(sample);
  return true;
}

}  // namespace

void ReadCoco(const fs::path& json, const fs::path& images, const CocoOptions& options,
              const std::string& name, const SampleSink& sink) {
  int64_t row = 0;
  ForEachCocoPerson(json, [&](const KeypointPerson& person) {
    Sample sample;
    sample.dataset = name;
    sample.index = row++;
    if (person.crowd) return;
    const std::string what = fmt::format("{}: annotation {}", json.string(), person.id);
    sample.image_path = PathInFolder(images, person.image, what).string();
    if (FillPerson(person, options, &sample)) sink(std::move(sample));
  });
}

void ReadOpenPose(const fs::path& dir, const fs::path& images, const CocoOptions& options,
                  const std::string& name, const SampleSink& sink) {
  int64_t row = 0;
  ForEachOpenPoseFrame(dir, [&](const OpenPoseFrame& frame) {
    std::error_code ignored;
    const bool is_png = fs::exists(images / (frame.name + ".png"), ignored);
    const std::string file = frame.name + (is_png ? ".png" : ".jpg");
    for (const KeypointPerson& person : frame.people) {
      Sample sample;
      sample.dataset = name;
      sample.index = row++;
      sample.image_path = (images / file).string();
      if (FillPerson(person, options, &sample)) sink(std::move(sample));
    }
  });
}

}  // namespace gyre
