// SPDX-License-Identifier: Apache-2.0
// Named evaluation protocols. The same network gets different numbers from different protocols, so
// a number without its protocol's name means little.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "body/joints.h"

namespace gyre {

enum class MetricKind {
  kMpjpe,     // mean error after Protocol::alignment
  kNMpjpe,    // mean error after root and scale
  kPaMpjpe,   // mean error after Procrustes
  kPve,       // mean error of the vertices after Protocol::alignment, where there are vertices
  kPck150,    // share of joints within 150 mm, after Protocol::alignment
  kAuc,       // mean share over 0, 5, ..., 150 mm
  kPaPck150,  // the same two after Procrustes ("rigid")
  kPaAuc,
  kPck20Torso,  // 2D
  kPckh50,      // 2D
  kBoxError,    // 2D: mean error as a share of the box side
  kAccuracy,    // masks, see silhouette.h
  kF1,
};

// What predictions are compared with. From kKeypoints on it is in the image.
enum class Truth {
  kBody,          // pose and shape, on the body model of the prediction
  kGenderedBody,  // the same on the body model of the person's gender
  kJoints,        // 3D joints
  kKeypoints,     // 2D keypoints
  kSilhouette,    // which pixels show the person
  kParts,         // which pixels show which part
};
// "a true body ('pose' and 'shape' in SPIN's files)": also what a sample without it lacks.
std::string_view TruthText(Truth truth);

struct Protocol {
  std::string name;
  Truth truth = Truth::kBody;
  std::string set;                   // the keypoint set whose points are given; empty for masks
  std::vector<std::string> joints;   // names that count
  std::vector<std::string> root;     // names whose mean is the root; empty in 2D
  std::vector<std::string> classes;  // of a mask's pixels, from 0 on
  std::vector<MetricKind> metrics;   // in the order of a table; the first is the headline
  std::string data;                  // which samples it is meant for
  std::string picture;               // counts only pictures with this in their name

  bool InImage() const { return truth >= Truth::kKeypoints; }
  // Whether joints are those that Human3.6M's regressor makes of the mesh: h36m_regressor.h.
  bool NeedsH36mRegressor() const { return set == "h36m17"; }
};

// "h36m-p1", "h36m-p2", "mpi-inf-3dhp", "3dpw", "synthetic", "lsp-2d", "lsp-silhouette",
// "lsp-parts". UserError lists them.
const Protocol& FindProtocol(std::string_view name);
std::vector<std::string_view> ProtocolNames();

// A few lines: truth, licensed files, set, joints, root, and each metric's alignment, unit and
// definition.
std::string Describe(const Protocol& protocol);

struct MetricInfo {
  std::string_view key;         // "pa_mpjpe_mm": in JSON
  std::string_view label;       // "PA-MPJPE"
  std::string_view unit;        // "mm", "share"
  std::string_view alignment;   // "root", "Procrustes", "none"
  std::string_view definition;  // one sentence
};
const MetricInfo& Info(MetricKind kind);

}  // namespace gyre
