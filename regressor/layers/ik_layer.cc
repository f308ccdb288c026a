// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/ik_layer.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "body/ik/swing.h"
#include "core/error.h"
#include "core/parallel.h"

namespace gyre {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;

// What a solve needs beside its tensors.
struct IkRun : torch::CustomClassHolder {
  std::shared_ptr<const InverseKinematics> ik;
  bool training = false;
  at::Tensor known;  // [B,N] double, > 0; undefined: all
  at::Tensor error;  // [B] double
};

at::Tensor Host(const at::Tensor& t) { return t.detach().to(at::kCPU, at::kDouble).contiguous(); }

IkProblem ProblemOf(const at::Tensor& rest, const at::Tensor& joints, const at::Tensor& twist,
                    int64_t i) {
  const int64_t nodes = rest.size(1);
  const auto points = [&](const at::Tensor& t) {
    return Eigen::Map<const Points3>(t.data_ptr<double>() + 3 * nodes * i, nodes, 3);
  };
  IkProblem problem;
  problem.rest = points(rest);
  problem.target = points(joints);
  problem.twist.resize(nodes);
  const double* const pairs = twist.data_ptr<double>() + 2 * nodes * i;
  for (int64_t k = 0; k < nodes; ++k) {
    problem.twist[k] = std::atan2(pairs[2 * k + 1], pairs[2 * k]);
  }
  return problem;
}

// From the gradient by an angle to that by its cosine and sine.
void PullAngle(const double* pair, double by_angle, double* by_pair) {
  const double length2 = pair[0] * pair[0] + pair[1] * pair[1];
  const double scaled = length2 > 0 ? by_angle / length2 : 0;
  by_pair[0] = -pair[1] * scaled;
  by_pair[1] = pair[0] * scaled;
}

// See kMaxIkGain.
void Tame(const IkPlan& plan, const IkVectors& g, IkGradient* gradient) {
  double came2 = 0;
  for (size_t k = 0; k < plan.nodes.size(); ++k) came2 += g[k].squaredNorm();
  const double limit = kMaxIkGain * std::sqrt(came2);
  for (IkPoints* points : {&gradient->target, &gradient->rest}) {
    const double length = points->norm();
    if (!std::isfinite(length)) {
      points->setZero();
    } else if (length > limit) {
      *points *= limit / length;
    }
  }
}

// The plan of sample i: made for it where some of its joints are not known.
const IkPlan& PlanOf(const IkRun& run, int64_t i, std::optional<IkPlan>* own) {
  if (!run.known.defined()) return run.ik->plan();
  const int64_t nodes = run.ik->tree().size();
  const double* const confidence = run.known.data_ptr<double>() + nodes * i;
  std::array<bool, kMaxIkNodes> known;
  bool all = true;
  for (int64_t k = 0; k < nodes; ++k) all &= known[k] = confidence[k] > 0;
  if (all) return run.ik->plan();
  return own->emplace(run.ik->tree(), std::span(known.data(), nodes));
}

class IkFunction : public torch::autograd::Function<IkFunction> {
 public:
  // rest, joints [B,N,3], twist [B,N,2] -> [B,N,3,3].
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& given_rest,
                            const at::Tensor& given_joints, const at::Tensor& given_twist,
                            const c10::intrusive_ptr<IkRun>& run) {
    const at::Tensor rest = Host(given_rest), joints = Host(given_joints),
                     twist = Host(given_twist);
    const int64_t batch = rest.size(0), nodes = rest.size(1);
    at::Tensor rotations = at::empty({batch, nodes, 3, 3}, at::kDouble);
    run->error = at::empty({batch}, at::kDouble);
    double* const out = rotations.data_ptr<double>();
    double* const error = run->error.data_ptr<double>();
    ParallelFor(batch, at::get_num_threads(), [&](int64_t i, int /*worker*/) {
      std::optional<IkPlan> own;
      IkSolution solution;
      run->ik->Solve(ProblemOf(rest, joints, twist, i), PlanOf(*run, i, &own), run->training,
                     &solution);
      for (int64_t k = 0; k < nodes; ++k) {
        Eigen::Map<RowMat3>(out + 9 * (nodes * i + k)) = solution.rotations[k];
      }
      error[i] = solution.error;
    });
    ctx->save_for_backward({rest, joints, twist, rotations});
    ctx->saved_data["run"] = c10::IValue::make_capsule(run);
    return rotations.to(given_joints.device(), given_joints.scalar_type());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &rest = saved[0], &joints = saved[1], &twist = saved[2];
    const double* const rotations = saved[3].data_ptr<double>();
    const auto capsule = ctx->saved_data["run"].toCapsule();
    const auto& run = static_cast<const IkRun&>(*capsule);
    const int64_t batch = rest.size(0), nodes = rest.size(1);
    const at::Tensor given = Host(grads[0]);
    const double* const d_rotations = given.data_ptr<double>();
    at::Tensor d_rest = at::empty_like(rest), d_joints = at::empty_like(joints),
               d_twist = at::empty_like(twist);
    ParallelFor(batch, at::get_num_threads(), [&](int64_t i, int /*worker*/) {
      std::optional<IkPlan> own;
      const IkPlan& plan = PlanOf(run, i, &own);
      IkSolution solution;
      IkVectors g;
      for (int64_t k = 0; k < nodes; ++k) {
        const int64_t at = 9 * (nodes * i + k);
        solution.rotations[k] = Eigen::Map<const RowMat3>(rotations + at);
        g[k].setZero();
        if (!plan.nodes[k].moves) continue;
        g[k] =
            Vee2(Eigen::Map<const RowMat3>(d_rotations + at) * solution.rotations[k].transpose());
      }
      IkGradient gradient =
          run.ik->Pull(ProblemOf(rest, joints, twist, i), plan, solution, g, run.training);
      Tame(plan, g, &gradient);
      Eigen::Map<Points3>(d_rest.data_ptr<double>() + 3 * nodes * i, nodes, 3) = gradient.rest;
      Eigen::Map<Points3>(d_joints.data_ptr<double>() + 3 * nodes * i, nodes, 3) = gradient.target;
      for (int64_t k = 0; k < nodes; ++k) {
        const int64_t at = 2 * (nodes * i + k);
        PullAngle(twist.data_ptr<double>() + at, gradient.twist[k],
                  d_twist.data_ptr<double>() + at);
      }
    });
    const auto back = [&](const at::Tensor& d) {
      return d.to(grads[0].device(), grads[0].scalar_type());
    };
    return {back(d_rest), back(d_joints), back(d_twist), at::Tensor()};
  }
};

at::Tensor FromMatrix(const RowMatX& m) {
  return at::from_blob(const_cast<double*>(m.data()), {m.rows(), m.cols()}, at::kDouble).clone();
}

}  // namespace

IkLayerImpl::IkLayerImpl(const BodyModel& model, const IkOptions& options,
                         std::span<const IkEnd> ends)
    : ik_(std::make_shared<InverseKinematics>(model, options, ends)),
      num_joints_(model.num_joints()) {
  const IkTree& tree = ik_->tree();
  for (int k = 0; k < num_joints_; ++k) {
    if (tree.nodes[k].children.empty()) ends_.push_back(k);
  }
  rest_mean_ = FromMatrix(tree.mean.reshaped<Eigen::RowMajor>(1, tree.mean.size()));
  rest_dirs_ = FromMatrix(tree.dirs.transpose());
}

at::Tensor IkLayerImpl::forward(const IkInput& input, at::Tensor* error) const {
  const int64_t batch = input.joints.size(0), nodes = ik_->tree().size();
  GYRE_CHECK(input.joints.dim() == 3 && input.joints.size(1) == nodes);
  GYRE_CHECK(input.shape.dim() == 2 && input.shape.size(0) == batch);
  GYRE_CHECK(input.shape.size(1) == rest_dirs_.size(0));
  // In double from here on, wherever it came from: gradients find their way back through `to`.
  const auto here = [](const at::Tensor& t) { return t.to(at::kCPU, at::kDouble); };
  const at::Tensor rest =
      at::addmm(rest_mean_, here(input.shape), rest_dirs_).view({batch, nodes, 3});
  at::Tensor twist = at::zeros({batch, nodes, 2}, at::kDouble);
  if (input.twist.defined()) {
    GYRE_CHECK(input.twist.sizes() == (std::vector<int64_t>{batch, num_joints_, 2}));
    twist = at::cat({here(input.twist), twist.narrow(1, 0, nodes - num_joints_)}, 1);
  }
  const auto run = c10::make_intrusive<IkRun>();
  run->ik = ik_;
  run->training = is_training();
  if (input.confidence.defined()) run->known = Host(input.confidence);
  at::Tensor rotations = IkFunction::apply(rest, here(input.joints), twist, run);
  if (error != nullptr) *error = run->error.to(input.joints.options());
  return rotations.narrow(1, 0, num_joints_).to(input.joints.options());
}

at::Tensor WithRotations(const at::Tensor& rotations, const std::vector<int64_t>& which,
                         const at::Tensor& others) {
  std::vector<at::Tensor> all = rotations.unbind(1);
  for (size_t i = 0; i < which.size(); ++i) {
    all[which[i]] = others.select(1, static_cast<int64_t>(i));
  }
  return at::stack(all, 1);
}

}  // namespace gyre
