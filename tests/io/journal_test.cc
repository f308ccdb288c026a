// SPDX-License-Identifier: Apache-2.0
#include "io/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "core/file.h"
#include "file_calls/file_calls.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

const std::vector<std::string> kRecords = {"one", "", std::string(300, 'x'), "last"};

// A journal of kRecords; the sizes the file had after its head and after each record.
std::vector<size_t> WriteSample(const fs::path& path) {
  Journal journal(path);
  journal.Start("the head");
  std::vector<size_t> sizes = {fs::file_size(path)};
  for (const std::string& record : kRecords) {
    journal.Append({record});
    sizes.push_back(fs::file_size(path));
  }
  journal.Sync();
  return sizes;
}

std::vector<std::string> AllOf(const Journal& journal) { return journal.Read(0, journal.size()); }

TEST(Journal, KeepsWhatWasAppended) {
  const TempFolder folder;
  const fs::path path = folder.path() / "work.partial";
  WriteSample(path);
  {
    Journal journal(path);
    EXPECT_TRUE(journal.started());
    EXPECT_EQ(journal.head(), "the head");
    EXPECT_EQ(journal.cut_bytes(), 0);
    EXPECT_EQ(AllOf(journal), kRecords);
    EXPECT_THAT(journal.Read(1, 1), ElementsAre(""));
    EXPECT_THAT(journal.Read(3, 1), ElementsAre("last"));
    journal.Append({"more", "and more"});
  }
  {
    Journal journal(path);
    ASSERT_EQ(journal.size(), 6);
    EXPECT_THAT(journal.Read(4, 2), ElementsAre("more", "and more"));
    journal.Start("another head");
    EXPECT_EQ(journal.size(), 0);
    journal.Append({"new"});
  }
  Journal journal(path);
  EXPECT_EQ(journal.head(), "another head");
  EXPECT_THAT(AllOf(journal), ElementsAre("new"));
  journal.Remove();
  EXPECT_FALSE(fs::exists(path));
}

// The head and the file's name before any result; results when it is asked.
TEST(Journal, FlushesInThisOrder) {
  const TempFolder folder;
  const fs::path path = folder.path() / "j";
  FileCalls calls(folder.path());
  {
    Journal journal(path);
    journal.Start("the head");
    EXPECT_THAT(calls.Take(), ElementsAre("cut j", "write j", "flush j", "flush ."));
    journal.Append({"one", "two"});
    EXPECT_THAT(calls.Take(), ElementsAre("write j"));
    journal.Sync();
    EXPECT_THAT(calls.Take(), ElementsAre("flush j"));
  }
  fs::resize_file(path, fs::file_size(path) - 1);
  Journal journal(path);
  EXPECT_THAT(calls.Take(), ElementsAre("cut j"));
  journal.Remove();
  EXPECT_THAT(calls.Take(), ElementsAre("remove j"));
}

TEST(Journal, LeavesNoFileWhenNothingWasStarted) {
  const TempFolder folder;
  { const Journal journal(folder.path() / "work.partial"); }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

// A crash may leave any part of what was being written.
TEST(Journal, CutsATornTailAtEveryByte) {
  const TempFolder folder;
  const fs::path path = folder.path() / "work.partial";
  const std::vector<size_t> sizes = WriteSample(path);
  const std::string whole = ReadFile(path);
  for (size_t length = 0; length < whole.size(); ++length) {
    folder.Write("work.partial", whole.substr(0, length));
    int64_t whole_records = -1;  // the head is not whole
    for (const size_t size : sizes) whole_records += size <= length;
    {
      Journal journal(path);
      ASSERT_EQ(journal.started(), whole_records >= 0) << length;
      ASSERT_EQ(journal.size(), std::max<int64_t>(whole_records, 0)) << length;
      const size_t kept = whole_records < 0 ? 0 : sizes[static_cast<size_t>(whole_records)];
      ASSERT_EQ(journal.cut_bytes(), static_cast<int64_t>(length - kept));
      ASSERT_EQ(fs::file_size(path), kept);
      if (!journal.started()) journal.Start("the head");
      for (size_t i = static_cast<size_t>(journal.size()); i < kRecords.size(); ++i) {
        journal.Append({kRecords[i]});
      }
    }
    ASSERT_EQ(ReadFile(path), whole) << length;
  }
}

// Longer than what is read at once: the last record ends in the second piece, with the file.
TEST(Journal, KeepsRecordsBeyondWhatIsReadAtOnce) {
  const TempFolder folder;
  const fs::path path = folder.path() / "work.partial";
  const std::vector<std::string> records = {std::string(700'001, 'a'), std::string(500'003, 'b')};
  {
    Journal journal(path);
    journal.Start("the head");
    journal.Append(records);
  }
  const Journal journal(path);
  EXPECT_EQ(journal.cut_bytes(), 0);
  EXPECT_EQ(AllOf(journal), records);
}

// Whatever bit flips, no wrong record is handed out.
TEST(Journal, CutsAtADamagedRecord) {
  const TempFolder folder;
  const fs::path path = folder.path() / "work.partial";
  const std::vector<size_t> sizes = WriteSample(path);
  const std::string whole = ReadFile(path);
  for (size_t byte = 8; byte < whole.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      folder.Write("work.partial", damaged);
      int64_t before = -1;
      for (const size_t size : sizes) before += size <= byte;
      const Journal journal(path);
      ASSERT_EQ(journal.started(), before >= 0) << byte;
      ASSERT_EQ(journal.size(), std::max<int64_t>(before, 0)) << byte;
      const std::vector<std::string> records = AllOf(journal);
      for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i], kRecords[i]);
    }
  }
}

TEST(Journal, LeavesFilesOfOthersAlone) {
  const TempFolder folder;
  const auto error = [&](const std::string& content) {
    const fs::path path = folder.Write("work.partial", content);
    const std::string message = UserErrorOf([&] { Journal journal(path); });
    EXPECT_EQ(ReadFile(path), content);
    return message;
  };
  EXPECT_THAT(error("notes of somebody"), HasSubstr("no journal"));
  EXPECT_THAT(error("GYREJNL2 of tomorrow"), HasSubstr("another version"));
  EXPECT_THAT(UserErrorOf([&] { Journal journal(folder.path()); }),
              HasSubstr(folder.path().string()));
  EXPECT_THAT(UserErrorOf([&] { Journal journal(folder.path() / "none" / "work"); }),
              HasSubstr("No such file"));
}

TEST(Journal, IsOneProcessesAtATime) {
  const TempFolder folder;
  const fs::path path = folder.path() / "work.partial";
  {
    Journal journal(path);
    EXPECT_THAT(UserErrorOf([&] { Journal second(path); }), HasSubstr("another process"));
    journal.Start("head");
  }
  EXPECT_NO_THROW(Journal second(path));
}

// A full disk, as far as a test can fill one: a limit on the file's size.
TEST(Journal, StaysUsableWhenTheDiskIsFull) {
  const TempFolder folder;
  const fs::path path = folder.path() / "work.partial";
  WriteSample(path);
  const std::string whole = ReadFile(path);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit limit{whole.size() + 20, old_limit.rlim_max};
  {
    Journal journal(path);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const std::string message = UserErrorOf([&] {
      journal.Append({"fits", std::string(100, 'x')});
    });
    setrlimit(RLIMIT_FSIZE, &old_limit);
    EXPECT_THAT(message, HasSubstr("the 4 results in it are safe"));
    EXPECT_EQ(AllOf(journal), kRecords);
  }
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(ReadFile(path), whole);
  Journal journal(path);
  journal.Append({"fits"});
  EXPECT_EQ(journal.size(), 5);
}

}  // namespace
}  // namespace gyre
