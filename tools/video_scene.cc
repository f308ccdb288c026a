// SPDX-License-Identifier: Apache-2.0
#include "tools/video_scene.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/rng.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr double kPi = std::numbers::pi;

BodyParams Between(const BodyParams& a, const BodyParams& b, double share) {
  BodyParams between = a;
  for (int k = 0; k < a.num_joints(); ++k) {
    const Mat3 from = ExpSO3(a.rotation(k));
    between.rotation(k) =
        LogSO3(from * ExpSO3(share * LogSO3(from.transpose() * ExpSO3(b.rotation(k)))));
  }
  between.transl() = a.transl() + share * (b.transl() - a.transl());
  return between;
}

// A clip at the video's rate, walking along +x from the origin.
class Walk {
 public:
  Walk(const PoseClip& clip, double fps, const RestJoints& rest) : rest_(rest) {
    const Vec3 path = (clip.transl.bottomRows<1>() - clip.transl.topRows<1>()).transpose();
    const Mat3 turn = ExpSO3(Vec3(0, std::atan2(path.z(), path.x()), 0));
    const auto frames = static_cast<int>(clip.poses.rows());
    for (int i = 0; i / fps < (frames - 1) / clip.fps; ++i) {
      const double at = i / fps * clip.fps;
      const int before = std::min(static_cast<int>(at), frames - 2);
      poses_.push_back(
          Between(PoseAt(clip, before, turn), PoseAt(clip, before + 1, turn), at - before));
    }
    FindCycle();
  }

  // Frame `i` of as many as one wants: from the end of the cycle the walk goes on at its beginning.
  BodyParams At(int i) const {
    const int cycle = i / length_, k = i % length_;
    const Vec3 step = poses_[length_].transl() - poses_[0].transl();
    BodyParams pose = poses_[k];
    if (cycle > 0 && k < kBlend) {  // as the last cycle would have gone on
      BodyParams last = poses_[length_ + k];
      last.transl() -= step;
      pose = Between(last, pose, (k + 1.0) / (kBlend + 1));
    }
    pose.transl() += cycle * step;
    return pose;
  }

 private:
  static constexpr int kBlend = 6;

  BodyParams PoseAt(const PoseClip& clip, int frame, const Mat3& turn) const {
    BodyParams pose(SmplLayout());
    pose.pose() = clip.poses.row(frame).transpose();
    const Vec3 pelvis = rest_.PelvisAt(pose.shape());
    pose.rotation(0) = LogSO3(turn * ExpSO3(pose.rotation(0)));
    const Vec3 place = pelvis + clip.transl.row(frame).transpose();
    pose.transl() = turn * place - pelvis;
    return pose;
  }

  // The frame that is most like the first, so that the walk can go on there.
  void FindCycle() {
    double least = std::numeric_limits<double>::infinity();
    const int n = static_cast<int>(poses_.size());
    for (int i = n / 2; i + kBlend < n; ++i) {
      double difference = 0;
      for (int k = 0; k < poses_[i].num_joints(); ++k) {
        difference +=
            LogSO3(ExpSO3(poses_[i].rotation(k)).transpose() * ExpSO3(poses_[0].rotation(k)))
                .squaredNorm();
      }
      if (difference < least) {
        least = difference;
        length_ = i;
      }
    }
  }

  const RestJoints& rest_;
  std::vector<BodyParams> poses_;
  int length_ = 1;
};

bool GoesStraight(const PoseClip& clip) {
  const Eigen::Index n = clip.transl.rows();
  if (n < 2 || n / clip.fps < 2) return false;
  double way = 0;
  const auto step = std::max<Eigen::Index>(1, static_cast<Eigen::Index>(clip.fps / 5));
  for (Eigen::Index i = step; i < n; i += step) {
    way += (clip.transl.row(i) - clip.transl.row(i - step)).norm();
  }
  const double straight = (clip.transl.row(n - 1) - clip.transl.row(0)).norm();
  return straight > 2 && straight > 0.95 * way;
}

// Of one person: how they go through the scene.
struct Walker {
  Walk walk;
  VecX shape;
  double depth_m;
  bool to_left;
  int first;       // frame in which they are at the picture's edge
  double floor_m;  // their lowest point in the clip
  bool seen = false, gone = false;
};

class SceneMaker {
 public:
  SceneMaker(const BodyModel& body, const VideoSceneOptions& options)
      : options_(options),
        rest_(body),
        joints_(body, FindKeypointSet("body25")),
        camera_{options.focal_px, {(options.width - 1) / 2.0, (options.height - 1) / 2.0}} {}

  VideoScene Make(const std::vector<const PoseClip*>& clips) {
    for (int person = 0; person < options_.people; ++person) {
      AddWalker(person, *clips[person % clips.size()]);
    }
    VideoScene scene;
    for (int frame = 0; frame < options_.frames; ++frame) AddFrame(frame, &scene);
    return scene;
  }

 private:
  void AddWalker(int person, const PoseClip& clip) {
    Rng rng(options_.seed, RngStream::kScene, 0, static_cast<uint64_t>(person));
    Walker walker{Walk(clip, options_.fps, rest_), VecX(SmplLayout().num_shape()), 0, false, 0, 0};
    for (double& beta : walker.shape) beta = rng.Normal(0, 0.7);
    walker.depth_m = 9 + 2.2 * (person % 3) + rng.Uniform(-0.3, 0.3);
    walker.to_left = person % 2 == 1;
    walker.first =
        static_cast<int>(options_.fps * options_.every_s * (person + rng.Uniform(0, 0.3)));
    std::vector<double> lowest;
    for (int i = 0; i < 60; ++i) {
      BodyParams pose = walker.walk.At(i);
      pose.shape() = walker.shape;
      lowest.push_back(joints_.Positions(pose).col(1).minCoeff());
    }
    std::ranges::sort(lowest);
    walker.floor_m = lowest[lowest.size() / 10];
    walkers_.push_back(std::move(walker));
  }

  // In the camera's frame: 1.5 m above the floor, looking a little down.
  BodyParams BodyOf(const Walker& walker, int frame) const {
    BodyParams body = walker.walk.At(frame - walker.first);
    body.shape() = walker.shape;
    const double half_m = walker.depth_m * options_.width / options_.focal_px / 2 + 0.5;
    const Mat3 turn = ExpSO3(Vec3(0, walker.to_left ? kPi : 0, 0));
    const double sign = walker.to_left ? 1 : -1;
    const Vec3 entry(sign * half_m, -walker.floor_m - 1.5, -walker.depth_m);
    Mat3 cam_from_world;
    cam_from_world << 1, 0, 0, 0, -1, 0, 0, 0, -1;
    const Mat3 tilted = ExpSO3(Vec3(0.06, 0, 0)) * cam_from_world;
    const Vec3 pelvis = rest_.PelvisAt(body.shape());
    const Vec3 place = turn * (pelvis + body.transl() - walker.walk.At(0).transl()) + entry;
    body.rotation(0) = LogSO3(tilted * turn * ExpSO3(body.rotation(0)));
    body.transl() = tilted * place - pelvis;
    return body;
  }

  void AddFrame(int frame, VideoScene* scene) {
    struct Seen {
      SceneBody body;
      Keypoints keypoints;
      double depth_m = 0;
    };
    std::vector<Seen> seen;
    for (int person = 0; person < options_.people; ++person) {
      Walker& walker = walkers_[person];
      if (frame < walker.first || walker.gone) continue;
      Seen one{{frame, person, -1, BodyOf(walker, frame)}, Keypoints(joints_.set()), 0};
      const Points3 joints = joints_.Positions(one.body.params);
      one.depth_m = joints.col(2).mean();
      for (int j = 0; j < joints_.size(); ++j) {
        const Vec2 px = camera_.Project(joints.row(j).transpose());
        one.keypoints.px.row(j) = px.transpose();
        one.keypoints.confidence[j] = InPicture(px);
      }
      const bool visible = one.keypoints.NumObserved() > 0;
      walker.gone = walker.seen && !visible;
      walker.seen = walker.seen || visible;
      if (visible) seen.push_back(std::move(one));
    }
    const std::vector<Seen> exact = seen;
    std::vector<size_t> order;
    for (size_t i = 0; i < seen.size(); ++i) {
      Rng rng(options_.seed, RngStream::kNoise, static_cast<uint32_t>(frame),
              static_cast<uint64_t>(seen[i].body.person));
      for (const Seen& other : exact) {
        if (other.depth_m < seen[i].depth_m) Hide(other.keypoints, rng, &seen[i].keypoints);
      }
      Detect(rng, &seen[i].keypoints);
      constexpr int kLeast = 6;
      const bool missing = rng.Bernoulli(options_.missing_frames);
      if (!missing && seen[i].keypoints.NumObserved() >= kLeast) order.push_back(i);
    }
    Rng rng(options_.seed, RngStream::kShuffle, static_cast<uint32_t>(frame));
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
    std::vector<Keypoints>& found = scene->found.emplace_back();
    for (const size_t i : order) {
      seen[i].body.place = std::ssize(found);
      found.push_back(seen[i].keypoints);
    }
    for (Seen& one : seen) scene->bodies.push_back(std::move(one.body));
  }

  bool InPicture(const Vec2& px) const {
    return px.x() > -0.5 && px.y() > -0.5 && px.x() < options_.width - 0.5 &&
           px.y() < options_.height - 0.5;
  }

  // What lies in the middle of somebody nearer.
  void Hide(const Keypoints& nearer, Rng& rng, Keypoints* keypoints) const {
    const double left = nearer.px.col(0).minCoeff(), right = nearer.px.col(0).maxCoeff();
    const double rim = 0.2 * (right - left);
    for (int j = 0; j < keypoints->size(); ++j) {
      const double x = keypoints->px(j, 0);
      if (x < left + rim || x > right - rim) continue;
      if (rng.Bernoulli(options_.hidden_joints)) keypoints->confidence[j] = 0;
    }
  }

  void Detect(Rng& rng, Keypoints* keypoints) const {
    for (int j = 0; j < keypoints->size(); ++j) {
      const Vec2 noise(rng.Normal(0, options_.noise_px), rng.Normal(0, options_.noise_px));
      keypoints->px.row(j) += noise.transpose();
      const double sure = rng.Uniform(0.6, 0.95);
      const bool missing = rng.Bernoulli(options_.missing_joints);
      keypoints->confidence[j] = missing ? 0 : sure * keypoints->confidence[j];
      if (keypoints->confidence[j] == 0) keypoints->px.row(j).setZero();
    }
  }

  const VideoSceneOptions& options_;
  const RestJoints rest_;
  const FoldedJoints joints_;
  const Camera camera_;
  std::vector<Walker> walkers_;
};

}  // namespace

void VideoSceneOptions::Check() const {
  const auto share = [](double value) { return value >= 0 && value <= 1; };
  if (people < 1 || people > 100'000 || frames < 2 || frames > 10'000'000) {
    ThrowUserError(
        "scene options people and frames are {} and {}; they must be from 1 to 1e5 and "
        "from 2 to 1e7",
        people, frames);
  }
  if (!(fps > 0 && fps <= 1000) || !(every_s >= 0) || !(focal_px >= 1) || width < 16 ||
      height < 16 || noise_px < 0) {
    ThrowUserError(
        "scene options fps {}, every_s {}, focal_px {}, width {}, height {} and noise_px {} are no "
        "video's",
        fps, every_s, focal_px, width, height, noise_px);
  }
  if (!share(missing_frames) || !share(missing_joints) || !share(hidden_joints)) {
    ThrowUserError(
        "scene options missing_frames, missing_joints and hidden_joints are {}, {} and "
        "{}; they must be from 0 to 1",
        missing_frames, missing_joints, hidden_joints);
  }
}

VideoScene MakeVideoScene(const BodyModel& body, const std::vector<PoseClip>& clips,
                          const VideoSceneOptions& options) {
  options.Check();
  if (body.layout->num_params() != SmplLayout().num_params()) {
    ThrowUserError("{}: motion capture moves SMPL's 24 joints, and this body has {}", body.name,
                   body.num_joints());
  }
  std::vector<const PoseClip*> straight;
  for (const PoseClip& clip : clips) {
    if (GoesStraight(clip)) straight.push_back(&clip);
  }
  if (straight.empty()) {
    ThrowUserError("none of {} clips goes straight for two metres; give clips of walking",
                   clips.size());
  }
  return SceneMaker(body, options).Make(straight);
}

}  // namespace gyre
