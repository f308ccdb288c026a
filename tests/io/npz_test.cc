// SPDX-License-Identifier: Apache-2.0
#include "io/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "core/file.h"
#include "io/io_test_util.h"
#include "io/sample_files.h"
#include "io/zip.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

TEST(Npy, ReadsEveryElementType) {
  const auto one = [](const std::string& type, const std::string& data) {
    return ParseNpy(
        Npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': (1,), }\n", data), "file");
  };
  EXPECT_THAT(one("|b1", "\x01").As<int32_t>(), ElementsAre(1));
  EXPECT_THAT(one("|i1", "\xFE").As<int32_t>(), ElementsAre(-2));
  EXPECT_THAT(one("|u1", "\xFE").As<int32_t>(), ElementsAre(254));
  EXPECT_THAT(one("<i2", Raw(int16_t{-300})).As<int64_t>(), ElementsAre(-300));
  EXPECT_THAT(one("<u2", Raw(uint16_t{65000})).As<int64_t>(), ElementsAre(65000));
  EXPECT_THAT(one("<i4", Raw(int32_t{-70000})).As<double>(), ElementsAre(-70000));
  EXPECT_THAT(one("<u4", Raw(uint32_t{4000000000u})).As<double>(), ElementsAre(4e9));
  EXPECT_THAT(one("<i8", Raw(int64_t{-5})).As<int32_t>(), ElementsAre(-5));
  EXPECT_THAT(one("<u8", Raw(uint64_t{5})).As<uint8_t>(), ElementsAre(5));
  EXPECT_THAT(one("<f4", Raw(1.5f)).As<double>(), ElementsAre(1.5));
  EXPECT_THAT(one("<f8", Raw(-2.25)).As<float>(), ElementsAre(-2.25f));
}

// Values of the binary16 format's definition: one, smallest subnormal, largest, -2, infinity.
TEST(Npy, ReadsHalfPrecision) {
  const NdArray a =
      ParseNpy(Npy("{'descr': '<f2', 'fortran_order': False, 'shape': (5,), }",
                   Bytes({0x00, 0x3C, 0x01, 0x00, 0xFF, 0x7B, 0x00, 0xC0, 0x00, 0x7C})),
               "file");
  EXPECT_THAT(a.As<double>(), ElementsAre(1, std::ldexp(1.0, -24), 65504, -2,
                                          std::numeric_limits<double>::infinity()));
}

TEST(Npy, ReadsBigEndian) {
  const std::string header = "{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }\n";
  const NdArray a = ParseNpy(Npy(header, Bytes({0, 0, 1, 2, 255, 255, 255, 255})), "file");
  EXPECT_THAT(a.As<int32_t>(), ElementsAre(258, -1));
}

TEST(Npy, TurnsFortranOrderIntoCOrder) {
  // a[i, j, k] = 100 i + 10 j + k, first index fastest.
  std::string data;
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) data += Raw(static_cast<int16_t>(100 * i + 10 * j + k));
    }
  }
  const NdArray a = ParseNpy(
      Npy("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 4), }\n", data), "file");
  const auto values = a.As<int32_t>();
  EXPECT_EQ(a.ShapeString(), "(2, 3, 4)");
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 4; ++k) EXPECT_EQ(values[(i * 3 + j) * 4 + k], 100 * i + 10 * j + k);
    }
  }
}

TEST(Npy, ReadsTextOfBothKinds) {
  std::string utf32;
  for (const char32_t c : {U'h', U'\u00fc', U'\0', U'\U0001F600', U'\0', U'\0'}) utf32 += Raw(c);
  const NdArray unicode =
      ParseNpy(Npy("{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }", utf32), "file");
  EXPECT_THAT(unicode.strings, ElementsAre("h\u00fc", "\U0001F600"));
  const NdArray bytes = ParseNpy(Npy("{'descr': '|S3', 'fortran_order': False, 'shape': (2,), }",
                                     std::string("a\0\0h\xFC\0", 6)),
                                 "file");
  EXPECT_THAT(bytes.strings, ElementsAre("a", "h\u00fc"));
}

TEST(Npy, ReadsBigEndianText) {
  std::string text;
  for (const char32_t c : {U'\u00e4', U'b', U'\U0001F600', U'z'}) {
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(c >> shift & 255);
  }
  const NdArray a =
      ParseNpy(Npy("{'descr': '>U2', 'fortran_order': False, 'shape': (2,), }", text), "file");
  EXPECT_THAT(a.strings, ElementsAre("\u00e4b", "\U0001F600z"));
}

TEST(Npy, ReadsVersionsOneToThree) {
  for (int version = 1; version <= 3; ++version) {
    const NdArray a = ParseNpy(
        Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n", Raw(2.5), version),
        "file");
    EXPECT_TRUE(a.shape.empty());
    EXPECT_THAT(a.As<double>(), ElementsAre(2.5));
  }
  EXPECT_THAT(UserErrorOf([] { ParseNpy(Npy("{}", "", 4), "file"); }), HasSubstr("version 4"));
}

TEST(Npy, RefusesPickledObjectsRecordsAndComplexNumbers) {
  const auto error = [](const std::string& descr) {
    return UserErrorOf([&] {
      ParseNpy(Npy("{'descr': " + descr + ", 'fortran_order': False, 'shape': (1,), }", "12345678"),
               "poses.npy");
    });
  };
  EXPECT_THAT(error("'|O'"), testing::AllOf(HasSubstr("poses.npy"), HasSubstr("Python objects")));
  EXPECT_THAT(error("[('x', '<f8')]"), HasSubstr("records"));
  EXPECT_THAT(error("'<c8'"), HasSubstr("<c8"));
}

TEST(Npy, RefusesShapesThatDoNotMatchTheContent) {
  const auto error = [](const std::string& shape) {
    return UserErrorOf([&] {
      ParseNpy(Npy("{'descr': '<f8', 'fortran_order': True, 'shape': " + shape + ", }", "12345678"),
               "file");
    });
  };
  EXPECT_THAT(error("(2,)"), HasSubstr("2 elements"));
  EXPECT_THAT(error("(-1,)"), HasSubstr("impossible shape"));
  EXPECT_THAT(error("(4294967296, 4294967296)"), HasSubstr("impossible shape"));
  EXPECT_THAT(error("(0, 9223372036854775807, 9223372036854775807)"), HasSubstr("impossible"));
  EXPECT_THAT(error("(99999999999999999999,)"), HasSubstr("header"));
}

TEST(NdArray, ConversionRefusesWhatDoesNotFit) {
  const std::vector<double> values = {1, 300};
  const NdArray a = NdArray::From<double>({2}, values);
  EXPECT_THAT(UserErrorOf([&] { a.As<uint8_t>("poses.npz: key 'x'"); }),
              testing::AllOf(HasSubstr("poses.npz: key 'x'"), HasSubstr("300")));
  EXPECT_THROW(NdArray::FromScalar(0.5).As<int64_t>(), UserError);
  EXPECT_THROW(NdArray::FromScalar(std::nan("")).As<int64_t>(), UserError);
  EXPECT_THROW(NdArray::FromScalar(0x1p63).As<int64_t>(), UserError);
  EXPECT_EQ(NdArray::FromScalar(-0x1p63).As<int64_t>()[0], std::numeric_limits<int64_t>::min());
  EXPECT_THROW(NdArray::FromScalar(1e300).As<float>(), UserError);
  EXPECT_THROW(NdArray::FromScalar(-1).As<uint64_t>(), UserError);
  EXPECT_THROW(NdArray::FromStrings({"1"}).As<double>(), UserError);
  EXPECT_TRUE(std::isnan(NdArray::FromScalar(std::nan("")).As<float>()[0]));
}

TEST(NdArray, ChecksShapes) {
  const RowMatX big = RowMatX::Random(5, 4);
  const NdArray a = NdArray::FromMatrix(big.block(1, 1, 2, 3));
  a.CheckShape({2, 3}, "x");
  a.CheckShape({-1, 3}, "x");
  EXPECT_EQ(a.As<double>()[3], big(2, 1));
  EXPECT_EQ(a.dim(-1), 3);
  EXPECT_THROW(a.dim(2), std::logic_error);
  EXPECT_THAT(UserErrorOf([&] {
                a.CheckShape({-1, 2}, "file: key 'x'");
              }),
              HasSubstr("file: key 'x': has shape (2, 3), expected (any, 2)"));
  EXPECT_THROW(a.CheckShape({2}, "x"), UserError);
}

TEST(Npz, RoundTrips) {
  const TempFolder folder;
  const std::filesystem::path path = folder.path() / "a.npz";
  const std::vector<float> floats = {1.5f, -2, 3, 4, 5, 6};
  const std::vector<int64_t> none;
  const bool flags[] = {true, false};
  WriteNpz(path, {{"pose", NdArray::From<float>({2, 3}, floats)},
                  {"empty", NdArray::From<int64_t>({0, 7}, none)},
                  {"flags", NdArray::From<bool>({2}, flags)},
                  {"names", NdArray::FromStrings({"J\u00fcrgen", "", "x"})},
                  {"scalar", NdArray::FromScalar(0.1)}});
  const Npz back = ReadNpz(path);
  ASSERT_EQ(back.size(), 5u);
  EXPECT_EQ(Get(back, "pose", path).dtype, DType::kFloat32);
  EXPECT_EQ(Get(back, "pose", path).shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(Get(back, "pose", path).As<float>(), floats);
  EXPECT_EQ(Get(back, "empty", path).shape, (std::vector<int64_t>{0, 7}));
  EXPECT_EQ(Get(back, "flags", path).dtype, DType::kBool);
  EXPECT_THAT(Get(back, "flags", path).As<int32_t>(), ElementsAre(1, 0));
  EXPECT_THAT(Get(back, "names", path).strings, ElementsAre("J\u00fcrgen", "", "x"));
  EXPECT_TRUE(Get(back, "scalar", path).shape.empty());
  EXPECT_EQ(Get(back, "scalar", path).As<double>()[0], 0.1);
  EXPECT_THAT(UserErrorOf([&] { Get(back, "poses", path); }),
              testing::AllOf(HasSubstr(path.string()), HasSubstr("'poses'"), HasSubstr("'pose'")));
}

TEST(Npz, EqualContentGivesEqualBytes) {
  const TempFolder folder;
  WriteNpz(folder.path() / "a.npz", {{"x", NdArray::FromScalar(1)}});
  WriteNpz(folder.path() / "b.npz", {{"x", NdArray::FromScalar(1)}});
  EXPECT_EQ(ReadFile(folder.path() / "a.npz"), ReadFile(folder.path() / "b.npz"));
}

TEST(Npy, DataIsAlignedTo64Bytes) {
  for (int rank = 0; rank < 20; ++rank) {
    const NdArray a = NdArray::From<double>(std::vector<int64_t>(rank, 1), std::vector<double>{1});
    const std::string bytes = FormatNpy(a);
    EXPECT_EQ((bytes.size() - 8) % 64, 0u);
    EXPECT_EQ(bytes[bytes.size() - 9], '\n');
  }
}

TEST(Npz, NamesTheKeyOfABadArray) {
  const TempFolder folder;
  WriteZip(folder.path() / "a.npz", {{"pose.npy", "rubbish"}}, ZipMethod::kStored);
  EXPECT_THAT(UserErrorOf([&] { ReadNpz(folder.path() / "a.npz"); }),
              testing::AllOf(HasSubstr("a.npz"), HasSubstr("'pose'")));
  WriteZip(folder.path() / "b.npz", {{"readme.txt", "hello"}}, ZipMethod::kStored);
  EXPECT_THAT(UserErrorOf([&] { ReadNpz(folder.path() / "b.npz"); }), HasSubstr("readme.txt"));
}

// smplx's and SPIN's own numbers: shapes from the data's README.
TEST(Npz, ReadsWhatNumpyWrote) {
  const auto path = SharedData("body/cc0_body.npz");
  GYRE_SKIP_WITHOUT(path);
  const Npz npz = ReadNpz(path);
  Get(npz, "v_template", path).CheckShape({6890, 3}, "v_template");
  Get(npz, "posedirs", path).CheckShape({6890, 3, 207}, "posedirs");
  const auto regressor = Get(npz, "J_regressor", path).As<double>();
  double sum = 0;
  for (const double weight : regressor) sum += weight;
  EXPECT_NEAR(sum, 24, 1e-9);  // each joint is a convex combination of vertices
  EXPECT_EQ(Get(npz, "landmark_names", path).dtype, DType::kString);
}

// A file of every kind of array; columns of 5 rows.
Npz FiveRows() {
  Npz npz;
  std::vector<double> numbers(10);
  std::iota(numbers.begin(), numbers.end(), 0.5);
  npz["b_numbers"] = NdArray::From<double>({5, 2}, numbers);
  npz["a_text"] = NdArray::FromStrings({"", "short", "the longest, \xC3\xA4", "x", "y"});
  npz["c_flags"] = NdArray::From<uint8_t>({5}, std::vector<uint8_t>{1, 0, 1, 1, 0});
  npz["c_flags"].dtype = DType::kBool;
  return npz;
}

TEST(NpzRows, ReadsBlockByBlockWhatReadNpzReadsWhole) {
  const TempFolder folder;
  const auto path = folder.path() / "a.npz";
  WriteNpz(path, FiveRows());
  EXPECT_THAT(NpzKeys(path), ElementsAre("a_text", "b_numbers", "c_flags"));
  NpzRows numbers(path, "b_numbers"), text(path, "a_text");
  EXPECT_EQ(numbers.dtype(), DType::kFloat64);
  EXPECT_THAT(numbers.shape(), ElementsAre(5, 2));
  EXPECT_THAT(numbers.Next(2).As<double>(), ElementsAre(0.5, 1.5, 2.5, 3.5));
  EXPECT_THAT(text.Next(3).strings, ElementsAre("", "short", "the longest, \xC3\xA4"));
  EXPECT_EQ(numbers.Next(1).ShapeString(), "(1, 2)");
  EXPECT_EQ(numbers.Next(9).ShapeString(), "(2, 2)");
  EXPECT_EQ(numbers.Next(9).ShapeString(), "(0, 2)");
  EXPECT_THAT(text.Next(9).strings, ElementsAre("x", "y"));
  EXPECT_THAT(UserErrorOf([&] { NpzRows(path, "other"); }), HasSubstr("'a_text', 'b_numbers'"));
  EXPECT_THAT(UserErrorOf([&] { NpzRows(folder.path() / "no.npz", "a"); }), HasSubstr("no.npz"));
}

TEST(NpzRows, TurnsFortranOrderIntoCOrder) {
  const TempFolder folder;
  const auto path = folder.path() / "a.npz";
  const std::string npy = Npy("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }\n",
                              Raw(int16_t{0}) + Raw(int16_t{10}) + Raw(int16_t{1}) +
                                  Raw(int16_t{11}) + Raw(int16_t{2}) + Raw(int16_t{12}));
  WriteZip(path, std::vector<ZipEntry>{{"a.npy", npy}}, ZipMethod::kStored);
  NpzRows rows(path, "a");
  EXPECT_THAT(rows.Next(1).As<int32_t>(), ElementsAre(0, 1, 2));
  EXPECT_THAT(rows.Next(1).As<int32_t>(), ElementsAre(10, 11, 12));
}

TEST(NpzRows, RefusesAFileThatHoldsMoreOrLessThanItSays) {
  const TempFolder folder;
  const auto path = folder.path() / "a.npz";
  const std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }\n";
  WriteZip(path, std::vector<ZipEntry>{{"a.npy", Npy(header, Raw(int32_t{1}))}},
           ZipMethod::kStored);
  EXPECT_THROW(NpzRows(path, "a").Next(2), UserError);
  WriteZip(path, std::vector<ZipEntry>{{"a.npy", Npy(header, std::string(12, 'x'))}},
           ZipMethod::kStored);
  EXPECT_THROW(NpzRows(path, "a").Next(2), UserError);
}

TEST(NpzColumns, AreTheSameFileAsTheWholeArrays) {
  const TempFolder folder;
  const auto whole = folder.path() / "whole.npz", columns = folder.path() / "columns.npz";
  WriteNpz(whole, FiveRows());
  for (const int64_t block : {1, 2, 5}) {
    std::vector<NpzColumn> list;
    for (const std::string key : {"b_numbers", "c_flags", "a_text"}) {
      auto rows = std::make_shared<NpzRows>(whole, key);
      list.push_back({key, rows->dtype(), rows->shape(), TextWidth(FiveRows()["a_text"].strings),
                      [rows, block] { return rows->Next(block); }});
    }
    WriteNpzColumns(columns, std::move(list));
    EXPECT_EQ(ReadFile(columns), ReadFile(whole)) << block;
  }
}

TEST(NpzColumns, LeaveNothingBehindWhenTheirSourceFails) {
  const TempFolder folder;
  const NpzColumn column{
      "a", DType::kFloat64, {5}, 1, []() -> NdArray { throw UserError("no more"); }};
  EXPECT_EQ(UserErrorOf([&] { WriteNpzColumns(folder.path() / "a.npz", {column}); }), "no more");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace gyre
