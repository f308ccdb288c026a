// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_sequence.h"

#include <spdlog/spdlog.h>

#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

// The number at the end of a frame's name; -1 when there is none that counts.
int64_t FrameNumber(const std::string& name) {
  int64_t number = -1;
  const size_t begin = name.find_last_not_of("0123456789") + 1;
  std::from_chars(name.data() + begin, name.data() + name.size(), number);
  return number;
}

// The camera stands still: one for all, also where there is nobody or no picture.
void SetOneCamera(double focal_px, std::span<FitInput> frames) {
  Camera camera;
  camera.focal_px = 0;
  for (FitInput& frame : frames) {
    if (camera.focal_px > 0 || frame.person.box.side_px == 0 || frame.person.image_path.empty())
      continue;
    SetImageCamera(focal_px, &frame);
    camera = frame.problem.camera;
  }
  for (FitInput& frame : frames) frame.problem.camera = camera;
}

}  // namespace

void CheckFrames(const PersonSource& source) {
  bool seen = false, even = true;
  std::vector<int64_t> numbers;
  std::string last;
  source([&](const FitInput& frame) {
    seen = seen || frame.person.box.side_px > 0;
    numbers.push_back(FrameNumber(frame.person.image));
    const size_t n = numbers.size();
    if (n > 1 && numbers[n - 1] < numbers[n - 2]) {
      ThrowUserError(
          "{}: its number is below that of the frame before it by name, {}; pad the numbers with "
          "zeros to one length",
          frame.person.source_file, last);
    }
    even = even && (n < 3 || numbers[n - 1] - numbers[n - 2] == numbers[1] - numbers[0]);
    last = frame.person.image;
  });
  if (!seen) ThrowUserError("no frame holds the person that --person names; try --person largest");
  if (!even) {
    spdlog::warn(
        "the frames' numbers do not go up evenly; --sequence takes them to be evenly apart (a "
        "frame that sees nobody needs a file too)");
  }
}

std::vector<FitRow> FitSequence(std::shared_ptr<const Fitter> fitter, const PersonSource& source,
                                const SequenceSettings& settings, SequenceReport* report) {
  std::vector<FitInput> frames;
  source([&](FitInput input) { frames.push_back(std::move(input)); });
  SetOneCamera(settings.focal_px, frames);
  std::vector<FitProblem> problems;
  for (const FitInput& frame : frames) problems.push_back(frame.problem);

  spdlog::info("fitting {} frames together", frames.size());
  const double frame_s = 1 / settings.fps;
  const SequenceFitter sequence_fitter(fitter, settings.options);
  const SequenceResult result = sequence_fitter.Fit(problems, frame_s, settings.threads);
  report->bridged = result.summary.bridged_frames;
  std::vector<FitRow> rows;
  for (size_t i = 0; i < frames.size(); ++i) {
    rows.emplace_back(*fitter->body().layout, static_cast<int64_t>(i), frames[i], result.frames[i]);
    if (result.summary.windows > 0) rows[i].params = result.frames[i].params;
  }

  double before = 0, after = 0;
  int64_t count = 0;
  for (size_t i = 2; i < frames.size(); ++i) {
    const auto squared = [&](const auto& params_of) {
      const BodyParams three[] = {params_of(i - 2), params_of(i - 1), params_of(i)};
      return std::pow(sequence_fitter.Acceleration(three, frame_s), 2);
    };
    if (!result.alone[i - 2] || !result.alone[i - 1] || !result.alone[i]) continue;
    before += squared([&](size_t k) { return *result.alone[k]; });
    after += squared([&](size_t k) { return result.frames[k].params; });
    ++count;
  }
  report->acceleration_alone_m_s2 = std::sqrt(before / count);
  report->acceleration_m_s2 = std::sqrt(after / count);
  return rows;
}

}  // namespace gyre
