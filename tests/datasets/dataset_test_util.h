// SPDX-License-Identifier: Apache-2.0
// Small data sets in memory and in files.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "datasets/dataset.h"

namespace gyre {

// `text` with the first `from` replaced.
inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// A person as OpenPose and COCO write them. Of OpenPose joint i stands at (10 i + 0.5, 20 i) with
// the confidence (i mod 10) / 10; of COCO at (i, 2 i) with the flag i mod 3.
inline std::string OpenPoseJson(int joints) {
  std::string numbers;
  for (int i = 0; i < joints; ++i) {
    numbers += fmt::format("{}{}.5,{},0.{}", i ? "," : "", 10 * i, 20 * i, i % 10);
  }
  return fmt::format(R"({{"version":1.3,"people":[{{"pose_keypoints_2d":[{}]}}]}})", numbers);
}

inline std::string CocoJson() {
  std::string numbers;
  for (int i = 0; i < 17; ++i) numbers += fmt::format("{}{},{},{}", i ? "," : "", i, 2 * i, i % 3);
  return fmt::format(
      R"({{"images":[{{"id":7,"file_name":"a.jpg","width":64,"height":48}}],"annotations":[)"
      R"({{"id":901,"image_id":7,"iscrowd":0,"bbox":[1,2,30,40.5],"segmentation":[[1,2,3,4]],)"
      R"("keypoints":[{}]}}]}})",
      numbers);
}

// `size` samples with two keypoints each in flat pictures whose blue value is the row; rows in
// `broken` have no readable picture.
class FlatDataset : public Dataset {
 public:
  FlatDataset(std::string name, int64_t size, std::set<int64_t> broken = {})
      : name_(std::move(name)), size_(size), broken_(std::move(broken)) {}

  const std::string& name() const override { return name_; }
  int64_t size() const override { return size_; }
  Person Get(int64_t position) const override {
    Person person;
    person.dataset = name_;
    person.index = position;
    person.box = {Vec2(20, 15), 20};
    person.keypoints.px.row(27) << 18, 12;
    person.keypoints.px.row(28) << 24, 13;
    person.keypoints.confidence[27] = person.keypoints.confidence[28] = 1;
    return person;
  }
  ImageBuffer LoadImage(const Person& person) const override {
    if (broken_.contains(person.index)) ThrowUserError("{}, row {}: broken", name_, person.index);
    ImageBuffer image{40, 30, 3, std::vector<uint8_t>(3 * 40 * 30, 100)};
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
      image.pixels[i] = static_cast<uint8_t>(person.index);
    }
    return image;
  }

 private:
  std::string name_;
  int64_t size_;
  std::set<int64_t> broken_;
};

}  // namespace gyre
