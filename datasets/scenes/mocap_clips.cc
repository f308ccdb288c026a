// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/mocap_clips.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/rng.h"
#include "core/so3.h"
#include "person/crops.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr int kBodyPose = 66;  // of the root and 21 joints, as in every body of SMPL's family
constexpr double kNearestM = 3, kFarthestM = 200;
constexpr double kMargin = 0.05;  // of the picture, free of joints
constexpr double kHighestRad = 20 * std::numbers::pi / 180;

void CheckMocap(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    ThrowUserError("mocap: {} is {}, expected {} to {}", field, value, low, high);
  }
}

struct Part {
  int64_t first = 0, last = 0, of = 1;

  bool Holds(int64_t i) const { return i % of >= first && i % of <= last; }
};

// "3/24", "2-15/24", or nothing.
Part ParsePart(const std::string& text) {
  if (text.empty()) return {};
  Part part;
  const char *at = text.data(), *const end = at + text.size();
  const auto number = [&](int64_t* value) {
    const auto [next, error] = std::from_chars(at, end, *value);
    const bool good = error == std::errc() && next != at;
    at = next;
    return good;
  };
  const auto sign = [&](char expected) {
    const bool there = at != end && *at == expected;
    at += there ? 1 : 0;
    return there;
  };
  bool good = number(&part.first);
  part.last = part.first;
  if (good && sign('-')) good = number(&part.last);
  good = good && sign('/') && number(&part.of) && at == end;
  if (!good || part.first < 0 || part.last < part.first || part.of <= part.last) {
    ThrowUserError("mocap: part '{}' is not as 0/24 or 2-15/24, counted from 0", text);
  }
  return part;
}

// The joints of a set that a body has, and where they are in the set.
KeypointSet OnBody(const BodyModel& body, const KeypointSet& set, std::vector<int>* rows) {
  KeypointSet on_body{"mocap", {}};
  for (int i = 0; i < set.size(); ++i) {
    if (!HasJoint(body, FindJoint(set.joints[i]))) continue;
    on_body.joints.push_back(set.joints[i]);
    rows->push_back(i);
  }
  return on_body;
}

// From the motion capture's world to one with y up.
Mat3 Upright(MocapUp up) {
  Mat3 upright = Mat3::Identity();
  if (up == MocapUp::kZ) upright << 1, 0, 0, 0, 0, 1, 0, -1, 0;
  return upright;
}

// [frames,N,3] world with y up.
std::vector<float> WorldJoints(const FoldedJoints& joints, const RowMatX& poses,
                               const Points3& transl, const VecX& betas, MocapUp up) {
  BodyParams params(joints.layout());
  params.betas() = betas;
  std::vector<float> world;
  world.reserve(poses.rows() * joints.size() * 3);
  for (Eigen::Index t = 0; t < poses.rows(); ++t) {
    params.pose().head(kBodyPose) = poses.row(t).transpose();
    params.transl() = transl.row(t).transpose();
    const Points3 of_frame = joints.Positions(params) * Upright(up).transpose();
    for (const double coordinate : of_frame.reshaped<Eigen::RowMajor>()) {
      world.push_back(static_cast<float>(coordinate));
    }
  }
  return world;
}

}  // namespace

void MocapOptions::Check() const {
  ParsePart(part);
  CheckMocap("views", views, 1, 1000);
  CheckMocap("fps", fps, 0.1, 1000);
  CheckMocap("most_frames", static_cast<double>(most_frames), 0, 0x1p40);
  CheckMocap("frame", picture_px, 32, 1 << 16);
  CheckMocap("focal_px", focal_px, 0.2 * picture_px, 1e6);
  CheckMocap("noise", noise_px, 0, picture_px);
  CheckMocap("missing", missing_rate, 0, 1);
  CheckMocap("beta_max", beta_max, 0, 5);
}

MocapDataset::MocapDataset(const BodyModel& body, std::vector<PoseClip> clips,
                           const KeypointSet& set, const MocapOptions& options, std::string name)
    : set_(&set), rest_(body), options_(options), name_(std::move(name)) {
  options_.Check();
  const FoldedJoints joints(body, OnBody(body, set, &rows_));
  const Part part = ParsePart(options_.part);
  for (size_t i = 0; i < clips.size(); ++i) {
    if (!part.Holds(static_cast<int64_t>(i)) || clips[i].poses.rows() == 0) continue;
    Rng rng(options_.seed, RngStream::kScene, 0, i);
    VecX betas(body.layout->num_betas);
    for (double& beta : betas) {
      beta = std::clamp(rng.Normal(), -options_.beta_max, options_.beta_max);
    }
    const int64_t step = std::max<int64_t>(1, std::llround(clips[i].fps / options_.fps));
    Clip clip;
    clip.frames = (clips[i].poses.rows() - 1) / step + 1;
    if (options_.most_frames > 0) clip.frames = std::min(clip.frames, options_.most_frames);
    clip.betas = betas;
    clip.poses.resize(clip.frames, kBodyPose);
    clip.transl.setZero(clip.frames, 3);
    for (int64_t t = 0; t < clip.frames; ++t) {
      clip.poses.row(t) = clips[i].poses.row(t * step).head(kBodyPose);
      if (clips[i].transl.rows() > 0) clip.transl.row(t) = clips[i].transl.row(t * step);
    }
    clip.joints = WorldJoints(joints, clip.poses, clip.transl, betas, options_.up);
    clip.first = size_;
    const double azimuth = rng.Uniform(0, 2 * std::numbers::pi);
    for (int v = 0; v < options_.views; ++v) {
      const double elevation = rng.Uniform(0, kHighestRad), farther = rng.Uniform(1, 1.3);
      const double turn = 2 * std::numbers::pi * v / options_.views;
      clip.views.push_back(Place(clip, azimuth + turn, elevation, farther));
    }
    size_ += clip.frames * options_.views;
    clips_.push_back(std::move(clip));
  }
  if (clips_.empty()) {
    ThrowUserError("data set {}: part {} of {} clips holds none", name_, options_.part,
                   clips.size());
  }
}

MocapDataset::View MocapDataset::Place(const Clip& clip, double azimuth, double elevation,
                                       double farther) const {
  const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>> points(
      clip.joints.data(), static_cast<Eigen::Index>(clip.joints.size() / 3), 3);
  const Vec3 low = points.colwise().minCoeff().transpose().cast<double>();
  const Vec3 high = points.colwise().maxCoeff().transpose().cast<double>();
  const Vec3 middle = (low + high) / 2;
  const Vec3 outward(std::cos(elevation) * std::sin(azimuth), std::sin(elevation),
                     std::cos(elevation) * std::cos(azimuth));
  const Vec3 forward = -outward, right = forward.cross(Vec3::UnitY()).normalized();
  View view;
  view.cam_from_world << right.transpose(), forward.cross(right).transpose(), forward.transpose();
  for (double distance = kNearestM;; distance *= 1.1) {
    view.center_in_world = middle + distance * outward;
    if (Sees(view, clip)) break;
    if (distance > kFarthestM) {
      ThrowUserError("data set {}: a clip of motion capture goes {:.0f} m and is in no picture",
                     name_, (high - low).norm());
    }
  }
  view.center_in_world = middle + farther * (view.center_in_world - middle);
  return view;
}

bool MocapDataset::Sees(const View& view, const Clip& clip) const {
  const double half = (0.5 - kMargin) * options_.picture_px / options_.focal_px;
  for (int64_t t = 0; t < clip.frames; ++t) {
    const Points3 joints = InCamera(clip, view, t);
    for (const int row : rows_) {
      const double reach = half * joints(row, 2);
      if (joints(row, 2) < 1 || std::abs(joints(row, 0)) > reach ||
          std::abs(joints(row, 1)) > reach) {
        return false;
      }
    }
  }
  return true;
}

Points3 MocapDataset::InCamera(const Clip& clip, const View& view, int64_t frame) const {
  Points3 joints = Points3::Zero(set_->size(), 3);
  const float* world = &clip.joints[frame * rows_.size() * 3];
  for (const int row : rows_) {
    const Vec3 point(world[0], world[1], world[2]);
    joints.row(row) = (view.cam_from_world * (point - view.center_in_world)).transpose();
    world += 3;
  }
  return joints;
}

// What stands at x in the motion capture's world stands at C (U x - c) before the camera.
BodyParams MocapDataset::BodyInCamera(const Clip& clip, const View& view, int64_t frame) const {
  const Mat3 upright = Upright(options_.up);
  BodyParams params(*rest_.layout);
  params.betas() = clip.betas;
  params.pose().head(kBodyPose) = clip.poses.row(frame).transpose();
  params.rotation(0) = LogSO3(view.cam_from_world * upright * ExpSO3(params.rotation(0)));
  const Vec3 pelvis = rest_.PelvisAt(params.shape());
  const Vec3 in_world = upright * (pelvis + clip.transl.row(frame).transpose());
  params.transl() = view.cam_from_world * (in_world - view.center_in_world) - pelvis;
  return params;
}

Person MocapDataset::Get(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size_);
  const auto after = std::ranges::upper_bound(clips_, position, {}, &Clip::first);
  const Clip& clip = *(after - 1);
  const int64_t view = (position - clip.first) / clip.frames;
  Person person;
  person.dataset = name_;
  person.index = person.id = position;
  person.frame = (position - clip.first) % clip.frames;
  person.track = (after - 1 - clips_.begin()) * options_.views + view;
  person.image_width = person.image_height = options_.picture_px;
  person.camera = Camera{options_.focal_px, Vec2::Constant(0.5 * options_.picture_px)};
  const Points3 joints = InCamera(clip, clip.views[view], person.frame);
  person.keypoints = Keypoints(*set_);
  Rng rng(options_.seed, RngStream::kNoise, static_cast<uint32_t>(person.track),
          static_cast<uint64_t>(person.frame));
  for (const int row : rows_) {
    const Vec2 noise = options_.noise_px * Vec2(rng.Normal(), rng.Normal());
    if (rng.Bernoulli(options_.missing_rate)) continue;
    const Vec2 px = person.camera->Project(joints.row(row).transpose()) + noise;
    person.keypoints.px.row(row) = px.transpose();
    person.keypoints.confidence[row] = 1;
  }
  if (const auto box =
          BoxAroundPoints(person.keypoints.px, person.keypoints.confidence, kBoxMargin)) {
    person.box = *box;
  }
  if (!options_.labels) return person;
  person.params = BodyInCamera(clip, clip.views[view], person.frame);
  person.params_have_translation = true;
  const KeypointSet& in_space = SpaceSetOf(*set_);
  SpaceJoints& truth = person.joints3d.emplace(in_space);
  truth.placed = true;
  for (int i = 0; i < truth.size(); ++i) {
    const int row = set_->IndexOf(in_space.joints[i]);
    if (!std::ranges::binary_search(rows_, row)) continue;
    truth.m.row(i) = joints.row(row);
    truth.confidence[i] = 1;
  }
  return person;
}

ImageBuffer MocapDataset::LoadImage(const Person& person) const {
  ThrowUserError("data set {}, row {}: motion capture has no pictures", name_, person.index);
}

std::vector<PoseClip> ReadMocap(const fs::path& path) {
  const auto is_bvh = [](const fs::path& file) { return file.extension() == ".bvh"; };
  std::error_code error;
  bool bvh = is_bvh(path);
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    bvh = bvh || is_bvh(it->path());
  }
  return bvh ? RetargetBvhFiles({path}) : ReadPoseClipFiles({path}).clips;
}

}  // namespace gyre
