// SPDX-License-Identifier: Apache-2.0
#include "body/body_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "body/stand_ins.h"
#include "core/error.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const BodyModel& Builtin() {
  static const BodyModel body = MakeBuiltinBody();
  return body;
}

std::string ErrorOf(const BodyIdentity& identity, const BodyModel& body,
                    const std::string& extra = "") {
  try {
    RequireBody(identity, body, extra, "fits.npz");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(BodyIdentity, IsOfTheContent) {
  const BodyIdentity identity = IdentityOf(Builtin());
  EXPECT_EQ(identity.path, "builtin");
  EXPECT_EQ(identity.fingerprint.size(), 16u);
  BodyModel moved = Builtin();
  moved.name = "elsewhere/body.npz";
  EXPECT_EQ(IdentityOf(moved).fingerprint, identity.fingerprint);
  EXPECT_EQ(IdentityOf(moved).path, "elsewhere/body.npz");
  // Another processor's last bits are the same body, another millimetre is not.
  BodyModel rounded = Builtin();
  rounded.v_template *= 1 + 1e-15;
  EXPECT_EQ(IdentityOf(rounded).fingerprint, identity.fingerprint);
  EXPECT_NE(ExactFingerprintOf(rounded), ExactFingerprintOf(Builtin()));
  const auto changed = [&](const auto& change) {
    BodyModel body = Builtin();
    change(body);
    return IdentityOf(body).fingerprint != identity.fingerprint;
  };
  EXPECT_TRUE(changed([](BodyModel& body) { body.v_template(7, 1) += 1e-3; }));
  EXPECT_TRUE(changed([](BodyModel& body) { body.shapedirs(5, 2) += 1e-3; }));
  EXPECT_TRUE(changed([](BodyModel& body) { body.posedirs(5, 2) += 1e-3; }));
  EXPECT_TRUE(changed([](BodyModel& body) { body.weights.coeffRef(3, 0) += 0.01; }));
  EXPECT_TRUE(changed([](BodyModel& body) { body.J_regressor.coeffRef(3, 2) += 0.01; }));
  EXPECT_TRUE(changed([](BodyModel& body) { body.J_regressor_extra.resize(0, 0); }));
  EXPECT_TRUE(changed([](BodyModel& body) { body.landmark_vertices[3] += 1; }));
}

TEST(BodyIdentity, AnotherBodyIsRefusedByBothNames) {
  BodyModel other = Builtin();
  other.name = "other.npz";
  other.v_template *= 1.1;
  const BodyIdentity of_other = IdentityOf(other, "extra.npy");
  EXPECT_EQ(ErrorOf(of_other, other), "");
  EXPECT_EQ(ErrorOf(IdentityOf(Builtin()), Builtin()), "");
  EXPECT_EQ(ErrorOf({}, other), "") << "nothing is known";
  EXPECT_EQ(ErrorOf({"old.npz", "", ExactFingerprintOf(other)}, other), "");
  EXPECT_THAT(ErrorOf(of_other, Builtin()),
              AllOf(HasSubstr("fits.npz: is of the body other.npz with extra.npy (content " +
                              of_other.fingerprint + ")"),
                    HasSubstr("another, builtin (content " + IdentityOf(Builtin()).fingerprint),
                    HasSubstr("give --body other.npz --joint-regressor-extra extra.npy")));
  EXPECT_THAT(ErrorOf(IdentityOf(Builtin()), other, "x.npy"),
              HasSubstr("give --body builtin without --joint-regressor-extra"));
  BodyModel edited = other;
  edited.v_template *= 1.1;
  EXPECT_THAT(ErrorOf(of_other, edited, "extra.npy"), HasSubstr("its file has changed since"));
}

TEST(StandIns, AreToldOfBodiesWithoutARegressor) {
  EXPECT_EQ(StandInsText(Builtin()), "");
  BodyModel without = Builtin();
  without.name = "smpl.pkl";
  without.J_regressor_extra.resize(0, 0);
  EXPECT_THAT(StandInsText(without),
              AllOf(HasSubstr("smpl.pkl: has no regressor for SPIN's nine joints"),
                    HasSubstr("--joint-regressor-extra")));
}

}  // namespace
}  // namespace gyre
