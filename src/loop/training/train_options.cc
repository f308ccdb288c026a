// SPDX-License-Identifier: Apache-2.0
#include "loop/training/train_options.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/option_text.h"
#include "io/option_json.h"
#include "loop/presets/preset.h"
#include "loop/training/network_picture.h"

namespace gyre {

namespace {

// What the frames of clips that are fitted together ask for.
void CheckClips(const TrainOptions& o) {
  o.clips.Check();
  o.sequence.Check();
  if (o.clips.frames == 0) return;
  if (!o.HasBody()) {
    ThrowUserError("clips.frames = {} fits bodies; give a --body, or --clips.frames 0",
                   o.clips.frames);
  }
  if (o.batch_size % o.clips.frames != 0 || o.batch_size < 2 * o.clips.frames) {
    ThrowUserError(
        "batch_size = {} must hold two or more clips of clips.frames = {}; use {} or another "
        "multiple",
        o.batch_size, o.clips.frames, 2 * o.clips.frames);
  }
  if (o.first_masks) {
    ThrowUserError(
        "first_masks fits people one by one, and clips.frames = {} clips; use one of them",
        o.clips.frames);
  }
  if (o.store.rule == StoreRule::kGuarded) {
    ThrowUserError(
        "store.rule = guarded judges frame by frame, and clips.frames = {} keeps clips whole; use "
        "--store.rule objective or spin",
        o.clips.frames);
  }
  if (o.fit.stages != FitStages::kBody) {
    ThrowUserError("clips.frames = {} fits the body alone, and fit.stages is {}", o.clips.frames,
                   EnumName(o.fit.stages));
  }
}

}  // namespace

void TrainOptions::Check() const {
  const auto positive = [](const char* name, auto value) {
    if (!(value > 0) || !std::isfinite(static_cast<double>(value))) {
      ThrowUserError("{} = {} must be positive", name, value);
    }
  };
  positive("steps", steps);
  positive("batch_size", batch_size);
  positive("learning_rate", learning_rate);
  if (!(taught_rate >= 0 && taught_rate <= 1)) {
    ThrowUserError("taught_rate = {} is not in [0, 1]", taught_rate);
  }
  if (!(learning_rate_end >= 0) || !std::isfinite(learning_rate_end)) {
    ThrowUserError("learning_rate_end = {} must be 0 (constant) or more", learning_rate_end);
  }
  const auto share = [](const char* name, double value) {
    if (!(value > 0 && value <= 1)) ThrowUserError("{} = {} must be in (0, 1]", name, value);
  };
  share("learning_rate_decay", learning_rate_decay);
  share("norm_momentum", norm_momentum);
  share("norm_momentum_end", norm_momentum_end);
  positive("log_every", log_every);
  positive("val_every", val_every);
  positive("checkpoint_every", checkpoint_every);
  positive("keep_checkpoints", keep_checkpoints);
  if (!(gradient_clip >= 0)) ThrowUserError("gradient_clip = {} must be 0 or more", gradient_clip);
  if (data_shards < 0) ThrowUserError("data_shards = {} must be 0 or more", data_shards);
  const auto seconds = [](const char* name, double value) {
    if (!(value >= 1 && value <= 1e6)) {
      ThrowUserError("{} = {} must be in 1..1000000", name, value);
    }
  };
  seconds("rank_timeout_s", rank_timeout_s);
  seconds("rank_start_timeout_s", rank_start_timeout_s);
  if (data.empty()) ThrowUserError("--data is required: what to train on, see gyre train --help");
  if (batch_size < 2)
    ThrowUserError("batch_size = {} is too small for batch norm; use 2 or more", batch_size);
  if (threads < 0 || fit_threads < 0 || loader_threads < 0) {
    ThrowUserError("threads must be 0 (all cores) or more");
  }
  if (max_bad_steps < 0) ThrowUserError("max_bad_steps = {} must be 0 or more", max_bad_steps);
  if (trace_steps < 0) ThrowUserError("trace_steps = {} must be 0 or more", trace_steps);
  if (pictures < 0) ThrowUserError("pictures = {} must be 0 or more", pictures);
  if (!HasBody() && (NeedsFits(supervision) || !first_starts.empty())) {
    ThrowUserError("supervision = {} takes a body to fit; give a --body, or --supervision truth",
                   EnumName(supervision));
  }
  if (!HasBody() && loss.DrawsBodies()) {
    ThrowUserError("loss.silhouette, silhouette_pixels and parts draw a body; give a --body");
  }
  if (first_masks && !NeedsFits(supervision)) {
    ThrowUserError("first_masks asks for fits, and supervision = {} makes none",
                   EnumName(supervision));
  }
  if (first_masks && fit.stages != FitStages::kBody) {
    ThrowUserError("first_masks fits the body alone, and fit.stages is {}", EnumName(fit.stages));
  }
  CheckClips(*this);
  masks.Check();
  network.Check();
  Loading().Check();
  loss.Check();
  refresh.Check();
  fit.Check();
  store.Check();
}

LoaderOptions TrainOptions::Loading() const {
  LoaderOptions loading;
  loading.batch_size = batch_size;
  loading.run_frames = clips.frames;
  BringInput(network, &loading);
  BringTargets(loss, &loading);
  loading.workers = loader_threads;
  loading.prefetch_batches = prefetch_batches;
  loading.samples_per_epoch = samples_per_epoch;
  loading.seed = seed;
  loading.augment = augment;
  return loading;
}

DataShards TrainOptions::ShareOut(int ranks, int rank) const {
  if (clips.frames > 0 && (ranks > 1 || data_shards > 1)) {
    ThrowUserError(
        "clips.frames = {} keeps the frames of clips together, which {} ranks and data_shards = {} "
        "would part; train with one rank and one shard",
        clips.frames, ranks, data_shards);
  }
  if (data_shards % ranks != 0) {
    std::vector<int> possible;
    for (int n = 1; n <= data_shards; ++n) {
      if (data_shards % n == 0) possible.push_back(n);
    }
    ThrowUserError("data_shards = {} cannot be shared by {} ranks; start {} of them", data_shards,
                   ranks, fmt::join(possible, ", "));
  }
  if (batch_size % ranks != 0) {
    ThrowUserError("batch_size = {} cannot be shared by {} ranks; use {} or another multiple",
                   batch_size, ranks, (batch_size / ranks + 1) * ranks);
  }
  if (batch_size / ranks < 2 && network.batch_norm == BatchNormOf::kLocal) {
    ThrowUserError(
        "batch_size = {} leaves each of {} ranks too little for a batch norm of its own; use {} or "
        "more, or --network.batch-norm synced",
        batch_size, ranks, 2 * ranks);
  }
  return {data_shards, ranks, rank};
}

TrainOptions TrainOptions::Settled() const {
  TrainOptions settled = *this;
  // Standard deviations cost time: only where they weigh, or are asked for.
  settled.fit.estimate_uncertainty = fit.estimate_uncertainty || loss.fit_sd_rad > 0;
  if (refresh.seed == 0) settled.refresh.seed = seed;
  return settled;
}

TrainOptions TrainOptions::Preset(const std::string& name) {
  TrainOptions options = FindPreset(name).train();
  options.preset = name;
  return options;
}

nlohmann::json ToJson(const TrainOptions& options) { return FieldsToJson(options); }

TrainOptions TrainOptionsOver(const nlohmann::json& json, const std::string& what) {
  const auto preset_at = [&](const char* key, const char* otherwise) {
    std::string name = otherwise;
    const std::string where = fmt::format("{}: option '{}'", what, key);
    if (const auto entry = json.find(key); entry != json.end()) {
      OptionFromJson(*entry, where, &name);
    }
    try {
      return TrainOptions::Preset(name);
    } catch (const UserError& error) {
      ThrowUserError("{}: {}", where, error.what());
    }
  };
  TrainOptions options = preset_at("preset", "default");
  nlohmann::json all = ToJson(options);
  if (json.contains("fits_of")) {
    const TrainOptions other = preset_at("fits_of", "");
    options.fit = other.fit;
    options.store = other.store;
    all["fits_of"] = other.preset;
  }
  ForEachField(options, [&](const std::string& name, auto& field, const char*) {
    const auto entry = json.find(name);
    if (entry == json.end()) return;
    OptionFromJson(*entry, fmt::format("{}: option '{}'", what, name), &field);
  });
  for (const auto& [key, value] : json.items()) {
    if (!all.contains(key)) ThrowUserError("{}: there is no option '{}'", what, key);
  }
  return options;
}

TrainOptions TrainOptionsFromJson(const nlohmann::json& json, const std::string& what) {
  if (!json.is_object()) ThrowUserError("{}: not a JSON object of options", what);
  TrainOptions options;
  std::vector<std::string> missing;
  ForEachField(options, [&](const std::string& name, auto& field, const char*) {
    const auto entry = json.find(name);
    if (entry == json.end()) {
      missing.push_back(fmt::format("{} = {}", name, OptionToText(field)));
      return;
    }
    OptionFromJson(*entry, fmt::format("{}: option '{}'", what, name), &field);
  });
  if (!missing.empty()) {
    spdlog::warn("{}: was written by an older gyre; taken for what is missing: {}", what,
                 fmt::join(missing, ", "));
  }
  return options;
}

}  // namespace gyre
