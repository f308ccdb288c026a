// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_sequence.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <span>
#include <utility>

#include "core/counted.h"
#include "core/error.h"
#include "fitting/quality.h"
#include "loop/bulk/fit_notes.h"

namespace gyre {
namespace {

// The camera stands still: one for all, also where there is nobody or no picture.
void SetOneCamera(const CameraChoice& choice, std::span<FitInput> frames) {
  Camera camera;
  std::string problem;
  for (FitInput& frame : frames) {
    const Person& person = frame.person;
    const bool known = person.frame_of_picture.lens || !person.image_path.empty();
    if (camera.focal_px > 0 || person.box.side_px == 0 || !known) continue;
    problem = SetImageCamera(choice, &frame);
    camera = frame.problem.camera;
  }
  if (camera.focal_px <= 0 && !problem.empty()) spdlog::warn("{}", problem);
  for (FitInput& frame : frames) frame.problem.camera = camera;
}

}  // namespace

void CheckFrames(const PersonSource& source) {
  bool seen = false;
  source([&](const FitInput& frame) { seen = seen || frame.person.box.side_px > 0; });
  if (!seen) ThrowUserError("no frame holds the person that --person names; try --person largest");
}

std::vector<FitRow> FitSequence(std::shared_ptr<const Fitter> fitter, const PersonSource& source,
                                const SequenceSettings& settings, SequenceReport* report) {
  std::vector<FitInput> frames;
  source([&](FitInput input) { frames.push_back(std::move(input)); });
  FitNotes notes;
  for (size_t i = 0; i < frames.size(); ++i) {
    CheckPicture(static_cast<int64_t>(i), frames[i], &notes);
  }
  notes.Tell();
  SetOneCamera(settings.camera, frames);
  std::vector<FitProblem> problems;
  for (const FitInput& frame : frames) problems.push_back(frame.problem);

  spdlog::info("fitting {} together", Counted(std::ssize(frames), "frames"));
  const double frame_s = 1 / settings.fps;
  const SequenceFitter sequence_fitter(fitter, settings.options);
  const SequenceResult result = sequence_fitter.Fit(problems, frame_s, settings.threads);
  report->bridged = result.summary.bridged_frames;
  report->far = result.summary.far_frames;
  FitNotes refused;
  const QualityJudge quality(*fitter);
  std::vector<FitRow> rows;
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    rows.emplace_back(*fitter->body().layout, index, frames[i], result.frames[i]);
    if (result.summary.windows > 0) rows[i].params = result.frames[i].params;
    rows[i].quality = quality(problems[i], result.frames[i]);
    NoteNonsense(index, frames[i], result.frames[i].summary, &refused);
  }
  refused.Tell();

  report->Add(sequence_fitter, result, frames.size(), frame_s);
  return rows;
}

void SequenceReport::Add(const SequenceFitter& fitter, const SequenceResult& result, size_t frames,
                         double seconds_per_frame) {
  for (size_t i = 2; i < frames; ++i) {
    const auto squared_of = [&](const auto& params_of) {
      const BodyParams three[] = {params_of(i - 2), params_of(i - 1), params_of(i)};
      return std::pow(fitter.Acceleration(three, seconds_per_frame), 2);
    };
    if (!result.alone[i - 2] || !result.alone[i - 1] || !result.alone[i]) continue;
    squared_alone += squared_of([&](size_t k) { return *result.alone[k]; });
    squared += squared_of([&](size_t k) { return result.frames[k].params; });
    ++triples;
  }
}

}  // namespace gyre
