// SPDX-License-Identifier: Apache-2.0
#include "io/zip.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "io/zip_handles.h"

namespace gyre {
namespace {

constexpr int64_t kMaxEntries = 1 << 20;
constexpr size_t kChunk = 1 << 20;  // of an entry in memory
// Deflate packs at most 1032:1, and a small archive may take a little more.
constexpr uint64_t kMaxExpansion = 1032;
constexpr uint64_t kFreeBytes = 1 << 16;

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using FilePtr = std::unique_ptr<zip_file_t, CloseFile>;

// An archive left on the disk.
ZipArchivePtr OpenArchive(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    ThrowUserError("{}: there is no such file, or it is no regular one", path.string());
  }
  int code = 0;
  ZipArchivePtr zip(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (zip == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    ThrowUserError("{}: is not a readable zip archive ({})", path.string(), TakeZipMessage(error));
  }
  return zip;
}

// Other methods than deflate pack without a limit, and entries that overlap unpack the same bytes
// again and again: an archive that claims more than its size can hold is refused before it is read.
std::vector<std::string> NamesIn(zip_t* zip, uint64_t archive_bytes, const std::string& what) {
  const int64_t count = zip_get_num_entries(zip, 0);
  if (count > kMaxEntries) {
    ThrowUserError("{}: holds {} entries, expected at most {}", what, count, kMaxEntries);
  }
  uint64_t room = kMaxExpansion * archive_bytes + kFreeBytes;
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    zip_stat_t stat;
    zip_stat_init(&stat);
    const char* name = zip_get_name(zip, index, 0);
    if (name == nullptr || zip_stat_index(zip, index, 0, &stat) != 0 ||
        !(stat.valid & ZIP_STAT_SIZE) || !(stat.valid & ZIP_STAT_COMP_METHOD)) {
      ThrowUserError("{}: entry {} cannot be read", what, i);
    }
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
      ThrowUserError("{}: entry '{}' is packed by method {}, expected deflate or none", what, name,
                     stat.comp_method);
    }
    if (stat.size > room) {
      ThrowUserError("{}: its entries declare more bytes than {} can hold; it is damaged", what,
                     archive_bytes);
    }
    room -= stat.size;
    names.emplace_back(name);
  }
  return names;
}

std::vector<std::string> NamesIn(zip_t* zip, const std::filesystem::path& path) {
  std::error_code error;
  const uint64_t archive_bytes = std::filesystem::file_size(path, error);
  if (error) ThrowUserError("{}: cannot be read: {}", path.string(), error.message());
  return NamesIn(zip, archive_bytes, path.string());
}

}  // namespace

struct ZipReader::Archive {
  std::string content;  // libzip reads from here
  std::string what;
  ZipArchivePtr zip;
  std::vector<std::string> names;
  std::unordered_map<std::string_view, zip_uint64_t> places;  // of the first entry of a name
};

ZipReader::ZipReader(const std::filesystem::path& path)
    : ZipReader(ReadFile(path), path.string()) {}

ZipReader::ZipReader(std::string content, std::string what)
    : archive_(std::make_unique<Archive>()) {
  Archive& a = *archive_;
  a.content = std::move(content);
  a.what = std::move(what);
  if (a.content.empty()) ThrowUserError("{}: is empty, expected a zip archive", a.what);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source =
      zip_source_buffer_create(a.content.data(), a.content.size(), /*freep=*/0, &error);
  if (source != nullptr) a.zip.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (a.zip == nullptr) {
    if (source != nullptr) zip_source_free(source);
    ThrowUserError("{}: is not a readable zip archive ({})", a.what, TakeZipMessage(error));
  }
  zip_error_fini(&error);
  a.names = NamesIn(a.zip.get(), a.content.size(), a.what);
  for (size_t i = 0; i < a.names.size(); ++i) a.places.emplace(a.names[i], i);
}

ZipReader::~ZipReader() = default;
ZipReader::ZipReader(ZipReader&&) noexcept = default;
ZipReader& ZipReader::operator=(ZipReader&&) noexcept = default;

const std::vector<std::string>& ZipReader::names() const { return archive_->names; }

bool ZipReader::Has(const std::string& name) const { return archive_->places.contains(name); }

std::string ZipReader::Read(const std::string& name, uint64_t max_bytes) const {
  zip_t* zip = archive_->zip.get();
  const auto fail = [&](const char* reason) {
    ThrowUserError("{}: cannot read entry '{}' ({})", archive_->what, name, reason);
  };
  const auto found = archive_->places.find(name);
  if (found == archive_->places.end()) fail("there is no such entry");
  const zip_uint64_t index = found->second;
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(zip, index, 0, &stat) != 0) fail(zip_strerror(zip));
  if (stat.size > max_bytes) {
    ThrowUserError("{}: entry '{}' declares {} bytes, expected at most {}", archive_->what, name,
                   stat.size, max_bytes);
  }
  const FilePtr file(zip_fopen_index(zip, index, 0));
  if (file == nullptr) fail(zip_strerror(zip));
  // Chunk by chunk: memory grows with what is really there, not with what the directory declares.
  std::string content;
  while (true) {
    const size_t old_size = content.size();
    if (old_size > stat.size) fail("it is longer than declared");
    content.resize(old_size + std::min<uint64_t>(kChunk, stat.size - old_size + 1));
    const int64_t got = zip_fread(file.get(), content.data() + old_size, content.size() - old_size);
    if (got < 0) fail(zip_file_strerror(file.get()));
    content.resize(old_size + static_cast<size_t>(got));
    if (got == 0) break;
  }
  if (content.size() != stat.size) fail("it is shorter than declared");
  return content;
}

struct ZipEntryStream::Entry {
  std::string what;
  ZipArchivePtr zip;
  FilePtr file;
  uint64_t left = 0;  // of the bytes that it declares
};

ZipEntryStream::ZipEntryStream(const std::filesystem::path& path, const std::string& name)
    : entry_(std::make_unique<Entry>()) {
  entry_->what = fmt::format("{}: entry '{}'", path.string(), name);
  entry_->zip = OpenArchive(path);
  NamesIn(entry_->zip.get(), path);
  zip_stat_t stat;
  zip_stat_init(&stat);
  const bool found = zip_stat(entry_->zip.get(), name.c_str(), 0, &stat) == 0;
  if (found) entry_->file.reset(zip_fopen_index(entry_->zip.get(), stat.index, 0));
  if (entry_->file == nullptr) {
    ThrowUserError("{}: cannot be read ({})", entry_->what, zip_strerror(entry_->zip.get()));
  }
  entry_->left = stat.size;
}

ZipEntryStream::~ZipEntryStream() = default;
ZipEntryStream::ZipEntryStream(ZipEntryStream&&) noexcept = default;

std::string ZipEntryStream::Read(size_t size) {
  // Chunk by chunk: memory grows with what is really there, not with what a header declares.
  std::string content;
  while (content.size() < size) {
    const size_t old_size = content.size();
    content.resize(std::min(size, old_size + kChunk));
    const int64_t got =
        zip_fread(entry_->file.get(), content.data() + old_size, content.size() - old_size);
    if (got < 0) {
      ThrowUserError("{}: cannot be read ({})", entry_->what,
                     zip_file_strerror(entry_->file.get()));
    }
    content.resize(old_size + static_cast<size_t>(got));
    if (got == 0) break;
    if (static_cast<uint64_t>(got) > entry_->left) {
      ThrowUserError("{}: is longer than declared", entry_->what);
    }
    entry_->left -= static_cast<uint64_t>(got);
  }
  return content;
}

std::vector<std::string> ZipEntryNames(const std::filesystem::path& path) {
  return NamesIn(OpenArchive(path).get(), path);
}

}  // namespace gyre
