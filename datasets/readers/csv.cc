// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/csv.h"

#include <array>

#include "core/error.h"
#include "io/csv.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

// Of the joints of "csv21", in its order.
constexpr std::array<std::string_view, 21> kColumns = {
    "rank", "rkne", "rhip", "lhip", "lkne", "lank", "rwri", "relb", "rsho", "lsho", "lelb",
    "lwri", "neck", "head", "pelv", "thrx", "nose", "leye", "reye", "lear", "rear"};

// The joints a table has columns for, and a reader of its rows.
class KeypointColumns {
 public:
  KeypointColumns(const CsvTable& table, const fs::path& path) : table_(table) {
    for (size_t i = 0; i < kColumns.size(); ++i) {
      const std::string column(kColumns[i]);
      if (!table.Has(column + "_x") && !table.Has(column + "_y")) continue;
      columns_.push_back({static_cast<int>(i), column + "_x", column + "_y", column + "_v"});
    }
    if (columns_.empty()) {
      ThrowUserError(
          "{}: expected columns such as rank_x and rank_y (right ankle), found none of any joint",
          path.string());
    }
  }

  Keypoints Read(int64_t row) const {
    Keypoints found(FindKeypointSet("csv21"));
    for (const auto& [joint, x, y, v] : columns_) {
      const bool empty = table_.Text(row, x).empty() || table_.Text(row, y).empty();
      const double confidence = empty ? 0 : table_.Has(v) ? table_.Number(row, v) : 1;
      if (!(confidence > 0)) continue;
      // Read before assigned: a bad number throws.
      found.px.row(joint) = Vec2(table_.Number(row, x), table_.Number(row, y)).transpose();
      found.confidence[joint] = confidence;
    }
    return found;
  }

 private:
  struct Column {
    int joint;
    std::string x, y, v;
  };
  const CsvTable& table_;
  std::vector<Column> columns_;
};

}  // namespace

void ReadCsvDataset(const fs::path& csv, const CsvOptions& options, const PersonSink& sink) {
  const RowReader rows(csv, options, FindKeypointSet("csv21"));
  bool any = false;
  CsvTable::ForEachBlock(csv, [&](const CsvTable& table, int64_t first_row) {
    const KeypointColumns columns(table, csv);
    if (!options.split.empty() && !table.Has("split")) {
      ThrowUserError("{}: split={} was asked for, but there is no column 'split'", csv.string(),
                     options.split);
    }
    for (int64_t row = 0; row < table.row_count(); ++row) {
      if (!options.split.empty() && table.Text(row, "split") != options.split) continue;
      Person person = rows.NewPerson(first_row + row);
      rows.SetPicture(table.Text(row, "file"), table.Where(row), &person);
      if (!rows.SetKeypoints(columns.Read(row), &person)) continue;
      if (table.Has("box_side")) {
        person.box = {Vec2(table.Number(row, "box_x"), table.Number(row, "box_y")),
                      table.Number(row, "box_side")};
      } else {
        rows.SetBoxAroundKeypoints(&person);
      }
      rows.Finish(&person);
      any = true;
      sink(std::move(person));
    }
  });
  if (!any && !options.split.empty()) {
    ThrowUserError("{}: no usable row has split '{}'", csv.string(), options.split);
  }
}

}  // namespace gyre
