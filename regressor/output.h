// SPDX-License-Identifier: Apache-2.0
// What passes between the parts of a network: an encoder makes Features of what it looks at, a head
// makes an Output of these. B is the batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>
#include <vector>

#include "body/joints.h"

namespace gyre {

// A square within each crop, turned: see crop_region.h.
struct CropRegion {
  at::Tensor center;     // [B,2] in [-1,1] of the crop
  at::Tensor half_side;  // [B], of the crop's
  at::Tensor angle;      // [B] radians: its x axis is (cos, sin) in the crop, whose y points down
};

struct Features {
  at::Tensor pooled;             // [B,F]
  std::vector<at::Tensor> maps;  // [B,C,H,W] each, the coarsest last; none where nothing is a map
  at::Tensor path = {};          // [B,F] of where the root is; undefined where nobody asks for it
  // Where the encoder looked; what a head says is said of it. Empty: at the whole crop.
  std::optional<CropRegion> region = {};
};

// What is said of each input. A head fills the tensors that it knows, the others stay undefined, so
// that an output says itself what it holds: losses, predictions and reports ask for tensors, never
// for the head that they came from.
struct Output {
  at::Tensor rotations;   // [B,J,3,3] of the layout's joints; the root's takes body to camera axes
  at::Tensor betas;       // [B,S]
  at::Tensor expression;  // [B,E]
  at::Tensor camera;      // [B,3] weak perspective (s, tx, ty), see projection.h
  at::Tensor vertices;    // [B,V,3] metres in camera axes, without translation
  at::Tensor joints;      // [B,N,3] of `set`, likewise
  at::Tensor path;        // [B,3] where the origin of `joints` is before the crop's camera, metres
  at::Tensor keypoints;   // [B,N,2] of `set` in the crop, in [-1,1]
  // Of `uvd_set`: where joints are seen, x, y in the crop in [-1,1], and how many metres each is
  // behind the root (root_joints.h). [B,M,3]
  at::Tensor uvd;
  // Of `uvd_set`: [B,M,D,H,W] each, in the order in which they were made; see layers/volumes.h.
  std::vector<at::Tensor> heat_maps;
  double volume_depth_m = 0;  // what they span in depth, about the root
  // How much of each pixel of the crop the body covers, and each of its parts (body_parts.h, in
  // their order; what is hidden covers nothing): [B,S,S] and [B,K,S,S], see
  // layers/soft_rasteriser.h.
  at::Tensor silhouette, part_maps;
  // Whether a cell of the crop shows the person, before softmax over (it does not, it does):
  // [B,2,H,W] each, in the order in which they were made.
  std::vector<at::Tensor> masks;
  at::Tensor twist;  // [B,J,2] cosine and sine of joints about their bones, see layers/ik_layer.h
  at::Tensor uncertainty;  // [B,N] of `set`: natural logarithm of a standard deviation
  // A mesh that was said as such, beside the body that it was read as: [B,V,3] like vertices, its
  // own camera, and what follows from the two like joints and keypoints.
  at::Tensor mesh, mesh_camera, mesh_joints, mesh_keypoints;
  // What the joints are; null while there are none.
  const KeypointSet* set = nullptr;
  const KeypointSet* uvd_set = nullptr;

  // Calls visit(name, tensor) for every tensor, the undefined ones too.
  template <typename Visitor>
  void VisitTensors(Visitor&& visit) const {
    visit("rotations", rotations);
    visit("betas", betas);
    visit("expression", expression);
    visit("camera", camera);
    visit("vertices", vertices);
    visit("joints", joints);
    visit("path", path);
    visit("keypoints", keypoints);
    visit("uvd", uvd);
    for (const at::Tensor& maps : heat_maps) visit("heat_maps", maps);
    visit("silhouette", silhouette);
    visit("part_maps", part_maps);
    for (const at::Tensor& mask : masks) visit("masks", mask);
    visit("twist", twist);
    visit("uncertainty", uncertainty);
    visit("mesh", mesh);
    visit("mesh_camera", mesh_camera);
    visit("mesh_joints", mesh_joints);
    visit("mesh_keypoints", mesh_keypoints);
  }
  // Whether it says a whole body and where it stands.
  bool HasBody() const { return rotations.defined() && betas.defined() && camera.defined(); }
};

}  // namespace gyre
