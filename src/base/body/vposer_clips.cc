// SPDX-License-Identifier: Apache-2.0
#include "body/vposer_clips.h"

#include "core/rng.h"

namespace gyre {

std::vector<PoseClip> DrawVPoserClips(const VPoser& vposer, int clips, uint64_t seed) {
  constexpr int kPoses = 60;
  constexpr double kFps = 1;  // poses as unrelated as this are never thinned
  Rng rng(seed, RngStream::kPriorTraining, 4);
  std::vector<PoseClip> drawn;
  for (int i = 0; i < clips; ++i) {
    PoseClip& clip = drawn.emplace_back(
        PoseClip{"vposer", RowMatX::Zero(kPoses, SmplLayout().num_pose()), kFps});
    for (auto row : clip.poses.rowwise()) {
      VecX z(vposer.latent_size());
      for (double& value : z) value = rng.Normal();
      row.segment<VPoser::kPose>(3) = vposer.Decode(z).transpose();
    }
  }
  return drawn;
}

}  // namespace gyre
