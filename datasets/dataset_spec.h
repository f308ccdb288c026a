// SPDX-License-Identifier: Apache-2.0
// Data sets by a line of text, as command lines give them:
//   KIND:PATH?key=value&key=value
//   lspet:DIR          lsp:DIR            Leeds Sports Pose (extended): joints.mat, images/
//                      with ?split=NAME the rows of that split of DIR/lspet.csv (see csv:) instead
//   csv:FILE           joints by name, see readers/csv.h
//   spin:FILE.npz      SPIN's files, see readers/spin_npz.h
//   coco:FILE.json     COCO person keypoints, COCO-WholeBody's too, and detectors' results, see
//                      readers/coco.h
//   images:DIR         pictures; with ?keypoints=FILE.json what gyre detect found in them, as coco:
//   openpose:DIR       OpenPose's JSON files (or one file) and their images, see readers/openpose.h
//   h36m:FILE.npz      clips as VideoPose3D has them, see readers/h36m_npz.h
//   synth:             synthetic scenes, see scenes/synthetic.h
//   mocap:FILE|DIR     motion capture before cameras that stand around it, see
//                      scenes/mocap_clips.h, whose fields are its options
// A path alone is told by its ending (.npz, .csv, .json) or by the joints.mat in it.
//
// Options: every kind takes `name=` (default: the kind; persons and their fits are known by this
// name) and `set=`, the keypoint set that persons get: spin49 (the default), `own` (the file's), or
// another registered one (body/joints.h). Files also take `hide=N`: keeps N limb joints of each
// person back, to measure with (see HoldOutLimbJoints). With picture files: `images=` (folder;
// default: images/ beside the file, else beside it). With 2D keypoints: `min_keypoints=` (6) and
// `box_margin=` (1.2); csv: `split=`; lspet: `all_annotated=`; coco: `box_from_bbox=`,
// `min_score=` (of detectors' results); spin: `masks=` (folder of 'maskname' and 'partname';
// default: that of the pictures); openpose: `track=largest` (the largest person
// of each frame is one clip's; default none); h36m: `truth=` and `cameras=` (files), `subjects=`
// (S1+S5), `every=` (1: all frames), `undistort=` (1). Synth: frame (px, for width and height), and
// every field of SceneOptions: count, seed, spread, poses, noise, ...
//
// A file as it stands, as `gyre fit --coco` and its like take it, not as one to learn from:
//   pictures=found|none  (coco, openpose, spin) pictures that are there, whatever the ending, and
//   `images=`
//                        may be one picture; or none at all. Default: named, see PicturePaths
//   crowds=1             (coco) groups too, that nobody separated
//   ids=file             (coco, openpose) persons, pictures and files are called what the file
//   calls
//                        them. Default: row, the number of the row and the picture's path
//   impossible=keep      (coco, openpose) numbers that cannot be stay and the fitter refuses the
//                        person. Default: leave-out
//
// A mixture is several data sets with weights:
//   SPEC*0.6,SPEC*0.4
// Without any weight each person of the mixture is equally likely.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "core/enum_names.h"
#include "datasets/dataset.h"
#include "datasets/decorators/mixture.h"
#include "datasets/left_out.h"

namespace gyre {

// The parts of a spec. Take* hand an option out once; CheckAllTaken then refuses what no reader
// asked for, by name.
class DatasetSpec {
 public:
  using Options = std::map<std::string, std::string>;

  // UserError when the text is not KIND:PATH?key=value...
  explicit DatasetSpec(const std::string& text);
  // Of its parts, whatever characters the path and the values hold.
  DatasetSpec(const std::string& kind, const std::string& path, Options options);

  const std::string& text() const { return text_; }
  const std::string& kind() const { return kind_; }
  const std::string& path() const { return path_; }
  // An option that nobody has taken yet; empty when it is not given.
  std::string Option(const std::string& key) const;

  // Sets an option that the text does not set.
  void Give(const std::string& key, const std::string& value) { options_.emplace(key, value); }

  std::string TakeString(const std::string& key, const std::string& fallback);
  // Sets the value when its name is given.
  template <NamedEnum E>
  void TakeEnum(const std::string& key, E* value) {
    const std::string text = TakeString(key, EnumName(*value));
    *value = EnumFromName<E>(text, "data set '" + text_ + "': " + key);
  }
  // Whether the second of two words is given; the first is the default.
  bool TakeWord(const std::string& key, const std::string& no, const std::string& yes);
  double TakeNumber(const std::string& key, double fallback, double low, double high);
  int64_t TakeInteger(const std::string& key, int64_t fallback, int64_t low, int64_t high);
  bool TakeFlag(const std::string& key, bool fallback);  // 0 or 1
  void CheckAllTaken() const;

 private:
  std::string text_, kind_, path_;
  Options options_;
  std::vector<std::string> known_;
};

// What synthetic scenes are made of; empty members stand for the built-in body and the shipped
// prior, loaded only when a scene asks for them. The prior of a fit has no say in who is fitted:
// two priors are compared on the same people. A data set's own `prior=FILE` goes before.
struct SceneSources {
  std::shared_ptr<const BodyModel> body;
  std::shared_ptr<const PosePrior> prior;
};

// `left_out` is told of what its file holds and cannot be read, which is left out.
std::shared_ptr<const Dataset> OpenDataset(const std::string& spec,
                                           const SceneSources& sources = {},
                                           const LeftOutSink& left_out = {});
std::shared_ptr<const Dataset> OpenDataset(DatasetSpec spec, const SceneSources& sources,
                                           const LeftOutSink& left_out = {});

// The persons OpenDataset would hold, in its order, one after the other without holding them.
void ForEachPerson(DatasetSpec spec, const SceneSources& sources,
                   const std::function<void(Person)>& sink, const LeftOutSink& left_out = {});

// `prepare` may give each spec what its text leaves open.
Mixture OpenMixture(const std::string& specs, const SceneSources& sources = {},
                    const std::function<void(DatasetSpec*)>& prepare = {});

}  // namespace gyre
