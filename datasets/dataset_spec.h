// SPDX-License-Identifier: Apache-2.0
// Data sets by a line of text, as command lines give them:
//   KIND:PATH?key=value&key=value
//   lspet:DIR          lsp:DIR            Leeds Sports Pose (extended): joints.mat, images/
//                      with ?split=NAME the rows of that split of DIR/lspet.csv (see csv:) instead
//   csv:FILE           joints by name, see csv_dataset.h
//   spin:FILE.npz      SPIN's files, see spin_npz.h
//   coco:FILE.json     COCO person keypoints
//   openpose:DIR       OpenPose's JSON files and their images
//   synth:             synthetic scenes, see synthetic.h
// A path alone is told by its ending (.npz, .csv, .json) or by the joints.mat in it.
//
// Options: every kind takes `name=` (default: the kind; samples and their fits are known by this
// name). Files also take `hide=N`: keeps N limb joints of each person back, to measure with (see
// HoldOutLimbJoints). With picture files: `images=` (folder; default: images/ beside the file, else
// beside it). With 2D keypoints: `min_keypoints=` and `box_margin=`; csv: `split=`; lspet:
// `all_annotated=`; coco: `box_from_bbox=`; spin: `masks=` (folder of 'maskname' and 'partname';
// default: that of the pictures). Synth: frame (px, for width and height), and every field of
// SceneOptions: count, seed, spread, poses, noise, ...
//
// A mixture is several data sets with weights:
//   SPEC*0.6,SPEC*0.4
// Without any weight each sample of the mixture is equally likely.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "datasets/sample.h"

namespace gyre {

// The parts of a spec. Take* hand an option out once; CheckAllTaken then refuses what no reader
// asked for, by name.
class DatasetSpec {
 public:
  // UserError when the text is not KIND:PATH?key=value...
  explicit DatasetSpec(const std::string& text);

  const std::string& text() const { return text_; }
  const std::string& kind() const { return kind_; }
  const std::string& path() const { return path_; }

  std::string TakeString(const std::string& key, const std::string& fallback);
  double TakeNumber(const std::string& key, double fallback, double low, double high);
  int64_t TakeInteger(const std::string& key, int64_t fallback, int64_t low, int64_t high);
  bool TakeFlag(const std::string& key, bool fallback);  // 0 or 1
  void CheckAllTaken() const;

 private:
  std::string text_, kind_, path_;
  std::map<std::string, std::string> options_;
  std::vector<std::string> known_;
};

// What synthetic scenes are made of; empty members stand for the built-in body and the shipped
// prior, loaded only when a scene asks for them.
struct SceneSources {
  std::shared_ptr<const BodyModel> body;
  std::shared_ptr<const PosePrior> prior;
};

std::shared_ptr<const Dataset> OpenDataset(const std::string& spec,
                                           const SceneSources& sources = {});

// The samples OpenDataset would hold, in its order, one after the other without holding them.
void ForEachSample(const std::string& spec, const SceneSources& sources,
                   const std::function<void(Sample)>& sink);

// Data sets and the probability that a training sample comes from each.
struct Mixture {
  std::vector<std::shared_ptr<const Dataset>> sets;
  std::vector<double> weights;  // positive, sum to 1

  int64_t size() const;  // samples in all sets
  // The set a draw u in [0, 1) falls into. The last one takes what rounding leaves over.
  int SetOf(double u) const;
  // UserError for no set, an empty set, a weight not positive, or two sets of one name.
  void CheckAndNormalise();
};

Mixture OpenMixture(const std::string& specs, const SceneSources& sources = {});
Mixture MixtureOf(std::shared_ptr<const Dataset> set);

}  // namespace gyre
