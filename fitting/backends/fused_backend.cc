// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/fused_backend.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "fitting/backends/fused_problem.h"
#include "fitting/backends/smpl_sizes.h"
#include "solve/levenberg_marquardt.h"

namespace gyre {
namespace {

template <class Sizes>
typename FusedColumns<Sizes>::Component InColumns(const LayoutPrior::Component& source) {
  using Columns = FusedColumns<Sizes>;
  constexpr int n = Columns::kPrior;
  typename Columns::Component component;
  component.neg_log_weight = source.neg_log_weight;
  component.mean.fill(0);
  Eigen::Matrix<double, n, n, Eigen::RowMajor> ordered;
  for (int i = 0; i < n; ++i) {
    const int row = Columns::OfParam(i + 3);
    component.mean[row] = source.mean[i];
    for (int j = 0; j < n; ++j) ordered(row, Columns::OfParam(j + 3)) = source.precision(i, j);
  }
  const auto padded = [](const auto& matrix) {
    std::vector<double> rows(n * Columns::kPriorStride, 0);
    Eigen::Map<RowMatX>(rows.data(), n, Columns::kPriorStride).template leftCols<n>() = matrix;
    return rows;
  };
  using Square = Eigen::Matrix<double, n, n>;
  component.precision = padded(ordered);
  component.upper = padded(Square(Eigen::LLT<Square>(ordered).matrixU()));
  return component;
}

template <class Sizes>
class FusedModelOf final : public FusedModel {
 public:
  using Columns = FusedColumns<Sizes>;

  static bool Fits(const BodyLayout& layout, const LayoutPrior& prior) {
    return layout.num_joints() == Sizes::kJoints && layout.num_shape() == Sizes::kShape &&
           prior.size() == Columns::kPrior && prior.contiguous();
  }

  FusedModelOf(std::shared_ptr<const FoldedJoints> joints, std::shared_ptr<const LayoutPrior> prior,
               const DenseKernels& kernels)
      : parts_{std::move(joints), std::move(prior), kernels, {}, {}} {
    for (const LayoutPrior::Component& component : parts_.prior->components()) {
      parts_.components.push_back(InColumns<Sizes>(component));
    }
    for (int i = 0; i < parts_.joints->size(); ++i) {
      auto& touched = parts_.touched.emplace_back();
      for (const int k : parts_.joints->Chain(i)) {
        touched.Add(Columns::kOfJoint[k], Columns::kOfJoint[k] + 3);
      }
      touched.Add(Columns::kShape, Columns::kResidual + 1);
    }
  }

  bool Applies(const Objective& objective) const override {
    const std::vector<int>& free = objective.free();
    const size_t all = Sizes::kParams, held = all - 3;
    if (&objective.joints() != parts_.joints.get() || objective.num_params() != Sizes::kParams ||
        !(free.size() == all || (free.size() == held && free.back() < Columns::kTransl))) {
      return false;
    }
    int priors = 0;
    for (const auto& term : objective.terms()) {
      if (term->AsJointTerm() != nullptr) continue;
      if (term->AsParamTerm() != nullptr && term->rows() <= Sizes::kParams) continue;
      const auto* of_prior = dynamic_cast<const PosePriorTerm*>(term.get());
      if (of_prior == nullptr || &of_prior->prior() != parts_.prior.get() || ++priors > 1) {
        return false;
      }
    }
    return true;
  }

  SolverResult Solve(const Objective& objective, const SolverOptions& options,
                     FusedWorkspace& workspace, BodyParams* params) const override {
    const bool translation_free = objective.free().size() == Sizes::kParams;
    FusedProblem<Sizes> problem(parts_, objective, translation_free,
                                workspace.Get<FusedMemory<Sizes>>(), *params);
    const double start_cost = problem.EvaluateCandidate();
    problem.Accept();
    const SolverResult result = MinimiseByLevenbergMarquardt(problem, start_cost, options);
    *params = problem.current();
    return result;
  }

  void NormalEquations(const Objective& objective, FusedWorkspace& workspace,
                       const BodyParams& params, RowMatX* normal, VecX* gradient) const override {
    FusedProblem<Sizes> problem(parts_, objective, /*translation_free=*/true,
                                workspace.Get<FusedMemory<Sizes>>(), params);
    GYRE_CHECK(std::isfinite(problem.EvaluateCandidate()));
    problem.Accept();
    problem.Linearise();
    constexpr int kStride = Columns::kStride;
    normal->resize(Sizes::kParams, Sizes::kParams);
    gradient->resize(Sizes::kParams);
    for (int i = 0; i < Sizes::kParams; ++i) {
      const int row = Columns::OfParam(i);
      (*gradient)[i] = problem.normal()[row * kStride + Columns::kResidual];
      for (int j = 0; j < Sizes::kParams; ++j) {
        const int column = Columns::OfParam(j);
        (*normal)(i, j) = problem.normal()[std::min(row, column) * kStride + std::max(row, column)];
      }
    }
  }

 private:
  FusedParts<Sizes> parts_;
};

}  // namespace

std::unique_ptr<const FusedModel> FusedModel::Of(const BodyLayout& layout,
                                                 std::shared_ptr<const FoldedJoints> joints,
                                                 std::shared_ptr<const LayoutPrior> prior,
                                                 const DenseKernels* kernels) {
  if (!FusedModelOf<SmplSizes>::Fits(layout, *prior)) return nullptr;
  return std::make_unique<FusedModelOf<SmplSizes>>(
      std::move(joints), std::move(prior),
      kernels != nullptr ? *kernels : BestKernels<SmplSizes::kParams>());
}

}  // namespace gyre
