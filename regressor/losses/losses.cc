// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses/losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

#include "core/error.h"

namespace gyre {
namespace {

constexpr LossKind kLosses[] = {
    {"keypoints_2d", &LossOptions::keypoints_2d, KeypointLoss},
    {"keypoints_3d", &LossOptions::keypoints_3d, JointLoss},
    {"pose", &LossOptions::pose, PoseLoss},
    {"betas", &LossOptions::betas, BetasLoss},
    {"expression", &LossOptions::expression, ExpressionLoss},
    {"camera", &LossOptions::camera, CameraLoss},
    {"uvd", &LossOptions::uvd, UvdLoss},
    {"volumes", &LossOptions::volumes, VolumeLoss},
    {"twist", &LossOptions::twist, TwistLoss},
    {"axis_angle", &LossOptions::axis_angle, AxisAngleLoss},
    {"body_joints", &LossOptions::body_joints, BodyJointLoss},
    {"vertices", &LossOptions::vertices, VertexLoss},
    {"mesh_vertices", &LossOptions::mesh_vertices, MeshVertexLoss},
    {"mesh_keypoints_2d", &LossOptions::mesh_keypoints_2d, MeshKeypointLoss},
    {"mesh_keypoints_3d", &LossOptions::mesh_keypoints_3d, MeshJointLoss},
    {"joint_distance", &LossOptions::joint_distance, JointDistanceLoss},
    {"root_path", &LossOptions::root_path, RootPathLoss},
    {"reprojection", &LossOptions::reprojection, ReprojectionLoss},
    {"bones", &LossOptions::bones, BoneLoss},
    {"silhouette", &LossOptions::silhouette, SilhouetteLoss},
    {"silhouette_pixels", &LossOptions::silhouette_pixels, SilhouettePixelLoss},
    {"parts", &LossOptions::parts, PartLoss},
    {"mask", &LossOptions::mask, MaskLoss},
};

}  // namespace

std::span<const LossKind> LossKinds() { return kLosses; }

Losses ComputeLosses(const Output& output, const Targets& targets, const LossOptions& options,
                     const RankMean& rank_mean) {
  std::vector<const LossKind*> kinds;
  std::vector<at::Tensor> numerators, denominators;
  for (const LossKind& kind : kLosses) {
    const Quotient quotient = kind.of(output, targets, options);
    if (!quotient.defined()) continue;
    kinds.push_back(&kind);
    numerators.push_back(quotient.numerator);
    denominators.push_back(quotient.denominator);
  }
  if (kinds.empty()) {
    ThrowUserError("nothing that the network says is compared with anything that is known");
  }
  // The denominators of all terms are averaged over the ranks at once.
  const at::Tensor over_all = rank_mean.Of(at::stack(denominators));

  Losses losses;
  for (size_t i = 0; i < kinds.size(); ++i) {
    // An empty mask has numerator 0: any positive denominator gives 0.
    const at::Tensor term = numerators[i] / over_all[static_cast<int64_t>(i)].clamp_min(1e-6);
    losses.terms.emplace_back(kinds[i]->name, term.detach());
    const at::Tensor weighted = (options.total * (options.*kinds[i]->weight)) * term;
    losses.total = losses.total.defined() ? losses.total + weighted : weighted;
  }
  return losses;
}

}  // namespace gyre
