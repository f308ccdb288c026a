// SPDX-License-Identifier: Apache-2.0
// The checker of terms has to notice every kind of mistake.
#include "fitting/term_check.h"

#include <gtest/gtest.h>

#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

// r = (sin(3 th_7), x_4 th_7), x_4 being the fifth coordinate of the joints: joint 1's y.
struct Oracle {
  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    using std::sin;
    residuals[0] = sin(3.0 * frames[0].params[7]);
    residuals[1] = frames[0].joints[4] * frames[0].params[7];
    return true;
  }
};

enum class Mistake { kNone, kResidual, kJacobian, kSign, kRows, kMark, kResidualAlone, kNoValue };

class Term1 final : public Term {
 public:
  explicit Term1(Mistake mistake)
      : Term("one", 1, mistake == Mistake::kRows ? 3 : 2), mistake_(mistake) {}
  void MarkJoints(std::span<uint8_t> used) const override {
    used[mistake_ == Mistake::kMark ? 0 : 1] = 1;
  }
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override {
    if (mistake_ == Mistake::kNoValue) return false;
    const double th = frames[0].params.values()[7], y = frames[0].joints(1, 1);
    residuals[0] = std::sin(3 * th);
    residuals[1] = y * th;
    if (mistake_ == Mistake::kResidual) residuals[1] += 1e-6;
    if (mistake_ == Mistake::kResidualAlone && jacobians.empty()) residuals[1] += 1e-6;
    if (mistake_ == Mistake::kRows) residuals[2] = 0;
    if (jacobians.empty()) return true;
    jacobians[0](0, 7) = 3 * std::cos(3 * th) * (mistake_ == Mistake::kJacobian ? 1.001 : 1);
    jacobians[0].row(1) = th * frames[0].joint_jacobian->row(4);
    jacobians[0](1, 7) += mistake_ == Mistake::kSign ? -y : y;
    return true;
  }

 private:
  Mistake mistake_;
};

// Both wrong alike: only differences tell.
struct WrongOracle {
  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    Oracle()(frames, residuals);
    if constexpr (!std::is_same_v<T, double>) residuals[0].v *= 1.001;
    return true;
  }
};

TEST(TermCheckTest, NoticesEveryKindOfMistake) {
  const TermTestPoint point;
  const AutodiffTerm oracle("one", 1, 2, {1}, Oracle());
  EXPECT_TERM(Term1(Mistake::kNone), oracle, point.At());
  for (const Mistake mistake :
       {Mistake::kResidual, Mistake::kJacobian, Mistake::kSign, Mistake::kRows, Mistake::kMark,
        Mistake::kResidualAlone, Mistake::kNoValue}) {
    EXPECT_FALSE(AgreesWithOracle(Term1(mistake), oracle, point.At())) << static_cast<int>(mistake);
  }
  EXPECT_FALSE(AgreesWithOracle(Term1(Mistake::kJacobian),
                                AutodiffTerm("one", 1, 2, {1}, WrongOracle()), point.At()));
}

TEST(TermCheckTest, NoticesTheWrongNumberOfFrames) {
  const TermTestPoint point;
  const AutodiffTerm oracle("one", 1, 2, {1}, Oracle());
  TermPoint at = point.At();
  at.frames.push_back(at.frames[0]);
  EXPECT_FALSE(AgreesWithOracle(Term1(Mistake::kNone), oracle, at));
}

}  // namespace
}  // namespace gyre
