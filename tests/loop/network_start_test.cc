// SPDX-License-Identifier: Apache-2.0
// gyre fit --init RUN without a process: people of a data set, started by a run's network of
// keypoints and fitted.
#include "loop/bulk/network_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fitting/fitter.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "loop/bulk/bulk_fit.h"
#include "loop/small_training.h"
#include "loop/training/predictor.h"
#include "person/keypoints.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

class NetworkStartTest : public testing::Test {
 protected:
  NetworkStartTest() { MakeSmallRun(options_, run()); }

  std::filesystem::path run() const { return folder_.path() / "run"; }
  PersonSource Source() const {
    return DataSource(DatasetSpec(options_.data), {SmallSetting().body, SmallSetting().prior});
  }
  std::vector<FitInput> Inputs() const {
    std::vector<FitInput> inputs;
    Source()([&](FitInput input) { inputs.push_back(std::move(input)); });
    return inputs;
  }
  // What the run's network says of them as in training: crops of the loader, all in one batch.
  std::vector<BodyParams> SaidInTraining() const {
    TrainOptions all = options_;
    all.batch_size = 7;
    LoaderOptions loading = LoaderOptions::Evaluation(7, all.network.image_px);
    loading.picture = PictureFor(all.network.input);
    loading.workers = 0;
    const SceneSources sources{SmallSetting().body, SmallSetting().prior};
    TrainedNetwork trained = LoadKeypointNetwork(run(), SmallSetting().body, at::kCPU);
    return trained.Predict(Loader(OpenMixture(all.data, sources), loading).Next());
  }

  const TrainOptions options_ = SmallTraining();
  TempFolder folder_;
};

TEST_F(NetworkStartTest, EverybodyStartsAsTheNetworkSawThemInTraining) {
  std::vector<FitInput> inputs = Inputs();
  ASSERT_EQ(inputs.size(), 7u);
  const auto network = OpenNetworkStart(run(), SmallSetting().body);
  EXPECT_FALSE(network->needs_pictures());
  network->SetStarts(2, &inputs);
  const std::vector<BodyParams> expected = SaidInTraining();
  ASSERT_EQ(expected.size(), 7u);
  for (size_t i = 0; i < 7; ++i) {
    const FitProblem& problem = inputs[i].problem;
    EXPECT_TRUE(problem.has_start && problem.start_has_translation) << i;
    const double depth = expected[i].transl().z();
    EXPECT_LT((problem.start.values() - expected[i].values()).norm(), 1e-4 * depth) << i;
  }
  EXPECT_GT((expected[0].values() - expected[3].values()).norm(), 0.1);
}

TEST_F(NetworkStartTest, BytesDependNeitherOnNeighboursNorOnThreads) {
  const auto network = OpenNetworkStart(run(), SmallSetting().body);
  std::vector<FitInput> inputs = Inputs(), fewer = {inputs[5], inputs[2]};
  network->SetStarts(3, &inputs);
  network->SetStarts(1, &fewer);
  EXPECT_EQ(fewer[0].problem.start.values(), inputs[5].problem.start.values());
  EXPECT_EQ(fewer[1].problem.start.values(), inputs[2].problem.start.values());
}

// Of a problem's file: no box, so one of 1.2 times the keypoints' extent. Nobody without keypoints.
TEST_F(NetworkStartTest, WithoutABoxKeypointsMakeOne) {
  FitInput boxless = Inputs()[4];
  boxless.person.box = {Vec2(101.5, 77), 300};
  FitInput boxed = boxless, unseen = boxless;
  boxless.person.box = {};
  for (FitInput* input : {&boxless, &boxed}) {
    // From (20, 30) to (90, 130): a box around (55, 80).
    input->problem.confidence.setZero();
    input->problem.keypoints_px.row(26) << 20, 50;
    input->problem.keypoints_px.row(33) << 90, 30;
    input->problem.keypoints_px.row(41) << 60, 130;
    for (const int i : {26, 33, 41}) input->problem.confidence[i] = 0.5;
    input->person.keypoints.px = input->problem.keypoints_px;
    input->person.keypoints.confidence = input->problem.confidence;
  }
  boxed.person.box = {Vec2(55, 80), 120};
  unseen.person.box = {};
  unseen.problem.confidence.setZero();
  std::vector<FitInput> inputs = {boxless, boxed, unseen};
  OpenNetworkStart(run(), SmallSetting().body)->SetStarts(1, &inputs);
  EXPECT_TRUE(inputs[0].problem.has_start);
  EXPECT_LT((inputs[0].problem.start.values() - inputs[1].problem.start.values()).norm(), 1e-9);
  EXPECT_FALSE(inputs[2].problem.has_start);
}

// The second of two shards of seven: persons 3 to 6.
TEST_F(NetworkStartTest, FitsBeginThere) {
  FitJob job;
  job.body = SmallSetting().body;
  job.prior = SmallSetting().prior;
  job.persons = Source();
  job.survey = SurveyOf(job.persons);
  job.network = OpenNetworkStart(run(), job.body);
  job.threads = 1;
  job.shard = {2, 2};
  const std::filesystem::path out = folder_.path() / "fits.npz";
  EXPECT_EQ(BulkFit(out).Run(job).fitted, 4);
  const Npz npz = ReadNpz(out);
  const std::vector<double> poses = Get(npz, "pose", out).As<double>("pose");
  ASSERT_EQ(poses.size(), 4 * 72u);
  EXPECT_EQ(Get(npz, "index", out).As<int64_t>("index"), (std::vector<int64_t>{3, 4, 5, 6}));
  EXPECT_EQ(Get(npz, "usable", out).As<int64_t>("usable"), (std::vector<int64_t>{1, 1, 1, 1}));
  std::vector<FitInput> inputs = Inputs();
  job.network->SetStarts(1, &inputs);
  const Fitter fitter(job.body, job.prior, job.fit);
  for (int i = 0; i < 4; ++i) {
    const FitResult fit = fitter.Fit(inputs[3 + i].problem);
    EXPECT_EQ(VecX(Eigen::Map<const VecX>(&poses[72 * i], 72)), VecX(fit.params.pose())) << i;
    // Of the 224 pixels of the crop.
    EXPECT_LT(fit.summary.score.reprojection_px * inputs[3 + i].problem.pixel_scale, 12) << i;
  }
}

TEST_F(NetworkStartTest, ANetworkOfSilhouettesIsRefused) {
  TrainOptions options = options_;
  options.network.input = NetworkInput::kSilhouette;
  options.network.image_px = 64;
  const std::filesystem::path path = folder_.path() / "silhouettes";
  MakeSmallRun(options, path);
  EXPECT_THAT(UserErrorOf([&] { OpenNetworkStart(path, SmallSetting().body); }),
              HasSubstr("silhouettes"));
}

}  // namespace
}  // namespace gyre
