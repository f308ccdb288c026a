// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_whole_skin.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/builtin_hand.h"
#include "body/builtin_head.h"

namespace gyre {
namespace {

double SkinDistance(const Vec3& p) {
  return SkinDistanceWith(p, BuiltinFacedHead(), BuiltinFingeredHand());
}

double Smooth(double x) {
  const double t = std::clamp(x, 0.0, 1.0);
  return t * t * (3 - 2 * t);
}
// 0 below zero, slope 1 above `width`, a parabola between.
double Ramp(double x, double width) {
  if (x <= 0) return 0;
  return x < width ? x * x / (2 * width) : x - width / 2;
}

// Magnification of the grid around hands, head and feet, as in builtin_skin.cc; the hand's is such
// that two cells and more lie between fingers.
Vec3 SpaceFromGrid(const Vec3& g) {
  constexpr double kHandX = 0.640, kHandLong = 3.0, kHandHigh = 4.0, kHandWide = 7.6;
  constexpr double kHeadY = 1.470, kHead = 2.2;
  constexpr double kFootY = 0.080, kFoot = 1.5;
  static const Vec3 wrist = BuiltinSkeleton()[20];
  Vec3 p = g;
  const double hand = g.x() - kHandX;
  if (hand > 0) {
    const double blend = Smooth(hand / 0.16);
    p.x() = kHandX + hand - (1 - 1 / kHandLong) * Ramp(hand, 0.10);
    p.y() = wrist.y() + (g.y() - wrist.y()) / (1 + (kHandHigh - 1) * blend);
    p.z() = wrist.z() + (g.z() - wrist.z()) / (1 + (kHandWide - 1) * blend);
    return p;
  }
  const double head = g.y() - kHeadY;
  if (head > 0 && g.x() < 0.4) {
    const double scale = 1 + (kHead - 1) * Smooth(head / 0.12);
    p.y() = kHeadY + head - (1 - 1 / kHead) * Ramp(head, 0.06);
    p.x() = g.x() / scale;
    p.z() = g.z() / scale;
    return p;
  }
  const double foot = kFootY - g.y();
  if (foot > 0) {
    const double scale = 1 + (kFoot - 1) * Smooth(foot / 0.05);
    p.y() = kFootY - foot + (1 - 1 / kFoot) * Ramp(foot, 0.03);
    p.x() = 0.12 + (g.x() - 0.12) / scale;
    p.z() = g.z() / scale;
  }
  return p;
}

// What is known of the half mesh's vertices.
struct HalfSkin {
  HalfMesh mesh;
  Slit lips, lids;
  std::vector<Vec3> closing;  // of lids
  int pupil = -1, first_eyeball = 0;
};

// Pockets have short rows next to the rims, which keep their normals.
void CutMouth(HalfSkin* half) {
  constexpr double kDepth = 0.026, kHalfHeight = 0.004, kNarrower = 0.2;
  half->lips = CutAlong(SkinDistance, LipLine(), &half->mesh);
  half->lips.shares = {0.008, 0.2, 0.4, 0.6, 0.8, 0.992};
  const auto place = [&](size_t n, double share) {
    const std::vector<Vec3>& vertices = half->mesh.vertices;
    const Vec3 rim = vertices[half->lips.upper[n]];
    const double turn = std::numbers::pi * share, deep = std::sin(turn);
    const double to_corner = rim.x() / LipLine().high;
    const double wide = 1 - to_corner * to_corner;
    // Smoother than the lips.
    const double front = wide * vertices[half->lips.upper.front()].z() +
                         (1 - wide) * vertices[half->lips.upper.back()].z();
    return Vec3(rim.x() * (1 - kNarrower * deep), rim.y() + kHalfHeight * wide * std::sin(2 * turn),
                (1 - deep) * rim.z() + deep * front - kDepth * wide * deep);
  };
  AddPocket(place, &half->lips, &half->mesh);
}

// About the eye's axis along x: 0 in front, a quarter turn above.
double AngleAboutEye(const Vec3& p) {
  return std::atan2(p.y() - kEyeCenter.y(), p.z() - kEyeCenter.z());
}
Vec3 TurnedAboutEye(const Vec3& p, double angle) {
  const Vec3 d = p - kEyeCenter;
  const double c = std::cos(angle), s = std::sin(angle);
  return kEyeCenter + Vec3(d.x(), c * d.y() + s * d.z(), c * d.z() - s * d.y());
}

// By what angle a point of a lid moves when the closed lids open, `rise` above the line where they
// meet.
double LidTurn(const Vec3& p, bool upper, bool rim) {
  constexpr double kDegree = std::numbers::pi / 180;
  constexpr double kUpper = 35 * kDegree, kLower = -5 * kDegree;  // of the rims' middle
  constexpr double kUpperFold = 66 * kDegree, kLowerFold = -65 * kDegree;
  const double half_width = 0.5 * (LidLine().high - LidLine().low);
  const double t = (p.x() - 0.5 * (LidLine().high + LidLine().low)) / half_width;
  if (std::abs(t) >= 1) return 0;
  const double across = p.x() - kEyeCenter.x();
  const double radius =
      std::sqrt(std::max(kLidRadius * kLidRadius - across * across, 0.004 * 0.004));
  const double line =
      std::asin(std::clamp((LidLine().y(p.x()) - kEyeCenter.y()) / radius, -1.0, 1.0));
  const double fold = upper ? kUpperFold : kLowerFold;
  const double from_rim = rim ? 0 : (AngleAboutEye(p) - line) / (fold - line);
  const double off = (p - kEyeCenter).norm() - kLidRadius;
  return (upper ? kUpper : kLower) * (1 - t * t) * (1 - Smooth(from_rim)) *
         (1 - Smooth((off - 0.002) / 0.006));
}

// Where the pocket behind the lids lies: around the eyeball, by half circles from rim to rim.
Vec3 EyePocketPlace(const Vec3& upper, const Vec3& lower, double share) {
  constexpr double kRadius = kEyeRadius + 0.0006, kLeast = 0.0015;
  const double from = AngleAboutEye(upper);
  const double to = AngleAboutEye(lower) + 2 * std::numbers::pi;
  const double angle = from + share * (to - from);
  const double across = upper.x() - kEyeCenter.x();
  const double radius = std::sqrt(std::max(kRadius * kRadius - across * across, kLeast * kLeast));
  return kEyeCenter + Vec3(across, radius * std::sin(angle), radius * std::cos(angle));
}

// Which lid the skin belongs to: 1 or -1 above or below the line, 2 or -2 on a rim, 0 in the
// pocket.
std::vector<int> LidSides(const HalfMesh& mesh, const Slit& lids) {
  std::vector<int> sides;
  for (const Vec3& p : mesh.vertices) sides.push_back(LidLine().Above(p) > 0 ? 1 : -1);
  for (const std::vector<int>& row : lids.pocket) {
    for (const int v : row) sides[v] = 0;
  }
  for (const int v : lids.upper) sides[v] = 2;
  for (const int v : lids.lower) sides[v] = -2;
  return sides;
}

void CutEye(HalfSkin* half) {
  HalfMesh& mesh = half->mesh;
  Slit& lids = half->lids;
  lids = CutAlong(SkinDistance, LidLine(), &mesh);
  lids.shares = {0.006, 0.13, 0.25, 0.38, 0.5, 0.62, 0.75, 0.87, 0.994};
  const auto place = [&](size_t n, double share) {
    return EyePocketPlace(mesh.vertices[lids.upper[n]], mesh.vertices[lids.lower[n]], share);
  };
  AddPocket(place, &lids, &mesh);

  const std::vector<Vec3> closed = mesh.vertices;
  const std::vector<int> sides = LidSides(mesh, lids);
  for (size_t v = 0; v < closed.size(); ++v) {
    if (sides[v] == 0 || closed[v].z() < LidLine().back) continue;
    const double turn = LidTurn(closed[v], sides[v] > 0, std::abs(sides[v]) == 2);
    mesh.vertices[v] = TurnedAboutEye(closed[v], turn);
  }
  for (size_t n = 0; n < lids.upper.size(); ++n) {
    if (lids.upper[n] == lids.lower[n]) continue;
    for (size_t row = 0; row < lids.shares.size(); ++row) {
      mesh.vertices[lids.pocket[row][n]] = place(n, lids.shares[row]);
    }
  }
  for (size_t v = 0; v < closed.size(); ++v) half->closing.push_back(closed[v] - mesh.vertices[v]);
}

// A ball of rings around the line of sight, flat where the iris is.
void AddEyeball(HalfSkin* half) {
  constexpr int kAround = 16;
  constexpr double kIris = 0.48;  // radians from the line of sight
  constexpr double kRings[] = {0.24, kIris, 0.58, 0.85, 1.15, 1.5, 1.9, 2.3, 2.75};
  HalfMesh& mesh = half->mesh;
  const auto add = [&](double angle, double turn) {
    const double z = std::cos(std::max(angle, kIris));
    const double across = angle < kIris ? std::sin(kIris) * angle / kIris : std::sin(angle);
    mesh.vertices.push_back(kEyeCenter +
                            kEyeRadius * Vec3(across * std::cos(turn), across * std::sin(turn), z));
    return static_cast<int>(mesh.vertices.size()) - 1;
  };
  half->first_eyeball = static_cast<int>(mesh.vertices.size());
  half->pupil = add(0, 0);
  std::vector<int> before(kAround, half->pupil);
  const auto connect = [&](const std::vector<int>& ring) {
    for (int i = 0; i < kAround; ++i) {
      const int j = (i + 1) % kAround;
      if (ring[i] != ring[j]) mesh.faces.push_back({before[i], ring[i], ring[j]});
      if (before[i] != before[j]) mesh.faces.push_back({before[i], ring[j], before[j]});
    }
    before = ring;
  };
  for (const double angle : kRings) {
    std::vector<int> ring;
    for (int i = 0; i < kAround; ++i) {
      ring.push_back(add(angle, 2 * std::numbers::pi * i / kAround));
    }
    connect(ring);
  }
  connect(std::vector<int>(kAround, add(std::numbers::pi, 0)));
}

HalfSkin MakeHalf() {
  const NetGrid grid{.low = {0, -0.08, -1.10},
                     .high = {1.50, 2.10, 1.10},
                     .cell = 0.0225,
                     .space_from_grid = SpaceFromGrid};
  HalfSkin half;
  half.mesh = HalfOf(PolygoniseSymmetric(SkinDistance, grid, 8));
  RefineOnSurface(SkinDistance, HeadEdgeLength, &half.mesh);
  CutMouth(&half);
  CutEye(&half);
  AddEyeball(&half);
  half.closing.resize(half.mesh.vertices.size(), Vec3::Zero());
  return half;
}

// What is known of a pocket, on the left.
void NotePocket(const Slit& slit, SkinKind kind, WholeSkin* skin) {
  for (size_t n = 0; n < slit.upper.size(); ++n) {
    if (slit.upper[n] == slit.lower[n]) continue;  // a corner
    for (size_t row = 0; row < slit.shares.size(); ++row) {
      const int v = slit.pocket[row][n];
      skin->kinds[v] = kind;
      skin->pockets.push_back({v, slit.upper[n], slit.lower[n], slit.shares[row]});
      if (kind == SkinKind::kMouthPocket) skin->lip_side[v] = 1 - 2 * slit.shares[row];
    }
  }
}

// The same on the right as on the left.
void MirrorNotes(int num_left, WholeSkin* skin) {
  const std::vector<int>& mirror_of = skin->mesh.mirror_of;
  for (int v = 0; v < num_left; ++v) {
    const int other = mirror_of[v];
    if (other == v) continue;
    skin->kinds[other] = skin->kinds[v];
    skin->lip_side[other] = skin->lip_side[v];
    skin->lid_closing.row(other) = skin->lid_closing.row(v);
    skin->lid_closing(other, 0) = -skin->lid_closing(v, 0);
  }
  const std::vector<Hanging> left = skin->pockets;
  for (const Hanging& of : left) {
    if (mirror_of[of.vertex] == of.vertex) continue;
    skin->pockets.push_back(
        {mirror_of[of.vertex], mirror_of[of.upper], mirror_of[of.lower], of.share});
  }
}

}  // namespace

WholeSkin MakeWholeSkin() {
  const HalfSkin half = MakeHalf();
  const int num_left = static_cast<int>(half.mesh.vertices.size());
  WholeSkin skin;
  skin.mesh = Mirrored(half.mesh);
  const auto total = skin.mesh.vertices.rows();
  skin.kinds.assign(total, SkinKind::kSkin);
  skin.lip_side.resize(total);
  skin.lid_closing.resize(total, 3);
  for (int v = 0; v < num_left; ++v) {
    const Vec3& p = half.mesh.vertices[v];
    skin.lip_side[v] = LipLine().Above(p) > 0 ? 1 : -1;
    skin.lid_closing.row(v) = half.closing[v];
    if (v >= half.first_eyeball) skin.kinds[v] = SkinKind::kEyeball;
  }
  NotePocket(half.lips, SkinKind::kMouthPocket, &skin);
  NotePocket(half.lids, SkinKind::kEyePocket, &skin);
  for (const int v : half.lips.upper) skin.lip_side[v] = 1;
  for (const int v : half.lips.lower) skin.lip_side[v] = -1;
  skin.lip_side[half.lips.upper.back()] = 0;
  skin.left_upper_lid = half.lids.upper;
  skin.left_lower_lid = half.lids.lower;
  skin.left_upper_lip = half.lips.upper;
  skin.left_lower_lip = half.lips.lower;
  skin.left_pupil = half.pupil;
  MirrorNotes(num_left, &skin);
  return skin;
}

}  // namespace gyre
