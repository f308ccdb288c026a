// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "core/file.h"
#include "io/io_test_util.h"
#include "io/zip.h"
#include "loop/small_training.h"
#include "loop/training/predictor.h"
#include "regressor/torch_file.h"

namespace gyre {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void TrainSteps(Learner& learner, const Batch& batch, int64_t from, int64_t to) {
  LabelTeacher teacher(/*use_labels=*/true);
  Ranks alone;
  for (int64_t step = from; step <= to; ++step) learner.Step(batch, step, teacher, alone);
}

std::set<std::string> KeysOf(const TorchValue& dict) {
  std::set<std::string> keys;
  for (const auto& [key, value] : dict.AsDict("dict")) keys.insert(key);
  return keys;
}

class CheckpointTest : public testing::TestWithParam<const char*> {
 protected:
  CheckpointTest() {
    options_ = std::string(GetParam()) == "hmr" ? SmallTraining() : SmallLifting();
    batch_ = SmallBatch(options_);
  }
  std::string NetworkFile() const { return (folder_.path() / "network.pt").string(); }

  TempFolder folder_;
  TrainOptions options_;
  Batch batch_;
};

TEST_P(CheckpointTest, TrainingGoesOnAsIfItHadNotStopped) {
  const auto straight = SmallLearner(options_);
  TrainSteps(*straight, batch_, 1, 2);
  WriteCheckpoint(folder_.path(), {2, 12.75}, straight->trained());
  const StateDict at_two = WeightsOf(*straight);
  TrainSteps(*straight, batch_, 3, 4);

  TrainOptions other = options_;
  other.seed = 77;  // begins elsewhere; what it learned before counts for nothing
  const auto resumed = SmallLearner(other);
  TrainSteps(*resumed, batch_, 1, 1);
  const CheckpointState state = ReadCheckpoint(folder_.path(), resumed->trained());
  EXPECT_EQ(state.step, 2);
  EXPECT_EQ(state.train_seconds, 12.75);
  EXPECT_EQ(Distance(WeightsOf(*resumed), at_two), 0);
  const auto with_seed = SmallLearner(options_);  // the seed of dropout is the run's
  ReadCheckpoint(folder_.path(), with_seed->trained());
  TrainSteps(*with_seed, batch_, 3, 4);
  EXPECT_EQ(Distance(WeightsOf(*with_seed), WeightsOf(*straight)), 0);
  EXPECT_GT(Distance(WeightsOf(*with_seed), at_two), 1e-4);
}

TEST_P(CheckpointTest, ADamagedOneIsToldAndChangesNothing) {
  const auto learner = SmallLearner(options_);
  TrainSteps(*learner, batch_, 1, 1);
  WriteCheckpoint(folder_.path(), {1, 1}, learner->trained());
  const StateDict before = WeightsOf(*learner);
  TrainSteps(*learner, batch_, 2, 2);
  const StateDict now = WeightsOf(*learner);
  const auto fails = [&](const char* says) {
    EXPECT_THAT(UserErrorOf([&] { ReadCheckpoint(folder_.path(), learner->trained()); }),
                AllOf(HasSubstr(folder_.path().string()), HasSubstr(says)));
    EXPECT_EQ(Distance(WeightsOf(*learner), now), 0);
  };
  WriteFileAtomically(folder_.path() / "state.json", "{\"train_seconds\": \"long\"}");
  fails("state.json: not the state of a checkpoint");
  WriteFileAtomically(folder_.path() / "state.json", "{\"train_seconds\": 3.5}");
  EXPECT_EQ(ReadCheckpoint(folder_.path(), learner->trained()).train_seconds, 3.5);
  EXPECT_EQ(Distance(WeightsOf(*learner), before), 0);
  TrainSteps(*learner, batch_, 2, 2);
  TorchValue file = ReadTorchFile(NetworkFile());
  auto& dict = std::get<TorchValue::Dict>(file.value);
  dict[0].second = "gyre 1";
  WriteTorchFile(NetworkFile(), file);
  fails("another version");
  WriteFileAtomically(NetworkFile(), ReadFile(NetworkFile()).substr(0, 1000));
  fails("network.pt");
}

TEST_P(CheckpointTest, KnowsTheBodyOfItsNetwork) {
  const auto learner = SmallLearner(options_);
  const BodyIdentity body{"smpl.pkl", "extra.npy", "0123abcd"};
  WriteCheckpoint(folder_.path(), {1, 1, body}, learner->trained());
  EXPECT_EQ(BodyOfCheckpoint(folder_.path()), body);
  EXPECT_EQ(ReadCheckpoint(folder_.path(), learner->trained()).body, body);
  WriteFileAtomically(folder_.path() / "state.json", "{\"train_seconds\": 3.5}");
  EXPECT_FALSE(BodyOfCheckpoint(folder_.path()).Known()) << "of an older version";
}

INSTANTIATE_TEST_SUITE_P(Heads, CheckpointTest, testing::Values("hmr", "joints"));

// Names of the tensors of a network that is kept as SPIN keeps it, and of another.
TEST(Checkpoint, FilesOfSpinsNetworkKnowNoParts) {
  const TempFolder folder;
  const TrainOptions hmr = SmallTraining(), lifting = SmallLifting();
  const auto learner = SmallLearner(hmr);
  TrainSteps(*learner, SmallBatch(hmr), 1, 1);
  WriteCheckpoint(folder.path(), {5, 1}, learner->trained());
  const TorchValue file = ReadTorchFile(folder.path() / "network.pt");
  EXPECT_EQ(file.At("format", "f").AsString("f"), "gyre 2");
  EXPECT_EQ(file.At("step", "f").AsInt("f"), 5);
  const std::set<std::string> model = KeysOf(file.At("model", "f"));
  for (const char* name :
       {"enter.linear.weight", "enter.norm.running_var", "block1a.linear.bias",
        "block2b.norm.num_batches_tracked", "fc1.weight", "fc2.bias", "decpose.weight",
        "decshape.bias", "deccam.weight", "init_pose", "init_shape", "init_cam"}) {
    EXPECT_TRUE(model.contains(name)) << name;
  }
  // 5 layers of 2 and norms of 5, fc1, fc2 and three decoders of 2, three starts.
  EXPECT_EQ(model.size(), 5u * 7 + 5 * 2 + 3);
  const std::set<std::string> adam = KeysOf(file.At("adam", "f"));
  EXPECT_EQ(adam.size(), 5u * 4 + 5 * 2);
  EXPECT_TRUE(adam.contains("block1b.norm.weight"));
  EXPECT_EQ(KeysOf(file.At("adam", "f").At("fc1.weight", "f")),
            (std::set<std::string>{"step", "exp_avg", "exp_avg_sq"}));

  const auto lifter = SmallLearner(lifting);
  WriteCheckpoint(folder.path(), {5, 1}, lifter->trained());
  const std::set<std::string> parts =
      KeysOf(ReadTorchFile(folder.path() / "network.pt").At("model", "f"));
  EXPECT_TRUE(parts.contains("encoder.enter.linear.weight"));
  EXPECT_TRUE(parts.contains("head.linear.bias"));
  EXPECT_EQ(parts.size(), 5u * 7 + 2);
}

// A run that gyre of commit bf6b2fd (format "gyre 2", a network without parts) made:
//   gyre train --preset prior18 --data 'synth:?name=people&count=7&seed=5&joints=any&noise=3'
//   --val=
//     --network.width 8 --network.dropout 0 --learning-rate-end 0 --loss.vertices 0 --batch-size 3
//     --threads 1 --fit-threads 1 --loader-threads 0 --log-every 1 --val-every 100
//     --checkpoint-every 1 --keep-checkpoints 9 --pictures 0 --seed 11 --init FILE --steps 3
// from weights of FILE in which hidden units come in two kinds, so that the checkpoint of step 2,
// deflated, is small. The numbers below are its third step's.
class FormerCheckpointTest : public testing::Test {
 protected:
  FormerCheckpointTest() {
    const ZipReader zip(std::filesystem::path("tests/loop/data/gyre2_run.zip"));
    std::filesystem::create_directories(Checkpoint());
    for (const std::string& name : zip.names()) WriteFileAtomically(Run() / name, zip.Read(name));
  }
  std::filesystem::path Run() const { return folder_.path() / "run"; }
  std::filesystem::path Checkpoint() const { return Run() / "checkpoints/000002"; }

  TempFolder folder_;
};

TEST_F(FormerCheckpointTest, GoesOnAsTheFormerProgramDid) {
  const TrainOptions options = OptionsOfRun(Run());
  EXPECT_EQ(options.network.head, "hmr");
  const auto learner = SmallLearner(options);
  EXPECT_EQ(ReadCheckpoint(Checkpoint(), learner->trained()).step, 2);
  const auto value = [&](const char* name, std::vector<int64_t> at) {
    at::Tensor tensor = GetState(*learner->network(), learner->network()->names()).at(name);
    for (const int64_t i : at) tensor = tensor[i];
    return tensor.item<double>();
  };
  EXPECT_EQ(value("deccam.bias", {2}), -0.12243058532476425);
  EXPECT_EQ(value("fc1.weight", {1, 200}), -0.0034877187572419643);
  EXPECT_EQ(value("block1a.norm.running_var", {0}), 1.2276910543441772);

  // Of the prior that shipped then.
  const auto prior = LoadPosePrior("tests/loop/data/former_prior.npz");
  Loader loader(OpenMixture(options.data, {SmallSetting().body, prior}), SmallLoading(options));
  loader.Seek(1, 0);  // two steps make an epoch of seven people
  LabelTeacher teacher(/*use_labels=*/true);
  Ranks alone;
  const StepReport report = learner->Step(loader.Next(), 3, teacher, alone);
  const std::map<std::string, double> terms(report.terms.begin(), report.terms.end());
  EXPECT_NEAR(report.loss, 153.07876586914063, 0.01);
  EXPECT_NEAR(terms.at("betas"), 0.8893292546272278, 1e-4);
  EXPECT_NEAR(terms.at("keypoints_2d"), 0.14363931119441986, 1e-5);
  EXPECT_NEAR(terms.at("keypoints_3d"), 0.2274271696805954, 1e-5);
  EXPECT_NEAR(terms.at("pose"), 0.15176187455654144, 1e-5);
  EXPECT_NEAR(report.gradient_norm, 218.049560546875, 0.1);
  // Where the step led also tells of Adam's state.
  EXPECT_NEAR(value("deccam.bias", {0}), 0.03187559172511101, 1e-5);
  EXPECT_NEAR(value("deccam.bias", {2}), -0.12171217054128647, 1e-5);
  EXPECT_NEAR(value("decshape.weight", {7, 1}), -0.0003228254499845207, 1e-5);
  EXPECT_NEAR(value("decpose.bias", {143}), 0.07141460478305817, 1e-5);
  EXPECT_NEAR(value("fc1.weight", {1, 200}), -0.003199977334588766, 1e-5);
  EXPECT_NEAR(value("fc2.weight", {0, 1}), -0.0009904541075229645, 1e-5);
  EXPECT_NEAR(value("enter.linear.weight", {1, 10}), -0.01944391056895256, 1e-5);
  EXPECT_NEAR(value("block2b.norm.weight", {1}), 0.7060173153877258, 1e-5);
  EXPECT_NEAR(value("block1a.norm.running_var", {0}), 1.2426084280014038, 1e-5);
}

// What is read is written as it was: every byte, so that the former program reads it too.
TEST_F(FormerCheckpointTest, IsWrittenAsTheFormerProgramWroteIt) {
  const auto learner = SmallLearner(OptionsOfRun(Run()));
  const CheckpointState state = ReadCheckpoint(Checkpoint(), learner->trained());
  WriteCheckpoint(folder_.path(), state, learner->trained());
  EXPECT_TRUE(ReadFile(folder_.path() / "network.pt") == ReadFile(Checkpoint() / "network.pt"));
  EXPECT_EQ(ReadFile(folder_.path() / "state.json"), ReadFile(Checkpoint() / "state.json"));
  // And under the names that tensors have in memory it is read as well.
  const StateDict model = GetState(*learner->network(), learner->network()->names());
  WriteTorchFile(folder_.path() / "parts.pt", GetState(*learner->network()));
  const auto other = SmallLearner(SmallTraining());
  LoadNetworkWeights(*other->network(), folder_.path() / "parts.pt", other->network()->names());
  EXPECT_EQ(Distance(GetState(*other->network(), other->network()->names()), model), 0);
}

}  // namespace
}  // namespace gyre
