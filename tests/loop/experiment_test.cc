// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// From the repository's root, where tests run.
const fs::path kShipped = "tools/experiments";

TEST(ShippedExperiments, AreReadInEverySize) {
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kShipped)) {
    ++files;
    const nlohmann::json json = nlohmann::json::parse(std::ifstream(entry.path()));
    for (const auto& [size, unused] : json["sizes"].items()) {
      const Experiment experiment = ReadExperiment(entry.path(), size, "runs",
                                                   {{"lspet", "photographs"}, {"mocap", "motion"}});
      size_t arms = json["arms"].size();
      for (const auto& arm : json["sizes"][size].value("arms", nlohmann::json::object())) {
        arms -= arm.is_null();
      }
      EXPECT_EQ(experiment.runs.size(), arms * json["seeds"].size());
      for (const ExperimentRun& run : experiment.runs) {
        // A network of pictures cannot begin as one of keypoints, which are prepared as "prior".
        EXPECT_TRUE(fs::path(run.options.init).filename() != "prior" ||
                    run.options.network.input == NetworkInput::kKeypoints)
            << entry.path() << ", " << size << ", " << run.arm;
      }
    }
  }
  EXPECT_GT(files, 0);
}

nlohmann::json TwoArms() {
  return {
      {"title", "Two arms"},
      {"options", {{"preset", "demo"}, {"data", "synth:?count=2"}, {"steps", 9}}},
      {"sizes",
       {{"small", {{"steps", 4}, {"arms", {{"wide", {{"network.width", 16}}}}}}},
        {"full", {{"steps", 100}}}}},
      {"seeds", {3}},
      {"arms", {{"plain", {{"steps", 5}}}, {"wide", {{"like", "plain"}, {"network.width", 32}}}}}};
}

Experiment Read(const nlohmann::json& json, const std::string& size) {
  const TempFolder folder;
  WriteFileAtomically(folder.path() / "two.json", json.dump());
  return ReadExperiment(folder.path() / "two.json", size, "runs");
}

// Options, a size's over them, an arm's over both, and over all what the size says of that arm.
TEST(Experiment, ASizeSaysWhatItsArmsAre) {
  const Experiment small = Read(TwoArms(), "small"), full = Read(TwoArms(), "full");
  ASSERT_EQ(small.runs.size(), 2u);
  EXPECT_EQ(small.runs[0].arm, "plain");
  EXPECT_EQ(small.runs[0].options.steps, 5);
  EXPECT_EQ(small.runs[0].options.network.width, 64);
  EXPECT_EQ(small.runs[1].options.steps, 5);
  EXPECT_EQ(small.runs[1].options.network.width, 16);
  EXPECT_EQ(full.runs[1].options.network.width, 32);
  nlohmann::json other = TwoArms();
  other["sizes"]["small"]["arms"] = {{"broad", {{"network.width", 16}}}};
  EXPECT_THAT(UserErrorOf([&] { Read(other, "small"); }), HasSubstr("arm broad of the size"));
  other["sizes"]["small"]["arms"] = {{"plain", nullptr}};
  const Experiment without = Read(other, "small");
  ASSERT_EQ(without.runs.size(), 1u);
  EXPECT_EQ(without.runs[0].arm, "wide");
  EXPECT_EQ(without.runs[0].options.steps, 5);
  other["against"] = "plain";
  EXPECT_THAT(UserErrorOf([&] { Read(other, "small"); }), HasSubstr("plain is none of its arms"));
}

// Differences are made between runs of one seed, and only of what both were measured by.
TEST(Experiment, ArmsAreComparedSeedBySeed) {
  const TempFolder folder;
  nlohmann::json json = TwoArms();
  json["seeds"] = {3, 4, 8};
  json["against"] = "plain";
  WriteFileAtomically(folder.path() / "two.json", json.dump());
  const Experiment experiment =
      ReadExperiment(folder.path() / "two.json", "full", folder.path() / "runs");
  const auto ended = [&](const std::string& arm, int seed, double pa, double pck) {
    const fs::path run = folder.path() / "runs" / arm / std::to_string(seed);
    fs::create_directories(run);
    WriteFileAtomically(run / "summary.json", R"({"train_seconds": 7})");
    std::ofstream(run / "metrics.jsonl")
        << R"({"step": 1, "val_network_pa_mpjpe_mm": 999})" << "\n"
        << nlohmann::json{{"step", 2}, {"val_network_pa_mpjpe_mm", pa}, {"val_pck20", pck}} << "\n"
        << R"({"step": 3})" << "\n";
  };
  ended("plain", 3, 80, 0.5), ended("plain", 8, 90, 0.75);
  ended("wide", 3, 77, 0.625), ended("wide", 4, 10, 0.1), ended("wide", 8, 81, 0.5);
  const nlohmann::json summary = SummariseExperiment(experiment);
  EXPECT_EQ(summary["arms"]["plain"]["seeds"], 2);
  EXPECT_EQ(summary["arms"]["wide"]["seeds"], 3);
  EXPECT_DOUBLE_EQ(summary["arms"]["wide"]["network_pa_mpjpe_mm"]["mean"], 56);
  EXPECT_DOUBLE_EQ(summary["arms"]["wide"]["train_seconds"]["mean"], 7);
  const nlohmann::json& against = summary["against"];
  ASSERT_EQ(against.size(), 1u);
  ASSERT_EQ(against["plain"].size(), 1u);
  const nlohmann::json& wide = against["plain"]["wide"];
  EXPECT_EQ(wide["seeds"], 2);
  EXPECT_DOUBLE_EQ(wide["network_pa_mpjpe_mm"]["mean"], -6);  // -3 and -9
  EXPECT_NEAR(wide["network_pa_mpjpe_mm"]["spread"], 4.242640687, 1e-8);
  EXPECT_DOUBLE_EQ(wide["network_pck20"]["mean"], -0.0625);  // 0.125 and -0.25
  EXPECT_FALSE(wide.contains("train_seconds"));
}

TEST(ShippedExperiments, ThePairsThatShowTheLoopDifferInItAlone) {
  const Experiment experiment = ReadExperiment(kShipped / "loop.json", "small", "runs");
  const auto options = [&](const std::string& arm) {
    for (const ExperimentRun& run : experiment.runs) {
      if (run.arm == arm) return ToJson(run.options);
    }
    return nlohmann::json();
  };
  for (const auto& [loop, fixed] :
       {std::pair("loop", "static-gyre"), std::pair("spin-compat", "static-prior"),
        std::pair("spin-compat-mean", "static-mean")}) {
    nlohmann::json a = options(loop), b = options(fixed);
    EXPECT_EQ(a["supervision"], "loop");
    EXPECT_EQ(b["supervision"], "static");
    a.erase("supervision"), b.erase("supervision");
    EXPECT_EQ(a, b) << loop;
  }
}

}  // namespace
}  // namespace gyre
