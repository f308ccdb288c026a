// SPDX-License-Identifier: Apache-2.0
#include "loop/training/train_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/option_text.h"
#include "io/io_test_util.h"
#include "io/option_json.h"
#include "loop/presets/preset.h"

namespace gyre {
namespace {

TEST(TrainOptionsTest, EveryPresetSurvivesJson) {
  for (const Preset& preset : Presets()) {
    TrainOptions options = TrainOptions::Preset(preset.name);
    EXPECT_EQ(options.preset, preset.name);
    options.data = "synth:";
    EXPECT_NO_THROW(options.Check()) << preset.name;
    EXPECT_NO_THROW(preset.Fit().Check()) << preset.name;
    const nlohmann::json json = ToJson(options);
    EXPECT_EQ(ToJson(TrainOptionsFromJson(nlohmann::json::parse(json.dump()), "test")), json);
  }
  EXPECT_THROW(TrainOptions::Preset("best"), UserError);
}

TEST(TrainOptionsTest, EveryFieldIsReadBackFromItsText) {
  TrainOptions changed = TrainOptions::Preset("spin-compat");
  TrainOptions copy;
  nlohmann::json text;
  ForEachField(changed, [&](const std::string& name, auto& field, const char*) {
    text[name] = OptionToText(field);
  });
  ForEachField(copy, [&](const std::string& name, auto& field, const char*) {
    OptionFromText(text[name].get<std::string>(), name, &field);
  });
  EXPECT_EQ(ToJson(copy), ToJson(changed));
}

TEST(TrainOptionsTest, WhatAsksForABodyOrForFitsSaysSo) {
  const auto why = [](const TrainOptions& options) -> std::string {
    try {
      options.Check();
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  TrainOptions drawn = TrainOptions::Preset("human2d");
  EXPECT_EQ(why(drawn), "");
  drawn.loss.silhouette_pixels = 0.5;
  EXPECT_EQ(why(drawn), "loss.silhouette, silhouette_pixels and parts draw a body; give a --body");
  TrainOptions masked = TrainOptions::Preset("small");
  masked.data = "synth:";
  masked.first_masks = true;
  EXPECT_EQ(why(masked), "");
  masked.fit.stages = FitStages::kWholeBody;
  EXPECT_EQ(why(masked), "first_masks fits the body alone, and fit.stages is whole_body");
  masked.supervision = Supervision::kTruth;
  EXPECT_EQ(why(masked), "first_masks asks for fits, and supervision = truth makes none");
  masked.first_masks = false;
  masked.fit.stages = FitStages::kBody;
  masked.masks.rounds = 0;
  EXPECT_EQ(why(masked), "mask option rounds is 0; it must be from 1 to 1000");
}

TEST(TrainOptionsTest, PrecisionIsAChoice) {
  TrainOptions options;
  EXPECT_EQ(ToJson(options)["network.precision"], "float32");
  OptionFromText("bfloat16", "network.precision", &options.network.precision);
  EXPECT_EQ(TrainOptionsFromJson(ToJson(options), "test").network.precision, Precision::kBfloat16);
  EXPECT_THROW(OptionFromText("float16", "network.precision", &options.network.precision),
               UserError);
}

// A name that gyre fit had from the start means to it what it did, and training has its own fitter.
TEST(TrainOptionsTest, APresetHasAPartForTheFitter) {
  const auto same = [](const FitOptions& a, const FitOptions& b) {
    return FieldsToJson(a) == FieldsToJson(b);
  };
  EXPECT_TRUE(same(FindPreset("default").Fit(), FitOptions()));
  EXPECT_TRUE(same(FindPreset("anchored").Fit(), FitOptions::Anchored()));
  EXPECT_TRUE(same(FindPreset("spin").Fit(), FitOptions::Spin()));
  EXPECT_TRUE(same(FindPreset("whole-body").Fit(), FitOptions::WholeBody()));
  EXPECT_TRUE(same(FindPreset("smplifyx").Fit(), FitOptions::Smplifyx()));
  FitOptions in_loop = FitOptions::WholeBody();
  in_loop.hypotheses = Hypotheses::kStartOnly;
  EXPECT_TRUE(same(FindPreset("whole-body").train().fit, in_loop));
  EXPECT_TRUE(same(FindPreset("smplifyx").train().fit, FitOptions()));
  EXPECT_TRUE(same(FindPreset("spin").train().fit, FitOptions()));
  EXPECT_EQ(FindPreset("spin-compat").Fit().hypotheses, Hypotheses::kStartOnly);
  // And a body, where the system speaks of one.
  EXPECT_EQ(FindPreset("spin").FitBody(), "builtin");
  EXPECT_EQ(FindPreset("whole-body").FitBody(), "builtin-x");
  EXPECT_EQ(FindPreset("whole-body").train().body, "builtin-x");
  EXPECT_EQ(FindPreset("smplifyx").FitBody(), "builtin-x");
  EXPECT_EQ(FindPreset("videopose3d").train().body, "none");
  EXPECT_EQ(FindPreset("videopose3d").FitBody(), "builtin");
  try {
    FindPreset("best");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "preset 'best' is not one of default, spin, spin-compat, small, demo, prior18, "
                 "human2d, pavlakos18, anchored, graphcmr, pose2pose, c2f, ikol, hybrik, "
                 "whole-body, smplifyx, "
                 "videopose3d, videopose3d-causal, videopose3d-semi, video, photo");
  }
}

TEST(TrainOptionsTest, WhatWasTaughtLearnsAtAShareOfTheRate) {
  for (const double rate : {-0.1, 1.5, std::nan("")}) {
    TrainOptions o = TrainOptions::Preset("photo");
    o.taught_rate = rate;
    EXPECT_THAT(UserErrorOf([&] { o.Check(); }), testing::HasSubstr("is not in [0, 1]")) << rate;
  }
  for (const double scale : {0.4, 5.0, std::nan("")}) {
    NetworkOptions o;
    o.box_scale = scale;
    EXPECT_THAT(UserErrorOf([&] { o.Check(); }), testing::HasSubstr("is not in [0.5, 4]")) << scale;
  }
}

TEST(TrainOptionsTest, SettledOptionsSayWhatFollowsFromOthers) {
  TrainOptions options;
  options.seed = 7;
  EXPECT_FALSE(options.Settled().fit.estimate_uncertainty);
  EXPECT_EQ(options.Settled().refresh.seed, 7);
  options.loss.fit_sd_rad = 0.2;
  options.refresh.seed = 3;
  EXPECT_TRUE(options.Settled().fit.estimate_uncertainty);
  EXPECT_EQ(options.Settled().refresh.seed, 3);
}

// options.json of a run of before every field was in the list.
TEST(TrainOptionsTest, MissingFieldsMeanWhatTheOlderVersionDid) {
  const nlohmann::json json = nlohmann::json::parse(ReadFile("tests/loop/older_options.json"));
  const TrainOptions options = TrainOptionsFromJson(json, "test").Settled();
  const nlohmann::json now = ToJson(options);
  for (const auto& [name, value] : json.items()) EXPECT_EQ(now[name], value) << name;
  EXPECT_GT(now.size(), json.size());
  EXPECT_EQ(options.fit.point_weight, 170);
  EXPECT_TRUE(options.fit.estimate_uncertainty);  // as loss.fit_sd_rad weighs by it
  EXPECT_EQ(options.refresh.seed, options.seed);
  EXPECT_EQ(options.prefetch_batches, 2);
  EXPECT_EQ(options.samples_per_epoch, 0);
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
  // What only the loader would find, after the run's folder is made.
  const auto error = [&](auto TrainOptions::*field, auto value) {
    TrainOptions bad = options;
    bad.*field = value;
    try {
      bad.Check();
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(error(&TrainOptions::prefetch_batches, 0),
            "loader: prefetch_batches is 0, expected 1 to 1024");
  EXPECT_EQ(error(&TrainOptions::loader_threads, 257), "loader: workers is 257, expected 0 to 256");
  EXPECT_EQ(error(&TrainOptions::samples_per_epoch, -1),
            "loader: samples_per_epoch is -1, expected 0 to 2147483647");
}

TEST(TrainOptionsTest, SaysHowTheDataIsRead) {
  TrainOptions options;
  options.batch_size = 12;
  options.network.image_px = 96;
  options.network.input = NetworkInput::kSilhouette;
  options.loader_threads = 3;
  options.prefetch_batches = 5;
  options.samples_per_epoch = 77;
  options.seed = 9;
  options.augment.flip_probability = 0.25;
  const LoaderOptions loading = options.Loading();
  EXPECT_EQ(loading.batch_size, 12);
  EXPECT_EQ(loading.crop_px, 96);
  EXPECT_EQ(loading.picture, LoaderPicture::kSilhouette);
  EXPECT_EQ(loading.workers, 3);
  EXPECT_EQ(loading.prefetch_batches, 5);
  EXPECT_EQ(loading.samples_per_epoch, 77);
  EXPECT_EQ(loading.seed, 9u);
  EXPECT_EQ(loading.augment.flip_probability, 0.25);
  EXPECT_TRUE(loading.shuffle);
  EXPECT_EQ(loading.data_shards.shards, 1);
}

}  // namespace
}  // namespace gyre
