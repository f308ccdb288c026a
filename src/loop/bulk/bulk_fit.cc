// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/bulk_fit.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"
#include "core/fingerprint.h"
#include "fitting/start_network.h"
#include "core/progress.h"
#include "core/stop_on_signal.h"
#include "fitting/fitter.h"
#include "fitting/store/fit_store.h"
#include "io/option_json.h"
#include "loop/bulk/fit_identity.h"
#include "loop/bulk/fit_output.h"
#include "loop/bulk/fit_table.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

fs::path CheckedOut(const fs::path& out) {
  fs::path path = ResolveOut(out);
  CheckOut(path);
  return path;
}

PersonRange RangeOf(const FitJob& job) {
  const PersonRange range = job.shard.Of(job.survey.persons);
  if (range.size() == 0) {
    ThrowUserError("--shard {}: is empty, the input holds {} persons", job.shard.Text(),
                   job.survey.persons);
  }
  return range;
}

FitRun RunOf(const FitJob& job, const Fitter& fitter) {
  FitRun run = job.notes;
  run["persons"] = job.survey.persons;
  run["input"] = job.survey.fingerprint;
  run["focal_px"] = job.camera.focal_px;
  run["body"] = ExactFingerprintOf(fitter.body());
  if (job.bodies == BodiesFrom::kFitter) {
    run["prior"] = FingerprintOf(fitter.prior());
    if (const auto network = fitter.start_network()) {
      run["start_network"] = network->fingerprint();
    }
    run.update(FieldsToJson(fitter.options(), "fit."));
  }
  if (job.survey.set != &SpinJoints()) run["set"] = job.survey.set->name;
  if (job.sequence) {
    run["fps"] = job.sequence->fps;
    run.update(FieldsToJson(job.sequence->options, "sequence."));
  }
  if (job.video) run.update(FieldsToJson(job.tracking, "track."));
  if (job.camera_path) run["camera_path"] = job.camera_path->fingerprint();
  if (job.network) run["network"] = job.network->fingerprint();
  if (job.masks.Given()) {
    run["masks"] = job.masks.folder.string();
    run["masks_content"] = FingerprintOfMasks(job.masks.folder);
    run.update(FieldsToJson(job.masks.options, "masks."));
  }
  if (job.shard.parts > 1) run["shard"] = job.shard.Text();
  return run;
}

FitRow LikeRow(const FitJob& job) {
  FitRow like(*job.body->layout, job.survey.set->size());
  if (job.video) like.track = like.frame = 0;
  return like;
}

// Looks whether the focal length can be that of the person's image, where that is cheap or needed.
void SurveyView(const CameraChoice& camera, FitInput input, Survey* survey) {
  const Person& person = input.person;
  const bool cheap = person.image_width > 0 && !camera.focal_of_exif;
  const bool needed = survey->looked_at == survey->without_focal && !person.image_path.empty();
  if (person.box.side_px == 0 || !(cheap || needed)) return;
  const std::string problem = SetImageCamera(camera, &input);
  ++survey->looked_at;
  if (!problem.empty() && survey->without_focal++ == 0) survey->without_focal_text = problem;
}

}  // namespace

Survey SurveyOf(const PersonSource& source, const CameraChoice& camera, OverlayPictures* pictures) {
  Survey survey;
  Fingerprint fingerprint;
  source([&](const FitInput& input) {
    AddTo(&fingerprint, input);
    ++survey.persons;
    const Person& person = input.person;
    survey.set = person.keypoints.set;
    if (pictures != nullptr) pictures->Add(person);
    if (camera.Given()) SurveyView(camera, input, &survey);
    if (input.HasPicture()) return;
    survey.without_size += person.image_width == 0;
    if (survey.without_picture++ == 0) survey.image_without_picture = person.image;
  });
  survey.fingerprint = fingerprint.Hex();
  return survey;
}

std::string OtherThan(const FitRun& run, const fs::path& out) {
  if (!fs::exists(out)) return "";
  try {
    const std::string difference = DifferenceOf(ReadRun(out), run);
    return difference.empty() ? "" : "holds the fits of another run: " + difference;
  } catch (const UserError&) {
    return "is there already and is no result of gyre fit";
  }
}

BulkFit::BulkFit(const fs::path& out)
    : out_(CheckedOut(out)), journal_(out_.string() + ".partial") {
  RemoveTemporaries(out_);
}

// As it described itself; null where none goes on.
FitRun BulkFit::EarlierRun(const FitJob& job) const {
  if (job.restart || journal_.size() == 0) return nullptr;
  return FitRun::parse(journal_.head(), nullptr, /*allow_exceptions=*/false);
}

// Starts the journal, or goes on with it.
void BulkFit::Prepare(const FitJob& job, const FitRow& like, const FitRun& run) {
  const std::string path = journal_.path().string();
  if (journal_.cut_bytes() > 0) {
    spdlog::warn(
        "{}: {} bytes after fit {} are unfinished or damaged; those persons are fitted again", path,
        journal_.cut_bytes(), journal_.size());
  }
  const FitRun head = EarlierRun(job), was = Completed(head);
  if (head.is_null()) return journal_.Start(run.dump());
  if (const std::string difference = DifferenceOf(was, run); !difference.empty()) {
    ThrowUserError(
        "{}: holds {} fits of another run: {}; give the old command to finish that run, or "
        "--restart to forget it",
        path, journal_.size(), difference);
  }
  const FitRow last = DecodeRow(journal_.Read(journal_.size() - 1, 1)[0], like);
  if (last.index != range_.begin + journal_.size() - 1) {
    ThrowUserError("{}: does not hold person after person; delete it or give --restart", path);
  }
  spdlog::info("{}: goes on after {} fits", path, journal_.size());
  const FitRun asked = FieldsToJson(job.fit, "fit.");
  for (const auto& [option, value] : asked.items()) {
    if (!run.contains(option) || run[option] == value) continue;  // of predictions: none
    spdlog::warn("{}: an older gyre began it, so {} stays {}; --restart fits everybody with {}",
                 path, option, run[option].dump(), value.dump());
  }
}

void BulkFit::FitFrames(const FitJob& job, const std::shared_ptr<const Fitter>& fitter,
                        FitReport* report) {
  const SequenceSettings settings{job.camera, job.sequence->fps, job.threads,
                                  job.sequence->options};
  const auto rows = FitSequence(fitter, job.persons, settings, &report->sequence.emplace());
  std::vector<std::string> records;
  for (auto i = journal_.size(); i < std::ssize(rows); ++i) records.push_back(EncodeRow(rows[i]));
  journal_.Append(records);
}

// Runs fit(persons, stop, sink) into the journal. False when it was stopped.
template <typename Fit>
bool BulkFit::FitUntilStopped(const FitJob& job, const Fit& fit) {
  Fingerprint again;  // of the input as it was read last
  const PersonSource persons = [&](const std::function<void(FitInput)>& sink) {
    again = Fingerprint();
    job.persons([&](FitInput input) {
      AddTo(&again, input);
      sink(std::move(input));
    });
  };
  Progress progress(job.bodies == BodiesFrom::kNetwork ? "predicting" : "fitting", "persons",
                    range_.size(), journal_.size());
  auto synced = Clock::now();
  std::optional<StopOnSignal> signals;
  if (job.stop_on_signals) signals.emplace();
  const auto stop = [&] { return (signals && signals->requested()) || (job.stop && job.stop()); };
  const bool finished = fit(persons, stop, [&](std::span<const FitRow> rows) {
    std::vector<std::string> records;
    for (const FitRow& row : rows) records.push_back(EncodeRow(row));
    journal_.Append(records);
    // A power cut may take what was fitted since.
    constexpr std::chrono::seconds kSyncTime(2);
    if (Clock::now() - synced > kSyncTime) {
      journal_.Sync();
      synced = Clock::now();
    }
    progress.Advance(std::ssize(rows));
  });
  journal_.Sync();
  if (finished && again.Hex() != job.survey.fingerprint) {
    ThrowUserError("the input changed while it was fitted; give the same command with --restart");
  }
  return finished;
}

bool BulkFit::FitPersons(const FitJob& job, const Fitter& fitter) {
  const PersonRange rest = {range_.begin + journal_.size(), range_.end};
  FitNotes notes;
  std::optional<MaskFits> masks;
  if (job.masks.Given()) masks.emplace(fitter, job.masks);
  const bool finished = FitUntilStopped(job, [&](const auto& persons, const auto& stop,
                                                 const RowSink& sink) {
    const FitManyOptions options = {rest,       job.camera, job.threads, job.network.get(),
                                    job.bodies, stop,       &notes,      masks ? &*masks : nullptr};
    return FitMany(fitter, persons, options, sink);
  });
  notes.Tell();
  if (masks) spdlog::info("{}", masks->Report());
  return finished;
}

bool BulkFit::FitVideo(const FitJob& job, const std::shared_ptr<const Fitter>& fitter,
                       FitReport* report) {
  const VideoSettings settings{{job.camera, job.sequence->fps, job.threads, job.sequence->options},
                               job.tracking.max_gap_s,
                               job.sequence->block_frames,
                               job.camera_path};
  const FitRow like = LikeRow(job);
  return FitUntilStopped(job, [&](const auto& persons, const auto& stop, const RowSink& sink) {
    VideoFitter video(fitter, *job.video, persons, settings);
    const auto earlier = [&](int64_t index) { return DecodeRow(journal_.Read(index, 1)[0], like); };
    return video.Fit(journal_.size(), earlier, sink, stop, &report->sequence.emplace());
  });
}

FitReport BulkFit::Run(const FitJob& job) {
  const auto fitter = std::make_shared<const Fitter>(
      job.body, job.prior, AsBegun(job.fit, EarlierRun(job), job.given), *job.survey.set);
  if (job.sequence && !job.video) CheckFrames(job.persons);
  range_ = RangeOf(job);
  const FitRun run = RunOf(job, *fitter);
  FitReport report;
  report.bodies = job.bodies;
  if (job.left_out) report.left_out = job.left_out->Wrong();
  const std::string other = OtherThan(run, out_);
  if (!other.empty() && !job.force) {
    ThrowUserError("{}: {}; choose another --out, or --force to write over it", out_.string(),
                   other);
  }
  if (fs::exists(out_) && other.empty() && !job.restart && !journal_.started() &&
      job.overlays.empty() && !job.video_overlay.sink) {
    spdlog::info("{}: holds these fits already; --restart makes them again", out_.string());
    return report;
  }
  const FitRow like = LikeRow(job);
  Prepare(job, like, run);
  const int64_t before = journal_.size();
  const auto start = Clock::now();
  const bool left = before < range_.size();
  if (left && job.sequence && !job.video) {
    FitFrames(job, fitter, &report);
  } else if (left && !(job.video ? FitVideo(job, fitter, &report) : FitPersons(job, *fitter))) {
    spdlog::warn("stopped after {} of {} fits; the same command goes on", journal_.size(),
                 range_.size());
    report.finished = false;
  }
  report.fitted = journal_.size() - before;
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (!report.finished) return report;
  try {
    // score_px2 is what that rule compares, whatever the options.
    const FitOrigin origin{IdentityOf(*job.body, job.body_extra), EnumName(StoreRule::kGuarded),
                           ""};
    WriteFits(journal_, like, {{*job.body->layout, origin}, run}, out_);
  } catch (const UserError& error) {
    ThrowUserError("{}; the fits are safe in {}", error.what(), journal_.path().string());
  }
  if (!job.overlays.empty()) {
    GYRE_CHECK(job.pictures != nullptr);
    job.pictures->NameAll(job.overlays);
    WriteOverlays({job.overlays, job.overlays_max, job.pictures.get(), job.overlay_parts,
                   job.sequence.has_value()},
                  *job.body, journal_, like);
  }
  if (job.video_overlay.sink) {
    DrawVideo(job.video_overlay, *job.video, *job.body, journal_, like);
  }
  journal_.Remove();
  return report;
}

}  // namespace gyre
