// SPDX-License-Identifier: Apache-2.0
#include "metrics/protocol.h"

#include <fmt/ranges.h>

#include <array>

#include "core/error.h"

namespace gyre {
namespace {

// The 14 joints that the evaluation of SPIN's family compares, in LSP's order; the last is the
// head of H36M, not LSP's top of head.
const std::vector<std::string>& CommonJoints() {
  static const std::vector<std::string> joints = {
      "Right Ankle", "Right Knee",  "Right Hip",   "Left Hip",       "Left Knee",
      "Left Ankle",  "Right Wrist", "Right Elbow", "Right Shoulder", "Left Shoulder",
      "Left Elbow",  "Left Wrist",  "Neck (LSP)",  "Head (H36M)"};
  return joints;
}

std::vector<std::string> AllJointsOf(std::string_view set) {
  const std::vector<std::string_view>& joints = FindKeypointSet(set).joints;
  return {joints.begin(), joints.end()};
}

std::vector<Protocol> MakeProtocols() {
  using enum MetricKind;
  const std::vector<std::string> pelvis = {"Pelvis (MPII)"};
  return {
      {"h36m-p1",
       Truth::kJoints,
       "h36m17",
       CommonJoints(),
       pelvis,
       {},
       {kMpjpe, kPaMpjpe, kNMpjpe},
       "Human3.6M, subjects S9 and S11, all four cameras",
       ""},
      {"h36m-p2",
       Truth::kJoints,
       "h36m17",
       CommonJoints(),
       pelvis,
       {},
       {kPaMpjpe, kMpjpe},
       "Human3.6M, subjects S9 and S11, the frontal camera 60457274",
       "60457274"},
      {"mpi-inf-3dhp",
       Truth::kJoints,
       "h36m17",
       AllJointsOf("h36m17"),
       pelvis,
       {},
       {kPck150, kAuc, kMpjpe, kPaPck150, kPaAuc, kPaMpjpe},
       "MPI-INF-3DHP test set, \"univ\" annotations",
       ""},
      {"3dpw",
       Truth::kGenderedBody,
       "h36m17",
       CommonJoints(),
       pelvis,
       {},
       {kPaMpjpe, kMpjpe, kPve},
       "3DPW test set, frames with a valid camera pose (SPIN's file holds no other), each person's "
       "track",
       ""},
      {"synthetic",
       Truth::kBody,
       "spin49",
       CommonJoints(),
       {"OP MidHip"},
       {},
       {kPaMpjpe, kMpjpe, kNMpjpe, kPve, kPck150, kAuc},
       "synthetic people with full 3D truth",
       ""},
      {"lsp-2d",
       Truth::kKeypoints,
       "lsp14",
       AllJointsOf("lsp14"),
       {},
       {},
       {kPck20Torso, kPckh50, kBoxError},
       "LSP and LSPET photographs, 2D only",
       ""},
      {"lsp-silhouette",
       Truth::kSilhouette,
       "",
       {},
       {},
       {"background", "body"},
       {kAccuracy, kF1},
       "LSP test set, silhouettes of UP-3D",
       ""},
      {"lsp-parts",
       Truth::kParts,
       "",
       {},
       {},
       {"background", "head", "torso", "right arm", "left arm", "right leg", "left leg"},
       {kAccuracy, kF1},
       "LSP test set, six parts of UP-3D",
       ""},
  };
}

const std::vector<Protocol>& AllProtocols() {
  static const std::vector<Protocol> protocols = MakeProtocols();
  return protocols;
}

}  // namespace

const MetricInfo& Info(MetricKind kind) {
  static const std::array<MetricInfo, 13> infos = {{
      {"mpjpe_mm", "MPJPE", "mm", "root",
       "mean distance of the joints after both roots are moved to the origin"},
      {"n_mpjpe_mm", "N-MPJPE", "mm", "root and scale",
       "the same after the best scale of the prediction, per sample"},
      {"pa_mpjpe_mm", "PA-MPJPE", "mm", "Procrustes",
       "mean distance of the joints after the best similarity (scale, rotation, translation) of "
       "the prediction, per sample"},
      {"pve_mm", "PVE", "mm", "root",
       "mean distance of the vertices after both roots are moved to the origin"},
      {"pck150", "PCK@150", "share", "root", "share of joints within 150 mm of the truth"},
      {"auc", "AUC", "share", "root",
       "mean share of joints within 0, 5, ..., 150 mm (31 thresholds)"},
      {"pa_pck150", "PA-PCK@150", "share", "Procrustes",
       "share of joints within 150 mm of the truth"},
      {"pa_auc", "PA-AUC", "share", "Procrustes",
       "mean share of joints within 0, 5, ..., 150 mm (31 thresholds)"},
      {"pck20_torso", "PCK@0.2 torso", "share", "none",
       "share of joints within 0.2 torso diameters (right shoulder to left hip of the truth)"},
      {"pckh50", "PCKh@0.5", "share", "none",
       "share of joints within half a head length (neck to top of head of the truth)"},
      {"box_error", "box error", "share", "none",
       "mean distance of the joints as a share of the side of the person's box"},
      {"accuracy", "accuracy", "share", "none",
       "share of all pixels of the set whose class is right"},
      {"f1", "F1", "share", "none",
       "2 TP / (2 TP + FP + FN) of each class over the set, then the mean over classes"},
  }};
  return infos[static_cast<size_t>(kind)];
}

const Protocol& FindProtocol(std::string_view name) {
  for (const Protocol& protocol : AllProtocols()) {
    if (protocol.name == name) return protocol;
  }
  ThrowUserError("There is no protocol \"{}\": choose one of {}.", name,
                 fmt::join(ProtocolNames(), ", "));
}

std::vector<std::string_view> ProtocolNames() {
  std::vector<std::string_view> names;
  for (const Protocol& protocol : AllProtocols()) names.push_back(protocol.name);
  return names;
}

std::string_view TruthText(Truth truth) {
  switch (truth) {
    case Truth::kBody:
      return "a true body ('pose' and 'shape' in SPIN's files)";
    case Truth::kGenderedBody:
      return "a true body with its gender ('pose', 'shape' and 'gender', m or f, in SPIN's files)";
    case Truth::kJoints:
      return "true 3D joints ('S' in SPIN's files)";
    case Truth::kKeypoints:
      return "2D keypoints of LSP ('part' in SPIN's files)";
    case Truth::kSilhouette:
      return "a silhouette ('maskname' in SPIN's files; 0 is background)";
    case Truth::kParts:
      return "part labels ('partname' in SPIN's files; 255 is ignored)";
  }
  GYRE_CHECK(false, "truth {}", static_cast<int>(truth));
  return "";
}

std::string Describe(const Protocol& protocol) {
  std::string text = fmt::format("Protocol {}: {}.\n", protocol.name, protocol.data);
  text += fmt::format("  truth   {}\n", TruthText(protocol.truth));
  if (protocol.NeedsH36mRegressor()) {
    text +=
        fmt::format("  needs   J_regressor_h36m.npy{}\n",
                    protocol.truth == Truth::kGenderedBody ? ", SMPL's male and female body" : "");
  }
  if (!protocol.joints.empty()) {
    text += fmt::format("  joints  {} of {}: {}\n", protocol.joints.size(), protocol.set,
                        fmt::join(protocol.joints, ", "));
  }
  if (!protocol.root.empty()) {
    text += fmt::format("  root    {}\n", fmt::join(protocol.root, ", "));
  }
  if (!protocol.classes.empty()) {
    text += fmt::format("  classes {}: {}\n", protocol.classes.size(),
                        fmt::join(protocol.classes, ", "));
  }
  for (MetricKind kind : protocol.metrics) {
    const MetricInfo& info = Info(kind);
    text += fmt::format("  {} [{}], alignment {}: {}\n", info.label, info.unit, info.alignment,
                        info.definition);
  }
  return text;
}

}  // namespace gyre
