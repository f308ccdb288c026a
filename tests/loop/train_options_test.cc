// SPDX-License-Identifier: Apache-2.0
#include "loop/train_options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "loop/option_fields.h"
#include "loop/option_text.h"

namespace gyre {
namespace {

TEST(TrainOptionsTest, EveryPresetSurvivesJson) {
  for (const char* name : {"default", "spin", "spin-compat", "small", "demo"}) {
    TrainOptions options = TrainOptions::Preset(name);
    options.data = "synth:";
    EXPECT_NO_THROW(options.Check()) << name;
    const nlohmann::json json = ToJson(options);
    EXPECT_EQ(ToJson(TrainOptionsFromJson(nlohmann::json::parse(json.dump()), "test")), json);
  }
  EXPECT_THROW(TrainOptions::Preset("best"), UserError);
}

TEST(TrainOptionsTest, EveryFieldIsReadBackFromItsText) {
  TrainOptions changed = TrainOptions::Preset("spin-compat");
  TrainOptions copy;
  nlohmann::json text;
  VisitFields(changed, [&](const char* name, auto& field, const char*) {
    text[name] = OptionToText(field);
  });
  VisitFields(copy, [&](const char* name, auto& field, const char*) {
    OptionFromText(text[name].get<std::string>(), name, &field);
  });
  EXPECT_EQ(ToJson(copy), ToJson(changed));
}

TEST(TrainOptionsTest, PrecisionIsAChoice) {
  TrainOptions options;
  EXPECT_EQ(ToJson(options)["network.precision"], "float32");
  OptionFromText("bfloat16", "network.precision", &options.network.precision);
  EXPECT_EQ(TrainOptionsFromJson(ToJson(options), "test").network.precision, Precision::kBfloat16);
  EXPECT_THROW(OptionFromText("float16", "network.precision", &options.network.precision),
               UserError);
}

TEST(TrainOptionsTest, OptionsOfAnOlderVersionAreRead) {
  nlohmann::json json = ToJson(TrainOptions::Preset("small"));
  json.erase("loss.fit_sd_rad");
  json.erase("seed");
  const TrainOptions options = TrainOptionsFromJson(json, "test");
  EXPECT_EQ(options.seed, TrainOptions().seed);
  EXPECT_EQ(options.batch_size, TrainOptions::Preset("small").batch_size);
}

TEST(TrainOptionsTest, FitterAndStoreOfAnotherPreset) {
  const nlohmann::json json = {
      {"fits_of", "spin-compat"}, {"preset", "prior18"}, {"fit.sigma_px", 50}};
  TrainOptions expected = TrainOptions::Preset("prior18");
  expected.fit = TrainOptions::Preset("spin-compat").fit;
  expected.store = TrainOptions::Preset("spin-compat").store;
  expected.fit.sigma_px = 50;  // what is said of the fitter itself goes first
  EXPECT_EQ(ToJson(TrainOptionsOver(json, "test")), ToJson(expected));
  EXPECT_THROW(TrainOptionsOver({{"fits_of", "best"}}, "test"), UserError);
  EXPECT_THROW(TrainOptionsOver({{"fits_of", 3}}, "test"), UserError);
}

TEST(TrainOptionsTest, BadValuesAreNamed) {
  TrainOptions options;
  EXPECT_THROW(options.Check(), UserError);  // no data
  nlohmann::json json = ToJson(options);
  json["steps"] = "many";
  EXPECT_THROW(TrainOptionsFromJson(json, "test"), UserError);
  EXPECT_THROW(TrainOptionsFromJson(nlohmann::json::array(), "test"), UserError);
  int64_t steps = 0;
  EXPECT_THROW(OptionFromText("12x", "steps", &steps), UsageError);
  options.data = "synth:";
  EXPECT_NO_THROW(options.Check());
  for (const double seconds : {0.0, 1e-4, 1e300, std::nan("")}) {
    TrainOptions impatient = options, slow = options;
    impatient.rank_timeout_s = slow.rank_start_timeout_s = seconds;
    EXPECT_THROW(impatient.Check(), UserError) << seconds;
    EXPECT_THROW(slow.Check(), UserError) << seconds;
  }
}

}  // namespace
}  // namespace gyre
