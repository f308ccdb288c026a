// SPDX-License-Identifier: Apache-2.0
#include "loop/training/mask_in_crop.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace gyre {
namespace {

// A picture of 40 x 30 px whose columns from 17 and rows from 9 on show the person.
class CornerDataset : public Dataset {
 public:
  const std::string& name() const override { return name_; }
  int64_t size() const override { return 1; }
  Person Get(int64_t) const override {
    Person person;
    person.image_width = width;
    person.image_height = 30;
    person.box = {Vec2(24.5, 15.5), 56};  // 4 px of the crop are one of the picture
    return person;
  }
  ImageBuffer LoadImage(const Person&) const override { return {}; }
  bool HasSilhouette(const Person&) const override { return has_mask; }
  ImageBuffer LoadSilhouette(const Person&) const override {
    ImageBuffer mask{40, 30, 3, {}};
    for (int y = 0; y < 30; ++y) {
      for (int x = 0; x < 40; ++x) {
        mask.pixels.insert(mask.pixels.end(), 3, x >= 17 && y >= 9 ? 255 : 0);
      }
    }
    return mask;
  }

  bool has_mask = true;
  int width = 40;

 private:
  std::string name_ = "corner";
};

TEST(MaskInCrop, IsWhatThePictureSaysAndUnknownBeyondIt) {
  const CornerDataset data;
  const auto mask = MaskInCrop(data, data.Get(0));
  ASSERT_TRUE(mask.has_value());
  ASSERT_EQ(mask->width, 224);
  ASSERT_EQ(mask->height, 224);
  // The crop's pixel (u, v) shows the place (u / 4 - 3.375, v / 4 - 12.375) of the picture, whose
  // pixels end at 39.5 and 29.5.
  const auto at = [&](int u, int v) { return mask->pixels[224 * v + u]; };
  EXPECT_EQ(at(79, 120), SilhouetteMask::kBackground);
  EXPECT_EQ(at(80, 120), SilhouetteMask::kBody);
  EXPECT_EQ(at(120, 83), SilhouetteMask::kBackground);
  EXPECT_EQ(at(120, 84), SilhouetteMask::kBody);
  EXPECT_EQ(at(171, 120), SilhouetteMask::kBody);
  EXPECT_EQ(at(172, 120), SilhouetteMask::kUnknown);
  EXPECT_EQ(at(120, 167), SilhouetteMask::kBody);
  EXPECT_EQ(at(120, 168), SilhouetteMask::kUnknown);
  EXPECT_EQ(at(11, 120), SilhouetteMask::kUnknown);
  EXPECT_EQ(at(12, 120), SilhouetteMask::kBackground);
}

TEST(MaskInCrop, ThereMayBeNoneOrOneOfAnotherPicture) {
  CornerDataset data;
  data.width = 41;
  try {
    MaskInCrop(data, data.Get(0));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("40 x 30 pixels, its picture 41 x 30"),
              std::string::npos)
        << error.what();
  }
  data.has_mask = false;
  EXPECT_FALSE(MaskInCrop(data, data.Get(0)).has_value());
}

}  // namespace
}  // namespace gyre
