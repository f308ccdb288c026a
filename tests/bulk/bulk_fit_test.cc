// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/bulk_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/file.h"
#include "fitting/test_problems.h"
#include "io/io_test_util.h"
#include "loop/bulk/fit_table.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int64_t kPersons = 37, kUnseen = 5;  // two chunks of one thread, and a rest

// People of a file's numbers 100, 103, ...; of one nothing is observed.
PersonSource People(uint64_t seed = 0) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), {});
  auto inputs = std::make_shared<std::vector<FitInput>>();
  for (int64_t i = 0; i < kPersons; ++i) {
    FitInput input;
    input.problem = MakeTrueProblem(fitter, seed + i).problem;
    input.problem.has_start = input.problem.start_has_translation = false;
    if (i == kUnseen) input.problem.confidence.setZero();
    input.person.id = 100 + 3 * i;
    input.person.image = "p" + std::to_string(i) + ".jpg";
    input.person.box = {{320, 240}, 150.5};
    input.person.image_width = i % 2 == 0 ? 641 : 0;
    inputs->push_back(std::move(input));
  }
  return [inputs](const auto& sink) {
    for (const FitInput& input : *inputs) sink(input);
  };
}

// Quick: a start from the mean, one way around.
FitOptions Quick() {
  FitOptions options = ForBulk({}, /*sequence=*/false);
  options.hypotheses = Hypotheses::kStartOnly;
  options.estimate_uncertainty = false;
  return options;
}

struct Rows {
  std::vector<size_t> chunks;
  std::vector<FitRow> all;
  RowSink Sink() {
    return [this](std::span<const FitRow> rows) {
      chunks.push_back(rows.size());
      all.insert(all.end(), rows.begin(), rows.end());
    };
  }
};

TEST(FitMany, HandsOutTheRangesRowsInOrder) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), Quick());
  const PersonSource people = People();
  Rows rows, by_three;
  FitManyOptions options;
  options.range = {2, 36};
  options.threads = 1;
  EXPECT_TRUE(FitMany(fitter, people, options, rows.Sink()));
  EXPECT_THAT(rows.chunks, ElementsAre(16, 16, 2));
  ASSERT_EQ(rows.all.size(), 34u);
  for (size_t i = 0; i < rows.all.size(); ++i) {
    const FitRow& row = rows.all[i];
    EXPECT_EQ(row.index, 2 + static_cast<int64_t>(i));
    EXPECT_EQ(row.id, 106 + 3 * static_cast<int64_t>(i));
    EXPECT_EQ(row.usable, row.index != kUnseen) << row.index << row.reason;
  }
  EXPECT_EQ(rows.all[3].reason, "too_few_joints");
  EXPECT_LT(rows.all[4].reprojection_px, 4);
  options.threads = 3;
  EXPECT_TRUE(FitMany(fitter, people, options, by_three.Sink()));
  EXPECT_THAT(by_three.chunks, ElementsAre(34));
  for (size_t i = 0; i < rows.all.size(); ++i) {
    EXPECT_EQ(EncodeRow(by_three.all[i]), EncodeRow(rows.all[i])) << i;
  }
}

TEST(FitMany, StopsBetweenChunks) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), Quick());
  Rows rows;
  FitManyOptions options;
  options.threads = 1;
  options.stop = [&] { return rows.chunks.size() == 2; };
  EXPECT_FALSE(FitMany(fitter, People(), options, rows.Sink()));
  EXPECT_THAT(rows.chunks, ElementsAre(16, 16));
  EXPECT_EQ(rows.all.back().index, 31);
  EXPECT_THROW(FitMany(fitter, People(), {},
                       [](std::span<const FitRow>) { throw std::range_error("full"); }),
               std::range_error);
}

// Starts from a place that no fit reaches by itself, and tells what it was asked.
class FarStart : public NetworkStart {
 public:
  bool needs_pictures() const override { return false; }
  std::string fingerprint() const override { return "far"; }
  void SetStarts(int threads, std::vector<FitInput>* inputs) override {
    for (FitInput& input : *inputs) {
      focal_px.push_back(input.problem.camera.focal_px);
      input.problem.start.transl() = Vec3(0, 0, -2);  // behind the camera
      input.problem.has_start = input.problem.start_has_translation = true;
    }
    asked.push_back(threads);
  }
  std::vector<double> focal_px;
  std::vector<int> asked;
};

TEST(FitMany, GivesTheNetworkTheImagesCamera) {
  const Fitter fitter(MakeStickBody(), MakeStickPrior(), Quick());
  FarStart network;
  Rows rows;
  FitManyOptions options;
  options.range = {3, 5};
  options.camera.focal_px = 777.5;
  options.threads = 1;
  options.network = &network;
  EXPECT_TRUE(FitMany(fitter, People(), options, rows.Sink()));
  EXPECT_THAT(network.asked, ElementsAre(1));
  // The fourth's image has no size: a camera that the fitter refuses.
  EXPECT_THAT(network.focal_px, ElementsAre(0, 777.5));
  EXPECT_EQ(rows.all[0].reason, "bad_camera");
  EXPECT_EQ(rows.all[1].camera.focal_px, 777.5);
}

class BulkFitTest : public testing::Test {
 protected:
  FitJob Job(uint64_t seed = 0) {
    FitJob job;
    job.body = body_;
    job.prior = prior_;
    job.fit = Quick();
    job.persons = People(seed);
    job.survey = SurveyOf(job.persons);
    job.threads = 1;
    job.notes["gyre"] = "0.0.1";
    return job;
  }
  // Enough after so many chunks.
  static std::function<bool()> After(int chunks) {
    return [chunks]() mutable { return chunks-- == 0; };
  }
  fs::path Whole() {
    const fs::path whole = folder_.path() / "whole.npz";
    EXPECT_EQ(BulkFit(whole).Run(Job()).fitted, kPersons);
    EXPECT_FALSE(fs::exists(whole.string() + ".partial"));
    return whole;
  }
  std::string ErrorOf(const FitJob& job) {
    return UserErrorOf([&] { BulkFit(out_).Run(job); });
  }

  const std::shared_ptr<const BodyModel> body_ = MakeStickBody();
  const std::shared_ptr<const PosePrior> prior_ = MakeStickPrior();
  const TempFolder folder_;
  const fs::path out_ = folder_.path() / "out.npz";
};

TEST_F(BulkFitTest, SurveysTheInput) {
  const Survey survey = SurveyOf(People());
  EXPECT_EQ(survey.persons, 37);
  EXPECT_EQ(survey.without_picture, 37);
  EXPECT_EQ(survey.without_size, 18);
  EXPECT_EQ(survey.image_without_picture, "p0.jpg");
  EXPECT_EQ(survey.set, &SpinJoints());
  EXPECT_EQ(survey.fingerprint, SurveyOf(People()).fingerprint);
  EXPECT_NE(survey.fingerprint, SurveyOf(People(1)).fingerprint);
}

TEST_F(BulkFitTest, GoesOnWhereItWasStopped) {
  FitJob job = Job();
  job.stop = After(2);
  const FitReport first = BulkFit(out_).Run(job);
  EXPECT_FALSE(first.finished);
  EXPECT_EQ(first.fitted, 32);
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_EQ(Journal(out_.string() + ".partial").size(), 32);
  const FitReport second = BulkFit(out_).Run(Job());
  EXPECT_TRUE(second.finished);
  EXPECT_EQ(second.fitted, 5);
  EXPECT_EQ(ReadFile(out_), ReadFile(Whole()));
  const FitStatistics statistics = ReadStatistics(out_);
  EXPECT_EQ(statistics.persons, 37);
  EXPECT_EQ(statistics.usable, 36);
  EXPECT_EQ(statistics.refused.at("too_few_joints"), 1);
  EXPECT_EQ(ReadRun(out_)["gyre"], "0.0.1");
  // And is not done twice.
  EXPECT_EQ(BulkFit(out_).Run(Job()).fitted, 0);
  job = Job();
  job.restart = true;
  EXPECT_EQ(BulkFit(out_).Run(job).fitted, 37);
}

TEST_F(BulkFitTest, RefusesAJournalOfAnotherJob) {
  FitJob job = Job();
  job.stop = After(1);
  BulkFit(out_).Run(job);
  job = Job();
  job.fit.min_observed_joints = 9;
  EXPECT_THAT(ErrorOf(job), HasSubstr("holds 16 fits of another run: fit.min_observed_joints was "
                                      "8 and is 9"));
  job = Job();
  job.network = std::make_shared<FarStart>();
  EXPECT_THAT(ErrorOf(job), HasSubstr("network was not there and is \"far\""));
  EXPECT_THAT(ErrorOf(Job(1)), HasSubstr("input was"));
  job = Job();
  job.notes["start"] = "net";
  EXPECT_THAT(ErrorOf(job), HasSubstr("start was not there and is \"net\""));
  job = Job();
  job.camera.focal_px = 912.5;
  EXPECT_THAT(ErrorOf(job), HasSubstr("focal_px was 0.0 and is 912.5"));
  job = Job();
  job.shard = {1, 2};
  EXPECT_THAT(ErrorOf(job), HasSubstr("shard was not there and is \"1/2\""));
  BodyModel taller = *body_;
  taller.v_template(3, 1) += 0.25;
  job = Job();
  job.body = std::make_shared<const BodyModel>(taller);
  EXPECT_THAT(ErrorOf(job), HasSubstr("body was"));
  EXPECT_EQ(BulkFit(out_).Run(Job()).fitted, 21);
}

// Begun when there was no max_error_share, of people who are all far from their keypoints.
TEST_F(BulkFitTest, AnOlderRunGoesOnAsItBegan) {
  FitJob job = Job();
  job.fit.max_error_share = 0;
  const fs::path whole = folder_.path() / "whole.npz";
  BulkFit(whole).Run(job);
  const auto begin = [&] {
    job.stop = After(1);
    job.restart = true;
    BulkFit(out_).Run(job);
    Journal journal(out_.string() + ".partial");
    const std::vector<std::string> records = journal.Read(0, journal.size());
    nlohmann::json head = nlohmann::json::parse(journal.head());
    EXPECT_EQ(head.erase("fit.max_error_share"), 1);
    journal.Start(head.dump());
    journal.Append(records);
  };
  begin();
  FitJob now = Job();
  now.fit.max_error_share = 1e-9;
  now.given = {"fit.max_error_share"};
  EXPECT_THAT(ErrorOf(now), HasSubstr("fit.max_error_share was 0.0 and is 1e-09"));
  now.given = {"fit.sigma_px"};
  EXPECT_EQ(BulkFit(out_).Run(now).fitted, 21);
  EXPECT_EQ(ReadFile(out_), ReadFile(whole));
  EXPECT_EQ(ReadStatistics(out_).refused.count("large_error"), 0);
  begin();
  now.restart = true;
  EXPECT_THAT(ErrorOf(now), HasSubstr("or --force to write over it"));
  now.force = true;
  EXPECT_EQ(BulkFit(out_).Run(now).fitted, 37);
  EXPECT_EQ(ReadStatistics(out_).refused.at("large_error"), 36);
}

TEST_F(BulkFitTest, WritesOverAnothersResultOnlyWhenTold) {
  BulkFit(out_).Run(Job());
  const std::string first = ReadFile(out_);
  FitJob job = Job();
  job.fit.min_observed_joints = 9;
  EXPECT_THAT(ErrorOf(job), AllOf(HasSubstr("holds the fits of another run: "
                                            "fit.min_observed_joints was 8 and is 9"),
                                  HasSubstr("--force")));
  EXPECT_EQ(ReadFile(out_), first);
  EXPECT_FALSE(fs::exists(out_.string() + ".partial"));
  job.force = true;
  EXPECT_EQ(BulkFit(out_).Run(job).fitted, 37);
  EXPECT_NE(ReadFile(out_), first);
  EXPECT_EQ(OtherThan(ReadRun(out_), out_), "");
  WriteFileAtomically(out_, "a thesis");
  EXPECT_THAT(ErrorOf(Job()), HasSubstr("no result of gyre fit"));
  EXPECT_EQ(ReadFile(out_), "a thesis");
}

TEST_F(BulkFitTest, NoticesAnInputThatChanges) {
  FitJob job = Job();
  job.persons = People(1);
  EXPECT_THAT(ErrorOf(job), HasSubstr("the input changed while it was fitted"));
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(BulkFitTest, ShardsTogetherAreTheWhole) {
  std::vector<fs::path> shards;
  for (const int64_t part : {2, 3, 1}) {
    FitJob job = Job();
    job.shard = {part, 3};
    shards.push_back(folder_.path() / ("shard" + std::to_string(part) + ".npz"));
    EXPECT_EQ(BulkFit(shards.back()).Run(job).fitted, part == 1 ? 12 : part == 2 ? 12 : 13);
  }
  JoinFits(shards, out_);
  EXPECT_EQ(ReadFile(out_), ReadFile(Whole()));
  FitJob job = Job();
  job.shard = {1, 38};
  EXPECT_THAT(ErrorOf(job), HasSubstr("--shard 1/38: is empty"));
}

TEST_F(BulkFitTest, HoldsItsResult) {
  const BulkFit fit(out_);
  EXPECT_THAT(ErrorOf(Job()), HasSubstr("another process"));
  EXPECT_THAT(UserErrorOf([&] { BulkFit(folder_.path() / "none" / "out.npz"); }),
              HasSubstr("create it first"));
}

}  // namespace
}  // namespace gyre
