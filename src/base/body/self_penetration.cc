// SPDX-License-Identifier: Apache-2.0
#include "body/self_penetration.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "body/body_parts.h"

namespace gyre {
namespace {

constexpr size_t kMostFollowed = 400, kMostTold = 24;  // vertices of a limb in another

// Arms to the wrist, what hangs on a wrist by the finger, and the six parts of body_parts.h.
std::vector<int> FineLimbs(const BodyModel& body, const FaceParts& faces,
                           const std::vector<uint8_t>& part_of_face) {
  const BodyLayout& layout = *body.layout;
  std::vector<int> limb_of_bone(layout.num_joints(), -1);
  for (const char* wrist : {"L_Wrist", "R_Wrist"}) {
    const int root = layout.IndexOf(wrist);
    if (root < 0) continue;
    for (int k = root; k < layout.num_joints(); ++k) {
      const int parent = layout.parents[k];
      const bool begins = k == root || parent == root;
      if (begins || (parent >= 0 && limb_of_bone[parent] >= 0)) {
        limb_of_bone[k] = begins ? kNumBodyParts + 1 + k : limb_of_bone[parent];
      }
    }
  }
  std::vector<int> limbs;
  for (size_t face = 0; face < faces.part.size(); ++face) {
    const int of_hand = limb_of_bone[faces.part[face]];
    limbs.push_back(of_hand >= 0 ? of_hand : part_of_face[face]);
  }
  return limbs;
}

MeshCollision MakeMesh(const BodyModel& body, const FaceParts& parts) {
  return {body.v_template, body.faces, &parts};
}

}  // namespace

struct SelfPenetration::Contact {
  bool coarse;
  std::array<int, 2> limbs;  // the smaller first
  friend auto operator<=>(const Contact&, const Contact&) = default;
};

struct SelfPenetration::Inside {
  std::array<Penetration, 2> ways;  // towards the camera, away from it
};

SelfPenetration::SelfPenetration(const BodyModel& body)
    : mesh_(MakeMesh(body, FacePartsOf(body))), faces_of_(body.num_vertices()) {
  const std::vector<uint8_t> parts = PartsOfFaces(body);
  fine_ = FineLimbs(body, FacePartsOf(body), parts);
  for (const uint8_t part : parts) {
    coarse_.push_back(part == kLeftArmPart || part == kRightArmPart ? part : kTorsoPart);
  }
  for (int face = 0; face < body.faces.rows(); ++face) {
    for (const int vertex : body.faces.row(face)) faces_of_[vertex].push_back(face);
  }
}

SelfPenetration::Contact SelfPenetration::ContactOf(const FacePair& pair) const {
  const bool coarse = coarse_[pair.first] != coarse_[pair.second];
  const std::vector<int>& limbs = coarse ? coarse_ : fine_;
  const auto [low, high] = std::minmax(limbs[pair.first], limbs[pair.second]);
  return {coarse, {low, high}};
}

bool SelfPenetration::IsOf(int face, const Contact& contact, int side) const {
  return (contact.coarse ? coarse_ : fine_)[face] == contact.limbs[side];
}

bool SelfPenetration::WaysOut(const MeshCollision::Pose& pose, const Contact& contact, int side,
                              int vertex, Inside* inside) const {
  const Vec3 origin = pose.vertices().row(vertex).transpose(), axis = origin.normalized();
  thread_local std::vector<LineCrossing> crossings;
  mesh_.Crossings(pose, origin, axis, &crossings);
  std::erase_if(crossings,
                [&](const LineCrossing& one) { return !IsOf(one.face, contact, 1 - side); });
  const int own = faces_of_[vertex][0];
  for (const bool away : {false, true}) {
    const auto out = [&](const LineCrossing& one) { return one.is_outward == away ? 1 : -1; };
    std::vector<LineCrossing> ahead;
    int inside_of = 0;
    for (const LineCrossing& one : crossings) {
      if ((one.along > 0) != away) continue;
      ahead.push_back(one);
      inside_of += out(one);
    }
    if (inside_of <= 0) return false;
    std::ranges::sort(ahead, {}, [](const LineCrossing& one) { return std::abs(one.along); });
    const LineCrossing* exit = nullptr;
    for (const LineCrossing& one : ahead) {
      inside_of -= out(one);
      exit = &one;
      if (inside_of == 0) break;
    }
    if (!mesh_.Counts(own, exit->face)) return false;
    const Triangle triangle = mesh_.TriangleOf(pose.vertices(), exit->face);
    const Vec3 normal = (triangle.row(1) - triangle.row(0))
                            .cross(triangle.row(2) - triangle.row(0))
                            .normalized()
                            .transpose();
    inside->ways[away] = {vertex, exit->face, exit->weights, normal, std::abs(exit->along)};
  }
  return true;
}

std::vector<SelfPenetration::Inside> SelfPenetration::Flood(const MeshCollision::Pose& pose,
                                                            const Contact& contact, int side,
                                                            std::vector<int> seeds) const {
  std::vector<Inside> found;
  if (contact.limbs[0] == contact.limbs[1]) return found;  // of a limb in itself
  std::vector<bool> seen(faces_of_.size(), false);
  std::ranges::sort(seeds);
  std::vector<int> open;
  const auto add = [&](int vertex) {
    if (!seen[vertex]) open.push_back(vertex);
    seen[vertex] = true;
  };
  for (const int seed : seeds) add(seed);
  for (size_t next = 0; next < open.size() && found.size() < kMostFollowed; ++next) {
    Inside inside;
    if (!WaysOut(pose, contact, side, open[next], &inside)) continue;
    found.push_back(inside);
    for (const int face : faces_of_[open[next]]) {
      if (!IsOf(face, contact, side)) continue;
      for (const int vertex : mesh_.faces().row(face)) add(vertex);
    }
  }
  return found;
}

// The corner that is least far behind the plane of the other triangle.
Penetration SelfPenetration::ByPlane(const MeshCollision::Pose& pose, const FacePair& pair) const {
  Penetration best{-1, -1, Vec3::Constant(1.0 / 3), Vec3::Zero(), 0};
  for (const auto& [of_plane, of_corner] :
       {std::pair(pair.first, pair.second), std::pair(pair.second, pair.first)}) {
    const Triangle plane = mesh_.TriangleOf(pose.vertices(), of_plane);
    const Vec3 normal =
        (plane.row(1) - plane.row(0)).cross(plane.row(2) - plane.row(0)).normalized().transpose();
    const Vec3 centre = plane.colwise().mean().transpose();
    for (const int vertex : mesh_.faces().row(of_corner)) {
      const double behind = normal.dot(centre - pose.vertices().row(vertex).transpose());
      if (behind < 0 || (best.vertex >= 0 && behind >= best.depth_m)) continue;
      best.vertex = vertex;
      best.face = of_plane;
      best.normal = normal;
      best.depth_m = behind;
    }
  }
  return best;
}

std::vector<Penetration> SelfPenetration::Find(const MeshCollision::Pose& pose,
                                               std::span<const FacePair> pairs) const {
  std::map<Contact, std::array<std::vector<int>, 2>> seeds;
  std::map<Contact, std::vector<FacePair>> pairs_of;
  for (const FacePair& pair : pairs) {
    const Contact contact = ContactOf(pair);
    pairs_of[contact].push_back(pair);
    for (const int face : {pair.first, pair.second}) {
      std::vector<int>& of_side = seeds[contact][IsOf(face, contact, 0) ? 0 : 1];
      for (const int vertex : mesh_.faces().row(face)) of_side.push_back(vertex);
    }
  }
  std::vector<Penetration> told;
  for (const auto& [contact, of_sides] : seeds) {
    std::array<std::vector<Inside>, 2> inside;
    std::array<double, 2> deepest{};  // the first limb in front, behind
    std::vector<bool> is_inside(faces_of_.size(), false);
    for (const int side : {0, 1}) {
      inside[side] = Flood(pose, contact, side, of_sides[side]);
      for (const Inside& one : inside[side]) {
        is_inside[one.ways[0].vertex] = true;
        for (const int away : {0, 1}) {
          double& depth = deepest[away ^ side];
          depth = std::max(depth, one.ways[away].depth_m);
        }
      }
    }
    const int behind = deepest[1] < deepest[0] ? 1 : 0;
    for (const int side : {0, 1}) {
      std::vector<Penetration> ways;
      for (const Inside& one : inside[side]) ways.push_back(one.ways[behind ^ side]);
      std::ranges::sort(ways, [](const Penetration& a, const Penetration& b) {
        return std::tie(b.depth_m, a.vertex) < std::tie(a.depth_m, b.vertex);
      });
      const size_t count = std::min(ways.size(), kMostTold);
      for (size_t i = 0; i < count; ++i) told.push_back(ways[i * ways.size() / count]);
    }
    size_t by_plane = 0;
    for (const FacePair& pair : pairs_of[contact]) {
      const auto any_inside = [&](int face) {
        return std::ranges::any_of(mesh_.faces().row(face),
                                   [&](int vertex) { return is_inside[vertex]; });
      };
      if (any_inside(pair.first) || any_inside(pair.second) || by_plane == kMostTold) continue;
      const Penetration one = ByPlane(pose, pair);
      if (one.vertex < 0) continue;
      told.push_back(one);
      ++by_plane;
    }
  }
  return told;
}

}  // namespace gyre
