// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/ik_layer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/atan2.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <algorithm>
#include <cstdio>

#include "body/ik/ik_cases.h"
#include "io/npz.h"
#include "peers.h"
#include "regressor/layers/body_layer.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Cases as tensors, with the shape that the rest pose is of.
struct IkTensors {
  at::Tensor joints, shape, twist;
};
IkTensors MakeIkTensors(const BodyModel& body, int64_t batch, double noise_m, uint64_t seed) {
  Rng rng(seed, RngStream::kTest);
  const IkTree tree(body, IkBranches::kAll);
  IkTensors made{at::zeros({batch, tree.size(), 3}, at::kDouble),
                 RandomTensor({batch, tree.dirs.cols()}, rng),
                 at::zeros({batch, tree.size(), 2}, at::kDouble)};
  for (int64_t i = 0; i < batch; ++i) {
    IkCase drawn = MakeIkCase(tree, IkCaseKind::kNoise, {.noise_m = noise_m}, rng);
    const VecX shape = Eigen::Map<const VecX>(made.shape.data_ptr<double>() + i * tree.dirs.cols(),
                                              tree.dirs.cols());
    // The drawn pose on this shape: off by what bones differ.
    Eigen::Map<Points3>(made.joints.data_ptr<double>() + 3 * i * tree.size(), tree.size(), 3) =
        drawn.problem.target;
    for (int k = 0; k < tree.size(); ++k) {
      double* const pair = made.twist.data_ptr<double>() + 2 * (i * tree.size() + k);
      pair[0] = 1.7 * std::cos(drawn.problem.twist[k]);
      pair[1] = 1.7 * std::sin(drawn.problem.twist[k]);
    }
  }
  return made;
}

TEST(IkLayerTest, GradientsReachJointsShapeAndTwist) {
  Rng rng(3, RngStream::kTest);
  for (const IkMethod method : {IkMethod::kLeastSquares, IkMethod::kAdaptive, IkMethod::kNaive}) {
    IkOptions options;
    options.method = method;
    options.steps = 100;
    const IkLayer layer(BuiltinBody(), options);
    const IkTensors given = MakeIkTensors(BuiltinBody(), 3, 0.02, 11);
    const at::Tensor weight = RandomTensor({3, 24, 3, 3}, rng);
    const auto loss = [&](const IkTensors& t) {
      return (layer->forward({t.joints, t.shape, t.twist, {}}) * weight).sum();
    };
    IkTensors leaf{given.joints.clone().requires_grad_(), given.shape.clone().requires_grad_(),
                   given.twist.clone().requires_grad_()};
    loss(leaf).backward();
    for (at::Tensor IkTensors::*part : {&IkTensors::joints, &IkTensors::shape, &IkTensors::twist}) {
      const at::Tensor direction = RandomTensor((given.*part).sizes(), rng);
      const double h = 1e-6;
      IkTensors above = given, below = given;
      above.*part = given.*part + h * direction;
      below.*part = given.*part - h * direction;
      const double difference = Value(loss(above) - loss(below)) / (2 * h);
      const double analytic = Value(((leaf.*part).grad() * direction).sum());
      EXPECT_NEAR(analytic, difference, 1e-3 * std::abs(difference) + 1e-6) << EnumName(method);
    }
  }
}

TEST(IkLayerTest, GivesRotationsOfTheJointsType) {
  const IkLayer layer(BuiltinBody(), IkOptions());
  const IkTensors given = MakeIkTensors(BuiltinBody(), 5, 0.01, 12);
  at::Tensor error;
  const at::Tensor R = layer->forward(
      {given.joints.to(at::kFloat), given.shape.to(at::kFloat), given.twist.to(at::kFloat), {}},
      &error);
  EXPECT_EQ(R.scalar_type(), at::kFloat);
  EXPECT_EQ(R.sizes(), (std::vector<int64_t>{5, 24, 3, 3}));
  EXPECT_EQ(error.sizes(), (std::vector<int64_t>{5}));
  EXPECT_LT(MaxAbs(at::matmul(R, R.transpose(2, 3)) - at::eye(3)), 1e-5);
  // Head, hands and feet.
  EXPECT_THAT(layer->ends(), testing::ElementsAre(10, 11, 15, 22, 23));
  for (const int64_t end : layer->ends()) {
    EXPECT_EQ(MaxAbs(R.select(1, end) - at::eye(3)), 0);
  }
  // The joints of the body that these rotations pose are as far off as is said.
  const BodyLayer body(BuiltinBody(), SpinJoints(), at::kDouble);
  const at::Tensor posed = body->forward(R.to(at::kDouble), given.shape).kinematic;
  const auto about_root = [](const at::Tensor& x) { return x - x.narrow(1, 0, 1); };
  const at::Tensor off = (about_root(posed) - about_root(given.joints)).norm(2, 2);
  EXPECT_LT(MaxAbs(off.narrow(1, 1, 23).mean(1) - error.to(at::kDouble)), 1e-6);
}

TEST(IkLayerTest, OneSampleOfManyAndAnyThreadsAreTheSame) {
  const IkLayer layer(BuiltinBody(), IkOptions());
  const IkTensors given = MakeIkTensors(BuiltinBody(), 7, 0.02, 13);
  const at::Tensor all = layer->forward({given.joints, given.shape, given.twist, {}});
  const at::Tensor one = layer->forward(
      {given.joints.narrow(0, 4, 1), given.shape.narrow(0, 4, 1), given.twist.narrow(0, 4, 1), {}});
  EXPECT_LT(MaxAbs(all[4] - one[0]), 1e-9);  // sums over the shape may round otherwise
  const int threads = at::get_num_threads();
  at::set_num_threads(3);
  EXPECT_EQ(MaxAbs(all - layer->forward({given.joints, given.shape, given.twist, {}})), 0);
  at::set_num_threads(threads);
}

TEST(IkLayerTest, LooksPastUnknownJoints) {
  const IkLayer layer(BuiltinBody(), IkOptions());
  IkTensors given = MakeIkTensors(BuiltinBody(), 2, 0, 14);
  at::Tensor confidence = at::full({2, 24}, 0.4, at::kDouble);
  for (const int64_t unknown : {6, 13, 22}) {
    confidence[1][unknown] = unknown == 6 ? 0.0 : std::nan("");
    given.joints[1][unknown] = std::nan("");
  }
  given.joints.requires_grad_();
  const at::Tensor R = layer->forward({given.joints, given.shape, given.twist, confidence});
  EXPECT_TRUE(R.isfinite().all().item().toBool());
  EXPECT_EQ(MaxAbs(R[1][20] - at::eye(3, at::kDouble)), 0);
  EXPECT_GT(MaxAbs(R[0][20] - at::eye(3, at::kDouble)), 0);
  R.select(3, 0).sum().backward();
  EXPECT_TRUE(given.joints.grad().isfinite().all().item().toBool());
  EXPECT_EQ(MaxAbs(given.joints.grad()[1][13]), 0);
}

TEST(IkLayerTest, DetachedTeachesTheTwistAlone) {
  IkOptions options;
  options.backward = IkBackward::kDetached;
  const IkLayer layer(BuiltinBody(), options);
  IkTensors given = MakeIkTensors(BuiltinBody(), 2, 0.01, 15);
  for (at::Tensor* t : {&given.joints, &given.shape, &given.twist}) t->requires_grad_();
  layer->forward({given.joints, given.shape, given.twist, {}}).select(3, 1).sum().backward();
  EXPECT_EQ(MaxAbs(given.joints.grad()), 0);
  EXPECT_EQ(MaxAbs(given.shape.grad()), 0);
  EXPECT_GT(MaxAbs(given.twist.grad()), 1e-3);
}

TEST(IkLayerTest, ATwistOfNoLengthHasNoGradient) {
  const IkLayer layer(BuiltinBody(), IkOptions());
  const IkTensors given = MakeIkTensors(BuiltinBody(), 1, 0.01, 16);
  at::Tensor twist = at::zeros({1, 24, 2}, at::kDouble).requires_grad_();
  layer->forward({given.joints, given.shape, twist, {}}).sum().backward();
  EXPECT_EQ(MaxAbs(twist.grad()), 0);
}

// The authors' gradients through five damped steps: of joints, quaternions and vertices, by targets
// and twists. (By the shape theirs is neither ours nor that of their formula.)
class GoldenIkLayer : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path golden = PeersFolder() / "heads/ikol_hybrik.npz";
    const fs::path body = "../shared/data/body/cc0_body.npz";
    if (!fs::exists(golden) || !fs::exists(body)) {
      GTEST_SKIP() << golden << " or " << body << " is not there";
    }
    golden_ = ReadNpz(golden);
    model_ = LoadBodyModel(body.string());
  }
  at::Tensor Golden(const std::string& key) const {
    const NdArray& array = golden_.at(key);
    std::vector<double> values = array.As<double>(key);
    std::vector<int64_t> shape;
    for (size_t i = 0; i < array.shape.size(); ++i) shape.push_back(array.dim(i));
    return at::from_blob(values.data(), shape, at::kDouble).clone();
  }

  Npz golden_;
  std::shared_ptr<const BodyModel> model_;
};

at::Tensor RotationsOfQuaternions(const at::Tensor& wxyz) {
  const at::Tensor q = wxyz / wxyz.norm(2, -1, true);
  at::Tensor R = at::empty({q.size(0), q.size(1), 3, 3}, at::kDouble);
  const at::Tensor flat = q.reshape({-1, 4}).contiguous();
  for (int64_t i = 0; i < flat.size(0); ++i) {
    const double* const v = flat.data_ptr<double>() + 4 * i;
    Eigen::Map<Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(R.data_ptr<double>() + 9 * i) =
        Eigen::Quaterniond(v[0], v[1], v[2], v[3]).toRotationMatrix();
  }
  return R;
}

// To first order about rotations whose quaternions [B,J,4] are known: q + (0, w)/2 q, w from R.
at::Tensor QuaternionsNear(const at::Tensor& R, const at::Tensor& wxyz) {
  const at::Tensor m = at::matmul(R, R.detach().transpose(2, 3));
  const auto entry = [&](int64_t i, int64_t j) { return m.select(2, i).select(2, j); };
  const at::Tensor w =
      at::stack({entry(2, 1) - entry(1, 2), entry(0, 2) - entry(2, 0), entry(1, 0) - entry(0, 1)},
                2) /
      2;
  const at::Tensor scalar = wxyz.narrow(2, 0, 1), vector = wxyz.narrow(2, 1, 3);
  const at::Tensor d_scalar = -(w * vector).sum(2, true);
  const at::Tensor d_vector = scalar * w + at::cross(w, vector, 2);
  return wxyz + at::cat({d_scalar, d_vector}, 2) / 2;
}

TEST_F(GoldenIkLayer, GradientsThroughTheSteps) {
  IkLayer layer(*model_, IkOptions::Ikol());
  const BodyLayer body(*model_, SpinJoints(), at::kDouble);
  const at::Tensor subset = Golden("const/vertex_subset").to(at::kLong);
  const at::Tensor leaves = RotationsOfQuaternions(Golden("in/leaf_quat_wxyz"));
  const int64_t batch = leaves.size(0);
  for (const std::string loss : {"joints", "quat", "vertices"}) {
    at::Tensor joints = Golden("in/target_joints").requires_grad_();
    const at::Tensor betas = Golden("in/betas");
    at::Tensor twist = Golden("in/twist_cos_sin").requires_grad_();
    const at::Tensor all_twists = at::cat({at::zeros({batch, 1, 2}, at::kDouble), twist}, 1);
    const at::Tensor found = layer->forward({joints, betas, all_twists, {}});
    const at::Tensor R = WithRotations(found, layer->ends(), leaves);
    const BodyPoints posed = body->forward(R, betas, /*with_vertices=*/true);
    const at::Tensor root = posed.kinematic.narrow(1, 0, 1);
    at::Tensor said;
    if (loss == "joints") {
      said = (posed.kinematic - root) * Golden("grad/weight_joints");
    } else if (loss == "quat") {
      said = QuaternionsNear(R, Golden("ikol_train/quat_wxyz")).flatten(1) *
             Golden("grad/weight_quat");
    } else {
      said =
          (posed.vertices.index_select(1, subset) - root) * Golden("grad/weight_vertices_subset");
    }
    said.sum().backward();
    // Sample by sample: the authors' root in training, off a rotation by their guard, and float32
    // carry some of theirs away.
    const auto expect = [&](const char* of, const at::Tensor& gradient, const at::Tensor& golden) {
      std::vector<double> errors;
      for (int64_t i = 0; i < batch; ++i) {
        errors.push_back(
            Value((gradient[i] - golden[i]).norm() / golden[i].norm().clamp_min(1e-9)));
      }
      std::ranges::sort(errors);
      std::printf("%-9s %-7s median %.5f, 3/4 %.5f, most %.5f\n", loss.c_str(), of,
                  errors[errors.size() / 2], errors[3 * errors.size() / 4], errors.back());
      EXPECT_LT(errors[errors.size() / 2], 2e-3) << loss << " " << of;
    };
    // Of all but the root, which the authors' layer takes to be the origin.
    const auto limbs = [](const at::Tensor& of) { return of.narrow(1, 1, of.size(1) - 1); };
    expect("target", limbs(joints.grad()), limbs(Golden("grad/" + loss + "/target")));
    expect("twist", twist.grad(), Golden("grad/" + loss + "/twist"));
  }
}

}  // namespace
}  // namespace gyre
