// SPDX-License-Identifier: Apache-2.0
#include "loop/training/trainer.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/stop_on_signal.h"
#include "core/trace.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "loop/report/run_report.h"
#include "loop/report/unlikely_fits.h"
#include "loop/runs/body_notes.h"
#include "loop/runs/checkpoint.h"
#include "loop/runs/rank_agreement.h"
#include "loop/runs/run_fits.h"
#include "loop/training/bad_steps.h"
#include "loop/training/fit_quality.h"
#include "loop/training/interval_means.h"
#include "loop/training/learner.h"
#include "loop/training/loss_validation.h"
#include "loop/training/numeric_guard.h"
#include "loop/training/predictor.h"
#include "loop/training/supervisor.h"
#include "loop/training/validation.h"
#include "regressor/batch_norm.h"
#include "regressor/parameter_count.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of the threads that an option asks for: ranks on one host share its cores.
int ThreadsFor(int asked, const Ranks& ranks) {
  return asked > 0 || ranks.local_count() == 1
             ? asked
             : std::max(1, HardwareThreads() / ranks.local_count());
}

}  // namespace

struct Trainer::Impl {
  // A part of the run's data and, of bodies, its fits.
  struct Part {
    const char* name;
    const Mixture* data;
    std::vector<FitRows> rows;         // of its sets
    Supervisor* supervisor = nullptr;  // null: nothing is fitted
  };

  Impl(const TrainOptions& given, RunDirectory folder, bool resume, Ranks* of);

  void Join();
  bool Train();

  LoaderOptions Loading() const;
  Part PartOf(const char* name, const Mixture& of) const;
  void OpenData(bool resume);
  void OpenValidation(const SceneSources& sources, const RunFits& fits);
  std::vector<FitStore*> Stores();
  void Resume();
  bool MakeInitialFits(const StopOnSignal& stop);
  void Save();
  void TrainStep(IntervalMeans* means);
  // On the first rank, as everything that is written down.
  nlohmann::json Validate(bool with_vertices);
  void Draw(bool extremes);

  TrainOptions options;
  Ranks* ranks;
  DataShards data_shards;
  RunDirectory run;
  c10::Device device;
  std::shared_ptr<const BodyModel> body;  // null: the network speaks of none
  BodyIdentity identity;                  // of it
  std::shared_ptr<const PosePrior> prior;
  std::shared_ptr<const Fitter> fitter;  // null without a body
  Mixture data;
  std::vector<Part> parts;
  std::unique_ptr<Learner> learner;
  std::unique_ptr<Loader> loader;
  std::unique_ptr<Teacher> teacher;
  std::unique_ptr<Validator> validator;             // of bodies
  std::unique_ptr<LossValidation> loss_validation;  // of other networks
  FitQuality fit_quality;                           // of the training data, as last validated
  int64_t step = 0;
  bool started = false;  // whether there is a checkpoint, the one of step 0 included
  double train_seconds = 0;
  BadSteps bad_steps;
};

Trainer::Impl::Impl(const TrainOptions& given, RunDirectory folder, bool resume, Ranks* of)
    : options(given.Settled()),
      ranks(of),
      data_shards(given.ShareOut(of->count(), of->rank())),
      run(std::move(folder)),
      device(ranks->DeviceFromName(given.device)),
      prior(LoadPosePrior(given.prior)),
      bad_steps(given.max_bad_steps) {
  if (options.HasBody()) {
    body = LoadBodyModel(given.body, given.joint_regressor_extra);
    identity = IdentityOf(*body, given.joint_regressor_extra);
    if (ranks->first()) TellStandIns(*body);
    fitter = std::make_shared<Fitter>(body, prior, options.fit,
                                      FindKeypointSet(options.network.keypoints));
  }
  InitRuntime(ThreadsFor(options.threads, *ranks));
  SeedTorch(options.seed);
  learner = std::make_unique<Learner>(options, NetworkSetting{body, prior}, device);
  OpenData(resume);
  if (!resume) {
    LoadInitialWeights(options.init, learner->network());
    for (const auto& path : InitialWeights(options.init)) {
      if (ranks->first() && body) TellOtherBody(path, *body, given.joint_regressor_extra);
    }
    if (ranks->first()) WriteFileAtomically(run.options_file(), ToJson(options).dump(2) + "\n");
  }
  if (resume) Resume();
}

LoaderOptions Trainer::Impl::Loading() const {
  LoaderOptions loading = options.Loading();
  loading.data_shards = data_shards;
  return loading;
}

Trainer::Impl::Part Trainer::Impl::PartOf(const char* name, const Mixture& of) const {
  Part part{name, &of, {}, nullptr};
  for (const auto& set : of.sets) part.rows.push_back(RowsOf(*set));
  return part;
}

void Trainer::Impl::OpenData(bool resume) {
  const SceneSources sources{body, nullptr};
  data = OpenMixture(options.data, sources);
  RequireKeypoints(data, learner->network()->keypoints());
  loader = std::make_unique<Loader>(data, Loading());
  parts = {PartOf("data", data)};
  RunFits fits{run.root(), body, {}, resume, options.store, data_shards};
  if (body) {
    fits.origin.body = identity;
    fits.origin.score_rule = EnumName(options.store.rule);
    if (options.store.rule == StoreRule::kObjective) {
      fits.origin.score_fingerprint = ClipFits::ScoreFingerprint(
          ObjectiveFingerprint(options.fit, *prior), options.clips, options.sequence);
    }
  }
  if (fitter) {
    auto supervisor = std::make_unique<Supervisor>(
        fitter, fits.Open(parts[0].rows, kFitsFile), options.supervision, options.use_labels,
        ThreadsFor(options.fit_threads, *ranks), options.refresh, data_shards);
    if (options.first_masks) supervisor->UseMasks(options.masks);
    supervisor->FitClips(options.clips, options.sequence);
    parts[0].supervisor = supervisor.get();
    teacher = std::move(supervisor);
  } else {
    teacher = std::make_unique<LabelTeacher>(options.supervision == Supervision::kTruth);
  }
  if (!options.val.empty()) OpenValidation(sources, fits);
}

void Trainer::Impl::OpenValidation(const SceneSources& sources, const RunFits& fits) {
  Mixture val = OpenMixture(options.val, sources);
  RequireKeypoints(val, learner->network()->keypoints());
  LoaderOptions loading = LoaderOptions::Evaluation(options.batch_size, options.network.image_px);
  loading.run_frames = options.clips.frames;
  BringInput(options.network, &loading);
  loading.data_shards = data_shards;
  if (!fitter) {
    BringTargets(options.loss, &loading);
    loss_validation = std::make_unique<LossValidation>(std::move(val), loading);
    parts.push_back(PartOf("val", loss_validation->data()));
    return;
  }
  // Held-out people are always fitted from the predictions, and their labels only measure.
  Part part = PartOf("val", val);
  auto supervisor = std::make_unique<Supervisor>(
      fitter, fits.Open(part.rows, kValFitsFile), Supervision::kLoop, /*use_labels=*/false,
      ThreadsFor(options.fit_threads, *ranks), RefreshPolicy(), data_shards);
  supervisor->FitClips(options.clips, options.sequence);
  part.supervisor = supervisor.get();
  validator = std::make_unique<Validator>(std::move(val), loading, std::move(supervisor));
  part.data = &validator->data();
  parts.push_back(std::move(part));
}

// What the ranks have to agree in before they train together.
void Trainer::Impl::Join() {
  Network& network = learner->network();
  nlohmann::json read = {{"step", step}};
  if (body) {
    Fingerprint vertices;
    vertices.AddBytes(body->v_template.data(), body->v_template.size() * sizeof(double));
    read["body"] = vertices.Hex();
  }
  for (const Part& part : parts) {
    for (const FitRows& rows : part.rows) {
      read[part.name][rows.name] = fmt::format("{} rows, content {}", rows.rows, rows.fingerprint);
    }
  }
  RequireAlike(read, ranks);
  ranks->Broadcast(network->parameters());
  if (options.network.batch_norm == BatchNormOf::kSynced) SyncBatchNorm(*network, ranks->Mean());
  ranks->AverageGradients(network->parameters());
}

void Trainer::Impl::Resume() {
  const std::vector<std::filesystem::path> checkpoints = ListCheckpoints(run.root());
  for (const std::filesystem::path& folder : checkpoints) {
    try {
      const CheckpointState state = ReadCheckpoint(folder, learner->trained());
      step = state.step;
      train_seconds = state.train_seconds;
      started = true;
      break;
    } catch (const UserError& error) {
      spdlog::warn("{}; trying the checkpoint before it", error.what());
    }
  }
  if (!started && !checkpoints.empty()) {
    ThrowUserError("{}: none of its {} checkpoints can be read; move the folder away to start anew",
                   run.root().string(), checkpoints.size());
  }
  // Killed before its first checkpoint.
  if (!started) LoadInitialWeights(options.init, learner->network());
  if (ranks->first()) run.TruncateMetrics(started ? step : -1);
  spdlog::info("resuming at step {}", step);
}

void Trainer::Impl::Save() {
  const Trained trained = learner->trained();
  ranks->Broadcast(trained.network.buffers());
  const std::vector<FitStore*> stores = Stores();
  // The fits before the checkpoint that leans on them; older ones may be given up only after it.
  ranks->Together([&] {
    if (const std::string what = NotFiniteState(trained.network, trained.optimizer);
        !what.empty()) {
      ThrowUserError(
          "step {}: {} is not finite any more and was not saved; start another --run with --init "
          "{} and a lower --learning-rate",
          step, what, run.root().string());
    }
    for (const Part& part : parts) {
      if (part.supervisor) part.supervisor->Finish();
    }
    for (FitStore* store : stores) store->Sync();
  });
  ranks->Together([&] {
    if (!ranks->first()) return;
    run.WriteCheckpoint(step, options.keep_checkpoints, [&](const std::filesystem::path& folder) {
      WriteCheckpoint(folder, {step, train_seconds, identity}, trained);
    });
  });
  for (FitStore* store : stores) store->Protect(step);
}

void Trainer::Impl::TrainStep(IntervalMeans* means) {
  const auto start = std::chrono::steady_clock::now();
  TakeSpanSeconds();  // what lies between the steps belongs to none
  std::optional<Span> loading("load");
  const Batch batch = loader->Next();
  loading.reset();
  const StepReport made = learner->Step(batch, step, *teacher, *ranks);
  means->Add("left_out", made.not_finite.empty() ? 0 : 1);
  if (made.not_finite.empty()) {
    bad_steps.Good();
    means->Add("gradient_norm", made.gradient_norm);
  } else {
    bad_steps.Bad(step, made.not_finite);
  }
  means->Add("loss", made.loss);
  for (const auto& [name, value] : made.terms) means->Add("loss_" + name, value);
  if (parts[0].supervisor) {
    const SupervisionStats& stats = made.supervision;
    means->Add("fits_updated", static_cast<double>(stats.updated * ranks->count()));
    means->Add("fits_unusable", static_cast<double>(stats.unusable * ranks->count()));
    means->Add("fits_accepted_share", stats.accepted_share);
    means->Add("fit_reprojection_px", stats.reprojection_px);
  }
  for (const auto& [name, seconds] : TakeSpanSeconds()) means->Add("seconds_" + name, seconds);
  means->Add("seconds_step", SecondsSince(start));
}

nlohmann::json Trainer::Impl::Validate(bool with_vertices) {
  ranks->Broadcast(learner->network()->buffers());
  if (loss_validation) return loss_validation->Run(*learner, step, ranks);
  nlohmann::json json = nlohmann::json::object();
  if (validator) {
    json = validator->Run([&](const Batch& batch) { return learner->Predict(batch); }, step,
                          with_vertices, ranks);
  }
  if (const Supervisor* fits = parts[0].supervisor) {
    json.update(DescribeFits(*fits, data, ranks));
    fit_quality = JudgeFits(*fits, data, JudgeLimits(), ranks);
    json.update(DescribeQuality(fit_quality));
  }
  return json;
}

void Trainer::Impl::Draw(bool extremes) {
  if (!fitter) return;
  ranks->Together([&] {
    if (!ranks->first()) return;
    if (extremes) WriteUnlikelyFits(run, fit_quality, data, *body, options.pictures);
    if (!validator) return;
    DrawValidationPictures(run, *validator, *body, step, options.pictures);
    if (!extremes) return;
    DrawExtremes(run, *validator, *body, options.pictures);
    WritePeople(run, *validator);
  });
}

std::vector<FitStore*> Trainer::Impl::Stores() {
  std::vector<FitStore*> stores;
  for (const Part& part : parts) {
    if (part.supervisor) stores.push_back(&part.supervisor->store());
  }
  return stores;
}

bool Trainer::Impl::MakeInitialFits(const StopOnSignal& stop) {
  StartFunction starts;
  if (!options.first_starts.empty()) {
    starts = [trained = LoadKeypointNetwork(options.first_starts, body, device)](
                 std::span<const Person> samples) mutable {
      return PredictFromKeypoints(trained, samples);
    };
  }
  const auto give_up = [&] { return ranks->Interrupted(); };
  return ranks->Together(
      [&] {
        for (const Part& part : parts) {
          if (!part.supervisor) continue;
          for (const auto& set : part.data->sets) {
            if (!part.supervisor->MakeInitialFits(*set, starts, give_up)) return;
          }
        }
      },
      [&] { return stop.requested(); });
}

bool Trainer::Impl::Train() {
  const StopOnSignal stop;
  const auto start = std::chrono::steady_clock::now();
  if (!started) {
    if (!MakeInitialFits(stop)) {
      spdlog::info("stopped during the initial fits; gyre train --resume --run {} goes on",
                   run.root().string());
      return false;
    }
    nlohmann::json line = {{"step", 0}};
    line.update(Validate(/*with_vertices=*/false));
    Draw(/*extremes=*/false);
    if (ranks->first()) run.LogMetrics(line);
    train_seconds = SecondsSince(start);
    Save();
  }
  loader->Seek(step / loader->steps_per_epoch(), step % loader->steps_per_epoch());
  const double seconds_before = train_seconds;
  const auto loop_start = std::chrono::steady_clock::now();
  Progress progress("training", "steps", options.steps, step);
  IntervalMeans means;
  const int64_t trace_end = std::min(step + options.trace_steps, options.steps);
  const bool tracing = options.trace_steps > 0 && ranks->first();
  if (tracing) StartTrace();
  bool stopping = ranks->Any(stop.requested());
  while (step < options.steps && !stopping) {
    ++step;
    TrainStep(&means);
    stopping = ranks->Any(stop.requested());
    const bool last = step == options.steps;
    if (tracing && step == trace_end) WriteTrace(run.trace_file());
    const bool validate = step % options.val_every == 0 || last;
    std::string note;
    if (step % options.log_every == 0 || validate) {
      nlohmann::json line = means.Take(*ranks);
      line["step"] = step;
      if (line.contains("loss")) note = fmt::format("loss {:.3f}", line["loss"].get<double>());
      if (validate) line.update(Validate(/*with_vertices=*/last));
      if (ranks->first()) run.LogMetrics(line);
    }
    train_seconds = seconds_before + SecondsSince(loop_start);
    if (last) Draw(/*extremes=*/true);
    if (step % options.checkpoint_every == 0 || last || stopping) Save();
    progress.Advance(1, note);
  }
  if (step < options.steps) {
    spdlog::info("stopped after step {}; gyre train --resume --run {} goes on", step,
                 run.root().string());
    return false;
  }
  if (ranks->first()) {
    const RunCost cost{train_seconds, NumParameters(*learner->network()), options.batch_size};
    WriteRunReport(run, options, WriteSummary(run, cost));
  }
  return true;
}

Trainer::Trainer(const TrainOptions& options, const std::filesystem::path& run, bool resume,
                 Ranks* ranks) {
  options.Check();
  RequireAlike(SharedOptions(options, run, resume), ranks);
  std::optional<RunDirectory> folder;
  ranks->Together([&] {
    if (!ranks->first()) return;
    folder.emplace(run, resume);
    if (resume) return;
    for (const char* name : {kFitsFile, kValFitsFile}) RemoveFits(run, name);
  });
  if (!folder) folder = RunDirectory::OfFirstRank(run);
  ranks->Together(
      [&] { impl_ = std::make_unique<Impl>(options, std::move(*folder), resume, ranks); });
  impl_->Join();
}
Trainer::~Trainer() = default;
bool Trainer::Train() { return impl_->Train(); }

}  // namespace gyre
