// SPDX-License-Identifier: Apache-2.0
// The benchmarks run, and what they report adds up. (What they measure is no matter for a test.)
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tools/run_gyre.h"

namespace gyre {
namespace {

nlohmann::json BenchJson(std::vector<std::string> args) {
  args.insert(args.begin(), "bench");
  args.emplace_back("--json");
  const ProgramResult result = Gyre(args);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::json::parse(result.out);
}

TEST(BenchCommandTest, SmplReportsEveryBatchAndNumberOfThreads) {
  const auto json = BenchJson({"smpl", "--batch", "3,1", "--threads", "1,2", "--runs", "2"});
  EXPECT_GT(json["vertices"], 1000);
  ASSERT_EQ(json["rows"].size(), 4);
  EXPECT_EQ(json["rows"][0]["batch"], 1);
  EXPECT_EQ(json["rows"][3]["batch"], 3);
  EXPECT_EQ(json["rows"][3]["threads"], 2);
  for (const auto& row : json["rows"]) {
    EXPECT_GT(row["forward_ms"], 0);
    EXPECT_GT(row["forward_backward_ms"], 0);
  }
  for (const char* batch : {"0", "1000000000"}) {
    ExpectOneSentence(Gyre({"bench", "smpl", "--batch", batch}), 2);
  }
  ExpectOneSentence(Gyre({"bench", "smpl", "--threads", "100000"}), 2);
}

TEST(BenchCommandTest, RasterSaysWhatABodyCostsAndHowMuchItCovers) {
  const auto json = BenchJson(
      {"raster", "--batch", "3,1", "--image-px", "71", "--sigma-px", "0.8", "--runs", "2"});
  EXPECT_GT(json["vertices"], 1000);
  EXPECT_EQ(json["image_px"], 71);
  EXPECT_EQ(json["threads"], 1);
  EXPECT_GT(json["ms_per_body_forward_backward"], 0);
  ASSERT_EQ(json["rows"].size(), 2);
  EXPECT_EQ(json["rows"][1]["batch"], 3);
  for (const auto& row : json["rows"]) {
    EXPECT_GT(row["ms_per_body_forward"], 0);
    EXPECT_GT(row["ms_per_body_forward_backward"], 0);
    // As high as nine tenths of the picture, and a person wide.
    EXPECT_GT(row["covered_px_per_body"], 0.05 * 71 * 71);
    EXPECT_LT(row["covered_px_per_body"], 0.5 * 71 * 71);
  }
  const auto parts = BenchJson({"raster", "--batch", "1", "--image-px", "71", "--sigma-px", "0.8",
                                "--runs", "1", "--parts"});
  EXPECT_EQ(parts["rows"][0]["classes"], 6);
  EXPECT_NEAR(parts["rows"][0]["covered_px_per_body"].get<double>(),
              json["rows"][0]["covered_px_per_body"].get<double>(), 0.1);
  ExpectOneSentence(Gyre({"bench", "raster", "--batch", "0"}), 2);
  ExpectOneSentence(Gyre({"bench", "raster", "--image-px", "100000"}), 2);
  ExpectOneSentence(Gyre({"bench", "raster", "--sigma-px", "0"}), 2);
}

TEST(BenchCommandTest, CoverageHidesLegsAndLooksWhereTheyAre) {
  const std::vector<std::string> people = {"coverage",  "--data", "synth:?count=3&seed=2",
                                           "--threads", "1",      "--quiet"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), people.begin(), people.end());
    return more;
  };
  const auto json = BenchJson(with({"--hide", "legs", "--annotators", "0"}));
  EXPECT_EQ(json["persons"].get<int>() + json["refused"].get<int>(), 3);
  EXPECT_EQ(json["options"]["fit.estimate_uncertainty"], true);
  for (const char* where : {"image", "space"}) {
    const auto& row = json[where];
    EXPECT_GE(row["within_95"].get<double>(), row["within_68"].get<double>()) << where;
    EXPECT_EQ(row["joints"], row["by_joint"]["Knee"]["joints"].get<int>() +
                                 row["by_joint"]["Ankle"]["joints"].get<int>());
  }
  EXPECT_GT(json["hips_and_knees_from_full_fit_deg"]["p90"], 0);
  ExpectOneSentence(Gyre({"bench", "coverage", "--data", "synth:?count=2"}), 1);
  ExpectOneSentence(Gyre({"bench", "coverage", "--data", "synth:", "--hide", "arms"}), 2);
  ExpectOneSentence(Gyre({"bench", "coverage"}), 2);
}

TEST(BenchCommandTest, QualityCountsWhoIsAsGoodAsStated) {
  const ScratchFolder scratch;
  const std::string table = scratch / "table.h";
  const std::vector<std::string> people = {
      "quality", "--data", "synth:?count=120&seed=3&noise=0&missing=0&occluders=0", "--detect",
      "--quiet"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), people.begin(), people.end());
    return more;
  };
  const auto json = BenchJson(with({"--learn", table}));
  int64_t fits = 0;
  for (const auto& bin : json["reliability"]) fits += bin["people"].get<int64_t>();
  EXPECT_EQ(json["fits"], fits);
  EXPECT_EQ(json["reliability"].size(), 10);
  EXPECT_EQ(json["worst_tenth"]["space"]["people"], fits);
  EXPECT_EQ(json["options"]["fit.estimate_uncertainty"], true);
  EXPECT_THAT(ReadFile(table), testing::HasSubstr("inline constexpr QualityTable kQualityTable"));
  std::vector<std::string> wrong = with({"--errors.gross-share", "2"});
  wrong.insert(wrong.begin(), "bench");
  ExpectOneSentence(Gyre(wrong), 1);
  ExpectOneSentence(Gyre({"bench", "quality", "--data", "csv:x.csv", "--detect"}), 2);
  ExpectOneSentence(Gyre({"bench", "quality"}), 2);
}

TEST(BenchCommandTest, ShapeIsMeasuredFromEverySource) {
  const auto json = BenchJson({"shape", "--count", "3", "--seed", "4", "--threads", "1",
                               "--mask-noise", "1.5", "--occlusion", "0.1", "--quiet"});
  EXPECT_EQ(json["people"], 3);
  EXPECT_EQ(json["mask_noise_px"], 1.5);
  EXPECT_EQ(json["occluder_known"], true);
  EXPECT_EQ(json["options"]["masks.rounds"], 5);
  for (const char* key : {"tpose_error_mm", "height_error_mm", "girth_error_mm", "pa_mpjpe_mm"}) {
    for (const char* source : {"mean_shape", "keypoints", "keypoints_mask"}) {
      EXPECT_GT(json[key][source], 0) << key << source;
    }
    EXPECT_TRUE(json[key]["shape_prior"].is_null()) << key;
  }
  EXPECT_GT(json["overlap"]["keypoints_mask"], json["overlap"]["keypoints"]);
  ExpectOneSentence(Gyre({"bench", "shape", "--count", "0"}), 1);
  ExpectOneSentence(Gyre({"bench", "shape", "--occlusion", "1"}), 1);
  ExpectOneSentence(Gyre({"bench", "shape", "--threads", "-2"}), 2);
  ExpectOneSentence(Gyre({"bench", "shape", "--shape-prior", "/nowhere", "--quiet"}), 1);
}

TEST(BenchCommandTest, IkComparesMethodsOnEveryKind) {
  const auto json = BenchJson({"ik", "--samples", "5", "--runs", "1"});
  for (const char* method : {"least_squares", "adaptive", "naive", "ikol"}) {
    EXPECT_GT(json["samples_per_second"][method], 0);
    for (const char* kind : {"exact", "other_shape", "noise"}) {
      EXPECT_GE(json["mean_error_mm"][kind][method], 0);
      EXPECT_GE(json["rotation_error"][kind][method], 0);
    }
  }
  EXPECT_LT(json["mean_error_mm"]["exact"]["least_squares"], 0.1);
  EXPECT_GT(json["mean_error_mm"]["exact"]["ikol"], 1);
  EXPECT_LT(json["curve"][0]["mean_error_mm"]["noise"],
            json["curve"].back()["mean_error_mm"]["noise"]);
  ExpectOneSentence(Gyre({"bench", "ik", "--samples", "0"}), 2);
}

TEST(BenchCommandTest, LoadReadsPicturesThatItMakes) {
  const auto json = BenchJson({"load", "--frame", "128", "--crop", "32", "--batch-size", "2",
                               "--pictures", "4", "--quiet"});
  EXPECT_NEAR(json["ms_per_picture"]["megapixels"].get<double>(), 0.128 * 0.128, 1e-9);
  ASSERT_EQ(json["loader"].size(), 2);
  for (const auto& row : json["loader"]) EXPECT_GT(row["pictures_per_s"], 0);
}

TEST(BenchCommandTest, LoadWithoutAFolderForPicturesSaysSo) {
  const char* const set = std::getenv("TMPDIR");
  const std::string before = set ? set : "";
  for (const char* folder : {"/nowhere", "/proc"}) {
    // Only for the program: this test keeps its own files elsewhere.
    const ScratchFolder scratch;
    setenv("TMPDIR", folder, 1);
    const pid_t pid = StartGyre({"bench", "load"}, scratch / "out", scratch / "err");
    set ? setenv("TMPDIR", before.c_str(), 1) : unsetenv("TMPDIR");
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_THAT(ReadFile(scratch / "err"), testing::HasSubstr("set TMPDIR"));
  }
}

TEST(BenchCommandTest, HeadsAreCountedAndTimed) {
  const auto json =
      BenchJson({"heads", "--batch-size", "2", "--runs", "1", "--threads", "1", "--quiet",
                 "--network.input", "keypoints", "--network.width", "8", "--network.graph.levels",
                 "2", "--network.graph.channels", "16", "--network.graph.body-width", "16"});
  EXPECT_GE(json["heads"].size(), 3);
  for (const auto& [name, row] : json["heads"].items()) {
    if (row.contains("error")) continue;
    EXPECT_GT(row["ms_per_sample_forward"], 0) << name;
    EXPECT_GT(row["ms_per_sample_step"], 0) << name;
    EXPECT_EQ(row["encoder_parameters"], json["heads"]["hmr"]["encoder_parameters"]) << name;
  }
  // One layer from 128 features to 49 joints.
  EXPECT_EQ(json["heads"]["joints"]["parameters"], 128 * 3 * 49 + 3 * 49);
  const auto& graph = json["heads"]["graphcmr"];
  EXPECT_EQ(graph["preset"], "graphcmr");
  EXPECT_EQ(graph["options"]["graph.channels"], 16);
  EXPECT_EQ(graph["parts"]["graph"].get<int>() + graph["parts"]["body"].get<int>(),
            graph["parameters"]);
  ExpectOneSentence(Gyre({"bench", "heads", "--heads", "hmr,magic"}), 1);
  ExpectOneSentence(Gyre({"bench", "heads", "--batch-size", "1"}), 2);
}

TEST(BenchCommandTest, TrainTakesStepsWithAndWithoutFits) {
  const auto json = BenchJson({"train", "--preset", "demo", "--batch-size", "2", "--steps", "1",
                               "--threads", "1", "--quiet"});
  EXPECT_EQ(json["batch_size"], 2);
  for (const char* kind : {"without_fits", "with_fits"}) {
    double phases = 0;
    for (const auto& phase : json[kind]["phases_ms"]) phases += phase.get<double>();
    EXPECT_LE(phases, json[kind]["ms"].get<double>() + 1e-3);
    EXPECT_GT(phases, 0.5 * json[kind]["ms"].get<double>());
  }
  EXPECT_FALSE(json["without_fits"].contains("fit_overhead"));
  EXPECT_TRUE(json.contains("fit_overhead"));
}

}  // namespace
}  // namespace gyre
