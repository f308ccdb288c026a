// SPDX-License-Identifier: Apache-2.0
// COCO person keypoints (Lin et al. 2014): one JSON file with images, annotations, categories. Each
// person has 17 joints ("coco17") as x, y, v; v = 0 not labelled, 1 labelled but hidden, 2 visible.
// Pixels count from 0.
//
// COCO-WholeBody (Jin et al. 2020) adds foot_kpts [6], face_kpts [68], lefthand_kpts [21] and
// righthand_kpts [21], x, y, v each with v > 0 labelled. They are read where the persons' set holds
// such points by name ("coco_wholebody133", "openpose135", "halpe26"), but not into SPIN's 49,
// whose COCO has no feet.
#pragma once

#include <filesystem>

#include "datasets/readers/row_reader.h"

namespace gyre {

struct CocoOptions : ReaderOptions {
  bool box_from_bbox = false;  // else from the keypoints
  bool crowds = false;         // also groups that were not separated (iscrowd)
};

// Rows (Person::index) count the file's annotations, from 0, in file order; memory for one and for
// the names of all images. A flag v > 0 becomes confidence 1. UserError names annotation and key.
void ReadCoco(const std::filesystem::path& json, const CocoOptions& options,
              const PersonSink& sink);

}  // namespace gyre
