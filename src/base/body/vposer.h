// SPDX-License-Identifier: Apache-2.0
// VPoser v1 (Pavlakos et al. 2019): a variational auto-encoder of the poses of SMPL's body, hands
// aside, read from the weights as its authors' code (human_body_prior, cvpr19) saves them. Unit
// normal latent vectors z are the poses that people take:
//   decoder   h = W2 l(W1 z + b1) + b2,  six numbers a joint = W3 l(h) + b3, Gram-Schmidt
//             (SixDLayout::kSpin), l the leaky ReLU of slope 0.2
//   encoder   normalised by running statistics; mean, and standard deviation by softplus
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/types.h"
#include "io/ndarray.h"

namespace gyre {

// Immutable.
class VPoser {
 public:
  static constexpr int kJoints = 21;  // SMPL's from L_Hip to R_Wrist
  static constexpr int kPose = 3 * kJoints;

  // A state_dict of torch.save. UserError names the file and the tensor at fault.
  static VPoser Read(const std::filesystem::path& path);
  // The same from tensors; `what` names them in errors.
  static VPoser From(std::map<std::string, NdArray> tensors, const std::string& what);

  int latent_size() const { return static_cast<int>(layers_[0].weight.cols()); }
  int num_parameters() const;

  // The pose of z [L] as axis-angle [63]; `jacobian` null or d pose / d z [63,L].
  VecX Decode(const Eigen::Ref<const VecX>& z, RowMatX* jacobian = nullptr) const;
  std::vector<Mat3> Rotations(const Eigen::Ref<const VecX>& z) const;  // [21]

  struct Gaussian {
    VecX mean, sd;  // [L]
  };
  // What the encoder says of a pose [63].
  Gaussian Encode(const Eigen::Ref<const VecX>& pose) const;

 private:
  struct Layer {
    RowMatX weight;  // [out,in]
    VecX bias;
  };
  // Batch normalisation by running statistics: scale x + shift.
  struct Norm {
    VecX scale, shift;
  };
  // Six numbers a joint [126], and by z.
  VecX SixD(const Eigen::Ref<const VecX>& z, RowMatX* jacobian) const;

  Layer layers_[3];  // the decoder
  Norm norms_[2];    // the encoder
  Layer hidden_[2], mean_, unscaled_sd_;
};

}  // namespace gyre
