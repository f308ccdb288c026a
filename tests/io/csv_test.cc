// SPDX-License-Identifier: Apache-2.0
#include "io/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>

#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOfTable(const std::string& content) {
  return UserErrorOf([&] { CsvTable::Parse(content, "table.csv"); });
}

TEST(Csv, ReadsColumnsByName) {
  const CsvTable table = CsvTable::Parse(
      "\xEF\xBB\xBF"
      "file,x,y\r\na.jpg,1.5,-2\r\nb.jpg,1e3,07",
      "t");
  EXPECT_THAT(table.columns(), ElementsAre("file", "x", "y"));
  EXPECT_EQ(table.row_count(), 2);
  EXPECT_EQ(table.Text(1, "file"), "b.jpg");
  EXPECT_THAT(table.Numbers("x"), ElementsAre(1.5, 1000));
  EXPECT_EQ(table.Number(0, "y"), -2);
  EXPECT_TRUE(table.Has("x"));
  EXPECT_FALSE(table.Has("z"));
}

TEST(Csv, ReadsQuotedFields) {
  const CsvTable table = CsvTable::Parse("a,b\n\"x, \"\"y\"\"\nz\",\"\"\n1,2\n", "t");
  EXPECT_EQ(table.Text(0, "a"), "x, \"y\"\nz");
  EXPECT_EQ(table.Text(0, "b"), "");
  EXPECT_EQ(table.Where(1), "t: line 4");
}

// As spreadsheets of countries with decimal commas write them, and as they copy.
TEST(Csv, ReadsOtherSeparators) {
  const CsvTable table = CsvTable::Parse(
      "\xEF\xBB\xBF"
      "file;x;\"y; up\"\r\n\"a;b.jpg\";1,5;-2,25\r\nc,d.jpg;12;1.75\r\n",
      "t");
  EXPECT_THAT(table.columns(), ElementsAre("file", "x", "y; up"));
  EXPECT_EQ(table.Text(0, "file"), "a;b.jpg");
  EXPECT_EQ(table.Text(1, "file"), "c,d.jpg");
  EXPECT_THAT(table.Numbers("x"), ElementsAre(1.5, 12));
  EXPECT_THAT(table.Numbers("y; up"), ElementsAre(-2.25, 1.75));
  const CsvTable tabs = CsvTable::Parse("a\tb;c\n1.5\t2,5\n", "t");
  EXPECT_EQ(tabs.Number(0, "a"), 1.5);
  EXPECT_THROW(tabs.Number(0, "b;c"), UserError);  // may mean 25 hundred
  EXPECT_THROW(CsvTable::Parse("a;b\n1,5,5;2\n", "t").Number(0, "a"), UserError);
  EXPECT_THAT(CsvTable::Parse("a;b,c\n1;2,3\n", "t").columns(), ElementsAre("a;b", "c"));
  EXPECT_THAT(ErrorOfTable("a;b\n\"1\"2;3\n"), HasSubstr("a semicolon or the end of the line"));
}

// Neither a comma nor a semicolon within quotes separates anything.
TEST(Csv, QuotedNamesSeparateNothing) {
  const CsvTable semicolons = CsvTable::Parse("file;\"x, px\";y\na.jpg;1,5;2\n", "t");
  EXPECT_THAT(semicolons.columns(), ElementsAre("file", "x, px", "y"));
  EXPECT_EQ(semicolons.Number(0, "x, px"), 1.5);
  const CsvTable commas = CsvTable::Parse("\"file; or none\",y\na.jpg,2.5\n", "t");
  EXPECT_THAT(commas.columns(), ElementsAre("file; or none", "y"));
  const CsvTable tabs = CsvTable::Parse("\"a\"\"; b, c\"\td\n7\t8\n", "t");
  EXPECT_THAT(tabs.columns(), ElementsAre("a\"; b, c", "d"));
}

TEST(Csv, TextIsUtf8OrLatin1) {
  const CsvTable table = CsvTable::Parse("a,b\nL\xC3\xA4ufer,L\xE4ufer\n", "t");
  EXPECT_EQ(table.Text(0, "a"), "L\xC3\xA4ufer");
  EXPECT_EQ(table.Text(0, "b"), "L\xC3\xA4ufer");
}

TEST(Csv, SaysWhatElseAFileIs) {
  EXPECT_THAT(ErrorOfTable("PK\x03\x04..."), HasSubstr("is a spreadsheet or a zip archive; save it"));
  EXPECT_THAT(ErrorOfTable(std::string("\xff\xfe"
                                  "a\0,\0",
                                  6)),
              HasSubstr("UTF-8"));
}

TEST(Csv, NumbersUseAPointInAnyLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) std::setlocale(LC_ALL, "");
  EXPECT_EQ(CsvTable::Parse("a\n1.5\n", "t").Number(0, "a"), 1.5);
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Csv, NamesTheLineOfAnError) {
  EXPECT_THAT(ErrorOfTable("a,b\n1,2\n3\n"),
              AllOf(HasSubstr("table.csv: line 3"), HasSubstr("found 1")));
  EXPECT_THAT(ErrorOfTable("a,b\n1,2\n\n"), HasSubstr("line 3"));
  EXPECT_THAT(ErrorOfTable("a,b\n1,2,3\n"), HasSubstr("line 2"));
  EXPECT_THAT(ErrorOfTable("a,a\n1,2\n"), HasSubstr("two columns are named 'a'"));
  EXPECT_THAT(ErrorOfTable("a,\n1,2\n"), HasSubstr("column 2 has no name"));
  EXPECT_THAT(ErrorOfTable("a\n\"open\n"), HasSubstr("line 2"));
  EXPECT_THAT(ErrorOfTable("a\nx\"y\n"), HasSubstr("without quotes"));
  EXPECT_THAT(ErrorOfTable("a\n\"x\"y\n"), HasSubstr("after a field"));
}

TEST(Csv, NamesTheFieldThatIsNoNumber) {
  const CsvTable table = CsvTable::Parse("a,b\n1,1\nx,1.5\n,nan\n", "table.csv");
  EXPECT_THAT(UserErrorOf([&] { table.Numbers("a"); }),
              AllOf(HasSubstr("table.csv: line 3"), HasSubstr("'a'"), HasSubstr("'x'")));
  EXPECT_THROW(table.Number(2, "a"), UserError);
  EXPECT_THROW(table.Number(2, "b"), UserError);
  EXPECT_THAT(UserErrorOf([&] { table.Numbers("c"); }), AllOf(HasSubstr("'c'"), HasSubstr("a, b")));
  EXPECT_THROW(CsvTable::Parse("a\n", "t").Numbers("c"), UserError);
}

TEST(Csv, ReadsRealTables) {
  const auto path = SharedData("mpii/mpii_train.csv");
  GYRE_SKIP_WITHOUT(path);
  const CsvTable table = CsvTable::Read(path);
  EXPECT_EQ(table.row_count(), 17928);  // the data's README
  EXPECT_EQ(table.columns().size(), 33u);
}

TEST(Csv, BlocksTogetherAreTheTable) {
  const TempFolder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 2500; ++i) text += fmt::format("{},\"{}\n\"\n", i, i);
  const auto path = folder.Write("large.csv", text);
  const CsvTable whole = CsvTable::Read(path);
  int64_t rows = 0;
  CsvTable::ForEachBlock(path, [&](const CsvTable& block, int64_t first_row) {
    ASSERT_EQ(first_row, rows);
    for (int64_t i = 0; i < block.row_count(); ++i, ++rows) {
      ASSERT_EQ(block.Text(i, "b"), whole.Text(rows, "b"));
      ASSERT_EQ(block.Where(i), whole.Where(rows));
    }
  });
  EXPECT_EQ(rows, 2500);
  int calls = 0;
  CsvTable::ForEachBlock(folder.Write("head.csv", "a,b\n"), [&](const CsvTable& block, int64_t) {
    EXPECT_TRUE(block.Has("b"));
    EXPECT_EQ(block.row_count(), 0);
    ++calls;
  });
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace gyre
