// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/csv.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <set>

#include "core/error.h"
#include "core/printable.h"
#include "datasets/readers/joint_names.h"
#include "io/csv.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

// Of the joints of "csv21", in its order.
constexpr std::array<std::string_view, 21> kColumns = {
    "rank", "rkne", "rhip", "lhip", "lkne", "lank", "rwri", "relb", "rsho", "lsho", "lelb",
    "lwri", "neck", "head", "pelv", "thrx", "nose", "leye", "reye", "lear", "rear"};

// The row of "csv21" that a column's name without its ending stands for; -1: none.
int JointOfColumn(const std::string& name) {
  const auto known = std::ranges::find(kColumns, name);
  if (known != kColumns.end()) return static_cast<int>(known - kColumns.begin());
  const std::string_view joint = JointByName(name);
  return joint.empty() ? -1 : FindKeypointSet("csv21").IndexOf(joint);
}

bool IsEmpty(const std::string& cell) {
  return cell.empty() || cell == "nan" || cell == "NaN" || cell == "NA";
}

// Columns that mean something together alone.
using ColumnGroup = std::array<const char*, 3>;
constexpr ColumnGroup kBoxColumns = {"box_x", "box_y", "box_side"};
constexpr ColumnGroup kCameraColumns = {"focal_px", "center_x", "center_y"};

bool HasAll(const CsvTable& table, const ColumnGroup& group) {
  return std::ranges::all_of(group, [&](const char* column) { return table.Has(column); });
}

// The joints a table has columns for, and a reader of its rows.
class KeypointColumns {
 public:
  KeypointColumns(const CsvTable& table, bool boxes, const fs::path& path)
      : table_(table), path_(path) {
    std::set<int> joints;
    for (const std::string& column : table.columns()) {
      if (!column.ends_with("_x") && !column.ends_with("_y")) continue;
      const std::string name = column.substr(0, column.size() - 2);
      const int joint = JointOfColumn(name);
      if (joint < 0 || Has(name)) continue;
      if (!joints.insert(joint).second) {
        ThrowUserError("{}: column '{}' is of a joint that another column is of; rename one",
                       path.string(), column);
      }
      columns_.push_back(
          {joint, name, name + "_x", name + "_y", name + "_v", table.Has(name + "_v")});
    }
    if (columns_.empty() && !(boxes && HasAll(table, kBoxColumns))) {
      ThrowUserError(
          "{}: expected columns such as rank_x and rank_y or right_ankle_x and right_ankle_y, "
          "found none of any joint",
          path.string());
    }
  }

  // Whether a column that is passed over is named after a joint, as a misspelt JOINT_v.
  bool AnyOfAJoint() const {
    return std::ranges::any_of(table_.columns(), [&](const std::string& column) {
      return !IsKnown(column) && std::ranges::any_of(columns_, [&](const Column& known) {
        return column.starts_with(known.name + "_");
      });
    });
  }

  // What the table has besides, in one sentence; empty when it has nothing else.
  std::string PassedOver() const {
    std::vector<std::string> joints, columns;
    for (const std::string& column : table_.columns()) {
      if (IsKnown(column)) continue;
      const std::string name = column.size() > 2 ? column.substr(0, column.size() - 2) : "";
      if (!name.empty() && table_.Has(name + "_x") && table_.Has(name + "_y")) {
        if (column == name + "_x") joints.push_back(name);
      } else {
        columns.push_back(column);
      }
    }
    if (joints.empty() && columns.empty()) return "";
    std::string text = fmt::format("{}: {} of {} joints recognised", path_.string(),
                                   columns_.size(), columns_.size() + joints.size());
    if (!joints.empty()) text += fmt::format("; passed over: {}", fmt::join(joints, ", "));
    if (!columns.empty()) {
      text += fmt::format("; other columns passed over: {}", fmt::join(columns, ", "));
    }
    return text;
  }

  // `half` is told of joints that have one coordinate without the other.
  Keypoints Read(int64_t row, const std::function<void(const std::string&)>& half) const {
    Keypoints found(set_);
    for (const Column& of : columns_) {
      const bool no_x = IsEmpty(table_.Text(row, of.x)), no_y = IsEmpty(table_.Text(row, of.y));
      if (no_x && no_y) continue;
      const bool unsaid = of.has_v && (no_x || no_y) && IsEmpty(table_.Text(row, of.v));
      const double confidence = unsaid ? 0 : of.has_v ? table_.Number(row, of.v) : 1;
      if (no_x != no_y && confidence > 0) {
        half(fmt::format("{}: '{}' is empty and '{}' is not; the joint counts as not annotated",
                         table_.Where(row), no_x ? of.x : of.y, no_x ? of.y : of.x));
      }
      if (no_x || no_y) continue;
      if (!(confidence > 0)) continue;
      // Read before assigned: a bad number throws.
      found.px.row(of.joint) = Vec2(table_.Number(row, of.x), table_.Number(row, of.y)).transpose();
      found.confidence[of.joint] = confidence;
    }
    return found;
  }

 private:
  struct Column {
    int joint;
    std::string name, x, y, v;
    bool has_v;
  };
  bool IsKnown(const std::string& column) const {
    constexpr std::array<std::string_view, 8> kOthers = {
        "file", "split", "focal_px", "center_x", "center_y", "box_x", "box_y", "box_side"};
    return std::ranges::count(kOthers, column) > 0 ||
           std::ranges::any_of(columns_, [&](const Column& known) {
             return column == known.x || column == known.y || column == known.v;
           });
  }
  bool Has(const std::string& name) const {
    return std::ranges::count(columns_, name, &Column::name) > 0;
  }

  const CsvTable& table_;
  const KeypointSet& set_ = FindKeypointSet("csv21");
  fs::path path_;
  std::vector<Column> columns_;
};

void SetCamera(const CsvTable& table, int64_t row, Person* person) {
  if (table.Text(row, "focal_px").empty()) return;
  person->camera = Camera{table.Number(row, "focal_px"),
                          Vec2(table.Number(row, "center_x"), table.Number(row, "center_y"))};
}

// The groups of which only some columns are there, in one sentence; empty when all or none are.
std::string IncompleteColumns(const CsvTable& table, const fs::path& path) {
  std::string text;
  for (const ColumnGroup& group : {kBoxColumns, kCameraColumns}) {
    std::vector<std::string> there, missing;
    for (const char* column : group) (table.Has(column) ? there : missing).push_back(column);
    if (there.empty() || missing.empty()) continue;
    text += fmt::format(
        "{}{}: {} without {} says nothing and is passed over; give all of {}, or "
        "none",
        text.empty() ? "" : "; ", path.string(), fmt::join(there, ", "), fmt::join(missing, ", "),
        fmt::join(group, ", "));
  }
  return text;
}

// Once in a program for each file, however often it is read. A joint that is passed over, or what is
// named after one, is a warning; width and height, say, are not.
void TellPassedOver(const KeypointColumns& columns, const CsvTable& table, const fs::path& path) {
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  const std::string text = Printable(columns.PassedOver());
  const std::string incomplete = Printable(IncompleteColumns(table, path));
  if ((text.empty() && incomplete.empty()) || !told.insert(path.string()).second) return;
  if (!incomplete.empty()) spdlog::warn("{}", incomplete);
  if (text.empty()) return;
  const bool joints = text.find("; passed over: ") != std::string::npos || columns.AnyOfAJoint();
  spdlog::log(joints ? spdlog::level::warn : spdlog::level::info, "{}", text);
}

// Whether the options want the person of a row.
bool ReadRow(const CsvTable& table, int64_t row, const RowReader& rows,
             const KeypointColumns& columns, Tolerance* tolerance, Person* person) {
  table.CheckRow(row);
  rows.SetPicture(table.Text(row, "file"), table.Where(row), person);
  const Keypoints found = columns.Read(row, [&](const std::string& problem) {
    tolerance->LeaveOut({person->index, "joints without x or y", problem});
  });
  if (!rows.SetKeypoints(found, person)) return false;
  if (HasAll(table, kBoxColumns)) {
    rows.SetBox({Vec2(table.Number(row, "box_x"), table.Number(row, "box_y")),
                 table.Number(row, "box_side")},
                person);
  } else {
    rows.SetBoxAroundKeypoints(person);
  }
  if (HasAll(table, kCameraColumns)) SetCamera(table, row, person);
  rows.Finish(person);
  return true;
}

}  // namespace

void ReadCsvDataset(const fs::path& csv, const CsvOptions& options, const PersonSink& sink) {
  const RowReader rows(csv, options, FindKeypointSet("csv21"));
  Tolerance tolerance(options.left_out);
  bool any = false;
  CsvTable::ForEachBlock(csv, [&](const CsvTable& table, int64_t first_row) {
    const KeypointColumns columns(table, options.boxes, csv);
    if (first_row == 0) TellPassedOver(columns, table, csv);
    if (!options.split.empty() && !table.Has("split")) {
      ThrowUserError("{}: split={} was asked for, but there is no column 'split'", csv.string(),
                     options.split);
    }
    for (int64_t row = 0; row < table.row_count(); ++row) {
      // Of a row without its fields nobody knows the split.
      const bool of_other_split =
          !options.split.empty() && table.IsWhole(row) && table.Text(row, "split") != options.split;
      if (of_other_split) continue;
      Person person = rows.NewPerson(first_row + row);
      bool wanted = false;
      const bool read = tolerance.Try(
          person.index, "rows", [&] { wanted = ReadRow(table, row, rows, columns, &tolerance, &person); });
      if (!read || !wanted) continue;
      any = true;
      sink(std::move(person));
    }
  });
  tolerance.CheckAny();
  if (!any && !options.split.empty()) {
    ThrowUserError("{}: no usable row has split '{}'", csv.string(), options.split);
  }
}

}  // namespace gyre
