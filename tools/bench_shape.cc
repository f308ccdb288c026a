// SPDX-License-Identifier: Apache-2.0
// gyre bench shape: what is known of the shape of made-up people, from what.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "datasets/decorators/augment.h"
#include "datasets/scenes/mask_errors.h"
#include "datasets/scenes/synthetic.h"
#include "fitting/fitter.h"
#include "fitting/person_problem.h"
#include "fitting/quality.h"
#include "fitting/silhouette_fitter.h"
#include "io/option_json.h"
#include "loop/training/predictor.h"
#include "metrics/meter.h"
#include "metrics/shape_errors.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/fit_flags.h"

namespace gyre {
namespace {

const FlagNames kShapeFitFlags = {.prefix = "fit."};
const FlagNames kShapeMaskFlags = {.prefix = "masks."};

enum Source { kMeanShape, kFromKeypoints, kFromMask, kFromShapePrior, kSources };
constexpr std::array<const char*, kSources> kSourceNames = {"mean_shape", "keypoints",
                                                            "keypoints_mask", "shape_prior"};

cxxopts::Options MakeShapeOptions() {
  cxxopts::Options options("gyre bench shape",
                           "Measure the shape of made-up people (standard deviation 1) as it is "
                           "known without looking, from their keypoints, from keypoints and mask, "
                           "and by a network that looks at the mask.");
  options.set_width(100);
  options.add_options()("count", "People", cxxopts::value<int64_t>()->default_value("100"), "N")(
      "seed", "Who they are", cxxopts::value<uint64_t>()->default_value("1"), "S")(
      "mask-noise", "By how much the masks' edges are off, px of the 224 px crop",
      cxxopts::value<double>()->default_value("0"),
      "PX")("occlusion", "What stands before them, as a share of the box around the mask",
            cxxopts::value<double>()->default_value("0"), "SHARE")(
      "occluder-unknown", "Masks do not say where that is: they show less of the person")(
      "shape-prior", "Run of a network that looks at silhouettes (ShapePrior)",
      cxxopts::value<std::string>(),
      "RUN")("threads", "0: all cores", cxxopts::value<int>()->default_value("0"), "N")(
      "json", "Print one JSON object");
  AddFitFlags(options, {}, kShapeFitFlags);
  AddFlags(options, "masks", SilhouetteOptions(), kShapeMaskFlags);
  AddBodyOptions(options);
  AddQuietOption(options);
  return options;
}

struct MaskedPerson {
  Person person;
  SceneMask mask;
};

// Keypoints behind the occluder are not seen.
MaskedPerson MakePerson(const SyntheticDataset& people, const MaskErrors& errors, int64_t i) {
  constexpr uint32_t kMasks = 2;  // the noise stream's third sequence
  const SceneOptions& scene = people.options();
  MaskedPerson one{people.Get(i), {}};
  Rng rng(scene.seed, RngStream::kNoise, kMasks, static_cast<uint64_t>(i));
  one.mask = DisturbMask(errors, people.BodyMask(one.person), scene.width_px, scene.height_px,
                         one.person.box.side_px, rng);
  Keypoints& keypoints = one.person.keypoints;
  for (Eigen::Index k = 0; k < keypoints.px.rows(); ++k) {
    if (one.mask.Hides(keypoints.px.row(k).transpose())) keypoints.confidence[k] = 0;
  }
  return one;
}

// A network that looks at silhouettes; what is not known to be the body is not.
class ShapeNetwork {
 public:
  ShapeNetwork(const std::string& run, const std::shared_ptr<const BodyModel>& body)
      : trained_(LoadTrainedNetwork(run, body, DeviceFromName("cpu"))) {
    if (trained_.options.network.input != NetworkInput::kSilhouette) {
      ThrowUserError(
          "{}: its network does not look at silhouettes; train one with --preset prior18 "
          "--network.input silhouette --network.image-px 64",
          run);
    }
  }

  BodyParams Predict(const MaskedPerson& one) {
    ImageBuffer picture{one.mask.width, one.mask.height, 3, {}};
    for (const uint8_t value : one.mask.pixels) {
      picture.pixels.insert(picture.pixels.end(), 3, value == 255 ? 255 : 0);
    }
    Batch batch;
    batch.crop_px = trained_.options.network.image_px;
    batch.samples = {one.person};
    batch.crops.push_back(CropOf(one.person.box, batch.crop_px, Augmentation()));
    batch.pixels.resize(static_cast<size_t>(batch.crop_px) * batch.crop_px * 3);
    WarpToCrop(picture, batch.crops[0], Augmentation(), batch.pixels.data());
    return trained_.Predict(batch)[0];
  }

 private:
  TrainedNetwork trained_;
};

struct MeasuredPerson {
  bool fitted = false, mask_used = false;
  double overlap_before = 0, overlap_after = 0;
  double mask_ms = 0;
  std::array<std::optional<BodyParams>, kSources> bodies;
};

// With a source's shape, the keypoints' pose where it has none of its own.
BodyParams WithShape(BodyParams body, const Eigen::Ref<const VecX>& shape) {
  body.shape() = shape;
  return body;
}

MeasuredPerson MeasurePerson(const Fitter& fitter, const SilhouetteFitter& by_mask,
                             const MaskedPerson& one) {
  MeasuredPerson measured;
  const FitProblem problem = ProblemInImage(one.person);
  const FitResult fit = fitter.Fit(problem);
  measured.fitted = fit.summary.usable;
  if (!measured.fitted) return measured;
  const auto began = std::chrono::steady_clock::now();
  const SilhouetteFit masked =
      by_mask.Fit(problem, {one.mask.width, one.mask.height, one.mask.pixels}, fit);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  measured.mask_ms = took.count();
  measured.mask_used = masked.used;
  measured.overlap_before = masked.overlap_before;
  measured.overlap_after = masked.overlap_after;
  measured.bodies[kMeanShape] = WithShape(fit.params, VecX::Zero(fit.params.shape().size()));
  measured.bodies[kFromKeypoints] = fit.params;
  measured.bodies[kFromMask] = masked.result.params;
  return measured;
}

struct ShapeMeters {
  std::array<Meter, kSources> tpose, height, girth, pose;
};

void AddErrors(const BodyModel& body, const QualityJudge& judge, const BodyParams& truth,
               const MeasuredPerson& measured, ShapeMeters* meters) {
  const ShapeMeasures true_shape = MeasureShape(body, truth.shape());
  for (int source = 0; source < kSources; ++source) {
    const auto& params = measured.bodies[source];
    if (!params) continue;
    const ShapeErrors errors = ErrorsOf(MeasureShape(body, params->shape()), true_shape);
    meters->tpose[source].Add(errors.tpose_mm);
    meters->height[source].Add(errors.height_mm);
    meters->girth[source].Add(errors.girth_mm);
    meters->pose[source].Add(judge.ErrorMm(*params, truth));
  }
}

nlohmann::json MeansOf(const std::array<Meter, kSources>& meters) {
  nlohmann::json json;
  for (int source = 0; source < kSources; ++source) {
    json[kSourceNames[source]] =
        meters[source].count() > 0 ? nlohmann::json(meters[source].Mean()) : nlohmann::json();
  }
  return json;
}

MaskErrors MaskErrorsOf(const cxxopts::ParseResult& args) {
  MaskErrors errors;
  errors.edge_px = args["mask-noise"].as<double>();
  errors.occlusion = args["occlusion"].as<double>();
  errors.occluder_known = args.count("occluder-unknown") == 0;
  errors.Check();
  return errors;
}

SceneOptions ShapeSceneOf(const cxxopts::ParseResult& args) {
  SceneOptions scene;
  scene.count = args["count"].as<int64_t>();
  scene.seed = args["seed"].as<uint64_t>();
  scene.occluder_probability = 0;
  scene.Check();
  return scene;
}

void PrintShape(const nlohmann::json& result) {
  fmt::print("{} people fitted of {}, {} with their masks, {:.0f} ms each\n{:<22}",
             result["fitted"].get<int64_t>(), result["people"].get<int64_t>(),
             result["masks_used"].get<int64_t>(), result["mask_ms"].get<double>(), "");
  for (const char* name : kSourceNames) fmt::print("{:>16}", name);
  fmt::print("\n");
  for (const char* key : {"tpose_error_mm", "height_error_mm", "girth_error_mm", "pa_mpjpe_mm"}) {
    fmt::print("{:<22}", key);
    for (const char* name : kSourceNames) {
      const auto& value = result[key][name];
      fmt::print("{:>16}", value.is_null() ? "-" : fmt::format("{:.1f}", value.get<double>()));
    }
    fmt::print("\n");
  }
}

nlohmann::json MeasureShapes(const SyntheticDataset& people, const Fitter& fitter,
                             const SilhouetteFitter& by_mask, ShapeNetwork* network,
                             const MaskErrors& errors, int threads) {
  constexpr int64_t kChunk = 64;
  std::vector<MeasuredPerson> measured(static_cast<size_t>(people.size()));
  Progress progress("fitting", "persons", people.size());
  for (int64_t begin = 0; begin < people.size(); begin += kChunk) {
    const int64_t count = std::min(kChunk, people.size() - begin);
    ParallelFor(count, threads, [&](int64_t i, int) {
      measured[begin + i] = MeasurePerson(fitter, by_mask, MakePerson(people, errors, begin + i));
    });
    progress.Advance(count);
  }
  const QualityJudge judge(fitter);
  ShapeMeters meters;
  Meter before, after, mask_ms;
  int64_t fitted = 0, masks_used = 0;
  for (int64_t i = 0; i < people.size(); ++i) {
    MeasuredPerson& one = measured[i];
    if (!one.fitted) continue;
    ++fitted;
    masks_used += one.mask_used;
    before.Add(one.overlap_before);
    after.Add(one.overlap_after);
    mask_ms.Add(one.mask_ms);
    const MaskedPerson person = MakePerson(people, errors, i);
    if (network != nullptr) {
      one.bodies[kFromShapePrior] =
          WithShape(*one.bodies[kFromKeypoints], network->Predict(person).shape());
    }
    AddErrors(fitter.body(), judge, *person.person.params, one, &meters);
  }
  if (fitted == 0) ThrowUserError("none of the {} people could be fitted", people.size());
  return {{"people", people.size()},
          {"fitted", fitted},
          {"masks_used", masks_used},
          {"mask_ms", mask_ms.Mean()},
          {"overlap", {{"keypoints", before.Mean()}, {"keypoints_mask", after.Mean()}}},
          {"tpose_error_mm", MeansOf(meters.tpose)},
          {"height_error_mm", MeansOf(meters.height)},
          {"girth_error_mm", MeansOf(meters.girth)},
          {"pa_mpjpe_mm", MeansOf(meters.pose)}};
}

}  // namespace

int RunBenchShape(int argc, char** argv) {
  cxxopts::Options options = MakeShapeOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  FitOptions fit = PresetFit(args);
  ApplyFlags(args, &fit, kShapeFitFlags);
  fit.Check();
  if (fit.stages != FitStages::kBody) throw UsageError("--preset: masks fit the body alone");
  SilhouetteOptions masks;
  ApplyFlags(args, &masks, kShapeMaskFlags);
  masks.Check();
  const MaskErrors errors = MaskErrorsOf(args);
  const int threads = args["threads"].as<int>();
  if (threads < 0 || threads > 1024) {
    throw UsageError(fmt::format("--threads is {}; it must be from 0 to 1024", threads));
  }
  const auto body = BodyOf(args);
  const auto prior = PriorOf(args);
  const SyntheticDataset people(body, prior, ShapeSceneOf(args));
  std::optional<ShapeNetwork> network;
  if (args.count("shape-prior")) {
    InitRuntime(threads);
    network.emplace(args["shape-prior"].as<std::string>(), body);
  }
  const Fitter fitter(body, prior, fit);
  const SilhouetteFitter by_mask(fitter, masks);
  nlohmann::json result =
      MeasureShapes(people, fitter, by_mask, network ? &*network : nullptr, errors, threads);
  result["seed"] = people.options().seed;
  result["mask_noise_px"] = errors.edge_px;
  result["occlusion"] = errors.occlusion;
  result["occluder_known"] = errors.occluder_known;
  result["options"] = FieldsToJson(fit, "fit.");
  result["options"].update(FieldsToJson(masks, "masks."));
  if (args.count("json")) {
    fmt::print("{}\n", result.dump(2));
  } else {
    PrintShape(result);
  }
  return 0;
}

}  // namespace gyre
