// SPDX-License-Identifier: Apache-2.0
#include "fitting/ground.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace gyre {
namespace {

constexpr double kNear = 0.15;        // m from the floor: may stand
constexpr double kStill = 0.5;        // m/s across the line of sight: may stand
constexpr int kShortest = 3;          // frames of standing
constexpr double kFloorNoise = 0.06;  // m, of the lowest point of a fit
constexpr double kRoll = 0.05;        // rad, of a camera that somebody holds
constexpr double kPitch = 0.35;

}  // namespace

FootPoints::FootPoints(const BodyModel& body, const FoldedJoints& joints) {
  const BodyParams rest(*body.layout);
  const Points3 at = joints.Positions(rest);
  const double sole = body.v_template.col(1).minCoeff();
  const auto add = [&](std::string_view part) {
    for (int j = 0; j < joints.size(); ++j) {
      if (joints.set().joints[j].find(part) == std::string_view::npos) continue;
      points.push_back({j, at(j, 1) - sole});
    }
  };
  add("Heel");
  add("BigToe");
  add("SmallToe");
  if (points.empty()) add("_Foot");
}

std::optional<Floor> FindFloor(std::span<const Points3> bodies, const FootPoints& feet) {
  constexpr size_t kFewest = 8;
  constexpr int kRounds = 20;
  if (bodies.size() < kFewest || feet.points.empty()) return std::nullopt;
  // The floor as y = a x + b z + c, y down.
  Vec3 plane(0, 0, 0);
  for (int round = 0; round < kRounds; ++round) {
    Mat3 normal = Vec3(1 / (kRoll * kRoll), 1 / (kPitch * kPitch), 0).asDiagonal();
    Vec3 right = Vec3::Zero();
    for (const Points3& body : bodies) {
      double lowest = std::numeric_limits<double>::infinity(), target = 0;
      Vec3 row = Vec3::Zero();
      for (const auto& [joint, above_m] : feet.points) {
        const Vec3 x = body.row(joint).transpose();
        const Vec3 at(x.x(), x.z(), 1);
        const double height = plane.dot(at) - x.y() - above_m;
        if (height >= lowest) continue;
        lowest = height;
        row = at;
        target = x.y() + above_m;
      }
      if (!std::isfinite(lowest)) continue;
      // The first round knows nothing of heights.
      const double share = round == 0 ? 0 : std::pow(lowest / (2 * kFloorNoise), 2);
      const double weight = 1 / std::pow((1 + share) * kFloorNoise, 2);
      normal += weight * row * row.transpose();
      right += weight * target * row;
    }
    plane = normal.ldlt().solve(right);
  }
  if (!plane.allFinite()) return std::nullopt;
  const double length = std::sqrt(1 + plane.head<2>().squaredNorm());
  return Floor{Vec3(plane[0], -1, plane[1]) / length, plane[2] / length};
}

std::vector<std::vector<bool>> FindContacts(std::span<const Points3> frames, const FootPoints& feet,
                                            const Floor& floor, double seconds_per_frame) {
  const int n = static_cast<int>(frames.size());
  std::vector<std::vector<bool>> stands(n, std::vector<bool>(feet.points.size(), false));
  for (size_t k = 0; k < feet.points.size(); ++k) {
    const int joint = feet.points[k].joint;
    const double above_m = feet.points[k].above_m;
    const auto may_stand = [&](int i) {
      const Vec3 x = frames[i].row(joint).transpose();
      const int before = std::max(0, i - 1), after = std::min(n - 1, i + 1);
      if (after == before) return false;
      const Vec3 moved = (frames[after].row(joint) - frames[before].row(joint)).transpose();
      const Vec3 sight = x.normalized();
      const double across = (moved - sight * sight.dot(moved)).norm();
      return std::abs(floor.HeightOf(x) - above_m) < kNear &&
             across < kStill * seconds_per_frame * (after - before);
    };
    for (int begin = 0, end; begin < n; begin = end + 1) {
      end = begin;
      while (end < n && may_stand(end)) ++end;
      if (end - begin < kShortest) continue;
      for (int i = begin; i < end; ++i) stands[i][k] = true;
    }
  }
  return stands;
}

}  // namespace gyre
