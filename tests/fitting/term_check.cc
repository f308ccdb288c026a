// SPDX-License-Identifier: Apache-2.0
#include "fitting/term_check.h"

#include <fmt/format.h>

#include <limits>

#include "fitting/jacobian_check.h"

namespace gyre {
namespace {

// Evaluates with the joints of `used` alone; the others' places are not numbers.
TermValues Evaluate(const Term& term, const TermPoint& at, const std::vector<uint8_t>& used,
                    bool linearise) {
  std::vector<Points3> positions;
  std::vector<RowMatX> of_joints;
  for (const BodyParams& params : at.frames) {
    at.joints.Evaluate(params, &positions.emplace_back(), &of_joints.emplace_back());
    for (int i = 0; i < at.joints.size(); ++i) {
      if (used[i] != 0) continue;
      positions.back().row(i).setConstant(std::numeric_limits<double>::quiet_NaN());
      of_joints.back().middleRows(3 * i, 3).setConstant(std::numeric_limits<double>::quiet_NaN());
    }
  }
  TermValues values;
  values.residuals.setConstant(term.rows(), std::numeric_limits<double>::quiet_NaN());
  std::vector<TermFrame> frames;
  std::vector<JacobianRows> rows;
  if (linearise) {
    values.jacobians.assign(at.frames.size(),
                            RowMatX::Zero(term.rows(), at.anchor.values().size()));
  }
  for (size_t i = 0; i < at.frames.size(); ++i) {
    frames.push_back(
        {at.frames[i], at.anchor, at.sigma_px, positions[i], linearise ? &of_joints[i] : nullptr});
    if (linearise) rows.emplace_back(values.jacobians[i]);
  }
  values.has_value = term.Evaluate(frames, values.residuals, rows);
  return values;
}

std::vector<uint8_t> JointsOf(const Term& term, const TermPoint& at) {
  std::vector<uint8_t> used(at.joints.size(), 0);
  term.MarkJoints(used);
  return used;
}

double Worst(const RowMatX& found, const RowMatX& expected) {
  if (!found.allFinite()) return std::numeric_limits<double>::infinity();
  return ((found - expected).array().abs() / expected.array().abs().max(1.0)).maxCoeff();
}

}  // namespace

TermValues ValuesOf(const Term& term, const TermPoint& at) {
  return Evaluate(term, at, std::vector<uint8_t>(at.joints.size(), 1), /*linearise=*/true);
}

testing::AssertionResult AgreesWithOracle(const Term& term, const Term& oracle,
                                          const TermPoint& at) {
  const auto fails = [&](const std::string& what) {
    return testing::AssertionFailure() << term.name() << ": " << what;
  };
  constexpr double kRounding = 1e-9;
  if (term.num_frames() != static_cast<int>(at.frames.size())) return fails("number of frames");
  if (term.rows() != oracle.rows()) return fails("number of rows");
  const TermValues found = Evaluate(term, at, JointsOf(term, at), true);
  const TermValues expected = ValuesOf(oracle, at);
  if (!found.has_value || !expected.has_value) return fails("no value");
  if (const double error = Worst(found.residuals, expected.residuals); !(error < kRounding)) {
    return fails(fmt::format("residuals differ from the oracle's by {:.1e}", error));
  }
  const VecX without = Evaluate(term, at, JointsOf(term, at), false).residuals;
  if (!(Worst(without, found.residuals) < 1e-3 * kRounding)) {
    return fails("other residuals without a Jacobian");
  }
  for (size_t frame = 0; frame < at.frames.size(); ++frame) {
    const RowMatX& jacobian = found.jacobians[frame];
    const RowMatX& of_oracle = expected.jacobians[frame];
    if (const double error = Worst(jacobian, of_oracle); !(error < kRounding)) {
      return fails(
          fmt::format("Jacobian of frame {} differs from the oracle's by {:.1e}", frame, error));
    }
    if (const double error = Worst(jacobian.transpose() * found.residuals,
                                   of_oracle.transpose() * expected.residuals);
        !(error < kRounding)) {
      return fails(fmt::format("gradient of frame {} differs by {:.1e}", frame, error));
    }
    const VectorFunction residuals = [&](const VecX& x, RowMatX* with_jacobian) {
      TermPoint there = at;
      there.frames[frame].values() = x;
      if (with_jacobian != nullptr) *with_jacobian = jacobian;
      return Evaluate(term, there, JointsOf(term, at), false).residuals;
    };
    if (const double error = WorstJacobianError(residuals, at.frames[frame].values());
        !(error < at.tolerance)) {
      return fails(
          fmt::format("Jacobian of frame {} differs from differences by {:.1e}", frame, error));
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace gyre
