// SPDX-License-Identifier: Apache-2.0
#include "loop/report/fit_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "body/kinematics.h"
#include "core/so3.h"

namespace gyre {
namespace {

using OrderedJson = nlohmann::ordered_json;

double TurnDeg(const Vec3& a, const Vec3& b) {
  return LogSO3(ExpSO3(a).transpose() * ExpSO3(b)).norm() * 180 / std::numbers::pi;
}

PersonDifference DifferenceOf(const FitPair& pair, const FoldedJoints* skeleton) {
  const BodyParams &a = pair.first->params, &b = pair.second->params;
  PersonDifference difference{pair.dataset, pair.row,     0,           0,
                              std::nan(""), std::nan(""), std::nan("")};
  const int joints = static_cast<int>(a.pose().size()) / 3;
  for (int k = 1; k < joints; ++k) {
    difference.rotations_deg += TurnDeg(a.rotation(k), b.rotation(k)) / (joints - 1);
  }
  difference.root_deg = TurnDeg(a.rotation(0), b.rotation(0));
  difference.robust_px2 = double{pair.second->robust_px2} - double{pair.first->robust_px2};
  if (skeleton == nullptr) return difference;
  const Points3 at_a = skeleton->Positions(a), at_b = skeleton->Positions(b);
  const Eigen::RowVector3d moved = at_b.row(0) - at_a.row(0);
  difference.place_mm = 1000 * moved.norm();
  difference.joints_mm =
      1000 * ((at_b - at_a).rowwise() - moved).rowwise().norm().tail(joints - 1).mean();
  return difference;
}

struct Measure {
  const char* key;
  const char* text;
  const Meter* meter;
};

std::vector<Measure> MeasuresOf(const FitComparison& c) {
  return {{"rotations_deg", "rotations, mean of a person's (degrees)", &c.rotations_deg},
          {"root_deg", "the root's rotation (degrees)", &c.root_deg},
          {"joints_mm", "joints less the root, mean of a person's (mm)", &c.joints_mm},
          {"place_mm", "place of the root (mm)", &c.place_mm},
          {"robust_px2", "robust error, second less first (px^2)", &c.robust_px2}};
}

OrderedJson FiniteOrNull(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson();
}

// Of signed numbers the one of the largest size.
double Farthest(const Meter& meter) {
  const double least = meter.Percentile(0), most = meter.Percentile(100);
  return -least > most ? least : most;
}

}  // namespace

FitComparison CompareFitsInSpace(const FitFile& first, const FitFile& second,
                                 const BodyModel* body) {
  std::optional<FoldedJoints> skeleton;
  if (body != nullptr) {
    first.RequireLayout(*body->layout, "the body " + body->name);
    skeleton = FoldedJoints::Skeleton(*body);
  }
  FitComparison comparison;
  ForEachFitPair(first, second, [&](const FitPair& pair) {
    comparison.counts.Count(pair);
    if (pair.first == nullptr || pair.second == nullptr || *pair.first == *pair.second) return;
    const PersonDifference one = DifferenceOf(pair, skeleton ? &*skeleton : nullptr);
    comparison.rotations_deg.Add(one.rotations_deg);
    comparison.root_deg.Add(one.root_deg);
    comparison.joints_mm.Add(one.joints_mm);
    comparison.place_mm.Add(one.place_mm);
    comparison.robust_px2.Add(one.robust_px2);
    comparison.people.push_back(one);
  });
  const auto apart = [&](const PersonDifference& one) {
    return skeleton ? one.joints_mm : one.rotations_deg;
  };
  std::stable_sort(comparison.people.begin(), comparison.people.end(),
                   [&](const auto& a, const auto& b) { return apart(a) > apart(b); });
  return comparison;
}

nlohmann::ordered_json ToJson(const FitComparison& comparison, int worst) {
  const FitDifferences& counts = comparison.counts;
  OrderedJson json = {{"equal", counts.equal},
                      {"different", counts.different},
                      {"only_first", counts.only_first},
                      {"only_second", counts.only_second}};
  for (const auto& [key, text, meter] : MeasuresOf(comparison)) {
    if (meter->count() == 0) continue;
    json[key] = {{"median", meter->Median()},
                 {"p90", meter->Percentile(90)},
                 {"max", Farthest(*meter)}};
  }
  json["worst"] = OrderedJson::array();
  for (const PersonDifference& one : comparison.people) {
    if (std::ssize(json["worst"]) == worst) break;
    json["worst"].push_back({{"dataset", one.dataset},
                             {"row", one.row},
                             {"joints_mm", FiniteOrNull(one.joints_mm)},
                             {"rotations_deg", one.rotations_deg},
                             {"root_deg", one.root_deg},
                             {"place_mm", FiniteOrNull(one.place_mm)},
                             {"robust_px2", FiniteOrNull(one.robust_px2)}});
  }
  return json;
}

std::string Describe(const FitComparison& comparison, int worst) {
  const FitDifferences& counts = comparison.counts;
  std::string text =
      fmt::format("{} equal, {} different, {} only in the first, {} only in the second\n",
                  counts.equal, counts.different, counts.only_first, counts.only_second);
  if (comparison.people.empty()) return text;
  text +=
      fmt::format("\n{:<48}{:>10}{:>10}{:>10}\n", "of those that differ", "median", "p90", "max");
  for (const auto& [key, name, meter] : MeasuresOf(comparison)) {
    if (meter->count() == 0) continue;
    text += fmt::format("  {:<46}{:>10.2f}{:>10.2f}{:>10.2f}\n", name, meter->Median(),
                        meter->Percentile(90), Farthest(*meter));
  }
  text += fmt::format("\n{:<28}{:>12}{:>14}{:>12}{:>14}\n", "farthest apart", "joints mm",
                      "rotations deg", "root deg", "robust px^2");
  for (size_t i = 0; i < comparison.people.size() && i < static_cast<size_t>(worst); ++i) {
    const PersonDifference& one = comparison.people[i];
    text += fmt::format("  {:<26}{:>12.1f}{:>14.1f}{:>12.1f}{:>+14.1f}\n",
                        fmt::format("{} {}", one.dataset, one.row), one.joints_mm,
                        one.rotations_deg, one.root_deg, one.robust_px2);
  }
  return text;
}

}  // namespace gyre
