// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/experiment.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace gyre {
namespace {

namespace fs = std::filesystem;

// From the repository's root, where tests run.
const fs::path kShipped = "tools/experiments";

TEST(ShippedExperiments, AreReadInEverySize) {
  int files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kShipped)) {
    ++files;
    const nlohmann::json json = nlohmann::json::parse(std::ifstream(entry.path()));
    for (const auto& [size, unused] : json["sizes"].items()) {
      const Experiment experiment =
          ReadExperiment(entry.path(), size, "runs", {{"lspet", "photographs"}});
      EXPECT_EQ(experiment.runs.size(), json["arms"].size() * json["seeds"].size());
      for (const ExperimentRun& run : experiment.runs) {
        // A network of pictures cannot begin as one of keypoints.
        EXPECT_TRUE(run.options.init.empty() ||
                    run.options.network.input == NetworkInput::kKeypoints)
            << entry.path() << ", " << size << ", " << run.arm;
      }
    }
  }
  EXPECT_GT(files, 0);
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
