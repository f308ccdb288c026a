// SPDX-License-Identifier: Apache-2.0
// The wrong file in another's place is called by its right name.
#include "body/file_kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

Npz ArraysOf(std::vector<std::string> keys) {
  Npz npz;
  for (const std::string& key : keys) npz[key] = NdArray::FromScalar(1);
  return npz;
}

TEST(FileKinds, ByTheirKeys) {
  const auto kind = [](std::vector<std::string> keys) { return WhatKeysAre(keys); };
  EXPECT_EQ(kind({"a", "b"}), "; it holds 'a', 'b'");
  EXPECT_EQ(kind({}), "; it holds nothing");
  EXPECT_THAT(kind(std::vector<std::string>(50, "x")), testing::EndsWith("'x', ..."));
  EXPECT_THAT(kind({"weights", "covars", "means"}), HasSubstr("a pose prior"));
  EXPECT_THAT(kind({"trans", "poses", "betas"}), HasSubstr("motion capture"));
  EXPECT_THAT(kind({"imgname", "center", "scale", "part"}), HasSubstr("SPIN's data"));
  EXPECT_THAT(kind({"weights", "v_template", "shapedirs"}), HasSubstr("a body model"));
  EXPECT_EQ(ModelOf(6890, 24), "SMPL");
  EXPECT_EQ(ModelOf(10475, 55), "SMPL-X");
  EXPECT_EQ(ModelOf(778, 16), "MANO");
  EXPECT_EQ(ModelOf(6890, 55), "");
}

TEST(FileKinds, BodiesAndPriorsTakenForEachOther) {
  const TempFolder folder;
  const fs::path path = folder.path() / "a.npz";
  const auto body_error = [&](std::vector<std::string> keys) {
    WriteNpz(path, ArraysOf(std::move(keys)));
    return UserErrorOf([&] { LoadBodyModel(path.string()); });
  };
  EXPECT_THAT(body_error({"means", "covars", "weights"}),
              AllOf(HasSubstr("'v_template'"), HasSubstr("a pose prior, which --prior reads")));
  EXPECT_THAT(body_error({"poses", "trans"}), HasSubstr("motion capture"));
  WriteNpz(path, ArraysOf({"v_template", "shapedirs", "weights"}));
  EXPECT_THAT(UserErrorOf([&] { LoadPosePrior(path); }),
              AllOf(HasSubstr("'means'"), HasSubstr("a body model, which --body reads")));
}

// SMPL's regressor of nine joints with a body of another mesh.
TEST(FileKinds, ARegressorOfAnotherMesh) {
  const TempFolder folder;
  const fs::path path = folder.path() / "J_regressor_extra.npy";
  folder.Write("J_regressor_extra.npy", FormatNpy(NdArray::FromMatrix(RowMatX::Zero(9, 6890))));
  EXPECT_THAT(UserErrorOf([&] { LoadBodyModel("", path); }),
              AllOf(HasSubstr("6890 vertices (SMPL's)"), HasSubstr("it is ")));
}

}  // namespace
}  // namespace gyre
