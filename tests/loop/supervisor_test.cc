// SPDX-License-Identifier: Apache-2.0
#include "loop/training/supervisor.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "core/error.h"
#include "datasets/scenes/synthetic.h"
#include "fitting/person_problem.h"
#include "loop/evaluation/body_errors.h"
#include "loop/training/validation.h"
#include "metrics/shape_errors.h"

namespace gyre {
namespace {

// A few people whose bodies are known, and everything that fits them.
class SupervisorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    body_ = LoadBodyModel("builtin");
    prior_ = LoadPosePrior();
    SceneOptions scene;
    scene.count = 6;
    scene.noise = KeypointNoise::None();
    data_ = std::make_shared<SyntheticDataset>(body_, prior_, scene);
    FitOptions options = FitOptions::Default();
    options.cold_start = ColdStart::kMean;  // from where much can be bettered
    fitter_ = std::make_shared<Fitter>(body_, prior_, options);
  }
  static void TearDownTestSuite() { body_.reset(), prior_.reset(), data_.reset(), fitter_.reset(); }

  Supervisor Make(Supervision supervision, bool use_labels = false) const {
    return Supervisor(fitter_,
                      FitStore(StorePolicy(), FitFile::InMemory({RowsOf(*data_)}, *body_->layout)),
                      supervision, use_labels, 1);
  }
  std::vector<Person> Samples() const {
    std::vector<Person> samples;
    for (int64_t i = 0; i < data_->size(); ++i) samples.push_back(data_->Get(i));
    return samples;
  }
  // Mean PA-MPJPE of the stored fits, mm.
  static double ErrorOf(const Supervisor& supervisor) {
    const auto stored = [&](const Person& sample) -> std::optional<BodyParams> {
      const auto fit = supervisor.store().Get({sample.dataset, sample.index});
      return fit ? std::optional(fit->params) : std::nullopt;
    };
    return TruthErrors(*data_, stored, EvaluationBody(*body_)).Mean();
  }

  static std::shared_ptr<const BodyModel> body_;
  static std::shared_ptr<const PosePrior> prior_;
  static std::shared_ptr<const Dataset> data_;
  static std::shared_ptr<const Fitter> fitter_;
};
std::shared_ptr<const BodyModel> SupervisorTest::body_;
std::shared_ptr<const PosePrior> SupervisorTest::prior_;
std::shared_ptr<const Dataset> SupervisorTest::data_;
std::shared_ptr<const Fitter> SupervisorTest::fitter_;

TEST_F(SupervisorTest, TheStoreStartsEmptyAndIsFilledFromKeypointsAlone) {
  Supervisor supervisor = Make(Supervision::kLoop);
  EXPECT_EQ(supervisor.store().GetStats(1).fits, 0);
  supervisor.MakeInitialFits(*data_);
  EXPECT_GT(supervisor.store().GetStats(1).fits, data_->size() / 2);
}

TEST_F(SupervisorTest, FirstFitsStartWhereTheyAreToldTo) {
  const StartFunction truth = [](std::span<const Person> samples) {
    std::vector<BodyParams> bodies;
    for (const Person& sample : samples) bodies.push_back(*sample.params);
    return bodies;
  };
  const StartFunction astray = [](std::span<const Person> samples) {
    std::vector<BodyParams> bodies;
    for (const Person& sample : samples) {
      bodies.push_back(*sample.params);
      bodies.back().pose().tail<69>() *= -1;  // knees and elbows bend the other way
    }
    return bodies;
  };
  Supervisor wrong = Make(Supervision::kStatic), warm = Make(Supervision::kStatic);
  wrong.MakeInitialFits(*data_, astray);
  warm.MakeInitialFits(*data_, truth);
  EXPECT_LT(ErrorOf(warm), 0.8 * ErrorOf(wrong));
  // A run that was stopped on the way comes to the same fits.
  Supervisor again = Make(Supervision::kStatic);
  int64_t asked = 0;
  again.MakeInitialFits(*data_, [&](std::span<const Person> samples) {
    asked += static_cast<int64_t>(samples.size());
    return truth(samples);
  });
  again.MakeInitialFits(*data_, truth);
  EXPECT_EQ(asked, data_->size());
  EXPECT_EQ(again.store().GetStats(1).mean_score_px2, warm.store().GetStats(1).mean_score_px2);
}

TEST_F(SupervisorTest, GoodPredictionsImproveStoredFitsAndScoresNeverRise) {
  Supervisor supervisor = Make(Supervision::kLoop);
  supervisor.MakeInitialFits(*data_);
  const double before = ErrorOf(supervisor);
  const std::vector<Person> samples = Samples();
  std::vector<double> scores;
  for (const Person& s : samples) {
    const auto fit = supervisor.store().Get({s.dataset, s.index});
    scores.push_back(fit ? fit->score_px2 : std::numeric_limits<double>::infinity());
  }
  std::vector<BodyParams> truth;
  for (const Person& s : samples) truth.push_back(*s.params);
  SupervisionStats stats;
  supervisor.Step(samples, truth, 1, &stats);
  EXPECT_EQ(stats.considered, data_->size());
  EXPECT_GT(stats.updated, 0);
  EXPECT_LT(ErrorOf(supervisor), before);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto fit = supervisor.store().Get({samples[i].dataset, samples[i].index});
    if (fit) {
      EXPECT_LE(fit->score_px2, scores[i]) << i;
    }
  }
}

TEST_F(SupervisorTest, StaticFitsAreNeverImproved) {
  Supervisor supervisor = Make(Supervision::kStatic);
  supervisor.MakeInitialFits(*data_);
  const std::vector<Person> samples = Samples();
  const std::vector<BodyParams> predictions(samples.size(), BodyParams(SmplLayout()));
  SupervisionStats stats;
  const auto targets = supervisor.Step(samples, predictions, 1, &stats);
  EXPECT_EQ(stats.considered, 0);
  EXPECT_EQ(stats.updated, 0);
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto fit = supervisor.store().Get({samples[i].dataset, samples[i].index});
    EXPECT_EQ(targets[i].valid, fit && supervisor.store().Accepted(samples[i].dataset, *fit));
    if (fit) {
      EXPECT_EQ(targets[i].params.pose(), fit->params.pose());
    }
  }
}

// Keypoints do not tell how stout people are.
TEST_F(SupervisorTest, FirstFitsByMasksKnowTheShapeAndStay) {
  const auto girth_error = [&](const Supervisor& supervisor) {
    Meter errors;
    for (const Person& s : Samples()) {
      const auto fit = supervisor.store().Get({s.dataset, s.index});
      if (!fit) continue;
      errors.Add(ErrorsOf(MeasureShape(*body_, fit->params.shape()),
                          MeasureShape(*body_, s.params->shape()))
                     .girth_mm);
    }
    return errors.Mean();
  };
  Supervisor keypoints = Make(Supervision::kLoop), masks = Make(Supervision::kLoop);
  masks.UseMasks({});
  keypoints.MakeInitialFits(*data_);
  masks.MakeInitialFits(*data_);
  EXPECT_LT(girth_error(masks), 0.75 * girth_error(keypoints));
  const auto kept = [&](const Person& s) { return masks.store().Get({s.dataset, s.index}); };
  const std::vector<Person> samples = Samples();
  std::vector<StoredFit> before;
  std::vector<BodyParams> truth;
  int64_t by_mask = 0;
  for (const Person& s : samples) {
    truth.push_back(*s.params);
    before.push_back(kept(s).value_or(StoredFit()));
    by_mask += before.back().source == FitSource::kMasks;
  }
  EXPECT_GE(by_mask, 4);
  SupervisionStats stats;
  masks.Step(samples, truth, 1, &stats);
  EXPECT_EQ(stats.considered, std::ssize(samples) - by_mask);
  for (size_t i = 0; i < samples.size(); ++i) {
    if (before[i].source != FitSource::kMasks) continue;
    EXPECT_EQ(kept(samples[i])->params.values(), before[i].params.values()) << i;
  }
}

// Nobody has a mask, or one that cannot be read.
class MasklessDataset : public Dataset {
 public:
  MasklessDataset(std::shared_ptr<const Dataset> data, bool broken)
      : data_(std::move(data)), broken_(broken) {}
  const std::string& name() const override { return data_->name(); }
  int64_t size() const override { return data_->size(); }
  Person Get(int64_t position) const override { return data_->Get(position); }
  ImageBuffer LoadImage(const Person& person) const override { return data_->LoadImage(person); }
  bool HasSilhouette(const Person&) const override { return broken_; }

 private:
  std::shared_ptr<const Dataset> data_;
  bool broken_;
};

TEST_F(SupervisorTest, WhoHasNoMaskIsFittedByKeypoints) {
  Supervisor keypoints = Make(Supervision::kLoop);
  keypoints.MakeInitialFits(*data_);
  for (const bool broken : {false, true}) {
    Supervisor masks = Make(Supervision::kLoop);
    masks.UseMasks({});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    masks.MakeInitialFits(MasklessDataset(data_, broken));
    spdlog::default_logger()->flush();
    const std::string told =
        testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    const std::string none = "masks of 0 of 6 people, with a say in 0 first fits; ";
    EXPECT_NE(told.find(none + (broken ? "some cannot be read, such as: data set "
                                       : "synthetic scenes (synth:) and SPIN's files")),
              std::string::npos)
        << told;
    for (const Person& s : Samples()) {
      const FitStore::Key key = {s.dataset, s.index};
      EXPECT_EQ(masks.store().Get(key), keypoints.store().Get(key));
    }
  }
}

TEST_F(SupervisorTest, ConvergedFitsAreTriedAgainNowAndThen) {
  RefreshPolicy refresh;
  refresh.every = 4;
  refresh.after_steps = 10;
  Supervisor supervisor(
      fitter_, FitStore(StorePolicy(), FitFile::InMemory({RowsOf(*data_)}, *body_->layout)),
      Supervision::kLoop, /*use_labels=*/false, 1, refresh);
  supervisor.MakeInitialFits(*data_);
  const std::vector<Person> samples = Samples();
  std::vector<BodyParams> truth;
  for (const Person& s : samples) truth.push_back(*s.params);
  SupervisionStats stats;
  supervisor.Step(samples, truth, 10, &stats);
  EXPECT_EQ(stats.considered, data_->size());  // the first fits are of step 0
  int64_t fitted = 0;
  constexpr int kSteps = 40;
  for (int step = 21; step < 21 + kSteps; ++step) {
    supervisor.Step(samples, truth, step, &stats);
    fitted += stats.considered;
  }
  const int64_t visits = kSteps * data_->size();
  EXPECT_GT(fitted, visits / 8);
  EXPECT_LT(fitted, visits / 2);
  refresh.every = 0;
  EXPECT_THROW(refresh.Check(), UserError);
}

TEST_F(SupervisorTest, DelayedFitsEnterTheStoreSoManyStepsLater) {
  RefreshPolicy refresh;
  refresh.delay_steps = 2;
  Supervisor delayed(fitter_,
                     FitStore(StorePolicy(), FitFile::InMemory({RowsOf(*data_)}, *body_->layout)),
                     Supervision::kLoop, /*use_labels=*/false, 1, refresh);
  Supervisor at_once = Make(Supervision::kLoop);
  const std::vector<Person> samples = Samples();
  std::vector<BodyParams> truth;
  for (const Person& s : samples) truth.push_back(*s.params);
  SupervisionStats stats;
  at_once.Step(samples, truth, 1, &stats);
  EXPECT_GT(stats.updated, 0);
  const double expected = ErrorOf(at_once);
  for (int step = 1; step <= 2; ++step) {
    delayed.Step(samples, truth, step, &stats);
    EXPECT_EQ(stats.updated, 0);
    EXPECT_EQ(delayed.store().GetStats(1).fits, 0);
  }
  delayed.Step(samples, truth, 3, &stats);
  EXPECT_GT(stats.updated, 0);
  EXPECT_EQ(ErrorOf(delayed), expected);
  EXPECT_EQ(delayed.store().Get({samples[0].dataset, samples[0].index})->step, 1);
  delayed.Finish();
  EXPECT_EQ(ErrorOf(delayed), expected);  // the later rounds found nothing better
  refresh.delay_steps = -1;
  EXPECT_THROW(refresh.Check(), UserError);
}

// The log's number is of what the store holds, whatever the network says.
TEST_F(SupervisorTest, ReprojectionIsTheStoredFitsMeanError) {
  Supervisor supervisor = Make(Supervision::kStatic);
  const std::vector<Person> samples = Samples();
  SupervisionStats stats;
  supervisor.Step(samples, {}, 1, &stats);
  EXPECT_TRUE(std::isnan(stats.reprojection_px));  // nothing is stored yet
  supervisor.MakeInitialFits(*data_);
  supervisor.Step(samples, {}, 1, &stats);
  double sum = 0;
  int accepted = 0, stored = 0;
  for (const Person& sample : samples) {
    const auto fit = supervisor.store().Get({sample.dataset, sample.index});
    if (!fit) continue;
    ++stored;
    sum += fitter_->Score(ProblemInCrop(sample), fit->params).reprojection_px;
    accepted += supervisor.store().Accepted(sample.dataset, *fit) ? 1 : 0;
  }
  ASSERT_GT(stored, 3);
  EXPECT_EQ(stats.reprojection_px, sum / stored);
  EXPECT_EQ(stats.accepted_share, accepted / 6.0);
}

TEST_F(SupervisorTest, LabelsTeachOnlyWhenAsked) {
  const std::vector<Person> samples = Samples();
  const std::vector<BodyParams> predictions(samples.size(), BodyParams(SmplLayout()));
  SupervisionStats stats;
  Supervisor with = Make(Supervision::kTruth);
  for (const Target& target : with.Step(samples, predictions, 1, &stats)) EXPECT_TRUE(target.valid);
  Supervisor without = Make(Supervision::kReprojection);
  for (const Target& target : without.Step(samples, predictions, 1, &stats)) {
    EXPECT_FALSE(target.valid);
  }
}

TEST_F(SupervisorTest, ReferenceAndImageCameraSeeTheSamePerson) {
  Person sample = data_->Get(0);
  for (const bool known : {true, false}) {
    if (!known) sample.camera.reset();
    const CropMap crop(sample.box, kReferenceCropPx);
    const Vec3 point(0.1, -0.2, 4);
    EXPECT_LT((crop.CropFromImage(ImageCamera(sample).Project(point)) -
               ReferenceCamera(sample).Project(point))
                  .norm(),
              1e-9);
  }
}

// Keeps two limb joints of everybody back.
class HidingDataset : public Dataset {
 public:
  explicit HidingDataset(std::shared_ptr<const Dataset> all) : all_(std::move(all)) {}
  const std::string& name() const override { return all_->name(); }
  int64_t size() const override { return all_->size(); }
  Person Get(int64_t position) const override {
    Person sample = all_->Get(position);
    HoldOutLimbJoints(2, /*seed=*/0, &sample);
    return sample;
  }
  ImageBuffer LoadImage(const Person& sample) const override { return all_->LoadImage(sample); }

 private:
  std::shared_ptr<const Dataset> all_;
};

TEST_F(SupervisorTest, ANetworkIsMeasuredByTheJointsKeptBack) {
  const auto hiding = std::make_shared<HidingDataset>(data_);
  LoaderOptions loading = LoaderOptions::Evaluation(4, 32);
  loading.picture = LoaderPicture::kNone;
  const auto held_out_median = [&](const std::shared_ptr<const Dataset>& data, double along_x_m) {
    Validator validator(
        MixtureOf(data), loading,
        std::make_unique<Supervisor>(
            fitter_, FitStore(StorePolicy(), FitFile::InMemory({RowsOf(*data)}, *body_->layout)),
            Supervision::kReprojection, /*use_labels=*/false, 1));
    const PredictFunction moved_truth = [&](const Batch& batch) {
      std::vector<BodyParams> bodies;
      for (const Person& sample : batch.samples) {
        bodies.push_back(*sample.params);
        bodies.back().transl().x() += along_x_m;
      }
      return bodies;
    };
    Ranks alone;
    return validator.Run(moved_truth, 1, /*with_vertices=*/false, &alone)
        .value("val_network_held_out_median", -1.0);
  };
  EXPECT_NEAR(held_out_median(hiding, 0), 0, 1e-9);
  // A person is some 1.7 m tall, and fills the box's side but for its margins.
  EXPECT_NEAR(held_out_median(hiding, 0.2), 0.1, 0.05);
  EXPECT_EQ(held_out_median(data_, 0.2), -1.0);  // nothing is kept back: no such entry
}

// The same people, of whom nobody sees the second.
class UnseenDataset : public Dataset {
 public:
  explicit UnseenDataset(std::shared_ptr<const Dataset> all) : all_(std::move(all)) {}
  const std::string& name() const override { return all_->name(); }
  int64_t size() const override { return all_->size(); }
  Person Get(int64_t position) const override {
    Person person = all_->Get(position);
    if (position == 1) person.keypoints.confidence.setZero();
    return person;
  }
  ImageBuffer LoadImage(const Person& person) const override { return all_->LoadImage(person); }

 private:
  std::shared_ptr<const Dataset> all_;
};

TEST_F(SupervisorTest, WhoHasNoFitHasNoneThatIsAccepted) {
  const auto data = std::make_shared<UnseenDataset>(data_);
  LoaderOptions loading = LoaderOptions::Evaluation(4, 32);
  loading.picture = LoaderPicture::kNone;
  Validator validator(
      MixtureOf(data), loading,
      std::make_unique<Supervisor>(
          fitter_, FitStore(StorePolicy(), FitFile::InMemory({RowsOf(*data)}, *body_->layout)),
          Supervision::kLoop, /*use_labels=*/false, 1));
  const PredictFunction truth = [](const Batch& batch) {
    std::vector<BodyParams> bodies;
    for (const Person& sample : batch.samples) bodies.push_back(*sample.params);
    return bodies;
  };
  Ranks alone;
  const nlohmann::json json = validator.Run(truth, 1, /*with_vertices=*/true, &alone);
  EXPECT_EQ(json["val_samples"], 6);
  EXPECT_LT(json["val_network_pve_mm"].get<double>(), 1e-3);
  EXPECT_EQ(json["val_network_tpose_mm"], 0);
  EXPECT_EQ(json["val_network_girth_mm"], 0);
  EXPECT_GT(json["val_fits_tpose_mm"].get<double>(), 1);  // keypoints do not tell
  EXPECT_DOUBLE_EQ(json["val_fits_accepted_share"].get<double>(), 5 / 6.0);
  EXPECT_LT(json["val_fits_reprojection_px"].get<double>(), 5);
  ASSERT_EQ(validator.samples().size(), 6u);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(validator.samples()[i].fit.has_value(), i != 1) << i;
}

TEST(LabelTeacher, KnowsTheLabelsAndNoFits) {
  std::vector<Person> samples(3);
  samples[1].params = BodyParams(SmplLayout());
  samples[1].params->betas()[4] = 0.625;
  SupervisionStats stats;
  stats.considered = 9;
  LabelTeacher with(/*use_labels=*/true), without(/*use_labels=*/false);
  const std::vector<Target> targets = with.Step(samples, {}, 7, &stats);
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_FALSE(targets[0].valid);
  EXPECT_TRUE(targets[1].valid);
  EXPECT_FALSE(targets[2].valid);
  EXPECT_EQ(targets[1].params.betas()[4], 0.625);
  EXPECT_EQ(targets[1].rotation_sd_rad.size(), 0);
  EXPECT_EQ(stats.considered, 0);
  EXPECT_EQ(stats.accepted_share, 0);
  EXPECT_TRUE(std::isnan(stats.reprojection_px));
  for (const Target& target : without.Step(samples, {}, 7, &stats)) EXPECT_FALSE(target.valid);
}

TEST(SupervisionTest, NamesAreReadBack) {
  EXPECT_EQ(EnumFromName<Supervision>("static", "supervision"), Supervision::kStatic);
  EXPECT_THROW(EnumFromName<Supervision>("magic", "supervision"), UserError);
  EXPECT_TRUE(NeedsFits(Supervision::kLoop));
  EXPECT_TRUE(NeedsFits(Supervision::kStatic));
  EXPECT_FALSE(NeedsFits(Supervision::kTruth));
  EXPECT_FALSE(NeedsFits(Supervision::kReprojection));
}

}  // namespace
}  // namespace gyre
