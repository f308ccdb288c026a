// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_face.h"

#include <algorithm>
#include <cmath>

#include "body/builtin_head.h"
#include "body/makehuman_face.h"

namespace gyre {
namespace {

constexpr double kMillimetre = 1e-3;

double Rise(double x, double low, double high) {
  const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// A bump of height 1 seen from the front, millimetres. It ends where it is a hundredth.
struct Bump {
  double x, y, wide, high;

  double At(double at_x, double at_y) const {
    const double dx = (at_x - x) / wide, dy = (at_y - y) / high;
    return std::max(std::exp(-dx * dx - dy * dy) - 0.01, 0.0) / 0.99;
  }
  // Of a pair, on the left and on the right.
  double Even(const Vec3& mm) const { return At(mm.x(), mm.y()) + At(-mm.x(), mm.y()); }
  double Odd(const Vec3& mm) const { return At(mm.x(), mm.y()) - At(-mm.x(), mm.y()); }
};

// A place of the face in millimetres, mirrored to the left, and which lip it belongs to.
struct FacePoint {
  Vec3 mm;
  double lip_side;
  double above_lips;  // millimetres
};

// What an expression does to the left side, millimetres at 1.
using Field = Vec3 (*)(const FacePoint&);

constexpr Bump kCorner{24.5, 1522, 17, 17};
constexpr Bump kBothLips{0, 1522, 21, 12};

// One millimetre between the lips in the middle, none at the corners.
Vec3 Parting(const FacePoint& p) {
  constexpr double kUpperShare = 0.35, kUpperReach = 15, kLowerReach = 34;
  const double corner = LipLine().high / kMillimetre;
  const double share = std::min(p.mm.x() / corner, 1.0);
  const double gap = std::pow(1 - share * share, 1.3);
  const double up = kUpperShare * (1 - Rise(p.above_lips, 0, kUpperReach));
  const double down = (1 - kUpperShare) * (1 - Rise(-p.above_lips, 0, kLowerReach));
  const double upper = 0.5 * (1 + p.lip_side);
  return Vec3(0, gap * (upper * up - (1 - upper) * down), 0);
}

constexpr double kRestGap = 3.0, kGapAtOne = 1.5;  // millimetres

Vec3 MouthOpen(const FacePoint& p) { return kGapAtOne * Parting(p); }

Vec3 Corners(const FacePoint& p) {
  return Vec3(1.6 * kCorner.Odd(p.mm), 3.8 * kCorner.Even(p.mm), -1.0 * kCorner.Even(p.mm));
}
Vec3 Smile(const FacePoint& p) {
  constexpr Bump kCheek{38, 1553, 17, 17};
  return Corners(p) + kCheek.Even(p.mm) * Vec3(0, 1.0, 0.7);
}

// Brows with the forehead above them, hardly the lids below.
double Brows(const FacePoint& p) {
  const double high = p.mm.y() < 1608 ? 8 : 20;
  return Bump{33, 1608, 24, high}.Even(p.mm);
}
Vec3 BrowsUp(const FacePoint& p) { return Vec3(0, 3.0 * Brows(p), 0); }

Vec3 Pucker(const FacePoint& p) {
  constexpr Bump kEnds{22, 1522, 15, 13};
  return Vec3(-2.6 * kEnds.Odd(p.mm), 0, 1.8 * kBothLips.At(p.mm.x(), p.mm.y()));
}

Vec3 BrowFurrow(const FacePoint& p) {
  constexpr Bump kInner{15, 1607, 13, 9};
  return Vec3(-1.2 * kInner.Odd(p.mm), -2.0 * kInner.Even(p.mm), 0.5 * kInner.Even(p.mm));
}

Vec3 Sneer(const FacePoint& p) {
  constexpr Bump kWing{13, 1552, 10, 10}, kUpperLip{12, 1533, 12, 7};
  return Vec3(0, 1.6 * kWing.Even(p.mm) + 0.9 * kUpperLip.Even(p.mm), 0.4 * kWing.Even(p.mm));
}

// Lips turn outwards: forward, and away from where they meet.
Vec3 LipsOut(const FacePoint& p) {
  constexpr Bump kRed{0, 1521, 20, 9};
  const double red = kRed.At(p.mm.x(), p.mm.y());
  return red * Vec3(0, 0.12 * p.above_lips, 1.3);
}

Vec3 MouthSkew(const FacePoint& p) { return 0.9 * Corners(p); }
Vec3 BrowSkew(const FacePoint& p) { return Vec3(0, 3.0 * Brows(p), 0); }

Vec3 ByLids(const FacePoint&) { return Vec3::Zero(); }  // WholeSkin::lid_closing

struct Expression {
  Field field;
  bool skew = false;  // the right side does the opposite of the left
};
constexpr Expression kExpressions[] = {{MouthOpen},       {Smile},         {BrowsUp}, {ByLids},
                                       {Pucker},          {BrowFurrow},    {Sneer},   {LipsOut},
                                       {MouthSkew, true}, {BrowSkew, true}};
constexpr int kEyesClose = 3;
static_assert(std::size(kExpressions) == kMakeHumanExpressions.size());

// A field at a vertex, metres.
Vec3 At(const Expression& expression, const WholeSkin& skin, int v) {
  const Vec3 p = skin.mesh.vertices.row(v);
  const double side = p.x() < 0 ? -1 : 1;
  const FacePoint point{Vec3(side * p.x(), p.y(), p.z()) / kMillimetre, skin.lip_side[v],
                        LipLine().Above(p) / kMillimetre};
  constexpr double kBack = 5, kFront = 45, kMidline = 16;
  const double of_face = Rise(point.mm.z(), kBack, kFront) * Rise(point.mm.y(), 1470, 1500);
  if (of_face == 0) return Vec3::Zero();
  Vec3 move = of_face * kMillimetre * expression.field(point);
  if (expression.skew) move *= Rise(point.mm.x(), 0, kMidline) * side;
  return move.cwiseProduct(Vec3(side, 1, 1));
}

}  // namespace

Points3 PartedLips(const WholeSkin& skin) {
  const Points3& vertices = skin.mesh.vertices;
  Points3 moves = Points3::Zero(vertices.rows(), 3);
  for (int v = 0; v < vertices.rows(); ++v) {
    if (skin.kinds[v] == SkinKind::kEyeball) continue;
    moves.row(v) = kRestGap / kGapAtOne * At({MouthOpen}, skin, v);
  }
  return moves;
}

RowMatX WholeExpressions(const WholeSkin& skin) {
  constexpr double kClosing = 0.33;  // of the way that lids have, at 1
  const auto count = skin.mesh.vertices.rows();
  RowMatX shapes = RowMatX::Zero(3 * count, std::ssize(kExpressions));
  for (int v = 0; v < count; ++v) {
    if (skin.kinds[v] == SkinKind::kEyeball) continue;
    for (int e = 0; e < shapes.cols(); ++e) {
      shapes.block<3, 1>(3 * v, e) = At(kExpressions[e], skin, v);
    }
    shapes.block<3, 1>(3 * v, kEyesClose) = kClosing * skin.lid_closing.row(v).transpose();
  }
  return shapes;
}

const FacePlaces& BuiltinFacePlaces() {
  static constexpr FacePlaces kPlaces = {
      .brow = {{{-51, 1603.5}, {-43.5, 1608}, {-34, 1609.5}, {-24.5, 1609}, {-14, 1606.5}}},
      .nose = {{{0, 1592},
                {0, 1581},
                {0, 1569.5},
                {0, 1557},
                {-13.5, 1549.5},
                {-6.5, 1547.5},
                {0, 1547}}},
      .eye = {{{-46.2, 1590.2},
               {-37.5, 1593.8},
               {-26.5, 1593.8},
               {-16.8, 1588.6},
               {-26, 1584.6},
               {-36.5, 1584.6}}},
      .upper_lip = {{{-25.3, 1522}, {-16.5, 1527.3}, {-6.5, 1529.9}, {0, 1529}}},
      .lower_lip = {{{0, 1510.3}, {-8, 1511}, {-16.5, 1514.8}}},
      .inner_upper_lip = {{{-23.5, 1522.3}, {-9.5, 1522}, {0, 1522}}},
      .inner_lower_lip = {{{0, 1521}, {-9.5, 1521}}}};
  return kPlaces;
}

}  // namespace gyre
