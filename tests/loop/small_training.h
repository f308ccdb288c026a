// SPDX-License-Identifier: Apache-2.0
// A network that is trained in a second: 49 keypoints in, a body or joints out.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "core/file.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "loop/runs/checkpoint.h"
#include "loop/training/learner.h"
#include "loop/training/network_bridge.h"
#include "loop/training/train_options.h"
#include "regressor/runtime.h"
#include "regressor/tiny_detector.h"
#include "regressor/weights.h"

namespace gyre {

// Four steps of width 8 on one thread.
inline TrainOptions Shortened(TrainOptions o) {
  o.network.width = 8;
  o.batch_size = 3;
  o.data_shards = 1;
  o.steps = 4;
  o.threads = o.fit_threads = 1;
  o.loader_threads = 0;
  o.log_every = 1;
  o.val_every = 2;
  o.checkpoint_every = 2;
  o.pictures = 1;
  return o;
}

inline TrainOptions SmallTraining() {
  TrainOptions o = Shortened(TrainOptions::Preset("prior18"));
  o.data = "synth:?name=people&count=7&seed=5&joints=any&noise=3";
  o.val = "";
  o.learning_rate_end = 0;
  o.loss.vertices = 0;
  o.seed = 11;
  return o;
}

// The same people, keypoints to joints in space: no body, no fitter.
inline TrainOptions SmallLifting() {
  TrainOptions o = SmallTraining();
  o.body = "none";
  o.network.head = "joints";
  return o;
}

inline const NetworkSetting& SmallSetting() {
  static const NetworkSetting setting{LoadBodyModel("builtin"), LoadPosePrior()};
  return setting;
}

// Of the body that the options name, one of the built-in ones.
inline const NetworkSetting& SettingOf(const TrainOptions& o) {
  if (o.body != kBuiltinWholeBody) return SmallSetting();
  static const NetworkSetting whole{LoadBodyModel(std::string(kBuiltinWholeBody)), LoadPosePrior()};
  return whole;
}

inline LoaderOptions SmallLoading(const TrainOptions& o) {
  LoaderOptions loading;
  loading.batch_size = o.batch_size;
  BringInput(o.network, &loading);
  loading.workers = 0;
  loading.seed = o.seed;
  loading.augment = o.augment;
  return loading;
}

// The first batch of its data.
inline Batch SmallBatch(const TrainOptions& o) {
  return Loader(OpenMixture(o.data, {SettingOf(o).body, SettingOf(o).prior}), SmallLoading(o)).Next();
}

// Always the same weights to begin with.
inline std::unique_ptr<Learner> SmallLearner(const TrainOptions& o) {
  SeedTorch(o.seed);
  auto learner =
      std::make_unique<Learner>(o, o.HasBody() ? SettingOf(o) : NetworkSetting{}, at::kCPU);
  GiveDetector(*learner->network(), {{.score = 0.9, .hips = {0.5, 0.55}, .circle = {0.6, 0.2}}});
  return learner;
}

// Leaves a run of one checkpoint, of a network that has seen two batches: its norms are not what
// they began as.
inline std::unique_ptr<Learner> MakeSmallRun(const TrainOptions& o,
                                             const std::filesystem::path& run) {
  std::unique_ptr<Learner> learner = SmallLearner(o);
  const Batch batch = SmallBatch(o);
  LabelTeacher teacher(/*use_labels=*/true);
  Ranks alone;
  for (int64_t step = 1; step <= 2; ++step) learner->Step(batch, step, teacher, alone);
  const std::filesystem::path checkpoint = run / "checkpoints/000002";
  std::filesystem::create_directories(checkpoint);
  WriteCheckpoint(checkpoint, {2, 1}, learner->trained());
  WriteFileAtomically(run / "options.json", ToJson(o).dump());
  return learner;
}

inline StateDict WeightsOf(Learner& learner) { return GetState(*learner.network()); }

// The greatest difference of two networks of the same names.
inline double Distance(const StateDict& a, const StateDict& b) {
  double distance = a.size() == b.size() ? 0 : 1e9;
  for (const auto& [name, tensor] : a) {
    const auto found = b.find(name);
    if (found == b.end()) return 1e9;
    const at::Tensor difference = (tensor - found->second).abs();
    distance = std::max(distance, difference.max().to(at::kDouble).item<double>());
  }
  return distance;
}

}  // namespace gyre
