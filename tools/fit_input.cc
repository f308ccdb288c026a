// SPDX-License-Identifier: Apache-2.0
#include "tools/fit_input.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <opencv2/core/mat.hpp>
#include <optional>

#include "core/error.h"
#include "datasets/spin_npz.h"
#include "fitting/problem_file.h"
#include "io/image.h"
#include "io/keypoints_json.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr double kBoxMargin = 1.2;

// The picture of that name, which may lack its extension, in `images`; empty when there is none.
fs::path FindImage(const fs::path& images, const std::string& name) {
  if (images.empty()) return {};
  if (!fs::exists(images)) {
    ThrowUserError("{}: there is no such picture or folder (--images)", images.string());
  }
  if (!fs::is_directory(images)) return images;
  for (const char* extension : {"", ".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"}) {
    const fs::path path = images / (name + extension);
    if (fs::is_regular_file(path)) return path;
  }
  return {};
}

// The camera of the whole image, and how many reference pixels one of its pixels is.
void SetCamera(const Box& box, const FitInputOptions& options, cv::Size image_size,
               FitInput* input) {
  input->box_side_px = box.side_px;
  input->problem.pixel_scale = kReferenceCropPx / box.side_px;
  if (options.focal_px == 0) {
    input->problem.camera = CropMap(box, kReferenceCropPx).ImageCamera(SpinCropCamera());
    return;
  }
  if (image_size.width == 0 && !input->image_path.empty()) {
    image_size = ReadImage(input->image_path).size();
  }
  if (image_size.width == 0) {
    ThrowUserError("{}, person {}: --focal needs the size of the image; name it with --images",
                   input->source_file, input->person);
  }
  input->problem.camera = {options.focal_px,
                           {(image_size.width - 1) / 2.0, (image_size.height - 1) / 2.0}};
}

FitInput InputOf(const KeypointPerson& person) {
  FitInput input;
  input.id = person.id;
  input.image = person.image;
  input.problem.has_start = input.problem.start_has_translation = false;
  const std::vector<int> positions = SpinPositionsOf(FindKeypointSet(person.skeleton));
  for (int i = 0; i < person.keypoints.rows(); ++i) {
    if (positions[i] < 0) continue;
    input.problem.keypoints_px.row(positions[i]) = person.keypoints.row(i).head<2>();
    input.problem.confidence[positions[i]] = std::min(1.0, person.keypoints(i, 2));
  }
  return input;
}

void Place(const FitInputOptions& options, cv::Size image_size, FitInput* input) {
  input->image_path = FindImage(options.images, input->image);
  const auto box =
      BoxAroundPoints(input->problem.keypoints_px, input->problem.confidence, kBoxMargin);
  // Nobody to fit without keypoints: the fitter refuses the row, any camera will do.
  if (box) SetCamera(*box, options, image_size, input);
  if (!box) input->problem.camera = SpinCropCamera();
}

}  // namespace

PersonChoice PersonChoice::Parse(const std::string& text) {
  if (text == "all") return {Kind::kAll, 0};
  if (text == "largest") return {Kind::kLargest, 0};
  PersonChoice choice{Kind::kOne, 0};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), choice.person);
  if (error != std::errc() || end != text.data() + text.size() || choice.person < 0) {
    throw UsageError(
        fmt::format("--person is '{}'; it must be all, largest or a number from 0", text));
  }
  return choice;
}

std::vector<FitInput> ReadOpenPoseInputs(const fs::path& path, const FitInputOptions& options) {
  std::vector<OpenPoseFrame> frames;
  if (fs::is_directory(path)) {
    frames = ReadOpenPoseFolder(path);
  } else {
    std::string name = path.stem().string();
    for (const char* suffix : {"_keypoints", "_openpose"}) {
      if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
    }
    frames.push_back({name, ReadOpenPoseJson(path)});
  }
  std::vector<FitInput> inputs;
  for (const OpenPoseFrame& frame : frames) {
    int64_t place = 0;
    for (const KeypointPerson& person : frame.people) {
      FitInput input = InputOf(person);
      input.source_file = fs::is_directory(path)
                              ? (path / (frame.name + "_keypoints.json")).string()
                              : path.string();
      input.person = place++;
      input.image = frame.name;
      Place(options, {person.width, person.height}, &input);
      inputs.push_back(std::move(input));
    }
  }
  return inputs;
}

std::vector<FitInput> ReadCocoInputs(const fs::path& path, const FitInputOptions& options) {
  std::vector<FitInput> inputs;
  std::map<std::string, int64_t> places;
  for (const KeypointPerson& person : ReadCocoKeypoints(path)) {
    FitInput input = InputOf(person);
    input.source_file = path.string();
    input.person = places[input.image]++;
    Place(options, {person.width, person.height}, &input);
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<FitInput> ReadSpinInputs(const fs::path& path, const FitInputOptions& options) {
  const fs::path folder = fs::is_directory(options.images) ? options.images : path.parent_path();
  const auto dataset = ReadSpinNpz(path, folder, path.stem().string());
  std::vector<FitInput> inputs;
  std::map<std::string, int64_t> places;
  for (int64_t i = 0; i < dataset->size(); ++i) {
    const Sample sample = dataset->Get(i);
    FitInput input;
    input.source_file = path.string();
    input.id = sample.index;
    input.image = sample.image_path;
    input.person = places[input.image]++;
    if (!options.images.empty() && fs::is_regular_file(sample.image_path)) {
      input.image_path = sample.image_path;
    }
    input.problem.keypoints_px = sample.keypoints_px;
    input.problem.confidence = sample.keypoints_confidence;
    input.problem.has_start = input.problem.start_has_translation = false;
    SetCamera(sample.box, options, {}, &input);
    if (options.focal_px == 0 && sample.camera) input.problem.camera = *sample.camera;
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<FitInput> ReadProblemInputs(const fs::path& path, const std::string& start) {
  const ProblemFile file = ReadProblemFile(path);
  std::vector<FitProblem> problems = start.empty() ? file.problems : file.StartedFrom(start);
  std::vector<FitInput> inputs;
  for (size_t i = 0; i < problems.size(); ++i) {
    FitInput input;
    input.problem = std::move(problems[i]);
    input.source_file = path.string();
    input.id = static_cast<int64_t>(i);
    input.box_side_px = kReferenceCropPx / input.problem.pixel_scale;
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<FitInput> Choose(std::vector<FitInput> inputs, const PersonChoice& choice) {
  if (choice.kind == PersonChoice::Kind::kAll) return inputs;
  std::map<std::pair<std::string, std::string>, double> largest;  // by file and image
  for (const FitInput& input : inputs) {
    double& side = largest[{input.source_file, input.image}];
    side = std::max(side, input.box_side_px);
  }
  std::vector<FitInput> chosen;
  for (FitInput& input : inputs) {
    const bool keep = choice.kind == PersonChoice::Kind::kOne
                          ? input.person == choice.person
                          : input.box_side_px == largest[{input.source_file, input.image}];
    if (keep) chosen.push_back(std::move(input));
  }
  return chosen;
}

}  // namespace gyre
