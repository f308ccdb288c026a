// SPDX-License-Identifier: Apache-2.0
// Clips of people who move as motion capture does, seen by cameras that stand still around them:
// keypoints, joints in space and body of every frame, without pictures.
//
// A clip is one subject, a body of its own shape, and is seen by `views` cameras whose azimuths are
// spread evenly from a random one, 0 to 20 degrees above the middle of where the person goes, and
// as far off as it takes for all joints of the clip to be in the picture. Everything is a function
// of the seed, the clip and the camera.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "body/retarget.h"
#include "core/enum_names.h"
#include "core/option_fields.h"
#include "datasets/dataset.h"

namespace gyre {

// Of the world that motion capture is in: y, or z as AMASS's.
enum class MocapUp { kY, kZ };
template <>
struct EnumNames<MocapUp> {
  static constexpr NameOf<MocapUp> kAll[] = {{MocapUp::kY, "y"}, {MocapUp::kZ, "z"}};
};

struct MocapOptions {
  // Of the clips in their order, i-th in part i mod N: "0/24", or "2-15/24" for several; empty:
  // all.
  std::string part = {};
  MocapUp up = MocapUp::kY;
  int views = 4;
  double fps = 30;          // frames are left out to come near it
  int64_t most_frames = 0;  // of a clip, its first; 0: all
  bool labels = true;       // joints in space and bodies are known
  int picture_px = 1000;    // width and height
  double focal_px = 1145;
  double noise_px = 0;      // deviation of a keypoint, each axis
  double missing_rate = 0;  // of the keypoints
  double beta_max = 2;      // a subject's shape: N(0,1), clipped to this
  uint64_t seed = 1;

  void Check() const;
};

// Named as the options of a data set's spec.
template <OptionsOf<MocapOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("part", o.part, "Of the clips, every N-th: 0/24, or several such parts, 2-15/24");
  visit("up", o.up, "What is up in the world of the motion capture");
  visit("views", o.views, "Cameras that see each clip");
  visit("fps", o.fps, "Frames a second, as near as leaving out can come");
  visit("most_frames", o.most_frames, "Frames of a clip that are taken (0: all)");
  visit("labels", o.labels, "Whether joints in space and bodies are known");
  visit("frame", o.picture_px, "Width and height of the pictures, px");
  visit("focal_px", o.focal_px, "Focal length");
  visit("noise", o.noise_px, "Deviation of keypoints, px");
  visit("missing", o.missing_rate, "Share of keypoints missing");
  visit("beta_max", o.beta_max, "Largest shape parameter");
  visit("seed", o.seed, "Seed of shapes, cameras and noise");
}

class MocapDataset : public Dataset {
 public:
  // `set`: of the persons' keypoints; joints that the body lacks are not observed. UserError when
  // no clip is left.
  MocapDataset(const BodyModel& body, std::vector<PoseClip> clips, const KeypointSet& set,
               const MocapOptions& options, std::string name);

  const std::string& name() const override { return name_; }
  int64_t size() const override { return size_; }
  // Person::track is the clip and camera, Person::frame counts the frames that were taken.
  Person Get(int64_t position) const override;
  // UserError: there are none.
  ImageBuffer LoadImage(const Person& person) const override;

 private:
  struct View {
    Mat3 cam_from_world;
    Vec3 center_in_world;
  };
  struct Clip {
    std::vector<float> joints;  // [frames,N,3] world
    RowMatX poses;   // [frames,66] of the root and 21 joints, in the motion capture's world
    Points3 transl;  // [frames,3] in that
    VecX betas;
    int64_t frames = 0, first = 0;
    std::vector<View> views;
  };

  View Place(const Clip& clip, double azimuth, double elevation, double farther) const;
  bool Sees(const View& view, const Clip& clip) const;
  Points3 InCamera(const Clip& clip, const View& view, int64_t frame) const;
  BodyParams BodyInCamera(const Clip& clip, const View& view, int64_t frame) const;

  const KeypointSet* set_;
  RestJoints rest_;
  MocapOptions options_;
  std::string name_;
  std::vector<int> rows_;  // of the body's joints in the set
  std::vector<Clip> clips_;
  int64_t size_ = 0;
};

// Motion capture: BVH files, or poses in SMPL's parameters (body/retarget.h), by file or folder.
std::vector<PoseClip> ReadMocap(const std::filesystem::path& path);

}  // namespace gyre
