// SPDX-License-Identifier: Apache-2.0
// What all readers of data sets with picture files share: rows in memory, pictures in a folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "body/joints.h"
#include "datasets/sample.h"

namespace gyre {

// Where readers put the samples of their files, in file order.
using SampleSink = std::function<void(Sample)>;

// dir / file, refused with a UserError (naming `what`) when `file` is empty, absolute or leads out
// of `dir`.
std::filesystem::path PathInFolder(const std::filesystem::path& dir, const std::string& file,
                                   const std::string& what);

// Puts joint i of `source` where SPIN's 49 have it: position and confidence into `sample`.
class KeypointPlacer {
 public:
  explicit KeypointPlacer(const KeypointSet& source);
  // points [N,2], confidence [N]. Entries without confidence, and those that cannot be
  // (LeaveOutImpossible), are left out.
  void Place(const Points2& points_px, const VecX& confidence, Sample* sample) const;

 private:
  std::vector<int> spin_positions_;
};

// A data set whose samples are in memory and whose pictures are files.
class ImageFolderDataset : public Dataset {
 public:
  ImageFolderDataset(std::string name, std::vector<Sample> samples);

  const std::string& name() const override { return name_; }
  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  Sample Get(int64_t position) const override;
  ImageBuffer LoadImage(const Sample& sample) const override;
  ImageBuffer LoadImageAtScale(const Sample& sample, double scale) const override;
  // What is not 0 in the file is the person: the rule of SPIN's evaluation.
  ImageBuffer LoadSilhouette(const Sample& sample) const override;
  ImageBuffer LoadParts(const Sample& sample) const override;

 private:
  std::string name_;
  std::vector<Sample> samples_;
};

}  // namespace gyre
