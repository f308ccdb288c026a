// SPDX-License-Identifier: Apache-2.0
#include "fitting/disentangle.h"

#include <utility>

namespace gyre {
namespace {

constexpr int kDisentangleRounds = 8;
constexpr int kDisentanglePatience = 3;  // rounds in a row that do not better it
constexpr double kDisentangleMarginM = 0.002;
constexpr size_t kMostConstraints = 300;

}  // namespace

Disentangler::Disentangler(const BodyModel& body, double weight)
    : body_(body), weight_(weight), penetration_(body), corrected_(body) {}

void Disentangler::Run(const Solve& solve, BodyParams* params) const {
  const MeshCollision& mesh = penetration_.mesh();
  MeshPoser poser(corrected_);
  const auto posed = [&](const BodyParams& at) {
    return MeshCollision::Pose(mesh, poser.Vertices(at));
  };
  BodyParams moved = *params;
  MeshCollision::Pose pose = posed(moved);
  std::vector<FacePair> pairs = mesh.Find(pose);
  size_t fewest = pairs.size();
  int last_better = 0;
  std::vector<Penetration> found;
  for (int round = 0; round < kDisentangleRounds && !pairs.empty(); ++round) {
    if (round == last_better + kDisentanglePatience) break;
    const std::vector<Penetration> more = penetration_.Find(pose, pairs);
    found.insert(found.end(), more.begin(), more.end());
    if (found.size() > kMostConstraints) found.erase(found.begin(), found.end() - kMostConstraints);
    solve(std::make_unique<PenetrationTerm>(body_, found, pose.vertices(), moved,
                                            kDisentangleMarginM, weight_),
          &moved);
    pose = posed(moved);
    pairs = mesh.Find(pose);
    if (pairs.size() >= fewest) continue;
    fewest = pairs.size();
    last_better = round + 1;
    *params = moved;
  }
}

}  // namespace gyre
