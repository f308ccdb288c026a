// SPDX-License-Identifier: Apache-2.0
// The program as a user meets it: exit codes, one clear sentence, the main job from end to end, and
// what is left after a SIGKILL.
#include <signal.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(ProgramTest, WrongUsageIsExitCodeTwo) {
  EXPECT_EQ(Gyre({}).exit_code, 2);
  ExpectOneSentence(Gyre({"dance"}), 2);
  EXPECT_THAT(Gyre({"dance"}).err, testing::StartsWith("gyre: there is no command 'dance'; see"));
  ExpectOneSentence(Gyre({"train"}), 2);
  ExpectOneSentence(Gyre({"train", "--no-such-option", "1"}), 2);
  ExpectOneSentence(Gyre({"train", "--run", "x", "--steps", "many", "--data", "synth:"}), 2);
  ExpectOneSentence(Gyre({"eval"}), 2);
  ExpectOneSentence(Gyre({"fits", "diff", "a"}), 2);
  ExpectOneSentence(Gyre({"fits", "export", "a", "--out", "b.txt"}), 2);
  ExpectOneSentence(Gyre({"fit", "--out", "x.npz"}), 2);
}

TEST(ProgramTest, HelpIsExitCodeZero) {
  for (const char* command : {"train", "fit",   "fits",  "eval", "bench",
                              "body",  "prior", "start", "data"}) {
    const ProgramResult result = Gyre({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << command << result.err;
    EXPECT_THAT(result.out, HasSubstr("gyre")) << command;
  }
}

// Every file a user may name, in every way a file can be wrong.
TEST(ProgramTest, BadFilesAreOneSentenceAndExitCodeOne) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "empty.npz");
  std::ofstream(scratch / "empty.json");
  std::ofstream(scratch / "random.npz") << "PK\x03\x04 and then nothing of a zip";
  std::ofstream(scratch / "random.pkl") << "\x80\x02]q\x01(";
  std::ofstream(scratch / "list.json") << "[1, 2, 3]";
  std::ofstream(scratch / "evil.pkl") << "cos\nsystem\n(S'echo caught'\ntR.";
  const std::string out = scratch / "out.npz";
  const auto path = [&](const char* name) { return (scratch / name).string(); };
  ExpectOneSentence(Gyre({"body", "info", path("missing.npz")}), 1);
  ExpectOneSentence(Gyre({"body", "info", path("empty.npz")}), 1);
  ExpectOneSentence(Gyre({"body", "info", path("random.npz")}), 1);
  ExpectOneSentence(Gyre({"body", "info", path("random.pkl")}), 1);
  ExpectOneSentence(Gyre({"fit", "--openpose", path("empty.json"), "--out", out}), 1);
  ExpectOneSentence(Gyre({"fit", "--coco", path("list.json"), "--out", out}), 1);
  ExpectOneSentence(Gyre({"fit", "--problems", path("random.npz"), "--out", out}), 1);
  ExpectOneSentence(Gyre({"prior", "info", path("empty.npz")}), 1);
  ExpectOneSentence(Gyre({"start", "info", path("random.npz")}), 1);
  ExpectOneSentence(Gyre({"eval", "--checkpoint", path("missing")}), 1);
  ExpectOneSentence(Gyre({"fits", "verify", path("missing")}), 1);
  ExpectOneSentence(Gyre({"fits", "info", path("random.npz")}), 1);
  ExpectOneSentence(Gyre({"fits", "diff", path("empty.npz"), path("random.npz")}), 1);
  ExpectOneSentence(Gyre({"eval", "--fits", path("random.npz"), "--data", "synth:?count=2"}), 1);
  ExpectOneSentence(Gyre({"train", "--resume", "--run", path("missing")}), 1);
  ExpectOneSentence(Gyre({"bench", "fit", "--problems", path("missing.npz")}), 1);
  ExpectOneSentence(Gyre({"data", "check", "coco:" + path("missing.json")}), 1);
  EXPECT_FALSE(fs::exists(out));
  EXPECT_FALSE(fs::exists(out + ".partial"));

  const ProgramResult evil = Gyre({"body", "info", path("evil.pkl")});
  ExpectOneSentence(evil, 1);
  EXPECT_THAT(evil.err, HasSubstr("os.system"));
  EXPECT_THAT(Gyre({"body", "info", path("missing.npz")}).err, HasSubstr("import-makehuman"));
}

// A run so small that it takes seconds.
class TrainTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string data = scratch_ / "data";
    ASSERT_EQ(Gyre({"data", "synth", "--count", "12", "--frame", "96", "--out", data, "--quiet"})
                  .exit_code,
              0);
    spec_ = "spin:" + data + "/synth.npz";
  }
  std::vector<std::string> TrainArgs(const std::string& run, int steps) const {
    return {"train",
            "--preset",
            "demo",
            "--run",
            run,
            "--steps",
            std::to_string(steps),
            "--data",
            spec_,
            "--val",
            spec_ + "?name=val",
            "--batch-size",
            "4",
            "--network.image-px",
            "32",
            "--log-every",
            "1",
            "--val-every",
            "4",
            "--checkpoint-every",
            "2",
            "--pictures",
            "1",
            "--threads",
            "1",
            "--quiet"};
  }
  static std::vector<nlohmann::json> Metrics(const fs::path& run) {
    std::ifstream file(run / "metrics.jsonl");
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  ScratchFolder scratch_;
  std::string spec_;
};

TEST_F(TrainTest, LeavesEverythingAboutTheRunAndEvaluates) {
  const std::string run = scratch_ / "run";
  const ProgramResult trained = Gyre(TrainArgs(run, 4));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  for (const char* file : {"options.json", "metrics.jsonl", "summary.json", "report.html"}) {
    EXPECT_TRUE(fs::exists(fs::path(run) / file)) << file;
  }
  const auto summary = nlohmann::json::parse(ReadFile(fs::path(run) / "summary.json"));
  for (const char* key : {"network_pa_mpjpe_mm_first", "network_pa_mpjpe_mm_last",
                          "fits_pa_mpjpe_mm_first", "fits_pa_mpjpe_mm_last", "network_pve_mm_last",
                          "train_seconds", "parameters", "ms_per_sample"}) {
    EXPECT_TRUE(summary.contains(key) && summary[key].is_number()) << key;
  }
  for (const auto& line : Metrics(run)) {
    if (line["step"] == 0) continue;
    for (const char* key :
         {"loss", "loss_pose", "fits_updated", "fits_accepted_share", "fit_reprojection_px",
          "seconds_load", "seconds_copy", "seconds_forward", "seconds_fit", "seconds_store",
          "seconds_loss", "seconds_backward", "seconds_optimizer", "seconds_step"}) {
      EXPECT_TRUE(line.contains(key)) << key << " in " << line;
    }
  }
  const ProgramResult network = Gyre({"eval", "--checkpoint", run, "--json", "--quiet"});
  ASSERT_EQ(network.exit_code, 0) << network.err;
  EXPECT_NEAR(
      nlohmann::json::parse(network.out)["space"]["metrics"]["pa_mpjpe_mm"]["value"].get<double>(),
      summary["network_pa_mpjpe_mm_last"].get<double>(), 1e-3);
  // One protocol by its name says of network and fits what the default says.
  const ProgramResult image =
      Gyre({"eval", "--checkpoint", run, "--protocol", "lsp-2d", "--json", "--quiet"});
  EXPECT_EQ(nlohmann::json::parse(image.out)["image"], nlohmann::json::parse(network.out)["image"]);
  EXPECT_FALSE(nlohmann::json::parse(image.out).contains("space"));
  const ProgramResult fits = Gyre(
      {"eval", "--fits", run, "--data", spec_, "--protocol", "synthetic", "--json", "--quiet"});
  ASSERT_EQ(fits.exit_code, 0) << fits.err;
  EXPECT_GT(nlohmann::json::parse(fits.out)["space"]["samples"], 6);
  const ProgramResult truth =
      Gyre({"eval", "--fits", "truth", "--data", spec_, "--json", "--quiet"});
  ASSERT_EQ(truth.exit_code, 0) << truth.err;
  EXPECT_NEAR(
      nlohmann::json::parse(truth.out)["space"]["metrics"]["pa_mpjpe_mm"]["value"].get<double>(), 0,
      1e-6);
  // A second run in the same folder overwrites nothing.
  ExpectOneSentence(Gyre(TrainArgs(run, 4)), 1);
}

TEST_F(TrainTest, ANetworkOfKeypointsStartsFits) {
  const auto train = [&](const std::string& run, const std::string& input) {
    return Gyre({"train",
                 "--preset",
                 "prior18",
                 "--run",
                 run,
                 "--steps",
                 "3",
                 "--network.input",
                 input,
                 "--network.image-px",
                 "32",
                 "--network.width",
                 "8",
                 "--batch-size",
                 "4",
                 "--loss.vertices-after",
                 "1",
                 "--data",
                 "synth:?count=20&frame=64",
                 "--val",
                 "synth:?count=6&frame=64&seed=2&name=val",
                 "--pictures",
                 "1",
                 "--threads",
                 "1",
                 "--quiet"});
  };
  const std::string keypoints = scratch_ / "keypoints", silhouette = scratch_ / "silhouette";
  ProgramResult result = train(keypoints, "keypoints");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Metrics(keypoints).back().contains("loss_vertices"));
  EXPECT_EQ(Gyre({"eval", "--checkpoint", keypoints, "--json", "--quiet"}).exit_code, 0);
  // Fits of files without pictures, and the first fits of a run.
  const auto fit = [&](const std::string& from) {
    return Gyre({"fit", "--data", "synth:?count=5", "--checkpoint", from, "--out",
                 scratch_ / "fits.npz", "--json", "--quiet"});
  };
  result = fit(keypoints);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["usable"], 5);
  ExpectOneSentence(Gyre({"fit", "--data", "synth:?count=5", "--start", "mean", "--checkpoint",
                          keypoints, "--out", scratch_ / "other.npz"}),
                    2);
  std::vector<std::string> args = TrainArgs(scratch_ / "run", 2);
  args.insert(args.end(), {"--first-starts", keypoints});
  result = Gyre(args);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  // One of silhouettes learns too, and is refused where keypoints are all there is.
  result = train(silhouette, "silhouette");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  ExpectOneSentence(fit(silhouette), 1);
  args = TrainArgs(scratch_ / "other", 2);
  args.insert(args.end(), {"--first-starts", silhouette});
  result = Gyre(args);
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("--preset prior18"));
}

TEST_F(TrainTest, AKilledRunGoesOnFromItsCheckpointToTheSameEnd) {
  const std::string whole = scratch_ / "whole", killed = scratch_ / "killed";
  ASSERT_EQ(Gyre(TrainArgs(whole, 8)).exit_code, 0);
  const pid_t pid = StartGyre(TrainArgs(killed, 8), scratch_ / "out", scratch_ / "err");
  const fs::path third = fs::path(killed) / "checkpoints" / "000004";
  for (int i = 0; i < 6000 && !fs::exists(third); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  ASSERT_TRUE(fs::exists(third)) << ReadFile(scratch_ / "err");
  const ProgramResult resumed = Gyre({"train", "--resume", "--run", killed, "--quiet"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(ReadFile(fs::path(whole) / "checkpoints/000008/network.pt"),
            ReadFile(fs::path(killed) / "checkpoints/000008/network.pt"));
  for (const char* store : {"fits.store", "val_fits.store"}) {
    const ProgramResult diff =
        Gyre({"fits", "diff", fs::path(whole) / store, fs::path(killed) / store});
    EXPECT_EQ(diff.exit_code, 0) << store << diff.out << diff.err;
    EXPECT_EQ(Gyre({"fits", "verify", fs::path(killed) / store}).exit_code, 0);
  }
  const auto a = Metrics(whole), b = Metrics(killed);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    for (const auto& [key, value] : a[i].items()) {
      if (!key.starts_with("seconds_")) {
        EXPECT_EQ(value, b[i][key]) << key << " of line " << i;
      }
    }
  }
}

TEST_F(TrainTest, OnlyHarmlessOptionsChangeOnResume) {
  const std::string run = scratch_ / "run";
  ASSERT_EQ(Gyre(TrainArgs(run, 2)).exit_code, 0);
  ExpectOneSentence(Gyre({"train", "--resume", "--run", run, "--batch-size", "8"}), 2);
  EXPECT_EQ(Gyre({"train", "--resume", "--run", run, "--steps", "3", "--quiet"}).exit_code, 0);
}

TEST_F(TrainTest, ADamagedCheckpointIsPassedOverForTheOneBefore) {
  const std::string run = scratch_ / "run";
  ASSERT_EQ(Gyre(TrainArgs(run, 4)).exit_code, 0);
  const fs::path newest = fs::path(run) / "checkpoints/000004/network.pt";
  const std::string good = ReadFile(newest);
  for (const std::string& bad : {good.substr(0, good.size() / 2), std::string(), [&] {
                                   std::string flipped = good;
                                   flipped[flipped.size() / 2] ^= 1;
                                   return flipped;
                                 }()}) {
    WriteFileAtomically(newest, bad);
    const ProgramResult resumed =
        Gyre({"train", "--resume", "--run", run, "--steps", "4", "--quiet"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr("trying the checkpoint before it"));
    EXPECT_EQ(Gyre({"fits", "verify", run}).exit_code, 0);
  }
}

TEST_F(TrainTest, ChangedDataIsNoticedOnResume) {
  const std::string run = scratch_ / "run";
  ASSERT_EQ(Gyre(TrainArgs(run, 2)).exit_code, 0);
  ASSERT_EQ(Gyre({"data", "synth", "--count", "12", "--frame", "96", "--seed", "9", "--out",
                  scratch_ / "other", "--quiet"})
                .exit_code,
            0);
  fs::copy_file(scratch_ / "other/synth.npz", scratch_ / "data/synth.npz",
                fs::copy_options::overwrite_existing);
  const ProgramResult resumed = Gyre({"train", "--resume", "--run", run, "--steps", "3"});
  ExpectOneSentence(resumed, 1);
  EXPECT_THAT(resumed.err, HasSubstr("data set 'spin' is not what it was"));
}

TEST_F(TrainTest, NumbersThatAreNotFiniteAreNamedAndNeverSaved) {
  const std::string run = scratch_ / "run";
  std::vector<std::string> args = TrainArgs(run, 20);
  for (const char* arg :
       {"--learning-rate", "1e30", "--gradient-clip", "0", "--max-bad-steps", "1"}) {
    args.emplace_back(arg);
  }
  const ProgramResult result = Gyre(args);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("not finite"));
  // What was saved is from before, whole, and can be started from.
  EXPECT_EQ(Gyre({"fits", "verify", run}).exit_code, 0);
  EXPECT_EQ(Gyre({"eval", "--checkpoint", run, "--json", "--quiet"}).exit_code, 0);
}

TEST(PriorTest, FilesThatAreLeftOutAndAssumedRatesAreTold) {
  const ScratchFolder scratch;
  std::filesystem::create_directory(scratch / "motion");
  RowMatX poses(90, 72);
  for (int i = 0; i < poses.size(); ++i) poses.data()[i] = 0.3 * std::sin(1.7 * i);
  WriteNpz(scratch / "motion/run.npz", {{"poses", NdArray::FromMatrix(poses)}});
  WriteNpz(scratch / "motion/shape.npz", {{"betas", NdArray::FromMatrix(poses.leftCols(16))}});
  std::ofstream(scratch / "motion/torn.npz") << "PK and no more";
  const ProgramResult result = Gyre({"prior", "train", "--npz", scratch / "motion", "--components",
                                     "1", "--out", scratch / "prior.npz"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("1 files passed over, without poses, the first: "));
  EXPECT_THAT(result.err, HasSubstr("motion/shape.npz"));
  EXPECT_THAT(result.err, HasSubstr("1 files passed over, not readable, the first: "));
  EXPECT_THAT(result.err, HasSubstr("motion/torn.npz"));
  EXPECT_THAT(result.err, HasSubstr("1 clips do not say how many frames a second has, 'run' for "
                                    "one; 30 are assumed"));
}

TEST(PriorTest, EveryOptionOfTheTrainingHasAFlag) {
  const ScratchFolder scratch;
  const std::string poses = scratch / "poses.npz", out = scratch / "prior.npz";
  ASSERT_EQ(Gyre({"prior", "sample", "--count", "90", "--out", poses}).exit_code, 0);
  const auto train = [&](std::vector<std::string> more) {
    more.insert(more.begin(),
                {"prior", "train", "--npz", poses, "--out", out, "--components", "2", "--json"});
    return Gyre(more);
  };
  const auto report = [&](const std::vector<std::string>& more) {
    const ProgramResult result = train(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, /*allow_exceptions=*/false);
  };
  // A clip of 90 poses, 30 a second, and its mirror image.
  const std::vector<std::string> all = {"--frames-per-second", "30", "--max-frames-per-clip", "70"};
  EXPECT_EQ(report(all)["poses"], 140);
  std::vector<std::string> few = all;
  few.insert(few.end(), {"--mirror", "false", "--max-iterations", "1"});
  EXPECT_EQ(report(few)["poses"], 70);
  EXPECT_EQ(report(few)["iterations"], 1);
  ExpectOneSentence(train({"--mirror", "maybe"}), 2);
  const ProgramResult wrong = train({"--held-out-share", "1.5"});
  ExpectOneSentence(wrong, 1);
  EXPECT_THAT(wrong.err, HasSubstr("held_out_share is 1.5"));
}

TEST(PriorTest, AnAutoEncoderIsLearntAndReadBack) {
  const ScratchFolder scratch;
  const std::string poses = scratch / "poses.npz", vae = scratch / "vae.pt";
  ASSERT_EQ(Gyre({"prior", "sample", "--count", "90", "--out", poses}).exit_code, 0);
  const auto train = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"prior", "train", "--kind"});
    return Gyre(more);
  };
  const ProgramResult result =
      train({"vae", "--npz", poses, "--out", vae, "--vae.steps", "4", "--vae.batch-size", "15",
             "--vae.neurons", "9", "--vae.latent", "2", "--held-out-share", "0", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["poses"], 30);  // 15 of a clip of three seconds, and their mirror images
  EXPECT_GT(json["train_error_rad"], 0.01);
  EXPECT_TRUE(json["held_out_kl"].is_null());
  EXPECT_EQ(Gyre({"prior", "train", "--vposer", vae, "--vposer-clips", "2", "--components", "1",
                  "--out", scratch / "mixture.npz"})
                .exit_code,
            0);
  ExpectOneSentence(train({"gan", "--npz", poses, "--out", vae}), 2);
  ExpectOneSentence(train({"vae", "--npz", poses, "--out", vae, "--components", "3"}), 2);
  ExpectOneSentence(train({"mixture", "--npz", poses, "--out", vae, "--vae.steps", "3"}), 2);
  ExpectOneSentence(train({"vae", "--npz", poses, "--out", vae, "--vae.steps", "0"}), 1);
}

// Real detections: skipped where the data is not at hand.
TEST(FitTest, RealKeypointsGivePlausibleBodies) {
  const fs::path data = "../shared/data";
  if (!fs::exists(data)) GTEST_SKIP() << "../shared/data is not here";
  const ScratchFolder scratch;
  const std::string out = scratch / "fits.npz";
  const ProgramResult fitted = Gyre({"fit", "--openpose", data / "openpose/im1010_openpose.json",
                                     "--images", data / "openpose/im1010.jpg", "--overlays",
                                     scratch / "overlays", "--out", out, "--quiet"});
  ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  const Npz npz = ReadNpz(out);
  ASSERT_EQ(Get(npz, "pose", out).shape, (std::vector<int64_t>{1, 72}));
  EXPECT_LT(Get(npz, "reprojection_px", out).As<double>()[0], 6);
  EXPECT_TRUE(fs::exists(scratch / "overlays" / "im1010.png"));
}

}  // namespace
}  // namespace gyre
