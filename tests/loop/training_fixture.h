// SPDX-License-Identifier: Apache-2.0
// Runs of the trainer in a folder that goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "core/file.h"
#include "io/io_test_util.h"
#include "loop/training/trainer.h"

namespace gyre {

class TrainingTest : public testing::Test {
 protected:
  std::filesystem::path Run(const std::string& name) const { return folder_.path() / name; }
  bool Train(const TrainOptions& options, const std::string& name, bool resume = false) {
    return Trainer(options, Run(name), resume, &alone_).Train();
  }
  // The lines of a run's metrics.jsonl.
  std::vector<nlohmann::json> Metrics(const std::string& name) const {
    std::vector<nlohmann::json> lines;
    std::istringstream text(ReadFile(Run(name) / "metrics.jsonl"));
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  // The bytes of a checkpoint's network; `step` as its folder is called.
  std::string Weights(const std::string& name, const char* step) const {
    return ReadFile(Run(name) / "checkpoints" / step / "network.pt");
  }

  TempFolder folder_;
  Ranks alone_;
};

}  // namespace gyre
