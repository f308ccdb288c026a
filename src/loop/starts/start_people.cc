// SPDX-License-Identifier: Apache-2.0
#include "loop/starts/start_people.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "body/rule_poses.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "core/so3.h"
#include "person/crops.h"

namespace gyre {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kDegree = kPi / 180;
constexpr uint32_t kStartPeople = 4;  // the scene stream's fifth sequence
constexpr double kFocalPx = 1000;
constexpr int kAttempts = 16;

// SMPL's joints: legs, and each arm from the collar on.
constexpr std::array<int, 8> kLegs = {1, 2, 4, 5, 7, 8, 10, 11};
constexpr std::array<std::array<int, 4>, 2> kArms = {{{13, 16, 18, 20}, {14, 17, 19, 21}}};

template <class Joints>
void TakeJoints(const Joints& joints, const VecX& from, VecX* pose) {
  for (const int joint : joints) pose->segment<3>(3 * joint) = from.segment<3>(3 * joint);
}

// Any rotation, all alike.
Mat3 DrawTurn(Rng& rng) {
  Eigen::Quaterniond turn;
  do {
    turn = Eigen::Quaterniond(rng.Normal(), rng.Normal(), rng.Normal(), rng.Normal());
  } while (turn.norm() < 1e-6);
  return turn.normalized().toRotationMatrix();
}

// Camera from a world with y up: level but for a tilt and a roll, from any side.
Mat3 DrawView(const StartPeopleOptions& options, Rng& rng) {
  if (rng.Bernoulli(options.any_turn_share)) return DrawTurn(rng);
  const double yaw = rng.Uniform(-kPi, kPi), tilt = rng.Normal(0, options.tilt_deg) * kDegree;
  const bool any = rng.Bernoulli(options.any_roll_share);
  const double roll = any ? rng.Uniform(-kPi, kPi) : rng.Normal(0, options.roll_deg) * kDegree;
  return ExpSO3(Vec3(0, 0, roll)) * ExpSO3(Vec3(tilt, 0, 0)) * ExpSO3(Vec3(kPi, 0, 0)) *
         ExpSO3(Vec3(0, yaw, 0));
}

void CheckRange(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    ThrowUserError("people option {} is {}, expected {} to {}", field, value, low, high);
  }
}

}  // namespace

void StartPeopleOptions::Check() const {
  CheckRange("mocap", mocap_share, 0, 1);
  CheckRange("prior", prior_share, 0, 1 - mocap_share);
  CheckRange("other_legs", other_legs_share, 0, 1);
  CheckRange("other_arm", other_arm_share, 0, 1);
  CheckRange("bent", bent_share, 0, 1);
  CheckRange("bent_rad", bent_rad, 0, 1);
  CheckRange("tilt", tilt_deg, 0, 90);
  CheckRange("roll", roll_deg, 0, 90);
  CheckRange("any_roll", any_roll_share, 0, 1);
  CheckRange("any_turn", any_turn_share, 0, 1);
  CheckRange("nearest", nearest, 1, farthest);
  CheckRange("farthest", farthest, nearest, 1000);
  CheckRange("beta_max", beta_max, 0, 5);
}

// A point of the body once, whatever its names.
const std::vector<std::string>& StartPeople::Keypoints() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> distinct;
    for (const std::string_view joint : SpinJoints().joints) {
      const bool known = std::ranges::any_of(distinct, [&](const std::string& other) {
        return IsSamePoint(FindJoint(other), FindJoint(joint));
      });
      if (!known) distinct.emplace_back(joint);
    }
    return distinct;
  }();
  return names;
}

const std::vector<std::string>& StartPeople::Joints() {
  static const std::vector<std::string> names(SmplLayout().joints.begin(),
                                              SmplLayout().joints.begin() + 22);
  return names;
}

StartPeople::StartPeople(std::vector<std::shared_ptr<const BodyModel>> bodies,
                         std::vector<std::vector<PoseClip>> clips,
                         std::shared_ptr<const PosePrior> prior, const StartPeopleOptions& options,
                         const DetectorErrors& errors)
    : bodies_(std::move(bodies)),
      clips_(std::move(clips)),
      prior_(std::move(prior)),
      options_(options),
      errors_(errors),
      input_(Keypoints(), SpinJoints()) {
  options_.Check();
  errors_.Check();
  std::erase_if(clips_, [](const std::vector<PoseClip>& group) { return group.empty(); });
  GYRE_CHECK(!bodies_.empty() && prior_ != nullptr);
  for (const auto& body : bodies_) {
    if (!(*body->layout == SmplLayout())) {
      ThrowUserError("{}: start networks are taught with bodies of SMPL's 24 joints", body->name);
    }
    joints_.emplace_back(*body, SpinJoints());
  }
}

VecX StartPeople::DrawPose(Rng& rng) const {
  VecX pose = VecX::Zero(SmplLayout().num_pose());
  const double kind = rng.Uniform();
  if (kind < options_.mocap_share && !clips_.empty()) {
    const std::vector<PoseClip>& group = clips_[rng.Below(clips_.size())];
    const PoseClip& clip = group[rng.Below(group.size())];
    pose = clip.poses.row(static_cast<Eigen::Index>(rng.Below(clip.poses.rows()))).transpose();
  } else if (kind < options_.mocap_share + options_.prior_share) {
    pose.tail<kNumPriorPose>() = prior_->Sample(rng);
  } else {
    const auto& kinds = EnumNames<RulePose>::kAll;
    pose.tail<kNumPriorPose>() = DrawRulePose(kinds[rng.Below(std::size(kinds))].value, rng);
  }
  return rng.Bernoulli(0.5) ? MirrorPose(SmplLayout(), pose) : pose;
}

VecX StartPeople::DrawWholePose(Rng& rng) const {
  VecX pose = DrawPose(rng);
  if (rng.Bernoulli(options_.other_legs_share)) TakeJoints(kLegs, DrawPose(rng), &pose);
  if (rng.Bernoulli(options_.other_arm_share)) {
    TakeJoints(kArms[rng.Below(kArms.size())], DrawPose(rng), &pose);
  }
  if (rng.Bernoulli(options_.bent_share)) {
    const double sigma = options_.bent_rad * rng.Uniform();
    for (int k = 1; k < 22; ++k) {
      const Vec3 more(rng.Normal(), rng.Normal(), rng.Normal());
      pose.segment<3>(3 * k) = LogSO3(ExpSO3(pose.segment<3>(3 * k)) * ExpSO3(sigma * more));
    }
  }
  pose.tail<6>().setZero();  // hands
  return pose;
}

bool StartPeople::TryMake(Rng& rng, uint64_t seed, int64_t index, StartPerson* made) const {
  const size_t which = rng.Below(bodies_.size());
  BodyParams params(SmplLayout());
  params.pose() = DrawWholePose(rng);
  params.rotation(0) = LogSO3(DrawView(options_, rng) * ExpSO3(params.rotation(0)));
  for (double& beta : params.betas()) {
    beta = std::clamp(rng.Normal(), -options_.beta_max, options_.beta_max);
  }
  Points3 joints = joints_[which].Positions(params);
  const Eigen::RowVector3d low = joints.colwise().minCoeff(), high = joints.colwise().maxCoeff();
  const double extent = (high - low).head<2>().maxCoeff();
  const double by_extent =
      options_.nearest * std::pow(options_.farthest / options_.nearest, rng.Uniform());
  const double depth = std::max(by_extent * extent, 0.6 * (high - low).z() + 0.3);
  joints.rowwise() += Eigen::RowVector3d(0, 0, depth) - 0.5 * (low + high);

  Person person;
  person.index = index;
  person.camera = Camera{kFocalPx, Vec2::Zero()};
  for (int i = 0; i < person.keypoints.size(); ++i) {
    person.keypoints.px.row(i) = person.camera->Project(joints.row(i).transpose()).transpose();
    person.keypoints.confidence[i] = HasJoint(*bodies_[which], FindJoint(SpinJoints().joints[i]));
  }
  const auto box = BoxAroundPoints(person.keypoints.px, person.keypoints.confidence, kBoxMargin);
  if (!box) return false;
  person.box = *box;
  Detect(errors_, seed, &person);
  PersonKeypoints seen;
  seen.keypoints_px = person.keypoints.px;
  seen.confidence = person.keypoints.confidence;
  seen.camera = *person.camera;
  std::optional<StartInput> input = input_(seen);
  if (!input) return false;
  made->input = std::move(input->values);
  made->rotations.clear();
  for (size_t k = 0; k < Joints().size(); ++k) {
    const Mat3 rotation = ExpSO3(params.rotation(static_cast<int>(k)));
    made->rotations.push_back(k == 0 ? Mat3(input->cam_from_network.transpose() * rotation)
                                     : rotation);
  }
  const Points3 rest = joints_[which].rest_joints().At(params.shape());
  made->offsets = Points3::Zero(rest.rows(), 3);
  for (int k = 1; k < rest.rows(); ++k) {
    made->offsets.row(k) = rest.row(k) - rest.row(SmplLayout().parents[k]);
  }
  return true;
}

StartPerson StartPeople::Make(int64_t index) const {
  StartPerson made;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto sample = static_cast<uint64_t>(index);
    Rng rng(options_.seed, RngStream::kScene, kStartPeople + 16 * attempt, sample);
    if (TryMake(rng, options_.seed + static_cast<uint64_t>(attempt), index, &made)) return made;
  }
  ThrowUserError("people: nobody is seen well enough to learn from; lower the detector's errors");
}

}  // namespace gyre
