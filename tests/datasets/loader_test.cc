// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "body/body_parts.h"
#include "core/error.h"
#include "datasets/dataset_spec.h"
#include "datasets/dataset_test_util.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

LoaderOptions SmallOptions(int workers) {
  LoaderOptions options;
  options.batch_size = 5;
  options.crop_px = 16;
  options.workers = workers;
  options.prefetch_batches = 3;
  options.seed = 7;
  return options;
}

Mixture TwoSets() {
  return {{std::make_shared<FlatDataset>("a", 11), std::make_shared<FlatDataset>("b", 40)},
          {0.3, 0.7}};
}

void ExpectEqual(const Batch& a, const Batch& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.pixels, b.pixels);
  for (int i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a.samples[i].index, b.samples[i].index);
    EXPECT_EQ(a.samples[i].dataset, b.samples[i].dataset);
    EXPECT_EQ(a.augmentations[i].rotation_rad, b.augmentations[i].rotation_rad);
    EXPECT_EQ(a.keypoints[i].px, b.keypoints[i].px);
  }
}

TEST(Loader, SameBatchesWithAnyNumberOfWorkers) {
  Loader none(TwoSets(), SmallOptions(0));
  EXPECT_EQ(none.steps_per_epoch(), 51 / 5);
  Loader one(TwoSets(), SmallOptions(1)), four(TwoSets(), SmallOptions(4));
  for (int step = 0; step < 25; ++step) {  // over two ends of epochs
    const Batch expected = none.Next();
    EXPECT_EQ(expected.epoch, step / 10);
    EXPECT_EQ(expected.step, step % 10);
    ExpectEqual(one.Next(), expected);
    ExpectEqual(four.Next(), expected);
  }
}

// Seven people whose pictures the data names; that of one may be there.
class NamedPictures : public FlatDataset {
 public:
  explicit NamedPictures(int64_t there) : FlatDataset("named", 7), there_(there) {}
  Person Get(int64_t position) const override {
    Person person = FlatDataset::Get(position);
    person.image_path =
        position == there_ ? picture_.string() : fmt::format("/nowhere/{}", position);
    return person;
  }

 private:
  int64_t there_;
  TempFolder folder_;
  std::filesystem::path picture_ = folder_.Write("picture.png", "is there");
};

TEST(Loader, SaysAtOnceThatPicturesAreElsewhere) {
  const auto open = [](int64_t there, LoaderPicture picture) {
    LoaderOptions options = SmallOptions(0);
    options.picture = picture;
    try {
      Loader(MixtureOf(std::make_shared<NamedPictures>(there)), options);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(open(-1, LoaderPicture::kImage),
            "data set 'named': none of its first pictures is there, as /nowhere/0; give their "
            "folder as images=DIR");
  EXPECT_EQ(open(-1, LoaderPicture::kNone), "");
  EXPECT_EQ(open(5, LoaderPicture::kImage), "");  // the others are left out one by one
}

// The draw is of the position, not of the epoch or the person: no two are alike.
TEST(Loader, EverySampleIsAugmentedInItsOwnWay) {
  Loader loader(MixtureOf(std::make_shared<FlatDataset>("a", 5)), SmallOptions(0));
  std::set<double> scales, gains;
  for (int step = 0; step < 4; ++step) {  // an epoch each
    for (const Augmentation& a : loader.Next().augmentations) {
      gains.insert(a.gains[0]);
      if (std::abs(a.scale - 1) < 0.24) scales.insert(a.scale);  // not clipped
    }
  }
  EXPECT_EQ(gains.size(), 20u);
  EXPECT_GT(scales.size(), 9u);
}

// Batches hold what their samples' pictures and keypoints are in the crops.
TEST(Loader, KeypointsAreInTheCropAndOfThePersonsSet) {
  class CocoDataset : public FlatDataset {
   public:
    CocoDataset() : FlatDataset("coco", 7) {}
    Person Get(int64_t position) const override {
      Person person = FlatDataset::Get(position);
      person.keypoints = Keypoints(FindKeypointSet("coco17"));
      person.keypoints.px.row(7) << 18, 12;
      person.keypoints.confidence[7] = 0.25;
      return person;
    }
  };
  Loader loader(MixtureOf(std::make_shared<CocoDataset>()), SmallOptions(0));
  for (int step = 0; step < 3; ++step) {
    const Batch batch = loader.Next();
    for (int i = 0; i < batch.size(); ++i) {
      const Keypoints& keypoints = batch.keypoints[i];
      EXPECT_EQ(keypoints.set, &FindKeypointSet("coco17"));
      const int elbow = batch.crops[i].flip() ? 8 : 7;
      EXPECT_EQ(keypoints.confidence[elbow], 0.25);
      EXPECT_EQ(keypoints.confidence.sum(), 0.25);
      EXPECT_EQ(keypoints.px.row(elbow).transpose(), batch.crops[i].CropFromImage(Vec2(18, 12)));
    }
  }
}

TEST(Loader, CropsCanBeLargerThanTheBox) {
  const Mixture mixture{{std::make_shared<FlatDataset>("a", 3)}, {1}};
  LoaderOptions options = LoaderOptions::Evaluation(3, 20);
  options.workers = 0;
  const Batch plain = Loader(mixture, options).Next();
  options.box_scale = 1.75;
  const Batch large = Loader(mixture, options).Next();
  for (int i = 0; i < 3; ++i) {
    EXPECT_DOUBLE_EQ(large.crops[i].box().side_px, 1.75 * plain.samples[i].box.side_px);
    EXPECT_EQ(large.crops[i].box().center_px, plain.samples[i].box.center_px);
    EXPECT_EQ(large.samples[i].box.side_px, plain.samples[i].box.side_px);  // the person's own
    for (int k = 0; k < plain.keypoints[i].size(); ++k) {
      if (!plain.keypoints[i].Observed(k)) continue;
      // From the middle of the crop, 9.5 px.
      const Vec2 before = plain.keypoints[i].px.row(k).transpose() - Vec2::Constant(9.5);
      const Vec2 after = large.keypoints[i].px.row(k).transpose() - Vec2::Constant(9.5);
      EXPECT_LT((before - 1.75 * after).norm(), 1e-9);
    }
  }
}

TEST(Loader, SeekContinuesAsIfItHadRun) {
  Loader through(TwoSets(), SmallOptions(0));
  std::vector<Batch> batches;
  for (int i = 0; i < 14; ++i) batches.push_back(through.Next());
  Loader loader(TwoSets(), SmallOptions(3));
  loader.Seek(1, 2);
  ExpectEqual(loader.Next(), batches[12]);
  ExpectEqual(loader.Next(), batches[13]);
  loader.Seek(0, 4);  // back, with batches of the old place under way
  ExpectEqual(loader.Next(), batches[4]);
  EXPECT_THROW(loader.Seek(0, 10), std::logic_error);
}

TEST(Loader, EachSetIsUsedUpBeforeItRepeats) {
  const Mixture mixture = TwoSets();
  const std::vector<SampleRef> order = EpochOrder(mixture, 3, 0, 40000);
  std::vector<int64_t> first_pass;
  int64_t of_a = 0;
  for (const SampleRef& ref : order) {
    of_a += ref.set_idx == 0;
    if (ref.set_idx == 0 && first_pass.size() < 22) first_pass.push_back(ref.index);
  }
  EXPECT_NEAR(of_a, 0.3 * 40000, 400);  // four deviations
  for (const int pass : {0, 1}) {
    const std::set<int64_t> seen(first_pass.begin() + 11 * pass,
                                 first_pass.begin() + 11 * (pass + 1));
    EXPECT_EQ(seen.size(), 11u);
  }
  EXPECT_FALSE(std::equal(first_pass.begin(), first_pass.begin() + 11, first_pass.begin() + 11));
}

TEST(Loader, DrawsEachOfThreeSetsByItsWeight) {
  Mixture mixture = TwoSets();
  mixture.sets.push_back(std::make_shared<FlatDataset>("c", 3));
  mixture.weights = {1, 2.5, 0.5};
  mixture.CheckAndNormalise();
  EXPECT_EQ(mixture.weights, (std::vector<double>{0.25, 0.625, 0.125}));
  EXPECT_EQ(mixture.size(), 54);
  const std::vector<std::pair<double, int>> draws = {{0, 0},    {0.24, 0}, {0.26, 1}, {0.62, 1},
                                                     {0.87, 1}, {0.88, 2}, {0.99, 2}};
  for (const auto& [u, set] : draws) EXPECT_EQ(mixture.SetOf(u), set) << u;
  std::vector<int> drawn(3, 0);
  for (const SampleRef& ref : EpochOrder(mixture, 3, 0, 16000)) ++drawn[ref.set_idx];
  EXPECT_NEAR(drawn[0], 4000, 220);  // four deviations
  EXPECT_NEAR(drawn[1], 10000, 250);
  EXPECT_NEAR(drawn[2], 2000, 170);
}

TEST(Loader, DrawsBeyondTheLastBoundFallIntoTheLastSet) {
  const Mixture mixture = TwoSets();
  EXPECT_EQ(mixture.SetOf(0), 0);
  EXPECT_EQ(mixture.SetOf(0.999999999999), 1);
  EXPECT_EQ(mixture.SetOf(1.0), 1);
}

TEST(Loader, SkipsUnreadablePictures) {
  const auto set = std::make_shared<FlatDataset>("a", 20, std::set<int64_t>{3, 4, 17});
  Loader loader(MixtureOf(set), SmallOptions(2)), again(MixtureOf(set), SmallOptions(0));
  for (int i = 0; i < 8; ++i) {
    const Batch batch = loader.Next();
    ASSERT_EQ(batch.size(), 5);
    for (const Person& sample : batch.samples) {
      EXPECT_TRUE(sample.index != 3 && sample.index != 4 && sample.index != 17);
    }
    ExpectEqual(again.Next(), batch);
  }
  EXPECT_EQ(again.samples_skipped(), 3);
}

// Most stand-ins are unreadable themselves: others are drawn until one is not.
TEST(Loader, StandInsOfStandInsAreDrawnAnew) {
  std::set<int64_t> broken;
  for (int64_t row = 0; row < 40; ++row) {
    if (row % 13 != 5) broken.insert(row);  // all but 5, 18 and 31
  }
  Loader loader(MixtureOf(std::make_shared<FlatDataset>("a", 40, broken)), SmallOptions(0));
  std::map<int64_t, int> seen;
  for (int i = 0; i < 16; ++i) {
    for (const Person& sample : loader.Next().samples) ++seen[sample.index];
  }
  ASSERT_EQ(seen.size(), 3u);
  for (const int64_t row : {5, 18, 31}) EXPECT_GT(seen[row], 10) << row;
}

TEST(Loader, AllUnreadableIsAnError) {
  const auto set = std::make_shared<FlatDataset>("a", 2, std::set<int64_t>{0, 1});
  for (const int workers : {0, 2}) {
    Loader loader(MixtureOf(set), SmallOptions(workers));
    EXPECT_THROW(loader.Next(), UserError);
  }
}

TEST(Loader, BringsSilhouettesOrNoPicture) {
  const auto data = OpenDataset("synth:?count=4&frame=64");
  LoaderOptions options = SmallOptions(0);
  options.batch_size = 4;
  const Batch image = Loader(MixtureOf(data), options).Next();
  options.picture = LoaderPicture::kSilhouette;
  const Batch silhouette = Loader(MixtureOf(data), options).Next();
  options.picture = LoaderPicture::kNone;
  const Batch none = Loader(MixtureOf(data), options).Next();
  EXPECT_EQ(silhouette.pixels.size(), image.pixels.size());
  for (size_t i = 0; i < silhouette.pixels.size(); i += 3) {  // no gain of a colour
    ASSERT_EQ(silhouette.pixels[i], silhouette.pixels[i + 2]);
  }
  EXPECT_EQ(*std::max_element(silhouette.pixels.begin(), silhouette.pixels.end()), 255);
  EXPECT_TRUE(none.pixels.empty());
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(none.keypoints[i].px, image.keypoints[i].px);
    EXPECT_EQ(silhouette.keypoints[i].px, image.keypoints[i].px);
  }
  // Photographs have none.
  options.picture = LoaderPicture::kSilhouette;
  options.batch_size = 2;
  EXPECT_THROW(Loader(MixtureOf(std::make_shared<FlatDataset>("flat", 3)), options).Next(),
               UserError);
}

TEST(Loader, MasksFollowThePictureAndAreUnknownOfWhoHasNone) {
  const auto data = OpenDataset("synth:?count=5&frame=64");
  LoaderOptions options = SmallOptions(0);
  options.picture = LoaderPicture::kSilhouette;
  options.masks = options.parts = true;
  const Batch batch = Loader(MixtureOf(data), options).Next();
  ASSERT_EQ(batch.masks.size(), size_t{5 * 16 * 16});
  ASSERT_EQ(batch.masks_known.size(), batch.masks.size());
  ASSERT_EQ(batch.parts.size(), batch.masks.size());
  int64_t shown = 0, whole = 0, labelled = 0;
  for (size_t i = 0; i < batch.masks.size(); ++i) {
    EXPECT_EQ(batch.masks[i], batch.pixels[3 * i]);  // the same turn, mirror and scale
    shown += batch.masks[i] > 0;
    const bool known = batch.masks_known[i] == 255;
    EXPECT_EQ(batch.parts[i] == kUnknownPart, !known);
    if (!known || batch.masks[i] < 255) continue;
    ++whole;
    labelled += batch.parts[i] >= 1 && batch.parts[i] <= kNumBodyParts;
  }
  EXPECT_GT(shown, 50);
  EXPECT_GT(whole, 10);
  EXPECT_EQ(labelled, whole);

  Mixture both{{data, std::make_shared<FlatDataset>("flat", 6)}, {0.5, 0.5}};
  options.picture = LoaderPicture::kImage;
  options.batch_size = 20;
  options.samples_per_epoch = 20;
  const Batch mixed = Loader(both, options).Next();
  std::set<bool> seen;
  for (int i = 0; i < mixed.size(); ++i) {
    const auto* known = &mixed.masks_known[i * 16 * 16];
    const bool any = std::any_of(known, known + 16 * 16, [](uint8_t k) { return k != 0; });
    EXPECT_EQ(any, mixed.set_idx[i] == 0);
    seen.insert(any);
    if (any) continue;
    const auto* part = &mixed.parts[i * 16 * 16];
    EXPECT_TRUE(std::all_of(part, part + 16 * 16, [](uint8_t p) { return p == kUnknownPart; }));
  }
  EXPECT_EQ(seen.size(), 2u);
  options.masks = options.parts = false;
  EXPECT_TRUE(Loader(both, options).Next().masks.empty());
}

TEST(Loader, AMaskOfAnotherSizeThanItsPictureIsSkippedAndSaidSo) {
  class OddMasks : public FlatDataset {
   public:
    OddMasks() : FlatDataset("odd", 3) {}
    Person Get(int64_t position) const override {
      Person person = FlatDataset::Get(position);
      person.image_width = 40;
      person.image_height = 30;
      return person;
    }
    bool HasSilhouette(const Person&) const override { return true; }
    ImageBuffer LoadSilhouette(const Person& person) const override {
      const int width = person.index == 1 ? 39 : 40;
      return {width, 30, 3, std::vector<uint8_t>(size_t{3} * width * 30, 255)};
    }
  };
  LoaderOptions options = LoaderOptions::Evaluation(3, 16);
  options.masks = true;
  Loader loader(MixtureOf(std::make_shared<OddMasks>()), options);
  const Batch batch = loader.Next();
  ASSERT_EQ(batch.size(), 2);
  EXPECT_EQ(batch.samples[1].index, 2);
  EXPECT_EQ(loader.samples_skipped(), 1);
}

TEST(Loader, EvaluationTakesEverySampleOnceInOrder) {
  Mixture mixture = TwoSets();
  mixture.sets[0] = std::make_shared<FlatDataset>("a", 11, std::set<int64_t>{2});
  LoaderOptions options = LoaderOptions::Evaluation(4, 16);
  Loader loader(mixture, options);
  EXPECT_EQ(loader.steps_per_epoch(), 13);
  std::vector<std::pair<std::string, int64_t>> seen, expected;
  for (int i = 0; i < 13; ++i) {
    const Batch batch = loader.Next();
    EXPECT_EQ(batch.pixels.size(), size_t{3} * 16 * 16 * batch.size());
    for (const Person& sample : batch.samples) seen.emplace_back(sample.dataset, sample.index);
  }
  for (int i = 0; i < 11; ++i) {
    if (i != 2) expected.emplace_back("a", i);
  }
  for (int i = 0; i < 40; ++i) expected.emplace_back("b", i);
  EXPECT_EQ(seen, expected);
}

// Counts pictures read.
class CountingDataset : public FlatDataset {
 public:
  CountingDataset() : FlatDataset("counted", 1000) {}
  ImageBuffer LoadImage(const Person& sample) const override {
    ++read;
    return FlatDataset::LoadImage(sample);
  }
  mutable std::atomic<int> read = 0;
};

TEST(Loader, ReadsAheadNoFurtherThanItsBound) {
  for (const int workers : {2, 5}) {
    const auto set = std::make_shared<CountingDataset>();
    Loader loader(MixtureOf(set), SmallOptions(workers));
    loader.Next();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    // Delivered, and three batches ahead, or one for each worker.
    EXPECT_EQ(set->read, 5 * (1 + std::max(3, workers)));
  }
}

TEST(Loader, OptionsAreChecked) {
  LoaderOptions options;
  options.batch_size = 0;
  EXPECT_THROW(Loader(TwoSets(), options), UserError);
  Mixture twins{{std::make_shared<FlatDataset>("a", 1), std::make_shared<FlatDataset>("a", 1)},
                {1, 1}};
  EXPECT_THROW(Loader(twins, LoaderOptions()), UserError);
}

TEST(Loader, RanksTogetherReadWhatOneWould) {
  LoaderOptions options = SmallOptions(1);
  options.batch_size = 6;
  options.data_shards.shards = 6;
  Loader whole(TwoSets(), options);
  options.data_shards.ranks = 3;
  std::vector<std::unique_ptr<Loader>> ranks;
  for (options.data_shards.rank = 0; options.data_shards.rank < 3; ++options.data_shards.rank) {
    ranks.push_back(std::make_unique<Loader>(TwoSets(), options));
  }
  std::set<std::pair<int, int64_t>> seen;
  for (int step = 0; step < 20; ++step) {  // over two ends of epochs
    const Batch expected = whole.Next();
    std::vector<Batch> parts;
    for (const auto& rank : ranks) parts.push_back(rank->Next());
    for (int i = 0; i < 6; ++i) {
      const Batch& part = parts[i % 3];
      ASSERT_EQ(part.size(), 2);
      EXPECT_EQ(part.samples[i / 3].index, expected.samples[i].index);
      EXPECT_EQ(part.samples[i / 3].position % 6, i) << "another shard";
      EXPECT_EQ(part.samples[i / 3].dataset, expected.samples[i].dataset);
      EXPECT_EQ(part.augmentations[i / 3].rotation_rad, expected.augmentations[i].rotation_rad);
      seen.emplace(expected.set_idx[i], expected.samples[i].position);
    }
  }
  EXPECT_GT(seen.size(), 45u) << "of 51";
}

TEST(Loader, RanksEvaluateEverySampleOnce) {
  LoaderOptions options = LoaderOptions::Evaluation(4, 16);
  options.data_shards = {2, 2, 0};
  std::multiset<std::pair<int, int64_t>> seen;
  for (options.data_shards.rank = 0; options.data_shards.rank < 2; ++options.data_shards.rank) {
    Loader loader(TwoSets(), options);
    EXPECT_EQ(loader.steps_per_epoch(), 13);
    for (int step = 0; step < 13; ++step) {
      const Batch batch = loader.Next();
      for (int i = 0; i < batch.size(); ++i) {
        seen.emplace(batch.set_idx[i], batch.samples[i].index);
      }
    }
  }
  EXPECT_EQ(seen.size(), 51u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 51u);
}

// As runs had it before there were shards.
TEST(Loader, OneShardHasTheOrderItAlwaysHad) {
  std::vector<int64_t> order;
  for (const SampleRef& ref : EpochOrder(TwoSets(), 3, 1, 12)) {
    order.push_back(100 * ref.set_idx + ref.index);
  }
  EXPECT_EQ(order, (std::vector<int64_t>{104, 102, 139, 114, 122, 105, 9, 1, 8, 133, 135, 127}));
}

TEST(Loader, ASetSmallerThanItsShardsIsNamed) {
  LoaderOptions options = SmallOptions(0);
  options.data_shards.shards = 12;
  EXPECT_THROW(Loader(TwoSets(), options), UserError);
}

}  // namespace
}  // namespace gyre
