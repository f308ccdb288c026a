// SPDX-License-Identifier: Apache-2.0
#include "core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>

#include "core/disk_error.h"
#include "core/error.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;

int EntryCount(const std::filesystem::path& folder) {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(File, RoundTripsBytes) {
  const TempFolder folder;
  const std::string content = "line\r\n\0\xFF binary"s;
  WriteFileAtomically(folder.path() / "a", content);
  EXPECT_EQ(ReadFile(folder.path() / "a"), content);
  WriteFileAtomically(folder.path() / "a", std::string_view());
  EXPECT_EQ(ReadFile(folder.path() / "a"), "");
  EXPECT_EQ(EntryCount(folder.path()), 1);
}

TEST(File, NamesWhatItCannotRead) {
  const TempFolder folder;
  const auto missing = folder.path() / "missing.npz";
  EXPECT_THAT(UserErrorOf([&] { ReadFile(missing); }), HasSubstr(missing.string()));
  EXPECT_THAT(UserErrorOf([&] { ReadFile(folder.path()); }), HasSubstr("regular file"));
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(UserErrorOf([&] { ReadFile(pipe); }), HasSubstr("regular file"));
  const auto large = folder.Write("large", "0123456789");
  EXPECT_THAT(UserErrorOf([&] { ReadFile(large, 9); }), HasSubstr("10 bytes"));
  EXPECT_EQ(ReadFile(large, 10).size(), 10u);
}

TEST(File, KeepsTheOldFileWhenWritingFails) {
  const TempFolder folder;
  const auto path = folder.Write("result", "old");
  EXPECT_THROW(WriteFileAtomically(path,
                                   [](const std::filesystem::path& temporary) {
                                     std::ofstream(temporary) << "half";
                                     throw std::runtime_error("disk full");
                                   }),
               std::runtime_error);
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_EQ(EntryCount(folder.path()), 1);
}

TEST(File, TemporaryLiesBesideTheResult) {
  const TempFolder folder;
  const auto path = folder.path() / "result";
  WriteFileAtomically(path, [&](const std::filesystem::path& temporary) {
    EXPECT_EQ(temporary.parent_path(), path.parent_path());
    EXPECT_NE(temporary, path);
    EXPECT_FALSE(std::filesystem::exists(path));
    std::ofstream(temporary) << "whole";
  });
  EXPECT_EQ(ReadFile(path), "whole");
}

TEST(File, NamesWhatItCannotWrite) {
  const TempFolder folder;
  const auto path = folder.path() / "no" / "result";
  EXPECT_THAT(UserErrorOf([&] { WriteFileAtomically(path, "x"); }), HasSubstr(path.string()));
}

TEST(File, SaysWhatToDoAboutTheDisk) {
  EXPECT_THAT(DiskErrorText(ENOSPC), HasSubstr("No space left on device; make room"));
  for (const int error : {EDQUOT, EACCES, EPERM, EROFS, EIO, ENOENT}) {
    EXPECT_THAT(DiskErrorText(error), HasSubstr("; ")) << error;
  }
}

TEST(File, FollowsLinksAndReplacesNothingButFiles) {
  const TempFolder scratch;
  const std::filesystem::path folder = scratch.path();
  WriteFileAtomically(folder / "real", "old");
  std::filesystem::create_symlink(folder / "real", folder / "link");
  WriteFileAtomically(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(ReadFile(folder / "real"), "new");
  std::filesystem::create_symlink(folder / "nowhere", folder / "dangling");
  EXPECT_THROW(WriteFileAtomically(folder / "dangling", "x"), UserError);
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "dangling"));
  std::filesystem::create_directory(folder / "folder");
  EXPECT_THROW(WriteFileAtomically(folder / "folder", "x"), UserError);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(WriteFileAtomically(folder / "pipe", "x"), UserError);
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
}

TEST(File, MakesFoldersAndSaysWhyNot) {
  const TempFolder folder;
  MakeFolder(folder.path() / "a" / "b");
  MakeFolder(folder.path() / "a" / "b");
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "a" / "b"));
  MakeFolder(folder.path() / "c" / "d" / "");
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "c" / "d"));
  const auto file = folder.Write("file", "");
  EXPECT_THAT(UserErrorOf([&] { MakeFolder(file); }), HasSubstr("file"));
  EXPECT_THAT(UserErrorOf([&] { MakeFolder(file / "below"); }), HasSubstr("below"));
}

TEST(Error, ContractsSayWhereTheyBroke) {
  try {
    GYRE_CHECK(1 + 1 == 3, "sum of {}", 2);
    ADD_FAILURE() << "nothing thrown";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("1 + 1 == 3"));
    EXPECT_THAT(error.what(), HasSubstr("sum of 2"));
    EXPECT_THAT(error.what(), HasSubstr("file_test.cc"));
  }
}

}  // namespace
}  // namespace gyre
