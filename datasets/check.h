// SPDX-License-Identifier: Apache-2.0
// Finds rows of a data set that would teach nonsense.
#pragma once

#include <string>
#include <vector>

#include "core/option_fields.h"
#include "datasets/dataset.h"

namespace gyre {

struct CheckOptions {
  bool read_images = true;  // whole pictures, to find damaged ones
  // A keypoint farther outside the picture than this share of the box's side is wrong.
  double outside_share = 0.25;
  // Also suspect exchanged sides: shoulders and hips, both seen wide, facing opposite ways.
  bool sides = false;
  int threads = 0;  // 0: all
};

template <OptionsOf<CheckOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("read_images", o.read_images, "Read whole pictures, to find damaged ones");
  visit("outside_share", o.outside_share,
        "Share of the box that a keypoint may lie outside the picture");
  visit("sides", o.sides, "Also list people whose left and right may be exchanged");
  visit("threads", o.threads, "Threads (0: all)");
}

struct RowProblem {
  int64_t row = 0;      // Person::index
  std::string problem;  // one sentence, naming the joint or file
};

// Of a person whose coordinates are no pixels (AreNoPixels), in one sentence.
std::string NoPixelsText();

// What is wrong with one person; `image` may be null when it was not read.
std::vector<RowProblem> CheckPerson(const Person& person, const ImageBuffer* image,
                                    const CheckOptions& options);

// All problems, in the order of the rows.
std::vector<RowProblem> CheckDataset(const Dataset& dataset, const CheckOptions& options);

}  // namespace gyre
