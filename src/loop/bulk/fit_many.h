// SPDX-License-Identifier: Apache-2.0
// Persons through the fitter, on all cores, with memory for a chunk of them: the work of `gyre fit`
// without its files.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>

#include "fitting/fitter.h"
#include "loop/bulk/fit_notes.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/image_camera.h"
#include "loop/bulk/mask_fits.h"
#include "loop/bulk/network_start.h"
#include "loop/bulk/person_source.h"

namespace gyre {

// Persons [begin, end) of the input.
struct PersonRange {
  int64_t begin = 0, end = std::numeric_limits<int64_t>::max();
  int64_t size() const { return end - begin; }
};

// One of `parts` parts, `part` from 1 on: neighbours stay together, and most persons of an image.
struct ShardChoice {
  int64_t part = 1, parts = 1;

  static ShardChoice Parse(const std::string& text);  // "i/n"; UsageError
  PersonRange Of(int64_t persons) const {
    return {persons * (part - 1) / parts, persons * part / parts};
  }
  std::string Text() const { return std::to_string(part) + "/" + std::to_string(parts); }
};

// Whose bodies the rows hold.
enum class BodiesFrom {
  kFitter,
  kNetwork,  // as it says them: gyre predict
};

struct FitManyOptions {
  PersonRange range;                // of the source's persons
  CameraChoice camera;              // of the images; none: each person has a camera of its own
  int threads = 0;                  // 0: all cores
  NetworkStart* network = nullptr;  // where the starts come from; null: the source, if anywhere
  BodiesFrom bodies = BodiesFrom::kFitter;  // kNetwork: its starts are the rows, and measured
  std::function<bool()> stop = {};  // asked before every chunk whether that is enough; empty: never
  FitNotes* notes = nullptr;  // where doubtful data are told; null: pictures are not looked at
  MaskFits* masks = nullptr;  // by which fits are bettered; null: there are none
};

using RowSink = std::function<void(std::span<const FitRow> rows)>;

// The network's body of a person (FitInput::problem's start), or why there is none, as a row. It is
// measured against the keypoints as fits are; nothing was minimised, and of who has no keypoints
// nothing is known to measure.
FitRow RowOfNetwork(const Fitter& scorer, int64_t index, const FitInput& input);

// Hands the range's rows to the sink, chunk by chunk in the source's order, on the calling thread.
// A row's index is the person's place in the whole source; it depends neither on the range nor on
// the number of threads. Who cannot be fitted has a row that says why. False when `stop` ended it:
// the rows that the sink has are whole, and a call with the rest of the range goes on. The source
// is read to its end; what it, the sink or the network throws comes through.
bool FitMany(const Fitter& fitter, const PersonSource& source, const FitManyOptions& options,
             const RowSink& sink);

}  // namespace gyre
