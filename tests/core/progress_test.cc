// SPDX-License-Identifier: Apache-2.0
#include "core/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

// What is written when the work ends; standard error is no terminal here.
std::string Written(int64_t total, int64_t done_before, int64_t done_more) {
  testing::internal::CaptureStderr();
  {
    Progress progress("fit", "people", total, done_before);
    if (done_more > 0) progress.Advance(done_more, "all well");
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, EndsWithOneLine) {
  const std::string line = Written(12, 5, 7);
  EXPECT_THAT(line, testing::StartsWith("fit: 12/12 people, "));
  EXPECT_THAT(line, testing::HasSubstr("took 0 s, all well\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(Progress, SaysNothingOfWorkThatWasDoneBefore) { EXPECT_EQ(Written(12, 12, 0), ""); }

TEST(Progress, KeepsQuietWhenTold) {
  SetProgressEnabled(false);
  EXPECT_EQ(Written(12, 5, 7), "");
  SetProgressEnabled(true);
}

}  // namespace
}  // namespace gyre
