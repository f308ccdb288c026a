// SPDX-License-Identifier: Apache-2.0
// COCO person keypoints (Lin et al. 2014) as it and others write them. Pixels count from 0.
//
// Annotations: one JSON file with images, annotations, categories. Each person has joints as x, y,
// v; v = 0 not labelled, 1 labelled but hidden, 2 visible; between them a confidence. Which joint
// is which the names in categories[].keypoints say (joint_names.h), in any order and number;
// without names they are COCO's 17 ("coco17"), Halpe's 26 or 136 or COCO-WholeBody's 133, by their
// number.
// Annotations of other categories and those without keypoints are passed over.
//
// Results, as detectors write them: a list of {image_id, category_id, keypoints, score}, image_id
// the name of the picture or its number (785: 000000000785.jpg, or 785.jpg where only that is
// there), or left out in a file of one picture, which is called as the file; the third numbers
// confidences. Annotations with a score have confidences too. Joints may be listed one by one
// (listed_joints.h).
//
// COCO-WholeBody (Jin et al. 2020) adds foot_kpts [6], face_kpts [68], lefthand_kpts [21] and
// righthand_kpts [21], x, y and a confidence each, which do not count where foot_valid,
// lefthand_valid, ... say so. They are read where the persons' set holds such points by name
// ("coco_wholebody133", "openpose135", "halpe26"), but not into SPIN's 49, whose COCO has no feet.
#pragma once

#include <filesystem>

#include "datasets/readers/row_reader.h"

namespace gyre {

struct CocoOptions : ReaderOptions {
  bool box_from_bbox = false;  // else from the keypoints
  bool crowds = false;         // also groups that were not separated (iscrowd)
  bool boxes = false;    // also people with a `bbox` and no keypoints, of whom none is observed
  double min_score = 0;  // of detectors' results; people below it are left out
};

// Rows (Person::index) count the file's annotations, from 0, in file order; memory for one and for
// the names of all images. An annotation that cannot be read is left out and told through
// ReaderOptions::left_out. UserError when there are annotations and none can be read.
void ReadCoco(const std::filesystem::path& json, const CocoOptions& options,
              const PersonSink& sink);

}  // namespace gyre
