// SPDX-License-Identifier: Apache-2.0
// What the head graphcmr is made of. The defaults are those of GraphCMR (Kolotouros et al. 2019).
// Free of Torch.
#pragma once

#include "core/enum_names.h"
#include "core/option_fields.h"

namespace gyre {

// Where the head starts.
//   kMean      layers keep the size of what passes through them (He et al. 2015); camera and body
//              begin at their means, as HMR's do
//   kReleased  as GraphCMR's own code: convolutions far larger, the layers between far smaller, the
//              first rotations anywhere
enum class GraphStart { kMean, kReleased };
template <>
struct EnumNames<GraphStart> {
  static constexpr NameOf<GraphStart> kAll[] = {{GraphStart::kMean, "mean"},
                                                {GraphStart::kReleased, "released"}};
};

// How a matrix becomes a rotation, see layers/nearest_rotation.h.
enum class RotationRule { kNearest, kReleased };
template <>
struct EnumNames<RotationRule> {
  static constexpr NameOf<RotationRule> kAll[] = {{RotationRule::kNearest, "nearest"},
                                                  {RotationRule::kReleased, "released"}};
};

// What makes a body of the mesh.
//   kLearnt  GraphCMR's second network, which learns beside the first
//   kSolved  body/mesh_to_body.h, which needs no learning, and through which nothing is learnt
enum class BodyFromMesh { kLearnt, kSolved };
template <>
struct EnumNames<BodyFromMesh> {
  static constexpr NameOf<BodyFromMesh> kAll[] = {{BodyFromMesh::kLearnt, "learnt"},
                                                  {BodyFromMesh::kSolved, "solved"}};
};

struct GraphOptions {
  int levels = 1;         // times the body's mesh is coarsened before the graph is built on it
  int channels = 256;     // of a vertex, a multiple of 16
  int layers = 5;         // residual blocks of so many channels
  int walk = 1;           // edges that lead to what a vertex calls a neighbour
  int body_width = 1024;  // of the network that makes a body of the mesh
  BodyFromMesh body = BodyFromMesh::kLearnt;
  RotationRule rotations = RotationRule::kNearest;
  GraphStart start = GraphStart::kMean;

  // UserError names the field and its value.
  void Check() const;
};

template <OptionsOf<GraphOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("levels", o.levels, "Times the mesh is coarsened by four before the graph (GraphCMR: 1)");
  visit("channels", o.channels, "Channels of a vertex, a multiple of 16 (GraphCMR: 256)");
  visit("layers", o.layers, "Residual blocks of so many channels (GraphCMR: 5)");
  visit("walk", o.walk, "Edges that lead to a vertex's neighbours");
  visit("body_width", o.body_width, "Hidden units of what makes a body of the mesh");
  visit("body", o.body, "What makes a body of the mesh");
  visit("rotations", o.rotations, "How its matrices become rotations");
  visit("start", o.start, "Where its weights start");
}

}  // namespace gyre
