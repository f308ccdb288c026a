// SPDX-License-Identifier: Apache-2.0
// Keypoints in a CSV file, the format to bring your own annotations in. The first line names the
// columns, in any order:
//   file                      picture, relative to the picture folder
//   split                     optional: rows are chosen by `split=train`
//   JOINT_x, JOINT_y          pixels, centres at integers, from 0
//   JOINT_v                   optional: 0 not annotated (x and y then mean nothing), else
//                             annotated; a fraction is a confidence. Without the column: all
//                             annotated, an empty cell or "nan" not; one coordinate without the
//                             other is told of.
//   focal_px, center_x, center_y  optional: the picture's camera, pixels; empty: not known
//   box_x, box_y, box_side    optional: centre and side of the square box; else from the keypoints
// Joints, person-centric: rank rkne rhip lhip lkne lank rwri relb rsho lsho lelb lwri neck head
// pelv thrx (LSP's and MPII's) and nose leye reye lear rear ("csv21", also of files that lack
// some), or by names such as left_wrist (joint_names.h). Other columns are passed over. What
// separates cells: see io/csv.h.
#pragma once

#include <filesystem>
#include <string>

#include "datasets/readers/row_reader.h"

namespace gyre {

struct CsvOptions : ReaderOptions {
  std::string split;   // empty: all rows
  bool boxes = false;  // without a column of any joint boxes are enough, and nothing is observed
};

// Row numbers (Person::index) count the data lines of the file, from 0, so that they stay the same
// whatever is selected. A row that cannot be read is left out and told through
// ReaderOptions::left_out; UserError when none can.
void ReadCsvDataset(const std::filesystem::path& csv, const CsvOptions& options,
                    const PersonSink& sink);

}  // namespace gyre
