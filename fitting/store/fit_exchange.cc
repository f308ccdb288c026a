// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_exchange.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "fitting/store/fit_cursor.h"
#include "fitting/store/fit_npz.h"
#include "fitting/store/fit_pairs.h"
#include "fitting/store/npz_head.h"
#include "fitting/store/published_fits.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Scores of fits that know more of the person compare with each other alone.
int Knowledge(const StoredFit& fit) {
  if (fit.source == FitSource::kTruth) return 2;
  return fit.source == FitSource::kMasks ? 1 : 0;
}

// Whether a merge takes `a` rather than `b`.
bool Better(const StoredFit& a, const StoredFit& b) {
  const int of_a = Knowledge(a), of_b = Knowledge(b);
  return of_a != of_b ? of_a > of_b : a.score_px2 < b.score_px2;
}

}  // namespace

void ExportSpinFits(const FitFile& file, const fs::path& path, const std::string& dataset) {
  FitCursor cursor(file, dataset);
  int64_t rows = 0, first = 0, position;
  for (const FitRows& set : file.datasets()) {
    if (set.name == dataset) rows = set.rows, first = rows > 0 ? file.Position(dataset, 0) : 0;
  }
  const int pose = SmplLayout().num_pose(), betas = SmplLayout().num_betas;
  const BodyParams rest = file.layout().RestParams();
  if (rest.values().size() != pose + betas + 3 || rest.betas().size() != betas) {
    ThrowUserError(
        "{}: SPIN's layouts hold SMPL's {} joints and {} betas, and these fits are of {}; gyre's "
        "own .npz holds them",
        file.path().string(), SmplLayout().num_joints(), betas, file.layout().Describe());
  }
  RowMatX table = RowMatX::Zero(rows, pose + betas);
  std::vector<int8_t> has_fit(static_cast<size_t>(rows));
  for (StoredFit fit; cursor.Next(&position, &fit);) {
    table.row(position - first) << fit.params.pose().transpose(), fit.params.betas().transpose();
    has_fit[static_cast<size_t>(position - first)] = 1;
  }
  if (path.extension() == ".npy") {
    WriteFileAtomically(path, FormatNpy(NdArray::FromMatrix(table)));
    return;
  }
  WriteNpz(path, {{"pose", NdArray::FromMatrix(table.leftCols(pose))},
                  {"shape", NdArray::FromMatrix(table.rightCols(betas))},
                  {"has_smpl", NdArray::From<int8_t>({rows}, has_fit)}});
}

namespace {

// The store of that name in a run's folder, or all its shards; empty when there is none.
std::optional<FitFile> ReadStore(const fs::path& run, const char* name) {
  const std::vector<fs::path> files = ListFitFiles(run, name);
  if (files.empty()) return std::nullopt;
  const std::vector<std::string> names = FitFileNames(name, static_cast<int>(files.size()));
  for (size_t i = 0; i < names.size(); ++i) {
    if (files[i].filename() == names[i]) continue;
    ThrowUserError("{}: {} is not one of {} shards; bring the missing ones back", run.string(),
                   files[i].filename().string(), files.size());
  }
  return FitFile::OpenToRead(files);
}

// By its content too: `gyre fit --out` may have any name.
bool IsNpzFile(const fs::path& path) {
  return path.extension() == ".npz" || ReadFileBeginning(path, 4) == "PK\x03\x04";
}

}  // namespace

FitFile ReadFits(const fs::path& path, const std::string& dataset) {
  if (fs::is_directory(path)) {
    std::optional<FitFile> store = ReadStore(path, kFitsFile);
    return store ? std::move(*store) : ReadFits(path / kFitsFile, dataset);
  }
  if (FitFile::IsFitFile(path)) return FitFile::OpenToRead(path);
  if (path.extension() == ".npy") return ReadSpinNpy(path, dataset);
  if (path.extension() == ".json") return ReadEftFits(path, dataset);
  if (!IsNpzFile(path)) {
    ThrowUserError("{}: no fits that gyre knows (a run, its {}, .npz, SPIN's .npy or EFT's .json)",
                   path.string(), kFitsFile);
  }
  return IsFitNpz(NpzKeys(path)) ? ReadFitNpz(path, dataset) : ReadSpinNpz(path, dataset);
}

FitOrigin OriginOfFits(const fs::path& path) {
  if (fs::is_directory(path)) {
    for (const char* name : {kFitsFile, kValFitsFile}) {
      if (const auto store = ReadStore(path, name)) return store->origin();
    }
    return {};
  }
  if (FitFile::IsFitFile(path)) return FitFile::OpenToRead(path).origin();
  const bool npz = IsNpzFile(path) && IsFitNpz(NpzKeys(path));
  return npz ? ReadHead(path).origin : FitOrigin();
}

namespace {

const FitRows* RowsNamed(const FitFile& file, const std::string& name) {
  for (const FitRows& rows : file.datasets()) {
    if (rows.name == name) return &rows;
  }
  return nullptr;
}

bool OtherContent(const FitRows& a, const FitRows& b) {
  return !a.fingerprint.empty() && !b.fingerprint.empty() && a.fingerprint != b.fingerprint;
}

// The file whose rows of that name are these; else the first that has the name; else -1.
int FileOf(const std::vector<FitFile>& files, const FitRows& set) {
  int found = -1;
  for (size_t i = 0; i < files.size(); ++i) {
    const FitRows* rows = RowsNamed(files[i], set.name);
    if (rows == nullptr) continue;
    if (found < 0) found = static_cast<int>(i);
    if (!rows->fingerprint.empty() && rows->fingerprint == set.fingerprint) {
      return static_cast<int>(i);
    }
  }
  return found;
}

std::string HeldNames(const std::vector<FitFile>& files) {
  std::string text;
  for (const FitFile& file : files) {
    for (const FitRows& rows : file.datasets()) {
      text += fmt::format("{}'{}' ({})", text.empty() ? "" : ", ", rows.name,
                          file.path().filename().string());
    }
  }
  return text.empty() ? "no data set" : text;
}

}  // namespace

std::optional<StoredFit> FitsOfData::Find(size_t set, const std::string& dataset, int64_t row,
                                          const FitSubject** subject) const {
  if (file_of_set[set] < 0) return std::nullopt;
  const FitFile& file = files[static_cast<size_t>(file_of_set[set])];
  const int64_t position = file.Position(dataset, row);
  if (position < 0) return std::nullopt;
  if (subject != nullptr) *subject = file.SubjectAt(position);
  return file.Read(position);
}

FitsOfData ReadFitsOf(const fs::path& path, const std::vector<FitRows>& sets) {
  FitsOfData fits;
  if (fs::is_directory(path)) {
    for (const char* name : {kFitsFile, kValFitsFile}) {
      if (auto store = ReadStore(path, name)) fits.files.push_back(std::move(*store));
    }
  }
  // Without a name of their own, published fits are of the data that is asked for.
  const std::string dataset = sets.size() == 1 ? sets[0].name : "";
  if (fits.files.empty()) fits.files.push_back(ReadFits(path, dataset));
  bool any = false;
  for (const FitRows& set : sets) {
    fits.file_of_set.push_back(FileOf(fits.files, set));
    if (fits.file_of_set.back() < 0) {
      fits.warnings.push_back(fmt::format("{}: has no fits of data set '{}', only of {}",
                                          path.string(), set.name, HeldNames(fits.files)));
      continue;
    }
    any = true;
    const FitFile& file = fits.files[static_cast<size_t>(fits.file_of_set.back())];
    if (OtherContent(*RowsNamed(file, set.name), set)) {
      fits.warnings.push_back(fmt::format(
          "{}: data set '{}' is not what it was when these fits were found (other rows, boxes or "
          "keypoints); row for row they are taken as of the same people",
          file.path().string(), set.name));
    }
  }
  if (!any && !sets.empty()) {
    throw UserError(fits.warnings[0] + "; give the data that they are of, or their name as name=");
  }
  return fits;
}

namespace {

// Counts where a merge had to choose between scores that say nothing of each other.
class ScoreChoices {
 public:
  explicit ScoreChoices(const std::vector<FitFile>& files) : files_(files) {}

  void Wrote(int64_t position, size_t file) { from_[position] = file; }
  void Choose(int64_t position, size_t file, const StoredFit& a, const StoredFit& b) {
    if (Knowledge(a) != Knowledge(b) || a.source == FitSource::kTruth) return;
    if (std::isinf(a.score_px2) != std::isinf(b.score_px2)) return;
    const size_t other = from_.at(position);
    if (std::isinf(a.score_px2)) {
      ++unscored_;
    } else if (!files_[other].origin().ScoresCompareWith(files_[file].origin())) {
      ++choices_[{other, file}];
    }
  }
  std::vector<std::string> Tell() const {
    std::vector<std::string> sentences;
    for (const auto& [pair, count] : choices_) {
      const FitFile &a = files_[pair.first], &b = files_[pair.second];
      sentences.push_back(fmt::format(
          "{} fits were chosen between {} ({}) and {} ({}), whose scores do not compare: the lower "
          "number won; for the better fits, score all by one store.rule and the same fit options",
          count, a.path().string(), RuleOf(a), b.path().string(), RuleOf(b)));
    }
    if (unscored_ > 0) {
      sentences.push_back(fmt::format(
          "{} people have fits without a score in several files; those of the first are kept",
          unscored_));
    }
    return sentences;
  }

 private:
  static std::string RuleOf(const FitFile& file) {
    const FitOrigin& origin = file.origin();
    if (origin.score_rule.empty()) return "does not say its store.rule";
    return origin.score_fingerprint.empty()
               ? origin.score_rule
               : fmt::format("{}, fit options {}", origin.score_rule, origin.score_fingerprint);
  }

  const std::vector<FitFile>& files_;
  std::unordered_map<int64_t, size_t> from_;  // file of each fit that is kept
  std::map<std::pair<size_t, size_t>, int64_t> choices_;
  int64_t unscored_ = 0;
};

// Of files that are brought together: a body that one of them knows, scores that all agree on.
FitOrigin CommonOrigin(const std::vector<FitFile>& files) {
  FitOrigin common = files.front().origin();
  for (const FitFile& file : files) {
    if (!common.body.Known()) common.body = file.origin().body;
    if (!common.ScoresCompareWith(file.origin())) {
      common.score_rule = common.score_fingerprint = "";
    }
  }
  return common;
}

}  // namespace

std::vector<std::string> MergeFits(const std::vector<fs::path>& paths, const fs::path& out,
                                   const std::string& dataset) {
  if (fs::exists(out)) ThrowUserError("{}: is there already; choose another name", out.string());
  std::vector<FitFile> files;
  std::vector<FitRows> sets;
  for (const fs::path& path : paths) {
    files.push_back(ReadFits(path, dataset));
    for (const FitFile& file : files) {
      RequireOneBody(file, files.back());
      if (&file == &files.back()) continue;
      const OtherPeople others = ComparePeople(file, files.back());
      if (!others.Any()) continue;
      ThrowUserError(
          "{}: its data set is another one than that of {}: {}; merge fits of one data "
          "set, or give one of them another name",
          path.string(), file.path().string(), others.Texts()[0]);
    }
    for (const FitRows& set : files.back().datasets()) {
      const auto known = std::find_if(sets.begin(), sets.end(),
                                      [&](const FitRows& other) { return other.name == set.name; });
      if (known == sets.end()) {
        sets.push_back(set);
        continue;
      }
      if (OtherContent(set, *known)) {
        ThrowUserError("{}: its data set '{}' is another one than that of the files before it",
                       path.string(), set.name);
      }
      if (known->fingerprint.empty()) known->fingerprint = set.fingerprint;
      known->rows = std::max(known->rows, set.rows);
    }
  }
  ScoreChoices choices(files);
  WriteFileAtomically(out, [&](const fs::path& temporary) {
    FitFile merged = FitFile::Create(temporary, sets, files.front().layout(), CommonOrigin(files));
    for (size_t i = 0; i < files.size(); ++i) {
      const FitFile& file = files[i];
      FitCursor cursor(file);
      int64_t position;
      for (StoredFit fit; cursor.Next(&position, &fit);) {
        const auto [set, row] = file.At(position);
        const int64_t to = merged.Position(file.datasets()[static_cast<size_t>(set)].name, row);
        const std::optional<StoredFit> there = merged.Read(to);
        if (there) choices.Choose(to, i, fit, *there);
        if (there && !Better(fit, *there)) continue;
        merged.Write(to, fit);
        choices.Wrote(to, i);
      }
    }
  });
  return choices.Tell();
}

}  // namespace gyre
