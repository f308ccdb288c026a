// SPDX-License-Identifier: Apache-2.0
#include "loop/training/fit_quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/rng.h"
#include "datasets/scenes/synthetic.h"
#include "fitting/person_problem.h"
#include "fitting/quality.h"
#include "io/io_test_util.h"
#include "loop/report/unlikely_fits.h"
#include "loop/small_training.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Some of a set's people under another name, rows 3 p + 2. Where `tangled` is, the keypoints are a
// tangled ball's; `without_picture` has no picture that can be read.
class OddDataset : public Dataset {
 public:
  OddDataset(std::shared_ptr<const Dataset> all, std::string name, int64_t first, int64_t count)
      : all_(std::move(all)), name_(std::move(name)), first_(first), count_(count) {}
  const std::string& name() const override { return name_; }
  int64_t size() const override { return count_; }
  Person Get(int64_t position) const override {
    Person person = all_->Get(first_ + position);
    person.dataset = name_;
    person.index = 3 * position + 2;
    person.image = "folder/picture " + std::to_string(position);
    if (position == tangled) person.keypoints.px = ball_px;
    return person;
  }
  ImageBuffer LoadImage(const Person& person) const override {
    const int64_t position = (person.index - 2) / 3;
    if (position == without_picture) ThrowUserError("no picture");
    return all_->LoadImage(all_->Get(first_ + position));
  }

  int64_t tangled = -1, without_picture = -1;
  Points2 ball_px;

 private:
  std::shared_ptr<const Dataset> all_;
  std::string name_;
  int64_t first_, count_;
};

// Two sets, of five people and of two. Of the first the fits are the truth but of who stands at
// position 3: theirs is a tangled ball that lies on its keypoints. Of the second the first has no
// fit, and the other's is known to be true.
class FitQualityTest : public testing::Test {
 protected:
  FitQualityTest() {
    SceneOptions scene;
    scene.count = 7;
    scene.seed = 4;
    scene.noise = KeypointNoise::None();
    const auto all =
        std::make_shared<SyntheticDataset>(SmallSetting().body, SmallSetting().prior, scene);
    first_ = std::make_shared<OddDataset>(all, "first", 0, 5);
    second_ = std::make_shared<OddDataset>(all, "second", 5, 2);
    const Person person = first_->Get(3);
    ball_ = *person.params;
    Rng rng(1, RngStream::kTest);
    for (int k = 1; k < ball_.num_joints(); ++k) {
      ball_.rotation(k) = 1.5 * Vec3(rng.Normal(), rng.Normal(), rng.Normal());
    }
    first_->ball_px = person.keypoints.px;
    const Points3 joints = fitter_->Joints(ball_);
    for (int i = 0; i < joints.rows(); ++i) {
      if (person.keypoints.confidence[i] == 0) continue;
      first_->ball_px.row(i) = person.camera->Project(joints.row(i).transpose()).transpose();
    }
    first_->tangled = 3;
    data_.sets = {first_, second_};
    data_.weights = {0.5, 0.5};
    data_.CheckAndNormalise();
  }

  std::unique_ptr<Supervisor> Make(const DataShards& shards = {}) const {
    auto supervisor = std::make_unique<Supervisor>(
        fitter_,
        FitStore(StorePolicy(),
                 FitFile::InMemory({RowsOf(*first_), RowsOf(*second_)}, *fitter_->body().layout)),
        Supervision::kStatic, /*use_labels=*/false, 1, RefreshPolicy(), shards);
    for (int64_t i = 0; i < first_->size(); ++i) {
      const Person person = first_->Get(i);
      Store(person, i == 3 ? ball_ : *person.params, FitSource::kLoop, supervisor.get());
    }
    Store(second_->Get(1), *second_->Get(1).params, FitSource::kTruth, supervisor.get());
    return supervisor;
  }

  double QualityAt(int64_t position) const {
    const Person person = first_->Get(position);
    const FitProblem problem = ProblemInCrop(person);
    FitResult fit;
    fit.params = position == 3 ? ball_ : *person.params;
    fit.summary.usable = true;
    fit.summary.score = fitter_->Score(problem, fit.params);
    fit.summary.per_joint_error_px = fitter_->JointErrors(problem, fit.params);
    return QualityJudge(*fitter_)(problem, fit);
  }

  static void Store(const Person& person, const BodyParams& params, FitSource source,
                    Supervisor* supervisor) {
    StoredFit fit(*supervisor->fitter().body().layout);
    fit.params = params;
    fit.camera = ProblemInCrop(person).camera;
    fit.source = source;
    supervisor->store().Consider({person.dataset, person.index}, fit);
  }

  const std::shared_ptr<const Fitter> fitter_ =
      std::make_shared<Fitter>(SmallSetting().body, SmallSetting().prior, FitOptions::Default());
  std::shared_ptr<OddDataset> first_, second_;
  BodyParams ball_;
  Mixture data_;
  Ranks alone_;
};

TEST_F(FitQualityTest, ATangledFitComesFirst) {
  const FitQuality quality = JudgeFits(*Make(), data_, {.lowest = 2}, &alone_);
  EXPECT_EQ(quality.fits, 5);
  ASSERT_EQ(quality.lowest.size(), 2u);
  const UnlikelyFit& worst = quality.lowest[0];
  EXPECT_EQ(worst.set_idx, 0);
  EXPECT_EQ(worst.position, 3);
  EXPECT_LT(worst.quality, 0.5);
  EXPECT_LT(worst.robust_px2, 1);  // as it lies on its keypoints
  EXPECT_LT((worst.params.values() - ball_.values()).norm(), 1e-5);
  double mean = 0, below = 0;
  std::vector<double> all;
  for (int64_t i = 0; i < 5; ++i) {
    all.push_back(QualityAt(i));
    mean += all.back() / 5;
    below += all.back() < 0.5 ? 0.2 : 0;
  }
  std::ranges::sort(all);
  EXPECT_NEAR(worst.quality, all[0], 1e-4);  // the store is of single precision
  EXPECT_NEAR(quality.lowest[1].quality, all[1], 1e-4);
  EXPECT_NEAR(quality.mean, mean, 1e-4);
  EXPECT_NEAR(quality.below_half, below, 1e-12);
  const nlohmann::json json = DescribeQuality(quality);
  EXPECT_EQ(json["train_fits_quality_mean"], quality.mean);
  EXPECT_EQ(json["train_fits_quality_below_half"], quality.below_half);
}

// Three of seven: positions 0, 2 and 4. And of two ranks the second has 1 and 3.
TEST_F(FitQualityTest, IsOfRowsEvenlyTakenAndOwn) {
  const auto positions = [](const FitQuality& quality) {
    std::vector<int64_t> found;
    for (const UnlikelyFit& fit : quality.lowest) found.push_back(fit.position);
    std::ranges::sort(found);
    return found;
  };
  EXPECT_THAT(positions(JudgeFits(*Make(), data_, {.rows = 3}, &alone_)), ElementsAre(0, 2, 4));
  EXPECT_THAT(positions(JudgeFits(*Make(DataShards{2, 2, 1}), data_, {}, &alone_)),
              ElementsAre(1, 3));
}

TEST_F(FitQualityTest, WithoutFitsThereIsNone) {
  const FitQuality quality = JudgeFits(*Make(), MixtureOf(second_), {}, &alone_);
  EXPECT_EQ(quality.fits, 0);
  EXPECT_TRUE(DescribeQuality(quality).empty());
  TempFolder folder;
  const RunDirectory run(folder.path() / "run", /*resume=*/false);
  WriteUnlikelyFits(run, quality, data_, fitter_->body(), 8);
  EXPECT_FALSE(fs::exists(run.root() / kUnlikelyFitsFile));
  EXPECT_TRUE(UnlikelySection(run, nlohmann::json::object()).table.rows.empty());
}

TEST_F(FitQualityTest, ARunShowsThem) {
  FitQuality quality = JudgeFits(*Make(), data_, {.lowest = 3}, &alone_);
  quality.lowest[1].robust_px2 = std::numeric_limits<double>::infinity();
  first_->without_picture = quality.lowest[1].position;
  TempFolder folder;
  const RunDirectory run(folder.path() / "run", /*resume=*/false);
  WriteUnlikelyFits(run, quality, data_, fitter_->body(), 3);
  const std::string lines = ReadFile(run.root() / kUnlikelyFitsFile);
  const auto line = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(line["dataset"], "first");
  EXPECT_EQ(line["row"], 11);  // 3 * 3 + 2
  EXPECT_EQ(line["image"], "folder/picture 3");
  EXPECT_EQ(line["quality"], quality.lowest[0].quality);
  EXPECT_EQ(line["robust_px2"], quality.lowest[0].robust_px2);

  WriteFileAtomically(run.root() / kUnlikelyFitsFile, lines + "{\"dataset\": \"fi");
  const ReportSection section =
      UnlikelySection(run, {{"train_fits_quality_below_half_last", 0.275}});
  EXPECT_THAT(section.intro, HasSubstr("of whom 27.5 % are below 0.5."));
  ASSERT_EQ(section.table.rows.size(), 3u);
  EXPECT_THAT(section.table.rows[0],
              ElementsAre("first 11 (picture 3)", fmt::format("{:.3f}", quality.lowest[0].quality),
                          fmt::format("{:.1f}", quality.lowest[0].robust_px2)));
  EXPECT_EQ(section.table.rows[1][2], "not known");
  ASSERT_EQ(section.pictures.size(), 2u);  // the second has none
  EXPECT_EQ(section.pictures[0].file.filename(), "unlikely_00.jpg");
  EXPECT_EQ(section.pictures[1].file.filename(), "unlikely_02.jpg");
  EXPECT_THAT(section.pictures[0].caption, HasSubstr("first 11 (picture 3): quality 0."));
  // At a later end of the run only the first is drawn.
  WriteUnlikelyFits(run, quality, data_, fitter_->body(), 1);
  EXPECT_EQ(UnlikelySection(run, nlohmann::json::object()).pictures.size(), 1u);

  WriteFileAtomically(run.root() / kUnlikelyFitsFile,
                      "\n[]\n{\"dataset\": 5, \"row\": \"x\", \"quality\": []}\n");
  EXPECT_THAT(UnlikelySection(run, nlohmann::json::object()).table.rows,
              ElementsAre(ElementsAre(" not known", "not known", "not known")));
}

}  // namespace
}  // namespace gyre
