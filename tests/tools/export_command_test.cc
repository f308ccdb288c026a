// SPDX-License-Identifier: Apache-2.0
// gyre export: fits as animation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "io/bvh.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Three people of the built-in body's sizes in five frames each, without a word on the frame rate.
fs::path WriteTracks(const fs::path& path, bool with_tracks) {
  constexpr int kRows = 15;
  std::vector<int64_t> track, frame;
  RowMatX pose = RowMatX::Zero(kRows, 72), transl(kRows, 3);
  for (int i = 0; i < kRows; ++i) {
    track.push_back(i % 3 + 4);
    frame.push_back(i / 3);
    pose(i, 55) = 0.1 * i;
    transl.row(i) << 0.2 * i, -0.3, 4.5;
  }
  Npz npz = {{"pose", NdArray::FromMatrix(pose)},
             {"betas", NdArray::FromMatrix(RowMatX::Zero(kRows, 10))},
             {"transl", NdArray::FromMatrix(transl)}};
  if (with_tracks) {
    npz["track"] = NdArray::From<int64_t>({kRows}, track);
    npz["frame"] = NdArray::From<int64_t>({kRows}, frame);
  }
  WriteNpz(path, npz);
  return path;
}

TEST(ExportCommandTest, EveryPersonGetsASkeletonOfTheirOwn) {
  const ScratchFolder folder;
  const std::string fits = WriteTracks(folder / "fits.npz", true);
  const ProgramResult done = Gyre({"export", fits, "--format", "bvh", "--out",
                                   (folder / "a.bvh").string(), "--fps", "12.5", "--unit", "m"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("3 people, 5 frames at 12.5 a second, y up"));
  EXPECT_FALSE(fs::exists(folder / "a.bvh"));
  const BvhClip clip = ReadBvh(folder / "a_person_5.bvh");
  EXPECT_EQ(clip.num_frames(), 5);
  EXPECT_NEAR(clip.frame_time, 0.08, 1e-9);
  // The second row of frame 4 is the fourteenth: 0.2 * 13 to the right of where the first began.
  const double moved = clip.motion(4, 0) - clip.motion(0, 0);
  EXPECT_NEAR(moved, 0.2 * 12, 1e-5);
  const fs::path glb = folder / "all.glb";
  EXPECT_EQ(Gyre({"export", fits, "--format", "glb", "--out", glb, "--fps", "25"}).exit_code, 0);
  EXPECT_EQ(ReadFile(glb).substr(0, 4), "glTF");
}

TEST(ExportCommandTest, WhatCannotBeIsOneSentence) {
  const ScratchFolder folder;
  const std::string fits = WriteTracks(folder / "fits.npz", true), out = folder / "a";
  const auto refused = [&](std::vector<std::string> args, int code, const char* text) {
    args.insert(args.begin(), {"export", fits, "--out", out});
    const ProgramResult result = Gyre(args);
    ExpectOneSentence(result, code);
    EXPECT_THAT(result.err, HasSubstr(text));
  };
  refused({"--format", "bvh"}, 1, "give --fps");
  refused({"--format", "fbx", "--fps", "3"}, 2, "bvh, glb, obj, amass, trc, csv");
  refused({"--format", "glb", "--fps", "3", "--unit", "cm"}, 2, "--unit");
  refused({"--format", "glb", "--fps", "-3"}, 2, "positive");
  refused({}, 2, "--format");
}

// Results of gyre fit in all their names, in front of every command that writes files.
class OverwritingTest : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult fitted = Gyre({"fit", "--data", "synth:?count=1&seed=5&frame=96", "--out",
                                       keep_, "--quiet", "--hypotheses", "start_only"});
    ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
    fs::copy(keep_, other_);
    bytes_ = ReadFile(keep_);
  }
  void ExpectRefused(const std::vector<std::string>& args, const char* text) const {
    const ProgramResult result = Gyre(args);
    ExpectOneSentence(result, 1);
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_EQ(ReadFile(keep_), bytes_);
  }
  static void ExpectDone(std::vector<std::string> args) {
    const ProgramResult result = Gyre(args);
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }

  const ScratchFolder folder_;
  const std::string keep_ = folder_ / "keep.npz", other_ = folder_ / "other.npz";
  std::string bytes_;
};

TEST_F(OverwritingTest, AFinishedResultStaysUnlessForced) {
  const std::string out = folder_ / "mine.npz";
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"export", other_, "--format", "amass", "--out"},
                                             {"fits", "export", other_, "--out"},
                                             {"fits", "export", other_, "--spin", "--out"},
                                             {"body", "pose", "--params", other_, "--out"}}) {
    const auto with = [&](const std::string& path, const char* more = nullptr) {
      std::vector<std::string> args = command;
      args.push_back(path);
      if (more != nullptr) args.emplace_back(more);
      return args;
    };
    ExpectRefused(with(keep_), "--force to write over it");
    ExpectRefused(with(other_), "is what is read here; choose another --out");
    ExpectRefused(with(other_, "--force"), "is what is read here");
    ExpectDone(with(out));
    ExpectDone(with(out));  // its own kind
    ExpectDone(with(keep_, "--force"));
    EXPECT_NE(ReadFile(keep_), bytes_);
    fs::copy(other_, keep_, fs::copy_options::overwrite_existing);
    fs::remove(out);
  }
}

TEST_F(OverwritingTest, NeitherDoOtherFormatsWriteOverWhatIsNotTheirs) {
  const std::string tracks = WriteTracks(folder_ / "tracks.npz", true);
  fs::copy(keep_, folder_ / "many_person_5.npz");
  ExpectRefused(
      {"export", tracks, "--format", "amass", "--fps", "3", "--out", folder_ / "many.npz"},
      "many_person_5.npz: is there already and is no clip in AMASS' layout");
  EXPECT_FALSE(fs::exists(folder_ / "many_person_4.npz")) << "nor the person before";
  const std::string csv = folder_ / "people.csv";
  WriteFileAtomically(csv, "file,rank_x,rank_y\na.jpg,1,2\n");
  ExpectRefused({"export", keep_, "--format", "csv", "--out", csv}, "is no table of joints");
  for (const char* format : {"bvh", "glb", "trc"}) {
    ExpectRefused({"export", other_, "--format", format, "--out", keep_}, "--force");
    const std::string out = folder_ / (std::string("a.") + format);
    ExpectDone({"export", other_, "--format", format, "--out", out});
    ExpectDone({"export", other_, "--format", format, "--out", out});
  }
  const std::string regressor = folder_ / "regressor.npy", npy = folder_ / "fits.npy";
  WriteFileAtomically(regressor, FormatNpy(NdArray::FromMatrix(RowMatX::Ones(9, 7))));
  ExpectRefused({"fits", "export", other_, "--out", regressor}, "is no table of fits");
  ExpectDone({"fits", "export", other_, "--out", npy});
  ExpectDone({"fits", "export", other_, "--out", npy});
  const ProgramResult one = Gyre({"export", other_, "--format", "csv", "--out", folder_ / "a.csv"});
  EXPECT_THAT(one.out, HasSubstr("a.csv: 1 person, 1 frame at"));
}

}  // namespace
}  // namespace gyre
