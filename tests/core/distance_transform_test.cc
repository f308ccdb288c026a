// SPDX-License-Identifier: Apache-2.0
#include "core/distance_transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/rng.h"

namespace gyre {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(DistanceTransform, OfTwoSitesSpeltOut) {
  const std::vector<uint8_t> sites = {0, 0, 0, 0, 0,  //
                                      0, 7, 0, 0, 0,  //
                                      0, 0, 0, 0, 1};
  const auto r = [](int square) { return std::sqrt(static_cast<float>(square)); };
  EXPECT_THAT(DistanceTransform(sites, 5, 3), testing::ElementsAre(r(2), 1, r(2), r(5), 2,  //
                                                                   1, 0, 1, r(2), 1,        //
                                                                   r(2), 1, r(2), 1, 0));
}

TEST(DistanceTransform, EqualsTheSearchOverAllSites) {
  Rng rng(5, RngStream::kTest);
  for (const auto& [width, height, share] :
       {std::tuple{17, 23, 0.02}, {1, 9, 0.3}, {31, 1, 0.1}, {29, 13, 0.6}}) {
    std::vector<uint8_t> sites(static_cast<size_t>(width) * height, 0);
    for (uint8_t& site : sites) site = rng.Bernoulli(share);
    sites[rng.Below(sites.size())] = 200;
    const auto found = DistanceTransform(sites, width, height);
    for (int i = 0; i < width * height; ++i) {
      double nearest = kInfinity;
      for (int k = 0; k < width * height; ++k) {
        if (sites[k] == 0) continue;
        nearest = std::min(nearest, std::hypot(i % width - k % width, i / width - k / width));
      }
      ASSERT_FLOAT_EQ(found[i], nearest) << width << " " << i;
    }
  }
}

TEST(DistanceTransform, WithoutSitesIsInfinite) {
  EXPECT_THAT(DistanceTransform(std::vector<uint8_t>(6, 0), 3, 2), testing::Each(kInfinity));
  EXPECT_THAT(DistanceTransform(std::vector<uint8_t>(6, 1), 2, 3), testing::Each(0));
  EXPECT_THROW(DistanceTransform(std::vector<uint8_t>(5, 1), 2, 3), std::logic_error);
}

}  // namespace
}  // namespace gyre
