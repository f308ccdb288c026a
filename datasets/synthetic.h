// SPDX-License-Identifier: Apache-2.0
// Synthetic people with full truth: bodies in poses of the prior, seen by perspective cameras,
// clothed, lit and rendered in front of made-up rooms. Sample i is a function of (seed, i).
//
// Camera frame and image as in core/camera.h. A body is turned by yaw (uniform), tilt and roll, and
// placed so that it fills the wanted share of the frame, now and then cut by its edge.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "body/body_model.h"
#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "core/rng.h"
#include "datasets/sample.h"

namespace gyre {

// What an annotator or a detector would get wrong.
struct KeypointNoise {
  double sigma_px = 2;                 // pixels of a 224 px crop of the person, each axis
  double missing_rate = 0.1;           // of the joints
  double occluded_missing_rate = 0.5;  // of the joints behind an occluder
  double outlier_rate = 0;             // of the joints
  double outlier_px = 0;  // how far outliers are off, in pixels of the crop, in whatever direction;
                          // 0: anywhere in the box
  double swap_rate = 0;   // of the people: left and right exchanged in legs or in arms
  // Whose joints are annotated: a keypoint set's name ("lsp14", see body/joints.h), "all" 49, or
  // "any": for each person the joints of one of all, body25, coco17, mpii16, h36m17 and lsp14.
  std::string joints = "all";

  void Check() const;
  static KeypointNoise None();
};

inline constexpr int kMinFramePx = 32, kMaxFramePx = 4096;

struct SceneOptions {
  int64_t count = 2000;
  uint64_t seed = 1;
  int width_px = 320, height_px = 320;
  double pose_spread = 0.9;  // of the prior's standard deviations
  // .npz with `poses` [N,72] (or AMASS's wider rows, of which the body's 66 columns count) to draw
  // from instead of the prior. The root's orientation is drawn as for all.
  std::filesystem::path poses;
  double seated_share = 0;  // of the people: seated or squatting by rule instead, as many of each
  double beta_max = 2.5;    // betas are N(0,1) clipped to this
  double focal_min_px = 600, focal_max_px = 2500;         // log-uniform
  double person_share_min = 0.3, person_share_max = 0.9;  // longer side of the body / frame
  double tilt_sigma_deg = 12;   // about the camera's x: seen from above or below
  double roll_sigma_deg = 8;    // in the image plane
  double yaw_max_deg = 180;     // about the vertical, either way; 0 faces the camera
  double any_turn_share = 0.1;  // of the people: turned by any angle in the image plane
  double occluder_probability = 0.3;
  KeypointNoise noise;

  void Check() const;
};

class SyntheticDataset : public Dataset {
 public:
  SyntheticDataset(std::shared_ptr<const BodyModel> body, std::shared_ptr<const PosePrior> prior,
                   SceneOptions options, std::string name = "synth");
  ~SyntheticDataset() override;

  const std::string& name() const override;
  int64_t size() const override;
  // Truth (params with translation, camera, 24 superset joints in the camera frame, box) and noisy
  // keypoints, without rendering. The box is around the true body's joints.
  Sample Get(int64_t position) const override;
  // The same person and noise, the camera and the box being SPIN's: the body is turned as it is
  // seen by the scene's camera (about the camera, its box's centre ahead) and placed so that the
  // box around its joints is the whole 224 px crop, where all its joints are projected anew. What
  // the scene hides stays hidden. (No picture shows it exactly like this: perspective differs.)
  Sample GetInSpinCrop(int64_t position) const;
  // Renders.
  ImageBuffer LoadImage(const Sample& sample) const override;
  // BodyMask in three channels.
  ImageBuffer LoadSilhouette(const Sample& sample) const override;

  // SPIN's 49 joints without noise: pixels [49,2] and metres in the camera frame [49,3].
  Points2 TrueKeypoints(const Sample& sample) const;
  Points3 TrueJoints(const Sample& sample) const;
  // 255 where the body projects, seen or hidden by an occluder, else 0; [height, width].
  std::vector<uint8_t> BodyMask(const Sample& sample) const;

  const SceneOptions& options() const;
  const BodyModel& body() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
