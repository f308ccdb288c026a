// SPDX-License-Identifier: Apache-2.0
// Fits a body to one person's keypoints, with nothing of gyre but the fitter. See docs/library.md.
#include <gyre/body/body_model.h>
#include <gyre/body/pose_prior.h>
#include <gyre/fitting/fitter.h>
#include <gyre/fitting/person_problem.h>

#include <cstdio>

int main() {
  const auto body = gyre::LoadBodyModel("builtin");  // or SMPL's own file
  const gyre::KeypointSet& set = gyre::FindKeypointSet("coco17");
  const gyre::Fitter fitter(body, gyre::LoadPosePrior(), gyre::FitOptions(), set);

  // COCO's 17, from the nose to the right ankle; a real caller has them from a detector.
  const double seen_px[17][2] = {{322, 122}, {329, 115}, {315, 115}, {338, 119}, {306, 119},
                                 {358, 170}, {286, 170}, {374, 231}, {270, 231}, {382, 288},
                                 {262, 288}, {344, 290}, {300, 290}, {347, 378}, {297, 378},
                                 {349, 462}, {295, 462}};
  gyre::Keypoints keypoints(set);
  for (int i = 0; i < set.size(); ++i) {
    keypoints.px.row(i) << seen_px[i][0], seen_px[i][1];
    keypoints.confidence[i] = 1;
  }

  // Crop, camera and problem in one call; without a camera SPIN's stands in.
  const gyre::Camera camera{1100, {319.5, 239.5}};
  const gyre::PersonProblem person = gyre::ProblemOf(keypoints, camera);
  const gyre::FitResult fit = fitter.Fit(person.problem);
  if (!fit.summary.usable) {
    std::printf("not fitted: %s\n", fit.summary.reason_text.c_str());
    return 1;
  }
  const gyre::PosedBody posed = gyre::PoseBody(*body, fit.params);
  std::printf("box of %.0f px at (%.0f, %.0f)\n", person.box.side_px, person.box.center_px.x(),
              person.box.center_px.y());
  std::printf("%d joints, %.1f px off, pelvis %.2f m away, %d vertices\n",
              fit.summary.score.observed_joints, fit.summary.score.reprojection_px,
              posed.joints(0, 2), static_cast<int>(posed.vertices.rows()));
}
