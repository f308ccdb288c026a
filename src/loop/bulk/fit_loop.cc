// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_loop.h"

#include <fmt/format.h>

#include <charconv>

#include "core/error.h"
#include "core/fingerprint.h"
#include "core/parallel.h"
#include "loop/bulk/fit_identity.h"
#include "loop/bulk/fit_rows.h"

namespace gyre {
namespace {

using Clock = std::chrono::steady_clock;

// Thrown through the source to end it.
struct Stopped {};

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

FitLoop::FitLoop(const Fitter& fitter, NetworkStart* network, double focal_px, int threads,
                 PersonRange range, Journal* journal)
    : fitter_(fitter),
      network_(network),
      focal_px_(focal_px),
      threads_(threads),
      chunk_size_(16 * (threads > 0 ? threads : HardwareThreads())),
      range_(range),
      journal_(journal),
      progress_("fitting", "persons", range.end - range.begin, journal->size()) {}

bool FitLoop::Run(const PersonSource& source, const std::string& fingerprint) {
  int64_t index = 0;
  Fingerprint again;
  try {
    source([&](FitInput input) {
      AddTo(&again, input);
      if (index >= range_.begin + journal_->size() + Waiting() && index < range_.end) {
        chunk_.push_back(std::move(input));
        if (Waiting() == chunk_size_) FitChunk();
      }
      ++index;
    });
    FitChunk();
  } catch (const Stopped&) {
    journal_->Sync();
    return false;
  }
  journal_->Sync();
  if (again.Hex() != fingerprint) {
    ThrowUserError("the input changed while it was fitted; give the same command with --restart");
  }
  return true;
}

void FitLoop::FitChunk() {
  if (stop_.requested()) throw Stopped{};
  if (focal_px_ > 0) {
    ParallelFor(Waiting(), threads_,
                [&](int64_t i, int) { SetImageCamera(focal_px_, &chunk_[i]); });
  }
  if (network_ != nullptr) network_->SetStarts(threads_, &chunk_);
  std::vector<FitProblem> problems;
  for (const FitInput& input : chunk_) problems.push_back(input.problem);
  const std::vector<FitResult> results = fitter_.FitAll(problems, threads_);
  std::vector<std::string> records;
  for (size_t i = 0; i < chunk_.size(); ++i) {
    const int64_t index = range_.begin + journal_->size() + static_cast<int64_t>(i);
    records.push_back(EncodeRow(FitRow(*fitter_.body().layout, index, chunk_[i], results[i])));
  }
  journal_->Append(records);
  // A power cut may take what was fitted since.
  constexpr std::chrono::seconds kSyncTime(2);
  if (Clock::now() - synced_ > kSyncTime) {
    journal_->Sync();
    synced_ = Clock::now();
  }
  progress_.Advance(Waiting());
  chunk_.clear();
}

}  // namespace gyre
