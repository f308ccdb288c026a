// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/follow_person.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "loop/tracking/assignment.h"
#include "person/crops.h"

namespace gyre {

namespace {

constexpr double kBound = 0.35;          // of the cost from a frame to the next
constexpr double kBoundPerFrame = 0.04;  // more for each frame in between
constexpr double kLargestBound = 1;
constexpr double kAlone = kLargestBound;  // of a track that nobody goes on
constexpr double kNever = std::numeric_limits<double>::infinity();  // a cost
constexpr int64_t kPatience = 60;     // frames that a track is carried on unseen
constexpr double kSpeedMemory = 0.7;  // of a track's speed, from frame to frame
constexpr size_t kMostPeople = 64;    // of a frame that have tracks, the most prominent

// Someone in a frame.
struct Sighting {
  int64_t frame = 0;
  int place = 0;  // in the frame's list
  const Person* person = nullptr;
};

struct Track {
  std::vector<Sighting> seen;
  Vec2 speed_px = Vec2::Zero();  // per frame
  double prominence = 0;         // of the sightings that are the most prominent of their frames

  const Sighting& first() const { return seen.front(); }
  const Sighting& last() const { return seen.back(); }
};

// From `a` to `b`: how far the keypoints of both have moved on average, and its length in sides of
// the boxes once they are moved on by `ahead_px`.
struct Move {
  Vec2 mean_px = Vec2::Zero();
  double cost = std::numeric_limits<double>::infinity();
};

Move MoveOf(const Person& a, const Person& b, const Vec2& ahead_px) {
  Move move;
  const double side = std::sqrt(a.box.side_px * b.box.side_px);
  if (!(side > 0) || !std::isfinite(side)) return move;
  double weights = 0, distance = 0;
  for (int j = 0; j < a.keypoints.size(); ++j) {
    const double weight = std::min(a.keypoints.confidence[j], b.keypoints.confidence[j]);
    if (!(weight > 0)) continue;
    const Vec2 step = (b.keypoints.px.row(j) - a.keypoints.px.row(j)).transpose();
    move.mean_px += weight * step;
    distance += weight * (step - ahead_px).norm();
    weights += weight;
  }
  if (weights > 0) {
    move.mean_px /= weights;
    distance /= weights;
  } else {  // no keypoint in common
    move.mean_px = b.box.center_px - a.box.center_px;
    distance = (move.mean_px - ahead_px).norm();
  }
  const double growth = std::abs(std::log(b.box.side_px / a.box.side_px));
  move.cost = distance / side + growth / 2;
  return move;
}

double BoundAfter(int64_t frames) {
  return std::min(kBound + kBoundPerFrame * static_cast<double>(frames - 1), kLargestBound);
}

// Everybody's tracks.
class Tracker {
 public:
  void Add(int64_t frame, const std::vector<Person>& people) {
    std::vector<Sighting> sightings;
    for (size_t i = 0; i < people.size(); ++i) {
      if (HasBox(people[i])) sightings.push_back({frame, static_cast<int>(i), &people[i]});
    }
    std::stable_sort(sightings.begin(), sightings.end(), [](const Sighting& a, const Sighting& b) {
      return Prominence(*a.person) > Prominence(*b.person);
    });
    if (sightings.size() > kMostPeople) sightings.resize(kMostPeople);
    std::erase_if(alive_, [&](size_t t) { return frame - tracks_[t].last().frame > kPatience; });
    RowMatX costs = RowMatX::Constant(std::ssize(alive_), std::ssize(sightings), kNever);
    for (size_t t = 0; t < alive_.size(); ++t) {
      const Track& track = tracks_[alive_[t]];
      const int64_t frames = frame - track.last().frame;
      for (size_t s = 0; s < sightings.size(); ++s) {
        const double cost = MoveOf(*track.last().person, *sightings[s].person,
                                   static_cast<double>(frames) * track.speed_px)
                                .cost;
        if (cost <= BoundAfter(frames)) costs(t, s) = cost;
      }
    }
    std::vector<bool> known(sightings.size());
    size_t largest = 0;  // the track of the most prominent, who stands first
    const std::vector<int> sighting_of = CheapestAssignment(costs, kAlone);
    for (size_t t = 0; t < alive_.size(); ++t) {
      if (sighting_of[t] < 0) continue;
      const auto s = static_cast<size_t>(sighting_of[t]);
      known[s] = true;
      if (s == 0) largest = alive_[t];
      GoOn(&tracks_[alive_[t]], sightings[s]);
    }
    for (size_t s = 0; s < sightings.size(); ++s) {
      if (known[s]) continue;
      if (s == 0) largest = tracks_.size();
      alive_.push_back(tracks_.size());
      GoOn(&tracks_.emplace_back(), sightings[s]);
    }
    if (!sightings.empty()) tracks_[largest].prominence += Prominence(*sightings[0].person);
  }

  const std::vector<Track>& tracks() const { return tracks_; }

 private:
  static void GoOn(Track* track, const Sighting& sighting) {
    if (!track->seen.empty()) {
      const auto frames = static_cast<double>(sighting.frame - track->last().frame);
      const Vec2 speed =
          MoveOf(*track->last().person, *sighting.person, Vec2::Zero()).mean_px / frames;
      const double memory = track->seen.size() > 1 ? kSpeedMemory : 0;
      track->speed_px = memory * track->speed_px + (1 - memory) * speed;
    }
    track->seen.push_back(sighting);
  }

  std::vector<Track> tracks_;
  std::vector<size_t> alive_;
};

// The track to begin with; none when nobody is there.
const Track* Chosen(const std::vector<Track>& tracks, const PersonChoice& choice) {
  const Track* chosen = nullptr;
  int64_t first = std::numeric_limits<int64_t>::max();
  for (const Track& track : tracks) {
    if (choice.kind == PersonChoice::Kind::kLargest) {
      if (chosen == nullptr || track.prominence > chosen->prominence) chosen = &track;
      continue;
    }
    for (const Sighting& sighting : track.seen) {
      if (sighting.person->place != choice.person || sighting.frame >= first) continue;
      first = sighting.frame;
      chosen = &track;
    }
  }
  return chosen;
}

constexpr double kLate = 0.01;  // of a frame of waiting

// The way of one person through tracks that may have been lost in between.
class Way {
 public:
  explicit Way(const std::vector<Track>& tracks, size_t frames)
      : by_first_(tracks.size()), seen_in_(frames) {
    for (size_t i = 0; i < tracks.size(); ++i) by_first_[i] = &tracks[i];
    by_last_ = by_first_;
    std::ranges::stable_sort(by_last_, {}, [](const Track* t) { return -t->last().frame; });
    for (const Track& track : tracks) {
      for (const Sighting& sighting : track.seen) ++seen_in_[static_cast<size_t>(sighting.frame)];
    }
  }

  struct Link {
    const Track* track = nullptr;
    double cost = kNever;
    bool lost = false;  // people are there, and none can be the person
  };

  // What goes on when a track has ended or, `back`, before it begins, of the people who were not
  // there until then. Somebody who is alone in the pictures is
  // followed however far away.
  Link Next(const Track& from, bool back) const {
    const Sighting& end = back ? from.first() : from.last();
    Link best;
    const Track* soonest = nullptr;
    double dearest = kNever;
    for (const Track* track : back ? by_last_ : by_first_) {
      const Sighting& begin = back ? track->last() : track->first();
      const int64_t frames = back ? end.frame - begin.frame : begin.frame - end.frame;
      if (frames <= 0) continue;
      const double late = kLate * static_cast<double>(frames);
      if (soonest != nullptr && late >= std::min(dearest, kLargestBound + kLate)) break;
      if (soonest == nullptr) soonest = track;
      const Vec2 ahead = static_cast<double>(std::min(frames, kCarriedOn)) *
                         (back ? Vec2(-from.speed_px) : from.speed_px);
      const double cost = std::min(MoveOf(*end.person, *begin.person, ahead).cost,
                                   MoveOf(*end.person, *begin.person, Vec2::Zero()).cost);
      if (cost + late >= dearest) continue;
      dearest = cost + late;
      best = {track, cost, false};
    }
    if (soonest == nullptr) return best;
    const auto start_of = [&](const Track& track) { return back ? track.last() : track.first(); };
    const auto alone = [&](const Sighting& one) {
      return seen_in_[static_cast<size_t>(one.frame)] == 1;
    };
    if (best.track != nullptr) {  // whoever is near: more than from frame to frame will do
      const int64_t frames = std::abs(start_of(*best.track).frame - end.frame);
      if (best.cost <= std::min(2 * BoundAfter(frames), kLargestBound)) return best;
    }
    if (alone(end) && alone(start_of(*soonest))) return {soonest, kNever, false};
    return {nullptr, best.cost, true};
  }

 private:
  static constexpr int64_t kCarriedOn = 15;  // frames at the speed they had

  std::vector<const Track*> by_first_, by_last_;  // the latter from the end
  std::vector<int> seen_in_;                      // how many tracks, of each frame
};

}  // namespace

FollowedPerson FollowPerson(std::span<const std::vector<Person>> frames,
                            const PersonChoice& choice) {
  Tracker tracker;
  for (size_t i = 0; i < frames.size(); ++i) tracker.Add(static_cast<int64_t>(i), frames[i]);
  FollowedPerson followed;
  followed.chosen.assign(frames.size(), -1);
  const Track* chosen = Chosen(tracker.tracks(), choice);
  if (chosen == nullptr) return followed;
  const auto take = [&](const Track& track) {
    for (const Sighting& sighting : track.seen) {
      followed.chosen[static_cast<size_t>(sighting.frame)] = sighting.place;
    }
  };
  take(*chosen);
  const Way way(tracker.tracks(), frames.size());
  for (const bool back : {false, true}) {
    for (const Track* from = chosen; from != nullptr;) {
      const Way::Link link = way.Next(*from, back);
      const int64_t end = back ? from->first().frame : from->last().frame;
      if (link.lost) followed.lost.push_back(end);
      if (link.track != nullptr) {
        take(*link.track);
        const int64_t begin = back ? link.track->last().frame : link.track->first().frame;
        if (link.cost > BoundAfter(std::abs(begin - end))) {
          followed.jumps.push_back({std::min(begin, end), std::max(begin, end)});
        }
      }
      from = link.track;
    }
  }
  std::ranges::sort(followed.jumps, {}, &FollowJump::from);
  return followed;
}

}  // namespace gyre
