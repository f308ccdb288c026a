// SPDX-License-Identifier: Apache-2.0
// gyre fit over data sets: killed and resumed, in shards, in the way of others, on a full disk.
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "body/body_model.h"
#include "io/journal.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr int kPersons = 300;

std::vector<std::string> FitArgs(const fs::path& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"fit",    "--data", "synth:?count=" + std::to_string(kPersons),
                                   "--out",  out,      "--json",
                                   "--quiet"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

fs::path JournalOf(const fs::path& out) { return out.string() + ".partial"; }

nlohmann::json ReportOf(const ProgramResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::json::parse(result.out, nullptr, /*allow_exceptions=*/false);
}

// Ends a run by a signal once its journal has grown by some persons; its exit code.
int Interrupt(const std::vector<std::string>& args, const fs::path& out, int signal) {
  const ScratchFolder scratch;
  const auto size = [&] {
    std::error_code none;
    const auto bytes = fs::file_size(JournalOf(out), none);
    return none ? 0 : bytes;
  };
  const auto before = size();
  const pid_t pid = StartGyre(args, scratch / "out", scratch / "err");
  for (int i = 0; i < 12000 && size() < before + 30'000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill(pid, signal);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class BulkFitTest : public testing::Test {
 protected:
  // The result of one undisturbed run.
  static void SetUpTestSuite() {
    const ScratchFolder scratch;
    const fs::path out = scratch / "whole.npz";
    const ProgramResult result = Gyre(FitArgs(out));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    ASSERT_FALSE(fs::exists(JournalOf(out)));
    whole_ = new std::string(ReadFile(out));
  }
  static void TearDownTestSuite() { delete whole_; }

  static inline std::string* whole_ = nullptr;
  ScratchFolder scratch_;
  const fs::path out_ = scratch_ / "out.npz";
};

TEST_F(BulkFitTest, KillsLoseNothingAndRepeatNothing) {
  int64_t done = 0;
  for (const char* threads : {"1", "2"}) {
    ASSERT_EQ(Interrupt(FitArgs(out_, {"--threads", threads}), out_, SIGKILL), 128 + SIGKILL);
    const Journal journal(JournalOf(out_));
    EXPECT_GT(journal.size(), done);
    done = journal.size();
  }
  // As if power had gone too: the last record is torn.
  fs::resize_file(JournalOf(out_), fs::file_size(JournalOf(out_)) - 1);
  // What a process killed while writing the .npz leaves.
  std::ofstream(out_.string() + ".tmp123") << "half";
  const nlohmann::json report = ReportOf(Gyre(FitArgs(out_)));
  EXPECT_EQ(report["fitted_now"], kPersons - (done - 1));
  EXPECT_EQ(report["persons"], kPersons);
  EXPECT_EQ(ReadFile(out_), *whole_);
  EXPECT_FALSE(fs::exists(JournalOf(out_)));
  EXPECT_FALSE(fs::exists(out_.string() + ".tmp123"));
}

TEST_F(BulkFitTest, StopsOnASignalWithEverythingSaved) {
  EXPECT_EQ(Interrupt(FitArgs(out_), out_, SIGTERM), 130);
  const int64_t done = Journal(JournalOf(out_)).size();
  EXPECT_GT(done, 0);
  EXPECT_EQ(ReportOf(Gyre(FitArgs(out_)))["fitted_now"], kPersons - done);
  EXPECT_EQ(ReadFile(out_), *whole_);
}

// Before every option was written down.
TEST_F(BulkFitTest, AJournalOfAnOlderVersionGoesOn) {
  Interrupt(FitArgs(out_), out_, SIGKILL);
  int64_t done = 0;
  {
    Journal journal(JournalOf(out_));
    done = journal.size();
    const std::vector<std::string> records = journal.Read(0, done);
    nlohmann::json head = nlohmann::json::parse(journal.head());
    for (const char* option : {"fit.point_weight", "fit.estimate_uncertainty"}) {
      EXPECT_EQ(head.erase(option), 1) << option;
    }
    journal.Start(head.dump());
    journal.Append(records);
  }
  EXPECT_GT(done, 0);
  EXPECT_EQ(ReportOf(Gyre(FitArgs(out_)))["fitted_now"], kPersons - done);
  EXPECT_EQ(ReadFile(out_), *whole_);
}

TEST_F(BulkFitTest, AJournalOfAnotherRunIsRefusedUntilToldToForgetIt) {
  Interrupt(FitArgs(out_), out_, SIGKILL);
  const std::string journal = ReadFile(JournalOf(out_));
  const auto refused = [&](const std::vector<std::string>& more) {
    const ProgramResult result = Gyre(FitArgs(out_, more));
    ExpectOneSentence(result, 1);
    EXPECT_THAT(result.err, HasSubstr("--restart"));
    EXPECT_EQ(ReadFile(JournalOf(out_)), journal);
    return result.err;
  };
  EXPECT_THAT(refused({"--min-joints", "9"}), HasSubstr("fit.min_observed_joints was 8 and is 9"));
  EXPECT_THAT(refused({"--shard", "1/2"}), HasSubstr("shard was"));
  std::vector<std::string> other_data = FitArgs(out_);
  other_data[2] += "&seed=2";
  const ProgramResult result = Gyre(other_data);
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("input was"));
  EXPECT_EQ(ReportOf(Gyre(FitArgs(out_, {"--restart"})))["fitted_now"], kPersons);
  std::vector<std::string> loud = FitArgs(out_);
  std::erase(loud, "--quiet");
  EXPECT_THAT(Gyre(loud).err, HasSubstr(out_.string() + ": holds these fits already; --restart"));
  EXPECT_EQ(ReadFile(out_), *whole_);
}

TEST_F(BulkFitTest, AFinishedRunIsNotRepeated) {
  std::ofstream(out_, std::ios::binary) << *whole_;
  const nlohmann::json again = ReportOf(Gyre(FitArgs(out_)));
  EXPECT_EQ(again["fitted_now"], 0);
  EXPECT_EQ(again["persons"], kPersons);
  EXPECT_EQ(ReportOf(Gyre(FitArgs(out_, {"--restart"})))["fitted_now"], kPersons);
  // Other options are another run, and do not replace it unless they are told to.
  const ProgramResult other = Gyre(FitArgs(out_, {"--min-joints", "9"}));
  ExpectOneSentence(other, 1);
  EXPECT_THAT(other.err, AllOf(HasSubstr("holds the fits of another run: fit.min_observed_joints "
                                         "was 8 and is 9"),
                               HasSubstr("--force")));
  EXPECT_EQ(ReadFile(out_), *whole_);
  EXPECT_EQ(ReportOf(Gyre(FitArgs(out_, {"--min-joints", "9", "--force"})))["fitted_now"],
            kPersons);
  EXPECT_NE(ReadFile(out_), *whole_);
  std::ofstream(out_, std::ios::binary) << "my thesis";
  const ProgramResult foreign = Gyre(FitArgs(out_));
  ExpectOneSentence(foreign, 1);
  EXPECT_THAT(foreign.err, AllOf(HasSubstr("no result of gyre fit"), HasSubstr("--force")));
  EXPECT_EQ(ReadFile(out_), "my thesis");
}

// A body without SPIN's regressor fits to stand-ins for nine joints.
TEST_F(BulkFitTest, StandInsAreTold) {
  BodyModel bare = MakeBuiltinBody();
  bare.J_regressor_extra.resize(0, 0);
  SaveBodyModel(bare, scratch_ / "bare.npz");
  const std::string said = "has no regressor for SPIN's nine joints";
  const std::vector<std::string> fit = {"fit",     "--data", "synth:?count=1&frame=96",
                                        "--quiet", "--out",  out_};
  std::vector<std::string> with_bare = fit;
  with_bare.insert(with_bare.end(), {"--body", scratch_ / "bare.npz"});
  EXPECT_THAT(Gyre(with_bare).err, HasSubstr(said));
  with_bare = fit;
  with_bare.insert(with_bare.end(), {"--force"});
  EXPECT_EQ(Gyre(with_bare).err, "");
  EXPECT_THAT(Gyre({"train", "--preset", "demo", "--run", scratch_ / "bare_run", "--body",
                    scratch_ / "bare.npz", "--data", "synth:?count=4&frame=96", "--steps", "1",
                    "--batch-size", "4", "--network.image-px", "32", "--pictures", "0", "--quiet"})
                  .err,
              HasSubstr(said));
}

TEST_F(BulkFitTest, ShardsTogetherAreTheWholeRun) {
  std::vector<std::string> join = {"fit", "--join", "--quiet", "--out", out_};
  for (const char* part : {"3", "1", "2"}) {
    const std::string shard = scratch_ / (std::string("shard") + part + ".npz");
    const std::string choice = std::string(part) + "/3";
    EXPECT_EQ(ReportOf(Gyre(FitArgs(shard, {"--shard", choice})))["persons"], kPersons / 3);
    if (join.size() == 7) {
      const ProgramResult missing = Gyre(join);
      ExpectOneSentence(missing, 1);
      EXPECT_THAT(missing.err, HasSubstr("persons 100 to 199 are in none"));
    }
    join.push_back(shard);
  }
  const ProgramResult joined = Gyre(join);
  ASSERT_EQ(joined.exit_code, 0) << joined.err;
  EXPECT_EQ(ReadFile(out_), *whole_);
  // In place of results of another kind or run only if it is told to, and by no other option.
  std::ofstream(out_, std::ios::binary) << "my thesis";
  const ProgramResult foreign = Gyre(join);
  ExpectOneSentence(foreign, 1);
  EXPECT_THAT(foreign.err, HasSubstr("is no result of gyre fit; choose another --out, or --force"));
  EXPECT_EQ(ReadFile(out_), "my thesis");
  join.push_back("--force");
  EXPECT_EQ(Gyre(join).exit_code, 0);
  EXPECT_EQ(ReadFile(out_), *whole_);
  join.back() = "--restart";
  const ProgramResult option = Gyre(join);
  ExpectOneSentence(option, 2);
  EXPECT_THAT(option.err, HasSubstr("--join takes results alone; leave --restart out"));
  join.pop_back();
  // Twice the same, and one of another run.
  join.push_back(join.back());
  ExpectOneSentence(Gyre(join), 1);
  ASSERT_EQ(Gyre(FitArgs(join.back(), {"--shard", "2/3", "--preset", "spin", "--force"})).exit_code,
            0);
  join.pop_back();
  const ProgramResult mixed = Gyre(join);
  ExpectOneSentence(mixed, 1);
  EXPECT_THAT(mixed.err, HasSubstr("is of another run than"));
}

// A full disk, as far as a test can fill one: a limit on the size of files.
TEST_F(BulkFitTest, AFullDiskLeavesAJournalToGoOnWith) {
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit limit{300'000, old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const ProgramResult full = Gyre(FitArgs(out_));
  setrlimit(RLIMIT_FSIZE, &old_limit);
  ::signal(SIGXFSZ, old_handler);
  ExpectOneSentence(full, 1);
  EXPECT_THAT(full.err, HasSubstr("results in it are safe"));
  const int64_t done = Journal(JournalOf(out_)).size();
  EXPECT_GT(done, 0);
  EXPECT_EQ(ReportOf(Gyre(FitArgs(out_)))["fitted_now"], kPersons - done);
  EXPECT_EQ(ReadFile(out_), *whole_);
}

TEST(FitCommandTest, SaysWhatIsWrongWithOutBeforeItReadsTheInput) {
  const ScratchFolder scratch;
  const auto error = [&](const fs::path& out) {
    const ProgramResult result =
        Gyre({"fit", "--coco", scratch / "missing.json", "--out", out, "--quiet"});
    ExpectOneSentence(result, 1);
    return result.err;
  };
  EXPECT_THAT(error(scratch / "none" / "out.npz"), HasSubstr("create it first"));
  EXPECT_THAT(error(scratch / ""), HasSubstr("not a regular file"));
  fs::create_symlink("nowhere.npz", scratch / "link.npz");
  EXPECT_THAT(error(scratch / "link.npz"), HasSubstr("leads nowhere"));
  const fs::path input = scratch / "input.json";
  std::ofstream(input) << "{}";
  for (const std::vector<std::string>& from : std::vector<std::vector<std::string>>{
           {"--coco", input}, {"--data", "coco:" + input.string() + "?name=x"}}) {
    std::vector<std::string> args = {"fit", "--out", input, "--quiet"};
    args.insert(args.end(), from.begin(), from.end());
    ExpectOneSentence(Gyre(args), 2);
  }
  EXPECT_EQ(ReadFile(input), "{}");
  const fs::path out = scratch / "out.npz";
  {
    const Journal other(JournalOf(out));
    EXPECT_THAT(error(out), HasSubstr("another process"));
  }
  std::ofstream(JournalOf(out)) << "somebody's notes";
  EXPECT_THAT(error(out), HasSubstr("no journal"));
  EXPECT_EQ(ReadFile(JournalOf(out)), "somebody's notes");
}

TEST(FitCommandTest, WrongUsage) {
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{"--threads", "100000"},
                                             {"--sigma", "0"},
                                             {"--shard", "0/3"},
                                             {"--shard", "4/3"},
                                             {"--shard", "1"},
                                             {"--shard", "1/2/3"},
                                             {"--images", "x"},
                                             {"--coco", "x.json"},
                                             {"stray"},
                                             {"--join"},
                                             {"--threads", "-1"}}) {
    ExpectOneSentence(Gyre(FitArgs("x.npz", more)), 2);
  }
}

TEST(FitCommandTest, EveryOptionOfTheFitterHasAFlag) {
  const ScratchFolder scratch;
  const std::string out = scratch / "fits.npz";
  const auto fit = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"fit", "--data", "synth:?count=1", "--out", out, "--quiet"});
    return Gyre(more);
  };
  const ProgramResult result =
      fit({"--preset", "spin-compat", "--fit.point-weight", "90", "--fit.estimate-uncertainty",
           "false", "--min-joints", "7", "--fit.ignored-joints", "OP Neck,OP Nose"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json run = nlohmann::json::parse(Get(ReadNpz(out), "run", out).strings[0]);
  EXPECT_EQ(run["fit.point_weight"], 90);
  EXPECT_EQ(run["fit.estimate_uncertainty"], false);
  EXPECT_EQ(run["fit.min_observed_joints"], 7);
  EXPECT_EQ(run["fit.hypotheses"], "start_only");
  EXPECT_EQ(run["fit.ignored_joints"], nlohmann::json({"OP Neck", "OP Nose"}));
  EXPECT_FALSE(run.contains("sequence.window_frames"));

  for (const auto& [more, message] : std::vector<std::pair<std::vector<std::string>, const char*>>{
           {{"--hypotheses", "none"},
            "--hypotheses: 'none' is not one of start_only, uninformed, all"},
           {{"--fit.backend", "none"}, "--fit.backend: 'none' is not one of fused, ceres"},
           {{"--fit.hypotheses", "all", "--hypotheses", "all"}, "give one of them"},
           {{"--fit.sigma-px", "20", "--sigma", "20"}, "give one of them"},
           {{"--min-joints", "many"}, "--min-joints takes a number, not 'many'"},
           {{"--sequence.window-frames", "30"}, "belongs to --sequence"}}) {
    const ProgramResult wrong = fit(more);
    ExpectOneSentence(wrong, 2);
    EXPECT_THAT(wrong.err, HasSubstr(message));
  }
}

// One person a row; the third has too few keypoints for training, the second for a fit.
TEST(FitCommandTest, TakesAnyDataSet) {
  const ScratchFolder scratch;
  std::ofstream csv(scratch / "people.csv");
  const std::vector<std::string> joints = {"rank", "rkne", "rhip", "lhip", "lkne", "lank", "rwri",
                                           "relb", "rsho", "lsho", "lelb", "lwri", "neck", "head"};
  const double x[] = {40, 42, 44, 56, 58, 60, 30, 32, 40, 60, 68, 70, 50, 50};
  const double y[] = {180, 140, 100, 100, 140, 180, 100, 75, 50, 50, 75, 100, 48, 20};
  csv << "file";
  for (const std::string& joint : joints) csv << "," << joint << "_x," << joint << "_y";
  for (const size_t observed : {14, 7, 3, 14}) {
    csv << "\np" << observed << ".jpg";
    for (size_t i = 0; i < joints.size(); ++i) {
      if (i < observed) {
        csv << "," << x[i] << "," << y[i];
      } else {
        csv << ",,";
      }
    }
  }
  csv.close();
  const std::string out = scratch / "fits.npz";
  const nlohmann::json report =
      ReportOf(Gyre({"fit", "--data", "csv:" + (scratch / "people.csv").string(), "--out", out,
                     "--json", "--quiet"}));
  EXPECT_EQ(report["persons"], 4);
  EXPECT_EQ(report["usable"], 2);
  EXPECT_EQ(report["refused"], nlohmann::json({{"too_few_joints", 2}}));
  // The box is 1.2 times the 160 px from head to ankles.
  EXPECT_NEAR(report["reprojection_crop_px"]["p50"].get<double>(),
              report["reprojection_px"]["p50"].get<double>() * 224 / (1.2 * 160), 1e-9);
  const Npz npz = ReadNpz(out);
  using testing::ElementsAre;
  EXPECT_THAT(Get(npz, "id", out).As<int64_t>(), ElementsAre(0, 1, 2, 3));  // rows of the file
  EXPECT_THAT(Get(npz, "index", out).As<int64_t>(), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Get(npz, "person", out).As<int64_t>(), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(Get(npz, "reason", out).strings,
              ElementsAre("ok", "too_few_joints", "too_few_joints", "ok"));
  EXPECT_THAT(Get(npz, "usable", out).As<int>(), ElementsAre(1, 0, 0, 1));
  EXPECT_TRUE(Get(npz, "image", out).strings[0].ends_with("p14.jpg"));
}

TEST(FitCommand, WholeBodiesNeedNoFile) {
  const ScratchFolder scratch;
  const std::string out = scratch / "fits.npz";
  const ProgramResult result =
      Gyre({"fit", "--preset", "whole-body", "--data",
            "synth:?count=3&set=openpose135&hands=0.7&noise=1", "--out", out, "--json", "--quiet"});
  const nlohmann::json report = ReportOf(result);
  EXPECT_EQ(report["persons"], 3);
  EXPECT_LT(report["reprojection_crop_px"]["p90"], 3);
  const Npz fits = ReadNpz(out);
  EXPECT_EQ(fits.at("pose").shape, (std::vector<int64_t>{3, 165}));
  EXPECT_EQ(fits.at("body_path").strings.at(0), "builtin-x");
}

}  // namespace
}  // namespace gyre
