// SPDX-License-Identifier: Apache-2.0
#include "loop/trainer.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/stop_on_signal.h"
#include "core/trace.h"
#include "datasets/loader.h"
#include "loop/checkpoint.h"
#include "loop/learner.h"
#include "loop/network_bridge.h"
#include "loop/numeric_guard.h"
#include "loop/predictor.h"
#include "loop/run_report.h"
#include "loop/validation.h"
#include "regressor/batch_norm.h"
#include "regressor/runtime.h"
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

// Of the threads that an option asks for: ranks on one host share its cores.
int ThreadsFor(int asked, const Ranks& ranks) {
  return asked > 0 || ranks.local_count() == 1
             ? asked
             : std::max(1, HardwareThreads() / ranks.local_count());
}

// What every rank has to be started with: all but what concerns its own process alone.
nlohmann::json SharedOptions(const TrainOptions& options, const std::filesystem::path& run,
                             bool resume) {
  nlohmann::json json = ToJson(options);
  for (const char* own :
       {"threads", "fit_threads", "loader_threads", "rank_timeout_s", "rank_start_timeout_s"}) {
    json.erase(own);
  }
  json["run"] = run.string();
  json["resume"] = resume;
  return json;
}

// Ranks that differ would train different networks, or wait for what never comes.
void RequireAlike(const nlohmann::json& mine, Ranks* ranks) {
  const std::vector<std::string> all = ranks->Gather(mine.dump());
  ranks->Together([&] {
    for (size_t rank = 1; rank < all.size(); ++rank) {
      const nlohmann::json other = nlohmann::json::parse(all[rank]);
      for (const nlohmann::json& difference : nlohmann::json::diff(mine, other)) {
        const nlohmann::json::json_pointer at(difference["path"].get<std::string>());
        const auto value = [&](const nlohmann::json& of) {
          return of.contains(at) ? of[at].dump() : "none";
        };
        ThrowUserError(
            "rank {} has {} = {}, rank 0 has {}; start all ranks with the same command, and let "
            "all hosts see the same files",
            rank, at.to_string().substr(1), value(other), value(mine));
      }
    }
  });
}

}  // namespace

struct Trainer::Impl {
  Impl(const TrainOptions& given, RunDirectory folder, bool resume, Ranks* of);

  void Join();
  bool Train();

  FitStore OpenFits(const Mixture& of, const char* file, bool resume) const;
  FitFile OpenFitFile(const std::filesystem::path& path, const std::vector<FitRows>& rows,
                      bool resume) const;
  std::vector<FitStore*> Stores();
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
  Mixture data;
  std::unique_ptr<Learner> learner;
  std::unique_ptr<Loader> loader;
  std::unique_ptr<Supervisor> supervisor;
  std::unique_ptr<Validator> validator;
  int64_t step = 0;
  bool started = false;  // whether there is a checkpoint, the one of step 0 included
  double train_seconds = 0;
  int bad_steps = 0;
};

Trainer::Impl::Impl(const TrainOptions& given, RunDirectory folder, bool resume, Ranks* of)
    : options(given.Settled()),
      ranks(of),
      data_shards(given.ShareOut(of->count(), of->rank())),
      run(std::move(folder)),
      device(ranks->DeviceFromName(given.device)),
      body(LoadBodyModel(given.body, given.joint_regressor_extra)),
      prior(LoadPosePrior(given.prior)),
      fitter(std::make_shared<Fitter>(body, prior, options.fit)) {
  InitRuntime(ThreadsFor(options.threads, *ranks));
  const int fit_threads = ThreadsFor(options.fit_threads, *ranks);
  SeedTorch(options.seed);
  learner = std::make_unique<Learner>(options, *body, *prior, device);
  const SceneSources sources{body, prior};
  data = OpenMixture(options.data, sources);
  LoaderOptions loading;
  loading.batch_size = options.batch_size;
  loading.crop_px = options.network.image_px;
  loading.picture = PictureFor(options.network.input);
  loading.workers = options.loader_threads;
  loading.prefetch_batches = options.prefetch_batches;
  loading.samples_per_epoch = options.samples_per_epoch;
  loading.seed = options.seed;
  loading.augment = options.augment;
  loading.data_shards = data_shards;
  loader = std::make_unique<Loader>(data, loading);
  supervisor =
      std::make_unique<Supervisor>(fitter, OpenFits(data, kFitsFile, resume), options.supervision,
                                   options.use_labels, fit_threads, options.refresh, data_shards);
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
  if (resume) Resume();
}

// What the ranks have to agree in before they train together.
void Trainer::Impl::Join() {
  HmrNet& network = learner->network();
  Fingerprint vertices;
  vertices.AddBytes(body->v_template.data(), body->v_template.size() * sizeof(double));
  nlohmann::json read = {{"step", step}, {"body", vertices.Hex()}};
  for (FitStore* store : Stores()) {
    nlohmann::json& sets = read[store == &supervisor->store() ? "data" : "val"];
    for (const FitRows& rows : store->files().front().datasets()) {
      sets[rows.name] = fmt::format("{} rows, content {}", rows.rows, rows.fingerprint);
    }
  }
  RequireAlike(read, ranks);
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
    return FitFile::Create(path, rows, *body->layout);
  }
  // Also when that checkpoint turns out to be damaged: then the fits stay, and are better than
  // those of the checkpoint before it.
  const int64_t last_step = checkpoints.empty() ? 0 : CheckpointStep(checkpoints.front());
  FitFile fits = FitFile::OpenToWrite(path, last_step);
  fits.RequireLayout(*body->layout, "the body " + body->name);
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
  HmrNet& network = learner->network();
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
      const CheckpointState state =
          ReadCheckpoint(folder, learner->network(), learner->optimizer());
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
  HmrNet& network = learner->network();
  ranks->Broadcast(network->buffers());
  const std::vector<FitStore*> stores = Stores();
  // The fits before the checkpoint that leans on them; older ones may be given up only after it.
  ranks->Together([&] {
    if (const std::string what = NotFiniteState(*network, learner->optimizer()); !what.empty()) {
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
      WriteCheckpoint(folder, step, train_seconds, network, learner->optimizer());
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
  std::optional<Span> loading("load");
  const Batch batch = loader->Next();
  loading.reset();
  const StepReport made = learner->Step(batch, step, *supervisor, *ranks);
  means->Add("left_out", made.not_finite.empty() ? 0 : 1);
  if (made.not_finite.empty()) {
    bad_steps = 0;
    means->Add("gradient_norm", made.gradient_norm);
  } else {
    LeaveOut(made.not_finite);
  }
  means->Add("loss", made.loss);
  for (const auto& [name, value] : made.terms) means->Add("loss_" + name, value);
  const SupervisionStats& stats = made.supervision;
  means->Add("fits_updated", static_cast<double>(stats.updated * ranks->count()));
  means->Add("fits_unusable", static_cast<double>(stats.unusable * ranks->count()));
  means->Add("fits_accepted_share", stats.accepted_share);
  means->Add("fit_reprojection_px", stats.reprojection_px);
  for (const auto& [name, seconds] : TakeSpanSeconds()) means->Add("seconds_" + name, seconds);
  means->Add("seconds_step", SecondsSince(start));
}

nlohmann::json Trainer::Impl::Validate() {
  ranks->Broadcast(learner->network()->buffers());
  const auto predict = [&](const Batch& batch) {
    return PredictBodies(learner->network(), batch, learner->rest(), device);
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

std::vector<FitStore*> Trainer::Impl::Stores() {
  std::vector<FitStore*> stores = {&supervisor->store()};
  if (validator) stores.push_back(&validator->supervisor().store());
  return stores;
}

bool Trainer::Impl::MakeInitialFits(const StopOnSignal& stop) {
  StartFunction starts;
  if (!options.first_starts.empty()) {
    starts = [&, trained = LoadKeypointNetwork(options.first_starts, device)](
                 std::span<const Sample> samples) mutable {
      return PredictFromKeypoints(trained, samples, learner->rest(), device);
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
  RequireAlike(SharedOptions(options, run, resume), ranks);
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
