// SPDX-License-Identifier: Apache-2.0
// Two files' fits of the same samples.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fitting/store/fit_file.h"

namespace gyre {

// A sample that at least one of two files has a fit of; null: not that one. The fits live as long
// as the call that they are given to.
struct FitPair {
  std::string dataset;
  int64_t row = 0;
  const StoredFit* first = nullptr;
  const StoredFit* second = nullptr;
};

// How many of the samples have which fits.
struct FitDifferences {
  int64_t equal = 0, only_first = 0, only_second = 0, different = 0;

  void Count(const FitPair& pair);
  bool None() const { return only_first + only_second + different == 0; }
};

// Rows that two sides say to be of different people, as far as both say it: the picture's name, the
// person's own number, or a box that is somewhere else. A file that names its people keeps rows of
// another from passing for theirs.
class OtherPeople {
 public:
  // Null: not known, and so no contradiction.
  void Compare(const std::string& dataset, int64_t row, const FitSubject* there,
               const FitSubject* here);
  bool Any() const { return !sets_.empty(); }
  // Whether every row that could be compared is of another person.
  bool All() const;
  // Of each data set with such rows: "data set 'coco': 3 of 40 rows are of other people, the first
  // row 5, which is of a.jpg, id 7, there and of b.jpg, id 9, here".
  std::vector<std::string> Texts() const;

 private:
  struct Count {
    int64_t others = 0;
    std::string first;
  };
  std::map<std::string, Count> sets_;
  std::map<std::string, int64_t> compared_;
};

// The rows that both files have a fit of.
OtherPeople ComparePeople(const FitFile& first, const FitFile& second);

// Whether the fits can be of one body, as far as the files say which.
bool OfOneBody(const FitFile& a, const FitFile& b);
// UserError that names both bodies unless they can.
void RequireOneBody(const FitFile& a, const FitFile& b);

// Those of `first` in its order, then what `second` alone has. UserError when the two are of
// different bodies.
void ForEachFitPair(const FitFile& first, const FitFile& second,
                    const std::function<void(const FitPair&)>& visit);
FitDifferences CompareFits(const FitFile& first, const FitFile& second);

}  // namespace gyre
