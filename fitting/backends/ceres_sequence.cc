// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/ceres_sequence.h"

#include <algorithm>
#include <set>
#include <utility>

#include "solve/ceres_solver.h"

namespace gyre {
namespace {

// Positions in BodyParams::values() of what the window moves: pose and translation of each frame,
// and the shape that they share.
struct Columns {
  std::vector<int> own, shape;
};

Columns ColumnsOf(const MotionWindow& window) {
  std::set<int> moving;
  for (const Objective& objective : window.objectives) {
    moving.insert(objective.free().begin(), objective.free().end());
  }
  const BodyParams& any = window.objectives[0].anchor();
  const int pose_end = 3 * any.num_joints(), shape_end = pose_end + any.num_shape();
  Columns columns;
  for (const int i : moving) {
    if (i < pose_end) columns.own.push_back(i);
    if (i >= pose_end && i < shape_end) columns.shape.push_back(i);
  }
  for (int i = 0; i < 3; ++i) columns.own.push_back(shape_end + i);
  return columns;
}

// One frame's parameters as the solver moves them, and the joints of the motion there, evaluated
// once for all terms that read the frame.
class Frame {
 public:
  Frame(const FoldedJoints& joints, const Columns& columns, BodyParams params, bool held)
      : joints_(joints), columns_(columns), params_(std::move(params)), held_(held) {
    own = params_.values()(columns_.own);
  }

  const BodyParams& Set(const double* own_values, const double* shape_values) {
    const Eigen::Map<const VecX> own_now(own_values, std::ssize(columns_.own));
    const Eigen::Map<const VecX> shape_now(shape_values, std::ssize(columns_.shape));
    if (params_.values()(columns_.own) != own_now ||
        (!held_ && params_.values()(columns_.shape) != shape_now)) {
      params_.values()(columns_.own) = own_now;
      if (!held_) params_.values()(columns_.shape) = shape_now;
      has_positions_ = has_jacobian_ = false;
    }
    return params_;
  }
  // After Set.
  TermFrame Evaluate(bool linearise) {
    if (!has_positions_ || (linearise && !has_jacobian_)) {
      joints_.Evaluate(params_, &positions_, linearise ? &jacobian_ : nullptr);
      has_positions_ = true;
      has_jacobian_ = linearise;
    }
    return {params_, params_, 0, positions_, linearise ? &jacobian_ : nullptr};
  }
  bool held() const { return held_; }

  VecX own;  // the block

 private:
  const FoldedJoints& joints_;
  const Columns& columns_;
  BodyParams params_;
  const bool held_;
  bool has_positions_ = false, has_jacobian_ = false;
  Points3 positions_;
  RowMatX jacobian_;
};

void CopyColumns(const RowMatX& jacobian, const std::vector<int>& columns, double* to) {
  if (to == nullptr) return;
  Eigen::Map<RowMatX>(to, jacobian.rows(), std::ssize(columns)) = jacobian(Eigen::all, columns);
}

// A frame's objective, over its own block and the shape's.
class FrameRows final : public ResidualGroup {
 public:
  FrameRows(Objective& objective, Frame& frame, const Columns& columns, std::vector<int> blocks)
      : ResidualGroup(objective.num_residuals(), std::move(blocks)),
        objective_(objective),
        frame_(frame),
        columns_(columns) {}

  bool Evaluate(const double* const* values, double* residuals, double** jacobians) const override {
    Eigen::Map<VecX> r(residuals, rows());
    const BodyParams& params = frame_.Set(values[0], values[1]);
    if (!objective_.Evaluate(params, r, jacobians != nullptr ? &jacobian_ : nullptr)) return false;
    if (jacobians == nullptr) return true;
    CopyColumns(jacobian_, columns_.own, jacobians[0]);
    CopyColumns(jacobian_, columns_.shape, jacobians[1]);
    return true;
  }

 private:
  Objective& objective_;
  Frame& frame_;
  const Columns& columns_;
  mutable RowMatX jacobian_;
};

// A term of motion at one place, over the blocks of its frames and the shape's, which stands last.
class MotionRows final : public ResidualGroup {
 public:
  MotionRows(const Term& term, std::span<Frame> frames, const Columns& columns,
             std::vector<int> blocks)
      : ResidualGroup(term.rows(), std::move(blocks)),
        term_(term),
        frames_(frames),
        columns_(columns) {}

  bool Evaluate(const double* const* values, double* residuals, double** jacobians) const override {
    const bool linearise = jacobians != nullptr;
    const size_t n = frames_.size();
    std::vector<TermFrame> at;
    std::vector<RowMatX> of_frame(linearise ? n : 0);
    std::vector<JacobianRows> rows_of;
    for (size_t i = 0; i < n; ++i) {
      const BodyParams& params = frames_[i].Set(values[i], values[n]);
      at.push_back(frames_[i].Evaluate(linearise));
      if (!linearise) continue;
      of_frame[i].setZero(rows(), params.values().size());
      rows_of.emplace_back(of_frame[i]);
    }
    Eigen::Map<VecX> r(residuals, rows());
    if (!term_.Evaluate(at, r, rows_of) || !r.allFinite()) return false;
    if (!linearise) return true;
    RowMatX of_shape = RowMatX::Zero(rows(), of_frame[0].cols());
    for (size_t i = 0; i < n; ++i) {
      CopyColumns(of_frame[i], columns_.own, jacobians[i]);
      if (!frames_[i].held()) of_shape += of_frame[i];
    }
    CopyColumns(of_shape, columns_.shape, jacobians[n]);
    return true;
  }

 private:
  const Term& term_;
  const std::span<Frame> frames_;
  const Columns& columns_;
};

}  // namespace

SolverResult SolveSequenceWithCeres(const MotionWindow& window, const SolverOptions& options,
                                    std::span<BodyParams> frames) {
  const auto size = static_cast<int>(frames.size());
  const Columns columns = ColumnsOf(window);
  VecX shape = frames[window.held].values()(columns.shape);
  LeastSquares problem;
  std::vector<Frame> moved;
  moved.reserve(frames.size());
  for (int i = 0; i < size; ++i) {
    Frame& frame = moved.emplace_back(window.joints, columns, frames[i], i < window.held);
    problem.blocks.push_back({frame.own.data(), static_cast<int>(frame.own.size()), frame.held()});
  }
  problem.blocks.push_back({shape.data(), static_cast<int>(shape.size()), !window.shape_free});
  for (int i = window.held; i < size; ++i) {
    problem.groups.push_back(std::make_unique<FrameRows>(
        window.objectives[i - window.held], moved[i], columns, std::vector<int>{i, size}));
  }
  for (const PlacedTerm& placed : window.motion) {
    const int n = placed.term->num_frames();
    for (const int first : PlacesOf(placed, size, window.held)) {
      std::vector<int> blocks;
      for (int i = first; i < first + n; ++i) blocks.push_back(i);
      blocks.push_back(size);
      problem.groups.push_back(std::make_unique<MotionRows>(
          *placed.term, std::span(moved).subspan(first, n), columns, std::move(blocks)));
    }
  }
  const SolverResult result = SolveByCeres(problem, options);
  for (int i = window.held; i < size; ++i)
    frames[i] = moved[i].Set(moved[i].own.data(), shape.data());
  return result;
}

}  // namespace gyre
