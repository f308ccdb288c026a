// SPDX-License-Identifier: Apache-2.0
// Starts for fits from a trained network. LibTorch is linked only by who opens one, of the library
// gyre::bulk_network; the rest of this folder knows the interface.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "body/body_model.h"
#include "loop/bulk/person_source.h"

namespace gyre {

class NetworkStart {
 public:
  virtual ~NetworkStart() = default;

  // Whether it looks at pictures, not at keypoints.
  virtual bool needs_pictures() const = 0;

  // Gives every person with at least two different keypoints and, where it is needed, a readable
  // picture the network's body as its start; the others keep the start they have. Runs on up to
  // `threads` threads (0: all); nobody's start depends on who else is in `inputs`.
  virtual void SetStarts(int threads, std::vector<FitInput>* inputs) = 0;
};

// `run` is a training run or one of its checkpoints.
std::unique_ptr<NetworkStart> OpenNetworkStart(const std::filesystem::path& run,
                                               const std::shared_ptr<const BodyModel>& body);

}  // namespace gyre
