// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/file.h"
#include "fitting/store/field_values.h"
#include "fitting/store/fit_npz.h"
#include "fitting/store/npz_head.h"
#include "sample_fits.h"

namespace gyre {
namespace {

const FitLayout kLayout = MakeLayout("other", 5, 3, 2);

TEST(FitFields, AreThese) {
  std::vector<std::string> keys;
  std::vector<int> widths;
  for (const FitField& field : FitFields()) {
    keys.push_back(field.key);
    widths.push_back(FieldWidth(field.shape, kLayout));
  }
  EXPECT_THAT(keys, testing::ElementsAre("observed_joints", "source", "step", "score_px2",
                                         "pose_prior", "pose", "betas", "expression", "transl",
                                         "focal_px", "center_px", "rotation_sd_rad", "robust_px2"));
  EXPECT_THAT(widths, testing::ElementsAre(1, 1, 1, 1, 1, 15, 3, 2, 3, 1, 2, 5, 1));
}

TEST(FitFields, AreInTheDocumentation) {
  std::string table;
  for (const FieldDoc& field : ExportFields()) table += TableRow(field);
  for (const FieldDoc& field : HeadFields()) table += TableRow(field);
  EXPECT_NE(ReadFile("docs/outputs.md").find(table), std::string::npos)
      << "docs/outputs.md, below \"gyre fits export\", lacks this table of what it holds:\n"
      << table;
}

// Every number of every field counts.
TEST(FitFields, AreAllCompared) {
  const StoredFit fit = MakeFit(kLayout, 7);
  EXPECT_EQ(fit, MakeFit(kLayout, 7));
  int changed = 0;
  ForEachFitField([&](const FitField& field, const auto& get) {
    const int width = FieldWidth(field.shape, kLayout);
    for (int i = 0; i < width; ++i) {
      StoredFit other = fit;
      int at = 0;
      ForEachValue(get(other), [&](auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if (at++ == i) value = static_cast<Value>(static_cast<double>(value) + 1);
      });
      EXPECT_FALSE(fit == other) << field.key << " " << i;
      ++changed;
    }
  });
  EXPECT_EQ(changed, 37);
  EXPECT_FALSE(fit == MakeFit(MakeLayout("other", 5, 2, 3), 7));
}

// What a number cannot be, and nothing else, is unsound.
TEST(FitFields, SayWhatIsSound) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto sound_with = [](const std::string& key, int place, double value) {
    StoredFit fit = MakeFit(kLayout, 7);
    bool found = false;
    ForEachFitField([&](const FitField& field, const auto& get) {
      int at = 0;
      ForEachValue(get(fit), [&](auto& number) {
        if (key != field.key || at++ != place) return;
        number = static_cast<std::decay_t<decltype(number)>>(value);
        found = true;
      });
    });
    EXPECT_TRUE(found) << key << " " << place;
    return fit.IsSound();
  };
  EXPECT_TRUE(MakeFit(kLayout, 7).IsSound());
  for (const FitField& field : FitFields()) {
    if (field.record != DType::kFloat32 && field.record != DType::kFloat64) continue;
    const std::string key = field.key;
    const bool may_be_infinite = key == "score_px2" || key == "robust_px2";
    const int last = FieldWidth(field.shape, kLayout) - 1;
    EXPECT_FALSE(sound_with(key, 0, kNan)) << key;
    EXPECT_FALSE(sound_with(key, last, kNan)) << key;
    EXPECT_EQ(sound_with(key, last, kInfinity), may_be_infinite) << key;
    EXPECT_EQ(sound_with(key, last, -1), key != "focal_px" && key != "rotation_sd_rad") << key;
  }
  EXPECT_FALSE(sound_with("transl", 2, 1e39)) << "infinite as a float";
  EXPECT_FALSE(sound_with("focal_px", 0, 0));
  EXPECT_FALSE(sound_with("focal_px", 0, 1e-60)) << "zero as a float";
  EXPECT_TRUE(sound_with("rotation_sd_rad", 4, 0));
  EXPECT_TRUE(sound_with("score_px2", 0, -kInfinity));
  EXPECT_TRUE(sound_with("source", 0, 0));
  EXPECT_TRUE(sound_with("source", 0, 4));
  EXPECT_FALSE(sound_with("source", 0, 5));
  EXPECT_FALSE(sound_with("source", 0, -1));
  StoredFit fit = MakeFit(kLayout, 7);
  fit.rotation_sd_rad = JointFloats::Zero(4);
  EXPECT_FALSE(fit.IsSound()) << "not as many as joints";
}

}  // namespace
}  // namespace gyre
