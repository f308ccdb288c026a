// SPDX-License-Identifier: Apache-2.0
#include "render/srgb.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace gyre {
namespace {

double Decode(double value) {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

double Encode(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

std::array<float, 256> MakeDecodeTable() {
  std::array<float, 256> table;
  for (int i = 0; i < 256; ++i) table[i] = static_cast<float>(Decode(i / 255.0));
  return table;
}

// Fine enough that the darkest levels, 1 / 3295 apart, survive a round trip.
constexpr int kEncodeSteps = 1 << 14;

std::vector<uint8_t> MakeEncodeTable() {
  std::vector<uint8_t> table(kEncodeSteps + 1);
  for (int i = 0; i <= kEncodeSteps; ++i) {
    table[i] = static_cast<uint8_t>(std::lround(255 * Encode(double(i) / kEncodeSteps)));
  }
  return table;
}

}  // namespace

float LinearFromSrgb8(uint8_t value) {
  static const std::array<float, 256> table = MakeDecodeTable();
  return table[value];
}

uint8_t Srgb8FromLinear(float linear) {
  static const std::vector<uint8_t> table = MakeEncodeTable();
  if (!(linear > 0)) return 0;  // and for NaN
  return table[static_cast<int>(std::min(linear, 1.0f) * kEncodeSteps + 0.5f)];
}

Vec3 LinearFromSrgb(const Vec3& rgb) { return rgb.cwiseMax(0).cwiseMin(1).unaryExpr(&Decode); }

}  // namespace gyre
