// SPDX-License-Identifier: Apache-2.0
// Bodies of people from a trained network: starts of fits, or all that is wanted (gyre predict).
// LibTorch is linked only by who opens one, of the library
// gyre::bulk_network; the rest of this folder knows the interface.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "loop/bulk/person_source.h"

namespace gyre {

class NetworkStart {
 public:
  virtual ~NetworkStart() = default;

  // Whether it looks at pictures, not at keypoints.
  virtual bool needs_pictures() const = 0;

  // Of the network's weights, see fit_identity.h.
  virtual std::string fingerprint() const = 0;

  // Gives everybody with a box, or at least two different keypoints to draw one around, and, where
  // it is needed, a readable picture the network's body as their start. The others keep the start
  // they have, and FitInput::no_body says why. Runs on up to `threads` threads (0: all); nobody's
  // start depends on who else is in `inputs`. UserError for a network that says no bodies.
  virtual void SetStarts(int threads, std::vector<FitInput>* inputs) = 0;
};

// `run` is a training run or one of its checkpoints.
std::unique_ptr<NetworkStart> OpenNetworkStart(const std::filesystem::path& run,
                                               const std::shared_ptr<const BodyModel>& body);

}  // namespace gyre
