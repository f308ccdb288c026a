// SPDX-License-Identifier: Apache-2.0
#include "loop/train_options.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "loop/option_fields.h"
#include "loop/option_text.h"

namespace gyre {

void TrainOptions::Check() const {
  const auto positive = [](const char* name, auto value) {
    if (!(value > 0) || !std::isfinite(static_cast<double>(value))) {
      ThrowUserError("{} = {} must be positive", name, value);
    }
  };
  positive("steps", steps);
  positive("batch_size", batch_size);
  positive("learning_rate", learning_rate);
  if (!(learning_rate_end >= 0) || !std::isfinite(learning_rate_end)) {
    ThrowUserError("learning_rate_end = {} must be 0 (constant) or more", learning_rate_end);
  }
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
  augment.Check();
  network.Check();
  loss.Check();
  refresh.Check();
  fit.Check();
  store.Check();
}

DataShards TrainOptions::ShareOut(int ranks, int rank) const {
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

TrainOptions TrainOptions::Preset(const std::string& name) {
  TrainOptions o;
  o.preset = name;
  if (name == "default") return o;
  if (name == "spin" || name == "spin-compat") {
    // SPIN's network, losses and schedule; "spin" with gyre's fitter, "spin-compat" with SPIN's
    // objective, score and acceptance.
    if (name == "spin-compat") {
      o.fit = FitOptions::Spin();
      o.fit.hypotheses = Hypotheses::kStartOnly;  // as SPIN's loop
      o.store = StorePolicy::Spin();
    }
    return o;
  }
  if (name == "small" || name == "demo") {
    // For a CPU: a small network from scratch. Absolute errors and a heavier pose term learn faster
    // than SPIN's losses, and SPIN's weight of the shape lets a fresh network's shape run away.
    o.network = NetworkOptions::FromPreset("small");
    o.network.dropout = 0.1;
    o.loss.norm = LossNorm::kL1;
    o.loss.pose = 4;
    o.loss.betas = 0.5;
    o.learning_rate = 3e-4;
    o.gradient_clip = 100;
    o.batch_size = 32;
    o.steps = 5000;
    o.loader_threads = 1;
    if (name == "demo") {
      o.use_labels = false;  // keypoints alone; the truth is for measuring
      o.network.image_px = 64;
      o.augment.rotation_zero_probability = 1;
      o.augment.scale_sigma = 0.1;
      o.steps = 1400;
      o.val_every = 200;
      o.checkpoint_every = 200;
    }
    return o;
  }
  if (name == "prior18") {
    // PosePrior of Pavlakos et al. 2018: keypoints in, body and camera out, taught by made-up
    // people of whom everything is known. No picture is drawn, and the mesh, which takes most of a
    // step to pose, teaches only when the parameters are learned. With --network.input silhouette
    // and --network.image-px 64 it is their ShapePrior.
    o.data = "synth:?name=people&count=200000&seed=1&joints=any&any_turn=0.2&noise=3&swaps=0.02";
    o.val = "synth:?name=heldout&count=1000&seed=2&joints=any&any_turn=0.2&noise=3";
    o.supervision = Supervision::kTruth;
    o.network.input = NetworkInput::kKeypoints;
    o.network.width = 32;
    o.network.ief_activation = IefActivation::kRelu;
    o.network.dropout = 0.1;
    o.loss.norm = LossNorm::kL1;
    o.loss.pose = 4;
    o.loss.betas = 0.1;
    o.loss.vertices = 100;
    o.loss.vertices_after = 5000;
    o.augment = AugmentOptions::None();
    o.learning_rate = 1e-3;
    o.learning_rate_end = 1e-5;
    o.gradient_clip = 100;
    o.batch_size = 128;
    o.steps = 6000;
    return o;
  }
  ThrowUserError("preset '{}' is not one of default, spin, spin-compat, small, demo, prior18",
                 name);
}

nlohmann::json ToJson(const TrainOptions& options) {
  nlohmann::json json;
  VisitFields(options, [&](const char* name, const auto& field, const char*) {
    json[name] = OptionToJson(field);
  });
  return json;
}

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
  VisitFields(options, [&](const char* name, auto& field, const char*) {
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
  VisitFields(options, [&](const char* name, auto& field, const char*) {
    const auto entry = json.find(name);
    if (entry == json.end()) {
      spdlog::warn("{}: option '{}' is missing; {} is taken", what, name, OptionToText(field));
      return;
    }
    OptionFromJson(*entry, fmt::format("{}: option '{}'", what, name), &field);
  });
  return options;
}

}  // namespace gyre
