// SPDX-License-Identifier: Apache-2.0
// What of a folder a disk that loses power has: the least that POSIX promises.
//   - A file's content and size are durable as of the last fsync or fdatasync of that file.
//   - A folder's entries (create, rename, unlink, mkdir, rmdir) are durable as of the last fsync of
//     that folder. Syncing a file does not make its name durable, nor that of the folders above it.
// Anything later may have reached the disk or not: each sector of 512 bytes by itself, a
// file's size, and of each folder's changes the first so many. A rename inside a folder is whole or
// not at all. Real file systems promise more; a program that is right here is right on them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crash/traced_program.h"

namespace gyre {

class DurableTree {
 public:
  // All that is below `root` now is durable.
  explicit DurableTree(std::filesystem::path root);
  ~DurableTree();
  DurableTree(const DurableTree&) = delete;
  DurableTree& operator=(const DurableTree&) = delete;

  // Around every call of RunWatched that is made.
  void Before(const FileCall& call);
  void After(const FileCall& call, bool succeeded);

  // Once the program is dead: puts the folder back to what is durable. `keep` is asked for a number
  // below its argument: how many of so many unsynced changes reached the disk; null: none did.
  void CutPower(const std::function<uint64_t(uint64_t)>& below);

 private:
  struct Change {
    std::string name;
    ino_t before;  // 0: there was no such name
  };
  struct Node {
    int fd = -1;  // holds the inode, so that its number is not given to another
    bool folder = false;
    int64_t durable_size = 0;
    std::map<int64_t, std::string> durable_sectors;  // of those changed since the last sync
    std::vector<std::vector<Change>> changes;  // since the last sync, each whole or not at all
  };
  using Entries = std::map<std::string, ino_t>;

  // 0 where there is none.
  ino_t Track(const std::filesystem::path& path, bool is_new = false);
  void KeepSectors(const std::filesystem::path& path, int64_t begin, int64_t end);
  void Scan(const std::filesystem::path& folder, std::map<ino_t, Entries>* entries);
  std::string DurableContent(const Node& node,
                             const std::function<uint64_t(uint64_t)>& below) const;
  void Write(ino_t folder, const std::filesystem::path& to, std::map<ino_t, Entries>& entries,
             const std::function<uint64_t(uint64_t)>& below);

  std::filesystem::path root_;
  std::map<ino_t, Node> nodes_;
  std::vector<Change> change_;  // of the call that is being made
};

}  // namespace gyre
