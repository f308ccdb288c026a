// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "core/file.h"
#include "file_calls/file_calls.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::ElementsAre;

TEST(FileOrder, AFileIsOnTheDiskBeforeItHasItsNameAndTheNameAfterwards) {
  const TempFolder folder;
  FileCalls calls(folder.path());
  WriteFileAtomically(folder.path() / "a", "content");
  EXPECT_THAT(calls.Take(), ElementsAre("write a.tmp", "flush a.tmp", "rename a.tmp a", "flush ."));
  WriteFileAtomically(folder.path() / "a", [](const std::filesystem::path& temporary) {
    std::ofstream(temporary) << "by a library";
  });
  EXPECT_THAT(calls.Take(), ElementsAre("write a.tmp", "flush a.tmp", "rename a.tmp a", "flush ."));
  EXPECT_THROW(WriteFileAtomically(folder.path() / "a",
                                   [](const std::filesystem::path& temporary) {
                                     std::ofstream(temporary) << "half";
                                     throw std::runtime_error("disk full");
                                   }),
               std::runtime_error);
  EXPECT_THAT(calls.Take(), ElementsAre("write a.tmp", "remove a.tmp"));
}

TEST(FileOrder, AFolderIsOnTheDiskBeforeWhatIsInIt) {
  const TempFolder folder;
  FileCalls calls(folder.path());
  MakeFolder(folder.path() / "a" / "b");
  EXPECT_THAT(calls.Take(), ElementsAre("make a", "flush .", "make a/b", "flush a"));
  // Made by a process that was killed before it came to flush it.
  MakeFolder(folder.path() / "a" / "b");
  EXPECT_THAT(calls.Take(), ElementsAre("flush a"));
}

}  // namespace
}  // namespace gyre
