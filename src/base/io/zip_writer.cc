// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <utility>

#include "core/disk_error.h"
#include "core/error.h"
#include "core/file.h"
#include "io/zip.h"
#include "io/zip_handles.h"

namespace gyre {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

// A ZipSource as libzip asks for it. Exceptions must not pass through libzip: they wait in
// `thrown`.
struct PulledSource {
  ZipSource* source;
  std::exception_ptr thrown = {};
  std::string_view rest = {};  // of the piece in hand
  bool ended = false;
  zip_error_t error{};

  static zip_int64_t Serve(void* self, void* data, zip_uint64_t size, zip_source_cmd_t command) {
    auto& pulled = *static_cast<PulledSource*>(self);
    switch (command) {
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                              -1);
      case ZIP_SOURCE_READ:
        return pulled.Read(static_cast<char*>(data), size);
      case ZIP_SOURCE_STAT:
        return pulled.Stat(static_cast<zip_stat_t*>(data));
      case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&pulled.error, data, size);
      default:
        return 0;
    }
  }

  zip_int64_t Stat(zip_stat_t* stat) const {
    zip_stat_init(stat);
    stat->size = source->size;
    stat->valid |= ZIP_STAT_SIZE;
    return sizeof(*stat);
  }

  zip_int64_t Read(char* to, zip_uint64_t size) {
    zip_uint64_t done = 0;
    try {
      while (done < size && !ended) {
        if (rest.empty()) rest = source->next();
        if (rest.empty()) {
          ended = true;
          break;
        }
        const size_t count = std::min<zip_uint64_t>(rest.size(), size - done);
        std::memcpy(to + done, rest.data(), count);
        rest.remove_prefix(count);
        done += count;
      }
    } catch (...) {
      thrown = std::current_exception();
      zip_error_set(&error, ZIP_ER_READ, 0);
      return -1;
    }
    return static_cast<zip_int64_t>(done);
  }
};

// The file that libzip writes an archive to. libzip's own would write 4096 bytes at a time, beside
// a temporary name of its own.
struct ArchiveFile {
  const std::filesystem::path& name;  // for errors
  std::FILE* stream = nullptr;
  std::vector<char> buffer = std::vector<char>(kBufferBytes);
  int failed = 0;  // errno of the first call that failed

  ArchiveFile(const std::filesystem::path& final_name, const std::filesystem::path& path)
      : name(final_name), stream(std::fopen(path.c_str(), "wbe")) {
    if (stream == nullptr) Fail();
    std::setvbuf(stream, buffer.data(), _IOFBF, buffer.size());
  }
  ~ArchiveFile() {
    if (stream != nullptr) std::fclose(stream);
  }
  ArchiveFile(const ArchiveFile&) = delete;
  ArchiveFile& operator=(const ArchiveFile&) = delete;

  [[noreturn]] void Fail() const {
    ThrowUserError("{}: cannot write: {}", name.string(), DiskErrorText(failed ? failed : errno));
  }

  static zip_int64_t Serve(void* self, void* data, zip_uint64_t size, zip_source_cmd_t command) {
    ArchiveFile& file = *static_cast<ArchiveFile*>(self);
    const auto result = [&](bool good) -> zip_int64_t {
      if (!good && file.failed == 0) file.failed = errno;
      return good ? 0 : -1;
    };
    switch (command) {
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_WRITE,
            ZIP_SOURCE_SEEK_WRITE, ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_COMMIT_WRITE,
            ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_REMOVE, -1);
      case ZIP_SOURCE_STAT: {
        auto* stat = static_cast<zip_stat_t*>(data);
        zip_stat_init(stat);
        stat->size = 0;
        stat->valid |= ZIP_STAT_SIZE;
        return sizeof(*stat);
      }
      case ZIP_SOURCE_WRITE:
        return result(std::fwrite(data, 1, size, file.stream) == size) == 0
                   ? static_cast<zip_int64_t>(size)
                   : -1;
      case ZIP_SOURCE_SEEK_WRITE: {
        const auto* to = static_cast<const zip_source_args_seek_t*>(data);
        return result(fseeko(file.stream, to->offset, to->whence) == 0);
      }
      case ZIP_SOURCE_TELL_WRITE:
        return ftello(file.stream);
      case ZIP_SOURCE_COMMIT_WRITE:
        return result(std::fflush(file.stream) == 0);
      case ZIP_SOURCE_ERROR: {
        const int error[2] = {ZIP_ER_WRITE, file.failed};
        std::memcpy(data, error, sizeof(error));
        return sizeof(error);
      }
      default:
        return 0;
    }
  }
};

}  // namespace

void WriteZip(const std::filesystem::path& path, std::vector<ZipSource> sources, ZipMethod method) {
  GYRE_CHECK(!sources.empty(), "{}: libzip writes no empty archive", path.string());
  const auto write = [&](const std::filesystem::path& temporary) {
    std::vector<PulledSource> pulled;
    pulled.reserve(sources.size());  // libzip keeps their addresses
    ArchiveFile file(path, temporary);
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* target = zip_source_function_create(ArchiveFile::Serve, &file, &error);
    if (target == nullptr) {
      ThrowUserError("{}: cannot be written ({})", path.string(), TakeZipMessage(error));
    }
    ZipArchivePtr zip(zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &error));
    if (zip == nullptr) {
      zip_source_free(target);
      ThrowUserError("{}: cannot be written ({})", path.string(), TakeZipMessage(error));
    }
    zip_error_fini(&error);
    const auto check = [&](bool good) {
      for (const PulledSource& p : pulled) {
        if (p.thrown) std::rethrow_exception(p.thrown);
      }
      if (file.failed) file.Fail();
      if (!good) {
        ThrowUserError("{}: cannot be written ({})", path.string(), zip_strerror(zip.get()));
      }
    };
    for (ZipSource& entry : sources) {
      pulled.push_back({&entry});
      zip_source_t* source = zip_source_function(zip.get(), PulledSource::Serve, &pulled.back());
      check(source != nullptr);
      const int64_t index = zip_file_add(zip.get(), entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
      if (index < 0) zip_source_free(source);
      check(index >= 0);
      const auto i = static_cast<zip_uint64_t>(index);
      const int compression = method == ZipMethod::kStored ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
      check(zip_set_file_compression(zip.get(), i, compression, 0) == 0);
      constexpr zip_uint16_t kDosDate = 1 << 5 | 1;  // 1 January 1980
      check(zip_file_set_dostime(zip.get(), i, 0, kDosDate, 0) == 0);
    }
    check(zip_close(zip.get()) == 0);
    zip.release();  // closing freed it
  };
  WriteFileAtomically(path, write);
}

void WriteZip(const std::filesystem::path& path, const std::vector<ZipEntry>& entries,
              ZipMethod method) {
  std::vector<ZipSource> sources;
  for (const ZipEntry& entry : entries) {
    sources.push_back(
        {entry.name, entry.content.size(), [rest = std::string_view(entry.content)]() mutable {
           return std::exchange(rest, std::string_view());
         }});
  }
  WriteZip(path, std::move(sources), method);
}

}  // namespace gyre
