// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/nearest_rotation.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <Eigen/LU>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/types.h"

namespace gyre {
namespace {

constexpr int64_t kGrain = 256;  // matrices that a thread is worth waking for
constexpr double kLeastPair = 1e-6;

using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;

struct Decomposition {
  Mat3 rotation, v;
  Vec3 p;
};

Decomposition Decompose(const Mat3& m, bool released) {
  if (!m.allFinite()) {
    const double nan = std::nan("");
    return {Mat3::Constant(nan), Mat3::Constant(nan), Vec3::Constant(nan)};
  }
  const Eigen::JacobiSVD<Mat3> svd(m, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const double d = (svd.matrixU() * svd.matrixV().transpose()).determinant() < 0 ? -1 : 1;
  const Vec3 z = released ? Vec3(d, d, d) : Vec3(1, 1, d);
  return {svd.matrixU() * z.asDiagonal() * svd.matrixV().transpose(), svd.matrixV(),
          z.cwiseProduct(svd.singularValues())};
}

Mat3 Pulled(const Decomposition& of, const Mat3& gradient) {
  const Mat3 turn = of.rotation.transpose() * gradient;
  Mat3 skew = of.v.transpose() * (turn - turn.transpose()) * of.v;
  const double least = kLeastPair * std::max(of.p.cwiseAbs().maxCoeff(), 1e-300);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      const double pair = of.p[i] + of.p[j];
      skew(i, j) = std::abs(pair) > least ? skew(i, j) / pair : 0;
    }
  }
  return of.rotation * of.v * skew * of.v.transpose();
}

at::Tensor OnHost(const at::Tensor& t) { return t.detach().to(at::kCPU, at::kDouble).contiguous(); }

// out = work(matrix, other) for each of [N,3,3].
template <typename Work>
at::Tensor ForEachMatrix(const at::Tensor& matrices, const at::Tensor& others, const Work& work) {
  const at::Tensor in = OnHost(matrices), beside = OnHost(others);
  at::Tensor out = at::empty(in.sizes(), in.options());
  const double *from = in.data_ptr<double>(), *with = beside.data_ptr<double>();
  double* to = out.data_ptr<double>();
  at::parallel_for(0, in.numel() / 9, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Eigen::Map<RowMat3>(to + 9 * i) = work(Mat3(Eigen::Map<const RowMat3>(from + 9 * i)),
                                             Mat3(Eigen::Map<const RowMat3>(with + 9 * i)));
    }
  });
  return out.to(matrices.options());
}

class RotationFunction : public torch::autograd::Function<RotationFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& matrices,
                            bool released) {
    context->save_for_backward({matrices});
    context->saved_data["released"] = released;
    return ForEachMatrix(matrices, matrices, [released](const Mat3& m, const Mat3&) {
      return Decompose(m, released).rotation;
    });
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const bool released = context->saved_data["released"].toBool();
    const at::Tensor matrices = context->get_saved_variables()[0];
    return {ForEachMatrix(matrices, gradients[0],
                          [released](const Mat3& m, const Mat3& gradient) {
                            return Pulled(Decompose(m, released), gradient);
                          }),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor RotationFromMatrix(const at::Tensor& matrices, RotationRule rule) {
  GYRE_CHECK(matrices.dim() >= 2 && matrices.size(-1) == 3 && matrices.size(-2) == 3);
  return RotationFunction::apply(matrices, rule == RotationRule::kReleased);
}

}  // namespace gyre
