// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/banded_sequence.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "core/error.h"
#include "fitting/backends/smpl_sizes.h"
#include "fitting/terms/acceleration.h"
#include "solve/levenberg_marquardt.h"

namespace gyre {
namespace {

using MatX = Eigen::MatrixXd;
constexpr int kPose = SmplSizes::kPose, kNumShape = SmplSizes::kShape;
constexpr int kOwn = kPose + 3;  // unknowns of a frame
constexpr const auto& kDifference = AccelerationTerm::kFactors;

// What a frame's rows of the normal matrix hold, right of the diagonal and with the gradient g.
// Columns: the next frame's unknowns, those of the one after it, the shape's, g.
constexpr int kNext = 0, kAfterNext = kOwn, kShape = 2 * kOwn, kGradient = kShape + kNumShape;
constexpr int kRight = kGradient + 1;

struct BlockRow {
  MatX diagonal;  // [kOwn,kOwn]
  MatX right;     // [kOwn,kRight]
};

class WindowProblem {
 public:
  WindowProblem(const MotionWindow& window, std::span<const BodyParams> frames)
      : joints_(window.joints),
        objectives_(window.objectives),
        motion_(window.motion),
        shape_free_(window.shape_free),
        held_(window.held),
        size_(static_cast<int>(frames.size())),
        current_(frames.begin(), frames.end()),
        candidate_(current_),
        positions_(size_),
        rows_(size_ - held_) {
    // Accelerations at every place have a form of their own.
    const auto acceleration = std::ranges::find_if(motion_, IsAcceleration);
    if (acceleration == motion_.end()) return;
    weights_ = static_cast<const AccelerationTerm*>(acceleration->term)->RowWeights();
    motion_.erase(acceleration);
  }

  double EvaluateCandidate();
  void Accept() { current_ = candidate_; }
  void Linearise();
  bool Step(double damping, double* predicted);

  const std::vector<BodyParams>& current() const { return current_; }

 private:
  static bool IsAcceleration(const PlacedTerm& placed) {
    return placed.first < 0 && dynamic_cast<const AccelerationTerm*>(placed.term) != nullptr;
  }
  void AddObjectives();
  void LineariseJoints();
  bool HasAccelerations() const { return weights_.size() > 0; }
  // The rows of the triple that begins at `first`.
  VecX Acceleration(int first) const {
    const Points3 second = positions_[first] - 2 * positions_[first + 1] + positions_[first + 2];
    return weights_.cwiseProduct(second.reshaped<Eigen::RowMajor>());
  }
  void AddAccelerations();
  void AddTerm(const Term& term, int first);
  // The frames that a term reads, of those given.
  std::vector<TermFrame> FramesOf(const Term& term, int first,
                                  const std::vector<BodyParams>& frames) const;
  // The columns of a Jacobian that are a frame's own.
  static MatX OwnColumns(const RowMatX& jacobian) {
    MatX own(jacobian.rows(), kOwn);
    own << jacobian.leftCols<kPose>(), jacobian.rightCols<3>();
    return own;
  }

  const FoldedJoints& joints_;
  const std::span<Objective> objectives_;
  std::vector<PlacedTerm> motion_;
  VecX weights_;  // of the accelerations' rows; none: they do not count
  const bool shape_free_;
  const int held_, size_;
  std::vector<BodyParams> current_, candidate_;
  std::vector<Points3> positions_;
  std::vector<RowMatX> jacobians_;  // of the positions

  std::vector<BlockRow> rows_;  // of the frames that move
  MatX shape_normal_;           // [kNumShape,kNumShape]
  VecX shape_gradient_;
};

double WindowProblem::EvaluateCandidate() {
  double cost = 0;
  for (size_t i = 0; i < objectives_.size(); ++i) {
    cost += objectives_[i].Cost(candidate_[held_ + i]);
  }
  for (int i = 0; i < size_; ++i) positions_[i] = joints_.Positions(candidate_[i]);
  for (int i = 0; i + 2 < size_ && HasAccelerations(); ++i) cost += Acceleration(i).squaredNorm();
  for (const PlacedTerm& placed : motion_) {
    VecX residuals(placed.term->rows());
    for (const int first : PlacesOf(placed, size_, held_)) {
      const auto frames = FramesOf(*placed.term, first, candidate_);
      if (!placed.term->Evaluate(frames, residuals, {})) {
        return std::numeric_limits<double>::infinity();
      }
      cost += residuals.squaredNorm();
    }
  }
  return cost;
}

std::vector<TermFrame> WindowProblem::FramesOf(const Term& term, int first,
                                               const std::vector<BodyParams>& frames) const {
  std::vector<TermFrame> read;
  for (int i = first; i < first + term.num_frames(); ++i) {
    const RowMatX* jacobian = jacobians_.empty() ? nullptr : &jacobians_[i];
    read.push_back({frames[i], frames[i], 0, positions_[i], jacobian});
  }
  return read;
}

void WindowProblem::Linearise() {
  for (BlockRow& row : rows_) {
    row.diagonal.setZero(kOwn, kOwn);
    row.right.setZero(kOwn, kRight);
  }
  shape_normal_.setZero(kNumShape, kNumShape);
  shape_gradient_.setZero(kNumShape);
  AddObjectives();
  if (HasAccelerations() || !motion_.empty()) LineariseJoints();
  if (HasAccelerations()) AddAccelerations();
  for (const PlacedTerm& placed : motion_) {
    for (const int first : PlacesOf(placed, size_, held_)) AddTerm(*placed.term, first);
  }
  if (!shape_free_) {  // its step is then zero
    for (BlockRow& row : rows_) row.right.middleCols<kNumShape>(kShape).setZero();
    shape_normal_.setIdentity();
    shape_gradient_.setZero();
  }
}

void WindowProblem::AddObjectives() {
  RowMatX jacobian;
  VecX residuals;
  for (size_t i = 0; i < rows_.size(); ++i) {
    Objective& objective = objectives_[i];
    residuals.resize(objective.num_residuals());
    GYRE_CHECK(objective.Evaluate(current_[held_ + i], residuals, &jacobian));
    const MatX own = OwnColumns(jacobian);
    const auto shape = jacobian.middleCols<kNumShape>(kPose);
    rows_[i].diagonal.noalias() += own.transpose() * own;
    rows_[i].right.middleCols<kNumShape>(kShape).noalias() += own.transpose() * shape;
    rows_[i].right.col(kGradient).noalias() += own.transpose() * residuals;
    shape_normal_.noalias() += shape.transpose() * shape;
    shape_gradient_.noalias() += shape.transpose() * residuals;
  }
}

void WindowProblem::LineariseJoints() {
  jacobians_.resize(size_);
  for (int i = 0; i < size_; ++i) joints_.Evaluate(current_[i], &positions_[i], &jacobians_[i]);
}

void WindowProblem::AddTerm(const Term& term, int first) {
  const int n = term.num_frames();
  VecX residuals(term.rows());
  std::vector<RowMatX> of_frame(n, RowMatX::Zero(term.rows(), SmplSizes::kParams));
  std::vector<JacobianRows> rows_of(of_frame.begin(), of_frame.end());
  GYRE_CHECK(term.Evaluate(FramesOf(term, first, current_), residuals, rows_of));
  RowMatX of_shape = RowMatX::Zero(term.rows(), kNumShape);
  for (int i = 0; i < n; ++i) {
    if (first + i >= held_) of_shape += of_frame[i].middleCols<kNumShape>(kPose);
  }
  for (int i = 0; i < n; ++i) {
    if (first + i < held_) continue;
    const MatX own = OwnColumns(of_frame[i]);
    BlockRow& row = rows_[first + i - held_];
    row.diagonal.noalias() += own.transpose() * own;
    for (int k = i + 1; k < n; ++k) {
      row.right.middleCols<kOwn>(k - i == 1 ? kNext : kAfterNext).noalias() +=
          own.transpose() * OwnColumns(of_frame[k]);
    }
    row.right.middleCols<kNumShape>(kShape).noalias() += own.transpose() * of_shape;
    row.right.col(kGradient).noalias() += own.transpose() * residuals;
  }
  shape_normal_.noalias() += of_shape.transpose() * of_shape;
  shape_gradient_.noalias() += of_shape.transpose() * residuals;
}

// The rows of the triple (i, i+1, i+2) are W sum_k c_k X_{i+k}, c = (1, -2, 1), W the rows'
// weights.
void WindowProblem::AddAccelerations() {
  std::vector<MatX> own(size_);
  std::vector<RowMatX> shape(size_);
  for (int i = 0; i < size_; ++i) {
    own[i] = weights_.asDiagonal() * OwnColumns(jacobians_[i]);
    shape[i] = weights_.asDiagonal() * jacobians_[i].middleCols<kNumShape>(kPose);
    if (i < held_) shape[i].setZero();
  }
  std::vector<std::array<double, 3>> products(size_);  // of c, by distance between the frames
  for (int i = 0; i + 2 < size_; ++i) {
    const VecX residuals = Acceleration(i);
    const RowMatX of_shape = shape[i] - 2 * shape[i + 1] + shape[i + 2];
    for (int k = 0; k < 3; ++k) {
      for (int l = k; l < 3; ++l) products[i + k][l - k] += kDifference[k] * kDifference[l];
      if (i + k < held_) continue;
      const double scale = kDifference[k];
      MatX& right = rows_[i + k - held_].right;
      right.middleCols<kNumShape>(kShape).noalias() += scale * own[i + k].transpose() * of_shape;
      right.col(kGradient).noalias() += scale * own[i + k].transpose() * residuals;
    }
    shape_normal_.noalias() += of_shape.transpose() * of_shape;
    shape_gradient_.noalias() += of_shape.transpose() * residuals;
  }
  for (int i = held_; i < size_; ++i) {
    BlockRow& row = rows_[i - held_];
    row.diagonal.noalias() += products[i][0] * own[i].transpose() * own[i];
    for (int distance = 1; distance <= 2 && i + distance < size_; ++distance) {
      row.right.middleCols<kOwn>(distance == 1 ? kNext : kAfterNext).noalias() +=
          products[i][distance] * own[i].transpose() * own[i + distance];
    }
  }
}

// Block Cholesky, row by row: with L_i L_i^T the diagonal that is left, X = L_i^-1 right_i is the
// factor's row and the forward substitution at once, and takes X^T X off what follows.
bool WindowProblem::Step(double damping, double* predicted) {
  constexpr double kLeastCurvature = 1e-6;
  const auto damp_of = [&](const MatX& normal) -> VecX {
    return damping * normal.diagonal().cwiseMax(kLeastCurvature);
  };
  const int n = static_cast<int>(rows_.size());
  std::vector<BlockRow> factor = rows_;
  for (int i = 0; i < n; ++i) factor[i].diagonal.diagonal() += damp_of(rows_[i].diagonal);
  MatX shape = shape_normal_;
  shape.diagonal() += damp_of(shape_normal_);
  VecX shape_step = shape_gradient_;
  for (int i = 0; i < n; ++i) {
    Eigen::LLT<Eigen::Ref<MatX>> llt(factor[i].diagonal);  // in place
    if (llt.info() != Eigen::Success) return false;
    MatX& x = factor[i].right;
    llt.matrixL().solveInPlace(x);
    const auto next = x.middleCols<kOwn>(kNext), after_next = x.middleCols<kOwn>(kAfterNext);
    const auto border = x.rightCols<kRight - kShape>();
    if (i + 1 < n) {
      BlockRow& row = factor[i + 1];
      row.diagonal.noalias() -= next.transpose() * next;
      row.right.middleCols<kOwn>(kNext).noalias() -= next.transpose() * after_next;
      row.right.rightCols<kRight - kShape>().noalias() -= next.transpose() * border;
    }
    if (i + 2 < n) {
      BlockRow& row = factor[i + 2];
      row.diagonal.noalias() -= after_next.transpose() * after_next;
      row.right.rightCols<kRight - kShape>().noalias() -= after_next.transpose() * border;
    }
    const auto of_shape = x.middleCols<kNumShape>(kShape);
    shape.noalias() -= of_shape.transpose() * of_shape;
    shape_step.noalias() -= of_shape.transpose() * x.col(kGradient);
  }
  const Eigen::LLT<MatX> llt(shape);
  if (llt.info() != Eigen::Success) return false;
  llt.solveInPlace(shape_step);

  // |r|^2 - |r - J x|^2 = x^T (g + D x), as (N + D) x = g.
  *predicted = shape_step.dot(shape_gradient_ + damp_of(shape_normal_).cwiseProduct(shape_step));
  std::vector<VecX> steps(n);
  for (int i = n; i-- > 0;) {
    const MatX& x = factor[i].right;
    VecX& step = steps[i];
    step = x.col(kGradient) - x.middleCols<kNumShape>(kShape) * shape_step;
    if (i + 1 < n) step.noalias() -= x.middleCols<kOwn>(kNext) * steps[i + 1];
    if (i + 2 < n) step.noalias() -= x.middleCols<kOwn>(kAfterNext) * steps[i + 2];
    factor[i].diagonal.triangularView<Eigen::Lower>().transpose().solveInPlace(step);
    *predicted +=
        step.dot(rows_[i].right.col(kGradient) + damp_of(rows_[i].diagonal).cwiseProduct(step));
    BodyParams& candidate = candidate_[held_ + i];
    candidate.pose() = current_[held_ + i].pose() - step.head<kPose>();
    candidate.shape() = current_[held_ + i].shape() - shape_step;
    candidate.transl() = current_[held_ + i].transl() - step.tail<3>();
  }
  return true;
}

}  // namespace

bool IsBanded(const MotionWindow& window) {
  return window.held <= 2 &&
         std::ranges::all_of(
             window.motion,
             [](const PlacedTerm& placed) { return placed.term->num_frames() <= 3; }) &&
         std::ranges::all_of(window.objectives, [](const Objective& o) {
           const auto moving = static_cast<int>(o.free().size());
           const bool all = moving == SmplSizes::kParams ||
                            (moving == SmplSizes::kParams - 3 && o.free().back() == moving - 1);
           return o.num_params() == SmplSizes::kParams && all;
         });
}

SolverResult SolveBandedSequence(const MotionWindow& window, const SolverOptions& options,
                                 std::span<BodyParams> frames) {
  GYRE_CHECK(IsBanded(window));
  WindowProblem problem(window, frames);
  const double start_cost = problem.EvaluateCandidate();
  const SolverResult result = MinimiseByLevenbergMarquardt(problem, start_cost, options);
  std::copy(problem.current().begin(), problem.current().end(), frames.begin());
  return result;
}

}  // namespace gyre
