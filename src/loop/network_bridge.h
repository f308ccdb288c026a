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

#include <span>
#include <vector>

#include "body/body_model.h"
#include "datasets/loader.h"
#include "loop/supervisor.h"
#include "regressor/hmr.h"
#include "regressor/losses.h"

namespace gyre {

// The cameras of a batch's crops, [B] and [B,2], pixels of the crop.
struct CropCameras {
  at::Tensor focal_px, center_px;
};
CropCameras CamerasOf(const Batch& batch, c10::Device device);

// What a network looks at, on `device`: in the shapes of encoder.h.
at::Tensor NetworkInputs(const Batch& batch, NetworkInput input, c10::Device device);
// What the loader has to bring for it.
LoaderPicture PictureFor(NetworkInput input);

// The network's 49 joints [B,49,3] in the crop, in [-1,1]: [B,49,2].
at::Tensor ProjectToCrop(const at::Tensor& joints, const at::Tensor& cam,
                         const CropCameras& cameras, double size_px);

// The network's bodies in the camera frames of the images; one per sample.
std::vector<BodyParams> BodiesFromOutput(const HmrOutput& output, const Batch& batch,
                                         const RestJoints& rest);

// What the targets say, in the crops. Labels other than body parameters (3D joints) are used if
// `use_labels`; `fit_sd_rad`: LossOptions'.
LossTarget TargetTensors(const Batch& batch, std::span<const Target> targets,
                         const RestJoints& rest, bool use_labels, double fit_sd_rad,
                         c10::Device device);

}  // namespace gyre
