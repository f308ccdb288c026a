// SPDX-License-Identifier: Apache-2.0
// Keypoints in a CSV file, the format to bring your own annotations in. The first line names the
// columns, in any order:
//   file                      picture, relative to the picture folder
//   split                     optional: rows are chosen by `split=train`
//   JOINT_x, JOINT_y          pixels, centres at integers, from 0
//   JOINT_v                   optional: 0 not annotated (x and y then mean nothing), else
//   annotated;
//                             a fraction is a confidence. Without the column: all annotated, an
//                             empty cell not.
//   box_x, box_y, box_side    optional: centre and side of the square box; else from the keypoints
// Joints, person-centric: rank rkne rhip lhip lkne lank rwri relb rsho lsho lelb lwri neck head
// pelv thrx (LSP's and MPII's) and nose leye reye lear rear. Other columns are passed over. Cells
// may be quoted ("a, b"); no line breaks inside.
#pragma once

#include <filesystem>
#include <string>

#include "datasets/image_folder.h"

namespace gyre {

struct CsvOptions {
  std::string split;      // empty: all rows
  int min_keypoints = 6;  // rows with fewer are left out
  double box_margin = 1.2;
};

// Row numbers (Sample::index) count the data lines of the file, from 0, so that they stay the same
// whatever is selected.
void ReadCsvDataset(const std::filesystem::path& csv, const std::filesystem::path& images,
                    const CsvOptions& options, const std::string& name, const SampleSink& sink);

}  // namespace gyre
