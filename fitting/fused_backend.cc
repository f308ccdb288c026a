// SPDX-License-Identifier: Apache-2.0
#include "fitting/fused_backend.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/levenberg_marquardt.h"

namespace gyre {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The solver's order of joints: legs, arms, head, trunk, root; betas and translation follow.
constexpr std::array<int, kNumBodyJoints> kJointOrder = {
    1, 4, 7, 10, 2, 5, 8, 11, 13, 16, 18, 20, 22, 14, 17, 19, 21, 23, 12, 15, 3, 6, 9, 0};
constexpr int kBetas = kNumPoseParams, kTransl = kBetas + kNumShapeParams;
constexpr int kResidual = kNumBodyParams;  // the column of r
constexpr int kPriorStride = 72;           // kNumPriorPose in whole blocks
static_assert(kNumBodyParams == kNormalParams && kPriorStride % kNormalBlock == 0);

// The first column of each kinematic joint.
constexpr std::array<int, kNumBodyJoints> kColumnOf = [] {
  std::array<int, kNumBodyJoints> columns{};
  for (int i = 0; i < kNumBodyJoints; ++i) columns[kJointOrder[i]] = 3 * i;
  return columns;
}();

// The solver's column of each parameter in the order (pose, betas, transl).
constexpr int ColumnOfParam(int param) {
  return param < kNumPoseParams ? kColumnOf[param / 3] + param % 3 : param;
}

using Normal = std::array<double, kNormalStride * kNormalStride>;
using PriorVector = std::array<double, kPriorStride>;

// The blocks of columns that a group of residuals touches.
struct Blocks {
  std::array<bool, kNormalBlocks> touched{};
  void Add(int begin, int end) {
    for (int b = begin / kNormalBlock; b <= (end - 1) / kNormalBlock; ++b) touched[b] = true;
  }
  auto operator<=>(const Blocks&) const = default;
};

}  // namespace

struct FusedModel::Impl {
  struct Component {
    double neg_log_weight;
    PriorVector mean;
    std::vector<double> upper;      // U [69,72], |U d|^2 = d^T P d
    std::vector<double> precision;  // P [69,72]
  };

  std::shared_ptr<const FoldedJoints> joints;
  const DenseKernels& kernels;
  std::vector<Component> components;
  std::vector<Blocks> blocks;  // per joint of the set
};

FusedModel::FusedModel(std::shared_ptr<const FoldedJoints> joints, const PosePrior& prior,
                       const DenseKernels& kernels) {
  auto impl = std::make_unique<Impl>(Impl{std::move(joints), kernels, {}, {}});
  for (const PosePrior::Component& c : prior.components()) {
    Impl::Component& component = impl->components.emplace_back();
    component.neg_log_weight = c.neg_log_weight;
    component.mean.fill(0);
    Eigen::Matrix<double, kNumPriorPose, kNumPriorPose, Eigen::RowMajor> ordered;
    for (int i = 0; i < kNumPriorPose; ++i) {
      const int row = ColumnOfParam(i + 3);
      component.mean[row] = c.mean[i];
      for (int j = 0; j < kNumPriorPose; ++j) {
        ordered(row, ColumnOfParam(j + 3)) = c.precision(i, j);
      }
    }
    const auto padded = [](const auto& matrix) {
      std::vector<double> rows(kNumPriorPose * kPriorStride, 0);
      Eigen::Map<RowMatX>(rows.data(), kNumPriorPose, kPriorStride).leftCols(kNumPriorPose) =
          matrix;
      return rows;
    };
    component.precision = padded(ordered);
    component.upper = padded(PriorMatrix(Eigen::LLT<PriorMatrix>(ordered).matrixU()));
  }
  for (int i = 0; i < impl->joints->size(); ++i) {
    Blocks& blocks = impl->blocks.emplace_back();
    for (const int k : impl->joints->Chain(i)) blocks.Add(kColumnOf[k], kColumnOf[k] + 3);
    blocks.Add(kBetas, kResidual + 1);
  }
  impl_ = std::move(impl);
}

FusedModel::~FusedModel() = default;

struct FusedWorkspace::Impl {
  // Residuals whose rows touch the same columns.
  struct Group {
    Blocks touched;
    int begin, end;  // rows
    std::array<uint8_t, kNormalBlocks> blocks;
    int num_blocks;
  };
  struct Entry {
    Blocks touched;
    int index;  // of an observation, or num observations + that of a point
  };
  std::vector<Entry> entries;
  std::vector<Group> groups;
  std::vector<uint8_t> mask;
  std::vector<double> rows;  // [residuals of joints, kNormalStride]
  Points3 positions;
  RowMatX jacobian;
  alignas(64) Normal normal{}, factor{};  // upper triangles
};

FusedWorkspace::FusedWorkspace() : impl_(std::make_unique<Impl>()) {}
FusedWorkspace::~FusedWorkspace() = default;

namespace {

class BodyProblem {
 public:
  BodyProblem(const FusedModel::Impl& model, const ObjectiveSpec& spec, bool translation_free,
              FusedWorkspace::Impl& workspace, const BodyParams& start)
      : model_(model), spec_(spec), translation_free_(translation_free), work_(workspace) {
    current_ = candidate_ = start;
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
  const Normal& normal() const { return work_.normal; }

 private:
  void Arrange();
  bool FillRows(const FusedWorkspace::Impl::Entry& entry, double* row, double* cost);
  int RowsOf(const FusedWorkspace::Impl::Entry& entry) const {
    return entry.index < static_cast<int>(spec_.observations.size()) ? 2 : 3;
  }
  void FillRow(int joint, const Eigen::RowVector3d& dr_dpoint, double residual, double* row) const;
  double PriorEnergy();
  void AddDiagonal(int column, double weight, double residual) {
    work_.normal[column * kNormalStride + column] += weight * weight;
    work_.normal[column * kNormalStride + kResidual] += weight * residual;
  }

  const FusedModel::Impl& model_;
  const ObjectiveSpec& spec_;
  const bool translation_free_;
  FusedWorkspace::Impl& work_;
  BodyParams current_, candidate_;
  int component_ = 0, candidate_component_ = 0;  // of the prior, the best one
  PriorVector offset_{}, candidate_offset_{};    // pose - its mean
};

// Sorts the residuals so that those which touch the same columns are neighbours.
void BodyProblem::Arrange() {
  const int num_observations = static_cast<int>(spec_.observations.size());
  const auto joint_of = [&](int index) {
    return index < num_observations ? spec_.observations[index].joint
                                    : spec_.points[index - num_observations].joint;
  };
  work_.entries.clear();
  work_.mask.assign(model_.joints->size(), 0);
  for (int i = 0; i < num_observations + static_cast<int>(spec_.points.size()); ++i) {
    work_.mask[joint_of(i)] = 1;
    work_.entries.push_back({model_.blocks[joint_of(i)], i});
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
      for (int b = 0; b < kNormalBlocks; ++b) {
        if (entry.touched.touched[b]) group.blocks[group.num_blocks++] = static_cast<uint8_t>(b);
      }
    }
    row += RowsOf(entry);
    work_.groups.back().end = row;
  }
  work_.rows.assign(static_cast<size_t>(row) * kNormalStride, 0);
}

// One row of J and r; columns that the joint does not move hold zeros from Arrange.
void BodyProblem::FillRow(int joint, const Eigen::RowVector3d& dr_dpoint, double residual,
                          double* row) const {
  const double *x = &work_.jacobian(3 * joint, 0), *y = x + kNumBodyParams, *z = y + kNumBodyParams;
  const double a = dr_dpoint[0], b = dr_dpoint[1], c = dr_dpoint[2];
  for (const int k : model_.joints->Chain(joint)) {
    double* const out = row + kColumnOf[k];
    for (int i = 0; i < 3; ++i) out[i] = a * x[3 * k + i] + b * y[3 * k + i] + c * z[3 * k + i];
  }
  for (int i = kBetas; i < kNumBodyParams; ++i) row[i] = a * x[i] + b * y[i] + c * z[i];
  row[kResidual] = residual;
}

bool BodyProblem::FillRows(const FusedWorkspace::Impl::Entry& entry, double* row, double* cost) {
  const int num_observations = static_cast<int>(spec_.observations.size());
  if (entry.index < num_observations) {
    const Observation& observation = spec_.observations[entry.index];
    const Vec3 point = work_.positions.row(observation.joint).transpose();
    Vec2 r;
    Eigen::Matrix<double, 2, 3, Eigen::RowMajor> dr_dpoint;
    if (!ReprojectionResidual(spec_, observation, point, &r, &dr_dpoint)) return false;
    for (int i = 0; i < 2; ++i) {
      FillRow(observation.joint, dr_dpoint.row(i), r[i], row + i * kNormalStride);
    }
    *cost += r.squaredNorm();
    return true;
  }
  const PointObservation& target = spec_.points[entry.index - num_observations];
  const Vec3 r = target.weight * (work_.positions.row(target.joint).transpose() - target.point);
  for (int i = 0; i < 3; ++i) {
    FillRow(target.joint, target.weight * Eigen::RowVector3d::Unit(i), r[i],
            row + i * kNormalStride);
  }
  *cost += r.squaredNorm();
  return true;
}

double BodyProblem::EvaluateCandidate() {
  FoldedOptions folded;
  folded.mask = work_.mask;
  folded.correctives = FoldedOptions::Correctives::kChain;
  model_.joints->Evaluate(candidate_, &work_.positions, &work_.jacobian, folded);
  double cost = 0;
  double* row = work_.rows.data();
  for (const auto& entry : work_.entries) {
    if (!FillRows(entry, row, &cost)) return kInfinity;
    row += RowsOf(entry) * kNormalStride;
  }
  if (spec_.pose_prior_weight > 0) {
    cost += spec_.pose_prior_weight * spec_.pose_prior_weight * PriorEnergy();
  }
  for (const AnglePriorEntry& angle : kAnglePrior) {
    const double r = EvaluateAngle(spec_, angle, candidate_.pose()[angle.pose_idx]).r;
    cost += r * r;
  }
  const auto squared = [](double value) { return value * value; };
  return cost + squared(spec_.shape_prior_weight) * candidate_.shape<kNumShapeParams>().squaredNorm() +
         squared(spec_.depth_anchor * (candidate_.transl().z() - spec_.start.transl().z())) +
         squared(spec_.start_anchor) * (candidate_.pose<kNumPoseParams>() - spec_.start.pose<kNumPoseParams>()).squaredNorm();
}

// Tries the current component first: most often it is the best, and the others stop early.
double BodyProblem::PriorEnergy() {
  double lowest = kInfinity;
  const int count = static_cast<int>(model_.components.size());
  PriorVector pose{}, offset{};
  for (int i = 0; i < kNumPriorPose; ++i) pose[ColumnOfParam(i + 3)] = candidate_.pose()[i + 3];
  for (int i = 0; i < count; ++i) {
    const int index = i == 0 ? component_ : i <= component_ ? i - 1 : i;
    const FusedModel::Impl::Component& component = model_.components[index];
    const double limit = 2 * (lowest - component.neg_log_weight);
    if (limit < 0) continue;
    for (int j = 0; j < kNumPriorPose; ++j) offset[j] = pose[j] - component.mean[j];
    const double norm2 = model_.kernels.upper_norm2(component.upper.data(), kNumPriorPose,
                                                    kPriorStride, offset.data(), limit);
    const double energy = 0.5 * norm2 + component.neg_log_weight;
    if (energy < lowest) {
      lowest = energy;
      candidate_component_ = index;
      candidate_offset_ = offset;
    }
  }
  return lowest;
}

void BodyProblem::Linearise() {
  Normal& normal = work_.normal;
  for (int i = 0; i < kNumBodyParams; ++i) {
    const int begin = i * (kNormalStride + 1) / kNormalBlock * kNormalBlock;
    std::fill(normal.begin() + begin, normal.begin() + (i + 1) * kNormalStride, 0.0);
  }
  if (spec_.pose_prior_weight > 0) {
    const FusedModel::Impl::Component& component = model_.components[component_];
    const double scale = 0.5 * spec_.pose_prior_weight * spec_.pose_prior_weight;
    PriorVector gradient;
    model_.kernels.multiply(component.precision.data(), kNumPriorPose, kPriorStride, offset_.data(),
                            gradient.data());
    for (int i = 0; i < kNumPriorPose; ++i) {
      double* const row = &normal[i * kNormalStride];
      const double* const precision = &component.precision[i * kPriorStride];
      for (int j = i; j < kNumPriorPose; ++j) row[j] = scale * precision[j];
      row[kResidual] = scale * gradient[i];
    }
  }
  for (const auto& group : work_.groups) {
    model_.kernels.add_gram(&work_.rows[group.begin * kNormalStride], group.end - group.begin,
                            group.blocks.data(), group.num_blocks, normal.data());
  }
  for (const AnglePriorEntry& angle : kAnglePrior) {
    const auto [r, derivative] = EvaluateAngle(spec_, angle, current_.pose()[angle.pose_idx]);
    AddDiagonal(ColumnOfParam(angle.pose_idx), derivative, r);
  }
  const double shape = spec_.shape_prior_weight;
  for (int i = 0; i < kNumShapeParams; ++i)
    AddDiagonal(kBetas + i, shape, shape * current_.betas()[i]);
  AddDiagonal(kTransl + 2, spec_.depth_anchor,
              spec_.depth_anchor * (current_.transl().z() - spec_.start.transl().z()));
  for (int i = 0; i < kNumPoseParams; ++i) {
    AddDiagonal(ColumnOfParam(i), spec_.start_anchor,
                spec_.start_anchor * (current_.pose()[i] - spec_.start.pose()[i]));
  }
  if (!translation_free_) {
    for (int i = kTransl; i < kResidual; ++i) {
      for (int k = 0; k < kResidual; ++k)
        normal[std::min(i, k) * kNormalStride + std::max(i, k)] = 0;
      normal[i * kNormalStride + i] = 1;
      normal[i * kNormalStride + kResidual] = 0;
    }
  }
}

bool BodyProblem::Step(double damping, double* predicted) {
  constexpr double kLeastCurvature = 1e-6;
  std::array<double, kNormalParams> damp, step;
  for (int i = 0; i < kNormalParams; ++i) {
    damp[i] = damping * std::max(work_.normal[i * kNormalStride + i], kLeastCurvature);
  }
  if (!model_.kernels.solve_normal(work_.normal.data(), damp.data(), work_.factor.data(),
                                   step.data())) {
    return false;
  }
  // |r|^2 - |r - J x|^2 = x^T g + x^T D x, as (N + D) x = g.
  *predicted = 0;
  for (int i = 0; i < kNormalParams; ++i) {
    *predicted += step[i] * (work_.normal[i * kNormalStride + kResidual] + damp[i] * step[i]);
  }
  candidate_ = current_;
  for (int i = 0; i < kNumPoseParams; ++i) candidate_.pose()[i] -= step[ColumnOfParam(i)];
  for (int i = 0; i < kNumShapeParams; ++i) candidate_.betas()[i] -= step[kBetas + i];
  for (int i = 0; i < 3; ++i) candidate_.transl()[i] -= step[kTransl + i];
  return true;
}

}  // namespace

SolverResult SolveFused(const FusedModel& model, const ObjectiveSpec& spec,
                        const SolverOptions& options, FusedWorkspace& workspace,
                        BodyParams* params) {
  BodyProblem problem(model.impl(), spec, options.translation_free, workspace.impl(), *params);
  const double start_cost = problem.EvaluateCandidate();
  problem.Accept();
  const SolverResult result = MinimiseByLevenbergMarquardt(problem, start_cost, options);
  *params = problem.current();
  return result;
}

void FusedNormalEquations(const FusedModel& model, const ObjectiveSpec& spec,
                          FusedWorkspace& workspace, const BodyParams& params, RowMatX* normal,
                          VecX* gradient) {
  BodyProblem problem(model.impl(), spec, /*translation_free=*/true, workspace.impl(), params);
  GYRE_CHECK(std::isfinite(problem.EvaluateCandidate()));
  problem.Accept();
  problem.Linearise();
  normal->resize(kNumBodyParams, kNumBodyParams);
  gradient->resize(kNumBodyParams);
  for (int i = 0; i < kNumBodyParams; ++i) {
    const int row = ColumnOfParam(i);
    (*gradient)[i] = problem.normal()[row * kNormalStride + kResidual];
    for (int j = 0; j < kNumBodyParams; ++j) {
      const int column = ColumnOfParam(j);
      (*normal)(i, j) =
          problem.normal()[std::min(row, column) * kNormalStride + std::max(row, column)];
    }
  }
}

}  // namespace gyre
