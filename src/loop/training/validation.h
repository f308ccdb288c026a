// SPDX-License-Identifier: Apache-2.0
// How good the network and the fits are on people that nothing was learnt from.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "datasets/decorators/loader.h"
#include "loop/evaluation/evaluation_body.h"
#include "loop/runs/ranks.h"
#include "loop/training/supervisor.h"

namespace gyre {

// The network on a batch: one body per sample, in the camera frame of its image.
using PredictFunction = std::function<std::vector<BodyParams>(const Batch&)>;

// One sample under evaluation.
struct EvaluatedSample {
  Person sample;
  int set_idx = 0;  // position in Mixture::sets
  BodyParams prediction{SmplLayout()};
  std::optional<StoredFit> fit;
  double error = 0;  // SampleError of the prediction
};

// The `train_*` entries of metrics.jsonl: how good the fits of the training data are, all ranks'
// together. On the first rank.
nlohmann::json DescribeFits(const Supervisor& supervisor, const Mixture& data, Ranks* ranks);

class Validator {
 public:
  // `supervisor` works on the validation set alone: its fits start cold, are improved from the
  // network's predictions as training's are, and never teach.
  Validator(Mixture data, const LoaderOptions& loading, std::unique_ptr<Supervisor> supervisor);

  // Evaluates every sample, each on its rank. Returns the `val_*` entries of metrics.jsonl, where
  // `with_vertices` the network's PVE among them (a mesh takes 5 ms to pose); per-sample results
  // stay in `samples()`. Both on the first rank.
  nlohmann::json Run(const PredictFunction& predict, int64_t step, bool with_vertices,
                     Ranks* ranks);

  const std::vector<EvaluatedSample>& samples() const { return samples_; }
  // The set a sample came from.
  const Dataset& DatasetOf(const Person& sample) const;
  const Mixture& data() const { return data_; }
  Supervisor& supervisor() { return *supervisor_; }
  const Supervisor& supervisor() const { return *supervisor_; }

 private:
  void EvaluateOwn(const PredictFunction& predict, int64_t step, const Ranks& ranks);
  nlohmann::json Summarise(bool with_vertices);

  Mixture data_;
  LoaderOptions loader_options_;
  std::unique_ptr<Supervisor> supervisor_;
  EvaluationBody body_;
  std::vector<EvaluatedSample> samples_;
};

}  // namespace gyre
