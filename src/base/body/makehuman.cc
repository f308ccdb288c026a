// SPDX-License-Identifier: Apache-2.0
#include "body/makehuman.h"

#include <Eigen/Eigenvalues>
#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <vector>

#include "body/makehuman_data.h"
#include "body/pose_correctives.h"
#include "body/skin_regressor.h"
#include "core/error.h"
#include "core/rng.h"

namespace gyre {
namespace {

// A person in MakeHuman's terms, each in [0, 1].
struct Identity {
  double male = 0.5;
  double old = 0.0;  // young to old
  double muscle = 0.5, weight = 0.5, height = 0.5, proportions = 0.5;
  std::array<double, 3> origin = {1.0 / 3, 1.0 / 3, 1.0 / 3};  // african, asian, caucasian
};

// How a value in [0, 1] weighs the targets "min...", "average..." and "max...".
std::array<double, 3> Blend(double value) {
  const double low = std::max(1 - 2 * value, 0.0);
  const double high = std::max(2 * value - 1, 0.0);
  return {low, 1 - low - high, high};
}

// The base mesh with all targets that an identity asks for, as MakeHuman composes them: each target
// weighs as much as the product of the traits in its name.
Points3 Compose(const MakeHumanData& data, const Identity& identity) {
  static constexpr const char* kLevels[] = {"min", "average", "max"};
  static constexpr const char* kOrigins[] = {"african", "asian", "caucasian"};
  Points3 vertices = data.base();
  const auto muscle = Blend(identity.muscle);
  const auto weight = Blend(identity.weight);
  const auto height = Blend(identity.height);
  const auto proportions = Blend(identity.proportions);
  for (bool male : {false, true}) {
    for (bool old : {false, true}) {
      const double who =
          (male ? identity.male : 1 - identity.male) * (old ? identity.old : 1 - identity.old);
      const std::string person =
          fmt::format("{}-{}", male ? "male" : "female", old ? "old" : "young");
      for (int i = 0; i < 3; ++i) {
        data.AddTarget(fmt::format("{}-{}", kOrigins[i], person), who * identity.origin[i],
                       &vertices);
      }
      for (int m = 0; m < 3; ++m) {
        for (int w = 0; w < 3; ++w) {
          const double share = who * muscle[m] * weight[w];
          const std::string name =
              fmt::format("{}-{}muscle-{}weight", person, kLevels[m], kLevels[w]);
          data.AddTarget("universal-" + name, share, &vertices);
          data.AddTarget("height/" + name + "-minheight", share * height[0], &vertices);
          data.AddTarget("height/" + name + "-maxheight", share * height[2], &vertices);
          data.AddTarget("proportions/" + name + "-uncommonproportions", share * proportions[0],
                         &vertices);
          data.AddTarget("proportions/" + name + "-idealproportions", share * proportions[2],
                         &vertices);
        }
      }
    }
  }
  return vertices;
}

// Adults of both sexes. MakeHuman's height targets reach far beyond people, hence the small spread.
Identity DrawIdentity(uint64_t sample) {
  Rng rng(1, RngStream::kBody, 0, sample);
  const auto near_half = [&](double sigma) { return std::clamp(rng.Normal(0.5, sigma), 0.0, 1.0); };
  Identity identity;
  identity.male = rng.Uniform();
  identity.old = std::min(std::abs(rng.Normal(0, 0.4)), 1.0);
  identity.muscle = near_half(0.17);
  identity.weight = near_half(0.30);
  identity.height = near_half(0.045);
  identity.proportions = near_half(0.15);
  double sum = 0;
  for (double& share : identity.origin) sum += share = 0.1 + rng.Uniform();
  for (double& share : identity.origin) share /= sum;
  return identity;
}

struct Figure {
  Points3 vertices;  // of the body
  Points3 joints;    // [24,3]
};

using JointRotations = std::vector<Mat3>;  // world rotation of each bone

Mat3 Turn(const Vec3& from, const Vec3& to) {
  return Eigen::Quaterniond::FromTwoVectors(from, to).toRotationMatrix();
}

// The rotations that bring a figure's joints from MakeHuman's stance into the T-pose: arms straight
// along x with the palms down, legs nearly upright, feet and trunk as they stand.
JointRotations TPoseRotations(const Points3& joints, const Vec3 thumb_roots[2]) {
  constexpr double kLegSlope = 0.04;  // sideways per metre down
  JointRotations world(joints.rows(), Mat3::Identity());
  for (int right = 0; right < 2; ++right) {
    const double side = right ? -1.0 : 1.0;
    const auto bone = [&](int from, int to) -> Vec3 {
      return (joints.row(to + right) - joints.row(from + right)).normalized();
    };
    const Vec3 out(side, 0, 0);
    world[16 + right] = Turn(bone(16, 18), out);
    world[18 + right] = Turn(world[16 + right] * bone(18, 20), out) * world[16 + right];
    Mat3 hand = Turn(world[18 + right] * bone(20, 22), out) * world[18 + right];
    // Roll the hand until the thumb's root points forward; the forearm takes half of it.
    const Vec3 thumb = hand * (thumb_roots[right] - joints.row(20 + right).transpose());
    const double roll = std::atan2(thumb.y(), thumb.z());
    const auto about_x = [](double angle) {
      return Eigen::AngleAxisd(angle, Vec3::UnitX()).toRotationMatrix();
    };
    world[18 + right] = about_x(0.5 * roll) * world[18 + right];
    hand = about_x(roll) * hand;
    world[20 + right] = world[22 + right] = hand;

    const Vec3 leg = bone(1, 7);
    const Vec3 goal = Vec3(side * kLegSlope, -std::hypot(leg.x(), leg.y()), leg.z());
    const Mat3 upright =
        Turn(Vec3(leg.x(), leg.y(), 0).normalized(), Vec3(goal.x(), goal.y(), 0).normalized());
    world[1 + right] = world[4 + right] = upright;
  }
  return world;
}

// Skinning by dual quaternions (Kavan et al. 2007), which keeps the volume of shoulders and hips.
Figure Repose(const Figure& figure, const SparseRows& weights, const JointRotations& world) {
  Figure posed{Points3(figure.vertices.rows(), 3), Points3(figure.joints.rows(), 3)};
  const int num_joints = static_cast<int>(figure.joints.rows());
  std::vector<Eigen::Vector4d> real(num_joints), dual(num_joints);
  for (int k = 0; k < num_joints; ++k) {
    const int parent = SmplLayout().parents[k];
    posed.joints.row(k) = figure.joints.row(k);
    if (parent >= 0) {
      const Vec3 bone = (figure.joints.row(k) - figure.joints.row(parent)).transpose();
      posed.joints.row(k) = posed.joints.row(parent) + (world[parent] * bone).transpose();
    }
    const Eigen::Quaterniond q(world[k]);
    const Vec3 shift = posed.joints.row(k).transpose() - q * Vec3(figure.joints.row(k));
    const Eigen::Quaterniond half(0, 0.5 * shift.x(), 0.5 * shift.y(), 0.5 * shift.z());
    real[k] = q.coeffs();
    dual[k] = (half * q).coeffs();
  }
  for (int v = 0; v < weights.rows(); ++v) {
    Eigen::Vector4d q = Eigen::Vector4d::Zero();
    Eigen::Vector4d d = Eigen::Vector4d::Zero();
    const Eigen::Vector4d first = real[SparseRows::InnerIterator(weights, v).col()];
    for (SparseRows::InnerIterator it(weights, v); it; ++it) {
      const double w = real[it.col()].dot(first) < 0 ? -it.value() : it.value();
      q += w * real[it.col()];
      d += w * dual[it.col()];
    }
    const double norm = q.norm();
    const Eigen::Quaterniond rotation(q / norm);
    const Eigen::Quaterniond moved(d / norm);
    const Vec3 shift = 2 * (moved * rotation.conjugate()).vec();
    posed.vertices.row(v) = rotation * Vec3(figure.vertices.row(v)) + shift;
  }
  return posed;
}

// An identity in the T-pose, its pelvis 0.22 m below the origin.
Figure MakeFigure(const MakeHumanData& data, const Points3& base_vertices) {
  Figure figure{Points3(data.body().size(), 3), data.Joints(base_vertices)};
  for (size_t i = 0; i < data.body().size(); ++i) {
    figure.vertices.row(i) = base_vertices.row(data.body()[i]);
  }
  const Vec3 thumbs[2] = {data.CubeCenter(base_vertices, "joint-l-finger-1-1"),
                          data.CubeCenter(base_vertices, "joint-r-finger-1-1")};
  Figure posed = Repose(figure, data.weights(), TPoseRotations(figure.joints, thumbs));
  const Eigen::RowVector3d origin = posed.joints.row(0) + Eigen::RowVector3d(0, 0.22, 0);
  posed.vertices.rowwise() -= origin;
  posed.joints.rowwise() -= origin;
  return posed;
}

// Outward normals, weighted by area: a vertex' share in the change of volume.
Points3 AreaNormals(const Points3& vertices, const Faces& faces) {
  Points3 normals = Points3::Zero(vertices.rows(), 3);
  for (int f = 0; f < faces.rows(); ++f) {
    const auto corner = [&](int i) -> Vec3 { return vertices.row(faces(f, i)); };
    const Vec3 area = (corner(1) - corner(0)).cross(corner(2) - corner(0)) / 6;
    for (int i = 0; i < 3; ++i) normals.row(faces(f, i)) += area.transpose();
  }
  return normals;
}

// Ten principal components of drawn identities, scaled to unit variance [3V,10]; positive
// coefficients add volume.
RowMatX PrincipalShapes(const MakeHumanData& data, const Figure& neutral) {
  constexpr int kSamples = 160;
  const int64_t size = neutral.vertices.size();
  Eigen::MatrixXd samples(size, kSamples);
  for (int i = 0; i < kSamples; ++i) {
    const Figure figure = MakeFigure(data, Compose(data, DrawIdentity(i)));
    samples.col(i) = Eigen::Map<const VecX>(figure.vertices.data(), size);
  }
  samples.colwise() -= VecX(samples.rowwise().mean());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(samples.transpose() * samples);
  const Points3 normals = AreaNormals(neutral.vertices, data.faces());
  const int count = SmplLayout().num_betas;
  RowMatX shapes(size, count);
  for (int c = 0; c < count; ++c) {
    // The squared length of samples * eigenvector is the eigenvalue, kSamples - 1 variances.
    const VecX direction =
        samples * solver.eigenvectors().col(kSamples - 1 - c) / std::sqrt(kSamples - 1.0);
    const double volume = direction.dot(Eigen::Map<const VecX>(normals.data(), size));
    shapes.col(c) = volume < 0 ? VecX(-direction) : direction;
  }
  return shapes;
}

std::array<int, kNumLandmarks> FindLandmarks(const MakeHumanData& data, const Points3& base) {
  Points3 body(data.body().size(), 3);
  for (size_t i = 0; i < data.body().size(); ++i) body.row(i) = base.row(data.body()[i]);
  const auto moved_by = [&](std::initializer_list<int> bones) {
    std::vector<int> list;
    for (int v = 0; v < body.rows(); ++v) {
      double share = 0;
      for (int bone : bones) share += data.weights().coeff(v, bone);
      if (share > 0.5) list.push_back(v);
    }
    if (list.empty())
      ThrowUserError("MakeHuman's weights move no skin with bone {}.", *bones.begin());
    return list;
  };
  const auto farthest = [&](const std::vector<int>& among, const Vec3& direction) {
    return *std::max_element(among.begin(), among.end(), [&](int a, int b) {
      return body.row(a).dot(direction) < body.row(b).dot(direction);
    });
  };
  const std::vector<int> head = moved_by({15});
  std::array<int, kNumLandmarks> landmarks;
  for (int right = 0; right < 2; ++right) {
    const double side = right ? -1.0 : 1.0;
    const std::string prefix = right ? "joint-r-" : "joint-l-";
    const Vec3 eye = data.CubeCenter(base, prefix + "eye");
    const std::vector<int> foot = moved_by({7 + right, 10 + right});
    const std::vector<int> hand = moved_by({20 + right, 22 + right});
    landmarks[right ? 1 : 2] = NearestVertex(body, head, eye + Vec3(0, 0, 0.015));
    // The ear's opening lies behind the eye by nearly the head's half-depth.
    landmarks[right ? 3 : 4] = farthest(head, Vec3(side, 0, 0));
    const int first = right ? 8 : 5;
    const Vec3 tip(0, 0, 0.01);
    landmarks[first] = NearestVertex(body, foot, data.CubeCenter(base, prefix + "toe-1-3") + tip);
    landmarks[first + 1] =
        NearestVertex(body, foot, data.CubeCenter(base, prefix + "toe-5-4") + tip);
    landmarks[first + 2] = farthest(foot, Vec3(0, -0.3, -1));
    for (int finger = 0; finger < 5; ++finger) {
      const Vec3 end = data.CubeCenter(base, fmt::format("{}finger-{}-4", prefix, finger + 1));
      landmarks[(right ? 16 : 11) + finger] = NearestVertex(body, hand, end);
    }
  }
  landmarks[0] = farthest(head, Vec3(0, 0, 1));
  return landmarks;
}

}  // namespace

BodyModel ImportMakeHuman(const std::filesystem::path& folder) {
  const MakeHumanData data(folder);
  const Points3 neutral = Compose(data, Identity());
  const Figure figure = MakeFigure(data, neutral);

  BodyModel model;
  model.name = folder.string();
  model.faces = data.faces();
  model.weights = data.weights();
  model.v_template = figure.vertices;
  model.shapedirs = PrincipalShapes(data, figure);
  model.posedirs =
      VolumeKeepingPosedirs(figure.vertices, figure.joints, model.weights, model.parents());
  model.J_regressor =
      FitJointRegressor(figure.vertices, model.weights, model.parents(), figure.joints);
  model.landmark_vertices = FindLandmarks(data, neutral);
  const Vec3 nose = figure.vertices.row(model.landmark_vertices[0]);
  model.J_regressor_extra = AnnotatorRegressor(figure.vertices, figure.joints, nose);
  CheckBodyModel(model);
  return model;
}

}  // namespace gyre
