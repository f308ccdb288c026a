// SPDX-License-Identifier: Apache-2.0
#include "body/kinematics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <unsupported/Eigen/AutoDiff>

#include "body/joints.h"
#include "body/model_joints.h"
#include "body/test_body.h"

namespace gyre {
namespace {

using Correctives = FoldedOptions::Correctives;
using Columns = FoldedOptions::Columns;

// That SMPL's bodies have.
KeypointSet EveryJoint() {
  static const BodyModel body = MakeBuiltinBody();
  KeypointSet set{"every", {}};
  for (const JointInfo& joint : AllJoints()) {
    if (HasJoint(body, joint)) set.joints.push_back(joint.name);
  }
  return set;
}

double& Param(BodyParams& params, int column) {
  if (column < kNumPoseParams) return params.pose()[column];
  column -= kNumPoseParams;
  if (column < kNumShapeParams) return params.betas()[column];
  return params.transl()[column - kNumShapeParams];
}

double MaxDifference(const RowMatX& a, const RowMatX& b) { return (a - b).cwiseAbs().maxCoeff(); }

// Poses at zero, near zero, ordinary, near pi and at pi.
std::vector<BodyParams> TestParams() {
  Rng rng(7, RngStream::kTest);
  std::vector<BodyParams> all{BodyParams(SmplLayout())};
  for (const double scale : {1e-9, 1e-4, 0.3, 1.0}) all.push_back(RandomParams(rng, scale));
  for (const double angle : {std::numbers::pi - 1e-7, std::numbers::pi}) {
    BodyParams params = RandomParams(rng);
    for (int k = 0; k < kNumBodyJoints; ++k) {
      params.rotation(k) = angle * params.rotation(k).normalized();
    }
    all.push_back(params);
  }
  all.push_back(RandomParams(rng, 0.4, 1.0, 30.0));
  return all;
}

// A second implementation of the forward as the maths states it, on dual numbers: the oracle.
namespace oracle {

using Derivatives = Eigen::Matrix<double, kNumBodyParams, 1>;
using Dual = Eigen::AutoDiffScalar<Derivatives>;
using DualVec3 = Eigen::Matrix<Dual, 3, 1>;
using DualMat3 = Eigen::Matrix<Dual, 3, 3>;

DualMat3 Exp(const DualVec3& w) {
  DualMat3 hat;
  hat << Dual(0), -w[2], w[1], w[2], Dual(0), -w[0], -w[1], w[0], Dual(0);
  const Dual a2 = w[0] * w[0] + w[1] * w[1] + w[2] * w[2];
  Dual s, c;
  if (a2.value() < 1e-6) {
    s = Dual(1) - a2 / 6.0 + a2 * a2 / 120.0;
    c = Dual(0.5) - a2 / 24.0 + a2 * a2 / 720.0;
  } else {
    const Dual a = sqrt(a2);
    s = sin(a) / a;
    c = (Dual(1) - cos(a)) / a2;
  }
  DualMat3 rotation = hat * s;
  rotation += DualMat3(hat * hat) * c;
  for (int i = 0; i < 3; ++i) rotation(i, i) += Dual(1);
  return rotation;
}

// Positions of a set's joints with derivatives, [N,3].
std::vector<DualVec3> Joints(const BodyModel& model, const BodyParams& params,
                             const KeypointSet& set) {
  std::vector<Dual> x(kNumBodyParams);
  BodyParams values = params;
  for (int i = 0; i < kNumBodyParams; ++i) x[i] = Dual(Param(values, i), kNumBodyParams, i);
  std::vector<DualVec3> rest(model.num_vertices());
  for (int v = 0; v < model.num_vertices(); ++v) {
    for (int axis = 0; axis < 3; ++axis) {
      rest[v][axis] = Dual(model.v_template(v, axis));
      for (int b = 0; b < kNumShapeParams; ++b) {
        rest[v][axis] += model.shapedirs(3 * v + axis, b) * x[kNumPoseParams + b];
      }
    }
  }
  std::vector<DualVec3> rest_joints(kNumBodyJoints, DualVec3::Constant(Dual(0)));
  std::vector<DualMat3> local(kNumBodyJoints);
  for (int k = 0; k < kNumBodyJoints; ++k) {
    for (SparseRows::InnerIterator it(model.J_regressor, k); it; ++it) {
      for (int axis = 0; axis < 3; ++axis)
        rest_joints[k][axis] += it.value() * rest[it.col()][axis];
    }
    local[k] = Exp(DualVec3(x[3 * k], x[3 * k + 1], x[3 * k + 2]));
  }
  std::vector<DualMat3> world(kNumBodyJoints);
  std::vector<DualVec3> position(kNumBodyJoints);
  for (int k = 0; k < kNumBodyJoints; ++k) {
    const int parent = model.parents()[k];
    world[k] = k == 0 ? local[0] : DualMat3(world[parent] * local[k]);
    position[k] = rest_joints[k];
    if (k > 0) {
      position[k] = position[parent] + world[parent] * (rest_joints[k] - rest_joints[parent]);
    }
  }
  const DualVec3 transl(x[kNumBodyParams - 3], x[kNumBodyParams - 2], x[kNumBodyParams - 1]);
  const auto posed_vertex = [&](int v) {
    DualVec3 corrected = rest[v];
    for (int axis = 0; axis < 3; ++axis) {
      for (int k = 1; k < kNumBodyJoints; ++k) {
        for (int i = 0; i < 9; ++i) {
          const Dual feature = local[k](i / 3, i % 3) - Dual(i % 4 == 0 ? 1.0 : 0.0);
          corrected[axis] += model.posedirs(3 * v + axis, 9 * (k - 1) + i) * feature;
        }
      }
    }
    DualVec3 posed = transl;
    for (SparseRows::InnerIterator it(model.weights, v); it; ++it) {
      const int k = static_cast<int>(it.col());
      const DualVec3 moved = world[k] * (corrected - rest_joints[k]) + position[k];
      for (int axis = 0; axis < 3; ++axis) posed[axis] += it.value() * moved[axis];
    }
    return posed;
  };
  std::vector<DualVec3> joints;
  for (const std::string_view name : set.joints) {
    DualVec3 joint = DualVec3::Constant(Dual(0.0, Derivatives::Zero()));
    const JointCombination combination = CombinationOf(model, FindJoint(name));
    for (const auto& [v, weight] : combination.vertices) {
      const DualVec3 vertex = posed_vertex(v);
      for (int axis = 0; axis < 3; ++axis) joint[axis] += weight * vertex[axis];
    }
    for (const auto& [k, weight] : combination.joints) {
      for (int axis = 0; axis < 3; ++axis) {
        joint[axis] += weight * (position[k][axis] + transl[axis]);
      }
    }
    joints.push_back(joint);
  }
  return joints;
}

}  // namespace oracle

TEST(FoldedJoints, PositionsEqualRegressionFromPosedVertices) {
  for (const double extra_sum : {1.0, 0.97, 1.2}) {
    const BodyModel model = MakeRandomBody(1, extra_sum);
    const KeypointSet set = EveryJoint();
    const FoldedJoints folded(model, set);
    for (const BodyParams& params : TestParams()) {
      const Points3 expected = ModelJoints(model, params, set);
      EXPECT_LT(MaxDifference(folded.Positions(params), expected), 1e-12);
      Points3 positions;
      RowMatX jacobian;
      folded.Evaluate(params, &positions, &jacobian);
      EXPECT_LT(MaxDifference(positions, expected), 1e-12);
    }
  }
}

TEST(FoldedJoints, StandInsEqualRegressionFromPosedVertices) {
  BodyModel model = MakeRandomBody(2);
  model.J_regressor_extra.resize(0, 0);
  const KeypointSet set = EveryJoint();
  const FoldedJoints folded(model, set);
  for (const BodyParams& params : TestParams()) {
    EXPECT_LT(MaxDifference(folded.Positions(params), ModelJoints(model, params, set)), 1e-12);
  }
}

TEST(FoldedJoints, JacobianEqualsAutodiff) {
  for (const bool with_extra : {true, false}) {
    BodyModel model = MakeRandomBody(3, 1.05);
    if (!with_extra) model.J_regressor_extra.resize(0, 0);
    const KeypointSet& set = SpinJoints();
    const FoldedJoints folded(model, set);
    Points3 positions;
    RowMatX jacobian;
    Rng rng(8, RngStream::kTest);
    for (const BodyParams& params : {BodyParams(SmplLayout()), RandomParams(rng, 0.6)}) {
      folded.Evaluate(params, &positions, &jacobian);
      const auto expected = oracle::Joints(model, params, set);
      for (int i = 0; i < set.size(); ++i) {
        for (int axis = 0; axis < 3; ++axis) {
          EXPECT_NEAR(positions(i, axis), expected[i][axis].value(), 1e-12);
          EXPECT_LT((jacobian.row(3 * i + axis).transpose() - expected[i][axis].derivatives())
                        .cwiseAbs()
                        .maxCoeff(),
                    1e-11)
              << set.joints[i] << " axis " << axis;
        }
      }
    }
  }
}

TEST(FoldedJoints, JacobianEqualsCentralDifferences) {
  const BodyModel model = MakeRandomBody(4, 0.9);
  const KeypointSet set = EveryJoint();
  const FoldedJoints folded(model, set);
  constexpr double kStep = 1e-5;
  for (BodyParams params : TestParams()) {
    Points3 positions;
    RowMatX jacobian;
    folded.Evaluate(params, &positions, &jacobian);
    for (int column = 0; column < kNumBodyParams; ++column) {
      const double value = Param(params, column);
      Param(params, column) = value + kStep;
      const Points3 plus = folded.Positions(params);
      Param(params, column) = value - kStep;
      const Points3 minus = folded.Positions(params);
      Param(params, column) = value;
      const Points3 numeric = (plus - minus) / (2 * kStep);
      const VecX analytic = jacobian.col(column);
      EXPECT_LT(
          (Eigen::Map<const VecX>(numeric.data(), numeric.size()) - analytic).cwiseAbs().maxCoeff(),
          3e-8)
          << "column " << column;
    }
  }
}

TEST(FoldedJoints, EverySetAgreesWithTheRegistry) {
  const BodyModel model = MakeRandomBody(5);
  KeypointSet every{"every joint that it has", {}};
  for (const std::string_view joint : EveryJoint().joints) {
    if (HasJoint(model, FindJoint(joint))) every.joints.push_back(joint);
  }
  Rng rng(9, RngStream::kTest);
  const BodyParams params = RandomParams(rng);
  Points3 all_positions, positions;
  RowMatX all_jacobian, jacobian;
  FoldedJoints(model, every).Evaluate(params, &all_positions, &all_jacobian);
  for (const std::string_view name : KeypointSetNames()) {
    if (!HasAllOf(model, FindKeypointSet(name))) continue;  // faces and fingers
    const KeypointSet& set = FindKeypointSet(name);
    FoldedJoints(model, set).Evaluate(params, &positions, &jacobian);
    ASSERT_EQ(positions.rows(), set.size());
    for (int i = 0; i < set.size(); ++i) {
      const int k = every.IndexOf(set.joints[i]);
      EXPECT_EQ(positions.row(i), all_positions.row(k)) << name << " " << set.joints[i];
      EXPECT_EQ(jacobian.middleRows<3>(3 * i), all_jacobian.middleRows<3>(3 * k));
    }
  }
}

TEST(FoldedJoints, RootColumnsAreThoseOfTheWholeJacobian) {
  const BodyModel model = MakeRandomBody(6, 1.1);
  const FoldedJoints folded(model, SpinJoints());
  for (const BodyParams& params : TestParams()) {
    Points3 positions;
    RowMatX whole, root;
    folded.Evaluate(params, &positions, &whole);
    const Points3 expected = positions;
    folded.Evaluate(params, &positions, &root, {.columns = Columns::kRoot});
    EXPECT_LT(MaxDifference(positions, expected), 1e-12);
    ASSERT_EQ(root.cols(), kNumRootParams);
    EXPECT_LT(MaxDifference(root.leftCols(3), whole.leftCols(3)), 1e-12);
    EXPECT_LT(MaxDifference(root.rightCols(3), whole.rightCols(3)), 1e-12);
  }
}

TEST(FoldedJoints, MaskLeavesOtherRowsAlone) {
  const BodyModel model = MakeRandomBody(7);
  const FoldedJoints folded(model, SpinJoints());
  Rng rng(10, RngStream::kTest);
  const BodyParams params = RandomParams(rng);
  Points3 expected_positions;
  RowMatX expected;
  folded.Evaluate(params, &expected_positions, &expected);
  // Every third joint: among them some whose namesakes of the same source are masked.
  std::vector<uint8_t> mask(folded.size());
  for (size_t i = 0; i < mask.size(); i += 3) mask[i] = 1;
  Points3 positions = Points3::Constant(folded.size(), 3, 7);
  RowMatX jacobian = RowMatX::Constant(3 * folded.size(), kNumBodyParams, 7);
  folded.Evaluate(params, &positions, &jacobian, {.mask = mask});
  for (int i = 0; i < folded.size(); ++i) {
    if (mask[i] != 0) {
      EXPECT_EQ(positions.row(i), expected_positions.row(i));
      EXPECT_EQ(jacobian.middleRows<3>(3 * i), expected.middleRows<3>(3 * i));
    } else {
      EXPECT_TRUE((positions.row(i).array() == 7).all());
      EXPECT_TRUE((jacobian.middleRows<3>(3 * i).array() == 7).all());
    }
  }
}

// Only the bones are posed that it hangs on: those of its vertices and those whose turns correct
// them, of which a body has few. Others are as the call before left them, of another pose.
TEST(FoldedJoints, AJointAloneIsAsAmongTheOthers) {
  BodyModel model = MakeRandomBody(12);
  for (int k = 1; k < kNumBodyJoints; ++k) {
    if (k != 5 && k != 20) model.posedirs.middleCols<9>(9 * (k - 1)).setZero();
  }
  const FoldedJoints folded(model, EveryJoint());
  Rng rng(13, RngStream::kTest);
  const BodyParams params = RandomParams(rng), before = RandomParams(rng);
  for (const Correctives correctives : {Correctives::kExact, Correctives::kChain}) {
    Points3 expected_positions, positions;
    RowMatX expected, jacobian;
    folded.Evaluate(params, &expected_positions, &expected, {.correctives = correctives});
    for (int i = 0; i < folded.size(); ++i) {
      std::vector<uint8_t> mask(folded.size());
      mask[i] = 1;
      folded.Evaluate(before, &positions, &jacobian, {.correctives = correctives});
      folded.Evaluate(params, &positions, &jacobian, {.correctives = correctives, .mask = mask});
      EXPECT_EQ(positions.row(i), expected_positions.row(i)) << i;
      EXPECT_EQ(jacobian.middleRows<3>(3 * i), expected.middleRows<3>(3 * i)) << i;
    }
  }
}

TEST(FoldedJoints, ChainCorrectivesAreExactInTheColumnsOfTheChain) {
  const FoldedJoints folded(MakeRandomBody(8), SpinJoints());
  Rng rng(11, RngStream::kTest);
  const BodyParams params = RandomParams(rng);
  Points3 exact, chain;
  RowMatX exact_jacobian, chain_jacobian;
  folded.Evaluate(params, &exact, &exact_jacobian);
  folded.Evaluate(params, &chain, &chain_jacobian, {.correctives = Correctives::kChain});
  EXPECT_EQ(exact, chain);
  double left_out = 0;
  for (int i = 0; i < folded.size(); ++i) {
    std::array<bool, kNumBodyJoints> turns{};
    for (const int k : folded.Chain(i)) turns[k] = true;
    for (int column = 0; column < kNumBodyParams; ++column) {
      const Vec3 expected = exact_jacobian.block<3, 1>(3 * i, column);
      const Vec3 found = chain_jacobian.block<3, 1>(3 * i, column);
      if (column >= kNumPoseParams || turns[column / 3]) {
        EXPECT_LT((expected - found).norm(), 1e-12) << i << " " << column;
      } else {
        EXPECT_TRUE(found.isZero(0)) << i << " " << column;
        left_out = std::max(left_out, expected.norm());
      }
    }
  }
  EXPECT_GT(left_out, 1e-4) << "the random body's correctives are not local";
}

TEST(FoldedJoints, KeepsBuffersOfTheRightSize) {
  const BodyModel model = MakeRandomBody(9);
  const FoldedJoints folded(model, SpinJoints());
  Points3 positions;
  RowMatX jacobian;
  folded.Evaluate(BodyParams(SmplLayout()), &positions, &jacobian);
  const double* positions_data = positions.data();
  const double* jacobian_data = jacobian.data();
  folded.Evaluate(BodyParams(SmplLayout()), &positions, &jacobian);
  EXPECT_EQ(positions.data(), positions_data);
  EXPECT_EQ(jacobian.data(), jacobian_data);
}

TEST(FoldedJoints, MissingLandmarkIsNamed) {
  BodyModel model = MakeRandomBody(10);
  model.landmark_vertices[FindJoint("OP LHeel").source_idx] = -1;
  try {
    FoldedJoints(model, SpinJoints());
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find("LHeel"), std::string::npos) << error.what();
  }
  EXPECT_EQ(FoldedJoints(model, FindKeypointSet("coco17")).size(), 17);
}

}  // namespace
}  // namespace gyre
