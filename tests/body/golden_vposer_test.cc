// SPDX-License-Identifier: Apache-2.0
// VPoser v1 against its authors' code: weights of their sizes (vposer.npz) and a file that torch
// wrote (vposer_48.pt).
#include <gtest/gtest.h>

#include "body/test_body.h"
#include "body/vposer.h"
#include "io/npz.h"
#include "peers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class GoldenVPoser : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = PeersFolder() / "smplx";
    if (!fs::exists(folder_ / "vposer.npz")) GTEST_SKIP() << folder_ << " is not there";
  }
  // Decoder and encoder at all the file's points.
  void ExpectAll(const VPoser& vposer, const Npz& golden, const char* suffix) {
    const RowMatX z = Rows(golden, "z"), pose = Rows(golden, "pose"), mean = Rows(golden, "mean"),
                  sd = Rows(golden, "std"), matrices = Rows(golden, "matrot");
    for (Eigen::Index i = 0; i < z.rows(); ++i) {
      const std::vector<Mat3> rotations = vposer.Rotations(z.row(i).transpose());
      for (int k = 0; k < VPoser::kJoints; ++k) {
        const Eigen::RowVectorXd row = matrices.row(i).segment(9 * k, 9);
        const Mat3 expected =
            Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(row.data());
        EXPECT_LT((rotations[k] - expected).cwiseAbs().maxCoeff(), 1e-5) << i << suffix;
      }
      const VPoser::Gaussian said = vposer.Encode(pose.row(i).transpose());
      EXPECT_LT((said.mean - mean.row(i).transpose()).cwiseAbs().maxCoeff(), 1e-5) << i << suffix;
      EXPECT_LT((said.sd - sd.row(i).transpose()).cwiseAbs().maxCoeff(), 1e-5) << i << suffix;
    }
  }
  static RowMatX Rows(const Npz& npz, const std::string& key) {
    const NdArray& array = npz.at(key);
    const std::vector<double> values = array.As<double>(key);
    return Eigen::Map<const RowMatX>(values.data(), array.dim(0), array.size() / array.dim(0));
  }

  fs::path folder_;
};

TEST_F(GoldenVPoser, OfTheReleasedSizes) {
  const Npz golden = ReadNpz(folder_ / "vposer.npz");
  std::map<std::string, NdArray> weights;
  for (const auto& [key, array] : golden) {
    if (key.starts_with("sd/")) weights[key.substr(3)] = array;
  }
  const VPoser vposer = VPoser::From(weights, "vposer.npz");
  EXPECT_EQ(vposer.num_parameters(), 673596);
  EXPECT_EQ(vposer.latent_size(), 32);
  ExpectAll(vposer, golden, "");
  const RowMatX z = Rows(golden, "z"), turns = Rows(golden, "aa"),
                factors = Rows(golden, "aa_weight"), gradients = Rows(golden, "grad_z");
  for (Eigen::Index i = 0; i < z.rows(); ++i) {
    RowMatX jacobian;
    const VecX pose = vposer.Decode(z.row(i).transpose(), &jacobian);
    EXPECT_LT((pose - turns.row(i).transpose()).cwiseAbs().maxCoeff(), 1e-5) << i;
    const VecX gradient = jacobian.transpose() * factors.row(i).transpose();
    EXPECT_LT((gradient - gradients.row(i).transpose()).norm(), 1e-5 * gradients.row(i).norm())
        << i;
  }
}

TEST_F(GoldenVPoser, OfAFileThatTorchWrote) {
  const VPoser vposer = VPoser::Read(folder_ / "vposer_48.pt");
  ExpectAll(vposer, ReadNpz(folder_ / "vposer_48.npz"), ", 48 neurons");
}

TEST_F(GoldenVPoser, DerivativeByDifferences) {
  const VPoser vposer = VPoser::Read(folder_ / "vposer_48.pt");
  VecX z(vposer.latent_size());
  for (int i = 0; i < z.size(); ++i) z[i] = 0.3 * ((i * 7) % 11 - 4.7);
  RowMatX jacobian;
  vposer.Decode(z, &jacobian);
  constexpr double kStep = 1e-6;
  for (int i = 0; i < z.size(); ++i) {
    VecX ahead = z, behind = z;
    ahead[i] += kStep;
    behind[i] -= kStep;
    const VecX slope = (vposer.Decode(ahead) - vposer.Decode(behind)) / (2 * kStep);
    EXPECT_LT((slope - jacobian.col(i)).cwiseAbs().maxCoeff(), 1e-6) << i;
  }
}

}  // namespace
}  // namespace gyre
