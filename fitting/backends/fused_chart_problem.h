// SPDX-License-Identifier: Apache-2.0
// One solve of fused_chart.h, in normal equations of kSize columns, those that the chart lacks
// standing still.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "fitting/backends/dense_kernels.h"
#include "fitting/backends/fused_chart_memory.h"
#include "fitting/terms/hand_prior.h"
#include "fitting/terms/pose_prior.h"

namespace gyre {

// The problem that MinimiseByLevenbergMarquardt solves.
template <int kSize>
class ChartedProblem {
 public:
  ChartedProblem(const Objective& objective, const ParamChart& chart,
                 FusedChartWorkspace::Memory& memory, const VecX& start, const BodyParams& at);

  double EvaluateCandidate();
  void Accept() {
    current_ = candidate_;
    component_ = candidate_component_;
    offset_ = candidate_offset_;
  }
  void Linearise();
  bool Step(double damping, double* predicted);

  const VecX& current() const { return current_; }

 private:
  static constexpr int kStride = NormalSize<kSize>::kStride;
  // Of a hand whose pose comes from a piece: |rows basis c|^2.
  struct HandCost {
    int piece;
    RowMatX gram;
  };

  void SortTerms();
  void AddHands(const HandPriorTerm& term);
  FusedChartWorkspace::Memory::JointColumns& ColumnsOf(int joint);
  void ArrangeRows();
  template <int N>
  bool FillRows(const FusedChartWorkspace::Memory::Entry& entry, double* row, double* cost);
  bool FillOtherRows(double* cost);
  double PriorCost();
  void AddPrior();
  void AddParamRows();

  double& Normal(int row, int column) { return work_.normal[row * kStride + column]; }
  void AddToNormal(int a, int b, double value) { Normal(std::min(a, b), std::max(a, b)) += value; }

  const Objective& objective_;
  const ParamChart& chart_;
  const DenseKernels& kernels_;
  FusedChartWorkspace::Memory& work_;
  const ChartColumns columns_;
  std::vector<RowMatX> bases_;
  VecX current_, candidate_;
  BodyParams params_;
  int joint_rows_ = 0, other_rows_ = 0;
  double held_cost_ = 0;  // of hands that are held
  std::vector<HandCost> hands_;
  const PosePriorTerm* prior_ = nullptr;
  int component_ = 0, candidate_component_ = 0;  // of the prior, the best one
  VecX offset_, candidate_offset_;               // pose - its mean
};

template <int kSize>
ChartedProblem<kSize>::ChartedProblem(const Objective& objective, const ParamChart& chart,
                                      FusedChartWorkspace::Memory& memory, const VecX& start,
                                      const BodyParams& at)
    : objective_(objective),
      chart_(chart),
      kernels_(BestKernels<kSize>()),
      work_(memory),
      columns_(chart, objective.joints().layout()),
      current_(start),
      candidate_(start),
      params_(at) {
  chart_.SetParams(start, &params_, &bases_);
  SortTerms();
  ArrangeRows();
  work_.normal.resize(kStride * kStride);
  work_.factor.resize(kStride * kStride);
}

template <int kSize>
void ChartedProblem<kSize>::SortTerms() {
  work_.entries.clear();
  work_.param_terms.clear();
  work_.other_terms.clear();
  for (const auto& term : objective_.terms()) {
    if (const JointTerm* of_joints = term->AsJointTerm()) {
      for (int group = 0; group < of_joints->num_groups(); ++group) {
        work_.entries.push_back(
            {static_cast<int>(work_.entries.size()), of_joints, group, of_joints->Joint(group)});
      }
      joint_rows_ += of_joints->rows();
    } else if (const ParamTerm* of_params = term->AsParamTerm()) {
      work_.param_terms.push_back(of_params);
    } else if (const auto* prior = dynamic_cast<const PosePriorTerm*>(term.get())) {
      prior_ = prior;
    } else if (const auto* hands = dynamic_cast<const HandPriorTerm*>(term.get())) {
      AddHands(*hands);
    } else {
      work_.other_terms.push_back(term.get());
      other_rows_ += term->rows();
    }
  }
}

template <int kSize>
void ChartedProblem<kSize>::AddHands(const HandPriorTerm& term) {
  for (int i = 0; i < term.num_hands(); ++i) {
    const auto [piece, row] = columns_.piece_row[term.hand(i).first_param()];
    if (piece < 0) {
      held_cost_ += (term.Rows(i) * (params_.values()(term.hand(i).params()) - term.hand(i).mean()))
                        .squaredNorm();
      continue;
    }
    const RowMatX rows = term.Rows(i) * bases_[piece];
    hands_.push_back({piece, rows.transpose() * rows});
  }
}

template <int kSize>
FusedChartWorkspace::Memory::JointColumns& ChartedProblem<kSize>::ColumnsOf(int joint) {
  FusedChartWorkspace::Memory::JointColumns& of = work_.joints[joint];
  if (of.is_set) return of;
  of.is_set = true;
  const auto add = [&](int param) {
    const auto [piece, row] = columns_.piece_row[param];
    if (piece >= 0) {
      of.of_pieces.push_back({param, piece, row});
      for (int i = 0; i < bases_[piece].cols(); ++i) {
        Touch(columns_.of_coordinate[chart_.FirstOf(piece) + i], &of.blocks);
      }
    } else if (columns_.of_param[param] >= 0) {
      of.direct.emplace_back(param, columns_.of_param[param]);
      Touch(columns_.of_param[param], &of.blocks);
    }
  };
  for (const int k : objective_.joints().Chain(joint)) {
    for (int axis = 0; axis < 3; ++axis) add(3 * k + axis);
  }
  const BodyLayout& layout = objective_.joints().layout();
  for (int param = layout.num_pose(); param < layout.num_params(); ++param) add(param);
  Touch(kSize, &of.blocks);
  return of;
}

// Rows that touch the same columns become neighbours.
template <int kSize>
void ChartedProblem<kSize>::ArrangeRows() {
  const int num_joints = objective_.joints().size();
  work_.joints.assign(num_joints, {});
  work_.mask.assign(num_joints, 0);
  for (const auto& entry : work_.entries) {
    work_.mask[entry.joint] = 1;
    ColumnsOf(entry.joint);
  }
  const auto blocks_of =
      [&](const FusedChartWorkspace::Memory::Entry& entry) -> const ChartBlocks& {
    return work_.joints[entry.joint].blocks;
  };
  std::ranges::sort(work_.entries, [&](const auto& a, const auto& b) {
    return std::tie(blocks_of(a), a.index) < std::tie(blocks_of(b), b.index);
  });
  work_.groups.clear();
  int row = 0;
  const ChartBlocks* last = nullptr;
  for (const auto& entry : work_.entries) {
    if (last == nullptr || *last != blocks_of(entry)) {
      last = &blocks_of(entry);
      FusedChartWorkspace::Memory::Group& group = work_.groups.emplace_back();
      group.begin = row;
      group.num_blocks = 0;
      for (int b = 0; b < NormalSize<kSize>::kBlocks; ++b) {
        if ((*last)[b]) group.blocks[group.num_blocks++] = static_cast<uint8_t>(b);
      }
    }
    row += entry.term->rows_each();
    work_.groups.back().end = row;
  }
  work_.rows.assign(static_cast<size_t>(joint_rows_ + other_rows_) * kStride, 0);
}

// N rows of J and r; columns that the joint does not move hold zeros from ArrangeRows.
template <int kSize>
template <int N>
bool ChartedProblem<kSize>::FillRows(const FusedChartWorkspace::Memory::Entry& entry, double* row,
                                     double* cost) {
  Vec3 r;
  JointTerm::Derivative by_point;
  if (!entry.term->EvaluateAt(entry.group, objective_.sigma_px(),
                              work_.positions.row(entry.joint).transpose(), &r, &by_point)) {
    return false;
  }
  const Eigen::Index width = work_.jacobian.cols();
  const double* const x = &work_.jacobian(3 * entry.joint, 0);
  const double *const y = x + width, *const z = y + width;
  const FusedChartWorkspace::Memory::JointColumns& of = work_.joints[entry.joint];
  for (const auto& [param, column] : of.direct) {
    const double dx = x[param], dy = y[param], dz = z[param];
    for (int i = 0; i < N; ++i) {
      row[i * kStride + column] = by_point(i, 0) * dx + by_point(i, 1) * dy + by_point(i, 2) * dz;
    }
  }
  int cleared = -1;
  for (const auto& [param, piece, basis_row] : of.of_pieces) {
    const RowMatX& basis = bases_[piece];
    // Columns of a piece are neighbours.
    double* const at = row + columns_.of_coordinate[chart_.FirstOf(piece)];
    const auto size = static_cast<int>(basis.cols());
    for (int i = 0; i < N; ++i) {
      const double slope =
          by_point(i, 0) * x[param] + by_point(i, 1) * y[param] + by_point(i, 2) * z[param];
      double* const to = at + i * kStride;
      if (cleared != piece) std::fill_n(to, size, 0.0);
      for (int k = 0; k < size; ++k) to[k] += slope * basis(basis_row, k);
    }
    cleared = piece;
  }
  for (int i = 0; i < N; ++i) row[i * kStride + kSize] = r[i];
  *cost += r.head<N>().squaredNorm();
  return true;
}

// Of terms that do not say what they touch.
template <int kSize>
bool ChartedProblem<kSize>::FillOtherRows(double* cost) {
  const int num_params = objective_.num_params();
  const TermFrame frame{params_, objective_.anchor(), objective_.sigma_px(), work_.positions,
                        &work_.jacobian};
  double* row = work_.rows.data() + static_cast<size_t>(joint_rows_) * kStride;
  for (const Term* term : work_.other_terms) {
    work_.other_residuals.resize(term->rows());
    work_.other_jacobian.setZero(term->rows(), num_params);
    JacobianRows jacobian(work_.other_jacobian);
    if (!term->Evaluate({&frame, 1}, work_.other_residuals, {&jacobian, 1})) return false;
    for (int i = 0; i < term->rows(); ++i, row += kStride) {
      std::fill_n(row, kStride, 0.0);
      for (int param = 0; param < num_params; ++param) {
        const double slope = work_.other_jacobian(i, param);
        if (slope == 0) continue;
        const auto [piece, basis_row] = columns_.piece_row[param];
        if (piece >= 0) {
          double* const to = row + columns_.of_coordinate[chart_.FirstOf(piece)];
          for (int k = 0; k < bases_[piece].cols(); ++k) {
            to[k] += slope * bases_[piece](basis_row, k);
          }
        } else if (columns_.of_param[param] >= 0) {
          row[columns_.of_param[param]] = slope;
        }
      }
      row[kSize] = work_.other_residuals[i];
    }
    *cost += work_.other_residuals.squaredNorm();
  }
  return true;
}

template <int kSize>
double ChartedProblem<kSize>::PriorCost() {
  const LayoutPrior& prior = prior_->prior();
  const LayoutPrior::Pose pose = prior.PoseOf(params_);
  double energy = 0;
  candidate_component_ = prior.BestComponent(pose, &energy);
  candidate_offset_ = pose - prior.components()[candidate_component_].mean;
  return prior_->weight() * prior_->weight() * energy;
}

template <int kSize>
double ChartedProblem<kSize>::EvaluateCandidate() {
  chart_.SetParams(candidate_, &params_);
  FoldedOptions folded;
  folded.mask = work_.mask;
  folded.correctives = FoldedOptions::Correctives::kChain;
  objective_.joints().Evaluate(params_, &work_.positions, &work_.jacobian, folded);
  double cost = held_cost_;
  double* row = work_.rows.data();
  for (const auto& entry : work_.entries) {
    const int n = entry.term->rows_each();
    if (!(n == 2 ? FillRows<2>(entry, row, &cost) : FillRows<3>(entry, row, &cost))) {
      return std::numeric_limits<double>::infinity();
    }
    row += n * kStride;
  }
  if (!FillOtherRows(&cost)) return std::numeric_limits<double>::infinity();
  if (prior_ != nullptr) cost += PriorCost();
  for (const HandCost& hand : hands_) {
    const auto c = candidate_.segment(chart_.FirstOf(hand.piece), hand.gram.rows());
    cost += c.dot(hand.gram * c);
  }
  for (const ParamTerm* term : work_.param_terms) {
    work_.param_rows.resize(term->rows());
    term->FillRows(params_, objective_.anchor(), work_.param_rows.data());
    for (const ParamTerm::Row& of : work_.param_rows) cost += of.residual * of.residual;
  }
  return cost;
}

template <int kSize>
void ChartedProblem<kSize>::AddPrior() {
  const LayoutPrior& prior = prior_->prior();
  const LayoutPrior::Component& component = prior.components()[component_];
  const double scale = 0.5 * prior_->weight() * prior_->weight();
  const VecX gradient = scale * (component.precision * offset_);
  const auto column = [&](int i) { return columns_.of_param[3 * prior.joints()[i / 3] + i % 3]; };
  for (int i = 0; i < prior.size(); ++i) {
    const int a = column(i);
    if (a < 0) continue;
    Normal(a, kSize) += gradient[i];
    for (int j = i; j < prior.size(); ++j) {
      const int b = column(j);
      if (b >= 0) AddToNormal(a, b, scale * component.precision(i, j));
    }
  }
}

template <int kSize>
void ChartedProblem<kSize>::AddParamRows() {
  chart_.SetParams(current_, &params_);
  for (const ParamTerm* term : work_.param_terms) {
    work_.param_rows.resize(term->rows());
    term->FillRows(params_, objective_.anchor(), work_.param_rows.data());
    for (const ParamTerm::Row& row : work_.param_rows) {
      const int column = columns_.of_param[row.param];
      if (column < 0) continue;
      Normal(column, column) += row.derivative * row.derivative;
      Normal(column, kSize) += row.derivative * row.residual;
    }
  }
}

template <int kSize>
void ChartedProblem<kSize>::Linearise() {
  std::ranges::fill(work_.normal, 0.0);
  for (const FusedChartWorkspace::Memory::Group& group : work_.groups) {
    kernels_.add_gram(&work_.rows[static_cast<size_t>(group.begin) * kStride],
                      group.end - group.begin, group.blocks.data(), group.num_blocks,
                      work_.normal.data());
  }
  if (other_rows_ > 0) {
    std::array<uint8_t, NormalSize<kSize>::kBlocks> all;
    std::iota(all.begin(), all.end(), uint8_t{0});
    kernels_.add_gram(&work_.rows[static_cast<size_t>(joint_rows_) * kStride], other_rows_,
                      all.data(), static_cast<int>(all.size()), work_.normal.data());
  }
  if (prior_ != nullptr) AddPrior();
  for (const HandCost& hand : hands_) {
    const int first = chart_.FirstOf(hand.piece), size = static_cast<int>(hand.gram.rows());
    const VecX gradient = hand.gram * current_.segment(first, size);
    for (int i = 0; i < size; ++i) {
      const int a = columns_.of_coordinate[first + i];
      Normal(a, kSize) += gradient[i];
      for (int j = i; j < size; ++j) {
        AddToNormal(a, columns_.of_coordinate[first + j], hand.gram(i, j));
      }
    }
  }
  AddParamRows();
  for (int i = chart_.size(); i < kSize; ++i) Normal(i, i) = 1;  // there is no such column
}

template <int kSize>
bool ChartedProblem<kSize>::Step(double damping, double* predicted) {
  constexpr double kLeastCurvature = 1e-6;
  std::array<double, kSize> damp, step;
  for (int i = 0; i < kSize; ++i) damp[i] = damping * std::max(Normal(i, i), kLeastCurvature);
  if (!kernels_.solve_normal(work_.normal.data(), damp.data(), work_.factor.data(), step.data())) {
    return false;
  }
  // |r|^2 - |r - J x|^2 = x^T g + x^T D x, as (N + D) x = g.
  *predicted = 0;
  for (int i = 0; i < kSize; ++i) {
    *predicted += step[i] * (Normal(i, kSize) + damp[i] * step[i]);
  }
  for (int i = 0; i < chart_.size(); ++i) {
    candidate_[i] = current_[i] - step[columns_.of_coordinate[i]];
  }
  return true;
}

}  // namespace gyre
