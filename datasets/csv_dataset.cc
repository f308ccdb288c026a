// SPDX-License-Identifier: Apache-2.0
#include "datasets/csv_dataset.h"

#include "core/error.h"
#include "datasets/check.h"
#include "io/csv.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

struct ColumnName {
  std::string_view column, joint;
};
constexpr ColumnName kColumns[] = {
    {"rank", "Right Ankle"},    {"rkne", "Right Knee"},
    {"rhip", "Right Hip"},      {"lhip", "Left Hip"},
    {"lkne", "Left Knee"},      {"lank", "Left Ankle"},
    {"rwri", "Right Wrist"},    {"relb", "Right Elbow"},
    {"rsho", "Right Shoulder"}, {"lsho", "Left Shoulder"},
    {"lelb", "Left Elbow"},     {"lwri", "Left Wrist"},
    {"neck", "Neck (LSP)"},     {"head", "Top of Head (LSP)"},
    {"pelv", "Pelvis (MPII)"},  {"thrx", "Thorax (MPII)"},
    {"nose", "Nose"},           {"leye", "Left Eye"},
    {"reye", "Right Eye"},      {"lear", "Left Ear"},
    {"rear", "Right Ear"},
};

// The joints a table has columns for, and a reader of its rows.
class KeypointColumns {
 public:
  KeypointColumns(const CsvTable& table, const fs::path& path) : table_(table) {
    set_.name = "csv";
    for (const auto& [column, joint] : kColumns) {
      const std::string c(column);
      if (!table.Has(c + "_x") && !table.Has(c + "_y")) continue;
      set_.joints.push_back(joint);
      columns_.push_back(c);
    }
    if (columns_.empty()) {
      ThrowUserError(
          "{}: expected columns such as rank_x and rank_y (right ankle), found none of any joint",
          path.string());
    }
  }

  const KeypointSet& set() const { return set_; }

  void Read(int64_t row, Points2* points, VecX* confidence) const {
    const int count = set_.size();
    points->resize(count, 2);
    confidence->resize(count);
    for (int i = 0; i < count; ++i) {
      const std::string x = columns_[i] + "_x", y = columns_[i] + "_y", v = columns_[i] + "_v";
      const bool empty = table_.Text(row, x).empty() || table_.Text(row, y).empty();
      (*confidence)[i] = empty ? 0 : table_.Has(v) ? table_.Number(row, v) : 1;
      // Read before assigned: a bad number throws.
      if ((*confidence)[i] > 0) {
        points->row(i) = Vec2(table_.Number(row, x), table_.Number(row, y)).transpose();
      }
    }
  }

 private:
  const CsvTable& table_;
  KeypointSet set_;
  std::vector<std::string> columns_;
};

}  // namespace

void ReadCsvDataset(const fs::path& csv, const fs::path& images, const CsvOptions& options,
                    const std::string& name, const SampleSink& sink) {
  bool any = false;
  Points2 points;
  VecX confidence;
  CsvTable::ForEachBlock(csv, [&](const CsvTable& table, int64_t first_row) {
    const KeypointColumns columns(table, csv);
    const KeypointPlacer placer(columns.set());
    if (!options.split.empty() && !table.Has("split")) {
      ThrowUserError("{}: split={} was asked for, but there is no column 'split'", csv.string(),
                     options.split);
    }
    for (int64_t row = 0; row < table.row_count(); ++row) {
      if (!options.split.empty() && table.Text(row, "split") != options.split) continue;
      Sample sample;
      sample.dataset = name;
      sample.index = first_row + row;
      sample.image_path = PathInFolder(images, table.Text(row, "file"), table.Where(row)).string();
      columns.Read(row, &points, &confidence);
      placer.Place(points, confidence, &sample);
      if ((sample.keypoints_confidence.array() > 0).count() < options.min_keypoints) continue;
      if (table.Has("box_side")) {
        sample.box = {Vec2(table.Number(row, "box_x"), table.Number(row, "box_y")),
                      table.Number(row, "box_side")};
      } else if (const auto box = BoxAroundPoints(sample.keypoints_px, sample.keypoints_confidence,
                                                  options.box_margin)) {
        sample.box = *box;
      }
      LeaveOutImpossible(&sample);
      any = true;
      sink(std::move(sample));
    }
  });
  if (!any && !options.split.empty()) {
    ThrowUserError("{}: no usable row has split '{}'", csv.string(), options.split);
  }
}

}  // namespace gyre
