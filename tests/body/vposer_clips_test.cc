// SPDX-License-Identifier: Apache-2.0
#include "body/vposer_clips.h"

#include <gtest/gtest.h>

#include "peers.h"

namespace gyre {
namespace {

TEST(VPoserClips, HoldDecodedPosesAndNothingElse) {
  const std::filesystem::path weights = PeersFolder() / "smplx/vposer_48.pt";
  if (!std::filesystem::exists(weights)) GTEST_SKIP() << weights << " is not there";
  const VPoser vposer = VPoser::Read(weights);
  const std::vector<PoseClip> clips = DrawVPoserClips(vposer, 3, 8),
                              same = DrawVPoserClips(vposer, 3, 8),
                              other = DrawVPoserClips(vposer, 3, 9);
  ASSERT_EQ(clips.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(clips[i].poses.rows(), 60);
    ASSERT_EQ(clips[i].poses.cols(), 72);
    EXPECT_TRUE(clips[i].poses.leftCols(3).isZero(0));   // the root
    EXPECT_TRUE(clips[i].poses.rightCols(6).isZero(0));  // the hands
    EXPECT_EQ(clips[i].poses, same[i].poses);
    EXPECT_NE(clips[i].poses, other[i].poses);
  }
  // About where the mean pose is, and as wide as unit normal z make them.
  const VecX mean = vposer.Decode(VecX::Zero(vposer.latent_size()));
  const RowMatX poses = clips[0].poses.middleCols(3, VPoser::kPose);
  const RowMatX offsets = poses.rowwise() - mean.transpose();
  EXPECT_GT(offsets.rowwise().norm().minCoeff(), 0);
  EXPECT_LT(offsets.colwise().mean().norm(), offsets.rowwise().norm().mean());
}

}  // namespace
}  // namespace gyre
