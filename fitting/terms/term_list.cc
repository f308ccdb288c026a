// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/term_list.h"

#include "fitting/terms/angle_prior.h"
#include "fitting/terms/depth_anchor.h"
#include "fitting/terms/hand_prior.h"
#include "fitting/terms/jaw_prior.h"
#include "fitting/terms/points3d.h"
#include "fitting/terms/pose_prior.h"
#include "fitting/terms/reprojection.h"
#include "fitting/terms/shape_prior.h"
#include "fitting/terms/start_anchor.h"

namespace gyre {
namespace {

// Each returns null where its stage or its weight leaves it out.
constexpr std::unique_ptr<const Term> (*kMakers[])(const TermSources&) = {
    MakeReprojectionTerm, MakePoints3dTerm,    MakePosePriorTerm,
    MakeAnglePriorTerm,   MakeShapePriorTerm,  MakeHandPriorTerm,
    MakeJawPriorTerm,     MakeDepthAnchorTerm, MakeStartAnchorTerm,
};

}  // namespace

std::vector<std::unique_ptr<const Term>> MakeTerms(const TermSources& sources) {
  std::vector<std::unique_ptr<const Term>> terms;
  for (const auto make : kMakers) {
    if (auto term = make(sources)) terms.push_back(std::move(term));
  }
  return terms;
}

}  // namespace gyre
