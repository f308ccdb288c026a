// SPDX-License-Identifier: Apache-2.0
// Between the network's tensors and the fitter's bodies.
//
// A network sees an augmented crop, or the keypoints in it, and speaks of the body in it:
// rotations, shape, and a weak-perspective camera (s, tx, ty) about the crop's middle. With the
// crop's camera (focal f, principal point p, see CameraInCrop) and the crop's middle m,
//   t_z = 2 f / (size s),   t_xy = (tx, ty) + (m - p) t_z / f
// puts the body where the network sees it. The fitter's bodies stand in the camera frame of the
// image; BodyInCrop and BodyFromCrop lead from one to the other.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <memory>
#include <span>
#include <vector>

#include "body/body_model.h"
#include "datasets/decorators/loader.h"
#include "loop/training/network_picture.h"
#include "loop/training/supervision.h"
#include "regressor/losses/targets.h"
#include "regressor/network_options.h"
#include "regressor/output.h"

namespace gyre {

// The cameras of a batch's crops, [B] and [B,2], pixels of the crop.
struct CropCameras {
  at::Tensor focal_px, center_px;
};
CropCameras CamerasOf(const Batch& batch, c10::Device device);

// The same in [-1,1] of the crop, as ProjectPinhole takes them: [B,4] fx fy cx cy.
at::Tensor ScreenCameras(const CropCameras& cameras, double size_px);

// What a network looks at, on `device`: in the shapes of encoders/encoder.h.
at::Tensor NetworkInputs(const Batch& batch, NetworkInput input, c10::Device device);

// Where the network's camera [B,3] puts the body, in the crop's camera frame: [B,3] metres.
at::Tensor PlaceInCrop(const at::Tensor& camera, const CropCameras& cameras, double size_px);
// Joints [B,N,3] of a body in such places in the crop, in [-1,1]: [B,N,2].
at::Tensor ProjectToCrop(const at::Tensor& joints, const at::Tensor& translation,
                         const CropCameras& cameras, double size_px);

// The network's bodies in the camera frames of the images; one per sample. For an output that
// HasBody().
std::vector<BodyParams> BodiesFromOutput(const Output& output, const Batch& batch,
                                         const RestJoints& rest);

// Where in a set those joints stand that may be known in space: SpaceSetOf's, the last ones.
struct JointRange {
  int first = 0, count = 0;
};
JointRange JointsInSpace(const KeypointSet& set);

struct TargetOptions {
  bool use_labels = true;  // labels other than body parameters (3D joints) teach
  double fit_sd_rad = 0;   // LossOptions'
};
// What batch and targets say, in the crops, of keypoints of `set`; rotations, shape and expression
// where there is a body, whose `rest` it is.
Targets TargetTensors(const Batch& batch, std::span<const Target> targets, const KeypointSet& set,
                      const RestJoints* rest, const TargetOptions& options, c10::Device device);

}  // namespace gyre
