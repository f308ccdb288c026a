// SPDX-License-Identifier: Apache-2.0
#include "loop/training/fit_quality.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "fitting/person_problem.h"
#include "fitting/quality.h"

namespace gyre {
namespace {

// Of one rank's people, and then of all.
struct Judged {
  int64_t fits = 0, below_half = 0;
  double sum = 0;
  std::vector<UnlikelyFit> lowest;

  void Add(UnlikelyFit fit, int most) {
    const auto order = [](const UnlikelyFit& f) {
      return std::tuple(f.quality, f.set_idx, f.position);
    };
    const auto place = std::ranges::upper_bound(lowest, order(fit), {}, order);
    lowest.insert(place, std::move(fit));
    if (std::ssize(lowest) > most) lowest.pop_back();
  }
};

// A person of the mixture, the sets one behind the other.
std::pair<int, int64_t> PlaceOf(int64_t person, const Mixture& data) {
  int set_idx = 0;
  while (person >= data.sets[set_idx]->size()) person -= data.sets[set_idx++]->size();
  return {set_idx, person};
}

Judged JudgeOwn(const Supervisor& supervisor, const Mixture& data, const JudgeLimits& limits) {
  const Fitter& fitter = supervisor.fitter();
  const QualityJudge judge(fitter);
  Judged judged;
  const int64_t people = data.size(), rows = std::min(people, limits.rows);
  for (int64_t i = 0; i < rows; ++i) {
    const auto [set_idx, position] = PlaceOf(i * people / rows, data);
    if (!supervisor.data_shards().Mine(position)) continue;
    const Person person = data.sets[set_idx]->Get(position);
    const auto stored = supervisor.store().Get({person.dataset, person.index});
    if (!stored || stored->source == FitSource::kTruth || !HasBox(person)) continue;
    const FitProblem problem = ProblemInCrop(person);
    FitResult fit;
    fit.params = stored->params;
    fit.summary.usable = true;
    fit.summary.score = fitter.Score(problem, fit.params);
    fit.summary.per_joint_error_px = fitter.JointErrors(problem, fit.params);
    const double quality = judge(problem, fit);
    ++judged.fits;
    judged.below_half += quality < 0.5;
    judged.sum += quality;
    judged.Add({set_idx, position, quality, fit.summary.score.robust_px2, fit.params},
               limits.lowest);
  }
  return judged;
}

std::string ToMessage(const Judged& judged) {
  nlohmann::json json = {{"fits", judged.fits},
                         {"below_half", judged.below_half},
                         {"sum", judged.sum},
                         {"lowest", nlohmann::json::array()}};
  for (const UnlikelyFit& fit : judged.lowest) {
    const auto values = fit.params.values();
    json["lowest"].push_back({{"set_idx", fit.set_idx},
                              {"position", fit.position},
                              {"quality", fit.quality},
                              {"robust_px2", fit.robust_px2},
                              {"params", std::vector<double>(values.begin(), values.end())}});
  }
  std::string message;
  nlohmann::json::to_cbor(json, message);  // which has infinity
  return message;
}

void AddMessage(const std::string& message, const BodyLayout& layout, int most, Judged* judged) {
  const auto json = nlohmann::json::from_cbor(message);
  judged->fits += json["fits"].get<int64_t>();
  judged->below_half += json["below_half"].get<int64_t>();
  judged->sum += json["sum"].get<double>();
  for (const auto& one : json["lowest"]) {
    UnlikelyFit fit{one["set_idx"], one["position"], one["quality"], one["robust_px2"],
                    BodyParams(layout)};
    const auto values = one["params"].get<std::vector<double>>();
    GYRE_CHECK(std::ssize(values) == layout.num_params());
    std::ranges::copy(values, fit.params.values().begin());
    judged->Add(std::move(fit), most);
  }
}

}  // namespace

FitQuality JudgeFits(const Supervisor& supervisor, const Mixture& data, const JudgeLimits& limits,
                     Ranks* ranks) {
  Judged own;
  ranks->Together([&] { own = JudgeOwn(supervisor, data, limits); });
  Judged all;
  for (const std::string& message : ranks->Gather(ToMessage(own))) {
    AddMessage(message, *supervisor.fitter().body().layout, limits.lowest, &all);
  }
  if (all.fits == 0) return {};
  const auto fits = static_cast<double>(all.fits);
  return {all.fits, all.sum / fits, static_cast<double>(all.below_half) / fits,
          std::move(all.lowest)};
}

nlohmann::json DescribeQuality(const FitQuality& quality) {
  nlohmann::json json = nlohmann::json::object();
  if (quality.fits == 0) return json;
  json["train_fits_quality_mean"] = quality.mean;
  json["train_fits_quality_below_half"] = quality.below_half;
  return json;
}

}  // namespace gyre
