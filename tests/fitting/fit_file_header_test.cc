// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_file_header.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "core/descriptor.h"
#include "io/io_test_util.h"
#include "sample_fits.h"

namespace gyre {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::vector<FitRows> kHeaderSets = {{"lsp", 5, "abc"}, {"empty", 0, ""}};

// A header by hand.
std::string Header(uint32_t version, const json& content) {
  const std::string text = content.dump();
  const auto size = static_cast<uint32_t>(text.size());
  const auto crc =
      static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(text.data()), size));
  std::string bytes = "GYREFITS";
  for (const uint32_t number : {version, size, crc}) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  return bytes + text;
}

json Rows() { return json::parse(R"([{"name": "lsp", "rows": 5, "fingerprint": "abc"}])"); }

json Smplx() {
  return {{"datasets", Rows()},
          {"layout", ToJson(MakeLayout("smplx", 55, 10, 10))},
          {"record_bytes", 1536}};
}

class FitFileHeaderTest : public testing::Test {
 protected:
  FitFileHeader Read(const std::string& bytes) const {
    const auto path = folder_.Write("header", bytes);
    const Descriptor fd(open(path.c_str(), O_RDONLY));
    return ReadFitFileHeader(fd.get(), "a.store");
  }
  void ExpectRefused(uint32_t version, const json& content, const std::string& part) const {
    const std::string error = UserErrorOf([&] { Read(Header(version, content)); });
    EXPECT_THAT(error, HasSubstr("a.store: "));
    EXPECT_THAT(error, HasSubstr(part)) << content.dump();
  }

  TempFolder folder_;
};

TEST_F(FitFileHeaderTest, SaysOfWhichBodiesTheFitsAre) {
  for (const FitLayout& layout :
       {FitLayout(SmplLayout()), MakeLayout("other", 12, 3, 0), MakeLayout("smplx", 55, 10, 10)}) {
    const std::string bytes = FormatFitFileHeader(kHeaderSets, layout, "a.store");
    const FitFileHeader header = Read(bytes + "what follows");
    EXPECT_EQ(header.datasets, kHeaderSets);
    EXPECT_EQ(header.layout, layout);
    EXPECT_EQ(header.bytes, static_cast<int64_t>(bytes.size()));
    EXPECT_EQ(header.TotalRows(), 5);
    // Versions of gyre that know SMPL's layout alone read no others.
    EXPECT_EQ(bytes[8], layout.IsSmpl() ? 1 : 2);
  }
}

TEST_F(FitFileHeaderTest, WithoutALayoutIsOfSmpls) {
  EXPECT_EQ(Read(Header(1, {{"datasets", Rows()}})).layout, FitLayout(SmplLayout()));
  ExpectRefused(2, {{"datasets", Rows()}}, "layout");
}

TEST_F(FitFileHeaderTest, MayHoldMoreThanIsRead) {
  json more = Smplx();
  more["weather"] = {{"path", "body.npz"}, {"fingerprint", 7}};
  EXPECT_EQ(Read(Header(2, more)).layout, MakeLayout("smplx", 55, 10, 10));
}

TEST_F(FitFileHeaderTest, SaysTheBodyAndWhatScoresMeasure) {
  const FitOrigin origin{{"smpl.pkl", "extra.npy", "0123abcd"}, "objective", "fedc"};
  const std::string bytes = FormatFitFileHeader(kHeaderSets, SmplLayout(), "a.store", origin);
  EXPECT_EQ(Read(bytes).origin, origin);
  // Of an older version, and of one that wrote less.
  EXPECT_EQ(Read(Header(2, Smplx())).origin, FitOrigin());
  json less = Smplx();
  less["body"] = {{"path", "body.npz"}, {"fingerprint", "0123abcd"}};
  EXPECT_EQ(Read(Header(2, less)).origin.body, (BodyIdentity{"body.npz", "", "0123abcd"}));
  EXPECT_EQ(Read(Header(2, less)).origin.score_rule, "");
  // Nothing that is not known is written, so that the bytes are those of older versions.
  EXPECT_EQ(FormatFitFileHeader(kHeaderSets, SmplLayout(), "a.store").find("body"), std::string::npos);
}

TEST_F(FitFileHeaderTest, HostileLayoutsGiveOneSentence) {
  const auto expect_refused = [&](const char* path, const json& value, const char* part) {
    json bad = Smplx();
    bad[json::json_pointer(path)] = value;
    ExpectRefused(2, bad, part);
  };
  EXPECT_NO_THROW(Read(Header(2, Smplx())));
  ExpectRefused(3, Smplx(), "version 3");
  ExpectRefused(0, Smplx(), "version 0");
  expect_refused("/layout", "smplx", "family");
  expect_refused("/layout/family", 3, "family");
  expect_refused("/layout/joints", 55, "joints");
  expect_refused("/layout/joints", json::array(), "0 joints");
  expect_refused("/layout/joints", json(std::vector<std::string>(65, "x")), "65 joints");
  expect_refused("/layout/joints/7", 7, "names");
  expect_refused("/layout/betas", 23, "23 betas");
  expect_refused("/layout/betas", -1, "betas");
  expect_refused("/layout/betas", int64_t{1} << 40, "betas");
  expect_refused("/layout/expression", 23, "23 of expression");
  expect_refused("/layout/expression", -1, "expression");
  expect_refused("/record_bytes", 1024, "1024 bytes");
  expect_refused("/body", "smpl.pkl", "body");
  expect_refused("/body/fingerprint", 12, "fingerprint");
  expect_refused("/body/path", json::array(), "path");
  expect_refused("/score", 1, "score");
  expect_refused("/score/rule", 1, "rule");
  expect_refused("/record_bytes", "x", "record_bytes");
}

TEST_F(FitFileHeaderTest, NeedsABodyThatThereCanBe) {
  EXPECT_THAT(
      UserErrorOf([] { FormatFitFileHeader(kHeaderSets, MakeLayout("other", 65, 0, 0), "a.store"); }),
      HasSubstr("65 joints"));
  EXPECT_THAT(UserErrorOf([] { FormatFitFileHeader(kHeaderSets, FitLayout(), "a.store"); }),
              HasSubstr("0 joints"));
}

}  // namespace
}  // namespace gyre
