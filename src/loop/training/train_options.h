// SPDX-License-Identifier: Apache-2.0
// Everything that makes a training run what it is. Written to the run's options.json in full, and
// read back from there by --resume.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/option_fields.h"
#include "datasets/decorators/augment.h"
#include "datasets/decorators/data_shards.h"
#include "datasets/decorators/loader.h"
#include "fitting/fit_options.h"
#include "fitting/sequence_options.h"
#include "fitting/silhouette_options.h"
#include "fitting/store/fit_store.h"
#include "loop/training/clip_fit_options.h"
#include "loop/training/supervision.h"
#include "regressor/loss_options.h"
#include "regressor/network_options.h"

namespace gyre {

struct TrainOptions {
  std::string preset = "default";

  // Data: see datasets/dataset_spec.h.
  std::string data;
  std::string val;         // may be empty: then nothing is validated
  bool use_labels = true;  // body parameters and 3D joints of the data teach; SPIN's
                           // ignore_3d is the opposite
  AugmentOptions augment;

  // Body.
  std::string body = "builtin";  // "none": for networks that speak of none, see regressor/heads
  std::string prior;             // empty: the shipped one
  std::string joint_regressor_extra;

  // Network.
  NetworkOptions network;
  std::string init;  // weights to start from, see InitialWeights in predictor.h
  LossOptions loss;
  double learning_rate = 5e-5;
  double learning_rate_end = 0;  // falls to it over the steps, as half a cosine; 0: constant (SPIN)
  double learning_rate_decay = 1;  // it is multiplied by this after each epoch (VideoPose3D: 0.95)
  // Of that, the rate of what was taught elsewhere (Encoder::TaughtParameters): photo's landmarks.
  // 0: it stays as it is.
  double taught_rate = 0.05;
  bool amsgrad = false;  // Adam of Reddi et al. 2018 (VideoPose3D)
  // How much of the running statistics of batch norms a batch replaces, exponentially from the one
  // to the other over the steps (VideoPose3D: 0.1 to 0.001).
  double norm_momentum = 0.1, norm_momentum_end = 0.1;
  double gradient_clip = 0;  // norm above which a step's gradient is shortened; 0: never (SPIN)
  // How many steps in a row may be left out because of a number that is not finite before the run
  // is given up; 0: the first ends it.
  int max_bad_steps = 10;
  int batch_size = 64;  // of all ranks together
  // Training on several ranks: see datasets/decorators/data_shards.h. 0: as many as ranks; a run
  // keeps the number that it began with.
  int data_shards = 0;
  double rank_timeout_s = 45;         // a rank that is silent for so long within a step is given up
  double rank_start_timeout_s = 300;  // so long ranks wait for each other to start
  int64_t steps = 100000;
  int64_t samples_per_epoch = 0;  // 0: as many as the data has

  // Fits.
  Supervision supervision = Supervision::kLoop;
  std::string first_starts;  // a run of preset prior18 or video from whose network the first fits
                             // start; empty: cold starts
  bool first_masks = false;  // first fits are by masks, too, where there are any, and stay
  SilhouetteOptions masks;   // of those
  RefreshPolicy refresh;
  ClipFitOptions clips;      // which people are frames that are fitted together,
  SequenceOptions sequence;  // and how
  FitOptions fit;
  StorePolicy store;

  // Machine.
  std::string device = "cpu";
  int threads = 0;      // of the network; 0: all cores
  int fit_threads = 0;  // 0: all cores
  int loader_threads = 2;
  int prefetch_batches = 2;  // kept ready or under way
  uint64_t seed = 1;

  // Record.
  int64_t trace_steps = 0;  // the first steps whose timeline goes to trace.json; 0: none
  int64_t log_every = 10;
  int64_t val_every = 1000;
  int64_t checkpoint_every = 1000;
  int keep_checkpoints = 3;
  int pictures = 8;  // people in the report's before and after

  bool HasBody() const { return body != "none"; }

  // UserError names the field and its value.
  void Check() const;
  // How the training data is read, whole.
  LoaderOptions Loading() const;
  // The part of the data that one of so many ranks has. UserError says which numbers can be.
  DataShards ShareOut(int ranks, int rank) const;

  // With what follows from other fields: what a run really does, and writes down.
  TrainOptions Settled() const;

  // See presets/preset.h; UserError lists them.
  static TrainOptions Preset(const std::string& name);
};

// Of a run, all of it: what options.json holds.
template <OptionsOf<TrainOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("preset", o.preset, "Named set of options everything else refines");
  visit("data", o.data, "Training data: KIND:PATH?key=value, see README");
  visit("val", o.val, "Validation data");
  visit("use_labels", o.use_labels, "Learn from 3D labels where the data has them");
  visit("body", o.body, "Body model: builtin, builtin-x, .npz or .pkl");
  visit("prior", o.prior, "Pose prior: .npz or .pkl; empty for the shipped one");
  visit("joint_regressor_extra", o.joint_regressor_extra, "SPIN's J_regressor_extra.npy");
  visit("init", o.init,
        "Weights to start from: a run, a checkpoint, SPIN's or torchvision's file, detector (the "
        "networks of tools/get_detector); of a network's parts several, with commas between");
  visit("steps", o.steps, "Training steps");
  visit("samples_per_epoch", o.samples_per_epoch,
        "Samples after which the data is shuffled anew (0: as many as it has)");
  visit("batch_size", o.batch_size, "Samples per step, of all ranks together");
  visit("data_shards", o.data_shards,
        "Parts of each data set, a multiple of the number of ranks (0: as many as ranks)");
  visit("rank_timeout_s", o.rank_timeout_s, "Seconds after which a silent rank is given up");
  visit("rank_start_timeout_s", o.rank_start_timeout_s, "Seconds to wait for all ranks to start");
  visit("learning_rate", o.learning_rate, "Adam's step size");
  visit("learning_rate_end", o.learning_rate_end,
        "It falls to this, as half a cosine (0: constant)");
  visit("learning_rate_decay", o.learning_rate_decay, "It is multiplied by this after each epoch");
  visit("taught_rate", o.taught_rate,
        "Share of it at which an encoder that was taught elsewhere learns on (0: not at all)");
  visit("amsgrad", o.amsgrad, "Adam's step is by the greatest mean square of a gradient so far");
  visit("norm_momentum", o.norm_momentum,
        "How much of a batch norm's running statistics a batch replaces");
  visit("norm_momentum_end", o.norm_momentum_end, "It falls to this, exponentially");
  visit("gradient_clip", o.gradient_clip, "Norm above which a gradient is shortened (0: never)");
  visit("max_bad_steps", o.max_bad_steps,
        "Steps in a row that numbers which are not finite may cost (0: the first ends the run)");
  visit("supervision", o.supervision, "What teaches");
  visit(
      "first_starts", o.first_starts,
      "Run of preset prior18 or video from whose network the first fits start; empty: cold starts");
  visit("first_masks", o.first_masks,
        "First fits are by masks, too, where the data has them, and stay");
  visit("device", o.device, "cpu or cuda");
  visit("threads", o.threads, "Threads of the network (0: all cores)");
  visit("fit_threads", o.fit_threads, "Threads of the fitter (0: all cores)");
  visit("loader_threads", o.loader_threads, "Threads that read and warp images");
  visit("prefetch_batches", o.prefetch_batches, "Batches kept ready or under way");
  visit("seed", o.seed, "Seed of every random draw");
  visit("trace_steps", o.trace_steps,
        "Timeline of so many steps, in RUN/trace.json for ui.perfetto.dev (0: none)");
  visit("log_every", o.log_every, "Steps between lines of metrics.jsonl");
  visit("val_every", o.val_every, "Steps between validations");
  visit("checkpoint_every", o.checkpoint_every, "Steps between checkpoints");
  visit("keep_checkpoints", o.keep_checkpoints, "Checkpoints kept");
  visit("pictures", o.pictures, "People pictured in the report");
  visit("network", o.network, "");
  visit("loss", o.loss, "");
  visit("augment", o.augment, "");
  visit("refresh", o.refresh, "");
  visit("clips", o.clips, "");
  visit("sequence", o.sequence, "");
  visit("fit", o.fit, "");
  visit("store", o.store, "");
  visit("masks", o.masks, "");
}

nlohmann::json ToJson(const TrainOptions& options);
// The preset that `json` names ("default" when it names none) with the fields that it has. Its key
// "fits_of" names another preset, whose `fit` and `store` come before those fields.
// UserError names `what` and a key that is no option.
TrainOptions TrainOptionsOver(const nlohmann::json& json, const std::string& what);
// As a run keeps them. A field that is not there, because an older gyre wrote the file, has its
// default, which means what that gyre did and which a warning tells; UserError names `what` and a
// key of the wrong type.
TrainOptions TrainOptionsFromJson(const nlohmann::json& json, const std::string& what);

}  // namespace gyre
