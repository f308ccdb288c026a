// SPDX-License-Identifier: Apache-2.0
// Interpenetration against the collision loss of SMPLify-X's authors (conic_field.npz).
#include <gtest/gtest.h>

#include <numeric>

#include "fitting/terms/cone_field.h"
#include "io/npz.h"
#include "peers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class GoldenCollision : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path golden = PeersFolder() / "smplx/conic_field.npz";
    if (!fs::exists(golden) || !fs::exists(kBodies)) {
      GTEST_SKIP() << golden << " or " << kBodies << " is not there";
    }
    golden_ = ReadNpz(golden);
  }
  std::vector<double> Numbers(const std::string& key) const {
    return golden_.at(key).As<double>(key);
  }
  Triangle TriangleAt(int i) const {
    return Eigen::Map<const Triangle>(Numbers("triangles").data() + 9 * i);
  }

  const fs::path kBodies = "../shared/data/body_x";
  Npz golden_;
};

TEST_F(GoldenCollision, SeparatingAxes) {
  const auto expected = golden_.at("intersect").As<int>("intersect");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(TrianglesIntersect(TriangleAt(2 * i), TriangleAt(2 * i + 1)), expected[i] != 0) << i;
  }
}

TEST_F(GoldenCollision, EnergiesAndGradients) {
  for (const auto& [text, sigma_m] : {std::pair<std::string, double>{"sigma0.0001", 1e-4},
                                      {"sigma0.001", 1e-3},
                                      {"sigma0.5", .5}}) {
    for (const auto& [kind, power] : {std::pair<std::string, int>{"vec8", 8}, {"loop4", 4}}) {
      for (const bool inside : {false, true}) {
        const std::string key = text + "_" + kind + (inside ? "_inside_" : "_outside_");
        const std::vector<double> energies = Numbers(key + "energy"),
                                  gradients = Numbers(key + "grad");
        for (int i = 0; i < 10; ++i) {
          std::array<SixCorners, 6> derivatives;
          const auto r = ConeResiduals(TriangleAt(2 * i), TriangleAt(2 * i + 1),
                                       {sigma_m, power, inside}, &derivatives);
          EXPECT_NEAR(r.squaredNorm(), energies[i], 1e-5 * energies[i]) << key << i;
          SixCorners gradient = SixCorners::Zero();
          for (int k = 0; k < 6; ++k) gradient += 2 * r[k] * derivatives[k];
          const Eigen::Map<const SixCorners> expected(gradients.data() + 18 * i);
          EXPECT_LT((gradient - expected).norm(), 1e-5 * expected.norm()) << key << i;
        }
      }
    }
  }
}

TEST_F(GoldenCollision, PairsOfAMesh) {
  const auto body = LoadBodyModel((kBodies / "cc0_body_x.npz").string());
  const Npz segments = ReadNpz(kBodies / "cc0_parts_segm.npz");
  const FaceParts given{segments.at("segm").As<int>("segm"),
                        segments.at("parents").As<int>("parents")};
  const FaceParts found = FacePartsOf(*body);
  int same = 0;
  for (size_t i = 0; i < given.part.size(); ++i) same += given.part[i] == found.part[i];
  EXPECT_GT(same, 0.99 * static_cast<double>(given.part.size()));

  const MeshCollision all(body->v_template, body->faces),
      limbs(body->v_template, body->faces, &given);
  const std::vector<int> kept = golden_.at("mesh_pairs_kept").As<int>("kept"),
                         before = golden_.at("mesh_pairs_before_filter").As<int>("before"),
                         listed = golden_.at("mesh_pairs").As<int>("pairs");
  const std::vector<double> poses = Numbers("mesh_body_pose"), vec8 = Numbers("mesh_energy_vec8"),
                            loop4 = Numbers("mesh_energy_loop4"),
                            check = Numbers("mesh_grad_check");
  size_t next = 0;
  for (int i = 0; i < 4; ++i) {
    BodyParams params(*body->layout);
    for (int k = 0; k < 63; ++k) params.pose()[3 + k] = poses[63 * i + k];
    for (const int right : {0, 1}) {
      params.pose().segment(right ? 120 : 75, 45) = body->hands[right].mean;
    }
    const Points3 vertices = PoseBody(*body, params).vertices;
    EXPECT_EQ(all.Find(vertices).size(), static_cast<size_t>(before[i])) << i;
    std::vector<FacePair> expected;
    for (int k = 0; k < kept[i]; ++k, next += 2) {
      expected.push_back({listed[next], listed[next + 1]});
    }
    std::ranges::sort(expected);
    const std::vector<FacePair> pairs = limbs.Find(vertices);
    EXPECT_EQ(pairs, expected) << i;
    double eighth = 0, fourth = 0;
    Points3 gradient = Points3::Zero(vertices.rows(), 3);
    for (const auto& [a, b] : pairs) {
      std::array<SixCorners, 6> derivatives;
      const Triangle of_a = limbs.TriangleOf(vertices, a), of_b = limbs.TriangleOf(vertices, b);
      const auto r = ConeResiduals(of_a, of_b, {}, &derivatives);
      eighth += r.squaredNorm();
      fourth += ConeResiduals(of_a, of_b, {1e-4, 4, false}).squaredNorm();
      for (int k = 0; k < 6; ++k) {
        for (int corner = 0; corner < 6; ++corner) {
          gradient.row(body->faces(corner < 3 ? a : b, corner % 3)) +=
              2 * r[k] * derivatives[k].row(corner);
        }
      }
    }
    EXPECT_NEAR(eighth, vec8[i], 1e-5 * vec8[i]) << i;
    EXPECT_NEAR(fourth, loop4[i], 1e-5 * loop4[i]) << i;
    const double sum = gradient.cwiseAbs().sum();
    EXPECT_NEAR(sum, check[4 * i], 1e-5 * check[4 * i]) << i;
    const VecX ramp = VecX::LinSpaced(vertices.rows(), 1, static_cast<double>(vertices.rows())) /
                      static_cast<double>(vertices.rows());
    for (int axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(gradient.col(axis).dot(ramp), check[4 * i + 1 + axis], 1e-5 * sum) << i;
    }
  }
}

}  // namespace
}  // namespace gyre
