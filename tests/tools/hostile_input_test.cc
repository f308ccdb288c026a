// SPDX-License-Identifier: Apache-2.0
// Files that somebody else made, at the program's own door.
#include <fmt/format.h>
#include <sys/stat.h>

#include "tools/run_gyre.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// COCO annotations of one person on a picture of that name (as JSON has it).
std::string CocoOf(const std::string& picture) {
  std::string keypoints;
  for (int i = 0; i < 17; ++i) keypoints += fmt::format("{}{},{},2", i ? "," : "", 9 * i, 5 * i);
  return fmt::format(R"({{"images":[{{"id":1,"file_name":"{}","width":200,"height":200}}],)"
                     R"("annotations":[{{"id":1,"image_id":1,"keypoints":[{}]}}]}})",
                     picture, keypoints);
}

ProgramResult FitWithPictures(const ScratchFolder& folder, const std::string& picture) {
  WriteFileAtomically(folder / "coco.json", CocoOf(picture));
  MakeFolder(folder / "images");
  return Gyre({"fit", "--coco", folder / "coco.json", "--images", folder / "images", "--out",
               folder / "fits.npz", "--quiet"});
}

TEST(HostileInputTest, PicturesAreLookedForBelowTheirFolderOnly) {
  const ScratchFolder folder;
  for (const char* picture : {"../../etc/passwd", "/etc/passwd", "a/../../b.jpg"}) {
    const ProgramResult result = FitWithPictures(folder, picture);
    ExpectOneSentence(result, 1);
    EXPECT_THAT(result.err, HasSubstr("below the picture folder"));
  }
}

TEST(HostileInputTest, NamesInFilesDoNotCommandTheTerminal) {
  const ScratchFolder folder;
  const ProgramResult result = FitWithPictures(folder, R"(/\u001b[2J\u0007\n\u007f)");
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("/?[2J???"));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
}

TEST(HostileInputTest, APipeIsNotWaitedFor) {
  const ScratchFolder folder;
  const std::string pipe = folder / "pipe.npz";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ExpectOneSentence(Gyre({"body", "info", pipe}), 1);
  ExpectOneSentence(Gyre({"data", "check", "spin:" + pipe}), 1);
  ExpectOneSentence(Gyre({"fits", "info", pipe}), 1);
  ExpectOneSentence(Gyre({"fit", "--coco", pipe, "--out", folder / "fits.npz", "--quiet"}), 1);
}

}  // namespace
}  // namespace gyre
