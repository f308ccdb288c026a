// SPDX-License-Identifier: Apache-2.0
// gyre predict, gyre compare, --print-options and --help as a user meets them.
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/core/mat.hpp>

#include "io/image.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

json JsonOf(const ProgramResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out, nullptr, /*allow_exceptions=*/false);
}

// A run of one step, and its people.
class PredictCommandTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    ASSERT_EQ(
        Gyre({"data", "synth", "--count", "5", "--frame", "96", "--out", Path("data"), "--quiet"})
            .exit_code,
        0);
    for (const char* run : {"run", "other"}) Train(run);
  }
  static void TearDownTestSuite() { delete scratch_; }

  static void Train(const std::string& run) {
    const ProgramResult trained = Gyre({"train",
                                        "--preset",
                                        "demo",
                                        "--run",
                                        Path(run),
                                        "--steps",
                                        "1",
                                        "--data",
                                        "spin:" + Path("data/synth.npz"),
                                        "--val",
                                        "spin:" + Path("data/synth.npz") + "?name=val",
                                        "--batch-size",
                                        "4",
                                        "--network.image_px",
                                        "32",
                                        "--pictures",
                                        "1",
                                        "--threads",
                                        "1",
                                        "--seed",
                                        run == "run" ? "1" : "2",
                                        "--quiet"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
  }
  static std::string Path(const std::string& name) { return (*scratch_ / name).string(); }
  static ProgramResult Predict(std::vector<std::string> more) {
    more.insert(more.begin(), {"predict", "--checkpoint", Path("run"), "--json", "--quiet"});
    return Gyre(more);
  }

  static inline ScratchFolder* scratch_ = nullptr;
};

// One box in the first picture, one in a picture that is not there.
TEST_F(PredictCommandTest, SeesPeopleInBoxesAlone) {
  const json boxes = {
      {"images", {{{"id", 1}, {"file_name", "000000.jpg"}}, {{"id", 2}, {"file_name", "x.jpg"}}}},
      {"annotations",
       {{{"id", 8}, {"image_id", 1}, {"category_id", 1}, {"bbox", {20, 8, 40, 80}}},
        {{"id", 9}, {"image_id", 2}, {"category_id", 1}, {"bbox", {20, 8, 40, 80}}}}}};
  std::ofstream(Path("boxes.json")) << boxes;
  const std::string out = Path("boxes.npz");
  const ProgramResult result =
      Predict({"--coco", Path("boxes.json"), "--images", Path("data/images"), "--out", out,
               "--overlays", Path("overlays"), "--overlay-style", "body,side"});
  const json report = JsonOf(result);
  EXPECT_EQ(report["persons"], 2);
  EXPECT_EQ(report["usable"], 1);
  EXPECT_EQ(report["refused"], json({{"no_picture", 1}}));
  EXPECT_EQ(report["predicted_now"], 2);
  EXPECT_THAT(result.err, HasSubstr("refused (no_picture), 1 person, the first of x.jpg"));
  const Npz npz = ReadNpz(out);
  EXPECT_THAT(Get(npz, "id", out).As<int64_t>(), ElementsAre(8, 9));
  EXPECT_THAT(Get(npz, "reason", out).strings, ElementsAre("ok", "no_picture"));
  EXPECT_EQ(Get(npz, "pose", out).shape, (std::vector<int64_t>{2, 72}));
  const cv::Mat drawn = ReadImage(Path("overlays/000000.png"));
  EXPECT_EQ(drawn.rows, 96);
  EXPECT_GT(drawn.cols, 96 + 40);
  // The same again is done already; another checkpoint is another run.
  EXPECT_EQ(JsonOf(Predict({"--coco", Path("boxes.json"), "--images", Path("data/images"), "--out",
                            out}))["predicted_now"],
            0);
}

TEST_F(PredictCommandTest, MeasuresAgainstKeypoints) {
  const std::string out = Path("data.npz");
  const json report = JsonOf(Predict({"--data", "spin:" + Path("data/synth.npz"), "--out", out}));
  EXPECT_EQ(report["usable"], 5);
  EXPECT_GT(report["reprojection_crop_px"]["p50"].get<double>(), 1);
}

TEST_F(PredictCommandTest, WrongUsage) {
  const std::string out = Path("x.npz");
  ExpectOneSentence(Predict({"--out", out}), 2);
  ExpectOneSentence(Gyre({"predict", "--out", out, "--images", "x"}), 2);
  ExpectOneSentence(Predict({"--data", "synth:?count=1", "--out", out, "--overlays", Path("o"),
                             "--overlay-style", "heat"}),
                    2);
  ExpectOneSentence(Predict({"--data", "synth:?count=1", "--out", out, "--overlay-style", "side"}),
                    2);
  ExpectOneSentence(
      Gyre({"predict", "--checkpoint", Path("data"), "--data", "synth:?count=1", "--out", out}), 1);
}

TEST_F(PredictCommandTest, PrintsItsOptions) {
  const json options = JsonOf(Predict({"--print-options", "--person", "largest"}));
  EXPECT_EQ(options["body"], "builtin");  // the run's
  EXPECT_EQ(options["person"], "largest");
  EXPECT_EQ(options["overlays_max"], 0);
}

TEST_F(PredictCommandTest, TwoRunsSideBySide) {
  const std::string page = Path("compare.html");
  const ProgramResult result =
      Gyre({"compare", Path("run"), Path("other"), "--out", page, "--people", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("options that differ"));
  EXPECT_THAT(result.out, testing::ContainsRegex("seed +1 +2"));
  EXPECT_THAT(result.out, HasSubstr("val_network_pa_mpjpe_mm"));
  EXPECT_THAT(result.out, HasSubstr("fits of held-out people: "));
  const json all = JsonOf(Gyre({"compare", Path("run"), Path("other"), "--json"}));
  EXPECT_EQ(all["people"], 5);
  EXPECT_EQ(all["options"].size(), 2u);  // seed, and refresh.seed, which follows it
  EXPECT_GT(all["pictures"].get<int>(), 0);
  EXPECT_THAT(ReadFile(page), HasSubstr("data:image/jpeg;base64,"));
  const json same = JsonOf(Gyre({"compare", Path("run"), Path("run"), "--json"}));
  EXPECT_EQ(same["options"].size(), 0u);
  EXPECT_EQ(same["better"].size() + same["worse"].size(), 0u);
  ExpectOneSentence(Gyre({"compare", Path("run")}), 2);
  ExpectOneSentence(Gyre({"compare", Path("run"), Path("data")}), 1);
}

TEST(OptionsCommandTest, TrainPrintsWhatARunWouldWrite) {
  const json spin = JsonOf(Gyre(
      {"train", "--preset", "spin", "--fit.sigma_px", "77", "--batch-size=8", "--print-options"}));
  EXPECT_EQ(spin["preset"], "spin");
  EXPECT_EQ(spin["fit.sigma_px"], 77);  // as files spell it, and as flags do
  EXPECT_EQ(spin["batch_size"], 8);
  EXPECT_EQ(JsonOf(Gyre({"train", "--fit.sigma-px", "77", "--print-options"}))["fit.sigma_px"], 77);
  EXPECT_THAT(Gyre({"train", "--preset", "no-such", "--print-options"}).err, HasSubstr("no-such"));
}

TEST(OptionsCommandTest, FitPrintsItsOptionsByTheSameNames) {
  const json options =
      JsonOf(Gyre({"fit", "--preset", "spin-compat", "--min-joints", "7", "--print-options"}));
  EXPECT_EQ(options["fit.min_observed_joints"], 7);
  EXPECT_FALSE(options.contains("min_joints"));  // one name for one thing
  EXPECT_EQ(options["fit.hypotheses"], "start_only");
  EXPECT_EQ(options["start"], "mean");
  EXPECT_EQ(options["body"], "builtin");
  EXPECT_FALSE(options.contains("sequence.window_frames"));
  const json train = JsonOf(Gyre({"train", "--print-options"}));
  for (const auto& [key, value] : options.items()) {
    EXPECT_TRUE(!key.starts_with("fit.") || train.contains(key)) << key;
  }
}

// The values in brackets are those of the preset that is named.
TEST(OptionsCommandTest, HelpHasThePresetsValues) {
  const auto line = [](const std::string& help, const std::string& flag) {
    const size_t at = help.find(flag + " arg");
    EXPECT_NE(at, std::string::npos) << flag;
    return help.substr(at, help.find("--", at + 2) - at);
  };
  const std::string usual = Gyre({"train", "--help"}).out;
  const std::string c2f = Gyre({"train", "--preset=c2f", "--help"}).out;
  EXPECT_THAT(line(usual, "--batch-size"), HasSubstr("[64]"));
  EXPECT_THAT(line(c2f, "--batch-size"), HasSubstr("[4]"));
  const std::string fit = Gyre({"fit", "--help"}).out;
  EXPECT_THAT(line(fit, "--fit.hypotheses"), HasSubstr("[uninformed]"));
  EXPECT_THAT(line(Gyre({"fit", "--preset", "spin-compat", "--help"}).out, "--fit.hypotheses"),
              HasSubstr("[start_only]"));
  EXPECT_THAT(fit, Not(HasSubstr("--min-joints")));  // taken, and not listed twice
}

}  // namespace
}  // namespace gyre
