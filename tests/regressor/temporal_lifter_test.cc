// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/temporal_lifter.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/nonzero.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "regressor/parameter_count.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Of 5 joints in, 3 out; statistics of batch norm that differ by channel.
TemporalLifter Small(std::vector<int64_t> widths, bool causal, bool dense = false) {
  TemporalLifter lifter(TemporalLifterOptions{.joints_in = 5,
                                              .joints_out = 3,
                                              .widths = std::move(widths),
                                              .channels = 7,
                                              .causal = causal,
                                              .dense = dense});
  lifter->to(at::kDouble);
  Rng rng(3, RngStream::kTest);
  for (auto& item : lifter->named_parameters()) {
    item.value().set_data(0.4 * RandomTensor(item.value().sizes(), rng));
  }
  for (auto& item : lifter->named_buffers()) {
    if (item.value().scalar_type() != at::kDouble) continue;
    item.value().set_data(RandomTensor(item.value().sizes(), rng).abs() + 0.1);
  }
  lifter->eval();
  return lifter;
}

TEST(TemporalLifter, HasThePublishedNumbersOfParameters) {
  const auto count = [](std::vector<int64_t> widths, int64_t joints, bool dense = false) {
    return NumParameters(*TemporalLifter(
        TemporalLifterOptions{.joints_out = joints, .widths = std::move(widths), .dense = dense}));
  };
  EXPECT_EQ(count({1, 1, 1}, 17), 4'291'635);
  EXPECT_EQ(count({3, 3, 3}, 17), 8'555'571);
  EXPECT_EQ(count({3, 3, 3, 3}, 17), 12'753'971);
  EXPECT_EQ(count({3, 3, 3, 3, 3}, 17), 16'952'371);
  EXPECT_EQ(count({3, 3, 7}, 17), 12'749'875);
  EXPECT_EQ(count({3, 3, 3}, 1), 8'506'371);
  EXPECT_EQ(count({3, 3, 3, 3, 3}, 1), 16'903'171);
  EXPECT_EQ(count({3, 3, 3}, 17, /*dense=*/true), 29'527'091);
}

TEST(TemporalLifter, SaysWhatItSees) {
  const TemporalLifterOptions middle{.widths = {3, 5, 7}};
  EXPECT_EQ(middle.ReceptiveField(), 105);
  EXPECT_EQ(middle.PadBefore(), 52);
  EXPECT_EQ(middle.PadAfter(), 52);
  const TemporalLifterOptions causal{.widths = {3, 5, 7}, .causal = true};
  EXPECT_EQ(causal.PadBefore(), 104);
  EXPECT_EQ(causal.PadAfter(), 0);
}

// The frames of the output that one frame of the input changes.
std::vector<int64_t> Reached(const std::vector<int64_t>& widths, bool causal, bool dense,
                             int64_t frame) {
  Rng rng(8, RngStream::kTest);
  TemporalLifter lifter = Small(widths, causal, dense);
  const at::Tensor x = RandomTensor({1, 40, 5, 2}, rng), before = lifter(x);
  at::Tensor other = x.clone();
  other[0][frame] += RandomTensor({5, 2}, rng);
  const at::Tensor changed = ((lifter(other) - before)[0].flatten(1) != 0).any(1);
  std::vector<int64_t> frames;
  for (int64_t t = 0; t < changed.size(0); ++t) {
    if (changed[t].item<bool>()) frames.push_back(t);
  }
  return frames;
}

TEST(TemporalLifter, AFrameReachesItsFieldAlone) {
  // Output t sees the inputs t ... t + 14.
  for (const bool dense : {false, true}) {
    const std::vector<int64_t> frames = Reached({3, 5}, false, dense, 20);
    ASSERT_FALSE(frames.empty());
    EXPECT_GE(frames.front(), 6);
    EXPECT_LE(frames.back(), 20);
    EXPECT_EQ(Reached({3, 5}, true, dense, 20), frames) << "causal ones see the same, named later";
  }
  EXPECT_THAT(Reached({3, 5}, false, true, 3), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Reached({1, 1}, false, false, 17), ElementsAre(17));
}

TEST(TemporalLifter, CausalOnesKeepTheLastFrame) {
  // Without the convolutions over time the output is the frame that is kept.
  for (const bool causal : {false, true}) {
    TemporalLifter lifter = Small({1, 3, 5}, causal);
    for (const char* last :
         {"layers_bn.1.weight", "layers_bn.1.bias", "layers_bn.3.weight", "layers_bn.3.bias"}) {
      lifter->named_parameters()[last].data().zero_();
    }
    Rng rng(4, RngStream::kTest);
    const at::Tensor x = RandomTensor({2, 15, 5, 2}, rng);
    at::Tensor other = x.clone();
    const int64_t kept = causal ? 14 : 7;
    for (int64_t t = 0; t < 15; ++t) {
      if (t != kept) other.select(1, t).normal_();
    }
    EXPECT_EQ(MaxAbs(lifter(x) - lifter(other)), 0);
    other.select(1, kept).add_(1);
    EXPECT_GT(MaxAbs(lifter(x) - lifter(other)), 1e-3);
  }
}

TEST(TemporalLifter, WindowsAreTheSequencesOwn) {
  Rng rng(5, RngStream::kTest);
  const at::Tensor x = RandomTensor({2, 45, 5, 2}, rng);
  for (const bool causal : {false, true}) {
    TemporalLifter lifter = Small({3, 5}, causal);
    const at::Tensor all = lifter(x), windows = lifter->Windows(x);
    ASSERT_EQ(windows.sizes(), (std::vector<int64_t>{2, 3, 3, 3}));
    for (int64_t k = 0; k < 3; ++k) {
      EXPECT_LT(MaxAbs(windows.select(1, k) - all.select(1, 15 * k)), 1e-12 * MaxAbs(all));
    }
  }
}

TEST(TemporalLifter, RefusesWhatIsNoWidth) {
  const auto error = [](TemporalLifterOptions options) {
    try {
      options.Check();
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(error({.widths = {3, 7}}), "none");
  EXPECT_THAT(error({.widths = {3, 4}}), HasSubstr("widths: 4"));
  EXPECT_THAT(error({.widths = {}}), HasSubstr("widths: none"));
  EXPECT_THAT(error({.widths = {81, 83}}), HasSubstr("widths: 83"));
  EXPECT_THAT(error({.dropout = 1}), HasSubstr("dropout: 1"));
}

TEST(TemporalLifter, MomentumFallsAHundredfold) {
  EXPECT_DOUBLE_EQ(DecayedMomentum(0.1, 0.001, 0), 0.1);
  EXPECT_NEAR(DecayedMomentum(0.1, 0.001, 0.25), 0.0316227766, 1e-9);
  EXPECT_NEAR(DecayedMomentum(0.1, 0.001, 1), 0.001, 1e-12);
}

}  // namespace
}  // namespace gyre
