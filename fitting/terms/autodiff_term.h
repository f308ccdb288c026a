// SPDX-License-Identifier: Apache-2.0
// A term from its residuals alone: the Jacobian is derived, by Ceres' jets. For new terms and for
// those that are not worth a Jacobian by hand; the tests hold every other term against its form as
// one of these. Function has
//   template <typename T>
//   bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const;
// whose residuals hold the weight already.
#pragma once

#include <ceres/jet.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "fitting/terms/term.h"

namespace gyre {

template <typename T>
struct AutodiffFrame {
  const T* params;  // [P], in the order of BodyParams::values()
  const T* joints;  // [N,3] row by row; only those that the term reads are to be used
};

template <class Function>
class AutodiffTerm final : public Term {
 public:
  AutodiffTerm(std::string_view name, double weight, int rows, std::vector<int> joints,
               Function function, int num_frames = 1)
      : Term(name, weight, rows, num_frames),
        joints_(std::move(joints)),
        function_(std::move(function)) {}

  void MarkJoints(std::span<uint8_t> used) const override {
    for (const int joint : joints_) used[joint] = 1;
  }

  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override {
    if (jacobians.empty()) {
      std::vector<AutodiffFrame<double>> values;
      for (const TermFrame& frame : frames) {
        values.push_back({frame.params.values().data(), frame.joints.data()});
      }
      return function_(std::span<const AutodiffFrame<double>>(values), residuals.data());
    }
    for (size_t frame = 0; frame < frames.size(); ++frame) {
      if (!Differentiate(frames, frame, residuals, &jacobians[frame])) return false;
    }
    return true;
  }

 private:
  static constexpr int kAtOnce = 16;  // derivatives of one pass
  using Jet = ceres::Jet<double, kAtOnce>;

  // d r / d (what the term reads of one frame), some variables at a time.
  bool Differentiate(std::span<const TermFrame> frames, size_t of, Eigen::Ref<VecX> residuals,
                     JacobianRows* jacobian) const {
    const TermFrame& frame = frames[of];
    const int num_params = static_cast<int>(frame.params.values().size());
    const int num_variables = num_params + 3 * static_cast<int>(joints_.size());
    std::vector<std::vector<Jet>> params, joints;
    std::vector<AutodiffFrame<Jet>> inputs;
    for (const TermFrame& one : frames) {
      const auto& values = one.params.values();
      params.emplace_back(values.begin(), values.end());
      joints.emplace_back(one.joints.data(), one.joints.data() + one.joints.size());
      inputs.push_back({params.back().data(), joints.back().data()});
    }
    const auto variable = [&](int i) -> Jet& {
      if (i < num_params) return params[of][i];
      return joints[of][3 * joints_[(i - num_params) / 3] + (i - num_params) % 3];
    };
    std::vector<Jet> r(rows());
    for (int begin = 0; begin < num_variables; begin += kAtOnce) {
      const int end = std::min(num_variables, begin + kAtOnce);
      for (int i = begin; i < end; ++i) variable(i).v[i - begin] = 1;
      if (!function_(std::span<const AutodiffFrame<Jet>>(inputs), r.data())) return false;
      for (int i = begin; i < end; ++i) {
        variable(i).v[i - begin] = 0;
        for (int row = 0; row < rows(); ++row) {
          const double derivative = r[row].v[i - begin];
          if (i < num_params) {
            (*jacobian)(row, i) += derivative;
          } else if (derivative != 0) {
            const int joint = joints_[(i - num_params) / 3];
            jacobian->row(row) +=
                derivative * frame.joint_jacobian->row(3 * joint + (i - num_params) % 3);
          }
        }
      }
    }
    for (int row = 0; row < rows(); ++row) residuals[row] = r[row].a;
    return true;
  }

  std::vector<int> joints_;
  Function function_;
};

}  // namespace gyre
