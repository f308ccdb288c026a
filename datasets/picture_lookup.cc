// SPDX-License-Identifier: Apache-2.0
#include "datasets/picture_lookup.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEndings[] = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"};

// Appends the letter of Latin-1's upper half that the second byte of its UTF-8 says, as a small
// letter and the mark on it: what macOS writes for it.
void AppendMarked(unsigned char byte, std::string* text) {
  static constexpr std::string_view kLetters = "aaaaaa.ceeeeiiii.nooooo..uuuuy..";
  // Of U+0300 and up: grave, acute, circumflex, tilde, diaeresis 8, ring 10, cedilla 39.
  static constexpr unsigned char kMarks[] = {0, 1, 2, 3, 8, 10, 0, 39, 0, 1, 2, 8, 0, 1, 2, 8,
                                             0, 3, 0, 1, 2, 3,  8, 0,  0, 0, 1, 2, 8, 1, 0, 0};
  constexpr unsigned char kFirst = 0x80, kLast = 0xBF;  // the last is y with diaeresis
  const int idx = (byte - kFirst) % 32;
  const bool is_last = byte == kLast;
  if (kLetters[idx] == '.' && !is_last) {
    *text += {'\xC3', static_cast<char>(byte)};
    return;
  }
  *text += is_last ? 'y' : kLetters[idx];
  *text += {'\xCC', static_cast<char>(kFirst + (is_last ? kMarks[4] : kMarks[idx]))};
}

// Of two names that mean the same file the same text: without letter case, and with marks behind
// their letters.
std::string Folded(std::string_view text) {
  std::string folded;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (c == 0xC3 && next >= 0x80 && next <= 0xBF) {
      AppendMarked(next, &folded);
      ++i;
    } else {
      folded += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
  }
  return folded;
}

bool IsFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// The names in a folder by their folded form.
class Listing {
 public:
  explicit Listing(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::string name = it->path().filename().string();
      if (!name.starts_with('.')) names_.push_back({Folded(name), std::move(name)});
    }
    std::ranges::sort(names_);
  }

  // The entry's own name; empty when there is none.
  std::string Find(const std::string& folded) const {
    const auto at = std::ranges::lower_bound(names_, folded, {}, &Name::folded);
    return at != names_.end() && at->folded == folded ? at->name : std::string();
  }

 private:
  struct Name {
    std::string folded, name;
    auto operator<=>(const Name&) const = default;
  };
  std::vector<Name> names_;
};

// The listing of a folder as it stands; null when it is none.
std::shared_ptr<const Listing> ListingOf(const fs::path& folder) {
  struct Entry {
    fs::file_time_type changed;
    std::shared_ptr<const Listing> listing;
  };
  constexpr size_t kMostFolders = 32;
  static std::mutex mutex;
  static std::map<std::string, Entry> listings;
  std::error_code error;
  const fs::file_time_type changed = fs::last_write_time(folder, error);
  if (error || !fs::is_directory(folder, error)) return nullptr;
  const std::lock_guard lock(mutex);
  const auto known = listings.find(folder.string());
  if (known != listings.end() && known->second.changed == changed) return known->second.listing;
  if (listings.size() >= kMostFolders) listings.clear();
  auto listing = std::make_shared<const Listing>(folder);
  listings[folder.string()] = {changed, listing};
  return listing;
}

// The folder of that path, or the one it means in another letter case; as it stands when neither.
fs::path FindFolder(const fs::path& folder) {
  std::error_code ignored;
  if (folder.empty() || !folder.has_filename() || fs::is_directory(folder, ignored)) return folder;
  const fs::path parent = FindFolder(folder.parent_path());
  const auto listing = ListingOf(parent.empty() ? "." : parent);
  const std::string name = listing ? listing->Find(Folded(folder.filename().string())) : "";
  return name.empty() ? folder : parent / name;
}

fs::path FindInFolder(const fs::path& path) {
  if (IsFile(path)) return path;
  const fs::path folder = FindFolder(path.parent_path());
  const auto listing = ListingOf(folder.empty() ? "." : folder);
  if (!listing) return {};
  const std::string wanted = Folded(path.filename().string());
  std::vector<std::string> names = {wanted};
  const std::string ending = fs::path(wanted).extension().string();
  const std::string stem = wanted.substr(0, wanted.size() - ending.size());
  if (ending == ".jpg" || ending == ".jpeg") {
    names.push_back(stem + (ending == ".jpg" ? ".jpeg" : ".jpg"));
  }
  if (std::ranges::find(kEndings, ending) == std::end(kEndings)) {
    for (const std::string_view picture : kEndings) names.push_back(wanted + std::string(picture));
  }
  for (const std::string& name : names) {
    const std::string found = listing->Find(name);
    if (!found.empty() && IsFile(folder / found)) return folder / found;
  }
  return {};
}

// The folders and the file of a path that is absolute or leads out of its folder, without what is
// above them; empty of another.
std::vector<std::string> PartsOfElsewhere(std::string name) {
  constexpr std::string_view kLocalFiles = "?d=";  // Label Studio's, /data/local-files/?d=a/b.jpg
  std::ranges::replace(name, '\\', '/');
  bool elsewhere = name.starts_with('/');
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (name.size() > 2 && is_letter(name[0]) && name[1] == ':' && name[2] == '/') {
    elsewhere = true;
    name.erase(0, 2);
  } else if (const size_t scheme = name.find("://"); scheme != std::string::npos) {
    elsewhere = true;
    name.erase(0, scheme + 2);
  }
  if (const size_t at = name.find(kLocalFiles); elsewhere && at != std::string::npos) {
    name.erase(0, at + kLocalFiles.size());
  }
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(name).lexically_normal()) {
    if (part == "..") elsewhere = true;
    if (part != ".." && part != "." && part != "/" && !part.empty()) parts.push_back(part.string());
  }
  return elsewhere ? parts : std::vector<std::string>();
}

}  // namespace

fs::path FindPictureOfElsewhere(const fs::path& folder, const std::string& name) {
  constexpr size_t kMostFolders = 16;
  const bool may_be = name.starts_with('/') || name.starts_with('\\') ||
                      name.find(':') != std::string::npos || name.find("..") != std::string::npos;
  if (!may_be || name.find('\0') != std::string::npos) return {};  // quick for all other names
  const std::vector<std::string> parts = PartsOfElsewhere(name);
  size_t first = parts.size() > kMostFolders ? parts.size() - kMostFolders : 0;
  for (; first < parts.size(); ++first) {
    fs::path tail;
    for (size_t i = first; i < parts.size(); ++i) tail /= parts[i];
    if (fs::path found = FindPictureFile(folder / tail); !found.empty()) return found;
  }
  return {};
}

fs::path FindPictureFile(const fs::path& path) {
  if (path.empty()) return {};
  fs::path found = FindInFolder(path);
  std::string name = path.string();
  if (!found.empty() || name.find('\\') == std::string::npos) return found;
  std::ranges::replace(name, '\\', '/');
  const fs::path slashes(name);
  const bool leaves = std::any_of(slashes.begin(), slashes.end(),
                                  [](const fs::path& part) { return part == ".."; });
  return leaves ? fs::path() : FindInFolder(slashes);
}

}  // namespace gyre
