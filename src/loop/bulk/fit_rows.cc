// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
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
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The bytes of a number or of a vector of them; a text itself.
template <typename T>
std::string_view Bytes(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
  } else {
    return {reinterpret_cast<const char*>(value.data()), value.size() * sizeof(double)};
  }
}

// Calls visit(doc, field) for every field of a row, in the order that they have in a record and as
// columns of the .npz. Without a key it is in the record alone.
template <typename Row, typename Visit>
void VisitRow(Row& row, Visit&& visit) {
  using enum FieldShape;
  const auto shared = [&](const FieldDoc& doc, const auto& get) { visit(doc, get(row)); };
  visit(FieldDoc{"index", kOne, "", "place in the whole input, from 0: a shard's begin later"},
        row.index);
  ForEachBodyField(DType::kFloat64, shared);
  visit(FieldDoc{"pixel_scale", kOne, "1",
                 "pixels of the person's 224 px crop per pixel of the image"},
        row.pixel_scale);
  visit(
      FieldDoc{"reprojection_px", kOne, "px", "mean distance of the observed joints, image pixels"},
      row.reprojection_px);
  visit(FieldDoc{"score_px2", kOne, "px^2",
                 "robust error per observed joint in the 224 px crop (Geman-McClure, 100 px)"},
        row.score_px2);
  visit(FieldDoc{"joint_error_px", kKeypoints, "px", "per keypoint; NaN where not observed"},
        row.joint_error_px);
  visit(FieldDoc{"depth_sd_m", kJoints, "m",
                 "one standard deviation of each joint's depth less the root's"},
        row.depth_sd_m);
  ForRotationSd(DType::kFloat64, shared);
  visit(FieldDoc{"objective", kOne, "px^2", "what was minimised"}, row.objective);
  visit(FieldDoc{"runner_up_objective", kOne, "px^2",
                 "the same of the best other body tried; NaN where none was"},
        row.runner_up_objective);
  visit(FieldDoc{"runner_up_pose", kPose, "rad", "its pose"}, row.runner_up_pose);
  visit(FieldDoc{"usable", kOne, "", "whether fitted"}, row.usable);
  visit(FieldDoc{"reason", kOne, "", "if not, why"}, row.reason);
  visit(FieldDoc{"source_file", kOne, "", "where the row comes from"}, row.source_file);
  visit(FieldDoc{"image", kOne, "", "the picture"}, row.image);
  visit(FieldDoc{"person", kOne, "", "counts from 0 within the image"}, row.person);
  visit(FieldDoc{"id", kOne, "", "the source file's own number of the person"}, row.id);
  visit(FieldDoc{"", kOne, "", ""}, row.image_path);
}

struct Column {
  std::string_view key;
  DType dtype;
  std::vector<int64_t> row_shape;

  // Its bytes in a row, or the text.
  std::string_view ValueOf(const FitRow& row) const {
    std::string_view value;
    VisitRow(row, [&](const FieldDoc& doc, const auto& field) {
      if (key == doc.key) value = Bytes(field);
    });
    return value;
  }
};

// What bodies of the kind have none of is no column.
std::vector<Column> ColumnsOf(const FitRow& like) {
  std::vector<Column> columns;
  VisitRow(like, [&](const FieldDoc& doc, const auto& field) {
    using Field = std::decay_t<decltype(field)>;
    const std::string_view key = doc.key;
    if (key.empty()) return;
    if constexpr (std::is_same_v<Field, std::string>) {
      columns.push_back({key, DType::kString, {}});
    } else if constexpr (std::is_same_v<Field, bool>) {
      columns.push_back({key, DType::kBool, {}});
    } else if constexpr (std::is_same_v<Field, int64_t>) {
      columns.push_back({key, DType::kInt64, {}});
    } else if constexpr (std::is_same_v<Field, double>) {
      columns.push_back({key, DType::kFloat64, {}});
    } else if (field.size() > 0) {
      columns.push_back({key, DType::kFloat64, {field.size()}});
    }
  });
  return columns;
}

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

FitRow::FitRow(const BodyLayout& body, int num_keypoints)
    : params(body),
      reprojection_px(kNaN),
      score_px2(kNaN),
      joint_error_px(VecX::Constant(num_keypoints, kNaN)),
      depth_sd_m(VecX::Constant(body.num_joints(), kNaN)),
      rotation_sd_rad(depth_sd_m),
      objective(kNaN),
      runner_up_objective(kNaN),
      runner_up_pose(VecX::Constant(body.num_pose(), kNaN)) {
  params.values().setConstant(kNaN);
}

FitRow::FitRow(const BodyLayout& body, int64_t index_in, const FitInput& input,
               const FitResult& result)
    : FitRow(body, static_cast<int>(input.problem.confidence.size())) {
  const FitSummary& summary = result.summary;
  index = index_in;
  camera = input.problem.camera;
  pixel_scale = input.problem.pixel_scale;
  joint_error_px = summary.per_joint_error_px;
  if (result.uncertainty) {
    for (int k = 0; k < body.num_joints(); ++k) {
      depth_sd_m[k] = result.uncertainty->depth_sd_m[k];
      rotation_sd_rad[k] = result.uncertainty->rotation_sd_rad[k];
    }
  }
  if (result.runner_up) {
    runner_up_pose = result.runner_up->params.pose();
    runner_up_objective = result.runner_up->objective;
  }
  usable = summary.usable;
  if (usable) {
    params = result.params;
    reprojection_px = summary.score.reprojection_px;
    score_px2 = summary.score.score_px2;
    objective = summary.after.BodyTotal();
  }
  reason = EnumName(summary.reason);
  source_file = Utf8FromBytes(input.person.source_file);
  image = Utf8FromBytes(input.person.image);
  person = input.person.place;
  id = input.person.id;
  image_path = input.person.image_path;
}

std::vector<FieldDoc> RowFields() {
  std::vector<FieldDoc> fields;
  const FitRow row(SmplLayout(), 1);
  VisitRow(row, [&](const FieldDoc& doc, const auto&) {
    if (*doc.key != '\0') fields.push_back(doc);
  });
  return fields;
}

std::string EncodeRow(const FitRow& row) {
  std::string record;
  VisitRow(row, [&](const FieldDoc&, const auto& field) {
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::string>) {
      record += Bytes(static_cast<uint32_t>(field.size()));
    }
    record += Bytes(field);
  });
  return record;
}

FitRow DecodeRow(const std::string& record, const FitRow& like) {
  FitRow row = like;
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
  VisitRow(row, [&](const FieldDoc&, auto&& field) {
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

FitRun Completed(FitRun run) {
  if (!run.is_object() || !run.contains("fit.sigma_px")) return run;
  const bool sequence = run.contains("fps");
  run.emplace("fit.point_weight", 170.0);
  run.emplace("fit.estimate_uncertainty", !sequence);
  if (!sequence) return run;
  run.emplace("sequence.acceleration_weight", 0.1);
  run.emplace("sequence.window_frames", 40);
  run.emplace("sequence.overlap_frames", 12);
  run.emplace("sequence.max_iterations", 30);
  run.emplace("sequence.function_tolerance", 1e-5);
  return run;
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

void WriteFits(const Journal& journal, const FitRow& like, const FitRun& run,
               const fs::path& path) {
  std::map<std::string_view, size_t> widths;
  const std::vector<Column> wanted = ColumnsOf(like);
  for (int64_t begin = 0; begin < journal.size(); begin += kBlock) {
    for (const FitRow& row : ReadBlock(journal, like, begin)) {
      for (const Column& column : wanted) {
        if (column.dtype != DType::kString) continue;
        size_t& width = widths[column.key];
        width = std::max(width, TextWidth({std::string(column.ValueOf(row))}));
      }
    }
  }
  std::vector<NpzColumn> columns = {RunColumn(run)};
  for (const Column& column : wanted) {
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
