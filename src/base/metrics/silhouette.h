// SPDX-License-Identifier: Apache-2.0
// Silhouettes and body parts against labels, as LSP's labels of UP-3D are used.
//
// Counts are accumulated over the whole set before anything is divided:
//   accuracy = correct pixels / all pixels
//   F1_c = 2 TP_c / (2 TP_c + FP_c + FN_c),  F1 = unweighted mean over the classes seen
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gyre {

class SilhouetteMeter {
 public:
  static constexpr uint8_t kIgnore = 255;

  // 2: background and body; 7: background and six parts.
  explicit SilhouetteMeter(int num_classes = 2);

  // Class of every pixel of one image. Truth kIgnore: the pixel is left out of F1, and its truth is
  // background for the accuracy (the rule of UP-3D's evaluation, which SPIN's follows).
  void Add(std::span<const uint8_t> prediction, std::span<const uint8_t> truth);

  void Merge(const SilhouetteMeter& other);

  double Accuracy() const;        // NaN before the first pixel
  double F1(int class_id) const;  // NaN for a class that neither side shows
  double MeanF1() const;
  int64_t images() const { return images_; }
  int64_t pixels() const { return pixels_; }

 private:
  struct Counts {
    int64_t true_positive = 0, false_positive = 0, false_negative = 0;
  };
  std::vector<Counts> classes_;
  int64_t images_ = 0, pixels_ = 0, correct_ = 0;
};

}  // namespace gyre
