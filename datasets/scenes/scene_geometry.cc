// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/scene_geometry.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/rule_poses.h"
#include "core/error.h"
#include "core/so3.h"
#include "io/npz.h"
#include "person/crops.h"

namespace gyre {

namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr uint32_t kSeated = 2;   // the scene stream's third sequence
constexpr uint32_t kHands = 3;    // and its fourth
constexpr int kBodyColumns = 66;  // pose of the root and 21 joints, without hands

// Rows of `poses` without the root: [N,69].
RowMatX ReadPoses(const std::filesystem::path& path) {
  NpzRows rows(path, "poses");  // and none of what else the file holds
  const NdArray array = rows.Next(rows.shape()[0]);
  const std::string what = path.string() + ": key 'poses'";
  if (array.shape.size() != 2 || array.dim(0) < 1 || array.dim(1) < kBodyColumns) {
    ThrowUserError("{}: expected [N,72] axis-angles (or AMASS's wider rows), found {}", what,
                   array.ShapeString());
  }
  const std::vector<double> values = array.As<double>(what);
  const int64_t columns = array.dim(1);
  const int64_t used = columns == SmplLayout().num_pose() ? columns : kBodyColumns;
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
void SwapSides(bool legs, Keypoints* keypoints) {
  const std::vector<int>& from =
      LimbsExchangedIn(*keypoints->set, legs ? Limbs::kLegs : Limbs::kArms);
  keypoints->px = keypoints->px(from, Eigen::all).eval();
  keypoints->confidence = keypoints->confidence(from).eval();
}

// Forgets the joints that are not of the annotated set.
void KeepAnnotated(std::string_view annotated, Rng& rng, Keypoints* keypoints) {
  constexpr std::string_view kAny[] = {"all", "body25", "coco17", "mpii16", "h36m17", "lsp14"};
  if (annotated == "any") annotated = kAny[rng.Below(std::size(kAny))];
  if (annotated == "all") return;
  VecX kept = VecX::Zero(keypoints->size());
  for (const int i : PositionsIn(*keypoints->set, FindKeypointSet(annotated))) {
    if (i >= 0) kept[i] = keypoints->confidence[i];
  }
  keypoints->confidence = kept;
}

KeypointSet HadBy(const BodyModel& body, const KeypointSet& set) {
  KeypointSet had{set.name, {}};
  for (const std::string_view joint : set.joints) {
    if (HasJoint(body, FindJoint(joint))) had.joints.push_back(joint);
  }
  return had;
}

Points2 ProjectAll(const Camera& camera, const Points3& joints) {
  Points2 px(joints.rows(), 2);
  for (int i = 0; i < joints.rows(); ++i) {
    px.row(i) = camera.Project(joints.row(i).transpose()).transpose();
  }
  return px;
}

// The prior's pose is of SMPL's joints but the root; those that the body lacks are left out.
void SetPose(const PriorPose& pose, const BodyLayout& layout, BodyParams* params) {
  const BodyLayout& smpl = SmplLayout();
  for (int k = 1; k < smpl.num_joints(); ++k) {
    const int joint = layout.IndexOf(smpl.joints[k]);
    if (joint >= 0) params->rotation(joint) = pose.segment<3>(3 * (k - 1));
  }
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
    : options_(options),
      set_(FindKeypointSet(options.set)),
      layout_(body.layout),
      prior_(std::move(prior)),
      joints_(body, HadBy(body, SpinJoints())) {
  if (&set_ != &SpinJoints()) keypoints_.emplace(body, HadBy(body, set_));
  for (const std::string_view joint : (keypoints_ ? *keypoints_ : joints_).set().joints) {
    keypoint_rows_.push_back(set_.IndexOf(joint));
  }
  for (const int right : {0, 1}) {
    if (HandPca::IsKnown(body, right)) hands_.emplace_back(body, right);
  }
  if (!options.poses.empty()) poses_ = ReadPoses(options.poses);
  GYRE_CHECK(prior_ || poses_.rows() > 0, "scenes need a prior or a file of poses");
}

PriorPose SceneGeometryMaker::DrawPose(Rng& rng) const {
  if (poses_.rows() > 0) return poses_.row(rng.Below(poses_.rows())).transpose();
  return prior_->Sample(rng, options_.pose_spread);
}

void SceneGeometryMaker::DrawHandsAndFace(Rng& rng, BodyParams* params) const {
  constexpr double kJawRad = 0.1, kMost = 2.5;
  const auto draw = [&] { return options_.hands * std::clamp(rng.Normal(), -kMost, kMost); };
  for (const HandPca& hand : hands_) {
    VecX pose = hand.mean();
    for (int i = 0; i < hand.size(); ++i) pose += draw() / (1 + i) * hand.basis().col(i);
    params->values()(hand.params()) = pose;
  }
  if (const int jaw = layout_->IndexOf("Jaw"); jaw >= 0) {
    params->rotation(jaw) = Vec3(kJawRad * std::abs(draw()), 0, 0);
  }
  for (double& value : params->expression()) value = draw();
}

SceneGeometry SceneGeometryMaker::Make(int64_t index) const {
  Rng rng(options_.seed, RngStream::kScene, 0, static_cast<uint64_t>(index));
  SceneGeometry scene;
  scene.params = BodyParams(*layout_);
  SetPose(DrawPose(rng), *layout_, &scene.params);
  // A sequence of its own: whoever else is seated, a person stays the same.
  Rng seated_rng(options_.seed, RngStream::kScene, kSeated, static_cast<uint64_t>(index));
  if (seated_rng.Bernoulli(options_.seated_share)) {
    const RulePose kind = seated_rng.Bernoulli(0.5) ? RulePose::kSeated : RulePose::kSquatting;
    SetPose(DrawRulePose(kind, seated_rng), *layout_, &scene.params);
  }
  Rng hands_rng(options_.seed, RngStream::kScene, kHands, static_cast<uint64_t>(index));
  if (options_.hands > 0) DrawHandsAndFace(hands_rng, &scene.params);
  scene.params.rotation(0) = LogSO3(DrawOrientation(options_, rng, &scene));
  for (double& beta : scene.params.betas()) {
    beta = std::clamp(rng.Normal(), -options_.beta_max, options_.beta_max);
  }
  scene.camera.focal_px =
      std::exp(rng.Uniform(std::log(options_.focal_min_px), std::log(options_.focal_max_px)));
  scene.camera.center_px = 0.5 * Vec2(options_.width_px - 1, options_.height_px - 1);
  scene.params.transl() =
      DrawPlacement(options_, joints_.Positions(scene.params), scene.camera, rng);
  Project(&scene);
  if (rng.Bernoulli(options_.occluder_probability)) {
    scene.occluders.push_back(DrawOccluder(scene, rng));
  }
  MarkHidden(&scene);
  return scene;
}

void SceneGeometryMaker::MarkHidden(SceneGeometry* scene) const {
  const Vec2 end(options_.width_px - 0.5, options_.height_px - 0.5);
  scene->in_frame.assign(set_.size(), false);
  scene->covered.assign(set_.size(), false);
  for (const int i : keypoint_rows_) {
    const Vec2 point = scene->keypoints_px.row(i).transpose();
    scene->in_frame[i] =
        point.x() > -0.5 && point.y() > -0.5 && point.x() < end.x() && point.y() < end.y();
    scene->covered[i] =
        std::ranges::any_of(scene->occluders, [&](const auto& o) { return o.Covers(point); });
  }
}

void SceneGeometryMaker::Project(SceneGeometry* scene) const {
  scene->joints = joints_.Positions(scene->params);
  scene->joints_px = ProjectAll(scene->camera, scene->joints);
  scene->keypoints_px = Points2::Zero(set_.size(), 2);
  scene->keypoints_px(keypoint_rows_, Eigen::all) =
      keypoints_ ? ProjectAll(scene->camera, keypoints_->Positions(scene->params))
                 : scene->joints_px;
  scene->box =
      BoxAroundPoints(scene->joints_px, VecX::Ones(scene->joints_px.rows()), kBoxMargin).value();
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

Keypoints DrawNoisyKeypoints(const SceneGeometry& scene, const KeypointSet& set,
                             const KeypointNoise& noise, Rng& rng) {
  const double reference_px = scene.box.side_px / kReferenceCropPx;
  Keypoints keypoints(set);
  GYRE_CHECK(scene.keypoints_px.rows() == keypoints.size());
  for (int i = 0; i < keypoints.size(); ++i) {
    const Vec2 truth = scene.keypoints_px.row(i).transpose();
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
    keypoints.px.row(i) = seen.transpose();
    keypoints.confidence[i] = 1;
  }
  if (rng.Bernoulli(noise.swap_rate)) SwapSides(rng.Bernoulli(0.5), &keypoints);
  KeepAnnotated(noise.joints, rng, &keypoints);
  return keypoints;
}

}  // namespace gyre
