// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/loader.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>

#include "body/body_parts.h"
#include "core/error.h"
#include "core/trace.h"
#include "datasets/decorators/clip_frames.h"
#include "datasets/decorators/clip_runs.h"
#include "datasets/decorators/mask_crops.h"
#include "datasets/decorators/prefetcher.h"
#include "person/crops.h"

namespace gyre {

namespace {

// Other rows of the set that are tried in place of an unusable one.
constexpr int kMaxReplacements = 100;
constexpr int kMaxShards = 1 << 12;

void CheckAtLeast(const char* field, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high) {
    ThrowUserError("loader: {} is {}, expected {} to {}", field, value, low, high);
  }
}

}  // namespace

void LoaderOptions::Check() const {
  CheckAtLeast("batch_size", batch_size, 1, 1 << 16);
  CheckAtLeast("crop_px", crop_px, 8, 4096);
  CheckAtLeast("workers", workers, 0, 256);
  CheckAtLeast("prefetch_batches", prefetch_batches, 1, 1024);
  CheckAtLeast("samples_per_epoch", samples_per_epoch, 0, INT32_MAX);
  CheckAtLeast("clip_frames", clip_frames, 0, 1 << 13);
  CheckAtLeast("clip_before", clip_before, 0, std::max(0, clip_frames - 1));
  CheckAtLeast("run_frames", run_frames, 0, batch_size);
  if (run_frames > 0 && batch_size % run_frames != 0) {
    ThrowUserError("loader: batch_size is {}, expected a multiple of run_frames, {}", batch_size,
                   run_frames);
  }
  augment.Check();
  CheckAtLeast("data_shards", data_shards.shards, 1, kMaxShards);
  GYRE_CHECK(data_shards.shards % data_shards.ranks == 0 &&
             (!shuffle || batch_size % data_shards.ranks == 0));
  GYRE_CHECK(run_frames == 0 || data_shards.shards == 1);
}

LoaderOptions LoaderOptions::Evaluation(int batch_size, int crop_px) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.crop_px = crop_px;
  options.shuffle = false;
  options.drop_last = false;
  options.augment = AugmentOptions::None();
  return options;
}

struct Loader::Impl {
  Mixture mixture;
  LoaderOptions options;
  int64_t samples_per_epoch = 0;
  int64_t steps_per_epoch = 0;

  std::mutex order_mutex;
  std::map<int64_t, std::shared_ptr<const std::vector<SampleRef>>> orders;  // by epoch

  std::mutex unusable_mutex;
  std::set<std::pair<int, int64_t>> unusable;

  std::vector<ClipFrames> clips;  // of each set; none where nobody asks for them
  std::vector<ClipRuns> runs;     // likewise
  std::vector<int64_t> sizes;     // of each set: samples, or runs

  // Of batches, by their number from the start of epoch 0. Last: its threads use all above.
  std::optional<Prefetcher<Batch>> batches;

  Impl(Mixture m, LoaderOptions o) : mixture(std::move(m)), options(std::move(o)) {
    options.Check();
    mixture.CheckAndNormalise();
    for (const auto& set : mixture.sets) {
      if (options.shuffle && set->size() < options.data_shards.shards) {
        ThrowUserError("data set {}: {} samples cannot be cut into {} shards; lower --data-shards",
                       set->name(), set->size(), options.data_shards.shards);
      }
    }
    samples_per_epoch = options.shuffle && options.samples_per_epoch > 0 ? options.samples_per_epoch
                                                                         : mixture.size();
    for (const auto& set : mixture.sets) {
      if (options.clip_frames > 0) clips.emplace_back(set);
      if (options.run_frames > 0) runs.emplace_back(*set, options.run_frames);
      sizes.push_back(options.run_frames > 0 ? runs.back().size() : set->size());
    }
    const int64_t whole = places_per_epoch() / places_per_batch();
    const bool rest = places_per_epoch() % places_per_batch() != 0;
    steps_per_epoch = std::max<int64_t>(1, whole + (rest && !options.drop_last ? 1 : 0));
    batches.emplace([this](int64_t number) { return Make(number); }, options.workers,
                    options.prefetch_batches);
  }

  std::shared_ptr<const std::vector<SampleRef>> OrderOf(int64_t epoch) {
    const std::lock_guard lock(order_mutex);
    auto& order = orders[epoch];
    if (!order) {
      // A batch may be wider than the epoch: its only batch is then filled up.
      const int64_t places =
          options.drop_last ? std::max(places_per_epoch(), places_per_batch()) : places_per_epoch();
      order = std::make_shared<const std::vector<SampleRef>>(
          options.shuffle
              ? EpochOrder(mixture, sizes, options.seed, epoch, places, options.data_shards.shards)
              : FileOrder(sizes));
    }
    const auto result = order;
    while (orders.size() > 2) {  // workers stand in two epochs at most
      orders.erase(orders.begin()->first < epoch ? orders.begin() : std::prev(orders.end()));
    }
    return result;
  }

  // A place of an epoch is a sample's, or a run's.
  int64_t places_per_batch() const { return options.batch_size / std::max(1, options.run_frames); }
  int64_t places_per_epoch() const {
    if (options.run_frames == 0) return samples_per_epoch;
    if (options.shuffle && options.samples_per_epoch > 0) {
      return std::max<int64_t>(1, options.samples_per_epoch / options.run_frames);
    }
    return std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  }

  bool KnownUnusable(const SampleRef& ref) {
    const std::lock_guard lock(unusable_mutex);
    return unusable.contains({ref.set_idx, ref.index});
  }

  void ReportUnusable(const SampleRef& ref, const std::string& reason) {
    const std::lock_guard lock(unusable_mutex);
    if (unusable.insert({ref.set_idx, ref.index}).second) spdlog::warn("skipped: {}", reason);
  }

  // A sample as it stands in a batch, and its picture.
  struct Loaded {
    SampleRef ref;
    Person sample;
    Augmentation augmentation;
    CropMap crop;
    ImageBuffer image;
    ImageBuffer mask, parts;  // without pixels where there are none
  };

  // Nothing when it cannot be used.
  std::optional<Loaded> TryLoad(const SampleRef& ref, int64_t epoch, int64_t position) {
    if (KnownUnusable(ref)) return std::nullopt;
    const Dataset& set = *mixture.sets[ref.set_idx];
    try {
      Person sample = set.Get(ref.index);
      sample.position = ref.index;
      Box box = options.whole_picture ? PictureBox(sample) : sample.box;
      box.side_px *= options.box_scale;
      if (!options.whole_picture && !HasBox(sample)) {
        ThrowUserError("data set {}, row {}: its box has no size", set.name(), sample.index);
      }
      Rng rng(options.seed, RngStream::kAugment, static_cast<uint32_t>(epoch), position);
      Augmentation augmentation = DrawAugmentation(options.augment, sample, rng);
      if (options.picture != LoaderPicture::kImage) augmentation.gains = {1, 1, 1};
      const CropMap crop = CropOf(box, options.crop_px, augmentation);
      ImageBuffer image;
      if (options.picture == LoaderPicture::kImage) {
        image = set.LoadImageAtScale(sample, crop.scale());
      }
      if (options.picture == LoaderPicture::kSilhouette) image = set.LoadSilhouette(sample);
      ImageBuffer mask, parts;
      if (options.masks && set.HasSilhouette(sample)) {
        mask = LoadSilhouetteOfPicture(set, sample);
      }
      if (options.parts && set.HasParts(sample)) parts = LoadPartsOfPicture(set, sample);
      return Loaded{ref,
                    std::move(sample),
                    std::move(augmentation),
                    crop,
                    std::move(image),
                    std::move(mask),
                    std::move(parts)};
    } catch (const UserError& error) {
      ReportUnusable(ref, error.what());
      return std::nullopt;
    }
  }

  // The sample, or what is usable of the run.
  std::vector<Loaded> TryLoadPlace(const SampleRef& ref, int64_t epoch, int64_t place) {
    std::vector<Loaded> loaded;
    const auto add = [&](int64_t index, int64_t position) {
      if (auto one = TryLoad({ref.set_idx, index}, epoch, position)) {
        loaded.push_back(std::move(*one));
      }
    };
    if (options.run_frames == 0) {
      add(ref.index, place);
    } else {
      int64_t position = place * options.run_frames;
      for (const int64_t i : runs[ref.set_idx].Positions(ref.index)) add(i, position++);
    }
    return loaded;
  }

  // What stands at a place of an epoch, or the first usable one in its place.
  std::vector<Loaded> LoadPlace(SampleRef ref, int64_t epoch, int64_t place) {
    const Dataset& set = *mixture.sets[ref.set_idx];
    const int shards = options.data_shards.shards;
    const int64_t shard = ref.index % shards;
    const int64_t size = ShardSize(sizes[ref.set_idx], shard, shards);
    for (uint64_t attempt = 0; attempt <= kMaxReplacements; ++attempt) {
      if (attempt > 0) {
        Rng rng(options.seed, RngStream::kMix, static_cast<uint32_t>(epoch),
                (attempt << 40) | static_cast<uint64_t>(place));
        ref.index = shard + shards * static_cast<int64_t>(rng.Below(size));
      }
      std::vector<Loaded> loaded = TryLoadPlace(ref, epoch, place);
      if (!loaded.empty() || !options.shuffle) return loaded;
    }
    ThrowUserError(
        "data set {}: {} rows in a row cannot be used (see the warnings above); check its "
        "picture folder with `gyre data check`",
        set.name(), kMaxReplacements + 1);
  }

  void AddClip(const SampleRef& ref, const CropMap& crop, Batch* batch) const {
    const ClipFrames& frames = clips[ref.set_idx];
    const size_t end = batch->clips.size();
    batch->clips.resize(end + size_t{3} * options.clip_frames * frames.keypoints());
    frames.Write(ref.index, options.clip_before, options.clip_frames, crop, &batch->clips[end]);
  }

  void AddMasks(const Loaded& loaded, Batch* batch) const {
    const size_t begin = batch->samples.size() * options.crop_px * options.crop_px,
                 end = begin + size_t{1} * options.crop_px * options.crop_px;
    if (options.masks) {
      batch->masks.resize(end, 0);
      batch->masks_known.resize(end, 0);
      if (!loaded.mask.pixels.empty()) {
        WarpMask(loaded.mask, loaded.crop, &batch->masks[begin], &batch->masks_known[begin]);
      }
    }
    if (options.parts) {
      batch->parts.resize(end, kUnknownPart);
      if (!loaded.parts.pixels.empty()) WarpParts(loaded.parts, loaded.crop, &batch->parts[begin]);
    }
  }

  void Append(Loaded one, Batch* batch) {
    AddMasks(one, batch);
    auto& [ref, sample, augmentation, crop, image, mask, parts] = one;
    if (options.picture != LoaderPicture::kNone) {
      const size_t begin = batch->pixels.size();
      batch->pixels.resize(begin + size_t{3} * options.crop_px * options.crop_px);
      WarpToCrop(image, crop, augmentation, &batch->pixels[begin]);
    }
    batch->keypoints.push_back(KeypointsInCrop(sample.keypoints, crop));
    if (!clips.empty()) AddClip(ref, crop, batch);
    batch->augmentations.push_back(augmentation);
    batch->crops.push_back(crop);
    batch->set_idx.push_back(ref.set_idx);
    batch->samples.push_back(std::move(sample));
  }

  Batch Make(int64_t number) {
    const Span span("read");
    Batch batch;
    batch.epoch = number / steps_per_epoch;
    batch.step = number % steps_per_epoch;
    batch.crop_px = options.crop_px;
    batch.clip_frames = options.clip_frames;
    const auto order = OrderOf(batch.epoch);
    const int64_t begin = batch.step * places_per_batch();
    const int64_t end = std::min(begin + places_per_batch(), static_cast<int64_t>(order->size()));
    std::vector<int64_t> places;
    for (int64_t place = begin; place < end; ++place) {
      if (options.data_shards.Mine((*order)[place].index)) places.push_back(place);
    }
    if (options.picture != LoaderPicture::kNone) {
      batch.pixels.reserve(size_t{3} * options.crop_px * options.crop_px * places.size() *
                           std::max(1, options.run_frames));
    }
    for (const int64_t place : places) {
      for (Loaded& one : LoadPlace((*order)[place], batch.epoch, place)) {
        Append(std::move(one), &batch);
      }
    }
    return batch;
  }
};

Loader::Loader(Mixture mixture, LoaderOptions options)
    : impl_(std::make_unique<Impl>(std::move(mixture), std::move(options))) {
  if (impl_->options.picture == LoaderPicture::kImage) RequirePictures(impl_->mixture);
}
Loader::~Loader() = default;

int64_t Loader::samples_per_epoch() const { return impl_->samples_per_epoch; }
int64_t Loader::steps_per_epoch() const { return impl_->steps_per_epoch; }
const Mixture& Loader::mixture() const { return impl_->mixture; }
const LoaderOptions& Loader::options() const { return impl_->options; }

void Loader::Seek(int64_t epoch, int64_t step) {
  GYRE_CHECK(epoch >= 0 && step >= 0 && step < impl_->steps_per_epoch);
  impl_->batches->Seek(epoch * impl_->steps_per_epoch + step);
}

Batch Loader::Next() { return impl_->batches->Next(); }

int64_t Loader::samples_skipped() const {
  const std::lock_guard lock(impl_->unusable_mutex);
  return static_cast<int64_t>(impl_->unusable.size());
}

}  // namespace gyre
