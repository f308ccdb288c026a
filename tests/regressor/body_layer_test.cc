// SPDX-License-Identifier: Apache-2.0
// The layer is pinned to the Eigen body, and its derivatives to central differences.
#include "regressor/layers/body_layer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include "body/kinematics.h"
#include "regressor/layers/mesh_kernels.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

struct Poses {
  std::vector<BodyParams> params;
  at::Tensor rotmats, betas;  // double
};

Poses RandomPoses(int count) {
  Rng rng(4, RngStream::kTest);
  Poses poses;
  std::vector<at::Tensor> rotmats, betas;
  for (int i = 0; i < count; ++i) {
    poses.params.push_back(RandomBodyParams(rng));
    rotmats.push_back(RotationsOf(poses.params.back()));
    betas.push_back(TensorOf(poses.params.back().betas().transpose()));
  }
  poses.rotmats = at::cat(rotmats);
  poses.betas = at::cat(betas);
  return poses;
}

void ExpectAgreesWithEigen(const BodyModel& model, at::ScalarType dtype, double tolerance) {
  const BodyLayer layer(model, SpinJoints(), dtype);
  const Poses poses = RandomPoses(3);
  const BodyPoints out = layer->forward(poses.rotmats.to(dtype), poses.betas.to(dtype), true);
  const FoldedJoints folded(model, SpinJoints());
  for (size_t i = 0; i < poses.params.size(); ++i) {
    const PosedBody posed = PoseBody(model, poses.params[i]);
    const auto row = static_cast<int64_t>(i);
    EXPECT_LT(MaxAbs(out.vertices[row] - TensorOf(posed.vertices)), tolerance);
    EXPECT_LT(MaxAbs(out.kinematic[row] - TensorOf(posed.joints)), tolerance);
    EXPECT_LT(MaxAbs(out.joints[row] - TensorOf(folded.Positions(poses.params[i]))), tolerance);
  }
  const BodyPoints joints_only = layer->forward(poses.rotmats.to(dtype), poses.betas.to(dtype));
  EXPECT_FALSE(joints_only.vertices.defined());
  EXPECT_EQ(MaxAbs(joints_only.joints - out.joints), 0);
}

TEST(BodyLayer, AgreesWithTheEigenBody) {
  ExpectAgreesWithEigen(BuiltinBody(), at::kDouble, 1e-12);
  ExpectAgreesWithEigen(BuiltinBody(), at::kFloat, 1e-5);
}

TEST(BodyLayer, AgreesWithTheEigenBodyOnTheCc0Body) {
  const std::filesystem::path folder = "../shared/data/body";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const auto model = LoadBodyModel(folder / "cc0_body.npz", folder / "J_regressor_extra.npy");
  ExpectAgreesWithEigen(*model, at::kFloat, 1e-5);
}

// A scalar that every output feeds, and its gradient along random directions.
TEST(BodyLayer, GradientsAgreeWithCentralDifferences) {
  const BodyLayer layer(BuiltinBody(), SpinJoints(), at::kDouble);
  Rng rng(5, RngStream::kTest);
  Poses poses = RandomPoses(2);
  const BodyPoints shape = layer->forward(poses.rotmats, poses.betas, true);
  const at::Tensor w_vertices = RandomTensor(shape.vertices.sizes(), rng) / 100;
  const at::Tensor w24 = RandomTensor(shape.kinematic.sizes(), rng);
  const at::Tensor w49 = RandomTensor(shape.joints.sizes(), rng);
  const auto scalar = [&](const at::Tensor& rotmats, const at::Tensor& betas) {
    const BodyPoints out = layer->forward(rotmats, betas, true);
    return (out.vertices * w_vertices).sum() + (out.kinematic * w24).sum() +
           (out.joints * w49).sum();
  };
  const at::Tensor rotmats = poses.rotmats.clone().requires_grad_();
  const at::Tensor betas = poses.betas.clone().requires_grad_();
  scalar(rotmats, betas).backward();

  constexpr double kStep = 1e-5;
  const auto expect_directional = [&](const at::Tensor& d_rotmats, const at::Tensor& d_betas,
                                      const std::string& name) {
    const double numeric =
        Value(scalar(poses.rotmats + kStep * d_rotmats, poses.betas + kStep * d_betas) -
              scalar(poses.rotmats - kStep * d_rotmats, poses.betas - kStep * d_betas)) /
        (2 * kStep);
    const double analytic =
        Value((rotmats.grad() * d_rotmats).sum() + (betas.grad() * d_betas).sum());
    EXPECT_NEAR(analytic, numeric, 1e-6 * (1 + std::abs(numeric))) << name;
  };
  const at::Tensor no_rotation = poses.rotmats * 0, no_shape = poses.betas * 0;
  for (int k = 0; k < kNumBodyJoints; ++k) {
    at::Tensor direction = no_rotation.clone();
    direction.select(1, k).copy_(RandomTensor({2, 3, 3}, rng));
    expect_directional(direction, no_shape, "joint " + std::to_string(k));
  }
  for (int i = 0; i < kNumShapeParams; ++i) {
    at::Tensor direction = no_shape.clone();
    direction.select(1, i).fill_(1);
    expect_directional(no_rotation, direction, "beta " + std::to_string(i));
  }
}

TEST(BodyLayer, SamplesOfABatchDoNotMix) {
  const BodyLayer layer(BuiltinBody());
  const Poses poses = RandomPoses(3);
  at::Tensor rotmats = poses.rotmats.to(at::kFloat).requires_grad_();
  const BodyPoints out = layer->forward(rotmats, poses.betas.to(at::kFloat), true);
  (out.vertices[1].square().sum() + out.joints[1].square().sum()).backward();
  EXPECT_EQ(MaxAbs(rotmats.grad()[0]), 0);
  EXPECT_GT(MaxAbs(rotmats.grad()[1]), 0);
  EXPECT_EQ(MaxAbs(rotmats.grad()[2]), 0);
}

// Single precision has kernels of its own on most processors; double precision, whose derivatives
// are held against differences above, goes through LibTorch.
TEST(BodyLayer, GradientsOfSinglePrecisionAgreeWithDouble) {
  const Poses poses = RandomPoses(2 * kMeshBodies + 1);  // two groups, and one on its own
  Rng rng(6, RngStream::kTest);
  const at::Tensor weights =
      RandomTensor({2 * kMeshBodies + 1, BuiltinBody().num_vertices(), 3}, rng);
  struct Result {
    at::Tensor vertices, d_rotmats, d_betas;
  };
  const auto evaluate = [&](at::ScalarType dtype) {
    const BodyLayer layer(BuiltinBody(), SpinJoints(), dtype);
    const at::Tensor rotmats = poses.rotmats.to(dtype, false, true).requires_grad_();
    const at::Tensor betas = poses.betas.to(dtype, false, true).requires_grad_();
    const BodyPoints out = layer->forward(rotmats, betas, true);
    (out.vertices * weights.to(dtype)).sum().backward();
    return Result{out.vertices.detach().to(at::kDouble), rotmats.grad().to(at::kDouble),
                  betas.grad().to(at::kDouble)};
  };
  const Result exact = evaluate(at::kDouble), single = evaluate(at::kFloat);
  EXPECT_LT(MaxAbs(single.vertices - exact.vertices), 1e-5);
  EXPECT_LT(MaxAbs(single.d_rotmats - exact.d_rotmats), 1e-4 * MaxAbs(exact.d_rotmats));
  EXPECT_LT(MaxAbs(single.d_betas - exact.d_betas), 1e-4 * MaxAbs(exact.d_betas));

  at::set_num_threads(3);
  const Result threaded = evaluate(at::kFloat);
  at::set_num_threads(1);
  EXPECT_TRUE(threaded.vertices.equal(single.vertices));
  EXPECT_TRUE(threaded.d_rotmats.equal(single.d_rotmats));
  EXPECT_TRUE(threaded.d_betas.equal(single.d_betas));
}

}  // namespace
}  // namespace gyre
