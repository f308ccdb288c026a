// SPDX-License-Identifier: Apache-2.0
#include "fuzz/fuzz_target.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>

#include "io/utf8.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "gyre_fuzz_XXXXXX").string();
    GYRE_CHECK(mkdtemp(pattern.data()) != nullptr, "no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

FuzzTarget::FuzzTarget(const char* name_in, Read read_in, bool is_zip_in)
    : name(name_in), read(read_in), is_zip(is_zip_in) {
  FuzzTargets().push_back(*this);
}

std::vector<FuzzTarget>& FuzzTargets() {
  static std::vector<FuzzTarget> targets;
  return targets;
}

std::string RunTarget(const FuzzTarget& target, const std::string& bytes) {
  try {
    target.read(bytes);
    return "";
  } catch (const UserError& error) {
    GYRE_CHECK(*error.what() != '\0', "an error without words");
    return error.what();
  }
}

const fs::path& FuzzFolder() {
  static const TemporaryFolder folder;
  return folder.path();
}

fs::path AsFile(const std::string& bytes, const std::string& name) {
  const fs::path path = FuzzFolder() / name;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  GYRE_CHECK(file, "{} cannot be written", path.string());
  return path;
}

}  // namespace gyre
