// SPDX-License-Identifier: Apache-2.0
// People of whom everything is said by the test.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "body/model_joints.h"
#include "core/error.h"
#include "datasets/dataset.h"

namespace gyre {

class KnownPeople : public Dataset {
 public:
  explicit KnownPeople(std::vector<Person> samples) : samples_(std::move(samples)) {
    for (size_t i = 0; i < samples_.size(); ++i) {
      samples_[i].dataset = name_;
      samples_[i].index = 10 + 3 * static_cast<int64_t>(i);
    }
  }

  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  Person Get(int64_t position) const override {
    Person sample = samples_.at(position);
    sample.position = position;
    return sample;
  }
  ImageBuffer LoadImage(const Person&) const override { ThrowUserError("no pictures"); }
  ImageBuffer LoadSilhouette(const Person& sample) const override {
    return silhouettes.at(sample.index);
  }
  ImageBuffer LoadParts(const Person& sample) const override { return parts.at(sample.index); }

  std::map<int64_t, ImageBuffer> silhouettes, parts;  // by index

 private:
  std::string name_ = "known";
  std::vector<Person> samples_;
};

// Nobody: a box that is no square of the picture and no whole number.
inline Person Stranger() {
  Person sample;
  sample.box = {Vec2(61.5, 48.25), 137};
  return sample;
}

// Where a camera sees the 49 joints of a body.
inline Points2 PixelsOf(const BodyModel& body, const BodyParams& params, const Camera& camera) {
  const Points3 joints = ModelJoints(body, params, SpinJoints());
  Points2 pixels(joints.rows(), 2);
  for (int i = 0; i < joints.rows(); ++i) {
    pixels.row(i) = camera.Project(joints.row(i).transpose()).transpose();
  }
  return pixels;
}

}  // namespace gyre
