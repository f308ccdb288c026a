// SPDX-License-Identifier: Apache-2.0
#include "io/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "io/io_test_util.h"
#include "io/sample_files.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Archive(const std::vector<ZipEntry>& entries, ZipMethod method) {
  const TempFolder folder;
  WriteZip(folder.path() / "a.zip", entries, method);
  return ReadFile(folder.path() / "a.zip");
}

TEST(Zip, RoundTripsStoredAndDeflated) {
  const std::string large(100000, 'x');
  for (const ZipMethod method : {ZipMethod::kStored, ZipMethod::kDeflated}) {
    const std::string bytes = Archive({{"b/large", large}, {"a", ""}, {"\u00fc", "text"}}, method);
    const ZipReader zip(bytes, "archive");
    EXPECT_THAT(zip.names(), ElementsAre("b/large", "a", "\u00fc"));
    EXPECT_EQ(zip.Read("b/large"), large);
    EXPECT_EQ(zip.Read("a"), "");
    EXPECT_EQ(zip.Read("\u00fc"), "text");
    EXPECT_EQ(bytes.size() > large.size(), method == ZipMethod::kStored);
    EXPECT_FALSE(zip.Has("c"));
    EXPECT_THAT(UserErrorOf([&] { zip.Read("c"); }),
                testing::AllOf(HasSubstr("archive"), HasSubstr("'c'")));
  }
}

TEST(Zip, SurvivesBeingMoved) {
  ZipReader first(Archive({{"a", "text"}}, ZipMethod::kStored), "archive");
  const ZipReader second = std::move(first);
  EXPECT_EQ(second.Read("a"), "text");
}

TEST(Zip, BoundsEntries) {
  const ZipReader zip(Archive({{"zeros", std::string(1 << 22, '\0')}}, ZipMethod::kDeflated),
                      "archive");
  EXPECT_THAT(UserErrorOf([&] { zip.Read("zeros", 1 << 20); }), HasSubstr("4194304 bytes"));
  EXPECT_EQ(zip.Read("zeros", 1 << 22).size(), size_t{1} << 22);
}

// The directory's sizes are claims: an entry that says 3 GiB and holds four bytes is refused
// without that memory, and so is one that holds more than it says.
TEST(Zip, DistrustsDeclaredSizes) {
  const std::string valid = Archive({{"a", "text"}}, ZipMethod::kDeflated);
  const size_t directory = valid.find("PK\x01\x02");
  ASSERT_NE(directory, std::string::npos);
  for (const uint32_t size : {3u << 30, 2u}) {
    std::string bytes = valid;
    bytes.replace(directory + 24, 4, Raw(size));
    EXPECT_THAT(UserErrorOf([&] { ZipReader(bytes, "archive").Read("a"); }), HasSubstr("archive"));
  }
}

// Sixty entries that are one megabyte of zeros, all the same thousand bytes of the file: each is an
// honest entry, all together are more than any archive of that size holds.
TEST(Zip, DistrustsEntriesThatOverlap) {
  const std::string zeros(1 << 20, '\0');
  const std::string one = OverlappingZip(zeros, 1), sixty = OverlappingZip(zeros, 60);
  EXPECT_EQ(ZipReader(one, "archive").Read("0"), zeros);
  EXPECT_THAT(UserErrorOf([&] { ZipReader(sixty, "archive"); }),
              HasSubstr("archive: its entries declare more bytes"));
  const TempFolder folder;
  const auto path = folder.Write("sixty.zip", sixty);
  EXPECT_THAT(UserErrorOf([&] { ZipEntryNames(path); }), HasSubstr("declare more bytes"));
  EXPECT_THAT(UserErrorOf([&] { ZipEntryStream(path, "7"); }), HasSubstr("declare more bytes"));
  EXPECT_THAT(ZipEntryNames(folder.Write("one.zip", one)), ElementsAre("0"));
}

// What deflate really reaches is no reason to refuse.
TEST(Zip, ReadsWhatIsPackedAsTightAsDeflateCan) {
  const std::string zeros(4 << 20, '\0');
  const std::string archive = OverlappingZip(zeros, 1);
  EXPECT_GT(zeros.size(), 900 * archive.size());
  EXPECT_EQ(ZipReader(archive, "archive").Read("0").size(), zeros.size());
}

TEST(Zip, StreamsAnEntryPieceByPiece) {
  const TempFolder folder;
  std::string content;
  for (unsigned i = 0; i < 300'000; ++i) content += static_cast<char>(i * i % 251);
  const auto path = folder.path() / "a.zip";
  WriteZip(path, std::vector<ZipEntry>{{"other", "x"}, {"long", content}}, ZipMethod::kDeflated);
  ZipEntryStream stream(path, "long");
  EXPECT_EQ(stream.Read(7), content.substr(0, 7));
  EXPECT_EQ(stream.Read(0), "");
  EXPECT_EQ(stream.Read(200'000), content.substr(7, 200'000));
  EXPECT_EQ(stream.Read(200'000), content.substr(200'007));
  EXPECT_EQ(stream.Read(5), "");
  EXPECT_THAT(UserErrorOf([&] { ZipEntryStream(path, "none"); }), HasSubstr("'none'"));
}

// A little more or less than there is; both ways of reading an entry notice.
TEST(Zip, NoticesEntriesThatAreLongerOrShorterThanTheySay) {
  const TempFolder folder;
  const std::string content = "text of some length";
  for (const ZipMethod method : {ZipMethod::kStored, ZipMethod::kDeflated}) {
    const std::string valid = Archive({{"a", content}}, method);
    const size_t directory = valid.find("PK\x01\x02");
    for (const int more : {-3, 3}) {
      std::string bytes = valid;
      bytes.replace(directory + 24, 4, Raw(static_cast<uint32_t>(content.size()) + more));
      EXPECT_THAT(UserErrorOf([&] { ZipReader(bytes, "archive").Read("a"); }), HasSubstr("'a'"));
      const auto path = folder.Write("a.zip", bytes);
      EXPECT_THROW(
          {
            ZipEntryStream stream(path, "a");
            // A reader that knows how much there is, and one that reads to the end.
            if (stream.Read(1000).size() != content.size() + more) throw UserError("another size");
          },
          UserError)
          << more;
    }
  }
}

TEST(Zip, VerifiesChecksums) {
  std::string bytes = Archive({{"a", "text"}}, ZipMethod::kStored);
  bytes[bytes.find("text")] = 'n';
  EXPECT_THAT(UserErrorOf([&] { ZipReader(bytes, "archive").Read("a"); }), HasSubstr("'a'"));
}

TEST(Zip, LeavesNothingBehindWhenItCannotWrite) {
  const TempFolder folder;
  EXPECT_THROW(WriteZip(folder.path() / "no/such/folder.zip", {{"a", "b"}}, ZipMethod::kStored),
               UserError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace gyre
