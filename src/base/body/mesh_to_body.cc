// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_to_body.h"

#include <Eigen/Cholesky>
#include <Eigen/SVD>
#include <cmath>

#include "core/error.h"
#include "core/so3.h"
#include "solve/levenberg_marquardt.h"

namespace gyre {
namespace {

constexpr double kLeastWeight = 0.05;  // of a joint for a vertex that tells of it

// The objective of the header for the solver.
class MeshProblem {
 public:
  MeshProblem(const FoldedJoints& folded, const Points3& mesh, double ridge_m,
              const BodyParams& start)
      : folded_(folded),
        mesh_(mesh),
        ridge2_(ridge_m * ridge_m),
        num_ridged_(folded.layout().num_params() - 3),
        current_(start),
        candidate_(start) {
    const BodyLayout& layout = folded.layout();
    for (int i = 0; i < folded.size(); ++i) {
      std::vector<int>& columns = columns_.emplace_back();
      for (const int joint : folded.Chain(i)) {
        for (int axis = 0; axis < 3; ++axis) columns.push_back(3 * joint + axis);
      }
      for (int c = layout.num_pose(); c < layout.num_params(); ++c) columns.push_back(c);
    }
  }

  double Cost(const BodyParams& params) {
    folded_.Evaluate(params, &positions_, nullptr);
    return (positions_ - mesh_).squaredNorm() +
           ridge2_ * params.values().head(num_ridged_).squaredNorm();
  }

  void Linearise() {
    folded_.Evaluate(current_, &positions_, &jacobian_,
                     {.correctives = FoldedOptions::Correctives::kChain});
    const Eigen::Index size = current_.values().size();
    normal_.setZero(size, size);
    gradient_.setZero(size);
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::vector<int>& columns = columns_[i];
      const Vec3 residual = (positions_.row(i) - mesh_.row(i)).transpose();
      const auto rows = jacobian_.middleRows<3>(3 * static_cast<Eigen::Index>(i));
      for (size_t a = 0; a < columns.size(); ++a) {
        const Vec3 column = rows.col(columns[a]);
        gradient_[columns[a]] += column.dot(residual);
        for (size_t b = 0; b <= a; ++b) {
          const double product = column.dot(rows.col(columns[b]));
          normal_(std::max(columns[a], columns[b]), std::min(columns[a], columns[b])) += product;
        }
      }
    }
    normal_.diagonal().head(num_ridged_).array() += ridge2_;
    gradient_.head(num_ridged_) += ridge2_ * current_.values().head(num_ridged_);
  }

  bool Step(double damping, double* predicted) {
    Eigen::MatrixXd damped = normal_;
    damped.diagonal() *= 1 + damping;
    const Eigen::LLT<Eigen::MatrixXd> cholesky(damped);  // reads the lower half
    if (cholesky.info() != Eigen::Success) return false;
    const VecX step = -cholesky.solve(gradient_);
    if (!step.allFinite()) return false;
    candidate_.values() = current_.values() + step;
    // Of the linear model: -2 g.h - h.N h.
    *predicted =
        -2 * gradient_.dot(step) - step.dot(normal_.selfadjointView<Eigen::Lower>() * step);
    return true;
  }

  double EvaluateCandidate() { return Cost(candidate_); }
  void Accept() { current_ = candidate_; }
  const BodyParams& current() const { return current_; }

 private:
  const FoldedJoints& folded_;
  const Points3& mesh_;
  double ridge2_;
  int num_ridged_;  // all but the translation
  BodyParams current_, candidate_;
  std::vector<std::vector<int>> columns_;  // of each vertex: what moves it
  Points3 positions_;
  RowMatX jacobian_;
  Eigen::MatrixXd normal_;
  VecX gradient_;
};

}  // namespace

MeshToBody::MeshToBody(const BodyModel& model, std::span<const int> vertices,
                       const MeshToBodyOptions& options)
    : options_(options),
      folded_(FoldedJoints::Vertices(model, vertices)),
      parents_(model.parents()),
      rest_(static_cast<Eigen::Index>(vertices.size()), 3),
      rest_dirs_(3 * static_cast<Eigen::Index>(vertices.size()), model.shapedirs.cols()),
      parts_(model.num_joints()) {
  for (int i = 0; i < static_cast<int>(vertices.size()); ++i) {
    const int v = vertices[i];
    GYRE_CHECK(v >= 0 && v < model.num_vertices());
    rest_.row(i) = model.v_template.row(v);
    rest_dirs_.middleRows<3>(3 * i) = model.shapedirs.middleRows<3>(3 * v);
    for (SparseRows::InnerIterator it(model.weights, v); it; ++it) {
      if (it.value() < kLeastWeight) continue;
      Part& part = parts_[it.col()];
      part.places.push_back(i);
      part.weights.push_back(it.value() * it.value());
    }
  }
}

void MeshToBody::TurnJoints(const Points3& mesh, BodyParams* params) const {
  const VecX shaped = rest_dirs_ * params->shape();
  const Points3 rest = rest_ + Eigen::Map<const Points3>(shaped.data(), rest_.rows(), 3);
  std::vector<Mat3> world(parts_.size(), Mat3::Identity());
  for (size_t k = 0; k < parts_.size(); ++k) {
    const int parent = parents_[k];
    const Part& part = parts_[k];
    Vec3 rest_mean = Vec3::Zero(), mesh_mean = Vec3::Zero();
    double sum = 0;
    for (size_t n = 0; n < part.places.size(); ++n) {
      sum += part.weights[n];
      rest_mean += part.weights[n] * rest.row(part.places[n]).transpose();
      mesh_mean += part.weights[n] * mesh.row(part.places[n]).transpose();
    }
    Mat3 moment = Mat3::Zero();
    if (sum > 0) {
      rest_mean /= sum;
      mesh_mean /= sum;
    }
    for (size_t n = 0; n < part.places.size(); ++n) {
      moment += part.weights[n] * (mesh.row(part.places[n]).transpose() - mesh_mean) *
                (rest.row(part.places[n]).transpose() - rest_mean).transpose();
    }
    // Points on a line leave a turn about it open: their second singular value is next to nothing.
    const Vec3 singular = moment.jacobiSvd().singularValues();
    const bool open = !(singular[1] > 1e-6 * singular[0]);
    world[k] = !open ? NearestRotation(moment) : parent >= 0 ? world[parent] : world[k];
    const Mat3 local = parent >= 0 ? Mat3(world[parent].transpose() * world[k]) : world[k];
    params->rotation(static_cast<int>(k)) = LogSO3(local);
  }
}

void MeshToBody::SetShape(const Points3& mesh, BodyParams* params) const {
  Points3 positions;
  RowMatX jacobian;
  folded_.Evaluate(*params, &positions, &jacobian,
                   {.correctives = FoldedOptions::Correctives::kChain});
  const Eigen::Index free = params->num_shape() + 3;
  const RowMatX linear = jacobian.rightCols(free);
  const Points3 residual = mesh - positions;
  Eigen::MatrixXd normal = linear.transpose() * linear;
  // Of shapes some hardly show: a hundredth of a unit per millimetre is enough of them.
  normal.diagonal().array() += options_.ridge_m * options_.ridge_m;
  params->values().tail(free) += normal.ldlt().solve(
      linear.transpose() * Eigen::Map<const VecX>(residual.data(), residual.size()));
}

BodyOfMesh MeshToBody::Solve(const Points3& mesh) const {
  GYRE_CHECK(mesh.rows() == num_vertices() && mesh.allFinite());
  BodyParams params(folded_.layout());
  for (int round = 0; round < 2; ++round) {
    TurnJoints(mesh, &params);
    SetShape(mesh, &params);
  }
  MeshProblem problem(folded_, mesh, options_.ridge_m, params);
  BodyOfMesh found;
  found.solver.cost = problem.Cost(params);
  if (options_.max_iterations > 0) {
    found.solver = MinimiseByLevenbergMarquardt(
        problem, found.solver.cost,
        SolverOptions{.max_iterations = options_.max_iterations,
                      .function_tolerance = options_.function_tolerance});
  }
  found.params = problem.current();
  const Points3 left = folded_.Positions(found.params) - mesh;
  found.rms_m =
      std::sqrt(left.squaredNorm() / static_cast<double>(std::max<Eigen::Index>(1, left.rows())));
  return found;
}

}  // namespace gyre
