// SPDX-License-Identifier: Apache-2.0
#include "body/vposer.h"

#include <Eigen/Geometry>
#include <Eigen/LU>
#include <cmath>

#include "core/error.h"
#include "core/so3.h"
#include "io/torch_archive.h"

namespace gyre {
namespace {

constexpr double kSlope = 0.2;     // of the leaky ReLU
constexpr double kNormEps = 1e-5;  // torch.nn.BatchNorm1d's
constexpr int kMostNeurons = 1 << 14;
using Six = Eigen::Matrix<double, 6, 1>;
using SixRows = Eigen::Matrix<double, 3, 6>;

class Weights {
 public:
  Weights(std::map<std::string, NdArray> tensors, const std::string& what)
      : what_(what), arrays_(std::move(tensors)) {}

  // [rows, columns]; 0: any number.
  RowMatX Matrix(const std::string& name, int64_t rows, int64_t columns) const {
    const NdArray& array = Find(name);
    const bool fits =
        array.shape.size() == 2 && Is(array.dim(0), rows) && Is(array.dim(1), columns);
    if (!fits) {
      ThrowUserError("{}: tensor '{}' is {}; is this VPoser v1?", what_, name, array.ShapeString());
    }
    return Numbers(name, array, array.dim(0), array.dim(1));
  }
  VecX Vector(const std::string& name, int64_t size) const {
    const NdArray& array = Find(name);
    if (array.shape.size() != 1 || array.dim(0) != size) {
      ThrowUserError("{}: tensor '{}' is {}, expected ({},)", what_, name, array.ShapeString(),
                     size);
    }
    return Numbers(name, array, size, 1);
  }

 private:
  static bool Is(int64_t size, int64_t expected) {
    return size > 0 && size <= kMostNeurons && (expected == 0 || size == expected);
  }
  const NdArray& Find(const std::string& name) const {
    for (const char* prefix : {"", "module."}) {
      const auto found = arrays_.find(prefix + name);
      if (found != arrays_.end()) return found->second;
    }
    ThrowUserError("{}: there is no tensor '{}'; expected the weights of VPoser v1", what_, name);
  }
  RowMatX Numbers(const std::string& name, const NdArray& array, int64_t rows,
                  int64_t columns) const {
    const std::vector<double> values = array.As<double>(what_ + ": " + name);
    const RowMatX numbers = Eigen::Map<const RowMatX>(values.data(), rows, columns);
    if (!numbers.allFinite()) ThrowUserError("{}: tensor '{}' is not finite", what_, name);
    return numbers;
  }

  std::string what_;
  std::map<std::string, NdArray> arrays_;
};

VecX LeakyRelu(const VecX& x) { return (x.array() > 0).select(x, kSlope * x); }
VecX LeakySlope(const VecX& x) {
  return (x.array() > 0).select(VecX::Ones(x.size()), VecX::Constant(x.size(), kSlope));
}

// d vec(b1, b2, b3) of Gram-Schmidt as the rotation's angular velocity, by its six numbers.
SixRows AngularVelocity(const Six& x, const Mat3& rotation) {
  const Vec3 a1(x[0], x[2], x[4]), a2(x[1], x[3], x[5]);
  const Vec3 b1 = rotation.col(0), b2 = rotation.col(1), b3 = rotation.col(2);
  const double along = b1.dot(a2), length1 = a1.norm(), length2 = (a2 - along * b1).norm();
  SixRows velocity;
  for (int i = 0; i < 6; ++i) {
    Vec3 da1 = Vec3::Zero(), da2 = Vec3::Zero();
    (i % 2 == 0 ? da1 : da2)[i / 2] = 1;
    const Vec3 db1 = (da1 - b1 * b1.dot(da1)) / length1;
    const Vec3 du = da2 - (db1.dot(a2) + b1.dot(da2)) * b1 - along * db1;
    const Vec3 db2 = (du - b2 * b2.dot(du)) / length2;
    const Vec3 db3 = db1.cross(b2) + b1.cross(db2);
    velocity.col(i) = (b1.cross(db1) + b2.cross(db2) + b3.cross(db3)) / 2;
  }
  return velocity;
}

}  // namespace

VPoser VPoser::Read(const std::filesystem::path& path) {
  return From(ReadTorchStateDict(path), path.string());
}

VPoser VPoser::From(std::map<std::string, NdArray> tensors, const std::string& what) {
  const Weights weights(std::move(tensors), what);
  const auto layer = [&](const std::string& name, int64_t out, int64_t in) {
    RowMatX weight = weights.Matrix(name + ".weight", out, in);
    VecX bias = weights.Vector(name + ".bias", weight.rows());
    return Layer{std::move(weight), std::move(bias)};
  };
  const auto norm = [&](const std::string& name, int64_t size) {
    const VecX variance = weights.Vector(name + ".running_var", size);
    if (!(variance.array() >= 0).all()) {
      ThrowUserError("{}: tensor '{}.running_var' has negative numbers", what, name);
    }
    Norm made;
    made.scale =
        weights.Vector(name + ".weight", size).array() / (variance.array() + kNormEps).sqrt();
    made.shift = weights.Vector(name + ".bias", size).array() -
                 made.scale.array() * weights.Vector(name + ".running_mean", size).array();
    return made;
  };
  VPoser vposer;
  vposer.layers_[0] = layer("bodyprior_dec_fc1", 0, 0);
  const int64_t neurons = vposer.layers_[0].weight.rows(), latent = vposer.layers_[0].weight.cols();
  vposer.layers_[1] = layer("bodyprior_dec_fc2", neurons, neurons);
  vposer.layers_[2] = layer("bodyprior_dec_out", 6 * kJoints, neurons);
  vposer.norms_[0] = norm("bodyprior_enc_bn1", kPose);
  vposer.hidden_[0] = layer("bodyprior_enc_fc1", neurons, kPose);
  vposer.norms_[1] = norm("bodyprior_enc_bn2", neurons);
  vposer.hidden_[1] = layer("bodyprior_enc_fc2", neurons, neurons);
  vposer.mean_ = layer("bodyprior_enc_mu", latent, neurons);
  vposer.unscaled_sd_ = layer("bodyprior_enc_logvar", latent, neurons);
  return vposer;
}

int VPoser::num_parameters() const {
  Eigen::Index count = 0;
  for (const Layer* layer :
       {&layers_[0], &layers_[1], &layers_[2], &hidden_[0], &hidden_[1], &mean_, &unscaled_sd_}) {
    count += layer->weight.size() + layer->bias.size();
  }
  for (const Norm& norm : norms_) count += 2 * norm.scale.size();
  return static_cast<int>(count);
}

VecX VPoser::SixD(const Eigen::Ref<const VecX>& z, RowMatX* jacobian) const {
  GYRE_CHECK(z.size() == latent_size());
  const VecX first = layers_[0].weight * z + layers_[0].bias;
  const VecX second = layers_[1].weight * LeakyRelu(first) + layers_[1].bias;
  if (jacobian != nullptr) {
    const RowMatX by_first = LeakySlope(first).asDiagonal() * layers_[0].weight;
    RowMatX by_second = layers_[1].weight * by_first;
    by_second = LeakySlope(second).asDiagonal() * by_second;
    *jacobian = layers_[2].weight * by_second;
  }
  return layers_[2].weight * LeakyRelu(second) + layers_[2].bias;
}

VecX VPoser::Decode(const Eigen::Ref<const VecX>& z, RowMatX* jacobian) const {
  RowMatX by_z;
  const VecX six = SixD(z, jacobian != nullptr ? &by_z : nullptr);
  if (jacobian != nullptr) jacobian->resize(kPose, z.size());
  VecX pose(kPose);
  for (int k = 0; k < kJoints; ++k) {
    const Six numbers = six.segment<6>(6 * k);
    const Mat3 rotation = RotationFromSixD(numbers, SixDLayout::kSpin);
    const Vec3 turn = LogSO3(rotation);
    pose.segment<3>(3 * k) = turn;
    if (jacobian == nullptr) continue;
    jacobian->middleRows<3>(3 * k) = LeftJacobianSO3(turn).inverse() *
                                     AngularVelocity(numbers, rotation) * by_z.middleRows<6>(6 * k);
  }
  return pose;
}

std::vector<Mat3> VPoser::Rotations(const Eigen::Ref<const VecX>& z) const {
  const VecX six = SixD(z, nullptr);
  std::vector<Mat3> rotations;
  for (int k = 0; k < kJoints; ++k) {
    rotations.push_back(RotationFromSixD(six.segment<6>(6 * k), SixDLayout::kSpin));
  }
  return rotations;
}

VPoser::Gaussian VPoser::Encode(const Eigen::Ref<const VecX>& pose) const {
  GYRE_CHECK(pose.size() == kPose);
  const auto normalised = [](const Norm& norm, const VecX& x) -> VecX {
    return norm.scale.cwiseProduct(x) + norm.shift;
  };
  const auto through = [](const Layer& layer, const VecX& x) -> VecX {
    return layer.weight * x + layer.bias;
  };
  const VecX first = LeakyRelu(through(hidden_[0], normalised(norms_[0], pose)));
  const VecX second = LeakyRelu(through(hidden_[1], normalised(norms_[1], first)));
  const VecX sd = through(unscaled_sd_, second);
  // Softplus as torch has it: the number itself beyond 20.
  return {through(mean_, second),
          sd.unaryExpr([](double x) { return x > 20 ? x : std::log1p(std::exp(x)); })};
}

}  // namespace gyre
