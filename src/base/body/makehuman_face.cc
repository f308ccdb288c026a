// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman_face.h"

#include <string>

#include "body/face_points.h"
#include "body/skin_weights.h"
#include "core/error.h"

namespace gyre {
namespace {

constexpr int kSmoothing =
    4;  // rounds over the skin: units have folds, which turned round are cracks

struct UnitShare {
  const char* unit;  // "*" stands for left and right
  double share;
};
struct ExpressionRule {
  std::vector<UnitShare> shares;
  bool skew = false;  // the right side does the opposite of the left
};

// In the order of kMakeHumanExpressions.
const std::vector<ExpressionRule>& ExpressionRules() {
  static const std::vector<ExpressionRule> kRules = {
      {{{"mouth-open", 0.08}, {"mouth-pursing", 0.10}, {"mouth-protusion", 0.04}}},
      {{{"mouth-corner-puller", 0.24}, {"mouth-depression", -0.42}}},
      {{{"eyebrows-*-up", 0.60},
        {"eyebrows-*-extern-up", 0.60},
        {"eyebrows-*-inner-up", 0.30},
        {"eyebrows-*-down", -0.20}}},
      {{{"eye-*-closure", 0.18}, {"eye-*-slit", 0.13}, {"eye-*-opened-up", -0.32}}},
      {{{"mouth-pursing", 0.22}, {"mouth-retraction", -0.28}}},
      {{{"eyebrows-*-down", 0.65}, {"eyebrows-*-inner-up", -0.75}}},
      {{{"nose-*-elevation", 0.45}, {"nose-depression", -0.35}, {"mouth-elevation", 0.12}}},
      {{{"mouth-eversion", 0.40}, {"mouth-parling", 0.30}}},
      {{{"mouth-corner-puller", 0.25}, {"mouth-depression", -0.30}}, true},
      {{{"eyebrows-*-up", 0.60}, {"eyebrows-*-extern-up", 0.60}, {"eyebrows-*-down", -0.35}}, true},
  };
  return kRules;
}

// Offsets of the body's vertices, smoothed.
RowMatX Smoothed(const MakeHumanData& data, const Points3& base_offsets) {
  return DiffuseOverSkin(data.BodyOf(base_offsets), data.faces(), kSmoothing);
}

// One unit, or both of a pair; those of the right turned round for a skew expression.
Points3 UnitOffsets(const MakeHumanData& data, const UnitShare& share, bool skew) {
  constexpr double kMidline = 0.02;  // metres from the middle where a side's movement is its own
  Points3 offsets = Points3::Zero(data.base().rows(), 3);
  const std::string name = share.unit;
  const size_t star = name.find('*');
  if (star != std::string::npos) {
    const std::string before = name.substr(0, star), after = name.substr(star + 1);
    data.AddUnit(before + "left" + after, share.share, &offsets);
    data.AddUnit(before + "right" + after, skew ? -share.share : share.share, &offsets);
    return offsets;
  }
  data.AddUnit(name, share.share, &offsets);
  if (!skew) return offsets;
  const VecX side = (data.base().col(0) / kMidline).cwiseMax(-1).cwiseMin(1);
  return side.asDiagonal() * offsets;
}

// Chosen for gyre by looking at the base mesh.
constexpr FacePlaces kPlaces = {
    .brow = {{{-55, 745}, {-46, 751}, {-36, 753.5}, {-25, 752}, {-13, 748}}},
    .nose = {{{0, 731}, {0, 718}, {0, 706}, {0, 693.5}, {-14, 687.5}, {-6.5, 687}, {0, 681.5}}},
    .eye = {{{-44.4, 729},
             {-38.5, 732.9},
             {-27, 732.9},
             {-15.8, 726.8},
             {-26, 723.8},
             {-38.5, 724.2}}},
    .upper_lip = {{{-26.5, 661}, {-17, 667.5}, {-8, 669.3}, {0, 667.4}}},
    .lower_lip = {{{0, 649.2}, {-8.5, 650}, {-17.5, 653.7}}},
    .inner_upper_lip = {{{-24.3, 661.1}, {-9, 661.9}, {0, 661.4}}},
    .inner_lower_lip = {{{0, 660.2}, {-9, 660.3}}}};

}  // namespace

RowMatX ExpressionShapes(const MakeHumanData& data) {
  const std::vector<ExpressionRule>& rules = ExpressionRules();
  GYRE_CHECK(rules.size() == kMakeHumanExpressions.size());
  RowMatX shapes(3 * std::ssize(data.body()), std::ssize(rules));
  for (size_t e = 0; e < rules.size(); ++e) {
    Points3 offsets = Points3::Zero(data.base().rows(), 3);
    for (const UnitShare& share : rules[e].shares) {
      offsets += UnitOffsets(data, share, rules[e].skew);
    }
    const RowMatX smoothed = Smoothed(data, offsets);
    shapes.col(static_cast<Eigen::Index>(e)) =
        Eigen::Map<const VecX>(smoothed.data(), smoothed.size());
  }
  return shapes;
}

Points3 LipsAtRest(const MakeHumanData& data) {
  constexpr double kParted = 0.4;
  Points3 offsets = Points3::Zero(data.base().rows(), 3);
  data.AddUnit("mouth-parling", kParted, &offsets);
  return Smoothed(data, offsets);
}

std::vector<SurfacePoint> FacePoints(const MakeHumanData& data) {
  const FaceSkin skin{data.faces(), data.weights(), *data.rig().layout};
  const std::vector<SurfacePoint> points = FacePointsAt(skin, data.BodyOf(data.base()), kPlaces);
  if (points.size() < kNumFaceLandmarks) {
    const FacePlace missing = AllFacePlaces(kPlaces)[points.size()];
    ThrowUserError(
        "3dobjs/base.obj has no face at ({:.4f}, {:.4f}) m; MakeHuman's own base mesh was "
        "expected.",
        missing.x / 1000, missing.y / 1000);
  }
  return points;
}

}  // namespace gyre
