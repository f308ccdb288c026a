// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/mask_fits.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"

namespace gyre {

MaskFits::MaskFits(const Fitter& fitter, const MaskChoice& choice)
    : folder_(choice.folder), fitter_(fitter, choice.options) {}

FitResult MaskFits::Fit(int64_t index, const FitInput& input, FitResult fit, FitNotes* notes) {
  if (!fit.summary.usable) return fit;
  const auto left_alone = [&](const char* kind, const std::string& why) {
    if (notes != nullptr) notes->Add(kind, index, input, why);
    const std::lock_guard lock(mutex_);
    ++fits_;
    return std::move(fit);
  };
  std::optional<SilhouetteMask> mask;
  try {
    mask = folder_.MaskOf(input.person);
  } catch (const UserError& error) {
    return left_alone("mask not used", error.what());
  }
  if (!mask) {
    return left_alone("no mask", fmt::format("there is none of the person {}; fitted by keypoints "
                                             "alone",
                                             input.person.place));
  }
  SilhouetteFit masked = fitter_.Fit(input.problem, *mask, std::move(fit));
  fit = std::move(masked.result);
  if (!masked.used) return left_alone("mask not used", masked.problem);
  const std::lock_guard lock(mutex_);
  ++fits_;
  ++masked_;
  before_ += masked.overlap_before;
  after_ += masked.overlap_after;
  return fit;
}

std::string MaskFits::Report() const {
  const std::lock_guard lock(mutex_);
  std::string text = fmt::format("{} of {} fits by their masks too", masked_, fits_);
  if (masked_ == 0) return text;
  const auto people = static_cast<double>(masked_);
  return text + fmt::format("; in common with them {:.2f} before and {:.2f} after",
                            before_ / people, after_ / people);
}

}  // namespace gyre
