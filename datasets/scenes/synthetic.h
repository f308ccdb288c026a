// SPDX-License-Identifier: Apache-2.0
// Synthetic people with full truth: bodies in poses of the prior, seen by perspective cameras,
// clothed, lit and rendered in front of made-up rooms. Person i is a function of (seed, i).
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
#include "core/option_fields.h"
#include "core/rng.h"
#include "datasets/dataset.h"

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
  // Whose joints are annotated: a keypoint set's name ("lsp14", see body/joints.h), "all", or
  // "any": for each person the joints of one of all, body25, coco17, mpii16, h36m17 and lsp14.
  std::string joints = "all";

  void Check() const;
  static KeypointNoise None();
};

// Named as the options of a data set's spec (dataset_spec.h) have been from the start.
template <OptionsOf<KeypointNoise> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("noise", o.sigma_px, "Keypoint noise, px at 224 px");
  visit("missing", o.missing_rate, "Share of keypoints missing");
  visit("occluded_missing", o.occluded_missing_rate, "Share missing of those behind an occluder");
  visit("outliers", o.outlier_rate, "Share of keypoints that are far off");
  visit("outlier_px", o.outlier_px, "How far, px at 224 px; 0: anywhere in the box");
  visit("swaps", o.swap_rate, "Share of people with left and right exchanged in arms or legs");
  visit("joints", o.joints,
        "Joints annotated: all, any (another set for each person), body25, coco17, lsp14, ...");
}

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
  // Hands, jaw and expression of bodies that have them, which rest at 0: what the principal
  // components of hands and the expressions are drawn with.
  double hands = 0;
  double beta_max = 2.5;                                  // betas are N(0,1) clipped to this
  double focal_min_px = 600, focal_max_px = 2500;         // log-uniform
  double person_share_min = 0.3, person_share_max = 0.9;  // longer side of the body / frame
  double tilt_sigma_deg = 12;   // about the camera's x: seen from above or below
  double roll_sigma_deg = 8;    // in the image plane
  double yaw_max_deg = 180;     // about the vertical, either way; 0 faces the camera
  double any_turn_share = 0.1;  // of the people: turned by any angle in the image plane
  double occluder_probability = 0.3;
  std::string set = "spin49";  // of the persons' keypoints
  KeypointNoise noise;

  void Check() const;
};

template <OptionsOf<SceneOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("count", o.count, "People");
  visit("seed", o.seed, "Seed");
  visit("width", o.width_px, "Width of the pictures, px");
  visit("height", o.height_px, "Height of the pictures, px");
  visit("spread", o.pose_spread, "Poses: share of the prior's deviations");
  visit("poses", o.poses, "Draw poses from this .npz (poses [N,72]) instead of the prior");
  visit("seated", o.seated_share, "Share of people seated or squatting, by rule");
  visit("hands", o.hands, "Spread of hands and faces, of bodies that have them (0: at rest)");
  visit("beta_max", o.beta_max, "Largest shape parameter");
  visit("focal_min_px", o.focal_min_px, "Shortest focal length");
  visit("focal_max_px", o.focal_max_px, "Longest focal length");
  visit("person_share_min", o.person_share_min, "Smallest person, share of the frame");
  visit("person_share_max", o.person_share_max, "Largest person, share of the frame");
  visit("tilt", o.tilt_sigma_deg, "Spread of the view from above or below, degrees");
  visit("roll", o.roll_sigma_deg, "Spread of the turn in the picture, degrees");
  visit("yaw", o.yaw_max_deg,
        "Largest turn about the vertical, degrees either way; 0 faces the camera");
  visit("any_turn", o.any_turn_share, "Share of people turned by any angle in the picture");
  visit("occluders", o.occluder_probability, "Share of people with something in front");
  visit("set", o.set, "Keypoint set that people get");
  visit("", o.noise, "");
}

class SyntheticDataset : public Dataset {
 public:
  SyntheticDataset(std::shared_ptr<const BodyModel> body, std::shared_ptr<const PosePrior> prior,
                   SceneOptions options, std::string name = "synth");
  ~SyntheticDataset() override;

  const std::string& name() const override;
  int64_t size() const override;
  // Truth (params with translation, camera, 24 superset joints in the camera frame, box) and noisy
  // keypoints, without rendering. The box is around the true body's joints.
  Person Get(int64_t position) const override;
  // The same person and noise, the camera and the box being SPIN's: the body is turned as it is
  // seen by the scene's camera (about the camera, its box's centre ahead) and placed so that the
  // box around its joints is the whole 224 px crop, where all its joints are projected anew. What
  // the scene hides stays hidden. (No picture shows it exactly like this: perspective differs.)
  Person GetInSpinCrop(int64_t position) const;
  // Renders.
  ImageBuffer LoadImage(const Person& person) const override;
  bool HasSilhouette(const Person&) const override { return true; }
  bool HasParts(const Person&) const override { return true; }
  // BodyMask in three channels, and the parts of the same body.
  ImageBuffer LoadSilhouette(const Person& person) const override;
  ImageBuffer LoadParts(const Person& person) const override;

  // SPIN's 49 joints without noise: pixels [49,2] and metres in the camera frame [49,3], zero where
  // the body lacks one.
  Points2 TrueKeypoints(const Person& person) const;
  Points3 TrueJoints(const Person& person) const;
  // 255 where the body projects, seen or hidden by an occluder, else 0; [height, width].
  std::vector<uint8_t> BodyMask(const Person& person) const;

  const SceneOptions& options() const;
  const BodyModel& body() const;

 private:
  // The face that each pixel shows, row by row; -1: none of the body.
  std::vector<int32_t> FacesShown(const Person& person) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
