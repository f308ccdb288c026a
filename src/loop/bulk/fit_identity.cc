// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_identity.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace gyre {

void AddTo(Fingerprint* fingerprint, const FitInput& input) {
  const FitProblem& problem = input.problem;
  const auto numbers = [&](const auto& m) {
    fingerprint->AddBytes(m.data(), static_cast<size_t>(m.size()) * sizeof(double));
  };
  numbers(problem.keypoints_px);
  numbers(problem.confidence);
  // Without keypoints the box is all there is.
  if (!(problem.confidence.array() > 0).any()) numbers(input.person.box.center_px);
  fingerprint->Add(problem.camera.focal_px);
  numbers(problem.camera.center_px);
  fingerprint->Add(problem.pixel_scale);
  fingerprint->Add(problem.has_start);
  fingerprint->Add(problem.start_has_translation);
  if (problem.has_start) {
    numbers(problem.start.pose());
    numbers(problem.start.betas());
    numbers(problem.start.transl());
  }
  fingerprint->Add(input.person.image);
  fingerprint->Add(input.person.place);
  fingerprint->Add(input.person.id);
  fingerprint->Add(input.size_identifies ? input.person.image_width : 0);
  fingerprint->Add(input.size_identifies ? input.person.image_height : 0);
}

std::string FingerprintOf(const PosePrior& prior) {
  Fingerprint fingerprint;
  for (const PosePrior::Component& component : prior.components()) {
    fingerprint.Add(component.weight);
    fingerprint.AddBytes(component.mean.data(), component.mean.size() * sizeof(double));
    fingerprint.AddBytes(component.covariance.data(), component.covariance.size() * sizeof(double));
  }
  return fingerprint.Hex();
}

std::string FingerprintOfFile(const std::filesystem::path& path) {
  Fingerprint fingerprint;
  fingerprint.Add(ReadFile(path));
  return fingerprint.Hex();
}

std::string FingerprintOfMasks(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path ending = at->path().extension();
    if (ending == ".png" || ending == ".PNG") files.push_back(at->path());
  }
  std::ranges::sort(files);
  Fingerprint fingerprint;
  for (const fs::path& file : files) {
    fingerprint.Add(file.lexically_relative(folder).string());
    try {
      fingerprint.Add(ReadFile(file));
    } catch (const UserError&) {
    }
  }
  return fingerprint.Hex();
}

}  // namespace gyre
