// SPDX-License-Identifier: Apache-2.0
// docs/outputs.md against what gyre writes: every key of every file, no more and no less.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Keys = std::set<std::string>;

// The keys of a section's tables: what stands in backquotes in their first column.
Keys Documented(const std::string& section) {
  std::istringstream page(ReadFile("docs/outputs.md"));
  Keys keys;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) inside = line == "## " + section;
    if (!inside || !line.starts_with("| `")) continue;
    const std::string cell = line.substr(2, line.find(" |", 2) - 2);
    for (size_t begin = cell.find('`'); begin != std::string::npos; begin = cell.find('`', begin)) {
      const size_t end = cell.find('`', begin + 1);
      keys.insert(cell.substr(begin + 1, end - begin - 1));
      begin = end + 1;
    }
  }
  EXPECT_FALSE(keys.empty()) << "no table below \"## " << section << "\"";
  return keys;
}

Keys KeysOf(const nlohmann::json& object) {
  Keys keys;
  for (const auto& [key, unused] : object.items()) keys.insert(key);
  return keys;
}

Keys KeysOf(const fs::path& npz) {
  const std::vector<std::string> keys = NpzKeys(npz);
  return {keys.begin(), keys.end()};
}

// `absent`: what this case has no reason to write.
void ExpectDocumented(const std::string& section, const Keys& written, const Keys& absent = {}) {
  Keys expected = Documented(section);
  for (const std::string& key : absent) EXPECT_EQ(expected.erase(key), 1u) << section << " " << key;
  EXPECT_EQ(written, expected) << section;
}

// All that is written of four synthetic people.
class OutputsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    Run({"data", "synth", "--count", "4", "--frame", "96", "--out", Path("data"), "--problems",
         Path("problems.npz"), "--quiet"});
    Run({"train",     "--preset",     "demo", "--run",
         Path("run"), "--data",       Data(), "--val",
         Data(),      "--steps",      "1",    "--log-every",
         "1",         "--batch-size", "4",    "--network.image-px",
         "32",        "--pictures",   "0",    "--threads",
         "1",         "--quiet"});
  }
  static void TearDownTestSuite() {
    delete scratch_;
    scratch_ = nullptr;
  }
  static std::string Path(const std::string& name) { return *scratch_ / name; }
  static std::string Data() { return "spin:" + Path("data/synth.npz"); }
  static std::string Run(const std::vector<std::string>& args) {
    const ProgramResult result = Gyre(args);
    EXPECT_LE(result.exit_code, 1) << result.err;
    return result.out;
  }
  static Keys JsonKeys(const std::vector<std::string>& args) {
    return KeysOf(nlohmann::json::parse(Run(args)));
  }

  static ScratchFolder* scratch_;
};
ScratchFolder* OutputsTest::scratch_ = nullptr;

TEST_F(OutputsTest, OfFitAndFits) {
  const std::string fits = Path("fits.npz"), exported = Path("export.npz");
  ExpectDocumented("`gyre fit --json`", JsonKeys({"fit", "--data", Data(), "--out", fits, "--json",
                                                  "--hypotheses", "start_only", "--quiet"}));
  // SMPL has no expression, and these are no frames of a video.
  ExpectDocumented("`gyre fit`, `gyre predict`: the `.npz` of `--out`", KeysOf(fs::path(fits)),
                   {"expression", "track", "frame"});
  Run({"fits", "export", Path("run"), "--out", exported});
  ExpectDocumented("`gyre fits export`: the `.npz`", KeysOf(fs::path(exported)), {"expression"});
  Run({"fits", "export", Path("run"), "--spin", "--out", Path("spin.npz")});
  ExpectDocumented("`gyre fits export --spin`, `.npz`, and the `.npy`",
                   KeysOf(fs::path(Path("spin.npz"))));
  ExpectDocumented("`gyre fits info --json`", JsonKeys({"fits", "info", Path("run"), "--json"}));
  ExpectDocumented("`gyre fits verify --json`",
                   JsonKeys({"fits", "verify", Path("run"), "--json"}));
  ExpectDocumented("`gyre fits diff --json`",
                   JsonKeys({"fits", "diff", Path("run"), fits, "--json"}));
  ExpectDocumented("`gyre eval --json`",
                   JsonKeys({"eval", "--fits", Path("run"), "--data", Data(), "--json", "--quiet"}),
                   {"mpjve_mm"});
}

TEST_F(OutputsTest, OfData) {
  ExpectDocumented("`gyre data check --json`", JsonKeys({"data", "check", Data(), "--json"}));
  ExpectDocumented("`gyre data synth`: `NAME.npz`", KeysOf(fs::path(Path("data/synth.npz"))));
  ExpectDocumented("`gyre data synth --problems`", KeysOf(fs::path(Path("problems.npz"))));
}

TEST_F(OutputsTest, OfBodiesAndPriors) {
  Run({"body", "make", "--out", Path("body.npz")});
  ExpectDocumented("`gyre body make`, `gyre body import-makehuman`",
                   KeysOf(fs::path(Path("body.npz"))));
  Run({"fits", "export", Path("run"), "--out", Path("poses.npz")});
  Run({"body", "pose", "--params", Path("poses.npz"), "--out", Path("posed.npz")});
  ExpectDocumented("`gyre body pose`", KeysOf(fs::path(Path("posed.npz"))));
  Run({"prior", "sample", "--count", "3", "--out", Path("poses.npz")});
  ExpectDocumented("`gyre prior sample`, `gyre prior retarget`",
                   KeysOf(fs::path(Path("poses.npz"))));
  Run({"start", "train", "--people.mocap", "0", "--neurons", "8", "--steps", "2", "--batch-size",
       "4", "--check-people", "4", "--quiet", "--out", Path("start.npz")});
  ExpectDocumented("`gyre start train`", KeysOf(fs::path(Path("start.npz"))));
}

TEST_F(OutputsTest, OfARun) {
  Keys written;
  std::istringstream lines(ReadFile(Path("run/metrics.jsonl")));
  for (std::string line; std::getline(lines, line);) {
    for (const std::string& key : KeysOf(nlohmann::json::parse(line))) {
      const bool of_a_loss = key.starts_with("loss_");
      const bool of_a_phase = key.starts_with("seconds_") && key != "seconds_step";
      written.insert(of_a_loss ? "loss_NAME" : of_a_phase ? "seconds_PHASE" : key);
    }
  }
  written.erase("step");  // in the section's text
  ExpectDocumented(
      "A run's `metrics.jsonl`", written,
      {"val_network_held_out_median", "val_network_held_out_within_10",
       "train_fits_held_out_median", "train_fits_held_out_within_10", "val_loss", "val_loss_NAME",
       "val_network_hands_pa_mm", "val_network_face_pa_mm", "val_fits_hands_pa_mm",
       "val_fits_face_pa_mm", "val_mask_iou", "val_network_mpjve_mm", "val_fits_mpjve_mm", "train_fits_mpjve_mm"});
  ExpectDocumented(
      "A run's checkpoints",
      KeysOf(nlohmann::json::parse(ReadFile(Path("run/checkpoints/000001/state.json")))));
  const std::string store = ReadFile(Path("run/fits.store"));
  uint32_t bytes = 0;
  std::copy_n(store.data() + 12, sizeof(bytes), reinterpret_cast<char*>(&bytes));
  ExpectDocumented("A run's `fits.store` and `val_fits.store`",
                   KeysOf(nlohmann::json::parse(store.substr(20, bytes))));
  const Keys summary = KeysOf(nlohmann::json::parse(ReadFile(Path("run/summary.json"))));
  for (const char* key : {"steps", "train_seconds", "network_pa_mpjpe_mm_first",
                          "network_pa_mpjpe_mm_last", "fits_pa_mpjpe_mm_last",
                          "train_fits_quality_mean_last", "train_fits_quality_below_half_last"}) {
    EXPECT_EQ(summary.count(key), 1u) << key;
  }
  // What was measured once has no first value.
  EXPECT_EQ(summary.count("network_pve_mm_last"), 1u);
  EXPECT_EQ(summary.count("network_pve_mm_first"), 0u);
  const std::string unlikely = ReadFile(Path("run/unlikely_fits.jsonl"));
  ExpectDocumented("A run's `unlikely_fits.jsonl`",
                   KeysOf(nlohmann::json::parse(unlikely.substr(0, unlikely.find('\n')))));
}

// Every result says of itself what its keys are, one line each.
TEST_F(OutputsTest, SayWhatTheirKeysAre) {
  Run({"fit", "--data", Data(), "--out", Path("self.npz"), "--hypotheses", "start_only"});
  const Npz npz = ReadNpz(Path("self.npz"));
  Keys told;
  for (const std::string& line : npz.at("about").strings)
    told.insert(line.substr(0, line.find(' ')));
  EXPECT_EQ(told, KeysOf(fs::path(Path("self.npz"))));
}

}  // namespace
}  // namespace gyre
