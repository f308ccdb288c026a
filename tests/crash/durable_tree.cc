// SPDX-License-Identifier: Apache-2.0
#include "crash/durable_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSector = 512;

[[noreturn]] void Throw(const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), path.string());
}

int64_t SizeOf(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) Throw("fstat");
  return info.st_size;
}

std::string ReadAt(int fd, int64_t offset, int64_t size) {
  std::string content(static_cast<size_t>(size), '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = pread(fd, content.data() + done, content.size() - done,
                            offset + static_cast<int64_t>(done));
    if (n < 0) Throw("pread");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  content.resize(done);
  return content;
}

}  // namespace

DurableTree::DurableTree(fs::path root) : root_(std::move(root)) {}

DurableTree::~DurableTree() {
  for (const auto& [ino, node] : nodes_) close(node.fd);
}

ino_t DurableTree::Track(const fs::path& path, bool is_new) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return 0;
  if (nodes_.contains(info.st_ino)) return info.st_ino;
  Node node;
  node.fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (node.fd < 0) Throw(path);
  node.folder = S_ISDIR(info.st_mode);
  node.durable_size = is_new || node.folder ? 0 : info.st_size;
  nodes_[info.st_ino] = std::move(node);
  return info.st_ino;
}

// The sectors of [begin, end) are about to be overwritten.
void DurableTree::KeepSectors(const fs::path& path, int64_t begin, int64_t end) {
  const ino_t ino = Track(path);
  if (ino == 0) return;
  Node& node = nodes_[ino];
  for (int64_t sector = begin / kSector; sector * kSector < end; ++sector) {
    if (node.durable_sectors.contains(sector)) continue;
    const int64_t durable = std::clamp<int64_t>(node.durable_size - sector * kSector, 0, kSector);
    node.durable_sectors[sector] = ReadAt(node.fd, sector * kSector, durable);
  }
}

void DurableTree::Before(const FileCall& call) {
  change_.clear();
  const std::string name = call.path.filename();
  switch (call.kind) {
    case CallKind::kOpen:
      break;
    case CallKind::kSync:
      Track(call.path);
      break;
    case CallKind::kCreate:
    case CallKind::kMkdir:
      change_ = {{name, 0}};
      break;
    case CallKind::kUnlink:
    case CallKind::kRmdir:
      change_ = {{name, Track(call.path)}};
      break;
    case CallKind::kRename:
      change_ = {{name, Track(call.path)}, {call.to.filename(), Track(call.to)}};
      break;
    case CallKind::kWrite:
      KeepSectors(call.path, call.offset, call.offset + call.size);
      break;
    case CallKind::kTruncate: {
      std::error_code ignored;
      const uintmax_t size = fs::file_size(call.path, ignored);
      if (!ignored) KeepSectors(call.path, call.size, static_cast<int64_t>(size));
      break;
    }
  }
}

void DurableTree::After(const FileCall& call, bool succeeded) {
  if (!succeeded) return;
  if (call.kind == CallKind::kSync) {
    const ino_t ino = Track(call.path);
    if (ino == 0) return;
    Node& node = nodes_[ino];
    node.changes.clear();
    node.durable_sectors.clear();
    if (!node.folder) node.durable_size = SizeOf(node.fd);
    return;
  }
  if (change_.empty()) return;
  if (call.kind == CallKind::kCreate) Track(call.path, /*is_new=*/true);
  nodes_[Track(call.path.parent_path())].changes.push_back(std::exchange(change_, {}));
}

void DurableTree::Scan(const fs::path& folder, std::map<ino_t, Entries>* entries) {
  Entries& mine = (*entries)[Track(folder)];
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    mine[entry.path().filename()] = Track(entry.path());
    if (entry.is_directory()) Scan(entry.path(), entries);
  }
}

std::string DurableTree::DurableContent(const Node& node,
                                        const std::function<uint64_t(uint64_t)>& below) const {
  const int64_t current_size = SizeOf(node.fd);
  std::string content = ReadAt(node.fd, 0, current_size);
  int64_t size = node.durable_size;
  if (below && current_size != size) {
    // The old size, the new one, or one on the way.
    const uint64_t choice = below(3);
    if (choice == 1) size = current_size;
    if (choice == 2) {
      const int64_t low = std::min(size, current_size), high = std::max(size, current_size);
      size = low +
             static_cast<int64_t>(below(static_cast<uint64_t>(high - low) / kSector + 1)) * kSector;
    }
  }
  content.resize(static_cast<size_t>((std::max(size, current_size) / kSector + 1) * kSector), '\0');
  for (const auto& [sector, old] : node.durable_sectors) {
    if (sector * kSector >= size) break;
    // What was cut off and is here after all is old.
    if (below && sector * kSector < current_size && below(2) == 0) continue;
    const auto at = content.begin() + sector * kSector;
    std::fill(std::copy(old.begin(), old.end(), at), at + kSector, '\0');
  }
  content.resize(static_cast<size_t>(size));
  return content;
}

void DurableTree::Write(ino_t folder, const fs::path& to, std::map<ino_t, Entries>& entries,
                        const std::function<uint64_t(uint64_t)>& below) {
  fs::create_directory(to);
  for (const auto& [name, ino] : entries[folder]) {
    const Node& node = nodes_[ino];
    if (node.folder) {
      Write(ino, to / name, entries, below);
    } else {
      std::ofstream file(to / name, std::ios::binary);
      file << DurableContent(node, below);
      if (!file.flush()) Throw(to / name);
    }
  }
}

void DurableTree::CutPower(const std::function<uint64_t(uint64_t)>& below) {
  std::map<ino_t, Entries> entries;
  Scan(root_, &entries);
  for (auto& [ino, node] : nodes_) {
    const size_t kept = below ? below(node.changes.size() + 1) : 0;
    for (; node.changes.size() > kept; node.changes.pop_back()) {
      for (const auto& [name, before] : node.changes.back()) {
        if (before == 0) {
          entries[ino].erase(name);
        } else {
          entries[ino][name] = before;
        }
      }
    }
  }
  fs::path restored = root_;
  restored += ".restored";
  Write(Track(root_), restored, entries, below);
  fs::remove_all(root_);
  fs::rename(restored, root_);
}

}  // namespace gyre
