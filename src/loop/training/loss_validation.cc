// SPDX-License-Identifier: Apache-2.0
#include "loop/training/loss_validation.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "loop/training/lifted_frames.h"
#include "loop/training/seen_errors.h"

namespace gyre {

nlohmann::json LossValidation::Run(Learner& learner, int64_t step, Ranks* ranks) const {
  // Sums over samples: their number, the total, and for each kind of loss how many have it and it.
  std::map<std::string, std::pair<double, double>> terms;
  for (const LossKind& kind : LossKinds()) terms[kind.name] = {0, 0};
  double samples = 0, total = 0;
  std::vector<ClipFrame> frames;
  SeenErrors seen;
  ranks->Together([&] {
    LabelTeacher teacher(/*use_labels=*/true);
    Loader loader(data_, loading_);
    for (int64_t i = 0; i < loader.steps_per_epoch() && !ranks->Interrupted(); ++i) {
      const Batch batch = loader.Next();
      if (batch.size() == 0) continue;  // all are other ranks'
      const Output said = learner.Say(batch);
      AddLiftedFrames(said, batch, &frames);
      AddSeenErrors(said, batch, &seen);
      const Losses losses = learner.LossesOf(batch, said, step, teacher, /*rank_mean=*/{});
      const double count = batch.size();
      samples += count;
      total += count * losses.total.item<double>();
      for (const auto& [name, value] : losses.terms) {
        terms[name].first += count;
        terms[name].second += count * value.item<double>();
      }
    }
  });
  std::vector<double> sums = {samples, total};
  for (const auto& [name, term] : terms) sums.insert(sums.end(), {term.first, term.second});
  for (const double* sum : seen.Sums()) sums.push_back(*sum);
  sums = ranks->Sum(std::move(sums));
  if (sums[0] == 0) ThrowUserError("the validation set has no usable sample");
  nlohmann::json json = {{"val_samples", static_cast<int64_t>(sums[0])},
                         {"val_loss", sums[1] / sums[0]}};
  const double* next = &sums[2];
  for (const auto& [name, term] : terms) {
    if (next[0] > 0) json["val_loss_" + name] = next[1] / next[0];
    next += 2;
  }
  for (double* sum : seen.Sums()) *sum = *next++;
  if (seen.joints > 0) json["val_pck20"] = seen.near / seen.joints;
  if (seen.masks > 0) json["val_mask_iou"] = seen.overlap / seen.masks;
  if (!ranks->Any(!frames.empty())) return json;
  const std::vector<std::string> of_ranks = ranks->Gather(PackFrames(frames));
  frames.clear();
  for (const std::string& packed : of_ranks) UnpackFrames(packed, &frames);
  for (const MetricResult& metric : ClipErrors(std::move(frames))) {
    if (metric.count > metric.failed) json["val_network_" + metric.key] = metric.value;
  }
  return json;
}

}  // namespace gyre
