// SPDX-License-Identifier: Apache-2.0
// The terms that a fit's objective may have, and what they are made from.
#pragma once

#include <memory>
#include <vector>

#include "body/body_layout.h"
#include "fitting/terms/term.h"

namespace gyre {

struct BodyModel;
struct FitOptions;
struct Observations;
class LayoutPrior;

// The torso stage moves the body's place alone; the body stage, everything.
enum class FitStage { kTorso, kBody };

struct TermSources {
  const FitOptions& options;
  FitStage stage;
  const Observations& observed;
  const BodyLayout& layout;
  std::shared_ptr<const LayoutPrior> prior;
  bool informed_start;              // whether the start says anything of the pose
  const BodyModel* body = nullptr;  // for what its file says of hands
};

// The terms of a stage, in the order of their rows. A new term is one file and one line there.
std::vector<std::unique_ptr<const Term>> MakeTerms(const TermSources& sources);

}  // namespace gyre
