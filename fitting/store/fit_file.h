// SPDX-License-Identifier: Apache-2.0
// The file of a run's fits: one place for every sample of its data sets, whose fits are written
// where they belong as they are found and read through a memory map. Size on disk grows with the
// fits, memory with neither.
//
//   0       "GYREFITS", uint32 version of the format, uint32 bytes and uint32 CRC-32 of the JSON
//           {"datasets": [{"name", "rows", "fingerprint"}], "layout": {"family", "joints", "betas",
//           "expression"}, "record_bytes", "body": {"path", "extra_path", "fingerprint"}, "score":
//           {"rule", "fingerprint"}} that follows. Without layout and record_bytes (older versions
//           of gyre) the fits are of SMPL's layout; without body and score (fit_origin.h) these are
//           not known. Members that a reader does not know it ignores. The version is 1 for SMPL's
//           layout, and 2 for others, which older versions cannot read.
//   opens   64 KiB from the next multiple of 4096 on: one cell of 16 bytes for each opening for
//           writing: int64 last step, uint32 zero, uint32 CRC-32 of the cell's number and step
//   slots   two records (fit_record.h) for each sample: rows of the first data set, of the
//   second...
// Places that nothing was written to are holes and take no room.
//
// Of a sample's two slots, one always keeps the fit that it had at the last protected step (a
// checkpoint's), and newer fits go to the other. So a process that is killed leaves both that
// checkpoint's fits and its newest, and a record that is cut off in the middle costs neither.
// Opening for writing says up to which step the fits of earlier openings count: a run that goes on
// from a checkpoint finds the fits of that checkpoint, without anything having to be undone. A disk
// is taken to leave the sectors of 512 bytes alone that it does not write.
//
// One process writes (a lock that dies with it), any number read at the same time. Where several
// train together, each has files of its own, for its shards of the data: FitFileNames names them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/descriptor.h"
#include "fitting/store/fit_file_header.h"
#include "fitting/store/fit_record.h"
#include "fitting/store/fit_subject.h"
#include "fitting/store/stored_fit.h"

namespace gyre {

inline constexpr const char* kFitsFile = "fits.store";  // in a run's folder
inline constexpr const char* kValFitsFile = "val_fits.store";

// The files of `shards` shards: {"fits.store"} of one, else "fits-00000-of-00004.store", ...
std::vector<std::string> FitFileNames(const std::string& name, int shards);
// Those of `name` in a folder, of any number of shards; sorted.
std::vector<std::filesystem::path> ListFitFiles(const std::filesystem::path& folder,
                                                const std::string& name);

// Used by one thread at a time.
class FitFile {
 public:
  static constexpr int64_t kAllSteps = std::numeric_limits<int64_t>::max();

  // A new file for fits of bodies with that layout, open for writing. UserError when it exists or
  // cannot be made.
  static FitFile Create(const std::filesystem::path& path, const std::vector<FitRows>& datasets,
                        const FitLayout& layout, const FitOrigin& origin = {});
  // A file that exists. Fits of steps above `last_step` no longer count. UserError when another
  // process writes it, and as OpenToRead.
  static FitFile OpenToWrite(const std::filesystem::path& path, int64_t last_step = kAllSteps);
  // UserError when it is no such file, of another version, cut short, or its header is damaged.
  static FitFile OpenToRead(const std::filesystem::path& path);
  // The shards of a run's fits as if they were one file, to be read alone. UserError also when they
  // are of different data sets or bodies.
  static FitFile OpenToRead(std::span<const std::filesystem::path> shards);
  // Without a file; gone with the object. `name`: what errors call it, as the file it was read
  // from.
  static FitFile InMemory(const std::vector<FitRows>& datasets, const FitLayout& layout,
                          const FitOrigin& origin = {},
                          const std::filesystem::path& name = "(fits in memory)");
  static bool IsFitFile(const std::filesystem::path& path);  // by its first bytes

  FitFile(FitFile&& other) noexcept;
  FitFile& operator=(FitFile&& other) noexcept;
  ~FitFile();

  const std::filesystem::path& path() const { return path_; }
  const std::vector<FitRows>& datasets() const { return datasets_; }
  const FitLayout& layout() const { return layout_; }
  const FitOrigin& origin() const { return origin_; }
  // UserError unless the fits are of bodies with that layout; `whose` names a body or another file.
  void RequireLayout(const FitLayout& layout, const std::string& whose) const;
  // UserError when they are known to be of another body. `extra_path`: see BodyIdentity.
  void RequireBody(const BodyModel& body, const std::string& extra_path = "") const;
  // Samples of all data sets; positions are [0, size()).
  int64_t size() const { return size_; }
  // -1 when there is no such data set or row.
  int64_t Position(const std::string& dataset, int64_t row) const;
  // The data set (as in datasets()) and row at a position.
  std::pair<int, int64_t> At(int64_t position) const;
  // Whose fit one is, in memory alone: an export says it, and who has a store's data sets can.
  // Null: not known.
  const FitSubject* SubjectAt(int64_t position) const;
  void SetSubject(int64_t position, FitSubject subject);
  // The first position from `position` on that may hold a fit; size() when none does.
  int64_t NextUsed(int64_t position) const;

  std::optional<StoredFit> Read(int64_t position) const;
  // The fit must be sound and of the file's layout. UserError when the disk refuses: the sample
  // then has the fits it had.
  void Write(int64_t position, const StoredFit& fit);
  // What was written is on the disk when this returns. UserError when the disk refuses.
  void Sync();
  // From now on, what a sample's fit was at this step is kept beside its newest.
  void Protect(int64_t step) { protected_step_ = step; }

  struct Census {
    int64_t fits = 0;                        // samples with a fit
    int64_t older = 0;                       // whole records behind a newer one
    int64_t rolled_back = 0;                 // whole records that no longer count
    int64_t unfinished = 0;                  // records that a crash cut off
    int64_t damaged = 0;                     // records that are not what was written
    std::vector<int64_t> damaged_positions;  // the first 100
  };
  // Reads every record.
  Census Verify() const;
  // How often it was opened for writing; of several shards, the first.
  int64_t openings() const { return static_cast<int64_t>(last_steps_.size()); }
  // Bytes that it takes on the disk.
  int64_t DiskBytes() const;

 private:
  FitFile() = default;
  static FitFile Open(Descriptor fd, const std::filesystem::path& path);
  void ReadHeader();
  int64_t NextUsedHere(int64_t position) const;
  void ReadOpenings() const;
  void AddOpening(int64_t last_step);
  RecordState ReadSlot(int64_t position, int slot, FitRecord* record) const;
  bool Counts(const FitRecord& record) const;
  [[noreturn]] void Fail(const char* what, int error) const;

  std::filesystem::path path_;
  Descriptor fd_;
  const char* map_ = nullptr;
  size_t map_bytes_ = 0;
  std::vector<FitRows> datasets_;
  std::vector<int64_t> first_;  // position of each data set's row 0
  FitLayout layout_;
  FitOrigin origin_;
  std::map<int64_t, FitSubject> subjects_;
  int64_t record_bytes_ = 0;
  int64_t size_ = 0;
  int64_t openings_begin_ = 0, slots_begin_ = 0;
  int64_t protected_step_ = -1;
  // Of each opening, the last step of earlier openings' records that counts.
  mutable std::vector<int64_t> last_steps_;
  // Of each opening, the last of its own steps that counts: the least of the later last_steps_.
  mutable std::vector<int64_t> counts_until_;
  mutable int64_t reads_ = 0;
  std::vector<FitFile> more_;  // shards that are read as one with this
};

}  // namespace gyre
