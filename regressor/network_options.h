// SPDX-License-Identifier: Apache-2.0
// What a network is made of. Free of Torch.
#pragma once

#include <string>
#include <vector>

#include "body/ik/ik_options.h"
#include "core/enum_names.h"
#include "core/option_fields.h"
#include "regressor/graph_options.h"
#include "regressor/lifter_options.h"

namespace gyre {

// What a network looks at.
//   kImage       the crop: a ResNet's feature (HMR, SPIN)
//   kKeypoints   a person's keypoints and their confidences: PosePrior of Pavlakos et al. 2018
//   kSilhouette  the crop's silhouette: their ShapePrior
//   kClip        the keypoints of the frames around, too: VideoPose3D (Pavllo et al. 2019)
enum class NetworkInput { kImage, kKeypoints, kSilhouette, kClip };
template <>
struct EnumNames<NetworkInput> {
  static constexpr NameOf<NetworkInput> kAll[] = {{NetworkInput::kImage, "image"},
                                                  {NetworkInput::kKeypoints, "keypoints"},
                                                  {NetworkInput::kSilhouette, "silhouette"},
                                                  {NetworkInput::kClip, "clip"}};
};

// kHourglass: what comes before a stack of hourglasses, which are c2f's head. kBlazePose: taught on
// photographs before, see encoders/blaze_pose_encoder.h.
enum class Backbone { kResNet18, kResNet34, kResNet50, kHourglass, kBlazePose, kBlazePoseLite };
template <>
struct EnumNames<Backbone> {
  static constexpr NameOf<Backbone> kAll[] = {{Backbone::kResNet18, "resnet18"},
                                              {Backbone::kResNet34, "resnet34"},
                                              {Backbone::kResNet50, "resnet50"},
                                              {Backbone::kHourglass, "hourglass"},
                                              {Backbone::kBlazePose, "blazepose"},
                                              {Backbone::kBlazePoseLite, "blazepose_lite"}};
};

// Between the two hidden layers of the iterative regression. SPIN has none (so that its three
// iterations are together one affine map of the image feature), HMR has ReLU.
enum class IefActivation { kNone, kRelu };
template <>
struct EnumNames<IefActivation> {
  static constexpr NameOf<IefActivation> kAll[] = {{IefActivation::kNone, "none"},
                                                   {IefActivation::kRelu, "relu"}};
};

// What pose2pose's rotations come from: the mean of the picture's features, or those where joints
// are seen, and the joints' places beside them (as published).
enum class PosePooling { kGlobal, kSampled, kSampledAndPlaces };
template <>
struct EnumNames<PosePooling> {
  static constexpr NameOf<PosePooling> kAll[] = {
      {PosePooling::kGlobal, "global"},
      {PosePooling::kSampled, "sampled"},
      {PosePooling::kSampledAndPlaces, "sampled_and_places"}};
};

// How c2f reads a joint's place from its volume: the best cell (as published), or the mean over
// what is around it, which gradients pass.
enum class VolumeDecode { kHard, kSoft };
template <>
struct EnumNames<VolumeDecode> {
  static constexpr NameOf<VolumeDecode> kAll[] = {{VolumeDecode::kHard, "hard"},
                                                  {VolumeDecode::kSoft, "soft"}};
};

// Whose samples the statistics of batch norm are of when several ranks train together: each rank's
// own, or all of theirs, which computes what one rank would with the whole batch.
enum class BatchNormOf { kLocal, kSynced };
template <>
struct EnumNames<BatchNormOf> {
  static constexpr NameOf<BatchNormOf> kAll[] = {{BatchNormOf::kLocal, "local"},
                                                 {BatchNormOf::kSynced, "synced"}};
};

// In what the network computes, see autocast.h. It gives float32 either way, of float32 weights.
enum class Precision { kFloat32, kBfloat16 };
template <>
struct EnumNames<Precision> {
  static constexpr NameOf<Precision> kAll[] = {{Precision::kFloat32, "float32"},
                                               {Precision::kBfloat16, "bfloat16"}};
};

// The defaults are SPIN's.
struct NetworkOptions {
  NetworkInput input = NetworkInput::kImage;
  std::string head = "hmr";          // what it says of that, see heads/head.h
  std::string keypoints = "spin49";  // the set (body/joints.h) that it looks at and speaks of
  Backbone backbone = Backbone::kResNet50;  // of images
  // Channels of the first stage, doubled from stage to stage; ResNet's own: 64. From keypoints a
  // sixteenth of the hidden units.
  int width = 64;
  // Crops are of the whole picture, its width from -1 to 1 (VideoPose3D), not of the person's box.
  bool whole_picture = false;
  double box_scale = 1;  // crops are so many times the person's box
  int image_px = 224;  // side of the square crop; any multiple of 32
  // Of heads that find joints in the picture: which (empty: `keypoints`), the cells in depth of
  // each volume that a joint is found in, in the order of the stack ("1-2-4-64"; empty: without
  // volumes, by regression), and the metres that these span, about the root.
  std::string uvd_set;
  std::string volume_depths = "8";
  double volume_depth_m = 2;
  int sampled_channels = 512;  // of pose2pose's features where joints are seen
  PosePooling pooling = PosePooling::kSampledAndPlaces;
  VolumeDecode decode = VolumeDecode::kSoft;
  IefActivation ief_activation = IefActivation::kNone;
  int ief_iterations = 3;
  double dropout = 0.5;  // after each hidden layer of the head, in training
  IkOptions ik;  // of head ik: rotations from joints
  BatchNormOf batch_norm = BatchNormOf::kLocal;
  Precision precision = Precision::kFloat32;
  GraphOptions graph;    // of head graphcmr
  LifterOptions lifter;  // of input clip

  // volume_depths as numbers. UserError where it is no list of them.
  std::vector<int64_t> VolumeDepths() const;

  // UserError names the field and its value.
  void Check() const;
};

template <OptionsOf<NetworkOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("input", o.input, "What the network looks at");
  visit("head", o.head, "What it says of that, by a head's name: see docs/systems.md");
  visit("keypoints", o.keypoints, "Keypoint set that it looks at and speaks of");
  visit("backbone", o.backbone, "Of pictures");
  visit("width", o.width, "Channels of the first stage (ResNet's own: 64)");
  visit("whole_picture", o.whole_picture, "Look at the whole picture, not at the person's box");
  visit("box_scale", o.box_scale, "Side of the crop, of the person's box");
  visit("image_px", o.image_px, "Side of the crop, a multiple of 32");
  visit("uvd_set", o.uvd_set,
        "Keypoint set of the joints that are found in the picture (empty: keypoints)");
  visit("volume_depths", o.volume_depths,
        "Cells in depth of the volumes that joints are found in, such as 1-2-4-64 (empty: "
        "regression)");
  visit("volume_depth_m", o.volume_depth_m, "Metres that these span");
  visit("sampled_channels", o.sampled_channels, "Of pose2pose's features where joints are seen");
  visit("pooling", o.pooling, "Features that pose2pose's rotations come from");
  visit("decode", o.decode, "How c2f reads volumes");
  visit("ik", o.ik, "");
  visit("ief_activation", o.ief_activation,
        "Between the hidden layers of the regression (SPIN: none, HMR: relu)");
  visit("ief_iterations", o.ief_iterations, "Iterations of the regression");
  visit("dropout", o.dropout, "Dropout of the head");
  visit("batch_norm", o.batch_norm,
        "Statistics of several ranks: each its own, or of the whole batch");
  visit("precision", o.precision,
        "What the network computes in; bfloat16 is for GPUs, and can be slower on a CPU");
  visit("graph", o.graph, "");
  visit("lifter", o.lifter, "");
}

}  // namespace gyre
