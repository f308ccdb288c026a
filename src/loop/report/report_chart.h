// SPDX-License-Identifier: Apache-2.0
// One chart of the report as HTML: a figure with its legend and an SVG drawing. Colours come from
// the page's style sheet (ChartStyle), so that they follow the reader's light or dark mode.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gyre {

struct Curve {
  std::string label;
  std::vector<double> steps;  // increasing
  std::vector<double> values;
};

// Each curve as it was logged (thin) and its moving average (thick); curves of few points get dots
// instead. The vertical range follows the averages and the middle 96 % of the logged values, so one
// outlier does not flatten a curve. With `log_y`, values that are not positive are left out.
// Empty when no curve has a value.
std::string FormatChart(const std::string& title, const std::string& y_label,
                        const std::vector<Curve>& curves, bool log_y);

// The rules of the style sheet that charts need.
std::string_view ChartStyle();

// Text for HTML: & < > " ' are escaped.
std::string EscapeHtml(std::string_view text);

}  // namespace gyre
