// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "io/json.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 1024;  // rows in memory
constexpr const char* kRunKey = "run";
constexpr FieldDoc kRunDoc = {
    kRunKey, FieldShape::kFile, "",
    "JSON: every option in effect, and fingerprints of input, body, prior and start network"};

std::vector<FitRow> ReadBlock(const Journal& journal, const FitRow& like, int64_t begin) {
  std::vector<FitRow> rows;
  for (const std::string& record : journal.Read(begin, std::min(kBlock, journal.size() - begin))) {
    rows.push_back(DecodeRow(record, like));
  }
  return rows;
}

// The run as a column of one text.
NpzColumn RunColumn(const FitRun& run) {
  const NdArray text = NdArray::FromStrings({run.dump()});
  return {kRunKey, DType::kString, {1}, TextWidth(text.strings), [text] { return text; }};
}

// A column of a few texts, as they stand in a file.
NpzColumn CopiedColumn(const fs::path& file, const std::string& key) {
  NpzRows rows(file, key);
  const NdArray array = rows.Next(std::max<int64_t>(1, rows.shape()[0]));
  return {key, array.dtype, array.shape, TextWidth(array.strings), [array] { return array; }};
}

// A column of several files, one after the other.
NpzColumn JoinedColumn(const std::vector<fs::path>& files, const std::string& key) {
  NpzColumn joined;
  joined.key = key;
  for (const fs::path& file : files) {
    const NpzRows rows(file, key);
    const std::vector<int64_t>& shape = rows.shape();
    const bool first = joined.shape.empty();
    if (first) {
      joined.dtype = rows.dtype();
      joined.shape = shape;
      joined.shape[0] = 0;
    }
    if (rows.dtype() != joined.dtype || shape.size() != joined.shape.size() ||
        !std::equal(shape.begin() + 1, shape.end(), joined.shape.begin() + 1)) {
      ThrowUserError("{}: key '{}' is not as in {}", file.string(), key, files.front().string());
    }
    joined.shape[0] += shape[0];
    joined.text_width = std::max(joined.text_width, rows.text_width());
  }
  struct Place {
    std::vector<fs::path> files;
    size_t next = 0;
    std::optional<NpzRows> rows;
  };
  joined.next = [place = std::make_shared<Place>(Place{files, 0, {}}), key] {
    while (true) {
      if (place->rows) {
        NdArray block = place->rows->Next(kBlock);
        if (block.shape[0] > 0) return block;
      }
      place->rows.emplace(place->files.at(place->next++), key);
    }
  };
  return joined;
}

// A shard's file and the persons it holds.
struct Shard {
  fs::path path;
  int64_t begin, end;
};

Shard ReadShard(const fs::path& path) {
  NpzRows index(path, "index");
  Shard shard{path, 0, 0};
  int64_t count = 0;
  while (true) {
    const auto values = index.Next(kBlock).As<int64_t>(path.string() + ": key 'index'");
    if (values.empty()) break;
    if (count == 0) shard.begin = values[0];
    for (const int64_t value : values) {
      if (value != shard.begin + count++) {
        ThrowUserError("{}: key 'index' does not count up by 1; it is no shard", path.string());
      }
    }
  }
  if (count == 0) ThrowUserError("{}: holds nobody", path.string());
  shard.end = shard.begin + count;
  return shard;
}

}  // namespace

std::vector<FieldDoc> TableFields() {
  std::vector<FieldDoc> fields = RowFields();
  fields.push_back(kRunDoc);
  std::ranges::copy(HeadFields(), std::back_inserter(fields));
  return fields;
}

void WriteFits(const Journal& journal, const FitRow& like, const FitTableHead& head,
               const fs::path& path) {
  std::map<std::string_view, size_t> widths;
  const std::vector<RowColumn> wanted = ColumnsOf(like);
  for (int64_t begin = 0; begin < journal.size(); begin += kBlock) {
    for (const FitRow& row : ReadBlock(journal, like, begin)) {
      for (const RowColumn& column : wanted) {
        if (column.dtype != DType::kString) continue;
        size_t& width = widths[column.key];
        width = std::max(width, TextWidth({std::string(column.ValueOf(row))}));
      }
    }
  }
  std::vector<FieldDoc> docs = RowFields();
  std::erase_if(docs, [&](const FieldDoc& doc) {
    return std::ranges::none_of(wanted, [&](const RowColumn& c) { return c.key == doc.key; });
  });
  docs.push_back(kRunDoc);
  std::vector<NpzColumn> columns = HeadColumns(head.of, docs);
  columns.push_back(RunColumn(head.run));
  for (const RowColumn& column : wanted) {
    NpzColumn out{std::string(column.key), column.dtype, {journal.size()}, widths[column.key], {}};
    out.shape.insert(out.shape.end(), column.row_shape.begin(), column.row_shape.end());
    out.next = [&journal, &like, &column, begin = int64_t{0}]() mutable {
      NdArray block{column.dtype, {0}, {}, {}};
      for (const FitRow& row : ReadBlock(journal, like, begin)) {
        if (column.dtype == DType::kString) {
          block.strings.emplace_back(column.ValueOf(row));
        } else {
          block.bytes += column.ValueOf(row);
        }
        ++block.shape[0];
      }
      begin += block.shape[0];
      block.shape.insert(block.shape.end(), column.row_shape.begin(), column.row_shape.end());
      return block;
    };
    columns.push_back(std::move(out));
  }
  WriteNpzColumns(path, std::move(columns));
}

FitRun ReadRun(const fs::path& path) {
  const std::vector<std::string> text = NpzRows(path, kRunKey).Next(1).strings;
  const std::string what = fmt::format("{}: key '{}'", path.string(), kRunKey);
  FitRun run = ParseJson(text.empty() ? "" : text[0], what);
  if (!run.is_object() || !run.value("persons", FitRun()).is_number_integer()) {
    ThrowUserError("{} is no description of a run of gyre fit", what);
  }
  return Completed(std::move(run));
}

void JoinFits(std::vector<fs::path> paths, const fs::path& path) {
  FitRun run;
  std::vector<Shard> shards;
  for (const fs::path& shard : paths) {
    FitRun other = ReadRun(shard);
    other.erase("shard");
    if (shards.empty()) run = other;
    if (const std::string difference = DifferenceOf(run, other); !difference.empty()) {
      ThrowUserError("{}: is of another run than {}: {}", shard.string(), paths[0].string(),
                     difference);
    }
    shards.push_back(ReadShard(shard));
  }
  std::sort(shards.begin(), shards.end(),
            [](const Shard& a, const Shard& b) { return a.begin < b.begin; });
  int64_t end = 0;
  const auto check_gap = [&](int64_t next) {
    if (next > end) {
      ThrowUserError("persons {} to {} are in none of the files; add the shards that hold them",
                     end, next - 1);
    }
  };
  for (size_t i = 0; i < shards.size(); ++i) {
    if (shards[i].begin < end) {
      ThrowUserError("{} and {} both hold person {}; give every shard once",
                     shards[i - 1].path.string(), shards[i].path.string(), shards[i].begin);
    }
    check_gap(shards[i].begin);
    end = shards[i].end;
    paths[i] = shards[i].path;
  }
  check_gap(run["persons"].get<int64_t>());
  std::vector<NpzColumn> columns = {RunColumn(run)};
  for (const std::string& key : NpzKeys(paths[0])) {
    if (key == kRunKey) continue;
    columns.push_back(IsHeadKey(key) ? CopiedColumn(paths[0], key) : JoinedColumn(paths, key));
  }
  WriteNpzColumns(path, std::move(columns));
}

namespace {

// Qualities, and who has the lowest of them.
void ReadQuality(const fs::path& path, FitStatistics* statistics) {
  constexpr size_t kWorst = 5;
  const std::vector<std::string> keys = NpzKeys(path);
  if (std::ranges::find(keys, "quality") == keys.end()) return;
  NpzRows quality(path, "quality"), reprojection(path, "reprojection_px"), image(path, "image");
  NpzRows index(path, "index"), person(path, "person"), id(path, "id"), usable(path, "usable");
  const std::string what = path.string();
  std::vector<DoubtfulFit>& worst = statistics->worst;
  while (true) {
    const auto values = quality.Next(kBlock).As<double>(what);
    const auto error = reprojection.Next(kBlock).As<double>(what);
    const std::vector<std::string> images = image.Next(kBlock).strings;
    const auto indices = index.Next(kBlock).As<int64_t>(what);
    const auto persons = person.Next(kBlock).As<int64_t>(what);
    const auto ids = id.Next(kBlock).As<int64_t>(what);
    const auto fitted = usable.Next(kBlock).As<uint8_t>(what);
    if (values.empty()) return;
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      if (fitted[i]) statistics->quality.Add(values[i]);
      if (worst.size() == kWorst && values[i] >= worst.back().quality) continue;
      const auto place = std::ranges::upper_bound(worst, values[i], {}, &DoubtfulFit::quality);
      worst.insert(place, {indices[i], images[i], persons[i], ids[i], values[i], error[i],
                           fitted[i] != 0});
      if (worst.size() > kWorst) worst.pop_back();
    }
  }
}

}  // namespace

FitStatistics ReadStatistics(const fs::path& path) {
  FitStatistics statistics;
  ReadQuality(path, &statistics);
  NpzRows usable(path, "usable"), reason(path, "reason");
  NpzRows reprojection(path, "reprojection_px"), scale(path, "pixel_scale");
  const std::string what = path.string();
  while (true) {
    const auto fitted = usable.Next(kBlock).As<uint8_t>(what);
    const std::vector<std::string> reasons = reason.Next(kBlock).strings;
    const auto error = reprojection.Next(kBlock).As<double>(what);
    const auto pixel_scale = scale.Next(kBlock).As<double>(what);
    if (fitted.empty()) return statistics;
    if (reasons.size() != fitted.size() || error.size() != fitted.size() ||
        pixel_scale.size() != fitted.size()) {
      ThrowUserError("{}: its columns differ in length; it is no result of gyre fit", what);
    }
    for (size_t i = 0; i < fitted.size(); ++i) {
      ++statistics.persons;
      statistics.usable += fitted[i];
      if (!fitted[i]) ++statistics.refused[reasons[i]];
      if (!fitted[i]) continue;
      statistics.reprojection_px.Add(error[i]);  // NaN, which does not count, of 3D joints alone
      statistics.reprojection_crop_px.Add(error[i] * pixel_scale[i]);
    }
  }
}

}  // namespace gyre
