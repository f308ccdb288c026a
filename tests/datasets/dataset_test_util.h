// SPDX-License-Identifier: Apache-2.0
// Small data sets in memory and in files.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "datasets/sample.h"

namespace gyre {

// `size` samples with two keypoints each in flat pictures whose blue value is the row; rows in
// `broken` have no readable picture.
class FlatDataset : public Dataset {
 public:
  FlatDataset(std::string name, int64_t size, std::set<int64_t> broken = {})
      : name_(std::move(name)), size_(size), broken_(std::move(broken)) {}

  const std::string& name() const override { return name_; }
  int64_t size() const override { return size_; }
  Sample Get(int64_t position) const override {
    Sample sample;
    sample.dataset = name_;
    sample.index = position;
    sample.box = {Vec2(20, 15), 20};
    sample.keypoints_px.row(27) << 18, 12;
    sample.keypoints_px.row(28) << 24, 13;
    sample.keypoints_confidence[27] = sample.keypoints_confidence[28] = 1;
    return sample;
  }
  ImageBuffer LoadImage(const Sample& sample) const override {
    if (broken_.contains(sample.index)) ThrowUserError("{}, row {}: broken", name_, sample.index);
    ImageBuffer image{40, 30, 3, std::vector<uint8_t>(3 * 40 * 30, 100)};
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
      image.pixels[i] = static_cast<uint8_t>(sample.index);
    }
    return image;
  }

 private:
  std::string name_;
  int64_t size_;
  std::set<int64_t> broken_;
};

}  // namespace gyre
