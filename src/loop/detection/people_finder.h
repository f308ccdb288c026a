// SPDX-License-Identifier: Apache-2.0
// People in pictures: bodies are detected in windows of several sizes, each gets a region of its
// own, landmarks there, and a second region from those landmarks. Who is found twice counts once.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "core/option_fields.h"
#include "loop/detection/pose_networks.h"
#include "loop/detection/region.h"
#include "person/keypoints.h"

namespace gyre {

struct DetectOptions {
  std::string detector;        // folder of the networks; empty: where tools/get_detector puts them
  std::string model = "full";  // lite, full or heavy: 0.4, 0.8 or 3.9 GFLOP a person
  double min_score = 0.5;      // of a body in a window: what its authors take
  double min_presence = 0.5;   // of a body in its region
  double max_overlap = 0.6;    // of two people's keypoints' boxes; above it they are one
  int max_people = 64;         // in a picture, the surest

  void Check() const;
};
template <OptionsOf<DetectOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("detector", o.detector, "Folder of the networks (where tools/get_detector puts them)");
  visit("model", o.model, "Of landmarks: lite, full or heavy");
  visit("min_score", o.min_score, "How sure a body in a window has to be");
  visit("min_presence", o.min_presence, "How sure a body in its own region has to be");
  visit("max_overlap", o.max_overlap, "Of two people's boxes; above it they are one");
  visit("max_people", o.max_people, "In a picture, the surest");
}

struct FoundPerson {
  double score = 0;     // in [0,1]
  Keypoints keypoints;  // of the set blazepose33
  Points3 world_m;      // [33,3] metres around the hips' middle, camera axes
  Region region;        // where its landmarks were looked for
  Region next;          // where they ask to be looked for
  cv::Mat mask;         // of the region, 8-bit, 255: surely this person; empty unless asked for
};

// A rectangle of pixels, edge to edge.
struct PixelRect {
  Vec2 low = Vec2::Zero(), high = Vec2::Zero();
  Vec2 center() const { return 0.5 * (low + high); }
  double long_side() const { return (high - low).maxCoeff(); }
};

class PeopleFinder {
 public:
  explicit PeopleFinder(const DetectOptions& options, bool masks = false);

  // `picture`: 8-bit BGR. The surest first.
  std::vector<FoundPerson> Find(const cv::Mat& picture);
  // One person for each rectangle, in their order: whom it is around. Somebody is always found;
  // where nothing was detected, the score is low.
  std::vector<FoundPerson> FindIn(const cv::Mat& picture, const std::vector<PixelRect>& around);

 private:
  struct Candidate {
    Region region;
    int whom;  // which window it is from, and so which rectangle it may be the person of
  };
  std::vector<Candidate> DetectIn(const cv::Mat& picture, const std::vector<Region>& windows,
                                  double min_score);
  std::vector<FoundPerson> LookAt(const cv::Mat& picture, const std::vector<Region>& regions,
                                  bool masks);
  // Where the people ask for it.
  std::vector<FoundPerson> LookAgain(const cv::Mat& picture,
                                     const std::vector<FoundPerson>& people);

  DetectOptions options_;
  bool masks_;
  PoseNetworks networks_;
};

// Those who are there, the surest first: of people whose rectangles of sure keypoints overlap the
// surest alone, and no more than the options ask for.
std::vector<FoundPerson> EachOnce(std::vector<FoundPerson> people, const DetectOptions& options);

// The smallest rectangle around the keypoints that are surer than min_confidence (all of them where
// none is).
PixelRect BoundsOf(const Keypoints& keypoints, double min_confidence);
// Intersection over union.
double OverlapOf(const PixelRect& a, const PixelRect& b);

}  // namespace gyre
