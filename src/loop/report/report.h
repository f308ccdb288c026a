// SPDX-License-Identifier: Apache-2.0
// A run's report: one HTML page that holds everything it shows. Curves are drawn as SVG, pictures
// are embedded, nothing is loaded from elsewhere; it reads on a phone and in dark mode.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gyre {

struct ReportPicture {
  std::string caption;
  std::filesystem::path file;  // PNG or JPEG
};

struct ReportTable {
  std::vector<std::string> columns;            // their heads; the first is that of the rows' names
  std::vector<std::vector<std::string>> rows;  // a cell per column
};

struct ReportSection {
  std::string title;
  std::string intro;  // one or two sentences
  std::vector<ReportPicture> pictures;
  ReportTable table = {};  // above the pictures
  std::vector<std::pair<std::string, std::string>> legend =
      {};  // colour (of CSS), what it stands for
};

struct ReportSeries {
  std::string key;    // of metrics.jsonl
  std::string label;  // in the legend
};

struct ReportChart {
  std::string title;
  std::string y_label;  // with its unit
  std::vector<ReportSeries> series;
  bool log_y = false;  // where all values are positive
};

struct ReportInput {
  std::string title;
  std::vector<std::pair<std::string, std::string>> summary;  // name, value: the headlines
  ReportTable table;                                         // below them
  std::string options_json;                                  // shown folded away
  std::filesystem::path metrics_jsonl;  // one JSON object per line with a number `step`
  std::vector<ReportChart> charts;
  std::vector<ReportSection> sections;
};

// The pictures of people in a folder whose names begin with `prefix`, in the order of the names;
// the captions stand in text files of the same names. `panels`: what each shows, from the left.
ReportSection PeopleSection(const std::string& title, const std::string& intro,
                            const std::filesystem::path& folder, const std::string& prefix,
                            const std::string& panels =
                                "keypoints, the network's body, the stored "
                                "fit, the fit from its side");

// Loss and its terms; fits accepted and updated; reprojection of the fits; validation errors of
// network and fits; seconds. Keys as `gyre train` writes them to metrics.jsonl.
std::vector<ReportChart> DefaultCharts();

// Writes the page atomically. Lines of metrics.jsonl that are torn or are not objects with a `step`
// are left out, and so are keys that are missing, null or no numbers; a chart without any value is
// left out; without charts the file is not read. A value that occurs again for its step (a resumed
// run) replaces the earlier. UserError names a picture that is missing or neither PNG nor JPEG, and
// a missing metrics file.
void WriteReport(const ReportInput& input, const std::filesystem::path& out);

}  // namespace gyre
