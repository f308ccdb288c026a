// SPDX-License-Identifier: Apache-2.0
// What is known of human bodies whatever their model: hinges, limbs, the torso, and what tells of
// what. Joints are named as in a BodyLayout, keypoints as in the joint registry.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "body/joints.h"
#include "body/limbs.h"

namespace gyre {

// A joint that bends one way about one axis: its rotation vector's component along `axis` times
// `sign` grows when it bends backwards. SMPLify's elbows and knees (Bogo et al. 2016).
struct Hinge {
  std::string_view joint;
  int axis;
  double sign;
};
inline constexpr std::array<Hinge, 4> kHinges = {
    {{"L_Elbow", 1, 1}, {"R_Elbow", 1, -1}, {"L_Knee", 0, -1}, {"R_Knee", 0, -1}}};

// Hips and shoulders, right before left, as OpenPose and as annotators see them.
inline constexpr std::array<std::string_view, 4> kOpenPoseTorso = {"OP RHip", "OP LHip",
                                                                   "OP RShoulder", "OP LShoulder"};
inline constexpr std::array<std::string_view, 4> kAnnotatedTorso = {
    "Right Hip", "Left Hip", "Right Shoulder", "Left Shoulder"};

// The middle of the hips, in a set that has it.
inline constexpr std::array<std::string_view, 3> kPelvisPoints = {"Pelvis (MPII)", "OP MidHip",
                                                                  "SMPL Pelvis"};

// Keypoints that say where hips, shoulders, head and legs are, for the direction of the spine.
inline constexpr std::array<std::string_view, 6> kHipPoints = {
    "OP RHip", "OP LHip", "OP MidHip", "Right Hip", "Left Hip", "Pelvis (MPII)"};
inline constexpr std::array<std::string_view, 7> kShoulderPoints = {
    "OP RShoulder",  "OP LShoulder", "OP Neck",      "Right Shoulder",
    "Left Shoulder", "Neck (LSP)",   "Thorax (MPII)"};
inline constexpr std::array<std::string_view, 13> kHeadPoints = {
    "OP Nose",           "OP REye",     "OP LEye",    "OP REar", "OP LEar",
    "Top of Head (LSP)", "Head (H36M)", "Jaw (H36M)", "Nose",    "Left Eye",
    "Right Eye",         "Left Ear",    "Right Ear"};
inline constexpr std::array<std::string_view, 4> kKneePoints = {"OP RKnee", "OP LKnee",
                                                                "Right Knee", "Left Knee"};

// A joint in the middle or at the end of a limb: the names that it has among keypoints, and how the
// names of those begin that would tell of it where it is hidden: a foot, a hand.
struct LimbJoint {
  std::vector<std::string_view> names, tell_tales;
};
// Ankles, knees, wrists, elbows; right before left.
std::span<const LimbJoint> LimbJoints();

// Pairs of a set's joints with a bone between them, the one nearer to the pelvis first; of
// Human3.6M's 17 those of its skeleton. Of a joint whose neighbour is not in the set there is none.
std::vector<std::pair<int, int>> BonesOf(const KeypointSet& set);

// Which keypoint of a set stands in each one's place when left and right of these limbs are
// exchanged: shoulders, elbows, wrists and hands, or hips, knees, ankles and feet. [set.size()]
std::vector<int> WithLimbsExchanged(const KeypointSet& set, Limbs limbs);

}  // namespace gyre
