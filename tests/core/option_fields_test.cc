// SPDX-License-Identifier: Apache-2.0
#include "core/option_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "core/member_count.h"
#include "core/option_text.h"

namespace gyre {

enum class Crust { kThin, kThick };
template <>
struct EnumNames<Crust> {
  static constexpr NameOf<Crust> kAll[] = {{Crust::kThin, "thin"}, {Crust::kThick, "thick"}};
};

struct Oven {
  int degrees = 220;
  bool fan = false;
};
template <OptionsOf<Oven> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("degrees", o.degrees, "");
  visit("fan", o.fan, "");
}

struct Dough {
  double grams = 250;
};
template <OptionsOf<Dough> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("grams", o.grams, "");
}

struct Pizza {
  std::string name = "rossa";
  std::vector<std::string> toppings;
  Crust crust = Crust::kThin;
  Oven oven;
  Dough dough;
};
template <OptionsOf<Pizza> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("name", o.name, "");
  visit("toppings", o.toppings, "");
  visit("crust", o.crust, "");
  visit("oven", o.oven, "");
  visit("", o.dough, "");
}

namespace {

TEST(OptionFieldsTest, StructsInsideAreNamedWithADotOrNotAtAll) {
  std::vector<std::string> names;
  const Pizza pizza;
  ForEachField(
      pizza, [&](const std::string& name, const auto&, const char*) { names.push_back(name); },
      "my.");
  EXPECT_EQ(names, std::vector<std::string>({"my.name", "my.toppings", "my.crust",
                                             "my.oven.degrees", "my.oven.fan", "my.grams"}));
}

TEST(OptionFieldsTest, MembersAreCounted) {
  struct Empty {};
  static_assert(MemberCount<Empty>() == 0);
  static_assert(MemberCount<Oven>() == 2);
  static_assert(MemberCount<Pizza>() == 5);  // a struct inside counts as one
}

TEST(OptionTextTest, EveryKindIsReadBack) {
  Pizza pizza{"blanca", {"fig", "thyme"}, Crust::kThick, {180, true}, {0.1}}, copy;
  std::vector<std::string> texts;
  ForEachField(pizza, [&](const std::string&, const auto& field, const char*) {
    texts.push_back(OptionToText(field));
  });
  EXPECT_EQ(texts,
            std::vector<std::string>({"blanca", "fig,thyme", "thick", "180", "true", "0.1"}));
  size_t next = 0;
  ForEachField(copy, [&](const std::string& name, auto& field, const char*) {
    OptionFromText(texts[next++], name, &field);
  });
  EXPECT_EQ(copy.name, pizza.name);
  EXPECT_EQ(copy.toppings, pizza.toppings);
  EXPECT_EQ(copy.crust, pizza.crust);
  EXPECT_EQ(copy.oven.degrees, pizza.oven.degrees);
  EXPECT_EQ(copy.oven.fan, pizza.oven.fan);
  EXPECT_EQ(copy.dough.grams, pizza.dough.grams);
}

TEST(OptionTextTest, BadTextIsNamedAndChangesNothing) {
  const auto message = [](const std::string& text, auto value) -> std::string {
    const auto before = value;
    try {
      OptionFromText(text, "--flag", &value);
    } catch (const UsageError& error) {
      EXPECT_EQ(value, before);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("12x", 7), "--flag takes a number, not '12x'");
  EXPECT_EQ(message("", 7.0), "--flag takes a number, not ''");
  EXPECT_EQ(message("yes", true), "--flag takes true or false, not 'yes'");
  EXPECT_EQ(message("soft", Crust::kThick), "--flag: 'soft' is not one of thin, thick");
  EXPECT_EQ(message("thin", Crust::kThick), "no error");
}

}  // namespace
}  // namespace gyre
