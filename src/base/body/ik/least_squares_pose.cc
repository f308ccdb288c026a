// SPDX-License-Identifier: Apache-2.0
#include "body/ik/least_squares_pose.h"

#include <Eigen/Geometry>
#include <cmath>

#include "body/ik/swing.h"
#include "core/so3.h"

namespace gyre {
namespace {

// The derivative of LeftJacobian(-phi) h by phi, h held.
Mat3 CurvatureOfExp(const Vec3& phi, const Vec3& h) {
  const double a2 = phi.squaredNorm(), a = std::sqrt(a2);
  // LeftJacobian(x) = f I + g Hat(x) + k x x^T; f', g', k' over the angle.
  double f, g, k, df, dg, dk;
  if (a < 0.05) {
    g = 0.5 - a2 / 24;
    k = 1.0 / 6 - a2 / 120;
    df = -1.0 / 3 + a2 / 30;
    dg = -1.0 / 12 + a2 / 180;
    dk = -1.0 / 60 + a2 / 1260;
  } else {
    f = std::sin(a) / a;
    g = (1 - std::cos(a)) / a2;
    k = (1 - f) / a2;
    df = (std::cos(a) - f) / a2;
    dg = (f - 2 * g) / a2;
    dk = (g - 3 * k) / a2;
  }
  const Vec3 x = -phi;
  const double along = x.dot(h);
  Mat3 d = df * h * x.transpose() + dg * x.cross(h) * x.transpose() - g * Hat(h) +
           (dk * along) * x * x.transpose() + k * x * h.transpose();
  d.diagonal().array() += k * along;
  return -d;
}

Mat3 LessTrace(const Mat3& m) {
  Mat3 out = m;
  out.diagonal().array() -= m.trace();
  return out;
}

int ParentOf(const LeastSquaresFrame& frame, int node) { return frame.tree.nodes[node].parent; }

Mat3 ParentWorld(const LeastSquaresFrame& frame, const TreePose& pose, int node) {
  const int parent = ParentOf(frame, node);
  return parent < 0 ? Mat3(Mat3::Identity()) : pose.world[parent];
}

}  // namespace

LeastSquaresFrame::LeastSquaresFrame(const IkTree& t, const IkProblem& p, const IkPlan& plan_of,
                                     double u)
    : tree(t), problem(p), plan(plan_of), damping(u) {
  for (int k = 0; k < tree.size(); ++k) {
    const IkPlan::Node& node = plan.nodes[k];
    if (!node.moves || node.aligned) continue;
    Vec3 bone = Vec3::Zero();
    for (const int a : node.aims) bone += (problem.rest.row(a) - problem.rest.row(k)).transpose();
    const double length = bone.norm();
    bones[k] = length > 0 ? Vec3(bone / length) : Vec3(Vec3::UnitY());
    across[k].col(0) = bones[k].unitOrthogonal();
    across[k].col(1) = bones[k].cross(across[k].col(0));
    twists[k] = ExpSO3(problem.twist[k] * bones[k]);
  }
}

LeastSquaresPose::LeastSquaresPose(const LeastSquaresFrame& frame, const IkRotations& local)
    : frame_(&frame) {
  pose_.local = local;
  PoseTree(frame.tree, frame.problem, &pose_);
  for (int k = 0; k < frame.tree.size(); ++k) {
    const IkPlan::Node& node = frame.plan.nodes[k];
    if (!node.moves || node.aligned) continue;
    const Vec3 swing = LogSO3(local[k] * frame.twists[k].transpose());
    swings_[k] = frame.across[k] * (frame.across[k].transpose() * swing);
  }
}

Vec3 LeastSquaresPose::Error(int node) const {
  if (!frame_->plan.known[node]) return Vec3::Zero();
  return pose_.points.row(node).transpose() - Target(frame_->problem, node);
}

double LeastSquaresPose::Objective() const {
  double sum = 0;
  for (int k = 0; k < frame_->tree.size(); ++k) {
    sum += Error(k).squaredNorm();
    if (!frame_->plan.nodes[k].moves) continue;
    sum += 0.5 * frame_->damping * (pose_.local[k] - frame_->start.local[k]).squaredNorm();
  }
  return sum;
}

void LeastSquaresPose::StepFrom(const LeastSquaresPose& other, const VecX& step) {
  for (int k = 0; k < frame_->tree.size(); ++k) {
    const IkPlan::Node& node = frame_->plan.nodes[k];
    if (!node.moves) {
      pose_.local[k] = other.pose_.local[k];
    } else if (node.aligned) {
      pose_.local[k].noalias() = ExpSO3(step.segment<3>(node.first)) * other.pose_.local[k];
    } else {
      swings_[k] = other.swings_[k] + frame_->across[k] * step.segment<2>(node.first);
      pose_.local[k].noalias() = ExpSO3(swings_[k]) * frame_->twists[k];
    }
  }
  PoseTree(frame_->tree, frame_->problem, &pose_);
}

void LeastSquaresPose::SetTurnings() {
  for (int k = 0; k < frame_->tree.size(); ++k) {
    const IkPlan::Node& node = frame_->plan.nodes[k];
    if (!node.moves) continue;
    turning_[k].setIdentity();
    if (!node.aligned) {
      turning_[k].leftCols<2>() = LeftJacobianSO3(swings_[k]) * frame_->across[k];
      turning_[k].col(2).setZero();
    }
    const int parent = ParentOf(*frame_, k);
    levers_[k] = parent < 0 ? turning_[k] : Mat3(pose_.world[parent] * turning_[k]);
    moments_[k] = Hat(pose_.points.row(k)) * levers_[k];
  }
}

// Over the nodes of a subtree: count, e, p, p x e, p p^T, e p^T.
struct LeastSquaresPose::Sums {
  double count = 0;
  Vec3 e = Vec3::Zero(), p = Vec3::Zero(), torque = Vec3::Zero();
  Mat3 pp = Mat3::Zero(), ep = Mat3::Zero();

  void Add(const Sums& other) {
    count += other.count;
    e += other.e;
    p += other.p;
    torque += other.torque;
    pp += other.pp;
    ep += other.ep;
  }
};

void LeastSquaresPose::LineariseNode(int k, const Sums& sums, VecX* gradient, TreeMatrix* hessian,
                                     TreeMatrix* gauss_newton) const {
  const IkPlan::Node& node = frame_->plan.nodes[k];
  const Vec3 p = pose_.points.row(k);
  const Mat3 parent = ParentWorld(*frame_, pose_, k);
  const double u = frame_->damping;
  const Mat3 off = pose_.local[k] * frame_->start.local[k].transpose();
  const Vec3 h = parent.transpose() * (sums.torque - p.cross(sums.e)) + (0.5 * u) * Vee2(off);
  const Mat3& turning = turning_[k];
  const Vec3 g = turning.transpose() * h;
  const int own = node.unknowns();
  gradient->segment(node.first, own) = g.head(own);
  if (hessian == nullptr) return;

  const Mat3 stretch = -LessTrace(sums.pp - sums.p * p.transpose());  // sum of -Hat(d) Hat(p_i)
  const Mat3 arm = Hat(sums.p - sums.count * p);
  const Mat3 ed = sums.ep - sums.e * p.transpose();
  const Mat3 lever_t = levers_[k].transpose();
  const Mat3 with_stretch = lever_t * stretch, with_arm = lever_t * arm,
             with_bend = lever_t * LessTrace(ed);
  for (const int j : node.above) {
    const Mat3 gn = with_stretch * levers_[j] + with_arm * moments_[j];
    const Mat3 full = gn + with_bend * levers_[j];
    const IkPlan::Node& other = frame_->plan.nodes[j];
    const int depth = frame_->plan.pattern.depth[other.first];
    for (int a = 0; a < own; ++a) {
      for (int b = 0; b < other.unknowns(); ++b) {
        gauss_newton->Row(node.first + a)[depth + b] = gn(a, b);
        hessian->Row(node.first + a)[depth + b] = full(a, b);
      }
    }
  }
  Mat3 gn = with_stretch * levers_[k] + with_arm * moments_[k];
  Mat3 full = gn + lever_t * LessTrace(ed.transpose()) * levers_[k] -
              (0.5 * u) * (turning.transpose() * LessTrace(off) * turning);
  gn += u * (turning.transpose() * turning);
  if (!node.aligned) {
    const auto& across = frame_->across[k];
    full.topLeftCorner<2, 2>() += across.transpose() * CurvatureOfExp(swings_[k], h) * across;
  }
  const int depth = frame_->plan.pattern.depth[node.first];
  for (int a = 0; a < own; ++a) {
    for (int b = 0; b <= a; ++b) {
      gauss_newton->Row(node.first + a)[depth + b] = 0.5 * (gn(a, b) + gn(b, a));
      hessian->Row(node.first + a)[depth + b] = 0.5 * (full(a, b) + full(b, a));
    }
  }
}

void LeastSquaresPose::Linearise(VecX* gradient, TreeMatrix* hessian, TreeMatrix* gauss_newton) {
  SetTurnings();
  const int count = frame_->tree.size();
  std::array<Sums, kMaxIkNodes> sums;
  gradient->resize(frame_->plan.unknowns);
  for (int k = count - 1; k >= 0; --k) {
    if (frame_->plan.known[k]) {
      const Vec3 e = Error(k), p = pose_.points.row(k);
      sums[k].count += 1;
      sums[k].e += e;
      sums[k].p += p;
      sums[k].torque += p.cross(e);
      sums[k].pp += p * p.transpose();
      sums[k].ep += e * p.transpose();
    }
    if (frame_->plan.nodes[k].moves) LineariseNode(k, sums[k], gradient, hessian, gauss_newton);
    if (k > 0) sums[ParentOf(*frame_, k)].Add(sums[k]);
  }
}

// A swinging node's rotation for given unknowns: its bone a turns by h = a x da and everything with
// it, R -> Exp(h) R Exp(-h), and a twist turns it about R a. `bone`: the gradient by h.
void LeastSquaresPose::AddAim(int k, const Vec3& bone, double twist, double scale,
                              IkGradient* out) const {
  const IkPlan::Node& node = frame_->plan.nodes[k];
  out->twist[k] += scale * twist;
  Vec3 mean = Vec3::Zero();
  for (const int a : node.aims) mean += (frame_->problem.rest.row(a)).transpose();
  const double share = 1 / static_cast<double>(node.aims.size());
  const double length = (share * mean - frame_->problem.rest.row(k).transpose()).norm();
  if (length == 0) return;
  const Vec3 by_bone = (scale / length) * bone.cross(frame_->bones[k]);
  for (const int a : node.aims) out->rest.row(a) += share * by_bone.transpose();
  out->rest.row(k) -= by_bone.transpose();
}

VecX LeastSquaresPose::PullRotations(const IkVectors& g, double scale, IkGradient* out) const {
  VecX by_unknowns(frame_->plan.unknowns);
  for (int k = 0; k < frame_->tree.size(); ++k) {
    const IkPlan::Node& node = frame_->plan.nodes[k];
    if (!node.moves) continue;
    const Vec3 by_turn = turning_[k].transpose() * g[k];
    by_unknowns.segment(node.first, node.unknowns()) = by_turn.head(node.unknowns());
    if (node.aligned) continue;
    const Vec3 in_rest = pose_.local[k].transpose() * g[k];
    AddAim(k, g[k] - in_rest, in_rest.dot(frame_->bones[k]), scale, out);
  }
  return by_unknowns;
}

IkVectors LeastSquaresPose::Spread(const VecX& of) const {
  IkVectors g;
  g.fill(Vec3::Zero());
  for (int k = 0; k < frame_->tree.size(); ++k) {
    const IkPlan::Node& node = frame_->plan.nodes[k];
    if (!node.moves) continue;
    if (node.aligned) {
      g[k] = of.segment<3>(node.first);
      continue;
    }
    const Eigen::Matrix<double, 3, 2> t = turning_[k].leftCols<2>();
    const Eigen::Matrix2d gram = t.transpose() * t;
    const Eigen::Vector2d s = of.segment<2>(node.first);
    const double det = gram.determinant();
    if (det <= 1e-12) continue;
    Eigen::Matrix2d inverse;
    inverse << gram(1, 1), -gram(0, 1), -gram(1, 0), gram(0, 0);
    g[k] = t * (inverse * s) / det;
  }
  return g;
}

// v.dF/ds = sum_i e_i.p'_i + u/2 sum_k v_k.Vee2(Q_k), where p' is how fast nodes move when
// rotations turn by v, v_k = Turning v. One sweep down gives p', one up the derivatives of that
// sum.
void LeastSquaresPose::PullGradient(const VecX& v, double scale, IkGradient* out,
                                    IkVectors* start) const {
  const IkTree& tree = frame_->tree;
  const int count = tree.size();
  IkVectors turn, rate, speed, bone;  // v_k; world angular velocities; p'; bones in world axes
  for (int k = 0; k < count; ++k) {
    const IkPlan::Node& node = frame_->plan.nodes[k];
    const int parent = tree.nodes[k].parent;
    turn[k].setZero();
    for (int a = 0; a < node.unknowns(); ++a) turn[k] += turning_[k].col(a) * v[node.first + a];
    if (parent < 0) {
      rate[k] = turn[k];
      speed[k].setZero();
      continue;
    }
    bone[k] = (pose_.points.row(k) - pose_.points.row(parent)).transpose();
    rate[k] = rate[parent] + pose_.world[parent] * turn[k];
    speed[k] = speed[parent] + rate[parent].cross(bone[k]);
  }
  const double u = frame_->damping;
  IkVectors by_speed, by_place, by_rate, by_world;
  for (IkVectors* sum : {&by_speed, &by_place, &by_rate, &by_world}) sum->fill(Vec3::Zero());
  for (int k = count - 1; k >= 0; --k) {
    const IkPlan::Node& node = frame_->plan.nodes[k];
    const int parent = tree.nodes[k].parent;
    if (frame_->plan.known[k]) {
      by_speed[k] += Error(k);
      by_place[k] += speed[k];
      out->target.row(k) -= scale * speed[k].transpose();
    }
    const Mat3 up = ParentWorld(*frame_, pose_, k);
    if (node.moves) {
      const Mat3 off = pose_.local[k] * frame_->start.local[k].transpose();
      const Vec3 by_turn = up.transpose() * by_rate[k] + (0.5 * u) * Vee2(off);
      const Vec3 by_local =
          up.transpose() * by_world[k] - (0.5 * u) * (LessTrace(off).transpose() * turn[k]);
      (*start)[k] += (scale * 0.5 * u) * (LessTrace(off) * turn[k]);
      if (!node.aligned) {
        const Vec3 in_rest = pose_.local[k].transpose() * by_local;
        AddAim(k, by_local - in_rest + turn[k].cross(by_turn), in_rest.dot(frame_->bones[k]), scale,
               out);
      }
    }
    if (parent < 0) continue;
    by_rate[parent] += by_rate[k] + bone[k].cross(by_speed[k]);
    const Vec3 by_bone = by_place[k] + by_speed[k].cross(rate[parent]);
    by_world[parent] += by_world[k] + bone[k].cross(by_bone) + (up * turn[k]).cross(by_rate[k]);
    by_speed[parent] += by_speed[k];
    by_place[parent] += by_place[k];
    const Vec3 in_rest = scale * (up.transpose() * by_bone);
    out->rest.row(k) += in_rest.transpose();
    out->rest.row(parent) -= in_rest.transpose();
  }
}

}  // namespace gyre
