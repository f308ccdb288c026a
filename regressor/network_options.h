// SPDX-License-Identifier: Apache-2.0
// What a network is made of. Free of Torch.
#pragma once

#include <string>

#include "core/enum_names.h"
#include "core/option_fields.h"

namespace gyre {

// What a network looks at.
//   kImage       the crop: a ResNet's feature (HMR, SPIN)
//   kKeypoints   a person's keypoints and their confidences: PosePrior of Pavlakos et al. 2018
//   kSilhouette  the crop's silhouette: their ShapePrior
enum class NetworkInput { kImage, kKeypoints, kSilhouette };
template <>
struct EnumNames<NetworkInput> {
  static constexpr NameOf<NetworkInput> kAll[] = {{NetworkInput::kImage, "image"},
                                                  {NetworkInput::kKeypoints, "keypoints"},
                                                  {NetworkInput::kSilhouette, "silhouette"}};
};

enum class Backbone { kResNet18, kResNet34, kResNet50 };
template <>
struct EnumNames<Backbone> {
  static constexpr NameOf<Backbone> kAll[] = {{Backbone::kResNet18, "resnet18"},
                                              {Backbone::kResNet34, "resnet34"},
                                              {Backbone::kResNet50, "resnet50"}};
};

// Between the two hidden layers of the iterative regression. SPIN has none (so that its three
// iterations are together one affine map of the image feature), HMR has ReLU.
enum class IefActivation { kNone, kRelu };
template <>
struct EnumNames<IefActivation> {
  static constexpr NameOf<IefActivation> kAll[] = {{IefActivation::kNone, "none"},
                                                   {IefActivation::kRelu, "relu"}};
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
  std::string head = "hmr";         // what it says of that, see heads/head.h
  std::string keypoints = "spin49";  // the set (body/joints.h) that it looks at and speaks of
  Backbone backbone = Backbone::kResNet50;  // of images
  // Channels of the first stage, doubled from stage to stage; ResNet's own: 64. From keypoints a
  // sixteenth of the hidden units.
  int width = 64;
  int image_px = 224;  // side of the square crop; any multiple of 32
  IefActivation ief_activation = IefActivation::kNone;
  int ief_iterations = 3;
  double dropout = 0.5;  // after each hidden layer of the head, in training
  BatchNormOf batch_norm = BatchNormOf::kLocal;
  Precision precision = Precision::kFloat32;

  // UserError names the field and its value.
  void Check() const;
  // "spin": ResNet-50 at 224 px. "small": ResNet-18 at 128 px, for a CPU. UserError lists them.
  static NetworkOptions FromPreset(const std::string& name);
};

template <OptionsOf<NetworkOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("input", o.input, "What the network looks at");
  visit("head", o.head, "What it says of that: hmr (a body) or joints (in space)");
  visit("keypoints", o.keypoints, "Keypoint set that it looks at and speaks of");
  visit("backbone", o.backbone, "Of pictures");
  visit("width", o.width, "Channels of the first stage (ResNet's own: 64)");
  visit("image_px", o.image_px, "Side of the crop, a multiple of 32");
  visit("ief_activation", o.ief_activation,
        "Between the hidden layers of the regression (SPIN: none, HMR: relu)");
  visit("ief_iterations", o.ief_iterations, "Iterations of the regression");
  visit("dropout", o.dropout, "Dropout of the head");
  visit("batch_norm", o.batch_norm,
        "Statistics of several ranks: each its own, or of the whole batch");
  visit("precision", o.precision,
        "What the network computes in; bfloat16 is for GPUs, and can be slower on a CPU");
}

}  // namespace gyre
