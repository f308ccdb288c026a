// SPDX-License-Identifier: Apache-2.0
#include "tools/overwriting.h"

#include <algorithm>
#include <fstream>

#include "core/error.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

bool HoldsKeys(const fs::path& npz, const std::vector<std::string>& wanted) {
  const std::vector<std::string> keys = NpzKeys(npz);
  const auto has = [&](const std::string& key) { return std::ranges::count(keys, key) > 0; };
  // Only results of gyre fit and gyre predict tell of a run.
  return std::ranges::all_of(wanted, has) && !has("run");
}

bool StartsWith(const fs::path& file, const std::string& start) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(start.size(), '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return stream.gcount() == std::ssize(start) && bytes == start;
}

bool IsOfKind(const fs::path& file, const OutputKind& kind) {
  try {
    if (!kind.keys.empty()) return HoldsKeys(file, kind.keys);
    if (!StartsWith(file, kind.start)) return false;
    if (kind.columns == 0) return true;
    const NdArray table = ReadNpy(file);
    return table.shape.size() == 2 && table.dim(1) == kind.columns;
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace

void AddForceOption(cxxopts::Options& options) {
  options.add_options()("force", "Write over an --out that is another kind of file");
}

void CheckOverwrites(const cxxopts::ParseResult& args, const fs::path& out, const fs::path& in,
                     const OutputKind& kind) {
  std::error_code ignored;
  if (!fs::exists(out, ignored)) return;
  if (fs::equivalent(out, in, ignored)) {
    ThrowUserError("{}: is what is read here; choose another --out", out.string());
  }
  if (!fs::is_regular_file(out, ignored) || args.count("force") > 0) return;
  if (fs::file_size(out, ignored) == 0 || IsOfKind(out, kind)) return;
  ThrowUserError(
      "{}: is there already and is no {}; choose another --out, or --force to write over it",
      out.string(), kind.what);
}

}  // namespace gyre
