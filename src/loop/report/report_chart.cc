// SPDX-License-Identifier: Apache-2.0
#include "loop/report/report_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gyre {
namespace {

// The drawing, in SVG units; it scales with the page.
constexpr double kWidth = 520, kHeight = 264;
constexpr double kLeft = 58, kRight = 510, kTop = 10, kBottom = 240;
constexpr int kNumColours = 8;
constexpr size_t kFewPoints = 24;    // up to here a curve shows its points
constexpr size_t kManyPoints = 600;  // beyond, a curve is thinned to its extremes
constexpr double kLargest = 1e100;   // what lies beyond is no measurement

double Percentile(std::vector<double> values, double share) {
  const size_t position = static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + position, values.end());
  return values[position];
}

// Centred moving average over about a twentieth of the points, narrower at the ends.
std::vector<double> MovingAverage(const std::vector<double>& values) {
  const size_t n = values.size(), half_window = n <= kFewPoints ? 0 : n / 40 + 1;
  std::vector<double> sums(n + 1, 0), result(n);
  for (size_t i = 0; i < n; ++i) sums[i + 1] = sums[i] + values[i];
  for (size_t i = 0; i < n; ++i) {
    const size_t reach = std::min({half_window, i, n - 1 - i});
    result[i] = (sums[i + reach + 1] - sums[i - reach]) / static_cast<double>(2 * reach + 1);
  }
  return result;
}

// An interval of values and where it lies in the drawing.
class Axis {
 public:
  Axis(double low, double high, double start, double end)
      : low_(low), high_(high), start_(start), end_(end) {}
  double At(double value) const {
    return start_ + (value - low_) / (high_ - low_) * (end_ - start_);
  }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  double low_, high_, start_, end_;
};

// Round numbers, at most about `count` of them, within [low, high].
std::vector<double> Ticks(double low, double high, int count) {
  const double rough = (high - low) / count;
  const double magnitude = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * magnitude;
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * magnitude >= rough) {
      step = factor * magnitude;
      break;
    }
  }
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9);
  // Counted: in a range of rounding errors `first` may be so large that adding 1 changes nothing.
  for (int i = 0; i <= count && (first + i) * step <= high + 1e-9 * step; ++i) {
    ticks.push_back((first + i) * step);
  }
  return ticks;
}

// Whole decades and, where there are few, their halves and fifths: values whose log10 is given.
std::vector<double> LogTicks(double low, double high) {
  std::vector<double> ticks;
  const double decades = high - low;
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / 6)));
  for (double k = std::floor(low); k <= high; k += stride) {
    for (double factor : {1.0, 2.0, 5.0}) {
      const double tick = k + std::log10(factor);
      if ((factor == 1 || decades < 2.5) && tick >= low && tick <= high) ticks.push_back(tick);
    }
  }
  return ticks;
}

std::string FormatNumber(double value) {
  const double size = std::abs(value);
  if (size < 1e-12) return "0";
  if (size >= 1e9) return fmt::format("{:.3g}", value);
  if (size >= 1e6) return fmt::format("{:.3g}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.4g}k", value / 1e3);
  return fmt::format("{:.4g}", value);
}

// Points beyond the drawing's frame are cut off; far ones are brought near, where SVG can place
// them.
std::string Polyline(const Curve& curve, const Axis& x, const Axis& y, std::string_view style,
                     int colour) {
  std::string points;
  for (size_t i = 0; i < curve.values.size(); ++i) {
    points += fmt::format("{:.1f},{:.1f} ", x.At(curve.steps[i]),
                          std::clamp(y.At(curve.values[i]), -1e4, 1e4));
  }
  return fmt::format("<polyline class=\"{} c{}\" points=\"{}\"/>\n", style, colour, points);
}

// The smallest and largest point of each stretch, in their order.
Curve Thinned(const Curve& curve) {
  const size_t n = curve.values.size();
  if (n <= kManyPoints) return curve;
  Curve result{curve.label, {}, {}};
  const size_t buckets = kManyPoints / 2;
  for (size_t b = 0; b < buckets; ++b) {
    const auto begin = curve.values.begin() + b * n / buckets;
    const auto end = curve.values.begin() + (b + 1) * n / buckets;
    auto [low, high] = std::minmax_element(begin, end);
    if (high < low) std::swap(low, high);
    for (const auto& point : {low, high}) {
      result.steps.push_back(curve.steps[point - curve.values.begin()]);
      result.values.push_back(*point);
    }
  }
  return result;
}

// Every so many points of a smooth curve, and its last.
Curve Sampled(const Curve& curve) {
  const size_t stride = curve.values.size() / (kManyPoints / 2) + 1;
  Curve result{curve.label, {}, {}};
  for (size_t i = 0; i < curve.values.size(); ++i) {
    if (i % stride != 0 && i + 1 != curve.values.size()) continue;
    result.steps.push_back(curve.steps[i]);
    result.values.push_back(curve.values[i]);
  }
  return result;
}

// One curve, ready to be drawn: values as the vertical axis counts them.
struct Line {
  Curve logged, average;
  int colour;
};

std::vector<Line> PrepareLines(const std::vector<Curve>& curves, bool log_y) {
  std::vector<Line> lines;
  for (size_t c = 0; c < curves.size(); ++c) {
    Curve logged{curves[c].label, {}, {}};
    for (size_t i = 0; i < curves[c].values.size(); ++i) {
      const double value = curves[c].values[i];
      if (!(std::abs(value) < kLargest) || (log_y && !(value > 1 / kLargest))) continue;
      logged.steps.push_back(curves[c].steps[i]);
      logged.values.push_back(log_y ? std::log10(value) : value);
    }
    if (logged.values.empty()) continue;
    Curve average{logged.label, logged.steps, MovingAverage(logged.values)};
    lines.push_back({std::move(logged), std::move(average), static_cast<int>(c % kNumColours)});
  }
  return lines;
}

Axis HorizontalAxis(const std::vector<Line>& lines) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Line& line : lines) {
    low = std::min(low, line.logged.steps.front());
    high = std::max(high, line.logged.steps.back());
  }
  if (high <= low) high = low + 1;
  return {low, high, kLeft, kRight};
}

Axis VerticalAxis(const std::vector<Line>& lines, bool log_y) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Line& line : lines) {
    const double outliers = line.logged.values.size() > kFewPoints ? 0.02 : 0;
    for (const Curve* curve : {&line.logged, &line.average}) {
      low = std::min({low, Percentile(curve->values, outliers), line.average.values.back()});
      high = std::max({high, Percentile(curve->values, 1 - outliers), line.average.values.back()});
    }
  }
  if (!log_y && low > 0 && low < 0.4 * high) low = 0;
  const double margin =
      high > low ? 0.06 * (high - low) : std::max(0.1 * std::abs(high), log_y ? 0.3 : 1e-3);
  return {low == 0 && high > 0 ? 0 : low - margin, high + margin, kBottom, kTop};
}

std::string DrawGrid(const Axis& x, const Axis& y, bool log_y) {
  std::string svg;
  for (double tick : log_y ? LogTicks(y.low(), y.high()) : Ticks(y.low(), y.high(), 5)) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kLeft, kRight, y.At(tick), kLeft - 7, y.At(tick) + 4.5,
        FormatNumber(log_y ? std::pow(10, tick) : tick));
  }
  for (double tick : Ticks(x.low(), x.high(), 6)) {
    const double at = x.At(tick);
    svg += fmt::format(
        "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"{4}\">{5}</text>\n",
        at, kBottom, kBottom + 4, kBottom + 20, at > kRight - 14 ? "end" : "middle",
        FormatNumber(tick));
  }
  return svg + fmt::format("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>\n",
                           kLeft, kRight, kBottom, kBottom);
}

std::string DrawLine(const Line& line, const Axis& x, const Axis& y) {
  if (line.logged.values.size() > kFewPoints) {
    return Polyline(Thinned(line.logged), x, y, "thin", line.colour) +
           Polyline(Sampled(line.average), x, y, "thick", line.colour);
  }
  std::string svg = Polyline(line.average, x, y, "thick", line.colour);
  for (size_t i = 0; i < line.average.values.size(); ++i) {
    svg += fmt::format("<circle class=\"c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.2\"/>", line.colour,
                       x.At(line.average.steps[i]), y.At(line.average.values[i]));
  }
  return svg + "\n";
}

}  // namespace

std::string FormatChart(const std::string& title, const std::string& y_label,
                        const std::vector<Curve>& curves, bool log_y) {
  const std::vector<Line> lines = PrepareLines(curves, log_y);
  if (lines.empty()) return "";
  const Axis x = HorizontalAxis(lines), y = VerticalAxis(lines, log_y);
  std::string html = fmt::format(
      "<figure class=\"chart\"><figcaption><b>{}</b> <span "
      "class=\"unit\">{}{}</span></figcaption>\n"
      "<p class=\"legend\">",
      EscapeHtml(title), EscapeHtml(y_label), log_y ? ", logarithmic" : "");
  for (const Line& line : lines) {
    const double last =
        log_y ? std::pow(10, line.average.values.back()) : line.average.values.back();
    html += fmt::format("<span><i class=\"c{}\"></i>{} <b>{}</b></span>", line.colour,
                        EscapeHtml(line.logged.label), FormatNumber(last));
  }
  html += fmt::format(
      "</p>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}"
      "<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" viewBox=\"{} {} {} {}\">\n",
      kWidth, kHeight, EscapeHtml(title), DrawGrid(x, y, log_y),
      // A nested drawing clips its lines without needing a name that is unique in the page.
      kLeft - 4, kTop - 4, kRight - kLeft + 8, kBottom - kTop + 8, kLeft - 4, kTop - 4,
      kRight - kLeft + 8, kBottom - kTop + 8);
  for (const Line& line : lines) html += DrawLine(line, x, y);
  html += "</svg></svg></figure>\n";
  return html;
}

std::string_view ChartStyle() {
  return R"css(
:root { --c0:#2468a8; --c1:#cc5f1e; --c2:#2c8a63; --c3:#9a4690; --c4:#8d7012; --c5:#b5384a;
  --c6:#3a8fa6; --c7:#68707c; }
@media (prefers-color-scheme: dark) { :root { --c0:#6aaee8; --c1:#f0975a; --c2:#64c79b;
  --c3:#d58bcb; --c4:#d6b64a; --c5:#ee7f8c; --c6:#72c5da; --c7:#a5adb8; } }
.c0 { --c:var(--c0); } .c1 { --c:var(--c1); } .c2 { --c:var(--c2); } .c3 { --c:var(--c3); }
.c4 { --c:var(--c4); } .c5 { --c:var(--c5); } .c6 { --c:var(--c6); } .c7 { --c:var(--c7); }
.chart svg { display:block; width:100%; height:auto; }
.chart polyline { fill:none; stroke:var(--c); stroke-linejoin:round; stroke-linecap:round;
  vector-effect:non-scaling-stroke; }
.chart .thin { stroke-width:1; opacity:.3; }
.chart .thick { stroke-width:2; }
.chart circle { fill:var(--c); }
.chart .grid { stroke:var(--line); stroke-width:1; }
.chart .axis { stroke:var(--faint); stroke-width:1; }
.chart .tick { fill:var(--faint); font-size:12.5px; font-variant-numeric:tabular-nums; }
@media (max-width:560px) { .chart .tick { font-size:16px; } }
.legend { margin:.2rem 0 .5rem; font-size:.82rem; color:var(--soft); }
.legend span { display:inline-block; margin-right:1.1em; }
.legend b { color:var(--ink); font-weight:600; font-variant-numeric:tabular-nums; }
.legend i { display:inline-block; width:.95em; height:.22em; border-radius:.1em;
  background:var(--c); vertical-align:.28em; margin-right:.45em; }
)css";
}

std::string EscapeHtml(std::string_view text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace gyre
