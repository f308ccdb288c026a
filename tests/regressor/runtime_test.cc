// SPDX-License-Identifier: Apache-2.0
#include "regressor/runtime.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <strings.h>

#include <cstdlib>

#include "io/io_test_util.h"
#include "regressor/preprocess.h"
#include "regressor/regressor_test_util.h"

// Weak as in runtime.cc: another BLAS may be underneath.
extern "C" __attribute__((weak)) char* openblas_get_corename();

namespace gyre {
namespace {

using ::testing::HasSubstr;

TEST(Runtime, MatrixProductsUseTheProcessor) {
  InitRuntime(1);
  const at::Tensor a = at::randn({70, 131}), b = at::randn({131, 53});
  const at::Tensor exact = at::matmul(a.to(at::kDouble), b.to(at::kDouble));
  EXPECT_LT((at::matmul(a, b).to(at::kDouble) - exact).abs().max().item<double>(), 1e-4);
#ifdef __x86_64__
  const char* wish = std::getenv("OPENBLAS_CORETYPE");
  const bool oldest = wish && strcasecmp(wish, "prescott") == 0;
  if (openblas_get_corename && __builtin_cpu_supports("avx2") && !oldest) {
    EXPECT_STRNE(openblas_get_corename(), "Prescott");
  }
#endif
}

TEST(Runtime, DevicesAreNamed) {
  EXPECT_TRUE(DeviceFromName("cpu").is_cpu());
  EXPECT_THAT(UserErrorOf([] { DeviceFromName("tpu"); }), HasSubstr("\"tpu\""));
  EXPECT_THAT(UserErrorOf([] { DeviceFromName("cuda:99"); }), HasSubstr("\"cuda:99\""));
}

TEST(Runtime, RandomStateIsRestored) {
  SeedTorch(1);
  const at::Tensor state = GetTorchRandomState(at::kCPU);
  const at::Tensor first = at::randn({7});
  EXPECT_FALSE(at::randn({7}).equal(first));
  SetTorchRandomState(at::kCPU, state, "test");
  EXPECT_TRUE(at::randn({7}).equal(first));
  EXPECT_THAT(UserErrorOf([] { SetTorchRandomState(at::kCPU, at::zeros({3}), "f.pt"); }),
              HasSubstr("f.pt"));
}

TEST(Preprocess, CropsBecomeNormalisedRgbInChannelsLast) {
  // Two crops of 2 px; pixel (y, x) = (1, 0) of the second is blue 0, green 255, red 51.
  std::vector<uint8_t> bgr(2 * 2 * 2 * 3, 0);
  const size_t offset = 3 * (4 + 2);
  bgr[offset + 1] = 255;
  bgr[offset + 2] = 51;
  const at::Tensor x = NormalizeCrops(bgr, 2, 2, at::kCPU);
  ASSERT_EQ(x.sizes(), (at::IntArrayRef{2, 3, 2, 2}));
  EXPECT_TRUE(x.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_NEAR(Value(x[1][0][1][0]), (0.2 - 0.485) / 0.229, 1e-6);
  EXPECT_NEAR(Value(x[1][1][1][0]), (1.0 - 0.456) / 0.224, 1e-6);
  EXPECT_NEAR(Value(x[1][2][1][0]), (0.0 - 0.406) / 0.225, 1e-6);
  EXPECT_NEAR(Value(x[0][0][1][0]), (0.0 - 0.485) / 0.229, 1e-6);
}

}  // namespace
}  // namespace gyre
