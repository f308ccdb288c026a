// SPDX-License-Identifier: Apache-2.0
// Which vertices of a posed body stand inside another of its limbs, and where they come out.
//
// Around triangles that intersect (mesh_collision.h), vertices are followed over the mesh for as
// long as they are inside. The line of sight through a vertex leaves the other limb as often as it
// enters it, so that towards the camera, and away from it, what it leaves less what it enters is
// how often the vertex is inside. Along that line, too, it can come out without being seen to move:
// keypoints say where limbs are in the picture, not in depth. Which of two limbs is to be in front
// is decided for all of their vertices at once: the nearer way out for the deepest of them.
//
// Limbs are arms, hands, fingers, legs, head and trunk. Where two arms meet, or an arm and the
// rest, each of them is one piece, so that a hand goes where its forearm goes.
#pragma once

#include <span>
#include <vector>

#include "body/mesh_collision.h"

namespace gyre {

// A vertex, and the point of a face of the other limb by which it comes out.
struct Penetration {
  int vertex;
  int face;
  Vec3 weights;    // the point, of the face's corners
  Vec3 normal;     // of the face, outwards
  double depth_m;  // from the vertex to the point
};

// Immutable.
class SelfPenetration {
 public:
  explicit SelfPenetration(const BodyModel& body);

  const MeshCollision& mesh() const { return mesh_; }
  // Of a body in the frame of a camera at the origin, in which `pairs` intersect (mesh().Find). Of
  // each limb in another only so many vertices are told, from the deepest on. Pairs none of whose
  // corners are inside are told by the corner that is the least way behind the other triangle.
  std::vector<Penetration> Find(const MeshCollision::Pose& pose,
                                std::span<const FacePair> pairs) const;

 private:
  // Two limbs, of the coarse division or of the fine one.
  struct Contact;
  struct Inside;

  Contact ContactOf(const FacePair& pair) const;
  bool IsOf(int face, const Contact& contact, int side) const;
  // Both ways out of the other limb, where the vertex is inside.
  bool WaysOut(const MeshCollision::Pose& pose, const Contact& contact, int side, int vertex,
               Inside* inside) const;
  std::vector<Inside> Flood(const MeshCollision::Pose& pose, const Contact& contact, int side,
                            std::vector<int> seeds) const;
  Penetration ByPlane(const MeshCollision::Pose& pose, const FacePair& pair) const;

  MeshCollision mesh_;
  std::vector<int> coarse_, fine_;          // limbs of faces
  std::vector<std::vector<int>> faces_of_;  // of vertices
};

}  // namespace gyre
