// SPDX-License-Identifier: Apache-2.0
// What a run of `gyre fit` has to tell of single persons: refused, or doubtful. Of each kind one
// line, at the end, however many they are.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "loop/bulk/person_source.h"

namespace gyre {

class FitNotes {
 public:
  // `kind` as "refused: large_error". Thread-safe; the first person is the one first in the input.
  void Add(const std::string& kind, int64_t index, const FitInput& input, const std::string& text);
  // A warning for each kind: "large_error, 3 persons, the first of a.jpg: ...".
  void Tell() const;

 private:
  struct Note {
    int64_t persons = 0, first = 0;
    std::string whose, text;
  };
  std::mutex mutex_;
  std::map<std::string, Note> notes_;
};

// Notes a refusal that says that something is wrong with the person's data, which their user can
// mend; the summary tells how many of the others there are.
void NoteNonsense(int64_t index, const FitInput& input, const FitSummary& summary, FitNotes* notes);

// Notes what makes a person's picture and keypoints doubtful (PictureProblem), when there is a
// picture.
void CheckPicture(int64_t index, const FitInput& input, FitNotes* notes);

}  // namespace gyre
