// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/fused_chart.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "core/error.h"
#include "fitting/backends/fused_chart_problem.h"
#include "solve/levenberg_marquardt.h"

namespace gyre {
namespace {

// The first of each coordinate's parameters, by which columns are ordered: joints as the tree has
// them, then the rest.
std::vector<int> PlacesOfParams(const BodyLayout& layout) {
  std::vector<int> joints, open = {0};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    joints.push_back(at);
    for (int k = layout.num_joints() - 1; k > at; --k) {
      if (layout.parents[k] == at) open.push_back(k);
    }
  }
  std::vector<int> places(layout.num_params());
  std::iota(places.begin(), places.end(), 0);
  for (size_t i = 0; i < joints.size(); ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      places[3 * joints[i] + axis] = static_cast<int>(3 * i) + axis;
    }
  }
  return places;
}

}  // namespace

ChartColumns::ChartColumns(const ParamChart& chart, const BodyLayout& layout)
    : of_coordinate(chart.size()),
      of_param(layout.num_params(), -1),
      piece_row(layout.num_params(), {-1, 0}) {
  const std::vector<int> places = PlacesOfParams(layout);
  std::vector<std::pair<int, int>> order;  // place, coordinate
  const int direct = static_cast<int>(chart.direct().size());
  for (int i = 0; i < direct; ++i) order.emplace_back(places[chart.direct()[i]], i);
  for (size_t p = 0; p < chart.pieces().size(); ++p) {
    const ChartPiece& piece = *chart.pieces()[p];
    for (int i = 0; i < piece.size(); ++i) {
      order.emplace_back(places[piece.params().front()], chart.FirstOf(static_cast<int>(p)) + i);
    }
    for (size_t row = 0; row < piece.params().size(); ++row) {
      piece_row[piece.params()[row]] = {static_cast<int>(p), static_cast<int>(row)};
    }
  }
  std::ranges::sort(order);
  for (size_t column = 0; column < order.size(); ++column) {
    of_coordinate[order[column].second] = static_cast<int>(column);
  }
  for (int i = 0; i < direct; ++i) of_param[chart.direct()[i]] = of_coordinate[i];
}

FusedChartWorkspace::FusedChartWorkspace() : memory_(std::make_unique<Memory>()) {}
FusedChartWorkspace::~FusedChartWorkspace() = default;

namespace {

template <int kSize>
SolverResult SolveChart(const Objective& objective, const ParamChart& chart,
                        const SolverOptions& options, FusedChartWorkspace::Memory& memory, VecX* x,
                        BodyParams* params) {
  ChartedProblem<kSize> problem(objective, chart, memory, *x, *params);
  const double start_cost = problem.EvaluateCandidate();
  problem.Accept();
  const SolverResult result = MinimiseByLevenbergMarquardt(problem, start_cost, options);
  *x = problem.current();
  chart.SetParams(*x, params);
  return result;
}

}  // namespace

bool FusedOnChartApplies(const Objective& objective, const ParamChart& chart) {
  if (chart.size() > kLargeChart) return false;
  std::vector<bool> of_piece(objective.num_params(), false);
  for (const auto& piece : chart.pieces()) {
    if (!piece->is_linear()) return false;
    for (const int param : piece->params()) of_piece[param] = true;
  }
  int priors = 0;
  std::vector<ParamTerm::Row> rows;
  for (const auto& term : objective.terms()) {
    if (dynamic_cast<const PosePriorTerm*>(term.get()) != nullptr && ++priors > 1) return false;
    if (const ParamTerm* of_params = term->AsParamTerm()) {
      rows.resize(term->rows());
      of_params->FillRows(objective.anchor(), objective.anchor(), rows.data());
      if (std::ranges::any_of(rows, [&](const auto& row) { return of_piece[row.param]; })) {
        return false;
      }
    }
  }
  return true;
}

SolverResult SolveFusedOnChart(const Objective& objective, const ParamChart& chart,
                               const SolverOptions& options, FusedChartWorkspace& workspace,
                               VecX* x, BodyParams* params) {
  GYRE_CHECK(FusedOnChartApplies(objective, chart));
  return chart.size() <= kSmallChart
             ? SolveChart<kSmallChart>(objective, chart, options, workspace.memory(), x, params)
             : SolveChart<kLargeChart>(objective, chart, options, workspace.memory(), x, params);
}

}  // namespace gyre
