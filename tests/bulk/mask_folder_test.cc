// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/mask_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "core/error.h"
#include "io/image.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint8_t kNo = SilhouetteMask::kBackground, kPerhaps = SilhouetteMask::kUnknown,
                  kYes = SilhouetteMask::kBody;

void WriteGrey(const fs::path& path, const cv::Mat_<uint8_t>& pixels) {
  fs::create_directories(path.parent_path());
  WriteImage(path, pixels);
}

Person At(const std::string& name, int64_t place, int width = 0, int height = 0) {
  Person person;
  person.image = person.image_name = name;
  person.place = place;
  person.image_width = width;
  person.image_height = height;
  return person;
}

std::string MaskErrorOf(const MaskFolder& folder, const Person& person) {
  try {
    folder.MaskOf(person);
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

TEST(MaskFolder, OnePictureAPerson) {
  const TempFolder folder;
  WriteGrey(folder.path() / "sub/a.b_1.png",
            (cv::Mat_<uint8_t>(2, 4) << 0, 127, 128, 129, 128, 7, 128, 255));
  const MaskFolder masks(folder.path());
  const auto mask = masks.MaskOf(At("sub/a.b.jpg", 1, 4, 2));
  ASSERT_TRUE(mask.has_value());
  EXPECT_EQ(mask->width, 4);
  EXPECT_EQ(mask->height, 2);
  EXPECT_THAT(mask->pixels, ElementsAre(kNo, kNo, kPerhaps, kYes, kYes, kNo, kPerhaps, kYes));
  EXPECT_FALSE(masks.MaskOf(At("sub/a.b.jpg", 0)).has_value());
  EXPECT_FALSE(masks.MaskOf(At("a.b.jpg", 1)).has_value());
  EXPECT_FALSE(masks.MaskOf(At("sub/a.b.jpg", -1)).has_value());
  EXPECT_FALSE(masks.MaskOf(At("", 1)).has_value());
  EXPECT_TRUE(masks.MaskOf(At("sub\\a.b.jpg", 1)).has_value());
}

TEST(MaskFolder, OnePictureForAll) {
  const TempFolder folder;
  WriteGrey(folder.path() / "c.png", (cv::Mat_<uint8_t>(2, 3) << 0, 1, 3, 3, 255, 0));
  const MaskFolder masks(folder.path());
  EXPECT_THAT(masks.MaskOf(At("c.jpg", 2))->pixels,
              ElementsAre(kNo, kPerhaps, kYes, kYes, kPerhaps, kNo));
  EXPECT_THAT(masks.MaskOf(At("c.jpg", 0))->pixels,
              ElementsAre(kNo, kYes, kPerhaps, kPerhaps, kPerhaps, kNo));
  EXPECT_THAT(MaskErrorOf(masks, At("c.jpg", 1)),
              HasSubstr("no pixel has the value 2 of the person 1"));
  EXPECT_THAT(MaskErrorOf(masks, At("c.jpg", 254)), HasSubstr("holds at most 254 people"));
  // A mask of the person's own is what counts.
  WriteGrey(folder.path() / "c_0.png", (cv::Mat_<uint8_t>(1, 2) << 255, 0));
  EXPECT_THAT(masks.MaskOf(At("c.jpg", 0))->pixels, ElementsAre(kYes, kNo));
}

TEST(MaskFolder, WhoIsSeenElsewhereMayHideAPerson) {
  const TempFolder folder;
  WriteGrey(folder.path() / "d_0.png", (cv::Mat_<uint8_t>(1, 5) << 255, 255, 0, 0, 0));
  WriteGrey(folder.path() / "d_2.png", (cv::Mat_<uint8_t>(1, 5) << 0, 255, 255, 0, 0));
  WriteGrey(folder.path() / "d_5.png", (cv::Mat_<uint8_t>(1, 4) << 255, 255, 255, 255));
  folder.Write("d_3.png", "no picture");
  const MaskFolder masks(folder.path());
  EXPECT_THAT(masks.MaskOf(At("d.jpg", 0))->pixels, ElementsAre(kYes, kYes, kPerhaps, kNo, kNo));
  EXPECT_THAT(masks.MaskOf(At("d.jpg", 2))->pixels, ElementsAre(kPerhaps, kYes, kYes, kNo, kNo));
}

TEST(MaskFolder, SaysWhatIsWrong) {
  const TempFolder folder;
  WriteGrey(folder.path() / "a_0.png", (cv::Mat_<uint8_t>(2, 3) << 0, 1, 3, 3, 255, 0));
  WriteImage(folder.path() / "b_0.png", cv::Mat(4, 5, CV_8UC3, cv::Scalar(9, 8, 9)));
  folder.Write("c_0.png", "no picture");
  const MaskFolder masks(folder.path());
  EXPECT_THAT(MaskErrorOf(masks, At("a.jpg", 0, 3, 4)),
              HasSubstr("has 3 x 2 pixels, but the keypoints are of a picture of 3 x 4"));
  EXPECT_EQ(MaskErrorOf(masks, At("a.jpg", 0, 3, 2)), "");
  EXPECT_THAT(MaskErrorOf(masks, At("b.jpg", 0)), HasSubstr("its pixel (0, 0) has a colour"));
  EXPECT_THAT(MaskErrorOf(masks, At("c.jpg", 0)), HasSubstr("c_0.png"));
  Person bent = At("a.jpg", 0, 3, 2);
  Lens lens;
  lens.fx = lens.fy = 100;
  lens.distortion = {0.1, 0, 0, 0};
  bent.frame_of_picture.lens = std::make_shared<const Lens>(lens);
  EXPECT_THAT(MaskErrorOf(masks, bent), HasSubstr("bent by its lens"));
  EXPECT_THROW(MaskFolder(folder.path() / "a_0.png"), UserError);
  EXPECT_THROW(MaskFolder(folder.path() / "none"), UserError);
}

// The picture's own size, where the keypoints' file says none.
TEST(MaskFolder, LooksAtThePictureForItsSize) {
  const TempFolder folder;
  WriteGrey(folder.path() / "masks/a_0.png", (cv::Mat_<uint8_t>(2, 3) << 0, 1, 3, 3, 255, 0));
  WriteImage(folder.path() / "a.jpg", cv::Mat(7, 5, CV_8UC3, cv::Scalar(90, 80, 70)));
  const MaskFolder masks(folder.path() / "masks");
  Person person = At("a.jpg", 0);
  EXPECT_EQ(MaskErrorOf(masks, person), "");
  person.image_path = (folder.path() / "a.jpg").string();
  EXPECT_THAT(MaskErrorOf(masks, person), HasSubstr("are of a picture of 5 x 7"));
  person.image_path = (folder.path() / "gone.jpg").string();
  EXPECT_EQ(MaskErrorOf(masks, person), "");
}

// No name leads out of the folder.
TEST(MaskFolder, NamesStayBelowIt) {
  const TempFolder folder;
  WriteGrey(folder.path() / "a_0.png", (cv::Mat_<uint8_t>(1, 2) << 255, 0));
  WriteGrey(folder.path() / "masks/b_0.png", (cv::Mat_<uint8_t>(1, 2) << 255, 0));
  const MaskFolder masks(folder.path() / "masks");
  EXPECT_FALSE(masks.MaskOf(At("../a.jpg", 0)).has_value());
  EXPECT_FALSE(masks.MaskOf(At((folder.path() / "a.jpg").string(), 0)).has_value());
  EXPECT_TRUE(masks.MaskOf(At("../b.jpg", 0)).has_value());
  EXPECT_TRUE(masks.MaskOf(At("/somewhere/b.jpg", 0)).has_value());
}

}  // namespace
}  // namespace gyre
