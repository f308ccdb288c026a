// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/best_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "body/body_identity.h"
#include "core/error.h"
#include "fitting/store/npz_head.h"
#include "io/npz.h"
#include "io/utf8.h"
#include "loop/bulk/bulk_fit.h"
#include "loop/bulk/fit_run.h"
#include "loop/bulk/fit_table.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 1024;  // rows in memory
constexpr const char* kChosenKey = "chosen_body";
constexpr const char* kRunKey = "run";

std::string BodyPathOf(const fs::path& fits) { return ReadHead(fits).origin.body.path; }

// Which file every person is taken from.
std::vector<uint8_t> BestOfEach(const std::vector<fs::path>& fits) {
  std::vector<double> lowest;
  std::vector<uint8_t> best;
  for (size_t i = 0; i < fits.size(); ++i) {
    NpzRows objective(fits[i], "objective"), usable(fits[i], "usable");
    size_t row = 0;
    while (true) {
      const auto values = objective.Next(kBlock).As<double>(fits[i].string());
      const auto fitted = usable.Next(kBlock).As<uint8_t>(fits[i].string());
      if (values.empty()) break;
      for (size_t k = 0; k < values.size(); ++k, ++row) {
        if (i == 0) {
          lowest.push_back(std::numeric_limits<double>::infinity());
          best.push_back(0);
        }
        if (!fitted.at(k) || !(values[k] < lowest.at(row))) continue;
        lowest[row] = values[k];
        best[row] = static_cast<uint8_t>(i);
      }
    }
  }
  return best;
}

NpzColumn TextColumn(const std::string& key, const std::vector<std::string>& texts) {
  const NdArray array = NdArray::FromStrings(texts);
  return {key, DType::kString, array.shape, TextWidth(texts), [array] { return array; }};
}

// A column of which every row is that of its person's best file.
NpzColumn ChosenColumn(const std::vector<fs::path>& fits, const std::string& key,
                       const std::shared_ptr<const std::vector<uint8_t>>& best) {
  const auto rows = std::make_shared<std::vector<NpzRows>>();
  NpzColumn chosen;
  chosen.key = key;
  for (const fs::path& file : fits) {
    const NpzRows& of = rows->emplace_back(file, key);
    if (rows->size() == 1) {
      chosen.dtype = of.dtype();
      chosen.shape = of.shape();
    }
    if (of.dtype() != chosen.dtype || of.shape() != chosen.shape) {
      ThrowUserError("{}: key '{}' is not as in {}; bodies have to be of one layout", file.string(),
                     key, fits.front().string());
    }
    chosen.text_width = std::max(chosen.text_width, of.text_width());
  }
  chosen.next = [rows, best, begin = size_t{0}]() mutable {
    std::vector<NdArray> blocks;
    for (NpzRows& of : *rows) blocks.push_back(of.Next(kBlock));
    NdArray block = blocks.front();
    const auto count = static_cast<size_t>(block.shape[0]);
    const size_t bytes = count > 0 ? block.bytes.size() / count : 0;
    for (size_t i = 0; i < count; ++i) {
      const NdArray& of = blocks[best->at(begin + i)];
      if (block.dtype == DType::kString) {
        block.strings[i] = of.strings.at(i);
      } else {
        block.bytes.replace(i * bytes, bytes, of.bytes, i * bytes, bytes);
      }
    }
    begin += count;
    return block;
  };
  return chosen;
}

// Theirs without the body, or UserError.
FitRun CommonRun(const std::vector<fs::path>& fits) {
  FitRun common;
  for (const fs::path& file : fits) {
    FitRun run = ReadRun(file);
    run.erase("body");
    if (common.is_null()) common = run;
    if (const std::string difference = DifferenceOf(common, run); !difference.empty()) {
      ThrowUserError("{}: is of another run than {}: {}", file.string(), fits.front().string(),
                     difference);
    }
  }
  return common;
}

}  // namespace

std::vector<fs::path> OutOfEachBody(const fs::path& out, const std::vector<std::string>& bodies) {
  std::vector<fs::path> files;
  std::set<fs::path> taken = {out};
  for (const std::string& body : bodies) {
    const std::string stem = fs::path(body).stem().string();
    fs::path file;
    for (int number = 1; file.empty() || taken.contains(file); ++number) {
      const std::string called = number == 1 ? stem : fmt::format("{}-{}", stem, number);
      file = out.parent_path() / fmt::format("{}.{}.npz", out.stem().string(), called);
    }
    taken.insert(file);
    files.push_back(file);
  }
  return files;
}

void ChooseBodies(const std::vector<fs::path>& fits, const fs::path& out, bool force) {
  FitRun run = CommonRun(fits);
  std::vector<std::string> bodies;
  for (const fs::path& file : fits) bodies.push_back(BodyPathOf(file));
  run["bodies"] = bodies;
  if (const std::string other = OtherThan(run, out); !other.empty() && !force) {
    ThrowUserError("{}: {}; choose another --out, or --force to write over it", out.string(),
                   other);
  }
  const auto best = std::make_shared<const std::vector<uint8_t>>(BestOfEach(fits));

  NpzHead head = ReadHead(fits.front());
  head.origin.body = BodyIdentity::OfSeveral(bodies);
  constexpr FieldDoc kChosenDoc = {kChosenKey, FieldShape::kOne, "",
                                   "whose body it is: the file of the lowest objective"};
  std::vector<FieldDoc> docs = {kChosenDoc};
  std::vector<NpzColumn> columns;
  for (const std::string& key : NpzKeys(fits.front())) {
    if (key == kRunKey || IsHeadKey(key)) continue;
    columns.push_back(ChosenColumn(fits, key, best));
    for (const FieldDoc& doc : TableFields()) {
      if (doc.key == key) docs.push_back(doc);
    }
  }
  std::vector<std::string> chosen;
  for (const uint8_t file : *best) chosen.push_back(bodies[file]);
  columns.push_back(TextColumn(kChosenKey, chosen));
  columns.push_back(TextColumn(kRunKey, {run.dump()}));
  std::ranges::move(HeadColumns(head, docs), std::back_inserter(columns));
  WriteNpzColumns(out, std::move(columns));
}

std::vector<int64_t> CountChosen(const fs::path& out, const std::vector<std::string>& bodies) {
  std::vector<int64_t> counts;
  const NdArray chosen = NpzRows(out, kChosenKey).Next(std::numeric_limits<int32_t>::max());
  for (const std::string& body : bodies) {
    counts.push_back(std::ranges::count(chosen.strings, Utf8FromBytes(body)));
  }
  return counts;
}

}  // namespace gyre
