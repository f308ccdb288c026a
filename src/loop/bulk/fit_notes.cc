// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_notes.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/error.h"
#include "datasets/person_picture.h"

namespace gyre {

void FitNotes::Add(const std::string& kind, int64_t index, const FitInput& input,
                   const std::string& text) {
  const std::lock_guard lock(mutex_);
  Note& note = notes_[kind];
  if (note.persons++ > 0 && note.first < index) return;
  note.first = index;
  note.whose = input.person.image.empty() ? input.person.source_file : input.person.image;
  note.text = text;
}

void FitNotes::Tell() const {
  for (const auto& [kind, note] : notes_) {
    spdlog::warn("{}, {} {}, the first of {}: {}", kind, note.persons,
                 note.persons == 1 ? "person" : "persons", note.whose, note.text);
  }
}

void NoteNonsense(int64_t index, const FitInput& input, const FitSummary& summary,
                  FitNotes* notes) {
  const FitReason reason = summary.reason;
  if (reason != FitReason::kNotPixels && reason != FitReason::kBadCamera &&
      reason != FitReason::kLargeError) {
    return;
  }
  notes->Add(fmt::format("refused ({})", EnumName(reason)), index, input, summary.reason_text);
}

void CheckPicture(int64_t index, const FitInput& input, FitNotes* notes) {
  const Person& person = input.person;
  if (person.image_path.empty()) return;
  try {
    const std::string problem = PictureProblem(person, InspectPersonPicture(person));
    if (!problem.empty()) notes->Add("picture", index, input, problem);
  } catch (const UserError& error) {
    notes->Add("picture", index, input, error.what());
  }
}

}  // namespace gyre
