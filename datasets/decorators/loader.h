// SPDX-License-Identifier: Apache-2.0
// Batches of augmented samples for training, read ahead by worker threads.
//
// Everything is a function of (seed, epoch, position): which sample stands at a position of an
// epoch, and how it is augmented. So any number of workers gives the same batches, and the loader
// starts at any (epoch, step) without having run before.
//
// What stands at a position of an epoch is in epoch_order.h. Of several ranks, each makes its own
// samples of a batch alone: together they make what one would.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/enum_names.h"
#include "core/option_fields.h"
#include "datasets/dataset.h"
#include "datasets/decorators/augment.h"
#include "datasets/decorators/data_shards.h"
#include "datasets/decorators/epoch_order.h"
#include "datasets/decorators/mixture.h"

namespace gyre {

// What the crops show.
enum class LoaderPicture { kImage, kSilhouette, kNone };
template <>
struct EnumNames<LoaderPicture> {
  static constexpr NameOf<LoaderPicture> kAll[] = {{LoaderPicture::kImage, "image"},
                                                   {LoaderPicture::kSilhouette, "silhouette"},
                                                   {LoaderPicture::kNone, "none"}};
};

struct LoaderOptions {
  int batch_size = 32;  // of all ranks together; when shuffling, their number divides it
  int crop_px = 224;
  LoaderPicture picture = LoaderPicture::kImage;
  bool masks = false, parts = false;  // bring these of who has them, too
  bool whole_picture = false;  // crops are of this, see PictureBox, not of the persons' boxes
  double box_scale = 1;        // crops are so many times the box
  // Frames of a person's track whose keypoints come with each sample, 0: none, and how many of them
  // are before the sample's own.
  int clip_frames = 0, clip_before = 0;
  // Samples come in runs of at most so many frames of a track, see clip_runs.h, a batch being as
  // many runs as fill it where all are whole; of one shard. 0: each sample by itself.
  int run_frames = 0;
  // Threads that read and warp; 0 reads in the caller's thread.
  int workers = 2;
  // Batches kept ready or under way, at least one for each worker: the bound on the memory.
  int prefetch_batches = 2;
  uint64_t seed = 0;
  // Positions in an epoch; 0: as many as the mixture has samples.
  int64_t samples_per_epoch = 0;
  // false: all samples of all sets once, in order, whatever the weights (for evaluation).
  bool shuffle = true;
  // Whether a last batch of fewer samples is left out. An epoch has at least one batch.
  bool drop_last = true;
  AugmentOptions augment;
  DataShards data_shards;

  // UserError names the field and both values.
  void Check() const;
  // In order, un-augmented, to the last sample.
  static LoaderOptions Evaluation(int batch_size, int crop_px);
};

// All but data_shards, which says what part of the work a process has.
template <OptionsOf<LoaderOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("batch_size", o.batch_size, "Samples at a time");
  visit("crop_px", o.crop_px, "Side of the crops, px");
  visit("picture", o.picture, "What the crops show");
  visit("masks", o.masks, "Bring the masks of people who have one");
  visit("parts", o.parts, "Bring the part labels of people who have them");
  visit("whole_picture", o.whole_picture, "Crops are of the whole picture");
  visit("box_scale", o.box_scale, "Side of the crops, of the boxes'");
  visit("clip_frames", o.clip_frames, "Frames whose keypoints come with each sample");
  visit("clip_before", o.clip_before, "How many of them are before the sample's own");
  visit("run_frames", o.run_frames, "Frames of a track that come one behind the other");
  visit("workers", o.workers, "Threads that read and warp (0: the caller's)");
  visit("prefetch_batches", o.prefetch_batches, "Batches kept ready or under way");
  visit("seed", o.seed, "Seed of order and augmentation");
  visit("samples_per_epoch", o.samples_per_epoch,
        "Samples after which the data is shuffled anew (0: as many as it has)");
  visit("shuffle", o.shuffle, "In random order, by the weights of the data sets");
  visit("drop_last", o.drop_last, "Leave out a last batch of fewer samples");
  visit("augment", o.augment, "");
}

// B samples, of several ranks this one's. Vectors have B entries; crop coordinates are pixels of
// the crop.
struct Batch {
  int64_t epoch = 0;
  int64_t step = 0;  // within the epoch
  int crop_px = 0;
  std::vector<Person> samples;  // as in the data set: not augmented
  std::vector<int> set_idx;     // position in Mixture::sets
  std::vector<Augmentation> augmentations;
  std::vector<CropMap> crops;
  std::vector<Keypoints> keypoints;  // in the crop
  // Of the frames around, in the sample's crop too: [B, clip_frames, N, 3], see clip_frames.h.
  int clip_frames = 0;
  std::vector<float> clips;
  // [B, crop_px, crop_px, 3] BGR; silhouettes white on black; empty for LoaderPicture::kNone
  std::vector<uint8_t> pixels;
  // Where they are asked for, [B, crop_px, crop_px] as mask_crops.h has them; nothing is known of
  // who has none.
  std::vector<uint8_t> masks, masks_known, parts;

  int size() const { return static_cast<int>(samples.size()); }
};

class Loader {
 public:
  // Stands at (epoch 0, step 0); nothing is read before the first Next.
  Loader(Mixture mixture, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t samples_per_epoch() const;
  int64_t steps_per_epoch() const;
  const Mixture& mixture() const;
  const LoaderOptions& options() const;

  // The next Next() gives this batch. Batches under way are dropped.
  void Seek(int64_t epoch, int64_t step);
  // The next batch; from the end of an epoch on to the next.
  //
  // A sample whose picture cannot be read, or that has no box, is reported once with its row and
  // file and replaced by another draw from its set (left out when not shuffling, and from a run of
  // which others are usable). UserError when a set gives no usable sample at all.
  Batch Next();
  // Different samples found unusable so far.
  int64_t samples_skipped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
