// SPDX-License-Identifier: Apache-2.0
// COCO person keypoints (Lin et al. 2014): one JSON file with images, annotations, categories. Each
// person has 17 joints ("coco17") as x, y, v; v = 0 not labelled, 1 labelled but hidden, 2 visible.
// Crowds are left out. Pixels count from 0.
#pragma once

#include <filesystem>
#include <string>

#include "datasets/image_folder.h"

namespace gyre {

struct CocoOptions {
  int min_keypoints = 6;       // SPIN takes persons with 12
  bool box_from_bbox = false;  // else from the keypoints
  double box_margin = 1.2;
};

// Row numbers (Sample::index) count the file's annotations, from 0.
void ReadCoco(const std::filesystem::path& json, const std::filesystem::path& images,
              const CocoOptions& options, const std::string& name, const SampleSink& sink);

// A folder of OpenPose's files NAME_keypoints.json with pictures NAME.jpg or .png in `images`:
// BODY_25 with the detector's confidences, every person a row; boxes from the keypoints.
void ReadOpenPose(const std::filesystem::path& dir, const std::filesystem::path& images,
                  const CocoOptions& options, const std::string& name, const SampleSink& sink);

}  // namespace gyre
