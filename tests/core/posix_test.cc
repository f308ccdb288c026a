// SPDX-License-Identifier: Apache-2.0
// Descriptors and signals.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "core/descriptor.h"
#include "core/file.h"
#include "core/stop_on_signal.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

TEST(Descriptor, ClosesWhatItOwnsOnce) {
  const TempFolder folder;
  const auto path = folder.Write("a", "0123456789");
  const int a = open(path.c_str(), O_RDONLY), b = open(path.c_str(), O_RDONLY);
  {
    Descriptor first(a);
    Descriptor second(b);
    EXPECT_TRUE(first.valid());
    first = std::move(second);
    EXPECT_FALSE(IsOpen(a));
    EXPECT_EQ(first.get(), b);
    EXPECT_FALSE(second.valid());
    const Descriptor third(std::move(first));
    EXPECT_FALSE(first.valid());
    EXPECT_TRUE(IsOpen(b));
  }
  EXPECT_FALSE(IsOpen(b));
  EXPECT_FALSE(Descriptor().valid());
}

TEST(Descriptor, ReadsAndWritesAtOffsets) {
  const TempFolder folder;
  const auto path = folder.Write("a", "0123456789");
  const Descriptor fd(open(path.c_str(), O_RDWR));
  std::string read(4, '?');
  EXPECT_EQ(ReadAt(fd.get(), 3, read.data(), 4), 4);
  EXPECT_EQ(read, "3456");
  EXPECT_EQ(ReadAt(fd.get(), 8, read.data(), 4), 2);  // less at the file's end
  EXPECT_EQ(read, "8956");
  EXPECT_EQ(WriteAt(fd.get(), 7, "abcde"), 0);
  EXPECT_EQ(ReadFile(path), "0123456abcde");
  const Descriptor read_only(open(path.c_str(), O_RDONLY));
  EXPECT_EQ(WriteAt(read_only.get(), 0, "x"), EBADF);
  EXPECT_EQ(ReadAt(-1, 0, read.data(), 4), -1);
}

TEST(Descriptor, SyncsFoldersOnly) {
  const TempFolder folder;
  EXPECT_NO_THROW(SyncFolder(folder.path()));
  EXPECT_THROW(SyncFolder(folder.path() / "none"), UserError);
  EXPECT_THROW(SyncFolder(folder.Write("a", "")), UserError);
}

TEST(StopOnSignal, AsksToStopAndGivesTheSignalsBack) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  for (const int signal : {SIGINT, SIGTERM}) {
    const StopOnSignal stop;
    EXPECT_FALSE(stop.requested());  // what came before counts no more
    std::raise(signal);
    EXPECT_TRUE(stop.requested());
  }
  EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);
}

}  // namespace
}  // namespace gyre
