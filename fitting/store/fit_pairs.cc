// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_pairs.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/printable.h"

namespace gyre {
namespace {

// A picture is called by its path or by its name alone.
std::string_view FileNameOf(std::string_view image) {
  const size_t slash = image.find_last_of("/\\");
  return slash == std::string_view::npos ? image : image.substr(slash + 1);
}

// In place of a number of its own a person may have the row.
bool HasId(const FitSubject& of, int64_t row) { return of.id >= 0 && of.id != row; }

bool HasBox(const FitSubject& of) {
  return of.box.side_px > 0 && std::isfinite(of.box.side_px) && of.box.center_px.allFinite();
}

// Boxes of one person differ where margins or joints do, but not by much.
bool AreApart(const Box& a, const Box& b) {
  constexpr double kMostShift = 0.25, kMostRatio = 1.5;
  const auto [small, large] = std::minmax(a.side_px, b.side_px);
  return large > kMostRatio * small || (a.center_px - b.center_px).norm() > kMostShift * large;
}

bool AreOthers(const FitSubject& a, const FitSubject& b, int64_t row) {
  const std::string_view image_a = FileNameOf(a.image), image_b = FileNameOf(b.image);
  if (!image_a.empty() && !image_b.empty() && image_a != image_b) return true;
  if (HasId(a, row) && HasId(b, row) && a.id != b.id) return true;
  return HasBox(a) && HasBox(b) && AreApart(a.box, b.box);
}

std::string Describe(const FitSubject& of, int64_t row) {
  std::string text = of.image.empty() ? "an unnamed picture" : std::string(FileNameOf(of.image));
  if (HasId(of, row)) text += fmt::format(", id {}", of.id);
  if (HasBox(of)) {
    text += fmt::format(", box at {:.0f}, {:.0f}", of.box.center_px.x(), of.box.center_px.y());
  }
  return Printable(text);
}

}  // namespace

void OtherPeople::Compare(const std::string& dataset, int64_t row, const FitSubject* there,
                          const FitSubject* here) {
  if (there == nullptr || here == nullptr) return;
  ++compared_[dataset];
  if (!AreOthers(*there, *here, row)) return;
  Count& count = sets_[dataset];
  if (count.others++ > 0) return;
  count.first = fmt::format("row {}, which is of {} there and of {} here", row,
                            Describe(*there, row), Describe(*here, row));
}

bool OtherPeople::All() const {
  return Any() && std::ranges::all_of(compared_, [&](const auto& set) {
           const auto found = sets_.find(set.first);
           return found != sets_.end() && found->second.others == set.second;
         });
}

std::vector<std::string> OtherPeople::Texts() const {
  std::vector<std::string> texts;
  for (const auto& [name, count] : sets_) {
    texts.push_back(fmt::format("data set '{}': {} of {} rows are of other people, the first {}",
                                name, count.others, compared_.at(name), count.first));
  }
  return texts;
}

OtherPeople ComparePeople(const FitFile& first, const FitFile& second) {
  OtherPeople others;
  for (int64_t at = first.NextUsed(0); at < first.size(); at = first.NextUsed(at + 1)) {
    const FitSubject* const of_first = first.SubjectAt(at);
    if (of_first == nullptr) continue;
    const auto [set, row] = first.At(at);
    const std::string& name = first.datasets()[static_cast<size_t>(set)].name;
    const int64_t there = second.Position(name, row);
    if (there >= 0) others.Compare(name, row, of_first, second.SubjectAt(there));
  }
  return others;
}

void FitDifferences::Count(const FitPair& pair) {
  ++(pair.second == nullptr        ? only_first
     : pair.first == nullptr       ? only_second
     : *pair.first == *pair.second ? equal
                                   : different);
}

bool OfOneBody(const FitFile& a, const FitFile& b) {
  const BodyIdentity &of_a = a.origin().body, &of_b = b.origin().body;
  const bool same = !of_a.Known() || !of_b.Known() || of_a.fingerprint == of_b.fingerprint;
  return same && a.layout() == b.layout();
}

void RequireOneBody(const FitFile& a, const FitFile& b) {
  b.RequireLayout(a.layout(), a.path().string());
  if (OfOneBody(a, b)) return;
  ThrowUserError("{}: its fits are of the body {}, and those of {} of {}; take fits of one body",
                 b.path().string(), b.origin().body.Describe(), a.path().string(),
                 a.origin().body.Describe());
}

void ForEachFitPair(const FitFile& first, const FitFile& second,
                    const std::function<void(const FitPair&)>& visit) {
  RequireOneBody(first, second);
  for (const bool of_first : {true, false}) {
    const FitFile &file = of_first ? first : second, &other = of_first ? second : first;
    for (int64_t at = file.NextUsed(0); at < file.size(); at = file.NextUsed(at + 1)) {
      const std::optional<StoredFit> fit = file.Read(at);
      if (!fit) continue;
      const auto [set, row] = file.At(at);
      FitPair pair{file.datasets()[static_cast<size_t>(set)].name, row};
      const int64_t there = other.Position(pair.dataset, row);
      const std::optional<StoredFit> counterpart = there < 0 ? std::nullopt : other.Read(there);
      if (!of_first && counterpart) continue;  // it was given
      (of_first ? pair.first : pair.second) = &*fit;
      if (counterpart) pair.second = &*counterpart;
      visit(pair);
    }
  }
}

FitDifferences CompareFits(const FitFile& first, const FitFile& second) {
  FitDifferences differences;
  ForEachFitPair(first, second, [&](const FitPair& pair) { differences.Count(pair); });
  return differences;
}

}  // namespace gyre
