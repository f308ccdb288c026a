// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_people.h"

#include "loop/bulk/fit_rows.h"

namespace gyre {

OtherPeople ComparePeople(const Dataset& data, const FitFile& fits) {
  OtherPeople others;
  for (int64_t i = 0; i < data.size(); ++i) {
    Person person = data.Get(i);
    const int64_t row = person.index, position = fits.Position(data.name(), row);
    const FitSubject* const there = position < 0 ? nullptr : fits.SubjectAt(position);
    if (there == nullptr) continue;
    const FitSubject here = SubjectOf(InputOf(std::move(person)));
    others.Compare(data.name(), row, there, &here);
  }
  return others;
}

void SetSubjects(const Dataset& data, FitFile* fits) {
  for (int64_t i = 0; i < data.size(); ++i) {
    Person person = data.Get(i);
    const int64_t position = fits->Position(data.name(), person.index);
    if (position < 0 || !fits->Read(position)) continue;
    fits->SetSubject(position, SubjectOf(InputOf(std::move(person))));
  }
}

}  // namespace gyre
