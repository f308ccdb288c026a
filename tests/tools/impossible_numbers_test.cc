// SPDX-License-Identifier: Apache-2.0
// Data with numbers that cannot be, from the file through training to the store of fits.
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// Everybody but the last two has a number that cannot be, each in another place.
class ImpossibleNumbersTest : public testing::Test {
 protected:
  static constexpr int64_t kPeople = 12, kDamaged = 10;

  void SetUp() override {
    const ProgramResult made =
        Gyre({"data", "synth", "--count", std::to_string(kPeople), "--frame", "96", "--missing",
              "0", "--out", scratch_ / "data", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    Npz npz = ReadNpz(scratch_ / "data/synth.npz");
    const auto damage = [&](const std::string& key, int64_t row, int64_t place, double value) {
      std::vector<double> values = npz.at(key).As<double>(key);
      values[static_cast<int64_t>(values.size()) / kPeople * row + place] = value;
      npz[key] = NdArray::From<double>(npz.at(key).shape, values);
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    damage("part", 0, 4, nan);
    damage("openpose", 1, 3, infinity);
    damage("openpose", 2, 5, nan);
    damage("S", 3, 6, infinity);
    damage("pose", 4, 71, nan);
    damage("shape", 5, 0, 1e30);
    damage("transl", 6, 1, infinity);
    damage("focal_px", 7, 0, infinity);
    damage("scale", 8, 0, nan);
    damage("center", 9, 1, 1e300);
    WriteNpz(scratch_ / "data/synth.npz", npz);
    spec_ = "spin:" + (scratch_ / "data/synth.npz").string();
  }

  const ScratchFolder scratch_;
  std::string spec_;
};

TEST_F(ImpossibleNumbersTest, AreListedByRow) {
  const ProgramResult result = Gyre({"data", "check", spec_, "--json", "--quiet"});
  EXPECT_EQ(result.exit_code, 1);
  std::vector<int64_t> rows;
  const nlohmann::json report = nlohmann::json::parse(result.out);
  for (const auto& wrong : report["wrong"]) {
    if (wrong["problem"].get<std::string>().starts_with("1 values are not finite")) {
      rows.push_back(wrong["row"]);
    }
  }
  EXPECT_THAT(rows, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_F(ImpossibleNumbersTest, DontStopTrainingAndReachNoStore) {
  for (const char* use_labels : {"false", "true"}) {
    const std::string run = scratch_ / (std::string("run_") + use_labels);
    const ProgramResult trained =
        Gyre({"train", "--preset=demo", "--run", run, "--steps=4", "--batch-size=6",
              "--network.image-px=32", "--log-every=1", "--checkpoint-every=4", "--pictures=1",
              "--threads=1", "--max-bad-steps=0", "--data", spec_, "--val", spec_ + "?name=val",
              "--use-labels", use_labels, "--quiet"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_THAT(trained.err, HasSubstr("'spin': 10 values in 10 rows are not finite"));
    EXPECT_THAT(trained.err, HasSubstr("row 8: its box has no size"));
    std::ifstream metrics(run + "/metrics.jsonl");
    int lines = 0;
    for (std::string text; std::getline(metrics, text); ++lines) {
      const auto line = nlohmann::json::parse(text);
      if (line["step"] == 0) continue;
      EXPECT_TRUE(line["loss"].is_number()) << text;
      EXPECT_EQ(line["left_out"], 0) << text;
    }
    EXPECT_EQ(lines, 5);
    const std::string fits = run + ".npz";
    ASSERT_EQ(Gyre({"fits", "export", run, "--out", fits, "--quiet"}).exit_code, 0);
    const Npz npz = ReadNpz(fits);
    int64_t stored = 0;
    for (const char* key : {"pose", "betas", "transl", "focal_px", "center_px", "score_px2"}) {
      const std::vector<double> values = npz.at(key).As<double>(key);
      stored = static_cast<int64_t>(values.size()) / (npz.at(key).size() / npz.at(key).dim(0));
      for (const double value : values) EXPECT_TRUE(std::isfinite(value)) << key;
    }
    // With labels those whose label is damaged are fitted; without, all who have a box.
    EXPECT_EQ(stored, *use_labels == 't' ? 2 : kPeople - 2);
  }
}

TEST_F(ImpossibleNumbersTest, AreLeftOutOfEvaluationAndFits) {
  const ProgramResult truth =
      Gyre({"eval", "--fits", "truth", "--data", spec_, "--json", "--quiet"});
  ASSERT_EQ(truth.exit_code, 0) << truth.err;
  EXPECT_EQ(nlohmann::json::parse(truth.out)["samples_without_body"], 4);
  const std::string out = scratch_ / "fits.npz";
  const ProgramResult fitted = Gyre({"fit", "--data", spec_, "--out", out, "--quiet"});
  ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  EXPECT_EQ(ReadNpz(out).at("pose").dim(0), kPeople);
}

}  // namespace
}  // namespace gyre
