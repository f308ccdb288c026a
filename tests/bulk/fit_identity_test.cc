// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_identity.h"

#include <gtest/gtest.h>

#include "datasets/dataset_test_util.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

std::string IdentityOf(const PersonSource& source) {
  Fingerprint fingerprint;
  source([&](const FitInput& input) { AddTo(&fingerprint, input); });
  return fingerprint.Hex();
}

// The size that COCO tells of a picture is part of a file as it stands, not of a data set, as it
// was when data sets were read without: a run of that time goes on.
TEST(FitIdentity, SizesOfPicturesBelongToFilesAsTheyStand) {
  const TempFolder folder;
  const std::string path = folder.Write("a.json", CocoJson()).string();
  const std::string data = IdentityOf(DataSource(DatasetSpec("coco:" + path), {}));
  const std::string file = IdentityOf(DataSource(CocoSpec(path, ""), {}));
  folder.Write("a.json", Replaced(CocoJson(), "\"width\":64", "\"width\":65"));
  EXPECT_EQ(IdentityOf(DataSource(DatasetSpec("coco:" + path), {})), data);
  EXPECT_NE(IdentityOf(DataSource(CocoSpec(path, ""), {})), file);
  folder.Write("a.json", Replaced(CocoJson(), "4,8,1", "4,9,1"));
  EXPECT_NE(IdentityOf(DataSource(DatasetSpec("coco:" + path), {})), data);
}

}  // namespace
}  // namespace gyre
