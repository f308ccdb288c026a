// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_many.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/parallel.h"
#include "fitting/quality.h"

namespace gyre {
namespace {

// Of whom the network says nothing.
void NoteNoBodies(const FitManyOptions& options, int64_t first_index,
                  const std::vector<FitInput>& chunk) {
  if (options.notes == nullptr) return;
  const bool refused = options.bodies == BodiesFrom::kNetwork;
  for (size_t i = 0; i < chunk.size(); ++i) {
    if (!chunk[i].no_body) continue;
    const auto& [reason, text] = *chunk[i].no_body;
    options.notes->Add(
        fmt::format("{} ({})", refused ? "refused" : "not started by the network", reason),
        first_index + static_cast<int64_t>(i), chunk[i], text);
  }
}

// Thrown through the source to end it.
struct Stopped {};

void FitChunk(const Fitter& fitter, const QualityJudge& quality, const FitManyOptions& options,
              int64_t first_index, std::vector<FitInput>* chunk, const RowSink& sink) {
  if (options.stop && options.stop()) throw Stopped{};
  if (chunk->empty()) return;
  ParallelFor(std::ssize(*chunk), options.threads, [&](int64_t i, int) {
    FitInput& input = (*chunk)[i];
    if (options.notes != nullptr) CheckPicture(first_index + i, input, options.notes);
    if (!options.camera.Given()) return;
    const std::string problem = SetImageCamera(options.camera, &input);
    if (options.notes != nullptr && !problem.empty()) {
      options.notes->Add("camera", first_index + i, input, problem);
    }
  });
  if (options.network != nullptr) options.network->SetStarts(options.threads, chunk);
  NoteNoBodies(options, first_index, *chunk);
  if (options.bodies == BodiesFrom::kNetwork) {
    const FitRow like(*fitter.body().layout, fitter.keypoints().size());
    std::vector<FitRow> rows(chunk->size(), like);
    ParallelFor(std::ssize(*chunk), options.threads, [&](int64_t i, int) {
      rows[i] = RowOfNetwork(fitter, first_index + i, (*chunk)[i]);
    });
    chunk->clear();
    return sink(rows);
  }
  std::vector<FitProblem> problems;
  for (const FitInput& input : *chunk) problems.push_back(input.problem);
  std::vector<FitResult> results = fitter.FitAll(problems, options.threads);
  if (options.masks != nullptr) {
    ParallelFor(std::ssize(*chunk), options.threads, [&](int64_t i, int) {
      results[i] = options.masks->Fit(first_index + i, (*chunk)[i], std::move(results[i]),
                                      options.notes);
    });
  }
  std::vector<FitRow> rows(chunk->size(), FitRow(*fitter.body().layout, fitter.keypoints().size()));
  ParallelFor(std::ssize(*chunk), options.threads, [&](int64_t i, int) {
    rows[i] = FitRow(*fitter.body().layout, first_index + i, (*chunk)[i], results[i]);
    rows[i].quality = quality(problems[i], results[i]);
  });
  for (size_t i = 0; i < chunk->size() && options.notes != nullptr; ++i) {
    const int64_t index = first_index + static_cast<int64_t>(i);
    NoteNonsense(index, (*chunk)[i], results[i].summary, options.notes);
  }
  chunk->clear();
  sink(rows);
}

}  // namespace

ShardChoice ShardChoice::Parse(const std::string& text) {
  ShardChoice shard;
  const char* end = text.data() + text.size();
  const auto [slash, error] = std::from_chars(text.data(), end, shard.part);
  const bool has_slash = error == std::errc() && slash != end && *slash == '/';
  const auto rest = std::from_chars(has_slash ? slash + 1 : end, end, shard.parts);
  if (!has_slash || rest.ec != std::errc() || rest.ptr != end || shard.part < 1 ||
      shard.part > shard.parts || shard.parts > 1'000'000) {
    throw UsageError(
        fmt::format("--shard is '{}'; it must be i/n with i from 1 to n, as 1/4", text));
  }
  return shard;
}

FitRow RowOfNetwork(const Fitter& scorer, int64_t index, const FitInput& input) {
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  const BodyLayout& layout = *scorer.body().layout;
  const FitProblem& problem = input.problem;
  const bool said = !input.no_body && problem.has_start;
  BodyParams none(layout);
  none.values().setConstant(kNothing);
  FitRow row(layout, index, input, said ? problem.start : none);
  if (!said) {
    row.reason = input.no_body ? input.no_body->reason : "no_body";
    row.score_px2 = row.robust_px2 = kNothing;
    return row;
  }
  const bool known = problem.keypoints_px.allFinite() && problem.confidence.allFinite() &&
                     (problem.confidence.array() > 0).any();
  if (!known) return row;
  const FitScore score = scorer.Score(problem, problem.start);
  row.reprojection_px = score.reprojection_px;
  row.score_px2 = score.score_px2;
  row.robust_px2 = score.robust_px2;
  row.pose_prior = score.pose_prior;
  row.joint_error_px = scorer.JointErrors(problem, problem.start);
  return row;
}

bool FitMany(const Fitter& fitter, const PersonSource& source, const FitManyOptions& options,
             const RowSink& sink) {
  const int threads = options.threads > 0 ? options.threads : HardwareThreads();
  const size_t chunk_size = 16 * static_cast<size_t>(threads);
  std::vector<FitInput> chunk;
  int64_t index = 0, first = options.range.begin;  // of the source; of the chunk
  const QualityJudge quality(fitter);
  const auto fit = [&] {
    const int64_t size = std::ssize(chunk);
    FitChunk(fitter, quality, options, first, &chunk, sink);
    first += size;
  };
  try {
    source([&](FitInput input) {
      if (index >= options.range.begin && index < options.range.end) {
        chunk.push_back(std::move(input));
        if (chunk.size() == chunk_size) fit();
      }
      ++index;
    });
    fit();
  } catch (const Stopped&) {
    return false;
  }
  return true;
}

}  // namespace gyre
