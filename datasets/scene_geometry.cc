// SPDX-License-Identifier: Apache-2.0
#include "datasets/scene_geometry.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/limbs.h"
#include "body/rule_poses.h"
#include "core/error.h"
#include "core/so3.h"
#include "io/npz.h"

namespace gyre {

namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kBoxMargin = 1.2;
constexpr uint32_t kSeated = 2;   // the scene stream's third sequence
constexpr int kBodyColumns = 66;  // pose of the root and 21 joints, without hands

// Rows of `poses` without the root: [N,69].
RowMatX ReadPoses(const std::filesystem::path& path) {
  const Npz npz = ReadNpz(path);
  const NdArray& array = Get(npz, "poses", path);
  const std::string what = path.string() + ": key 'poses'";
  if (array.shape.size() != 2 || array.dim(0) < 1 || array.dim(1) < kBodyColumns) {
    ThrowUserError("{}: expected [N,72] axis-angles (or AMASS's wider rows), found {}", what,
                   array.ShapeString());
  }
  const std::vector<double> values = array.As<double>(what);
  const int64_t columns = array.dim(1);
  const int64_t used = columns == kNumPoseParams ? kNumPoseParams : kBodyColumns;
  RowMatX poses = RowMatX::Zero(array.dim(0), kNumPriorPose);
  for (int64_t row = 0; row < poses.rows(); ++row) {
    for (int64_t c = 3; c < used; ++c) poses(row, c - 3) = values[row * columns + c];
    if (!poses.row(row).allFinite()) ThrowUserError("{}: row {} is not finite", what, row);
  }
  return poses;
}

// Body to camera axes. Rx(pi) stands a body upright and facing the camera.
Mat3 DrawOrientation(const SceneOptions& options, Rng& rng, SceneGeometry* scene) {
  const double yaw = rng.Uniform(-options.yaw_max_deg, options.yaw_max_deg) * kDegree;
  scene->tilt_rad = rng.Normal(0, options.tilt_sigma_deg) * kDegree;
  scene->roll_rad = rng.Normal(0, options.roll_sigma_deg) * kDegree;
  const double any_roll = rng.Uniform(-std::numbers::pi, std::numbers::pi);
  if (rng.Bernoulli(options.any_turn_share)) scene->roll_rad = any_roll;
  return ExpSO3(Vec3(0, 0, scene->roll_rad)) * ExpSO3(Vec3(scene->tilt_rad, 0, 0)) *
         ExpSO3(Vec3(std::numbers::pi, 0, 0)) * ExpSO3(Vec3(0, yaw, 0));
}

// Puts joints (of a body at translation zero) into the frame: the translation.
Vec3 DrawPlacement(const SceneOptions& options, const Points3& joints, const Camera& camera,
                   Rng& rng) {
  Eigen::AlignedBox3d bounds;
  for (int i = 0; i < joints.rows(); ++i) bounds.extend(Vec3(joints.row(i).transpose()));
  const double extent = bounds.sizes().head<2>().maxCoeff();
  const double share = rng.Uniform(options.person_share_min, options.person_share_max);
  const double frame_px = std::min(options.width_px, options.height_px);
  const double depth =
      std::max(camera.focal_px * extent / (share * frame_px), bounds.sizes().z() + 0.5);
  // Free room on each side, in pixels; one person in a few is cut a little by the frame.
  const Vec2 frame(options.width_px, options.height_px);
  const Vec2 free =
      0.55 * (frame - camera.focal_px / depth * bounds.sizes().head<2>()).cwiseMax(0.1 * frame_px);
  const Vec2 offset(free.x() * rng.Uniform(-1, 1), free.y() * rng.Uniform(-1, 1));
  const Vec3 center_in_cam(offset.x() * depth / camera.focal_px,
                           offset.y() * depth / camera.focal_px, depth);
  return center_in_cam - bounds.center();
}

SceneOccluder DrawOccluder(const SceneGeometry& scene, Rng& rng) {
  SceneOccluder occluder;
  const int joint = static_cast<int>(rng.Below(scene.joints_px.rows()));
  occluder.center_px = scene.joints_px.row(joint).transpose();
  occluder.half_size_px.x() = 0.5 * scene.box.side_px * rng.Uniform(0.08, 0.35);
  occluder.half_size_px.y() = 0.5 * scene.box.side_px * rng.Uniform(0.08, 0.35);
  occluder.angle_rad = rng.Uniform(-0.5, 0.5);
  occluder.round = rng.Bernoulli(0.3);
  return occluder;
}

// Left and right exchanged in legs or in arms, as detectors do.
void SwapSides(bool legs, Points2* keypoints_px, VecX* confidence) {
  const std::vector<int>& from =
      SpinKeypointsWithLimbsExchanged(legs ? Limbs::kLegs : Limbs::kArms);
  *keypoints_px = (*keypoints_px)(from, Eigen::all).eval();
  *confidence = (*confidence)(from).eval();
}

// Forgets the joints that are not of the keypoint set.
void KeepAnnotated(std::string_view set, Rng& rng, VecX* confidence) {
  constexpr std::string_view kAny[] = {"all", "body25", "coco17", "mpii16", "h36m17", "lsp14"};
  if (set == "any") set = kAny[rng.Below(std::size(kAny))];
  if (set == "all") return;
  VecX kept = VecX::Zero(kNumSpinJoints);
  for (const int i : SpinPositionsOf(FindKeypointSet(set))) {
    if (i >= 0) kept[i] = (*confidence)[i];
  }
  *confidence = kept;
}

}  // namespace

bool SceneOccluder::Covers(const Vec2& point_px) const {
  const Vec2 local =
      (Eigen::Rotation2Dd(-angle_rad) * (point_px - center_px)).cwiseQuotient(half_size_px);
  return round ? local.squaredNorm() <= 1 : local.cwiseAbs().maxCoeff() <= 1;
}

SceneGeometryMaker::SceneGeometryMaker(const BodyModel& body,
                                       std::shared_ptr<const PosePrior> prior,
                                       const SceneOptions& options)
    : options_(options), prior_(std::move(prior)), joints_(body, SpinJoints()) {
  if (!options.poses.empty()) poses_ = ReadPoses(options.poses);
  GYRE_CHECK(prior_ || poses_.rows() > 0, "scenes need a prior or a file of poses");
}

PriorPose SceneGeometryMaker::DrawPose(Rng& rng) const {
  if (poses_.rows() > 0) return poses_.row(rng.Below(poses_.rows())).transpose();
  return prior_->Sample(rng, options_.pose_spread);
}

SceneGeometry SceneGeometryMaker::Make(int64_t index) const {
  Rng rng(options_.seed, RngStream::kScene, 0, static_cast<uint64_t>(index));
  SceneGeometry scene;
  scene.params.pose().tail<kNumPriorPose>() = DrawPose(rng);
  // A sequence of its own: whoever else is seated, a person stays the same.
  Rng seated_rng(options_.seed, RngStream::kScene, kSeated, static_cast<uint64_t>(index));
  if (seated_rng.Bernoulli(options_.seated_share)) {
    const RulePose kind = seated_rng.Bernoulli(0.5) ? RulePose::kSeated : RulePose::kSquatting;
    scene.params.pose().tail<kNumPriorPose>() = DrawRulePose(kind, seated_rng);
  }
  scene.params.pose().head<3>() = LogSO3(DrawOrientation(options_, rng, &scene));
  for (double& beta : scene.params.betas()) {
    beta = std::clamp(rng.Normal(), -options_.beta_max, options_.beta_max);
  }
  scene.camera.focal_px =
      std::exp(rng.Uniform(std::log(options_.focal_min_px), std::log(options_.focal_max_px)));
  scene.camera.center_px = 0.5 * Vec2(options_.width_px - 1, options_.height_px - 1);
  scene.params.transl() = DrawPlacement(options_, joints_.Positions(scene.params), scene.camera, rng);
  Project(&scene);
  if (rng.Bernoulli(options_.occluder_probability)) {
    scene.occluders.push_back(DrawOccluder(scene, rng));
  }
  for (int i = 0; i < kNumSpinJoints; ++i) {
    const Vec2 joint = scene.joints_px.row(i).transpose();
    scene.in_frame[i] = joint.x() > -0.5 && joint.y() > -0.5 &&
                        joint.x() < options_.width_px - 0.5 && joint.y() < options_.height_px - 0.5;
    scene.covered[i] =
        std::any_of(scene.occluders.begin(), scene.occluders.end(),
                    [&](const SceneOccluder& occluder) { return occluder.Covers(joint); });
  }
  return scene;
}

void SceneGeometryMaker::Project(SceneGeometry* scene) const {
  scene->joints = joints_.Positions(scene->params);
  scene->joints_px.resize(kNumSpinJoints, 2);
  for (int i = 0; i < kNumSpinJoints; ++i) {
    scene->joints_px.row(i) = scene->camera.Project(scene->joints.row(i).transpose()).transpose();
  }
  scene->box = BoxAroundPoints(scene->joints_px, VecX::Ones(kNumSpinJoints), kBoxMargin).value();
}

SceneGeometry SceneGeometryMaker::InSpinCrop(SceneGeometry scene) const {
  const Vec2 offset = (scene.box.center_px - scene.camera.center_px) / scene.camera.focal_px;
  const Vec3 towards(offset.x(), offset.y(), 1);
  const Mat3 ahead = Eigen::Quaterniond::FromTwoVectors(towards, Vec3::UnitZ()).toRotationMatrix();
  scene.params.rotation(0) = LogSO3(ahead * ExpSO3(scene.params.rotation(0)));
  scene.camera = SpinCropCamera();
  // SPIN's camera is so far away that the box follows depth and place as in a drawing to scale;
  // what little it does not, the next round mends.
  constexpr int kRounds = 5;
  scene.params.transl() = Vec3(0, 0, 50);
  for (int round = 0; round < kRounds; ++round) {
    Project(&scene);
    const double depth = scene.joints.col(2).mean();
    const Vec2 miss = scene.box.center_px - scene.camera.center_px;
    scene.params.transl().head<2>() -= depth / scene.camera.focal_px * miss;
    scene.params.transl().z() += depth * (scene.box.side_px / kReferenceCropPx - 1);
  }
  Project(&scene);
  scene.occluders.clear();
  return scene;
}

void DrawNoisyKeypoints(const SceneGeometry& scene, const KeypointNoise& noise, Rng& rng,
                        Points2* keypoints_px, VecX* confidence) {
  const double reference_px = scene.box.side_px / kReferenceCropPx;
  *keypoints_px = Points2::Zero(kNumSpinJoints, 2);
  *confidence = VecX::Zero(kNumSpinJoints);
  for (int i = 0; i < kNumSpinJoints; ++i) {
    const Vec2 truth = scene.joints_px.row(i).transpose();
    const Vec2 jitter(rng.Normal(), rng.Normal());
    const Vec2 anywhere(rng.Uniform(-0.5, 0.5), rng.Uniform(-0.5, 0.5));
    const bool outlier = rng.Bernoulli(noise.outlier_rate);
    const bool missing = rng.Bernoulli(noise.missing_rate);
    const bool missing_covered = rng.Bernoulli(noise.occluded_missing_rate) && scene.covered[i];
    if (missing || missing_covered || !scene.in_frame[i]) continue;
    Vec2 seen = truth + noise.sigma_px * reference_px * jitter;
    if (outlier && noise.outlier_px > 0) {
      const double direction = 2 * std::numbers::pi * anywhere.x();
      seen += noise.outlier_px * reference_px * Vec2(std::cos(direction), std::sin(direction));
    } else if (outlier) {
      seen = scene.box.center_px + scene.box.side_px * anywhere;
    }
    keypoints_px->row(i) = seen.transpose();
    (*confidence)[i] = 1;
  }
  if (rng.Bernoulli(noise.swap_rate)) SwapSides(rng.Bernoulli(0.5), keypoints_px, confidence);
  KeepAnnotated(noise.joints, rng, confidence);
}

}  // namespace gyre
