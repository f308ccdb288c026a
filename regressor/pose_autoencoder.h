// SPDX-License-Identifier: Apache-2.0
// Learns a variational auto-encoder of poses (Kingma and Welling 2014) in the layout of VPoser v1
// (body/vposer.h), which reads what is written here. With z drawn from the encoder's Gaussian of a
// pose, R_k its rotations and R'_k those of z,
//   loss = mean over poses of  sum_k |R_k - R'_k|^2 / (4 sigma^2) + KL(Gaussian || N(0, I)),
// which for small turns t_k between them is sum_k |t_k|^2 / (2 sigma^2) + KL: the poses' likelihood
// where every joint errs by sigma about every axis, from below.
#pragma once

#include <cstdint>
#include <filesystem>

#include "body/pose_prior_training.h"
#include "core/option_fields.h"

namespace gyre {

struct AutoencoderOptions {
  int steps = 6000;
  int batch_size = 256;
  double learning_rate = 1e-3;  // falls to a hundredth of it, as a cosine does
  double sigma_rad = 0.1;
  int latent = 32;
  int neurons = 512;
  double dropout = 0.1;

  // UserError names the field and its value.
  void Check() const;
};

template <OptionsOf<AutoencoderOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("steps", o.steps, "Steps of Adam");
  visit("batch_size", o.batch_size, "Poses in a step");
  visit("learning_rate", o.learning_rate, "Step size at first; it falls to a hundredth");
  visit("sigma_rad", o.sigma_rad, "What joints may err by, radians about every axis");
  visit("latent", o.latent, "Numbers of a pose");
  visit("neurons", o.neurons, "Width of the hidden layers");
  visit("dropout", o.dropout, "Share of neurons left out in training");
}

struct AutoencoderTraining {
  double train_error_rad = 0;     // mean turn of a joint, of poses through the encoder's mean
  double held_out_error_rad = 0;  // NaN where no clip was held out
  double held_out_kl = 0;         // mean over poses; NaN
};

// Trains on the poses without the clips held out, and writes the weights as torch.save does
// (torch_file.h). The hands' joints of the poses are not learnt. The same seed and number of
// threads give the same bytes.
AutoencoderTraining TrainPoseAutoencoder(const PoseSplit& poses, const AutoencoderOptions& options,
                                         uint64_t seed, const std::filesystem::path& out);

}  // namespace gyre
