// SPDX-License-Identifier: Apache-2.0
// The pictures that `gyre fit` draws: bodies over the photographs they were fitted in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "body/body_model.h"
#include "io/journal.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/person_source.h"

namespace gyre {

// What overlays show.
struct OverlayParts {
  bool body = true;
  bool keypoints = false;  // of everybody in the picture, also of who was refused
  bool side = false;       // the bodies seen from their left, beside the picture
  bool close_ups = false;  // face and hands of bodies that have them, enlarged, beside the picture

  static OverlayParts Parse(const std::string& text);  // "body,keypoints,..."; UsageError
};

// How the pictures of a run are seen, and what overlays of them are called.
class OverlayPictures {
 public:
  // `images`: the folder of pictures, or one picture for all; empty: not known. `keypoints`: keeps
  // everybody's, of the first `max` pictures (0: all).
  explicit OverlayPictures(const std::filesystem::path& images, bool keypoints = false,
                           int64_t max = 0);

  // Takes note of a person's picture, in the order of the input.
  void Add(const Person& person);
  // Gives every overlay a name of its own in `folder`: the picture's path below the folder of
  // pictures, ending in .png; its own ending stays (a.jpg.png) where another picture differs in
  // nothing else or where the name would be that of a picture itself. Where there is one picture
  // for all, the frames' names.
  void NameAll(const std::filesystem::path& folder);

  struct Picture {
    Person seen;                       // without keypoints
    std::vector<Keypoints> keypoints;  // of everybody in it, where they are kept
    std::filesystem::path overlay;
    size_t place = 0;  // among the pictures, in the order of the input
  };
  // Null of a picture that was not added.
  const Picture* Find(const std::string& image_path, const std::string& image) const;

 private:
  using Key =
      std::pair<std::string, std::string>;  // path, and the frame's name where one is for all
  std::filesystem::path NameOf(const Person& seen) const;
  Key KeyOf(const std::string& image_path, const std::string& image) const;

  std::filesystem::path images_;
  bool one_for_all_ = false;
  bool keep_keypoints_ = false;
  size_t max_ = 0;
  std::map<Key, Picture> pictures_;
};

// One picture per photograph with every usable body, the farthest first, and what of it is only
// guessed fainter (guessed_parts.h); of the first `max` photographs (0: all). `like`: see
// DecodeRow.
struct OverlayTask {
  std::filesystem::path folder;
  int64_t max = 0;
  const OverlayPictures* pictures = nullptr;
  OverlayParts parts;
  // Frames of a video: each has its picture and the same size, also where there is no body; bodies
  // of the motion through a gap, which are not usable, are faint.
  bool frames = false;
};
// A picture with bodies over it; `rows` by their size in it (see LargestLast), the largest last.
// Those that are not usable are faint.
cv::Mat DrawBodies(const BodyModel& body, std::span<const FitRow> rows, const cv::Mat& picture);
// Orders rows by their size in the picture, the largest last: not by depth, as people may be seen
// by cameras of their own.
void LargestLast(std::vector<FitRow>* rows);

void WriteOverlays(const OverlayTask& task, const BodyModel& body, const Journal& journal,
                   const FitRow& like);

}  // namespace gyre
