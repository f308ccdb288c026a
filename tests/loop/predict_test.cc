// SPDX-License-Identifier: Apache-2.0
// gyre predict without a process: the network's own bodies as rows of gyre fit's file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.h"
#include "io/image.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "loop/bulk/bulk_fit.h"
#include "loop/bulk/network_start.h"
#include "loop/presets/preset.h"
#include "loop/small_training.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// Every preset as a network small enough for a test, of people whose pictures are rendered.
TrainOptions SmallOf(const std::string& preset) {
  TrainOptions o = TrainOptions::Preset(preset);
  o.data = "synth:?name=people&count=3&seed=5&joints=any&noise=3&frame=96";
  if (o.network.keypoints != "spin49") o.data += "&set=" + o.network.keypoints;
  o.val = "";
  o.network.width = 8;
  if (o.network.backbone == Backbone::kResNet50) o.network.backbone = Backbone::kResNet18;
  o.network.image_px = 64;
  if (o.network.backbone == Backbone::kBlazePose) {
    o.network.backbone = Backbone::kBlazePoseLite;
    o.network.image_px = 256;
  }
  o.batch_size = 2;
  o.data_shards = 1;
  o.threads = o.fit_threads = 1;
  o.loader_threads = 0;
  o.seed = 11;
  return o;
}

class PredictTest : public testing::Test {
 protected:
  fs::path run() const { return folder_.path() / "run"; }
  fs::path out() const { return folder_.path() / "out.npz"; }

  FitJob JobOf(const PersonSource& persons, const NetworkSetting& setting = SmallSetting()) const {
    FitJob job;
    job.body = setting.body;
    job.prior = setting.prior;
    job.persons = persons;
    job.survey = SurveyOf(job.persons);
    job.network = OpenNetworkStart(run(), job.body);
    job.bodies = BodiesFrom::kNetwork;
    job.threads = 2;
    return job;
  }
  PersonSource SourceOf(const std::string& data,
                        const NetworkSetting& setting = SmallSetting()) const {
    return DataSource(DatasetSpec(data), {setting.body, setting.prior});
  }
  // Row i of a column of the result.
  VecX Row(const char* key, int i, int width) const {
    const std::vector<double> values = Get(ReadNpz(out()), key, out()).As<double>(key);
    return Eigen::Map<const VecX>(&values.at(static_cast<size_t>(i) * width), width);
  }

  TempFolder folder_;
};

// What Validator asks: the learner's own network, not folded, on a batch of the loader.
std::vector<BodyParams> SaidInValidation(Learner& learner, const TrainOptions& options) {
  LoaderOptions loading = LoaderOptions::Evaluation(3, options.network.image_px);
  BringInput(options.network, &loading);
  loading.workers = 0;
  const SceneSources sources{SettingOf(options).body, SettingOf(options).prior};
  return learner.Predict(Loader(OpenMixture(options.data, sources), loading).Next());
}

TEST_F(PredictTest, EveryPresetsBodiesAreThoseOfItsValidation) {
  for (const Preset& preset : Presets()) {
    const TrainOptions own = preset.train();
    if (!own.HasBody()) continue;
    SCOPED_TRACE(preset.name);
    const TrainOptions options = SmallOf(preset.name);
    fs::remove_all(run());
    fs::remove(out());
    const auto learner = MakeSmallRun(options, run());
    const std::vector<BodyParams> expected = SaidInValidation(*learner, options);
    ASSERT_EQ(expected.size(), 3u);
    // Rotations that are solved for, from joints that an untrained network puts anywhere, make
    // thousands of times as much of rounding (here batch norms are folded).
    const std::string& head = options.network.head;
    const double near_rad = head == "ik" ? 0.2 : head == "c2f" ? 1e-4 : 1e-5;
    const NetworkSetting& setting = SettingOf(options);
    const int num_pose = setting.body->layout->num_pose();
    const FitReport report = BulkFit(out()).Run(JobOf(SourceOf(options.data, setting), setting));
    EXPECT_EQ(report.fitted, 3);
    EXPECT_THAT(Get(ReadNpz(out()), "usable", out()).As<int>(), ElementsAre(1, 1, 1));
    for (int i = 0; i < 3; ++i) {
      EXPECT_LT((Row("pose", i, num_pose) - expected[i].pose()).cwiseAbs().maxCoeff(), near_rad)
          << i;
      EXPECT_LT((Row("betas", i, 10) - expected[i].betas()).cwiseAbs().maxCoeff(), 1e-5) << i;
      const Vec3 place = expected[i].transl();  // metres, hundreds of them: relative
      EXPECT_LT((Row("transl", i, 3) - place).norm(), 5e-5 * place.norm()) << i;
    }
    EXPECT_GT((expected[0].values() - expected[1].values()).norm(), 1e-3);
  }
}

TEST_F(PredictTest, KeypointsMeasureWhatTheNetworkSays) {
  const TrainOptions options = SmallTraining();
  MakeSmallRun(options, run());
  BulkFit(out()).Run(JobOf(SourceOf(options.data)));
  std::vector<FitInput> inputs;
  SourceOf(options.data)([&](FitInput input) { inputs.push_back(std::move(input)); });
  OpenNetworkStart(run(), SmallSetting().body)->SetStarts(1, &inputs);
  const Fitter fitter(SmallSetting().body, SmallSetting().prior, FitOptions());
  for (int i = 0; i < 7; ++i) {
    const FitScore score = fitter.Score(inputs[i].problem, inputs[i].problem.start);
    EXPECT_DOUBLE_EQ(Row("reprojection_px", i, 1)[0], score.reprojection_px);
    EXPECT_DOUBLE_EQ(Row("score_px2", i, 1)[0], score.score_px2);
    EXPECT_TRUE(std::isnan(Row("objective", i, 1)[0]));  // nothing was minimised
  }
  const Npz npz = ReadNpz(out());
  EXPECT_THAT(Get(npz, "run", out()).strings[0],
              AllOf(HasSubstr("\"network\""), testing::Not(HasSubstr("fit.sigma_px"))));
}

// Nobody without a box, a picture or one that can be read stops the others.
TEST_F(PredictTest, WhoCannotBeSeenIsRefusedWithTheReason) {
  TrainOptions options = SmallOf("small");
  MakeSmallRun(options, run());
  std::vector<FitInput> inputs(5);
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].person.box = {Vec2(40, 30), 50};
    inputs[i].person.image = "p" + std::to_string(i);
    inputs[i].person.image_path = (folder_.path() / "picture.png").string();
    inputs[i] = InputOf(inputs[i].person);
  }
  WriteImage(folder_.path() / "picture.png", cv::Mat(60, 80, CV_8UC3, cv::Scalar(9, 80, 200)));
  folder_.Write("broken.png", "no picture");
  inputs[1].person.image_path = (folder_.path() / "broken.png").string();
  inputs[2].person.image_path.clear();
  inputs[3].person.box = {};
  const PersonSource source = [&](const auto& sink) {
    for (const FitInput& input : inputs) sink(input);
  };
  EXPECT_TRUE(BulkFit(out()).Run(JobOf(source)).finished);
  const Npz npz = ReadNpz(out());
  EXPECT_THAT(Get(npz, "usable", out()).As<int>(), ElementsAre(1, 0, 0, 0, 1));
  EXPECT_THAT(Get(npz, "reason", out()).strings,
              ElementsAre("ok", "unreadable_picture", "no_picture", "no_box", "ok"));
  EXPECT_TRUE(Row("pose", 0, 72).allFinite());
  EXPECT_TRUE(Row("pose", 1, 72).array().isNaN().all());
  EXPECT_EQ(Row("pose", 0, 72), Row("pose", 4, 72));
  EXPECT_TRUE(std::isnan(Row("reprojection_px", 0, 1)[0]));  // no keypoints to measure with
}

// Chunks of 16 a thread; a stop in between and the rest, on another number of threads.
TEST_F(PredictTest, GoesOnWhereItWasStopped) {
  TrainOptions options = SmallTraining();
  MakeSmallRun(options, run());
  const PersonSource source = SourceOf("synth:?name=people&count=40&seed=5&joints=any");
  BulkFit(out()).Run(JobOf(source));
  const std::string whole = ReadFile(out());
  fs::remove(out());
  FitJob job = JobOf(source);
  int chunks = 0;
  job.threads = 1;
  job.stop = [&] { return ++chunks > 1; };
  EXPECT_FALSE(BulkFit(out()).Run(job).finished);
  const FitReport rest = BulkFit(out()).Run(JobOf(source));
  EXPECT_TRUE(rest.finished);
  EXPECT_EQ(rest.fitted, 24);
  EXPECT_EQ(ReadFile(out()), whole);
}

}  // namespace
}  // namespace gyre
