// SPDX-License-Identifier: Apache-2.0
#include "tools/picture_arguments.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "core/error.h"
#include "loop/bulk/fit_identity.h"

namespace gyre {
namespace {

// The whole of a text as a number; UsageError names the option.
double NumberOf(const std::string& option, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(fmt::format("--{} is '{}'; it must be a number", option, text));
  }
  return value;
}

Vec2 CenterOf(const std::string& text) {
  const size_t comma = text.find(',');
  if (comma == std::string::npos) {
    throw UsageError(fmt::format("--center is '{}'; it must be X,Y in pixels, as 319.5,212", text));
  }
  const Vec2 center(NumberOf("center", text.substr(0, comma)),
                    NumberOf("center", text.substr(comma + 1)));
  if (!(center.array().abs() <= 1e6).all()) {
    throw UsageError(fmt::format("--center is '{}'; both must be within a million pixels", text));
  }
  return center;
}

}  // namespace

void AddPictureOptions(cxxopts::Options& options) {
  options.add_options("Camera and pictures")(
      "focal", "Focal length of the image, px (default: SPIN's, 5000 px in the person's crop)",
      cxxopts::value<double>(),
      "PX")("focal-mm", "Focal length as that of a full-frame camera, mm; exif: each picture's own",
            cxxopts::value<std::string>(), "MM|exif")(
      "center",
      "With --focal or --focal-mm: the camera's principal point, px (default: the middle)",
      cxxopts::value<std::string>(),
      "X,Y")("camera",
             "File of calibrated cameras (OpenCV's .yml or .json, Pose2Sim's .toml); distortion is "
             "undone, "
             "of several cameras each picture takes the one that its path names",
             cxxopts::value<std::string>(), "FILE")(
      "camera-name", "Which of the cameras in --camera", cxxopts::value<std::string>(), "NAME")(
      "exif",
      "Orientation that EXIF tells: apply it to the picture, ignore it, or by-size (as the "
      "keypoints' file says the picture's size; applied where it does not)",
      cxxopts::value<std::string>()->default_value("by-size"),
      "HOW")("keypoints-of",
             "Size of the pictures that the keypoints are of, to scale them to the pictures that "
             "there are; file: as their file says; 1x1: coordinates in 0..1",
             cxxopts::value<std::string>(), "WxH|file");
}

void CheckPictureArguments(const cxxopts::ParseResult& args) {
  const auto given = [&](const char* name) { return args.count(name) > 0; };
  if (given("focal") + given("focal-mm") + given("camera") > 1) {
    throw UsageError("--focal, --focal-mm and --camera all say the focal length; give one of them");
  }
  if (given("center") && !given("focal") && !given("focal-mm")) {
    throw UsageError("--center needs --focal or --focal-mm");
  }
  if (given("camera-name") && !given("camera")) throw UsageError("--camera-name needs --camera");
  for (const char* option : {"focal", "focal-mm", "camera", "exif", "keypoints-of"}) {
    if (given("problems") && given(option)) {
      throw UsageError(
          fmt::format("--problems have a camera of their own; leave --{} out", option));
    }
  }
  CameraChoiceOf(args);
  PictureOptionsOf(args);
}

PictureOptions PictureOptionsOf(const cxxopts::ParseResult& args) {
  const auto text = [&](const char* name) {
    return args.count(name) ? args[name].as<std::string>() : std::string();
  };
  PictureOptions options;
  if (args.count("exif")) {
    const auto exif = FindEnum<ExifTurn>(text("exif"));
    if (!exif) {
      throw UsageError(fmt::format("--exif is '{}'; it must be {}", text("exif"),
                                   EnumNameList<ExifTurn>(" or ")));
    }
    options.exif = *exif;
  }
  options.keypoints_of = text("keypoints-of");
  options.camera = text("camera");
  options.camera_name = text("camera-name");
  return options;
}

CameraChoice CameraChoiceOf(const cxxopts::ParseResult& args) {
  CameraChoice choice;
  if (args.count("focal")) {
    choice.focal_px = args["focal"].as<double>();
    if (!(choice.focal_px >= 1 && choice.focal_px <= 1e6)) {
      throw UsageError(
          fmt::format("--focal is {}; it must be in pixels, from 1 to 1e6", choice.focal_px));
    }
  }
  if (args.count("focal-mm")) {
    const std::string text = args["focal-mm"].as<std::string>();
    choice.focal_of_exif = text == "exif";
    if (!choice.focal_of_exif) choice.focal_mm = NumberOf("focal-mm", text);
    if (!choice.focal_of_exif && !(choice.focal_mm >= 1 && choice.focal_mm <= 1e4)) {
      throw UsageError(
          fmt::format("--focal-mm is {}; it must be in mm, from 1 to 10000, or exif", text));
    }
  }
  if (args.count("center")) choice.center_px = CenterOf(args["center"].as<std::string>());
  return choice;
}

void DescribePictures(const cxxopts::ParseResult& args, std::map<std::string, std::string>* notes) {
  for (const char* option : {"focal-mm", "center", "camera-name", "exif", "keypoints-of"}) {
    if (args.count(option)) (*notes)[option] = args[option].as<std::string>();
  }
  if (args.count("camera")) {
    (*notes)["camera"] = FingerprintOfFile(args["camera"].as<std::string>());
  }
}

}  // namespace gyre
