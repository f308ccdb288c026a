// SPDX-License-Identifier: Apache-2.0
// One solve of the fused backend (fused_backend.h), for bodies of the sizes `Sizes` (smpl_sizes.h).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "fitting/backends/fused_backend.h"
#include "fitting/terms/pose_prior.h"
#include "fitting/terms/spring.h"

namespace gyre {

// Where things stand in the solver's order of parameters: joints by Sizes::kOrder, then the shape
// and the translation.
template <class Sizes>
struct FusedColumns {
  static constexpr int kParams = Sizes::kParams, kPose = Sizes::kPose;
  static constexpr int kShape = kPose, kTransl = kShape + Sizes::kShape;
  static constexpr int kResidual = kParams;  // the column of r
  static constexpr int kPrior = kPose - 3;   // pose values of the prior: all but the root's
  static constexpr int kPriorStride = (kPrior + kNormalBlock - 1) / kNormalBlock * kNormalBlock;
  static constexpr int kStride = NormalSize<kParams>::kStride;
  static constexpr int kBlocks = NormalSize<kParams>::kBlocks;

  // The first column of each kinematic joint.
  static constexpr std::array<int, Sizes::kJoints> kOfJoint = [] {
    std::array<int, Sizes::kJoints> columns{};
    for (int i = 0; i < Sizes::kJoints; ++i) columns[Sizes::kOrder[i]] = 3 * i;
    return columns;
  }();
  // The column of a position in BodyParams::values().
  static constexpr int OfParam(int param) {
    return param < kPose ? kOfJoint[param / 3] + param % 3 : param;
  }

  using Normal = std::array<double, kStride * kStride>;
  using PriorVector = std::array<double, kPriorStride>;

  // The blocks of columns that a group of rows touches.
  struct Touched {
    std::array<bool, kBlocks> blocks{};
    void Add(int begin, int end) {
      for (int b = begin / kNormalBlock; b <= (end - 1) / kNormalBlock; ++b) blocks[b] = true;
    }
    auto operator<=>(const Touched&) const = default;
  };

  // A component of the prior, its columns in this order.
  struct Component {
    double neg_log_weight;
    PriorVector mean;
    std::vector<double> upper;      // U [kPrior, kPriorStride], |U d|^2 = d^T P d
    std::vector<double> precision;  // P [kPrior, kPriorStride]
  };
};

// What the solver knows of a body and a prior.
template <class Sizes>
struct FusedParts {
  std::shared_ptr<const FoldedJoints> joints;
  std::shared_ptr<const LayoutPrior> prior;
  const DenseKernels& kernels;
  std::vector<typename FusedColumns<Sizes>::Component> components;
  std::vector<typename FusedColumns<Sizes>::Touched> touched;  // per joint of the set
};

template <class Sizes>
struct FusedMemory final : FusedWorkspace::Memory {
  using Columns = FusedColumns<Sizes>;
  // Two or three rows about one joint.
  struct Entry {
    typename Columns::Touched touched;
    int index;  // among all of the objective
    const JointTerm* term;
    int group, joint;
  };
  // Neighbouring rows that touch the same columns.
  struct Group {
    typename Columns::Touched touched;
    int begin, end;  // rows
    std::array<uint8_t, Columns::kBlocks> blocks;
    int num_blocks;
  };
  struct ParamEntry {
    const ParamTerm* term;
    const SpringTerm* spring;  // null where it is none
  };
  std::vector<Entry> entries;
  std::vector<Group> groups;
  std::vector<ParamEntry> param_terms;
  std::vector<uint8_t> mask;
  std::vector<double> rows;  // of joints, [rows, kStride]
  std::array<ParamTerm::Row, Columns::kParams> param_rows;
  Points3 positions;
  RowMatX jacobian;
  alignas(64) typename Columns::Normal normal{}, factor{};  // upper triangles
};

// The problem that MinimiseByLevenbergMarquardt solves.
template <class Sizes>
class FusedProblem {
 public:
  using Columns = FusedColumns<Sizes>;
  using Memory = FusedMemory<Sizes>;

  FusedProblem(const FusedParts<Sizes>& parts, const Objective& objective, bool translation_free,
               Memory& memory, const BodyParams& start)
      : parts_(parts),
        objective_(objective),
        translation_free_(translation_free),
        work_(memory),
        current_(start),
        candidate_(start) {
    Arrange();
  }

  // The objective at the candidate; its rows stay in the workspace for Linearise.
  double EvaluateCandidate();
  void Accept() {
    current_ = candidate_;
    component_ = candidate_component_;
    offset_ = candidate_offset_;
  }
  void Linearise();
  bool Step(double damping, double* predicted);

  const BodyParams& current() const { return current_; }
  const typename Columns::Normal& normal() const { return work_.normal; }

 private:
  static constexpr int kStride = Columns::kStride, kResidual = Columns::kResidual;
  static constexpr int kPrior = Columns::kPrior, kPriorStride = Columns::kPriorStride;

  void Arrange();
  template <int N>
  bool FillRows(const typename Memory::Entry& entry, double* row, double* cost) const;
  double PriorEnergy();
  void AddParamCost(const typename Memory::ParamEntry& entry, double* cost);
  void AddPrior();
  void HoldTranslation();

  const FusedParts<Sizes>& parts_;
  const Objective& objective_;
  const bool translation_free_;
  Memory& work_;
  BodyParams current_, candidate_;
  double prior_weight_ = 0;
  int component_ = 0, candidate_component_ = 0;                  // of the prior, the best one
  typename Columns::PriorVector offset_{}, candidate_offset_{};  // pose - its mean
};

// Sorts what the objective holds, and the rows of joints so that those which touch the same columns
// are neighbours.
template <class Sizes>
void FusedProblem<Sizes>::Arrange() {
  work_.entries.clear();
  work_.param_terms.clear();
  work_.mask.assign(parts_.joints->size(), 0);
  int num_rows = 0;
  for (const auto& term : objective_.terms()) {
    if (const JointTerm* of_joints = term->AsJointTerm()) {
      of_joints->MarkJoints(work_.mask);
      num_rows += of_joints->rows();
      for (int group = 0; group < of_joints->num_groups(); ++group) {
        const int joint = of_joints->Joint(group);
        work_.entries.push_back({parts_.touched[joint], static_cast<int>(work_.entries.size()),
                                 of_joints, group, joint});
      }
    } else if (const ParamTerm* of_params = term->AsParamTerm()) {
      work_.param_terms.push_back({of_params, of_params->AsSpringTerm()});
    } else {
      prior_weight_ = term->weight();
    }
  }
  std::sort(work_.entries.begin(), work_.entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.touched, a.index) < std::tie(b.touched, b.index);
  });
  work_.groups.clear();
  int row = 0;
  for (const auto& entry : work_.entries) {
    if (work_.groups.empty() || work_.groups.back().touched != entry.touched) {
      auto& group = work_.groups.emplace_back();
      group.touched = entry.touched;
      group.begin = row;
      group.num_blocks = 0;
      for (int b = 0; b < Columns::kBlocks; ++b) {
        if (entry.touched.blocks[b]) group.blocks[group.num_blocks++] = static_cast<uint8_t>(b);
      }
    }
    row += entry.term->rows_each();
    work_.groups.back().end = row;
  }
  work_.rows.assign(static_cast<size_t>(num_rows) * kStride, 0);
}

// N rows of J and r; columns that the joint does not move hold zeros from Arrange.
template <class Sizes>
template <int N>
bool FusedProblem<Sizes>::FillRows(const typename Memory::Entry& entry, double* row,
                                   double* cost) const {
  Vec3 r;
  JointTerm::Derivative dr_dpoint;
  if (!entry.term->EvaluateAt(entry.group, objective_.sigma_px(),
                              work_.positions.row(entry.joint).transpose(), &r, &dr_dpoint)) {
    return false;
  }
  const double* const x = &work_.jacobian(3 * entry.joint, 0);
  const double *const y = x + Sizes::kParams, *const z = y + Sizes::kParams;
  const auto fill = [&](int param, int column) {
    const double dx = x[param], dy = y[param], dz = z[param];
    for (int i = 0; i < N; ++i) {
      row[i * kStride + column] =
          dr_dpoint(i, 0) * dx + dr_dpoint(i, 1) * dy + dr_dpoint(i, 2) * dz;
    }
  };
  for (const int k : parts_.joints->Chain(entry.joint)) {
    for (int i = 0; i < 3; ++i) fill(3 * k + i, Columns::kOfJoint[k] + i);
  }
  for (int i = Columns::kShape; i < Sizes::kParams; ++i) fill(i, i);
  for (int i = 0; i < N; ++i) row[i * kStride + kResidual] = r[i];
  *cost += r.head<N>().squaredNorm();
  return true;
}

template <class Sizes>
double FusedProblem<Sizes>::EvaluateCandidate() {
  FoldedOptions folded;
  folded.mask = work_.mask;
  folded.correctives = FoldedOptions::Correctives::kChain;
  parts_.joints->Evaluate(candidate_, &work_.positions, &work_.jacobian, folded);
  double cost = 0;
  double* row = work_.rows.data();
  for (const auto& entry : work_.entries) {
    const int n = entry.term->rows_each();
    if (!(n == 2 ? FillRows<2>(entry, row, &cost) : FillRows<3>(entry, row, &cost))) {
      return std::numeric_limits<double>::infinity();
    }
    row += n * kStride;
  }
  if (prior_weight_ > 0) cost += prior_weight_ * prior_weight_ * PriorEnergy();
  for (const auto& entry : work_.param_terms) AddParamCost(entry, &cost);
  return cost;
}

template <class Sizes>
void FusedProblem<Sizes>::AddParamCost(const typename Memory::ParamEntry& entry, double* cost) {
  if (entry.spring != nullptr && entry.spring->count() == Sizes::kShape) {
    *cost += entry.spring->template Cost<Sizes::kShape>(candidate_, objective_.anchor());
  } else if (entry.spring != nullptr && entry.spring->count() == Sizes::kPose) {
    *cost += entry.spring->template Cost<Sizes::kPose>(candidate_, objective_.anchor());
  } else {
    entry.term->FillRows(candidate_, objective_.anchor(), work_.param_rows.data());
    for (int i = 0; i < entry.term->rows(); ++i) {
      *cost += work_.param_rows[i].residual * work_.param_rows[i].residual;
    }
  }
}

// Tries the current component first: most often it is the best, and the others stop early.
template <class Sizes>
double FusedProblem<Sizes>::PriorEnergy() {
  double lowest = std::numeric_limits<double>::infinity();
  const int count = static_cast<int>(parts_.components.size());
  typename Columns::PriorVector pose{}, offset{};
  for (int i = 0; i < kPrior; ++i) pose[Columns::OfParam(i + 3)] = candidate_.values()[i + 3];
  for (int i = 0; i < count; ++i) {
    const int index = i == 0 ? component_ : i <= component_ ? i - 1 : i;
    const auto& component = parts_.components[index];
    const double limit = 2 * (lowest - component.neg_log_weight);
    if (limit < 0) continue;
    for (int j = 0; j < kPrior; ++j) offset[j] = pose[j] - component.mean[j];
    const double norm2 = parts_.kernels.upper_norm2(component.upper.data(), kPrior, kPriorStride,
                                                    offset.data(), limit);
    const double energy = 0.5 * norm2 + component.neg_log_weight;
    if (energy < lowest) {
      lowest = energy;
      candidate_component_ = index;
      candidate_offset_ = offset;
    }
  }
  return lowest;
}

template <class Sizes>
void FusedProblem<Sizes>::AddPrior() {
  const auto& component = parts_.components[component_];
  const double scale = 0.5 * prior_weight_ * prior_weight_;
  typename Columns::PriorVector gradient;
  parts_.kernels.multiply(component.precision.data(), kPrior, kPriorStride, offset_.data(),
                          gradient.data());
  for (int i = 0; i < kPrior; ++i) {
    double* const row = &work_.normal[i * kStride];
    const double* const precision = &component.precision[i * kPriorStride];
    for (int j = i; j < kPrior; ++j) row[j] = scale * precision[j];
    row[kResidual] = scale * gradient[i];
  }
}

template <class Sizes>
void FusedProblem<Sizes>::Linearise() {
  auto& normal = work_.normal;
  for (int i = 0; i < Sizes::kParams; ++i) {
    const int begin = i * (kStride + 1) / kNormalBlock * kNormalBlock;
    std::fill(normal.begin() + begin, normal.begin() + (i + 1) * kStride, 0.0);
  }
  if (prior_weight_ > 0) AddPrior();
  for (const auto& group : work_.groups) {
    parts_.kernels.add_gram(&work_.rows[group.begin * kStride], group.end - group.begin,
                            group.blocks.data(), group.num_blocks, normal.data());
  }
  for (const auto& entry : work_.param_terms) {
    entry.term->FillRows(current_, objective_.anchor(), work_.param_rows.data());
    for (int i = 0; i < entry.term->rows(); ++i) {
      const ParamTerm::Row& row = work_.param_rows[i];
      double* const column = &normal[Columns::OfParam(row.param) * kStride];
      column[Columns::OfParam(row.param)] += row.derivative * row.derivative;
      column[kResidual] += row.derivative * row.residual;
    }
  }
  if (!translation_free_) HoldTranslation();
}

// Its step is then zero.
template <class Sizes>
void FusedProblem<Sizes>::HoldTranslation() {
  for (int i = Columns::kTransl; i < kResidual; ++i) {
    for (int k = 0; k < kResidual; ++k) {
      work_.normal[std::min(i, k) * kStride + std::max(i, k)] = 0;
    }
    work_.normal[i * kStride + i] = 1;
    work_.normal[i * kStride + kResidual] = 0;
  }
}

template <class Sizes>
bool FusedProblem<Sizes>::Step(double damping, double* predicted) {
  constexpr double kLeastCurvature = 1e-6;
  std::array<double, Sizes::kParams> damp, step;
  for (int i = 0; i < Sizes::kParams; ++i) {
    damp[i] = damping * std::max(work_.normal[i * kStride + i], kLeastCurvature);
  }
  if (!parts_.kernels.solve_normal(work_.normal.data(), damp.data(), work_.factor.data(),
                                   step.data())) {
    return false;
  }
  // |r|^2 - |r - J x|^2 = x^T g + x^T D x, as (N + D) x = g.
  *predicted = 0;
  for (int i = 0; i < Sizes::kParams; ++i) {
    *predicted += step[i] * (work_.normal[i * kStride + kResidual] + damp[i] * step[i]);
  }
  for (int i = 0; i < Sizes::kParams; ++i) {
    candidate_.values()[i] = current_.values()[i] - step[Columns::OfParam(i)];
  }
  return true;
}

}  // namespace gyre
