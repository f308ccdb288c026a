// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/penetration.h"

#include <gtest/gtest.h>

#include "body/test_body.h"
#include "fitting/term_check.h"

namespace gyre {
namespace {

TEST(PenetrationTerm, DrivesSkinByItsBones) {
  const BodyModel body = MakeRandomSmplx(4);
  BodyModel skin = body;
  skin.posedirs.setZero();
  const FoldedJoints joints = FoldedJoints::Skeleton(body);
  Rng rng(11, RngStream::kTest);
  BodyParams at(*body.layout);
  for (double& value : at.values()) value = 0.3 * rng.Normal();
  const Points3 vertices = PoseBody(body, at).vertices;
  const Vec3 normal = Vec3(0.3, -0.5, 0.8).normalized();
  // The second is far on the right side.
  std::vector<Penetration> found = {{17, 5, Vec3(0.5, 0.2, 0.3), normal, 0.1},
                                    {30, 9, Vec3(0.1, 0.8, 0.1), -normal, 0.1}};
  const auto offset = [&](const Points3& of, const Penetration& one) {
    Vec3 x = of.row(one.vertex).transpose();
    for (int i = 0; i < 3; ++i) x -= one.weights[i] * of.row(body.faces(one.face, i)).transpose();
    return x;
  };
  for (Penetration& one : found) {  // in this body's size, whatever it is
    if (one.normal.dot(offset(vertices, one)) > 0) one.normal *= -1;
  }
  found[1].normal *= -1;
  const double margin = 0.004, weight = 70;
  const PenetrationTerm term(body, found, vertices, at, margin, weight);
  TermPoint point{joints, {at}, BodyParams(*body.layout), 0, 1e-5};
  const TermValues there = ValuesOf(term, point);
  ASSERT_TRUE(there.has_value);
  EXPECT_NEAR(there.residuals[0],
              weight * (margin - found[0].normal.dot(offset(vertices, found[0]))), 1e-9);
  EXPECT_GT(there.residuals[0], weight * margin);
  EXPECT_EQ(there.residuals[1], 0);
  EXPECT_EQ(there.jacobians[0].row(1).norm(), 0);

  // Elsewhere: as skin without correctives moves.
  const Points3 skin_at = PoseBody(skin, at).vertices;
  const auto expected = [&](const BodyParams& params) {
    const Vec3 x = offset(vertices, found[0]) + offset(PoseBody(skin, params).vertices, found[0]) -
                   offset(skin_at, found[0]);
    return weight * (margin - found[0].normal.dot(x));
  };
  for (int i = 0; i < at.values().size(); ++i) {
    BodyParams more = at, less = at;
    more.values()[i] += 1e-5;
    less.values()[i] -= 1e-5;
    EXPECT_NEAR(there.jacobians[0](0, i), (expected(more) - expected(less)) / 2e-5, 1e-4) << i;
  }
}

}  // namespace
}  // namespace gyre
