// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <type_traits>

#include "core/error.h"
#include "io/json.h"
#include "io/npz.h"
#include "io/utf8.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 1024;  // rows in memory
constexpr const char* kRunKey = "run";

// The bytes of a number or of a fixed-size matrix.
template <typename T>
std::string_view Bytes(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
  } else {
    return {reinterpret_cast<const char*>(value.data()), value.size() * sizeof(double)};
  }
}

// Every field of a row, in the order they stand in a record.
template <typename Row, typename Codec>
void ForEachField(Row& row, Codec&& code) {
  code(row.index);
  auto pose = row.params.pose(), betas = row.params.betas();
  auto transl = row.params.transl();
  code(pose);
  code(betas);
  code(transl);
  code(row.camera.focal_px);
  code(row.camera.center_px);
  code(row.pixel_scale);
  code(row.reprojection_px);
  code(row.score_px2);
  code(row.joint_error_px);
  code(row.depth_sd_m);
  code(row.rotation_sd_rad);
  code(row.objective);
  code(row.runner_up_objective);
  code(row.runner_up_pose);
  code(row.usable);
  code(row.reason);
  code(row.source_file);
  code(row.image);
  code(row.person);
  code(row.id);
  code(row.image_path);
}

struct Column {
  const char* key;
  DType dtype;
  std::vector<int64_t> row_shape;
  std::function<std::string_view(const FitRow&)> value;  // its bytes, or the text
};

const std::vector<Column>& Columns() {
  using R = FitRow;
  static const std::vector<Column> columns = {
      {"index", DType::kInt64, {}, [](const R& r) { return Bytes(r.index); }},
      {"pose", DType::kFloat64, {kNumPoseParams}, [](const R& r) { return Bytes(r.params.pose()); }},
      {"betas",
       DType::kFloat64,
       {kNumShapeParams},
       [](const R& r) { return Bytes(r.params.betas()); }},
      {"transl", DType::kFloat64, {3}, [](const R& r) { return Bytes(r.params.transl()); }},
      {"focal_px", DType::kFloat64, {}, [](const R& r) { return Bytes(r.camera.focal_px); }},
      {"center_px", DType::kFloat64, {2}, [](const R& r) { return Bytes(r.camera.center_px); }},
      {"pixel_scale", DType::kFloat64, {}, [](const R& r) { return Bytes(r.pixel_scale); }},
      {"reprojection_px", DType::kFloat64, {}, [](const R& r) { return Bytes(r.reprojection_px); }},
      {"score_px2", DType::kFloat64, {}, [](const R& r) { return Bytes(r.score_px2); }},
      {"joint_error_px",
       DType::kFloat64,
       {kNumSpinJoints},
       [](const R& r) { return Bytes(r.joint_error_px); }},
      {"depth_sd_m",
       DType::kFloat64,
       {kNumBodyJoints},
       [](const R& r) { return Bytes(r.depth_sd_m); }},
      {"rotation_sd_rad",
       DType::kFloat64,
       {kNumBodyJoints},
       [](const R& r) { return Bytes(r.rotation_sd_rad); }},
      {"objective", DType::kFloat64, {}, [](const R& r) { return Bytes(r.objective); }},
      {"runner_up_objective",
       DType::kFloat64,
       {},
       [](const R& r) { return Bytes(r.runner_up_objective); }},
      {"runner_up_pose",
       DType::kFloat64,
       {kNumPoseParams},
       [](const R& r) { return Bytes(r.runner_up_pose); }},
      {"usable", DType::kBool, {}, [](const R& r) { return Bytes(r.usable); }},
      {"reason", DType::kString, {}, [](const R& r) { return std::string_view(r.reason); }},
      {"source_file",
       DType::kString,
       {},
       [](const R& r) { return std::string_view(r.source_file); }},
      {"image", DType::kString, {}, [](const R& r) { return std::string_view(r.image); }},
      {"person", DType::kInt64, {}, [](const R& r) { return Bytes(r.person); }},
      {"id", DType::kInt64, {}, [](const R& r) { return Bytes(r.id); }},
  };
  return columns;
}

std::vector<FitRow> ReadBlock(const Journal& journal, int64_t begin) {
  std::vector<FitRow> rows;
  for (const std::string& record : journal.Read(begin, std::min(kBlock, journal.size() - begin))) {
    rows.push_back(DecodeRow(record));
  }
  return rows;
}

// The run as a column of one text.
NpzColumn RunColumn(const FitRun& run) {
  const NdArray text = NdArray::FromStrings({run.dump()});
  return {kRunKey, DType::kString, {1}, TextWidth(text.strings), [text] { return text; }};
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

FitRow::FitRow(int64_t index_in, const FitInput& input, const FitResult& result)
    : index(index_in),
      params(result.params),
      camera(input.problem.camera),
      pixel_scale(input.problem.pixel_scale),
      reprojection_px(result.summary.score.reprojection_px),
      score_px2(result.summary.score.score_px2),
      joint_error_px(result.summary.per_joint_error_px),
      objective(result.summary.after.BodyTotal()),
      usable(result.summary.usable),
      reason(FitReasonName(result.summary.reason)),
      source_file(Utf8FromBytes(input.source_file)),
      image(Utf8FromBytes(input.image)),
      person(input.person),
      id(input.id),
      image_path(input.image_path.string()) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  depth_sd_m.setConstant(nan);
  rotation_sd_rad.setConstant(nan);
  runner_up_pose.setConstant(nan);
  runner_up_objective = nan;
  if (result.uncertainty) {
    for (int k = 0; k < kNumBodyJoints; ++k) {
      depth_sd_m[k] = result.uncertainty->depth_sd_m[k];
      rotation_sd_rad[k] = result.uncertainty->rotation_sd_rad[k];
    }
  }
  if (result.runner_up) {
    runner_up_pose = result.runner_up->params.pose();
    runner_up_objective = result.runner_up->objective;
  }
  if (usable) return;
  params.pose().setConstant(nan);
  params.betas().setConstant(nan);
  params.transl().setConstant(nan);
  reprojection_px = score_px2 = objective = nan;
}

std::string EncodeRow(const FitRow& row) {
  std::string record;
  ForEachField(row, [&](const auto& field) {
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::string>) {
      record += Bytes(static_cast<uint32_t>(field.size()));
      record += field;
    } else {
      record += Bytes(field);
    }
  });
  return record;
}

FitRow DecodeRow(const std::string& record) {
  FitRow row;
  std::string_view rest = record;
  const auto fail = [&](const char* how) {
    ThrowUserError("a stored fit of {} bytes is too {}: fit again with --restart", record.size(),
                   how);
  };
  const auto take = [&](size_t size) {
    if (size > rest.size()) fail("short");
    const std::string_view bytes = rest.substr(0, size);
    rest.remove_prefix(size);
    return bytes;
  };
  ForEachField(row, [&](auto& field) {
    using Field = std::decay_t<decltype(field)>;
    if constexpr (std::is_same_v<Field, bool>) {
      field = take(1)[0] != 0;
    } else if constexpr (std::is_same_v<Field, std::string>) {
      uint32_t size = 0;
      std::memcpy(&size, take(sizeof(size)).data(), sizeof(size));
      field = take(size);
    } else {
      const std::string_view to = Bytes(field);
      std::memcpy(const_cast<char*>(to.data()), take(to.size()).data(), to.size());
    }
  });
  if (!rest.empty()) fail("long");
  return row;
}

std::string DifferenceOf(const FitRun& was, const FitRun& is) {
  const auto flat_was = was.flatten(), flat_is = is.flatten();
  const auto text = [](const nlohmann::json& flat, const std::string& key) {
    return flat.contains(key) ? flat[key].dump() : "not there";
  };
  auto keys = flat_was;
  keys.update(flat_is);
  for (const auto& [key, unused] : keys.items()) {
    const std::string a = text(flat_was, key), b = text(flat_is, key);
    if (a == b) continue;
    std::string name = key.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    return fmt::format("{} was {} and is {}", name, a, b);
  }
  return "";
}

void WriteFits(const Journal& journal, const FitRun& run, const fs::path& path) {
  std::map<std::string, size_t> widths;
  for (int64_t begin = 0; begin < journal.size(); begin += kBlock) {
    for (const FitRow& row : ReadBlock(journal, begin)) {
      for (const Column& column : Columns()) {
        if (column.dtype != DType::kString) continue;
        size_t& width = widths[column.key];
        width = std::max(width, TextWidth({std::string(column.value(row))}));
      }
    }
  }
  std::vector<NpzColumn> columns = {RunColumn(run)};
  for (const Column& column : Columns()) {
    NpzColumn out{column.key, column.dtype, {journal.size()}, widths[column.key], {}};
    out.shape.insert(out.shape.end(), column.row_shape.begin(), column.row_shape.end());
    out.next = [&journal, &column, begin = int64_t{0}]() mutable {
      NdArray block{column.dtype, {0}, {}, {}};
      for (const FitRow& row : ReadBlock(journal, begin)) {
        if (column.dtype == DType::kString) {
          block.strings.emplace_back(column.value(row));
        } else {
          block.bytes += column.value(row);
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
  return run;
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
    if (key != kRunKey) columns.push_back(JoinedColumn(paths, key));
  }
  WriteNpzColumns(path, std::move(columns));
}

FitStatistics ReadStatistics(const fs::path& path) {
  FitStatistics statistics;
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
      statistics.reprojection_px.Add(error[i]);  // NaN, which does not count, unless usable
      statistics.reprojection_crop_px.Add(error[i] * pixel_scale[i]);
    }
  }
}

}  // namespace gyre
