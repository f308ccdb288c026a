// SPDX-License-Identifier: Apache-2.0
// SMPLify-X (Pavlakos et al. 2019) as its authors' code has it, of SMPL-X, keypoints of body, hands
// and face and VPoser: root, hands' principal components, jaw, eyes, betas, expression and z in
// five stages, after one that places the torso. With H the image's height, c confidences, w a
// stage's weights and gm(e) = 100^2 e^2 / (100^2 + e^2), e in the image's pixels:
//   (1000 / H)^2 sum (w_j c)^2 (gm(e_x) + gm(e_y))  +  w_pose^2 |z|^2  +  3.17 w_pose sum exp(2 s
//   th)
//   + w_pose^2 (|left|^2 + |right|^2)  +  w_shape^2 (|betas|^2 + |expression|^2)  +  w_jaw^2
//   |jaw|^2
// The elbows and knees of `th` bend as in SMPLify; OpenPose's neck and hips do not count. The
// translation moves in the torso's stage alone:
//   (1000 / H)^2 sum |e|^2  +  100^2 (t_z - guess)^2    over shoulders and hips, root and
//   translation
// Other than there: Levenberg-Marquardt in place of L-BFGS, a start upright and not upside down,
// and shoulders and hips count where they are seen: theirs ends in NaN where they are not.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "body/kinematics.h"
#include "body/vposer.h"
#include "fitting/backends/charted_solver.h"
#include "fitting/fit_problem.h"
#include "fitting/observations.h"

namespace gyre {

struct SmplifyxStage {
  double pose, shape, jaw;  // of priors
  double hands, face;       // of keypoints; those of the body have 1
};
inline constexpr SmplifyxStage kSmplifyxStages[] = {
    {404, 100, 4040, 0, 0}, {404, 50, 4040, 0, 0}, {57.4, 10, 574, 0, 0},
    {4.78, 5, 47.8, .1, 0}, {4.78, 5, 47.8, 2, 2},
};

// Immutable.
class Smplifyx {
 public:
  // `joints` are rules.distinct_joints(). UserError where the body has no hands with components, no
  // jaw or no expression.
  Smplifyx(std::shared_ptr<const BodyModel> body, const KeypointRules& rules,
           std::shared_ptr<const FoldedJoints> joints, std::shared_ptr<const VPoser> vposer);

  // z first among the pieces, then the hands. `translation`: with it among what is direct.
  ParamChart Chart(bool translation) const;
  LatentPrior PosePrior(const ParamChart& chart, const SmplifyxStage& stage) const;
  // All but z's prior.
  Objective StageObjective(const FitProblem& problem, const SmplifyxStage& stage,
                           double image_height_px) const;
  // Anchored to the guess. `seen`: of the right shoulder, left shoulder, right hip, left hip.
  Objective TorsoObjective(const FitProblem& problem, const std::array<bool, 4>& seen,
                           const BodyParams& guess, double image_height_px) const;
  // The translation at which shoulders are as far from hips as in the picture: (0, 0, f X / x), X
  // and x the mean distances in space and in the picture; of sides that are seen.
  Vec3 GuessTranslation(const FitProblem& problem, const std::array<bool, 4>& seen,
                        const BodyParams& params) const;
  // VPoser's mean pose, hands at their mean.
  BodyParams MeanBody() const;

  struct Fit {
    BodyParams params;
    SolverResult result;
    double objective = 0;  // of the last stage
    std::vector<double> stage_costs;
  };
  // The image's height is taken as twice the camera's centre. Failed where neither a shoulder and a
  // hip nor anything else says how large the person is.
  Fit Run(const FitProblem& problem) const;

 private:
  Fit RunFrom(const FitProblem& problem, BodyParams start, double image_height_px) const;
  std::vector<Observation> Observed(const FitProblem& problem, const SmplifyxStage& stage,
                                    double image_height_px) const;

  std::shared_ptr<const BodyModel> body_;
  const KeypointRules& rules_;
  std::shared_ptr<const FoldedJoints> joints_;
  std::shared_ptr<const VPoser> vposer_;
  ParamChart::Pieces pieces_;
  std::vector<HandPca> hands_;
  std::array<int, 4> torso_;  // keypoints, as `seen`
};

}  // namespace gyre
