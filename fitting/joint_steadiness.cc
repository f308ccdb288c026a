// SPDX-License-Identifier: Apache-2.0
#include "fitting/joint_steadiness.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

namespace gyre {
namespace {

constexpr double kUsual = 10;  // m/s^2 along an axis
// To this power: joints of a limb speed up together, and with more of it than a half frames whose
// sides are exchanged throw the legs.
constexpr double kPower = 0.4;

struct Kind {
  std::string_view name;  // of which the joint's is part
  double acceleration;    // m/s^2 along an axis, root mean square
};

// The first that fits; between those of CMU's clips of walking, and of running and games.
constexpr Kind kKinds[] = {
    {"Pelvis", 3}, {"Hip", 3.5},      {"Spine1", 3.5}, {"Spine2", 4}, {"Spine3", 4.5},
    {"Neck", 5},   {"Collar", 5},     {"Head", 5.5},   {"Eye", 6.5},  {"Ear", 6.5},
    {"Nose", 6.5}, {"Shoulder", 5.5}, {"Elbow", 7},    {"Wrist", 10}, {"Hand", 12},
    {"Knee", 9},   {"Ankle", 15},     {"Foot", 18},    {"Toe", 18},   {"Heel", 18},
};

}  // namespace

VecX JointSteadiness(const KeypointSet& set) {
  VecX steadiness = VecX::Ones(set.size());
  for (int j = 0; j < set.size(); ++j) {
    const auto kind = std::ranges::find_if(kKinds, [&](const Kind& kind) {
      return set.joints[j].find(kind.name) != std::string_view::npos;
    });
    if (kind != std::end(kKinds)) steadiness[j] = std::pow(kUsual / kind->acceleration, kPower);
  }
  return steadiness;
}

}  // namespace gyre
