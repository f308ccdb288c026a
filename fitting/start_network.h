// SPDX-License-Identifier: Apache-2.0
// A small network that says where a fit begins of whom keypoints alone are known: the rotations of
// SMPL's joints, from what start_input.h makes of the keypoints.
//   h = relu(enter x)
//   h = h + relu(inner_2 relu(inner_1 h))     for each pair of inner layers
//   y = leave h                               six numbers a joint, Gram-Schmidt (SixDLayout::kSpin)
// Layers are affine. The first joint's rotation takes the body to the frame that start_input.h
// looks from; the others are relative to the parent, as in BodyParams.
//
// File, an .npz: keypoints [K] and joints [J] (names: registered joints, joints of SMPL's layout),
// enter_weight [H,3K+2], inner_weight [2N,H,H], leave_weight [6J,H] and the biases enter_bias [H],
// inner_bias [2N,H], leave_bias [6J], in any precision, and source (text, where it came from).
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"
#include "io/npz.h"

namespace gyre {

// Immutable.
class StartNetwork {
 public:
  using Vector = Eigen::VectorXf;
  // Column by column: those of inputs that are zero, as half of them are, are passed over.
  using Matrix = Eigen::MatrixXf;
  struct Layer {
    Matrix weight;  // [out,in]
    Vector bias;
  };
  struct Parts {
    std::vector<std::string> keypoints, joints;
    Layer enter;
    std::vector<Layer> inner;
    Layer leave;
    std::string source;
  };

  // UserError, naming `what`, where sizes, names or numbers cannot be.
  StartNetwork(Parts parts, const std::string& what);
  static StartNetwork From(const Npz& npz, const std::string& what);
  // In half precision, atomically.
  void Save(const std::filesystem::path& path) const;

  const std::vector<std::string>& keypoints() const { return parts_.keypoints; }
  const std::vector<std::string>& joints() const { return parts_.joints; }
  const std::string& source() const { return parts_.source; }
  int num_inputs() const { return static_cast<int>(parts_.enter.weight.cols()); }
  int num_parameters() const;
  std::string fingerprint() const;  // of names and numbers

  // One for each of joints(), of an input [num_inputs()]. Where six numbers say no rotation it is
  // not finite.
  std::vector<Mat3> Rotations(const Vector& input) const;

 private:
  Parts parts_;
};

// An empty path gives the network that ships with gyre.
std::shared_ptr<const StartNetwork> LoadStartNetwork(const std::filesystem::path& path = {});

}  // namespace gyre
