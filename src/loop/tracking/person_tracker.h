// SPDX-License-Identifier: Apache-2.0
// People of a video's frames as tracks: who is the same person from frame to frame.
//
// A track's joints are predicted (body_motion.h) and held against each person of the frame. How
// alike they are is the mean of two numbers in [0,1],
//   OKS, COCO's object keypoint similarity, in the mean over what is not known of the prediction:
//     a joint whose place is Gaussian of variance p about x' has
//       E exp(-|x - x'|^2 / 2v) = v / (v + p) exp(-|x - x'|^2 / (2 (v + p))),   v = (2 k_j a)^2,
//     k_j COCO's constants and a^2 the body's area; the mean over joints that both have;
//   the overlap (intersection over union) of the boxes around these joints.
// Who is who is the assignment of the greatest likeness in sum (assignment.h), of pairs that are
// alike enough. Who is nobody's begins a track; a track that is not seen for long has ended. So an
// unseen track grows vague, and gives way to one that knows better.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/option_fields.h"
#include "loop/tracking/body_motion.h"
#include "person/person.h"

namespace gyre {

struct TrackOptions {
  double max_gap_s = 1.2;        // unseen for longer, a track has ended
  double min_similarity = 0.12;  // of a pair; less is another person
  int min_frames = 5;            // in which a track is seen; fewer are a detector's ghosts
  int max_people = 64;           // of a frame, the largest and surest

  // Throws UserError naming the field and its value.
  void Check() const;
};

template <OptionsOf<TrackOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("max_gap_s", o.max_gap_s, "Seconds unseen after which a person is another one");
  visit("min_similarity", o.min_similarity, "Of a track and a person, in [0,1]; less are two");
  visit("min_frames", o.min_frames, "Frames in which a track is seen; fewer are left out");
  visit("max_people", o.max_people, "Of a frame, the largest and surest");
}

// In [0,1]; 0 where they have no joint in common.
double Similarity(const PredictedJoints& predicted, const Person& seen);

// How much of a picture a person takes, ghosts of weak keypoints little: the box's side times the
// mean confidence of the observed keypoints.
double Prominence(const Person& person);

class PersonTracker {
 public:
  PersonTracker(const TrackOptions& options, double fps);

  // The people of a frame behind the last one: the track of each, numbered from 0 as they begin; -1
  // of who has no box or is one too many.
  std::vector<int64_t> Add(int64_t frame, std::span<const Person> people);

  int64_t num_tracks() const { return next_; }

 private:
  struct Track {
    int64_t number, last_frame;
    BodyMotion motion;
  };

  const TrackOptions options_;
  const double fps_;
  int64_t next_ = 0;
  std::vector<Track> alive_;
};

}  // namespace gyre
