// SPDX-License-Identifier: Apache-2.0
#include "core/enum_names.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/error.h"

namespace gyre {

enum class Fruit { kApple, kPear, kFig, kUnnamed };
template <>
struct EnumNames<Fruit> {
  static constexpr NameOf<Fruit> kAll[] = {
      {Fruit::kApple, "apple"}, {Fruit::kPear, "pear"}, {Fruit::kFig, "fig"}};
};

namespace {

TEST(EnumNamesTest, EveryNameIsReadBack) {
  for (const auto& [value, name] : EnumNames<Fruit>::kAll) {
    EXPECT_STREQ(EnumName(value), name);
    EXPECT_EQ(EnumFromName<Fruit>(name, "fruit"), value);
  }
  EXPECT_EQ(FindEnum<Fruit>("Pear"), std::nullopt);
  EXPECT_THROW(EnumName(Fruit::kUnnamed), std::logic_error);
}

TEST(EnumNamesTest, ErrorsSayWhatWasWrongAndWhatThereIs) {
  try {
    EnumFromName<Fruit>("plum", "basket.fruit");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "basket.fruit: 'plum' is not one of apple, pear, fig");
  }
  EXPECT_EQ(EnumNameList<Fruit>(" or "), "apple, pear or fig");
}

}  // namespace
}  // namespace gyre
