// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "datasets/scenes/scene_picture.h"

namespace gyre {

namespace {

// What of the body hangs on a bone.
enum class Limb { kTrunk, kThigh, kShin, kFoot, kUpperArm, kForearm, kHand, kHead };

// By the joint's name in a BodyLayout, whatever its side.
Limb LimbOf(std::string_view joint) {
  if (joint.starts_with("L_") || joint.starts_with("R_")) joint.remove_prefix(2);
  if (joint == "Hip") return Limb::kThigh;
  if (joint == "Knee") return Limb::kShin;
  if (joint == "Ankle" || joint == "Foot") return Limb::kFoot;
  if (joint == "Shoulder") return Limb::kUpperArm;
  if (joint == "Elbow") return Limb::kForearm;
  if (joint == "Head" || joint == "Jaw" || joint == "Eye") return Limb::kHead;
  for (const char* hand : {"Wrist", "Hand", "Thumb", "Index", "Middle", "Ring", "Pinky"}) {
    if (joint.starts_with(hand)) return Limb::kHand;
  }
  return Limb::kTrunk;
}

// The joints of the rest pose by name.
class NamedJoints {
 public:
  explicit NamedJoints(const BodyModel& body)
      : layout_(*body.layout), positions_(body.J_regressor * body.v_template) {}

  Vec3 At(int joint) const { return positions_.row(joint).transpose(); }
  // Where a joint is; `otherwise` on a body that has none of that name.
  Vec3 At(const std::string& name, const Vec3& otherwise) const {
    const int joint = layout_.IndexOf(name);
    return joint < 0 ? otherwise : At(joint);
  }

 private:
  const BodyLayout& layout_;
  const Points3 positions_;
};

int HeaviestBone(const BodyModel& body, int vertex) {
  int bone = 0;
  double best = -1;
  for (SparseRows::InnerIterator it(body.weights, vertex); it; ++it) {
    if (it.value() > best) {
      best = it.value();
      bone = static_cast<int>(it.col());
    }
  }
  return bone;
}

constexpr int kRightEyeLandmark = 1, kLeftEyeLandmark = 2;
constexpr double kEyeRadius = 0.011;  // metres

double AlongBone(const Vec3& point, const Vec3& from, const Vec3& to) {
  const Vec3 bone = to - from;
  return std::clamp((point - from).dot(bone) / std::max(1e-9, bone.squaredNorm()), 0.0, 1.0);
}

Vec3 FromHsv(double hue, double saturation, double value) {
  const auto channel = [&](double shift) {
    const double k = std::fmod(shift + 6 * hue, 6);
    return value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0));
  };
  return {channel(5), channel(3), channel(1)};
}

Vec3 DrawSkin(Rng& rng) {
  const Vec3 light(0.95, 0.79, 0.69), dark(0.33, 0.20, 0.14);
  const double tone = rng.Uniform();
  const Vec3 skin = (1 - tone) * light + tone * dark;
  return (skin.array() * (1 + 0.05 * rng.Normal())).cwiseMax(0).cwiseMin(1).matrix();
}

Vec3 DrawHair(Rng& rng) {
  static const std::array<Vec3, 6> kHair = {Vec3(0.07, 0.06, 0.05), Vec3(0.22, 0.14, 0.08),
                                            Vec3(0.40, 0.26, 0.14), Vec3(0.75, 0.60, 0.36),
                                            Vec3(0.52, 0.24, 0.12), Vec3(0.62, 0.61, 0.60)};
  return rng.Uniform(0.8, 1.2) * kHair[rng.Below(kHair.size())];
}

// One garment's two colours and how they alternate. Patterns are the same on the left as on the
// right.
struct Cloth {
  Vec3 first, second;
  double frequency = 0;
  int pattern = 0;  // 0 plain, 1 stripes across, 2 stripes along, 3 checks

  static Cloth Draw(Rng& rng) {
    Cloth cloth;
    cloth.first = FromHsv(rng.Uniform(), rng.Uniform(0, 0.9), rng.Uniform(0.08, 1));
    cloth.second = FromHsv(rng.Uniform(), rng.Uniform(0, 0.9), rng.Uniform(0.08, 1));
    cloth.frequency = rng.Uniform(30, 90);
    cloth.pattern = std::max(0, static_cast<int>(rng.Below(6)) - 2);
    return cloth;
  }

  Vec3 At(const Vec3& p) const {
    const double across = std::sin(frequency * p.y()), along = std::cos(frequency * p.x());
    const bool other = (pattern == 1 && across > 0) || (pattern == 2 && along > 0) ||
                       (pattern == 3 && across * along > 0);
    return other ? second : first;
  }
};

}  // namespace

BodyRegions::BodyRegions(const BodyModel& body) : template_(body.v_template) {
  const NamedJoints joints(body);
  const double sole = template_.col(1).minCoeff(), top = template_.col(1).maxCoeff();
  const Vec3 crown(0, top, 0), pelvis = joints.At(0);
  const Vec3 neck = joints.At("Neck", crown), head = joints.At("Head", neck);
  const Vec3 shoulders =
      joints.At("L_Shoulder", head) + joints.At("R_Shoulder", joints.At("L_Shoulder", head));
  const Vec3 head_middle(0.5 * shoulders.x(), 0.5 * (head.y() + top), head.z());
  places_.resize(body.num_vertices());
  is_eye_.assign(body.num_vertices(), 0);
  for (int v = 0; v < body.num_vertices(); ++v) {
    const Vec3 p = template_.row(v).transpose();
    const int bone = HeaviestBone(body, v);
    const std::string& name = body.layout->joints[bone];
    const std::string side = p.x() > 0 ? "L_" : "R_";  // of the body
    Place& place = places_[v];
    const auto put = [&](Part part, double along) { place = {part, along, 0}; };
    const auto along = [&](const std::string& end) {
      return AlongBone(p, joints.At(bone), joints.At(end, joints.At(bone)));
    };
    switch (LimbOf(name)) {
      case Limb::kThigh:
        put(Part::kLeg, along(side + "Knee"));
        break;
      case Limb::kShin:
        put(Part::kLeg, 1 + along(side + "Ankle"));
        break;
      case Limb::kFoot: {
        const double ankle = joints.At(side + "Ankle", joints.At(bone)).y();
        put(Part::kFoot, (ankle - p.y()) / std::max(1e-6, ankle - sole));
        break;
      }
      case Limb::kUpperArm:
        put(Part::kArm, along(name.substr(0, 2) + "Elbow"));
        break;
      case Limb::kForearm:
        put(Part::kArm, 1 + along(name.substr(0, 2) + "Wrist"));
        break;
      case Limb::kHand:
        put(Part::kHand, 0);
        break;
      case Limb::kHead:
        put(Part::kHead, (p.y() - neck.y()) / (top - neck.y()));
        place.facing = (p - head_middle).normalized().z();
        break;
      case Limb::kTrunk:
        put(Part::kTorso, (p.y() - pelvis.y()) / (neck.y() - pelvis.y()));
        break;
    }
    for (const int landmark : {kRightEyeLandmark, kLeftEyeLandmark}) {
      const int eye = body.landmark_vertices[landmark];
      if (eye < 0) continue;
      if ((p.transpose() - template_.row(eye)).norm() < kEyeRadius) is_eye_[v] = 1;
    }
  }
}

Points3 BodyRegions::DrawColors(Rng& rng) const {
  const Vec3 skin = DrawSkin(rng), hair = DrawHair(rng);
  const Cloth shirt = Cloth::Draw(rng), trousers = Cloth::Draw(rng), shoes = Cloth::Draw(rng);
  const double waist = rng.Uniform(-0.05, 0.25), neckline = rng.Uniform(0.82, 1.02);
  static constexpr std::array kSleeves = {0.1, 0.45, 0.75, 1.3, 1.97};
  static constexpr std::array kLegs = {0.3, 0.7, 1.1, 1.95, 1.95, 1.95};
  const double sleeve = kSleeves[rng.Below(kSleeves.size())] + rng.Uniform(-0.1, 0.05);
  const double leg = kLegs[rng.Below(kLegs.size())] + rng.Uniform(-0.15, 0.05);
  const bool one_piece = rng.Bernoulli(0.1), barefoot = rng.Bernoulli(0.15);
  const bool topless = rng.Bernoulli(0.06);
  const double shoe_height = rng.Uniform(-1.0, 0.35), hairline = rng.Uniform(0.5, 0.68);
  const bool bald = rng.Bernoulli(0.08);
  const Vec3 fold(rng.Uniform(20, 45), rng.Uniform(20, 45), rng.Uniform(20, 45));
  const Cloth& lower = one_piece ? shirt : trousers;

  const auto color_of = [&](const Place& place, const Vec3& p) -> Vec3 {
    switch (place.part) {
      case Part::kTorso:
        if (place.along < waist) return lower.At(p);
        return topless || place.along > neckline ? skin : shirt.At(p);
      case Part::kArm:
        return !topless && place.along < sleeve ? shirt.At(p) : skin;
      case Part::kLeg:
        return place.along < leg ? lower.At(p) : skin;
      case Part::kFoot:
        if (!barefoot && place.along > shoe_height) return shoes.first;
        return leg > 1.9 && place.along < 0 ? lower.At(p) : skin;
      case Part::kHead:
        return !bald && place.along - 0.35 * place.facing > hairline ? hair : skin;
      case Part::kHand:
        break;
    }
    return skin;
  };
  Points3 colors(template_.rows(), 3);
  for (int v = 0; v < colors.rows(); ++v) {
    const Vec3 p = template_.row(v).transpose();
    const double shade = 1 + 0.06 * std::cos(fold.x() * p.x()) * std::sin(fold.y() * p.y()) +
                         0.04 * std::sin(fold.z() * (p.y() + p.z()));
    Vec3 color = shade * color_of(places_[v], p);
    if (is_eye_[v] != 0) color = Vec3(0.08, 0.06, 0.05);
    colors.row(v) = color.cwiseMax(0).cwiseMin(1).transpose();
  }
  return colors;
}

}  // namespace gyre
