// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_overlays.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <numbers>
#include <opencv2/core/mat.hpp>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "datasets/person_picture.h"
#include "io/image.h"
#include "loop/bulk/guessed_parts.h"
#include "render/close_up.h"
#include "render/overlay.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// `name` as a path that stays below a folder.
fs::path Below(const std::string& name) {
  std::string slashes = name;
  std::ranges::replace(slashes, '\\', '/');
  const fs::path path = fs::path(slashes).lexically_normal().relative_path();
  const bool leaves = path.empty() || *path.begin() == "..";
  return leaves ? fs::path(slashes).filename() : path;
}

// Two names that a file system may take for one.
std::string Folded(const fs::path& path) {
  std::string folded = path.string();
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

fs::path WithPng(fs::path path) { return path += ".png"; }

// Without the ending of a picture, if it has one.
fs::path ShortName(const fs::path& name) {
  const std::string ending = Folded(name.extension());
  for (const char* known : {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}) {
    if (ending == known) return WithPng(name.parent_path() / name.stem());
  }
  return WithPng(name);
}

}  // namespace

OverlayParts OverlayParts::Parse(const std::string& text) {
  OverlayParts parts{false, false, false, false};
  const std::map<std::string, bool*> known = {{"body", &parts.body},
                                              {"keypoints", &parts.keypoints},
                                              {"side", &parts.side},
                                              {"close-ups", &parts.close_ups}};
  std::istringstream names(text);
  for (std::string name; std::getline(names, name, ',');) {
    const auto part = known.find(name);
    if (part == known.end()) {
      throw UsageError(fmt::format(
          "--overlay-style is '{}'; it must be one or more of body, keypoints, side and close-ups",
          text));
    }
    *part->second = true;
  }
  if (std::ranges::none_of(known, [](const auto& part) { return *part.second; })) {
    throw UsageError(
        "--overlay-style is empty; give one or more of body, keypoints, side and close-ups");
  }
  return parts;
}

OverlayPictures::OverlayPictures(const fs::path& images, bool keypoints, int64_t max)
    : images_(images), keep_keypoints_(keypoints), max_(static_cast<size_t>(max)) {
  std::error_code ignored;
  one_for_all_ = fs::is_regular_file(images, ignored);
}

OverlayPictures::Key OverlayPictures::KeyOf(const std::string& image_path,
                                            const std::string& image) const {
  return {image_path, one_for_all_ ? image : std::string()};
}

void OverlayPictures::Add(const Person& person) {
  if (person.image_path.empty()) return;
  const auto [at, added] = pictures_.try_emplace(KeyOf(person.image_path, person.image));
  if (added) at->second.place = pictures_.size() - 1;
  if (keep_keypoints_ && (max_ == 0 || at->second.place < max_)) {
    at->second.keypoints.push_back(person.keypoints);
  }
  if (!added) return;
  Person& seen = at->second.seen;
  static const KeypointSet nothing;
  seen.keypoints = Keypoints(nothing);
  seen.image = person.image;
  seen.image_path = person.image_path;
  seen.image_name = person.image_name;
  seen.image_width = person.image_width;
  seen.image_height = person.image_height;
  seen.frame_of_picture = person.frame_of_picture;
}

fs::path OverlayPictures::NameOf(const Person& seen) const {
  const fs::path picture = seen.image_path;
  if (one_for_all_) return pictures_.size() > 1 ? Below(seen.image) : picture.filename();
  const fs::path below = picture.lexically_relative(images_);
  const bool inside = !images_.empty() && !below.empty() && *below.begin() != "..";
  return inside ? below : Below(seen.image_name);
}

void OverlayPictures::NameAll(const fs::path& folder) {
  std::set<std::string> inputs, taken;
  std::map<std::string, int> alike;
  std::error_code ignored;
  const auto whole_path = [&](const fs::path& path) {
    return fs::weakly_canonical(path, ignored).string();
  };
  for (const auto& [key, picture] : pictures_) {
    inputs.insert(whole_path(picture.seen.image_path));
    ++alike[Folded(ShortName(NameOf(picture.seen)))];
  }
  for (auto& [key, picture] : pictures_) {
    const fs::path name = NameOf(picture.seen);
    fs::path overlay = ShortName(name);
    if (alike[Folded(overlay)] > 1 || inputs.contains(whole_path(folder / overlay))) {
      overlay = WithPng(name);
    }
    for (int i = 2;
         inputs.contains(whole_path(folder / overlay)) || !taken.insert(Folded(overlay)).second;
         ++i) {
      overlay = WithPng(fs::path(name) += fmt::format("_{}", i));
    }
    picture.overlay = folder / overlay;
  }
}

const OverlayPictures::Picture* OverlayPictures::Find(const std::string& image_path,
                                                      const std::string& image) const {
  const auto found = pictures_.find(KeyOf(image_path, image));
  return found == pictures_.end() ? nullptr : &found->second;
}

cv::Mat DrawBodies(const BodyModel& body, std::span<const FitRow> rows, const cv::Mat& picture) {
  cv::Mat drawn = picture;
  for (const FitRow& row : rows) {
    const PosedBody posed = PoseBody(body, row.params);
    OverlayStyle style;
    style.vertex_opacity = OpacityOfVertices(body, posed.joints, row);
    if (!row.usable) style.opacity *= kGuessedOpacity;
    drawn = DrawBodyOverlay(drawn, posed.vertices, body.faces, row.camera, style);
  }
  return drawn;
}

void LargestLast(std::vector<FitRow>* rows) {
  std::ranges::stable_sort(*rows, std::ranges::greater(), &FitRow::pixel_scale);
}

namespace {

using Picture = OverlayPictures::Picture;

// The rows of each picture that is drawn, by their places in the journal.
struct DrawnPictures {
  std::vector<const Picture*> order;
  std::map<const Picture*, std::vector<int64_t>> rows;
};

FitRow RowAt(const Journal& journal, int64_t place, const FitRow& like) {
  return DecodeRow(journal.Read(place, 1)[0], like);
}

DrawnPictures PicturesToDraw(const OverlayTask& task, const Journal& journal, const FitRow& like) {
  DrawnPictures drawn;
  for (int64_t i = 0; i < journal.size(); ++i) {
    const FitRow row = RowAt(journal, i, like);
    const bool wanted = row.usable || task.frames || task.parts.keypoints;
    if (row.image_path.empty() || !wanted) continue;
    const Picture* picture = task.pictures->Find(row.image_path, row.image);
    if (picture == nullptr) continue;
    const bool full = task.max > 0 && std::ssize(drawn.order) == task.max;
    if (full && !drawn.rows.contains(picture)) continue;
    std::vector<int64_t>& places = drawn.rows[picture];
    if (places.empty()) drawn.order.push_back(picture);
    places.push_back(i);
  }
  return drawn;
}

// The bodies of a picture from their left side, each as high as the picture; the largest ones.
std::vector<cv::Mat> SideViews(const BodyModel& body, const std::vector<FitRow>& rows,
                               const OverlayTask& task, int height_px) {
  constexpr size_t kMost = 4;
  std::vector<cv::Mat> views;
  const cv::Size size(std::max(1, height_px / 2), height_px);
  for (auto row = rows.rbegin(); row != rows.rend() && views.size() < kMost; ++row) {
    const Points3 vertices = PoseBody(body, row->params).vertices;
    views.push_back(RenderTurned(vertices, body.faces, size, 0.5 * std::numbers::pi));
  }
  if (views.empty() && task.frames) {
    views.push_back(RenderTurned(Points3(0, 3), body.faces, size, 0));
  }
  return views;
}

// Face and hands, one below the other, of a picture's largest bodies that have them.
std::vector<cv::Mat> CloseUpColumns(const OverlayTask& task, const BodyModel& body,
                                    const std::vector<FitRow>& rows, const Picture& picture,
                                    const cv::Mat& photograph) {
  constexpr size_t kMost = 4;
  std::vector<cv::Mat> columns;
  for (auto row = rows.rbegin(); row != rows.rend() && columns.size() < kMost; ++row) {
    const Points3 joints = PoseBody(body, row->params).joints;
    const std::vector<Box> boxes =
        CloseUpBoxes(*body.layout, joints, row->camera, photograph.size());
    if (boxes.empty()) continue;
    const auto draw = [&](const Box& box, int size_px, cv::Mat* cut) {
      FitRow close = *row;
      close.camera = InCutOut(row->camera, box, size_px);
      if (task.parts.body) *cut = DrawBodies(body, {&close, 1}, *cut);
      for (const Keypoints& of : picture.keypoints) {
        *cut = DrawSkeleton(*cut, InCutOut(of.px, box, size_px), of.confidence, *of.set);
      }
    };
    columns.push_back(CloseUpColumn(photograph, boxes, photograph.rows, draw));
  }
  return columns;
}

// `rows`: of the picture's bodies, the farthest first.
cv::Mat Draw(const OverlayTask& task, const BodyModel& body, const std::vector<FitRow>& rows,
             const Picture& picture, const cv::Mat& photograph) {
  cv::Mat drawn = task.parts.body ? DrawBodies(body, rows, photograph) : photograph;
  for (const Keypoints& keypoints : picture.keypoints) {
    drawn = DrawSkeleton(drawn, keypoints.px, keypoints.confidence, *keypoints.set);
  }
  std::vector<cv::Mat> strip = {drawn};
  const auto append = [&](const std::vector<cv::Mat>& more) {
    strip.insert(strip.end(), more.begin(), more.end());
  };
  if (task.parts.side) append(SideViews(body, rows, task, drawn.rows));
  if (task.parts.close_ups) append(CloseUpColumns(task, body, rows, picture, photograph));
  return strip.size() > 1 ? ComposeStrip(strip, drawn.rows) : drawn;
}

}  // namespace

void WriteOverlays(const OverlayTask& task, const BodyModel& body, const Journal& journal,
                   const FitRow& like) {
  DrawnPictures pictures = PicturesToDraw(task, journal, like);
  MakeFolder(task.folder);
  Progress progress("drawing", "pictures", std::ssize(pictures.order));
  for (const Picture* picture : pictures.order) {
    std::vector<FitRow> rows;
    for (const int64_t i : pictures.rows[picture]) {
      FitRow row = RowAt(journal, i, like);
      const bool posed = task.frames && row.params.values().allFinite();
      if (row.usable || posed) rows.push_back(std::move(row));
    }
    LargestLast(&rows);
    progress.Advance();
    cv::Mat photograph;
    try {
      photograph = LoadPersonPicture(picture->seen);
    } catch (const UserError& error) {
      spdlog::warn("{}; it is not drawn", error.what());
      continue;
    }
    if (picture->overlay.has_parent_path()) MakeFolder(picture->overlay.parent_path());
    WriteImage(picture->overlay, Draw(task, body, rows, *picture, photograph));
  }
}

}  // namespace gyre
