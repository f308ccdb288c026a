// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "body/builtin_rig.h"
#include "body/skin_weights.h"

namespace gyre {
namespace {

using Row = Eigen::RowVectorXd;  // a weight per joint

// 0 below -width, 1 above width.
double Step(double x, double width) {
  const double t = std::clamp(0.5 + 0.5 * x / width, 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// The share of one side's arm (with collar) or leg at a point; `p` mirrored to the left.
double ArmShare(const Vec3& p, const Skeleton& joints) {
  // A plane through the shoulder that slants from the armpit up to the neck's side.
  const Vec3 d = p - joints[16];
  return Step(d.x() + 0.45 * std::clamp(d.y(), -0.2, 0.05), 0.055);
}
double CollarShare(const Vec3& p, const Skeleton& joints) {
  const double below_neck = 1 - Step(p.y() - joints[12].y() - 0.03, 0.025);
  return 0.85 * below_neck * Step(p.x() - joints[13].x(), 0.07) *
         Step(p.y() - joints[13].y() + 0.01, 0.09);
}
double LegShare(const Vec3& p, const Skeleton& joints) {
  // A plane through the groin, from the crotch up to the iliac crest.
  const Vec3 d = p - joints[1];
  const double across = 0.68 * d.x() - 0.73 * d.y();
  return Step(p.x(), 0.025) * Step(across - 0.004, 0.075);
}

// Bones of a chain, shared by where `along` lies between the bounds.
void AddChain(std::initializer_list<int> bones, std::initializer_list<double> bounds, double along,
              double width, double share, Row* row) {
  double left = share;
  auto bone = bones.begin();
  for (double bound : bounds) {
    const double beyond = left * Step(along - bound, width);
    (*row)[*bone++] += left - beyond;
    left = beyond;
  }
  (*row)[*bone] += left;
}

}  // namespace

Row BuiltinWeightsAt(const Vec3& p, const Skeleton& joints) {
  Row row = Row::Zero(SmplLayout().num_joints());
  double trunk = 1;
  for (int right = 0; right < 2; ++right) {
    const Vec3 q = right ? Vec3(-p.x(), p.y(), p.z()) : p;
    const double arm = ArmShare(q, joints);
    const double collar = (1 - arm) * CollarShare(q, joints);
    const double leg = (1 - arm) * LegShare(q, joints);
    row[13 + right] += collar;
    AddChain({16 + right, 18 + right}, {joints[18].x()}, q.x(), 0.045,
             arm * (1 - Step(q.x() - joints[20].x(), 0.025)), &row);
    AddChain({20 + right, 22 + right}, {joints[22].x()}, q.x(), 0.02,
             arm * Step(q.x() - joints[20].x(), 0.025), &row);
    // The foot turns about the ankle: a plane that slants from the heel's back up to the instep.
    const double foot = Step(joints[7].y() + 0.012 - q.y() + 0.35 * (q.z() - joints[7].z()), 0.03);
    const double toes = Step(q.z() - joints[10].z(), 0.03);
    row[10 + right] += leg * foot * toes;
    row[7 + right] += leg * foot * (1 - toes);
    AddChain({1 + right, 4 + right}, {-joints[4].y()}, -q.y(), 0.055, leg * (1 - foot), &row);
    trunk -= arm + collar + leg;
  }
  // Bounds between the spine's bones lie at its joints; the head's slants up towards the back.
  const double head = joints[15].y() - 0.045 * Step(p.z() - 0.02, 0.06);
  AddChain({0, 3, 6, 9, 12, 15},
           {joints[3].y() - 0.02, joints[6].y() - 0.01, joints[9].y(), joints[12].y(), head}, p.y(),
           0.055, std::max(trunk, 0.0), &row);
  return row / row.sum();
}

SparseRows BuiltinWeights(const SymmetricMesh& skin, const Skeleton& joints) {
  constexpr int kDiffusions = 6;
  RowMatX weights(skin.vertices.rows(), SmplLayout().num_joints());
  for (int v = 0; v < weights.rows(); ++v) {
    weights.row(v) = BuiltinWeightsAt(skin.vertices.row(v), joints);
  }
  return DiffuseWeights(std::move(weights), skin.faces, kDiffusions);
}

}  // namespace gyre
