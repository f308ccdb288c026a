// SPDX-License-Identifier: Apache-2.0
// Motion capture in SMPL's parameters as AMASS's releases hold it: beside much else, in folders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "body/retarget.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "io/zip.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

RowMatX Poses(int rows, int columns) {
  RowMatX poses(rows, columns);
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) poses(r, c) = 0.25 * r - 0.01 * c;
  }
  return poses;
}

// An array of Python objects, which hold pickles and are never read.
ZipEntry Objects(const std::string& key) {
  std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
  header.resize(117, ' ');
  header += '\n';
  return {key + ".npy", std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\x80\x03N."};
}

ZipEntry Array(const std::string& key, const NdArray& array) {
  return {key + ".npy", FormatNpy(array)};
}

TEST(PoseClipFiles, OtherKeysAreNotRead) {
  const TempFolder folder;
  const fs::path path = folder.path() / "run_stageii.npz";
  const RowMatX poses = Poses(4, 165);
  const std::vector<ZipEntry> entries = {Objects("markers_latent_vids"),
                                         Array("poses", NdArray::FromMatrix(poses)),
                                         Array("mocap_frame_rate", NdArray::FromScalar(120)),
                                         {"readme.txt", "no array"}};
  WriteZip(path, entries, ZipMethod::kDeflated);
  const std::vector<PoseClip> clips = ReadPoseClips(path);
  ASSERT_EQ(clips.size(), 1u);
  EXPECT_EQ(clips[0].name, "run_stageii");
  EXPECT_EQ(clips[0].fps, 120);
  EXPECT_TRUE(clips[0].fps_known);
  EXPECT_EQ(clips[0].poses.leftCols(66), poses.leftCols(66));
}

TEST(PoseClipFiles, PosesByJointAndInParts) {
  const TempFolder folder;
  const RowMatX poses = Poses(3, 156);
  NdArray by_joint = NdArray::FromMatrix(poses);
  by_joint.shape = {3, 52, 3};
  WriteNpz(folder.path() / "a.npz", {{"poses", by_joint}});
  const PoseClip a = ReadPoseClips(folder.path() / "a.npz")[0];
  EXPECT_EQ(a.poses.leftCols(66), poses.leftCols(66));
  EXPECT_FALSE(a.fps_known);
  EXPECT_EQ(a.fps, 30);
  WriteNpz(folder.path() / "b.npz", {{"root_orient", NdArray::FromMatrix(poses.leftCols(3))},
                                     {"pose_body", NdArray::FromMatrix(poses.middleCols(3, 63))},
                                     {"fps", NdArray::FromScalar(25)}});
  const PoseClip b = ReadPoseClips(folder.path() / "b.npz")[0];
  EXPECT_EQ(b.poses.leftCols(66), poses.leftCols(66));
  EXPECT_EQ(b.poses.rightCols(6).norm(), 0);
  WriteNpz(folder.path() / "c.npz", {{"root_orient", NdArray::FromMatrix(poses.leftCols(3))},
                                     {"pose_body", NdArray::FromMatrix(Poses(2, 63))}});
  EXPECT_THAT(UserErrorOf([&] { ReadPoseClips(folder.path() / "c.npz"); }),
              AllOf(HasSubstr("2 rows"), HasSubstr("3")));
  NdArray odd = by_joint;
  odd.shape = {3, 39, 4};
  WriteNpz(folder.path() / "d.npz", {{"poses", odd}});
  EXPECT_THAT(UserErrorOf([&] { ReadPoseClips(folder.path() / "d.npz"); }),
              HasSubstr("(3, 39, 4)"));
}

TEST(PoseClipFiles, FoldersAndSeveralFiles) {
  const TempFolder folder;
  fs::create_directories(folder.path() / "Male1/more");
  const Npz motion = {{"poses", NdArray::FromMatrix(Poses(2, 72))},
                      {"mocap_framerate", NdArray::From<int64_t>({}, std::vector<int64_t>{60})}};
  const Npz shape = {{"betas", NdArray::FromMatrix(Poses(1, 16))},
                     {"gender", NdArray::FromStrings({"male"})}};
  WriteNpz(folder.path() / "Male1/b_poses.npz", motion);
  WriteNpz(folder.path() / "Male1/more/a_poses.NPZ", motion);
  WriteNpz(folder.path() / "Male1/shape.npz", shape);
  folder.Write("Male1/cut.npz", "PK");
  folder.Write("Male1/._b_poses.npz", "rubbish");
  WriteNpz(folder.path() / "own.npz", motion);
  const PoseClipFiles read =
      ReadPoseClipFiles({folder.path() / "own.npz", folder.path() / "Male1"});
  std::vector<std::string> names;
  for (const PoseClip& clip : read.clips) names.push_back(clip.name);
  EXPECT_THAT(names, ElementsAre("own", "b_poses", "a_poses"));
  EXPECT_EQ(read.clips[1].fps, 60);
  ASSERT_EQ(read.without_poses.size(), 1u);
  EXPECT_THAT(read.without_poses[0],
              AllOf(HasSubstr("shape.npz"), HasSubstr("'poses'"), HasSubstr("'betas', 'gender'")));
  ASSERT_EQ(read.unreadable.size(), 1u);
  EXPECT_THAT(read.unreadable[0], HasSubstr("cut.npz"));

  EXPECT_THAT(UserErrorOf([&] { ReadPoseClipFiles({folder.path() / "Male1/shape.npz"}); }),
              HasSubstr("it holds 'betas', 'gender'"));
  fs::create_directory(folder.path() / "empty");
  EXPECT_THAT(UserErrorOf([&] { ReadPoseClipFiles({folder.path() / "empty"}); }),
              HasSubstr("holds no .npz file"));
}

}  // namespace
}  // namespace gyre
