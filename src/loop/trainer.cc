// SPDX-License-Identifier: Apache-2.0
#include "loop/trainer.h"

#include <c10/core/GradMode.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/rng.h"
#include "core/stop_on_signal.h"
#include "core/trace.h"
#include "datasets/loader.h"
#include "loop/checkpoint.h"
#include "loop/network_bridge.h"
#include "loop/numeric_guard.h"
#include "loop/predictor.h"
#include "loop/run_report.h"
#include "loop/validation.h"
#include "regressor/adam.h"
#include "regressor/batch_norm.h"
#include "regressor/runtime.h"
#include "regressor/smpl_layer.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Means of what the steps between two lines of metrics.jsonl report.
class IntervalMeans {
 public:
  void Add(const std::string& key, double value) {
    auto& [sum, count] = sums_[key];
    if (std::isnan(value)) return;
    sum += value;
    ++count;
  }
  // Over all ranks, which report the same; times are the caller's own.
  nlohmann::json Take(const Ranks& ranks) {
    nlohmann::json json;
    std::vector<double> shared;
    for (const auto& [key, sum] : sums_) {
      const auto count = static_cast<double>(sum.second);
      if (key.starts_with("seconds_")) {
        if (count > 0) json[key] = sum.first / count;
      } else {
        shared.insert(shared.end(), {sum.first, count});
      }
    }
    shared = ranks.Sum(std::move(shared));
    auto next = shared.begin();
    for (const auto& [key, sum] : sums_) {
      if (key.starts_with("seconds_")) continue;
      if (next[1] > 0) json[key] = next[0] / next[1];
      next += 2;
    }
    sums_.clear();
    return json;
  }

 private:
  std::map<std::string, std::pair<double, int64_t>> sums_;
};

// Uncertainty costs time: only where it weighs.
FitOptions FitOptionsOf(const TrainOptions& options) {
  FitOptions fit = options.fit;
  fit.estimate_uncertainty = options.loss.fit_sd_rad > 0;
  return fit;
}

double LearningRateAt(const TrainOptions& options, int64_t step) {
  if (options.learning_rate_end == 0) return options.learning_rate;
  const double done = static_cast<double>(step - 1) / static_cast<double>(options.steps);
  return options.learning_rate_end + (options.learning_rate - options.learning_rate_end) *
                                         (1 + std::cos(std::numbers::pi * done)) / 2;
}

void SetLearningRate(torch::optim::Adam* optimizer, double rate) {
  for (auto& group : optimizer->param_groups()) {
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
  }
}

// Of the threads that an option asks for: ranks on one host share its cores.
int ThreadsFor(int asked, const Ranks& ranks) {
  return asked > 0 || ranks.local_count() == 1
             ? asked
             : std::max(1, HardwareThreads() / ranks.local_count());
}

}  // namespace

struct Trainer::Impl {
  Impl(const TrainOptions& given, RunDirectory folder, bool resume, Ranks* of);

  void Join();
  bool Train();

  FitStore OpenFits(const Mixture& of, const char* file, bool resume) const;
  FitFile OpenFitFile(const std::filesystem::path& path, const std::vector<FitRows>& rows,
                      bool resume) const;
  void StartFromWeights();
  void Resume();
  bool MakeInitialFits(const StopOnSignal& stop);
  void Save();
  void TrainStep(IntervalMeans* means);
  void LeaveOut(const std::string& what);
  nlohmann::json Validate();  // on the first rank, as everything that is written down
  void Draw(bool extremes);

  TrainOptions options;
  Ranks* ranks;
  DataShards data_shards;
  RunDirectory run;
  c10::Device device;
  std::shared_ptr<const BodyModel> body;
  std::shared_ptr<const PosePrior> prior;
  std::shared_ptr<const Fitter> fitter;
  RestJoints rest;
  Mixture data;
  HmrNet network{nullptr};
  SmplLayer smpl{nullptr};
  std::unique_ptr<torch::optim::Adam> optimizer;
  std::unique_ptr<Loader> loader;
  std::unique_ptr<Supervisor> supervisor;
  std::unique_ptr<Validator> validator;
  int64_t step = 0;
  bool started = false;  // whether there is a checkpoint, the one of step 0 included
  double train_seconds = 0;
  int bad_steps = 0;
};

Trainer::Impl::Impl(const TrainOptions& given, RunDirectory folder, bool resume, Ranks* of)
    : options(given),
      ranks(of),
      data_shards(given.ShareOut(of->count(), of->rank())),
      run(std::move(folder)),
      device(ranks->DeviceFromName(given.device)),
      body(LoadBodyModel(given.body, given.joint_regressor_extra)),
      prior(LoadPosePrior(given.prior)),
      fitter(std::make_shared<Fitter>(body, prior, FitOptionsOf(given))),
      rest(*body) {
  InitRuntime(ThreadsFor(options.threads, *ranks));
  const int fit_threads = ThreadsFor(options.fit_threads, *ranks);
  SeedTorch(options.seed);
  network = HmrNet(options.network, MeanParams::FromPrior(*prior));
  smpl = SmplLayer(*body);
  const SceneSources sources{body, prior};
  data = OpenMixture(options.data, sources);
  LoaderOptions loading;
  loading.batch_size = options.batch_size;
  loading.crop_px = options.network.image_px;
  loading.picture = PictureFor(options.network.input);
  loading.workers = options.loader_threads;
  loading.seed = options.seed;
  loading.augment = options.augment;
  loading.data_shards = data_shards;
  loader = std::make_unique<Loader>(data, loading);
  RefreshPolicy refresh = options.refresh;
  refresh.seed = options.seed;
  supervisor =
      std::make_unique<Supervisor>(fitter, OpenFits(data, kFitsFile, resume), options.supervision,
                                   options.use_labels, fit_threads, refresh, data_shards);
  if (!options.val.empty()) {
    // Held-out people are always fitted from the predictions, and their labels only measure.
    Mixture val = OpenMixture(options.val, sources);
    LoaderOptions loading_val =
        LoaderOptions::Evaluation(options.batch_size, options.network.image_px);
    loading_val.picture = loading.picture;
    loading_val.data_shards = data_shards;
    FitStore fits = OpenFits(val, kValFitsFile, resume);
    validator = std::make_unique<Validator>(
        std::move(val), loading_val,
        std::make_unique<Supervisor>(fitter, std::move(fits), Supervision::kLoop,
                                     /*use_labels=*/false, fit_threads, RefreshPolicy(),
                                     data_shards));
  }
  if (!resume) {
    StartFromWeights();
    if (ranks->first()) WriteFileAtomically(run.options_file(), ToJson(options).dump(2) + "\n");
  }
  network->to(device);
  UseChannelsLast(*network);
  smpl->to(device);
  optimizer = std::make_unique<FusedAdam>(network->parameters(),
                                          torch::optim::AdamOptions(options.learning_rate));
  if (resume) Resume();
}

// What the ranks have to agree in before they train together.
void Trainer::Impl::Join() {
  if (ranks->Sum({static_cast<double>(step)})[0] != static_cast<double>(step) * ranks->count()) {
    ThrowUserError(
        "{}: rank {} read the checkpoint of step {}, others read another; let all hosts "
        "see the same folder",
        run.root().string(), ranks->rank(), step);
  }
  ranks->Broadcast(network->parameters());
  if (options.network.batch_norm == BatchNormOf::kSynced) SyncBatchNorm(*network, ranks->Mean());
  ranks->AverageGradients(network->parameters());
}

FitStore Trainer::Impl::OpenFits(const Mixture& of, const char* file, bool resume) const {
  std::vector<FitRows> rows;
  for (const auto& set : of.sets) rows.push_back(RowsOf(*set));
  const std::vector<std::string> names = FitFileNames(file, data_shards.shards);
  std::vector<FitFile> files;
  for (int shard = data_shards.rank; shard < data_shards.shards; shard += data_shards.ranks) {
    files.push_back(OpenFitFile(run.root() / names[shard], rows, resume));
  }
  return FitStore(options.store, std::move(files));
}

FitFile Trainer::Impl::OpenFitFile(const std::filesystem::path& path,
                                   const std::vector<FitRows>& rows, bool resume) const {
  const std::vector<std::filesystem::path> checkpoints = ListCheckpoints(run.root());
  if (!resume || (checkpoints.empty() && !std::filesystem::exists(path))) {
    return FitFile::Create(path, rows);
  }
  // Also when that checkpoint turns out to be damaged: then the fits stay, and are better than
  // those of the checkpoint before it.
  const int64_t last_step = checkpoints.empty() ? 0 : CheckpointStep(checkpoints.front());
  FitFile fits = FitFile::OpenToWrite(path, last_step);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (fits.datasets().size() != rows.size() || fits.datasets()[i] != rows[i]) {
      ThrowUserError(
          "data set '{}' is not what it was when this run began (other rows, boxes or keypoints); "
          "bring it back, or start another --run with --init {}",
          rows[i].name, run.root().string());
    }
  }
  return fits;
}

void Trainer::Impl::StartFromWeights() {
  if (options.init.empty()) return;
  const std::filesystem::path init = options.init;
  if (std::filesystem::is_directory(init)) {
    LoadNetworkWeights(*network, FindCheckpoint(init) / "network.pt");
  } else if (init.filename().string().starts_with("resnet")) {
    LoadBackboneWeights(*network, init);  // torchvision's file names
  } else {
    LoadNetworkWeights(*network, init);
  }
}

void Trainer::Impl::Resume() {
  const std::vector<std::filesystem::path> checkpoints = ListCheckpoints(run.root());
  for (const std::filesystem::path& folder : checkpoints) {
    try {
      const CheckpointState state = ReadCheckpoint(folder, network, *optimizer);
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
  if (!started) StartFromWeights();  // killed before its first checkpoint
  if (ranks->first()) run.TruncateMetrics(started ? step : -1);
  spdlog::info("resuming at step {}", step);
}

void Trainer::Impl::Save() {
  ranks->Broadcast(network->buffers());
  std::vector<FitStore*> stores = {&supervisor->store()};
  if (validator) stores.push_back(&validator->supervisor().store());
  // The fits before the checkpoint that leans on them; older ones may be given up only after it.
  ranks->Together([&] {
    if (const std::string what = NotFiniteState(*network, *optimizer); !what.empty()) {
      ThrowUserError(
          "step {}: {} is not finite any more and was not saved; start another --run with --init "
          "{} and a lower --learning-rate",
          step, what, run.root().string());
    }
    supervisor->Finish();
    for (FitStore* store : stores) store->Sync();
  });
  ranks->Together([&] {
    if (!ranks->first()) return;
    run.WriteCheckpoint(step, options.keep_checkpoints, [&](const std::filesystem::path& folder) {
      WriteCheckpoint(folder, step, train_seconds, network, *optimizer);
    });
  });
  for (FitStore* store : stores) store->Protect(step);
}

// Weights stay as they were; data that does this again and again is the user's to look at.
void Trainer::Impl::LeaveOut(const std::string& what) {
  if (++bad_steps > options.max_bad_steps) {
    ThrowUserError(
        "step {}: not finite: {}; lower --learning-rate or run gyre data check on the data{}", step,
        what,
        bad_steps > 1
            ? fmt::format(" ({} steps before it were left out for the like)", bad_steps - 1)
            : "");
  }
  spdlog::warn("step {}: not finite: {}; the step is left out", step, what);
}

void Trainer::Impl::TrainStep(IntervalMeans* means) {
  const auto start = std::chrono::steady_clock::now();
  TakeSpanSeconds();  // what lies between the steps belongs to none
  std::optional<Span> phase;
  // Dropout draws from the step, not from what was drawn before it.
  Rng rng(options.seed, RngStream::kNetwork, static_cast<uint32_t>(ranks->rank()),
          static_cast<uint64_t>(step));
  SeedTorch(rng.NextU32());

  SetLearningRate(optimizer.get(), LearningRateAt(options, step));
  phase.emplace("load");
  const Batch batch = loader->Next();
  phase.emplace("copy");
  const at::Tensor inputs = NetworkInputs(batch, options.network.input, device);
  phase.emplace("forward");
  network->train();
  const HmrOutput output = network->forward(inputs);
  const std::vector<BodyParams> predictions = BodiesFromOutput(output, batch, rest);
  // Before the fits: a device of its own poses the bodies while this one's cores fit.
  LossOptions weights = options.loss;
  if (step <= weights.vertices_after) weights.vertices = 0;
  const bool with_vertices = weights.vertices > 0;
  phase.emplace("loss");
  const SmplOutput posed = smpl->forward(output.rotmats, output.betas, with_vertices);
  phase.reset();
  SupervisionStats stats;
  const std::vector<Target> targets = supervisor->Step(batch.samples, predictions, step, &stats);

  phase.emplace("copy");
  LossTarget target =
      TargetTensors(batch, targets, rest, options.use_labels, options.loss.fit_sd_rad, device);
  phase.emplace("loss");
  if (with_vertices) {
    const at::NoGradGuard no_grad;
    target.vertices = smpl->forward(target.rotmats, target.betas, true).vertices;
  }
  const LossPrediction prediction{
      output.rotmats,
      output.betas,
      output.cam,
      posed.joints49,
      ProjectToCrop(posed.joints49, output.cam, CamerasOf(batch, device), batch.crop_px),
      posed.vertices};
  const Losses losses = ComputeLosses(prediction, target, weights, ranks->Mean());
  // Of all ranks: if one's is not finite, none takes the step.
  const double loss = ranks->Sum({losses.total.item<double>()})[0] / ranks->count();
  std::string not_finite;
  if (std::isfinite(loss)) {
    phase.emplace("backward");
    optimizer->zero_grad();
    ranks->Backward(losses.total);
    phase.emplace("optimizer");
    // One sample whose camera turned negative may not decide the step: exp(-10 s)^2 is steep.
    const double norm = ClipGradients(*network, options.gradient_clip);
    if (std::isfinite(norm)) {
      means->Add("gradient_norm", norm);
      optimizer->step();
      bad_steps = 0;
    } else {
      not_finite = NotFiniteGradient(*network);
    }
  } else {
    not_finite = NotFinite(losses, output, batch.samples);
    if (not_finite.empty()) not_finite = "the loss of another rank";
  }
  phase.reset();
  means->Add("left_out", not_finite.empty() ? 0 : 1);
  if (!not_finite.empty()) LeaveOut(not_finite);
  means->Add("loss", loss);
  for (const auto& [name, value] : losses.terms) means->Add("loss_" + name, value.item<double>());
  means->Add("fits_updated", static_cast<double>(stats.updated * ranks->count()));
  means->Add("fits_unusable", static_cast<double>(stats.unusable * ranks->count()));
  means->Add("fits_accepted_share", stats.accepted_share);
  means->Add("fit_reprojection_px", stats.reprojection_px);
  for (const auto& [name, seconds] : TakeSpanSeconds()) means->Add("seconds_" + name, seconds);
  means->Add("seconds_step", SecondsSince(start));
}

nlohmann::json Trainer::Impl::Validate() {
  ranks->Broadcast(network->buffers());
  const auto predict = [&](const Batch& batch) {
    return PredictBodies(network, batch, rest, device);
  };
  nlohmann::json json = validator ? validator->Run(predict, step, ranks) : nlohmann::json::object();
  json.update(DescribeFits(*supervisor, data, ranks));
  return json;
}

void Trainer::Impl::Draw(bool extremes) {
  if (!validator) return;
  ranks->Together([&] {
    if (!ranks->first()) return;
    DrawValidationPictures(run, *validator, *body, step, options.pictures);
    if (extremes) DrawExtremes(run, *validator, *body, options.pictures);
  });
}

bool Trainer::Impl::MakeInitialFits(const StopOnSignal& stop) {
  StartFunction starts;
  if (!options.first_starts.empty()) {
    starts = [&, trained = LoadKeypointNetwork(options.first_starts, device)](
                 std::span<const Sample> samples) mutable {
      return PredictFromKeypoints(trained, samples, rest, device);
    };
  }
  const auto give_up = [&] { return ranks->Interrupted(); };
  return ranks->Together(
      [&] {
        for (const auto& set : data.sets) {
          if (!supervisor->MakeInitialFits(*set, starts, give_up)) return;
        }
        if (!validator) return;
        for (const auto& set : validator->data().sets) {
          if (!validator->supervisor().MakeInitialFits(*set, starts, give_up)) return;
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
    line.update(Validate());
    Draw(/*extremes=*/false);
    if (ranks->first()) run.LogMetrics(line);
    train_seconds = SecondsSince(start);
    Save();
  }
  loader->Seek(step / loader->steps_per_epoch(), step % loader->steps_per_epoch());
  const double seconds_before = train_seconds;
  const auto loop_start = std::chrono::steady_clock::now();
  Progress progress("training", "steps", options.steps - step);
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
      if (validate) line.update(Validate());
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
  if (ranks->first()) WriteRunReport(run, options, WriteSummary(run, train_seconds));
  return true;
}

Trainer::Trainer(const TrainOptions& options, const std::filesystem::path& run, bool resume,
                 Ranks* ranks) {
  options.Check();
  std::optional<RunDirectory> folder;
  ranks->Together([&] {
    if (!ranks->first()) return;
    folder.emplace(run, resume);
    if (resume) return;
    for (const char* name : {kFitsFile, kValFitsFile}) {
      // Of a run that ended before its first checkpoint.
      for (const std::filesystem::path& file : ListFitFiles(run, name)) {
        std::filesystem::remove(file);
      }
    }
  });
  if (!folder) folder = RunDirectory::OfFirstRank(run);
  ranks->Together(
      [&] { impl_ = std::make_unique<Impl>(options, std::move(*folder), resume, ranks); });
  impl_->Join();
}
Trainer::~Trainer() = default;
bool Trainer::Train() { return impl_->Train(); }

}  // namespace gyre
