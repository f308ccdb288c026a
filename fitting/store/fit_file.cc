// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/disk_error.h"
#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPage = 4096;
constexpr int64_t kMaxOpenings = 4096;
// After so many reads the pages that they mapped are given back: at 64 KiB a fault, 128 MiB.
constexpr int64_t kReadsPerRelease = 2048;

struct Opening {
  int64_t last_step;
  uint32_t zero;
  uint32_t crc;
};
static_assert(sizeof(Opening) == 16);

uint32_t OpeningCrc(int64_t number, int64_t last_step) {
  const int64_t values[2] = {number, last_step};
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(values), sizeof(values)));
}

int64_t OpeningsBegin(int64_t header_bytes) { return (header_bytes + kPage - 1) / kPage * kPage; }
int64_t SlotsBegin(int64_t header_bytes) {
  return OpeningsBegin(header_bytes) + kMaxOpenings * static_cast<int64_t>(sizeof(Opening));
}

// Header and size of a new file.
void WriteEmpty(int fd, const FitFileHeader& header, const fs::path& path) {
  const std::string bytes =
      FormatFitFileHeader(header.datasets, header.layout, path.string(), header.origin);
  const int64_t slots = SlotsBegin(static_cast<int64_t>(bytes.size()));
  int error = WriteAt(fd, 0, bytes);
  if (!error &&
      ftruncate(fd, slots + 2 * FitRecordBytes(header.layout) * header.TotalRows()) != 0) {
    error = errno;
  }
  if (error) ThrowUserError("{}: cannot write: {}", path.string(), DiskErrorText(error));
}

Descriptor OpenRegular(const fs::path& path, int flags) {
  Descriptor fd(open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) ThrowUserError("{}: cannot open: {}", path.string(), DiskErrorText(errno));
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    ThrowUserError("{}: not a regular file", path.string());
  }
  return fd;
}

}  // namespace

std::vector<std::string> FitFileNames(const std::string& name, int shards) {
  if (shards == 1) return {name};
  const fs::path path = name;
  std::vector<std::string> names;
  for (int i = 0; i < shards; ++i) {
    names.push_back(fmt::format("{}-{:05}-of-{:05}{}", path.stem().string(), i, shards,
                                path.extension().string()));
  }
  return names;
}

std::vector<fs::path> ListFitFiles(const fs::path& folder, const std::string& name) {
  const fs::path path = name;
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename();
    if (file == name || (file.starts_with(path.stem().string() + "-") &&
                         file.ends_with(path.extension().string()))) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

FitFile FitFile::Create(const fs::path& path, const std::vector<FitRows>& datasets,
                        const FitLayout& layout, const FitOrigin& origin) {
  if (fs::exists(path)) ThrowUserError("{}: is there already; choose another name", path.string());
  WriteFileAtomically(path, [&](const fs::path& temporary) {
    const Descriptor fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd.valid()) ThrowUserError("{}: cannot create: {}", path.string(), DiskErrorText(errno));
    WriteEmpty(fd.get(), {datasets, layout, origin}, path);
  });
  return OpenToWrite(path);
}

FitFile FitFile::OpenToWrite(const fs::path& path, int64_t last_step) {
  Descriptor fd = OpenRegular(path, O_RDWR);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    ThrowUserError("{}: another process is writing it; wait for that one or stop it",
                   path.string());
  }
  FitFile file = Open(std::move(fd), path);
  file.AddOpening(last_step);
  file.Protect(last_step == kAllSteps ? -1 : last_step);
  return file;
}

FitFile FitFile::OpenToRead(const fs::path& path) {
  return Open(OpenRegular(path, O_RDONLY), path);
}

FitFile FitFile::OpenToRead(std::span<const fs::path> shards) {
  FitFile first = OpenToRead(shards.front());
  for (const fs::path& path : shards.subspan(1)) {
    first.more_.push_back(OpenToRead(path));
    if (first.more_.back().datasets() != first.datasets()) {
      ThrowUserError("{}: holds fits of other data sets than {}; take all shards from one run",
                     path.string(), first.path().string());
    }
    first.more_.back().RequireLayout(first.layout(), first.path().string());
    if (first.more_.back().origin() != first.origin()) {
      ThrowUserError(
          "{}: its fits are of another body or by other rules than those of {}; take all "
          "shards from one run",
          path.string(), first.path().string());
    }
  }
  return first;
}

FitFile FitFile::InMemory(const std::vector<FitRows>& datasets, const FitLayout& layout,
                          const FitOrigin& origin, const fs::path& name) {
  Descriptor fd(memfd_create("gyre-fits", MFD_CLOEXEC));
  if (!fd.valid()) ThrowUserError("cannot keep fits in memory: {}", DiskErrorText(errno));
  WriteEmpty(fd.get(), {datasets, layout, origin}, name);
  FitFile file = Open(std::move(fd), name);
  file.AddOpening(kAllSteps);
  return file;
}

bool FitFile::IsFitFile(const fs::path& path) {
  return StartsAsFitFile(OpenRegular(path, O_RDONLY).get());
}

FitFile FitFile::Open(Descriptor fd, const fs::path& path) {
  FitFile file;
  file.path_ = path;
  file.fd_ = std::move(fd);
  file.ReadHeader();
  void* map = mmap(nullptr, file.map_bytes_, PROT_READ, MAP_SHARED, file.fd_.get(), 0);
  if (map == MAP_FAILED) file.Fail("cannot be mapped", errno);
  file.map_ = static_cast<const char*>(map);
  madvise(map, file.map_bytes_, MADV_RANDOM);
  file.ReadOpenings();
  return file;
}

FitFile::FitFile(FitFile&& other) noexcept { *this = std::move(other); }

FitFile& FitFile::operator=(FitFile&& other) noexcept {
  if (this == &other) return *this;
  if (map_ != nullptr) munmap(const_cast<char*>(map_), map_bytes_);
  path_ = std::move(other.path_);
  fd_ = std::move(other.fd_);
  map_ = std::exchange(other.map_, nullptr);
  map_bytes_ = other.map_bytes_;
  datasets_ = std::move(other.datasets_);
  first_ = std::move(other.first_);
  layout_ = std::move(other.layout_);
  origin_ = std::move(other.origin_);
  subjects_ = std::move(other.subjects_);
  record_bytes_ = other.record_bytes_;
  size_ = other.size_;
  openings_begin_ = other.openings_begin_;
  slots_begin_ = other.slots_begin_;
  protected_step_ = other.protected_step_;
  last_steps_ = std::move(other.last_steps_);
  counts_until_ = std::move(other.counts_until_);
  reads_ = other.reads_;
  more_ = std::move(other.more_);
  return *this;
}

FitFile::~FitFile() {
  if (map_ != nullptr) munmap(const_cast<char*>(map_), map_bytes_);
}

void FitFile::Fail(const char* what, int error) const {
  ThrowUserError("{}: {}: {}", path_.string(), what, DiskErrorText(error));
}

void FitFile::ReadHeader() {
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) Fail("cannot be read", errno);
  FitFileHeader header = ReadFitFileHeader(fd_.get(), path_.string());
  for (const FitRows& set : header.datasets) {
    first_.push_back(size_);
    size_ += set.rows;
  }
  datasets_ = std::move(header.datasets);
  layout_ = std::move(header.layout);
  origin_ = std::move(header.origin);
  record_bytes_ = FitRecordBytes(layout_);
  openings_begin_ = OpeningsBegin(header.bytes);
  slots_begin_ = SlotsBegin(header.bytes);
  const int64_t expected = slots_begin_ + 2 * record_bytes_ * size_;
  if (info.st_size < expected) {
    ThrowUserError("{}: cut short, {} of {} bytes; take an earlier copy", path_.string(),
                   info.st_size, expected);
  }
  map_bytes_ = static_cast<size_t>(expected);
}

void FitFile::RequireLayout(const FitLayout& layout, const std::string& whose) const {
  if (layout_ == layout) return;
  const bool names_only = layout_.Describe() == layout.Describe();
  ThrowUserError("{}: holds fits of {}, and {} is of {}{}", path_.string(), layout_.Describe(),
                 whose, layout.Describe(), names_only ? " with other joints" : "");
}

void FitFile::RequireBody(const BodyModel& body, const std::string& extra_path) const {
  RequireLayout(*body.layout, "the body " + body.name);
  gyre::RequireBody(origin_.body, body, extra_path, path_.string());
}

const FitSubject* FitFile::SubjectAt(int64_t position) const {
  const auto found = subjects_.find(position);
  return found == subjects_.end() ? nullptr : &found->second;
}

void FitFile::SetSubject(int64_t position, FitSubject subject) {
  GYRE_CHECK(position >= 0 && position < size_);
  subjects_[position] = std::move(subject);
}

void FitFile::ReadOpenings() const {
  last_steps_.clear();
  for (int64_t i = 0; i < kMaxOpenings; ++i) {
    Opening opening;
    std::memcpy(&opening, map_ + openings_begin_ + i * static_cast<int64_t>(sizeof(opening)),
                sizeof(opening));
    if (opening.crc != OpeningCrc(i, opening.last_step)) break;
    last_steps_.push_back(opening.last_step);
  }
  counts_until_.assign(last_steps_.size(), kAllSteps);
  for (size_t i = last_steps_.size(); i-- > 1;) {
    counts_until_[i - 1] = std::min(counts_until_[i], last_steps_[i]);
  }
}

void FitFile::AddOpening(int64_t last_step) {
  if (openings() == kMaxOpenings) {
    ThrowUserError("{}: was opened {} times; gyre fits merge makes a fresh file of it",
                   path_.string(), kMaxOpenings);
  }
  const Opening opening{last_step, 0, OpeningCrc(openings(), last_step)};
  const int64_t offset = openings_begin_ + openings() * static_cast<int64_t>(sizeof(opening));
  if (const int error =
          WriteAt(fd_.get(), offset, {reinterpret_cast<const char*>(&opening), sizeof(opening)})) {
    Fail("cannot be written", error);
  }
  Sync();  // before any record that it counts out or in
  ReadOpenings();
}

int64_t FitFile::Position(const std::string& dataset, int64_t row) const {
  for (size_t i = 0; i < datasets_.size(); ++i) {
    if (datasets_[i].name != dataset) continue;
    return row >= 0 && row < datasets_[i].rows ? first_[i] + row : -1;
  }
  return -1;
}

std::pair<int, int64_t> FitFile::At(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size_);
  const auto after = std::upper_bound(first_.begin(), first_.end(), position);
  const auto set = static_cast<size_t>(after - first_.begin()) - 1;
  return {static_cast<int>(set), position - first_[set]};
}

int64_t FitFile::NextUsed(int64_t position) const {
  int64_t next = NextUsedHere(position);
  for (const FitFile& shard : more_) next = std::min(next, shard.NextUsedHere(position));
  return next;
}

int64_t FitFile::NextUsedHere(int64_t position) const {
  if (position >= size_) return size_;
  const int64_t offset = slots_begin_ + position * 2 * record_bytes_;
  if (offset % kPage != 0) return position;  // a hole is a page at least
  const off_t data = lseek(fd_.get(), offset, SEEK_DATA);
  if (data < 0)
    return errno == ENXIO ? size_ : position;  // nothing but holes, or no notion of them
  return std::min((data - slots_begin_) / (2 * record_bytes_), size_);
}

RecordState FitFile::ReadSlot(int64_t position, int slot, FitRecord* record) const {
  const char* at = map_ + slots_begin_ + (2 * position + slot) * record_bytes_;
  if (++reads_ % kReadsPerRelease == 0) {
    madvise(const_cast<char*>(map_), map_bytes_, MADV_DONTNEED);
  }
  // A copy: the writer may be at work.
  char bytes[kMaxFitRecordBytes];
  std::memcpy(bytes, at, record_bytes_);
  return DecodeFitRecord({bytes, static_cast<size_t>(record_bytes_)}, position, layout_, record);
}

bool FitFile::Counts(const FitRecord& record) const {
  if (record.opening >= counts_until_.size()) ReadOpenings();  // a writer has come since
  return record.opening < counts_until_.size() && record.fit.step <= counts_until_[record.opening];
}

std::optional<StoredFit> FitFile::Read(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size_);
  FitRecord records[2];
  const FitRecord* best = nullptr;
  for (int slot = 0; slot < 2; ++slot) {
    const FitRecord& record = records[slot];
    if (ReadSlot(position, slot, &records[slot]) != RecordState::kWhole || !Counts(record))
      continue;
    if (best == nullptr || record.version > best->version) best = &record;
  }
  if (best != nullptr) return best->fit;
  for (const FitFile& shard : more_) {
    if (auto fit = shard.Read(position)) return fit;
  }
  return std::nullopt;
}

void FitFile::Write(int64_t position, const StoredFit& fit) {
  GYRE_CHECK(position >= 0 && position < size_);
  GYRE_CHECK(fit.IsSound() && layout_.Fits(fit.params));
  // The slot that is given up: one that holds nothing that counts, else one that is not what is
  // protected, else the older.
  FitRecord records[2];
  bool counts[2];
  uint32_t version = 0;
  for (int slot = 0; slot < 2; ++slot) {
    counts[slot] =
        ReadSlot(position, slot, &records[slot]) == RecordState::kWhole && Counts(records[slot]);
    if (counts[slot]) version = std::max(version, records[slot].version + 1);
  }
  const int newer = counts[1] && (!counts[0] || records[1].version > records[0].version) ? 1 : 0;
  const int older = 1 - newer;
  int target = older;
  if (counts[older] && records[newer].fit.step > protected_step_) target = newer;

  char bytes[kMaxFitRecordBytes];
  const auto size = static_cast<size_t>(record_bytes_);
  EncodeFitRecord({fit, static_cast<uint32_t>(openings() - 1), version}, position, {bytes, size});
  const int64_t offset = slots_begin_ + (2 * position + target) * record_bytes_;
  if (const int error = WriteAt(fd_.get(), offset, {bytes, size})) {
    ThrowUserError("{}: cannot write a fit: {}; the last checkpoint is whole", path_.string(),
                   DiskErrorText(error));
  }
}

void FitFile::Sync() {
  if (fdatasync(fd_.get()) != 0) Fail("cannot flush to disk", errno);
}

FitFile::Census FitFile::Verify() const {
  Census census;
  FitRecord record;
  for (int64_t p = NextUsedHere(0); p < size_; p = NextUsedHere(p + 1)) {
    int counting = 0;
    for (int slot = 0; slot < 2; ++slot) {
      switch (ReadSlot(p, slot, &record)) {
        case RecordState::kEmpty:
          break;
        case RecordState::kWhole:
          if (Counts(record)) {
            ++counting;
          } else {
            ++census.rolled_back;
          }
          break;
        case RecordState::kUnfinished:
          ++census.unfinished;
          break;
        case RecordState::kDamaged:
          ++census.damaged;
          if (census.damaged_positions.size() < 100) census.damaged_positions.push_back(p);
          break;
      }
    }
    census.fits += counting > 0;
    census.older += counting > 1;
  }
  for (const FitFile& shard : more_) {
    const Census more = shard.Verify();
    census.fits += more.fits;
    census.older += more.older;
    census.rolled_back += more.rolled_back;
    census.unfinished += more.unfinished;
    census.damaged += more.damaged;
    census.damaged_positions.insert(census.damaged_positions.end(), more.damaged_positions.begin(),
                                    more.damaged_positions.end());
  }
  return census;
}

int64_t FitFile::DiskBytes() const {
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) Fail("cannot be read", errno);
  int64_t bytes = info.st_blocks * 512;
  for (const FitFile& shard : more_) bytes += shard.DiskBytes();
  return bytes;
}

}  // namespace gyre
