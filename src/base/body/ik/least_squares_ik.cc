// SPDX-License-Identifier: Apache-2.0
#include "body/ik/least_squares_ik.h"

#include <cmath>
#include <utility>
#include <vector>

#include "body/ik/least_squares_pose.h"
#include "solve/levenberg_marquardt.h"

namespace gyre {
namespace {

// Objectives count from here, m^2, so that a search whose targets can be met ends once they are to
// a tenth of a micrometre, and does not go on about rounding.
constexpr double kFloor = 1e-14;
constexpr double kRidge = 1e-9;  // m^2/rad^2, of directions that nothing holds

void AddToDiagonal(TreeMatrix* m, const TreeMatrix& of, double factor, double ridge) {
  for (int i = 0; i < m->size(); ++i) m->Diagonal(i) += factor * of.Diagonal(i) + ridge;
}

// What a step was made with.
enum class StepMatrix { kExact, kGaussNewton };

struct SearchStep {
  IkRotations from;  // the rotations before
  double damping;
  StepMatrix kind;
};

// What MinimiseByLevenbergMarquardt takes.
class Search {
 public:
  // From the frame's start. `steps`: where those that are taken go; may be null.
  Search(const LeastSquaresFrame& frame, std::vector<SearchStep>* steps)
      : first_(frame, frame.start.local),
        second_(frame),
        hessian_(frame.plan.pattern),
        gauss_newton_(frame.plan.pattern),
        factor_(frame.plan.pattern),
        steps_(steps) {}
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  double Cost() const { return now_->Objective() + kFloor; }
  const TreePose& pose() const { return now_->pose(); }

  void Linearise() { now_->Linearise(&gradient_, &hessian_, &gauss_newton_); }

  bool Step(double damping, double* predicted) {
    for (const StepMatrix kind : {StepMatrix::kExact, StepMatrix::kGaussNewton}) {
      factor_ = kind == StepMatrix::kExact ? hessian_ : gauss_newton_;
      AddToDiagonal(&factor_, gauss_newton_, damping, kRidge);
      if (!factor_.Factorise()) continue;
      step_ = -gradient_;
      factor_.Solve(&step_);
      // Of 2 F: -2 g.d - d.H d, and (H + damping D) d = -g.
      double held = 0;
      for (int i = 0; i < step_.size(); ++i) {
        held += (damping * gauss_newton_.Diagonal(i) + kRidge) * step_[i] * step_[i];
      }
      *predicted = held - gradient_.dot(step_);
      damping_ = damping;
      kind_ = kind;
      return pending_ = true;
    }
    return pending_ = false;
  }

  double EvaluateCandidate() {
    next_->StepFrom(*now_, step_);
    return next_->Objective() + kFloor;
  }
  void Accept() {
    pending_ = false;
    if (steps_ != nullptr) steps_->push_back({now_->pose().local, damping_, kind_});
    std::swap(now_, next_);
  }
  // Takes the last step if it was not worth checking, and does no harm.
  void Finish() {
    if (pending_ && EvaluateCandidate() <= Cost()) Accept();
  }

 private:
  LeastSquaresPose first_, second_;
  LeastSquaresPose *now_ = &first_, *next_ = &second_;
  VecX gradient_, step_;
  TreeMatrix hessian_, gauss_newton_, factor_;
  bool pending_ = false;
  double damping_ = 0;
  StepMatrix kind_ = StepMatrix::kExact;
  std::vector<SearchStep>* steps_;
};

// The number of steps tried.
int Minimise(int steps, double tolerance, Search* search) {
  const SolverOptions limits{.max_iterations = steps, .function_tolerance = tolerance};
  const SolverResult result = MinimiseByLevenbergMarquardt(*search, search->Cost(), limits);
  if (result.termination == Termination::kConverged) search->Finish();
  return result.iterations;
}

}  // namespace

void LeastSquaresIk::Solve(const IkProblem& problem, const IkPlan& plan,
                           IkSolution* solution) const {
  LeastSquaresFrame frame(tree_, problem, plan, options_.damping);
  start_.SolvePose(problem, plan, &frame.start);
  Search search(frame, nullptr);
  solution->steps = Minimise(options_.steps, tolerance_, &search);
  solution->rotations = search.pose().local;
  solution->joints = search.pose().points;
  solution->error = MeanError(problem, plan, solution->joints);
}

IkGradient LeastSquaresIk::Pull(const IkProblem& problem, const IkPlan& plan,
                                const IkSolution& solution, const IkVectors& g) const {
  LeastSquaresFrame frame(tree_, problem, plan, options_.damping);
  start_.SolvePose(problem, plan, &frame.start);
  IkGradient out{IkPoints::Zero(tree_.size(), 3), IkPoints::Zero(tree_.size(), 3),
                 IkNumbers::Zero(tree_.size())};
  IkVectors to_start;
  to_start.fill(Vec3::Zero());
  LeastSquaresPose pose(frame, solution.rotations);
  VecX gradient;
  TreeMatrix hessian(plan.pattern), gauss_newton(plan.pattern);
  pose.Linearise(&gradient, &hessian, &gauss_newton);
  VecX back = pose.PullRotations(g, 1, &out);

  if (options_.backward == IkBackward::kImplicit) {
    TreeMatrix factor = hessian;
    AddToDiagonal(&factor, gauss_newton, 0, kRidge);
    if (!factor.Factorise()) {  // no minimum: where the steps ran out
      factor = gauss_newton;
      AddToDiagonal(&factor, gauss_newton, 0, kRidge);
      if (!factor.Factorise()) return out;
    }
    factor.Solve(&back);
    pose.PullGradient(back, -1, &out, &to_start);
  } else {
    std::vector<SearchStep> steps;
    Search search(frame, &steps);
    Minimise(options_.steps, tolerance_, &search);
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      LeastSquaresPose before(frame, step->from);
      before.Linearise(&gradient, &hessian, &gauss_newton);
      TreeMatrix factor = step->kind == StepMatrix::kExact ? hessian : gauss_newton;
      AddToDiagonal(&factor, gauss_newton, step->damping, kRidge);
      VecX moved = back;
      if (!factor.Factorise()) continue;
      factor.Solve(&moved);
      before.PullGradient(moved, -1, &out, &to_start);
      back -= hessian.Times(moved);
    }
    LeastSquaresPose first(frame, frame.start.local);
    first.Linearise(&gradient, nullptr, nullptr);
    const IkVectors of_start = first.Spread(back);
    first.PullRotations(of_start, -1, &out);
    for (int k = 0; k < tree_.size(); ++k) to_start[k] += of_start[k];
  }
  start_.PullPose(problem, plan, frame.start, to_start, &out);
  return out;
}

}  // namespace gyre
