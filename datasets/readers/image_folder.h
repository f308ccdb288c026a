// SPDX-License-Identifier: Apache-2.0
// Persons in memory, their pictures in a folder: what all readers of files make.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace gyre {

class ImageFolderDataset : public Dataset {
 public:
  ImageFolderDataset(std::string name, std::vector<Person> persons);

  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(persons_.size()); }
  Person Get(int64_t position) const override;
  ImageBuffer LoadImage(const Person& person) const override;
  ImageBuffer LoadImageAtScale(const Person& person, double scale) const override;
  // What is not 0 in the file is the person: the rule of SPIN's evaluation.
  ImageBuffer LoadSilhouette(const Person& person) const override;
  ImageBuffer LoadParts(const Person& person) const override;

 private:
  std::string name_;
  std::vector<Person> persons_;
  mutable std::atomic_flag told_outside_;
};

}  // namespace gyre
