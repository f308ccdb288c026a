// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "body/h36m_regressor.h"
#include "core/counted.h"
#include "core/error.h"
#include "core/progress.h"
#include "datasets/check.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "fitting/store/fit_exchange.h"
#include "fitting/store/fit_pairs.h"
#include "loop/bulk/fit_rows.h"
#include "loop/evaluation/body_velocity.h"
#include "loop/evaluation/sample_evaluation.h"
#include "loop/runs/body_notes.h"
#include "loop/runs/run_directory.h"
#include "loop/training/network_bridge.h"
#include "loop/training/predictor.h"
#include "loop/training/supervisor.h"
#include "person/crops.h"
#include "regressor/runtime.h"
#include "tools/body_choice.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/eval_joints.h"

namespace gyre {
namespace {

// A network, stored fits or the truth against data by one protocol; without a name by the two that
// need no licensed file, as far as the data allow.
class Evaluator {
 public:
  Evaluator(const cxxopts::ParseResult& args, std::shared_ptr<const BodyModel> body,
            const std::string& data)
      : data_text_(data), named_(args.count("protocol") > 0), body_(std::move(body)) {
    TellStandIns(*body_);
    if (args.count("prior")) {
      spdlog::warn(
          "--prior has no say in an evaluation: made-up people take poses of the prior that ships, "
          "or of synth:?prior=FILE");
    }
    std::vector<Protocol> protocols = {FindProtocol("synthetic"), FindProtocol("lsp-2d")};
    if (named_) protocols = {FindProtocol(args["protocol"].as<std::string>())};
    const ProtocolFiles files = FilesOf(protocols[0], args);
    data_ = OpenMixture(data, {body_, nullptr});
    joints_.emplace(*body_);
    velocity_.emplace(*joints_);
    for (const Protocol& protocol : protocols) evaluations_.emplace_back(protocol, *joints_, files);
  }

  const Mixture& data() const { return data_; }
  const std::string& data_text() const { return data_text_; }
  const std::shared_ptr<const BodyModel>& body() const { return body_; }

  // `placed`: where it stands before the camera is known; else the picture says nothing of it.
  void Add(const Dataset& set, const Person& sample, const BodyParams& params, bool placed = true) {
    velocity_->Add(sample, IndexOf(set), params);
    for (SampleEvaluation& evaluation : evaluations_) {
      if (placed || !evaluation.protocol().InImage()) evaluation.Add(set, sample, params);
    }
    without_place_ += placed ? 0 : 1;
  }
  void AddTruth(const Dataset& set, const Person& sample) {
    Add(set, sample, *sample.params, sample.camera.has_value() && sample.params_have_translation);
  }

  void Print(const std::string& what, int64_t without_body, bool as_json) const {
    const std::string title = fmt::format("{} on {}", what, data_text_);
    nlohmann::json json = {{"evaluated", title},
                           {"samples_without_body", without_body},
                           {"bodies_without_place", without_place_}};
    std::string text = title + "\n";
    for (const SampleEvaluation& evaluation : evaluations_) {
      const Protocol& protocol = evaluation.protocol();
      if (evaluation.samples() == 0 && named_) ThrowNothing(evaluation);
      if (evaluation.samples() == 0 && (!protocol.InImage() || without_place_ > 0)) continue;
      nlohmann::json& result = json[protocol.InImage() ? "image" : "space"];
      result = ToJson(evaluation.Result());
      result["left_out"] = evaluation.left_out();
      text += fmt::format("\n{}{}", Describe(protocol), FormatTable(evaluation.Result()));
      if (evaluation.left_out() > 0) {
        text += fmt::format("{} left out; the first: {}\n",
                            Counted(evaluation.left_out(), "samples"), evaluation.first_left_out());
      }
    }
    if (const Meter& mpjve = velocity_->errors_mm(); mpjve.count() > 0) {
      json["mpjve_mm"] = {{"value", mpjve.Mean()}, {"count", mpjve.count()}};
      text += fmt::format("\nMPJVE, about the middle of the hips: {:.2f} mm a frame, mean of {}\n",
                          mpjve.Mean(), Counted(mpjve.count(), "pairs of frames"));
    }
    const bool in_image = std::ranges::any_of(
        evaluations_, [](const auto& evaluation) { return evaluation.protocol().InImage(); });
    if (without_place_ > 0 && in_image) {
      text += fmt::format(
          "\n{} without a place before the camera left out in the image; fits with transl and a "
          "camera have one (SPIN's layouts keep neither).\n",
          Counted(without_place_, "bodies"));
    }
    if (without_body > 0) {
      text += fmt::format("\n{} without a body left out.\n", Counted(without_body, "samples"));
    }
    fmt::print("{}", as_json ? json.dump(2) + "\n" : text);
  }

 private:
  ProtocolFiles FilesOf(const Protocol& protocol, const cxxopts::ParseResult& args) const {
    const auto path = [&](const char* option, const char* file, const char* why) {
      if (args.count(option)) return args[option].as<std::string>();
      throw UsageError(
          fmt::format("protocol {} {}: give {} to --{}", protocol.name, why, file, option));
    };
    ProtocolFiles files;
    if (protocol.NeedsH36mRegressor()) {
      files.h36m_regressor =
          ReadH36mRegressor(path("h36m-regressor", "J_regressor_h36m.npy (of SPIN's data)",
                                 "takes joints from the mesh by Human3.6M's regressor"),
                            *body_);
    }
    if (protocol.truth == Truth::kGenderedBody) {
      const auto gendered = [&](const char* option, const char* file) {
        auto model = LoadBodyModel(path(option, file, "poses the truth on bodies by gender"));
        if (model->num_vertices() != body_->num_vertices()) {
          ThrowUserError("{}: it has {} vertices, and {} has {}: choose models of one kind.",
                         model->name, model->num_vertices(), body_->name, body_->num_vertices());
        }
        return model;
      };
      files.male = gendered("body-male", "SMPL's male model");
      files.female = gendered("body-female", "SMPL's female model");
    }
    return files;
  }

  int IndexOf(const Dataset& set) const {
    const auto found = std::ranges::find(data_.sets, &set, [](const auto& of) { return of.get(); });
    return static_cast<int>(found - data_.sets.begin());
  }

  [[noreturn]] void ThrowNothing(const SampleEvaluation& evaluation) const {
    ThrowUserError("protocol {}: nothing of {} can be evaluated: {}.", evaluation.protocol().name,
                   data_text_,
                   evaluation.left_out() > 0 ? evaluation.first_left_out()
                   : without_place_ > 0      ? "no body has a place before its camera"
                                             : "no sample has a body");
  }

  std::string data_text_;
  bool named_;
  std::shared_ptr<const BodyModel> body_;
  std::optional<EvaluationBody> joints_;
  std::optional<BodyVelocity> velocity_;
  Mixture data_;
  int64_t without_place_ = 0;
  std::vector<SampleEvaluation> evaluations_;
};

int EvaluateNetwork(const cxxopts::ParseResult& args, const std::string& checkpoint) {
  const TrainOptions o = OptionsOfRun(checkpoint);
  if (!o.HasBody()) return EvaluateJoints(args, checkpoint, o);
  InitRuntime(args["threads"].as<int>());
  const c10::Device device = DeviceFromName(args["device"].as<std::string>());
  // The run's own body and validation set unless others are given.
  const std::string data = args.count("data") ? args["data"].as<std::string>() : o.val;
  if (data.empty()) throw UsageError("--data is required: the run had no validation set");
  const BodyChoice choice = ChooseBody(args, "body", BodyOfRun(checkpoint));
  Evaluator evaluator(args, LoadBodyModel(choice.path, choice.extra_path), data);
  TrainedNetwork trained =
      LoadTrainedNetwork(checkpoint, evaluator.body(), device, choice.extra_path);
  if (o.network.input == NetworkInput::kKeypoints || o.network.input == NetworkInput::kClip) {
    RequireKeypoints(evaluator.data(), trained.network->keypoints());
  }
  LoaderOptions loading =
      LoaderOptions::Evaluation(args["batch-size"].as<int>(), o.network.image_px);
  BringInput(o.network, &loading);
  Loader loader(evaluator.data(), loading);
  Progress progress("evaluating", "batches", loader.steps_per_epoch());
  for (int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
    const Batch batch = loader.Next();
    const std::vector<BodyParams> bodies = trained.Predict(batch);
    for (int k = 0; k < batch.size(); ++k) {
      evaluator.Add(*evaluator.data().sets[batch.set_idx[k]], batch.samples[k], bodies[k]);
    }
    progress.Advance();
  }
  evaluator.Print(fmt::format("network of {}", FindCheckpoint(checkpoint).string()),
                  loader.samples_skipped(), args.count("json") > 0);
  return 0;
}

// Of a fit that was found by another camera than its sample's, that camera.
void TakeCameraOf(const FitSubject* subject, Person* sample) {
  constexpr double kRounding = 1e-4;
  if (subject == nullptr || !(subject->camera.focal_px > 0)) return;
  const Camera own = ImageCamera(*sample);
  const double slack = kRounding * own.focal_px;
  const bool same = std::abs(subject->camera.focal_px - own.focal_px) <= slack &&
                    (subject->camera.center_px - own.center_px).norm() <= slack;
  if (!same) sample->camera = subject->camera;
}

int EvaluateTruth(const cxxopts::ParseResult& args) {
  const BodyChoice choice = ChooseBody(args, "body", {});
  Evaluator evaluator(args, LoadBodyModel(choice.path, choice.extra_path), Required(args, "data"));
  int64_t without_body = 0;
  for (const auto& set : evaluator.data().sets) {
    for (int64_t i = 0; i < set->size(); ++i) {
      const Person sample = set->Get(i);
      if (HasBox(sample) && sample.params.has_value()) {
        evaluator.AddTruth(*set, sample);
      } else {
        ++without_body;
      }
    }
  }
  evaluator.Print("truth", without_body, args.count("json") > 0);
  return 0;
}

// Bodies that stand in a store of fits, with the body that they are of.
int EvaluateFits(const cxxopts::ParseResult& args, const std::string& path) {
  const std::string data = Required(args, "data");
  const BodyIdentity of_fits = BodyOfFits(path);
  const BodyChoice choice = ChooseBody(args, "body", of_fits);
  Evaluator evaluator(args, LoadChosenBody(choice, of_fits, path), data);
  std::vector<FitRows> rows;
  for (const auto& set : evaluator.data().sets) rows.push_back(RowsOf(*set));
  const FitsOfData fits = ReadFitsOf(path, rows);
  for (const std::string& warning : fits.warnings) spdlog::warn("{}", warning);
  for (const FitFile& file : fits.files) file.RequireBody(*evaluator.body(), choice.extra_path);
  const auto unknown = std::ranges::find_if(
      fits.files, [](const FitFile& file) { return !file.origin().body.Known(); });
  if (unknown != fits.files.end()) TellUnknownBody(*unknown, choice.path);
  int64_t without_body = 0;
  OtherPeople others;
  for (size_t s = 0; s < rows.size(); ++s) {
    const Dataset& set = *evaluator.data().sets[s];
    for (int64_t i = 0; i < set.size(); ++i) {
      Person sample = set.Get(i);
      const FitSubject* subject = nullptr;
      const auto fit = fits.Find(s, sample.dataset, sample.index, &subject);
      if (!HasBox(sample) || !fit) {
        ++without_body;
        continue;
      }
      if (subject != nullptr) {
        const FitSubject here = SubjectOf(InputOf(sample));
        others.Compare(sample.dataset, sample.index, subject, &here);
      }
      TakeCameraOf(subject, &sample);
      evaluator.Add(set, sample, fit->params, /*placed=*/!fit->params.transl().isZero(0));
    }
  }
  if (others.All()) {
    ThrowUserError("{}: {}; give the data that these fits are of", path, others.Texts()[0]);
  }
  for (const std::string& text : others.Texts()) {
    spdlog::warn(
        "{}: the data are not what they were when these fits were found, {}; row for row they are "
        "taken as of the same people: give the data that they are of",
        path, text);
  }
  evaluator.Print("fits of " + path, without_body, args.count("json") > 0);
  return 0;
}

int ListProtocols() {
  for (const std::string_view name : ProtocolNames()) {
    fmt::print("{}\n", Describe(FindProtocol(name)));
  }
  return 0;
}

}  // namespace

int RunEval(int argc, char** argv) {
  cxxopts::Options options(argv[0],
                           "Evaluates a network, stored fits, or (as a check) the truth itself.");
  options.add_options()("checkpoint", "A run, or one of its checkpoints",
                        cxxopts::value<std::string>(), "DIR")(
      "fits",
      "Stored fits (a run, its fits.store, an export, or a result of gyre fit), or the word truth",
      cxxopts::value<std::string>(),
      "FILE")("data", "Data set, see README", cxxopts::value<std::string>(), "SPEC")(
      "device", "cpu or cuda", cxxopts::value<std::string>()->default_value("cpu"))(
      "threads", "Threads of the network (0: all cores)",
      cxxopts::value<int>()->default_value("0"))("batch-size", "Samples at a time",
                                                 cxxopts::value<int>()->default_value("32"))(
      "json", "Print one JSON object")(
      "mirror-mean",
      "Of networks that lift keypoints: the mean with what they say of the mirror image");
  options.add_options("Protocol")(
      "protocol",
      "By name, see --list-protocols (default: synthetic and lsp-2d, as far as the "
      "data have truth for them)",
      cxxopts::value<std::string>(),
      "NAME")("list-protocols", "Print what each protocol compares, and end")(
      "h36m-regressor", "J_regressor_h36m.npy: joints of h36m-*, mpi-inf-3dhp and 3dpw",
      cxxopts::value<std::string>(), "FILE")("body-male", "SMPL's male model: truth of 3dpw",
                                             cxxopts::value<std::string>(), "MODEL")(
      "body-female", "SMPL's female model", cxxopts::value<std::string>(), "MODEL");
  AddBodyOptions(options);
  AddQuietOption(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  if (args.count("list-protocols")) return ListProtocols();
  if (args.count("checkpoint") + args.count("fits") != 1) {
    throw UsageError("give either --checkpoint or --fits; see gyre eval --help");
  }
  if (args.count("checkpoint")) return EvaluateNetwork(args, args["checkpoint"].as<std::string>());
  const std::string fits = args["fits"].as<std::string>();
  return fits == "truth" ? EvaluateTruth(args) : EvaluateFits(args, fits);
}

}  // namespace gyre
