// SPDX-License-Identifier: Apache-2.0
#include "tools/video_arguments.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <opencv2/core/utils/logger.hpp>
#include <string>
#include <system_error>

#include "core/error.h"
#include "io/exif.h"
#include "io/image.h"
#include "io/video.h"
#include "loop/detection/detect_video.h"
#include "regressor/runtime.h"
#include "tools/option_flags.h"
#include "tools/picture_arguments.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr double kUsualFps = 30;

const FlagNames& TrackFlags() {
  static const FlagNames names = {.prefix = "track."};
  return names;
}

bool HoldsKeypoints(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().ends_with("_keypoints.json")) return true;
  }
  return false;
}

// What a frame's file of keypoints and its picture are called.
std::string FrameName(const fs::path& video, int64_t frame) {
  return fmt::format("{}_{:012d}", video.stem().string(), frame);
}

// A video's name, size and time: another one is searched anew.
std::string IdentityOf(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error).time_since_epoch().count();
  return fmt::format("{} of {} bytes at {}", path.string(), fs::file_size(path, error), time);
}

// What is given, brought to a folder of keypoints.
struct OpenedVideo {
  fs::path keypoints;
  fs::path images;  // folder of the pictures, or one; empty: there are none
  fs::path file;    // the video; empty: there is none
  double fps = 0;   // 0: nobody says
};

void Detect(const cxxopts::ParseResult& args, VideoDetectTask task) {
  DetectOptions options;
  if (args.count("detector")) options.detector = args["detector"].as<std::string>();
  InitRuntime(args["threads"].as<int>());
  DetectVideo(options, task);
}

OpenedVideo OpenFile(const cxxopts::ParseResult& args, const fs::path& path,
                     const fs::path& found) {
  setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", /*overwrite=*/0);  // what is wrong is said below
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_ERROR);
  auto reader = std::make_shared<VideoReader>(path);
  OpenedVideo video{found, args["images"].as<std::string>(), path, reader->fps()};
  int64_t frame = 0;
  Detect(args, {[&](VideoFrame* next) {
                  if (!reader->Next(&next->picture)) return false;
                  next->name = FrameName(path, frame++);
                  return true;
                },
                reader->frames(), IdentityOf(path), found});
  return video;
}

OpenedVideo OpenPictures(const cxxopts::ParseResult& args, const fs::path& path,
                         const fs::path& found) {
  const std::vector<fs::path> pictures = PictureFiles(path);
  if (pictures.empty()) {
    ThrowUserError(
        "{}: holds neither keypoints (NAME_keypoints.json, a file per frame) nor pictures; give "
        "one of them or a video",
        path.string());
  }
  size_t frame = 0;
  int width = 0, height = 0;
  std::string identity;
  for (const fs::path& picture : pictures) identity += IdentityOf(picture) + "\n";
  Detect(args, {[&](VideoFrame* next) {
                  if (frame == pictures.size()) return false;
                  const fs::path& picture = pictures[frame++];
                  next->name = picture.stem().string();
                  next->picture = ReadImage(picture, ImageOrientation::kUpright);
                  if (frame == 1) width = next->picture.cols, height = next->picture.rows;
                  if (next->picture.cols == width && next->picture.rows == height) return true;
                  ThrowUserError(
                      "{}: is {} x {} pixels, the frames before it {} x {}; a video has one size",
                      picture.string(), next->picture.cols, next->picture.rows, width, height);
                },
                std::ssize(pictures), identity, found});
  return {found, path, {}, 0};
}

OpenedVideo Opened(const cxxopts::ParseResult& args, const fs::path& out) {
  const fs::path path = args["video"].as<std::string>();
  const fs::path found = fs::path(out).replace_extension(".keypoints");
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (path.extension() == ".json") return {path, args["images"].as<std::string>(), {}, 0};
    return OpenFile(args, path, found);
  }
  if (HoldsKeypoints(path)) return {path, args["images"].as<std::string>(), {}, 0};
  return OpenPictures(args, path, found);
}

// The size of the video, where its pictures are in no folder: the camera looks through its middle.
void SetCamera(const OpenedVideo& opened, CameraChoice* camera) {
  if (opened.file.empty() || !opened.images.empty()) return;
  cv::Mat frame;
  if (!VideoReader(opened.file).Next(&frame)) return;
  const double longer = std::max(frame.cols, frame.rows);
  if (!camera->center_px) {
    camera->center_px = Vec2((frame.cols - 1) / 2.0, (frame.rows - 1) / 2.0);
  }
  if (camera->focal_mm > 0) {
    camera->focal_px = FullFrameFocalPx(camera->focal_mm, frame.cols, frame.rows);
    camera->focal_mm = 0;
  }
  if (camera->focal_px > 0) return;
  camera->focal_px = kUsualFocal * longer;
  spdlog::warn("nobody says the focal length: {:.0f} px are taken; --focal or --focal-mm gives it",
               camera->focal_px);
}

// Draws into the video that --overlay-video names.
VideoOverlay OverlayOf(const fs::path& path, const OpenedVideo& opened, double fps) {
  const auto writer = std::make_shared<VideoWriter>(path, fps);
  const auto reader = opened.file.empty() ? nullptr : std::make_shared<VideoReader>(opened.file);
  VideoOverlay overlay;
  overlay.picture = [reader](const Person& nobody) {
    if (!reader) return PictureOfFrame(nobody);
    cv::Mat frame;
    reader->Next(&frame);
    return frame;
  };
  overlay.sink = [writer](const cv::Mat& frame) { writer->Add(frame); };
  overlay.close = [writer] { writer->Close(); };
  return overlay;
}

}  // namespace

void AddVideoOptions(cxxopts::Options& options) {
  options.add_options("Video")(
      "video",
      "Fit everybody in a video: each with one shape and as one motion. A folder of "
      "NAME_keypoints.json, a file per frame (--images names the pictures, or one of their size), "
      "of pictures, or a video, in which people are found first",
      cxxopts::value<std::string>(),
      "FILE|FOLDER")("camera-path",
                     "With --video: where a camera that moves is in each frame (.npz: rotation "
                     "[F,3,3], translation "
                     "[F,3])",
                     cxxopts::value<std::string>(), "FILE.npz")(
      "overlay-video", "With --video: the bodies over the frames, as a video (.mp4 or .avi)",
      cxxopts::value<std::string>(), "FILE");
  AddFlags(options, "track", TrackOptions(), TrackFlags());
}

void CheckVideoArguments(const cxxopts::ParseResult& args) {
  if (args.count("video") == 0) {
    for (const char* own : {"overlay-video", "camera-path"}) {
      if (args.count(own)) throw UsageError(fmt::format("--{} belongs to --video", own));
    }
    return RefuseFlags(args, TrackOptions(), TrackFlags(), "--video");
  }
  for (const char* other : {"sequence", "person", "start"}) {
    if (args.count(other) == 0) continue;
    throw UsageError(fmt::format("--video fits everybody as they move; leave --{} out", other));
  }
}

TrackOptions TrackOptionsOf(const cxxopts::ParseResult& args) {
  TrackOptions options;
  ApplyFlags(args, &options, TrackFlags());
  options.Check();
  return options;
}

void OpenVideo(const cxxopts::ParseResult& args, const fs::path& out, FitJob* job) {
  job->tracking = TrackOptionsOf(args);
  const OpenedVideo opened = Opened(args, out);
  if (opened.images.empty() && args.count("overlays")) {
    throw UsageError("--overlays needs --images; --overlay-video draws on the video itself");
  }
  double& fps = job->sequence->fps;
  if (fps == 0) fps = opened.fps;
  if (fps == 0) {
    fps = kUsualFps;
    spdlog::warn("nobody says how many frames a second there are: {} are taken; --fps gives them",
                 fps);
  }
  SetCamera(opened, &job->camera);
  const auto video = std::make_shared<const TrackedVideo>(
      FrameFolder(opened.keypoints, opened.images, PictureOptionsOf(args)), job->tracking, fps);
  job->persons = [video](const auto& sink) { video->ForEach(sink); };
  job->video = video;
  if (args.count("camera-path")) {
    job->camera_path =
        std::make_shared<const CameraPath>(CameraPath::Read(args["camera-path"].as<std::string>()));
  }
  if (args.count("overlay-video") == 0) return;
  job->video_overlay = OverlayOf(args["overlay-video"].as<std::string>(), opened, fps);
}

}  // namespace gyre
