// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;

class ExperimentTest : public testing::Test {
 protected:
  json Small() const {
    return {
        {"title", "Two arms"},
        {"prepare",
         {{"data", "synth", "--count", "8", "--frame", "96", "--out", "{dir}/data", "--quiet"}}},
        {"options",
         {{"preset", "demo"},
          {"data", "spin:{dir}/data/synth.npz"},
          {"val", "spin:{dir}/data/synth.npz?name=val"},
          {"network.image_px", 32},
          {"network.width", 8},
          {"batch_size", 4},
          {"val_every", 2},
          {"pictures", 1}}},
        {"sizes", {{"small", {{"steps", 4}}}}},
        {"seeds", {1, 2}},
        {"against", "truth"},
        {"arms",
         {{"loop", {{"supervision", "loop"}}},
          {"truth", {{"like", "loop"}, {"supervision", "truth"}, {"use_labels", true}}}}}};
  }
  std::vector<std::string> Args(const json& experiment) const {
    std::ofstream(scratch_ / "experiment.json") << experiment;
    return {
        "experiment", scratch_ / "experiment.json", "--run", scratch_ / "run", "--size", "small",
        "--quiet"};
  }
  ScratchFolder scratch_;
};

TEST_F(ExperimentTest, RunsEveryArmWithEverySeedAndGoesOn) {
  const ProgramResult result = Gyre(Args(Small()));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto read_summary = [&] {
    json read = json::parse(ReadFile(scratch_ / "run/summary.json"));
    for (json& arm : read["arms"]) {
      arm.erase("train_seconds");
      arm.erase("ms_per_sample");
    }
    return read;
  };
  const json summary = read_summary();
  for (const char* arm : {"loop", "truth"}) {
    EXPECT_EQ(summary["arms"][arm]["seeds"], 2) << summary;
    EXPECT_GT(summary["arms"][arm]["network_pa_mpjpe_mm"]["mean"].get<double>(), 0);
    EXPECT_GT(summary["arms"][arm]["network_pa_mpjpe_mm"]["spread"].get<double>(), 0);
    EXPECT_THAT(result.out, HasSubstr(arm));
  }
  EXPECT_GT(summary["arms"]["loop"]["fits_pa_mpjpe_mm"]["mean"].get<double>(), 0);
  EXPECT_EQ(summary["against"]["truth"]["loop"]["seeds"], 2) << summary;
  EXPECT_THAT(result.out, ContainsRegex("less truth, seed by seed:\nloop  network_pa_mpjpe_mm [+-]"));
  const std::string report = ReadFile(scratch_ / "run/report.html");
  for (const char* part : {"Two arms", "<td>truth</td>", "Against truth", " \u00b1 ", "data:image/jpeg"}) {
    EXPECT_THAT(report, HasSubstr(part));
  }
  // What is done is not done again; what is missing is.
  const auto made = fs::last_write_time(scratch_ / "run/loop/1/summary.json");
  fs::remove_all(scratch_ / "run/truth/2");
  ASSERT_EQ(Gyre(Args(Small())).exit_code, 0);
  EXPECT_EQ(fs::last_write_time(scratch_ / "run/loop/1/summary.json"), made);
  EXPECT_EQ(read_summary(), summary);
  // What another command prepared is not taken for its own.
  json other = Small();
  other["prepare"][0][3] = "9";
  const ProgramResult refused = Gyre(Args(other));
  ExpectOneSentence(refused, 1);
  EXPECT_THAT(refused.err, HasSubstr("prepared by another command"));
}

TEST_F(ExperimentTest, SaysWhatIsWrongWithAFile) {
  const auto expect = [&](const json& experiment, const std::string& part) {
    const ProgramResult result = Gyre(Args(experiment));
    ExpectOneSentence(result, 1);
    EXPECT_THAT(result.err, HasSubstr(part));
  };
  json bad = Small();
  bad["arms"]["loop"]["no_such"] = 1;
  expect(bad, "there is no option 'no_such'");
  bad = Small();
  bad["arms"]["loop"]["supervision"] = "magic";
  expect(bad, "magic");
  bad = Small();
  bad["options"]["preset"] = 3;
  expect(bad, "option 'preset' is not text");
  bad = Small();
  bad["arms"]["loop"]["fits_of"] = "best";
  expect(bad, "arm loop: option 'fits_of': preset 'best'");
  for (const json& other : {json("nobody"), json(3)}) {
    bad = Small();
    bad["against"] = other;
    expect(bad, "against");
  }
  bad = Small();
  bad["arms"]["../up"] = json::object();
  expect(bad, "a name is letters");
  for (const json& other : {json("nobody"), json("truth"), json(3)}) {
    bad = Small();
    bad["arms"]["loop"]["like"] = other;
    expect(bad, "arm loop, key like");
  }
  bad = Small();
  bad["options"]["data"] = "spin:{people}";
  expect(bad, "--define people=VALUE");
  bad = Small();
  bad["seeds"] = {-1};
  expect(bad, "seeds");
  bad = Small();
  bad["prepare"] = {"rm"};
  expect(bad, "prepare");
  bad = Small();
  bad.erase("title");
  expect(bad, "title");
  bad = Small();
  bad["sizes"] = json::object();
  expect(bad, "small");
  // A job that fails is named with what it said.
  bad = Small();
  bad["prepare"][0] = {"data", "synth", "--count", "-1", "--out", "{dir}/data"};
  expect(bad, "data: gyre:");
}

}  // namespace
}  // namespace gyre
