// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_identity.h"

#include "core/file.h"

namespace gyre {

void AddTo(Fingerprint* fingerprint, const FitInput& input) {
  const FitProblem& problem = input.problem;
  const auto numbers = [&](const auto& m) {
    fingerprint->AddBytes(m.data(), static_cast<size_t>(m.size()) * sizeof(double));
  };
  numbers(problem.keypoints_px);
  numbers(problem.confidence);
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
  fingerprint->Add(input.person.image_width);
  fingerprint->Add(input.person.image_height);
}

std::string FingerprintOf(const BodyModel& body) {
  Fingerprint fingerprint;
  const auto dense = [&](const auto& m) {
    fingerprint.Add(m.size());
    fingerprint.AddBytes(m.data(), static_cast<size_t>(m.size()) * sizeof(*m.data()));
  };
  const auto sparse = [&](SparseRows m) {
    m.makeCompressed();
    fingerprint.Add(m.nonZeros());
    fingerprint.AddBytes(m.valuePtr(), static_cast<size_t>(m.nonZeros()) * sizeof(double));
    fingerprint.AddBytes(m.innerIndexPtr(), static_cast<size_t>(m.nonZeros()) * sizeof(int));
  };
  dense(body.v_template);
  dense(body.shapedirs);
  dense(body.posedirs);
  sparse(body.J_regressor);
  sparse(body.weights);
  sparse(body.J_regressor_extra);
  dense(body.landmark_vertices);
  return fingerprint.Hex();
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

}  // namespace gyre
