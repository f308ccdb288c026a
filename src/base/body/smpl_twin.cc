// SPDX-License-Identifier: Apache-2.0
#include "body/smpl_twin.h"

#include <algorithm>
#include <string>
#include <vector>

#include "body/reduced_body.h"
#include "body/smpl_sizes.h"

namespace gyre {
namespace {

constexpr int kFirstFingertip = 11;  // among the landmarks

// What a joint moves, and its correctives, to its parent.
void Stiffen(int joint, BodyModel* body) {
  RowMatX weights = body->weights;
  weights.col(body->parents()[joint]) += weights.col(joint);
  weights.col(joint).setZero();
  body->weights = weights.sparseView(0, 0);
  body->posedirs.middleCols<9>(9 * (joint - 1)).setZero();
}

}  // namespace

std::optional<BodyModel> SmplTwinOf(const BodyModel& model) {
  const BodyLayout& layout = *model.layout;
  const std::vector<std::string>& smpl = SmplLayout().joints;
  std::vector<std::string> kept(smpl.begin(), smpl.begin() + kNumSharedJoints);
  for (int k = 0; k < kNumSharedJoints; ++k) {
    if (layout.IndexOf(kept[k]) != k) return std::nullopt;
  }
  for (const char* finger : {"L_Middle1", "R_Middle1"}) {
    if (layout.IndexOf(finger) < 0) return std::nullopt;
    kept.push_back(finger);
  }
  if (layout.num_betas != SmplLayout().num_betas) return std::nullopt;
  BodyModel twin = ReduceBody(model, kept, layout.num_betas);
  twin.name = model.name + ", at rest";
  twin.layout = SharedSmplLayout();
  for (const int hand : {kNumSharedJoints, kNumSharedJoints + 1}) Stiffen(hand, &twin);
  std::fill(twin.landmark_vertices.begin() + kFirstFingertip, twin.landmark_vertices.end(), -1);
  twin.contour.clear();
  return twin;
}

BodyParams TwinFromBody(const BodyParams& params) {
  BodyParams twin(SmplLayout());
  twin.pose().head<3 * kNumSharedJoints>() = params.pose().head<3 * kNumSharedJoints>();
  twin.betas() = params.betas();
  twin.transl() = params.transl();
  return twin;
}

BodyParams BodyFromTwin(const BodyParams& twin, BodyParams like) {
  like.pose().head<3 * kNumSharedJoints>() = twin.pose().head<3 * kNumSharedJoints>();
  like.betas() = twin.betas();
  like.transl() = twin.transl();
  return like;
}

}  // namespace gyre
