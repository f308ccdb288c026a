// SPDX-License-Identifier: Apache-2.0
#include "tools/person_arguments.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>
#include <system_error>

#include "core/error.h"
#include "loop/detection/detect_people.h"
#include "regressor/runtime.h"
#include "tools/picture_arguments.h"

namespace gyre {

namespace fs = std::filesystem;

void AddPersonOptions(cxxopts::Options& options) {
  options.add_options("Input (one of)")("data",
                                        "Data set: a file, or KIND:PATH?key=value as for training",
                                        cxxopts::value<std::string>(), "SPEC")(
      "openpose", "OpenPose's JSON: a file, or a folder of NAME_keypoints.json",
      cxxopts::value<std::string>(), "FILE|DIR")(
      "coco", "COCO person keypoints, or detectors' results (.json)", cxxopts::value<std::string>(),
      "FILE")("spin-npz", "SPIN's data file (.npz)", cxxopts::value<std::string>(), "FILE");
  options.add_options()("images", "Folder of the pictures, or the one picture",
                        cxxopts::value<std::string>()->default_value(""), "DIR|FILE")(
      "detector",
      "Folder of the networks that find people where --images comes without keypoints (where "
      "tools/get_detector puts them)",
      cxxopts::value<std::string>(), "DIR")(
      "out", "Result (.npz); one row per person in input order", cxxopts::value<std::string>(),
      "FILE")("restart", "Begin anew what is unfinished at --out, or done already")(
      "force", "Write over the finished --out of another run")(
      "shard", "Take the i-th of n equal parts of the persons, i from 1 to n",
      cxxopts::value<std::string>()->default_value("1/1"),
      "i/n")("overlays",
             "Folder for pictures of the bodies over the photographs; needs --images or --data",
             cxxopts::value<std::string>(), "DIR")(
      "overlay-style",
      "What they show, of: body, keypoints, side (the bodies from their left side, beside "
      "the picture), close-ups (face and hands of bodies that have them, beside it, too)",
      cxxopts::value<std::string>()->default_value("body"),
      "LIST")("overlays-max", "Draw at most so many photographs, the first ones (0: all)",
              cxxopts::value<int64_t>()->default_value("0"), "N")(
      "person", "Of each picture: all, largest, or a number from 0; --sequence follows one",
      cxxopts::value<std::string>()->default_value("all"),
      "WHO")("threads", "0: all cores", cxxopts::value<int>()->default_value("0"), "N")(
      "json", "Print one JSON object with the counts");
  AddPictureOptions(options);
}

void CheckPersonArguments(const cxxopts::ParseResult& args, int other_inputs) {
  const auto given = [&](const char* name) { return args.count(name) > 0; };
  const bool images = !args["images"].as<std::string>().empty();
  const int inputs =
      other_inputs + given("data") + given("openpose") + given("coco") + given("spin-npz");
  if (inputs > 1 || (inputs == 0 && !images)) {
    throw UsageError(
        "exactly one of --data, --openpose, --coco and --spin-npz (or gyre fit's --video and "
        "--problems) is required, or --images alone");
  }
  if (given("detector") && inputs > 0 && !given("video")) {
    throw UsageError("--detector is for pictures without keypoints; leave it out");
  }
  if (given("data") && images) {
    throw UsageError("--data names its pictures itself, as SPEC?images=DIR; leave --images out");
  }
  if (given("overlays") && !images && !given("data") && !given("video"))
    throw UsageError("--overlays needs --images");
  if (given("overlay-style") && !given("overlays")) {
    throw UsageError("--overlay-style needs --overlays");
  }
  if (args["overlays-max"].as<int64_t>() < 0) throw UsageError("--overlays-max must be 0 or more");
  CheckPictureArguments(args);
  const int threads = args["threads"].as<int>();
  if (threads < 0 || threads > 1024) {
    throw UsageError(fmt::format("--threads is {}; it must be from 0 to 1024", threads));
  }
}

FitJob PersonJobOf(const cxxopts::ParseResult& args) {
  FitJob job;
  job.camera = CameraChoiceOf(args);
  job.threads = args["threads"].as<int>();
  job.shard = ShardChoice::Parse(args["shard"].as<std::string>());
  job.restart = args.count("restart") > 0;
  job.force = args.count("force") > 0;
  job.overlay_parts = OverlayParts::Parse(args["overlay-style"].as<std::string>());
  job.overlays_max = args["overlays-max"].as<int64_t>();
  if (args.count("overlays")) {
    job.overlays = args["overlays"].as<std::string>();
    job.pictures = std::make_shared<OverlayPictures>(args["images"].as<std::string>(),
                                                     job.overlay_parts.keypoints, job.overlays_max);
  }
  job.notes = {{"gyre", GYRE_VERSION}};
  DescribePictures(args, &job.notes);
  job.stop_on_signals = true;
  return job;
}

fs::path DetectedKeypoints(const cxxopts::ParseResult& args, const fs::path& out) {
  for (const char* input : {"data", "openpose", "coco", "problems", "spin-npz"}) {
    if (args.count(input)) return {};
  }
  DetectTask task;
  task.images = args["images"].as<std::string>();
  task.out = out;
  task.out.replace_extension(".keypoints.json");
  task.reuse = true;
  DetectOptions options;
  if (args.count("detector")) options.detector = args["detector"].as<std::string>();
  InitRuntime(args["threads"].as<int>());
  DetectPeople(options, task);
  return task.out;
}

PersonSource PersonsOf(const cxxopts::ParseResult& args, const fs::path& detected,
                       const SceneSources& sources, BoxesAlone boxes, FitStages stages,
                       const std::shared_ptr<LeftOutCounts>& left_out) {
  const fs::path images = args["images"].as<std::string>();
  const auto path = [&](const char* name) -> fs::path { return args[name].as<std::string>(); };
  const PictureOptions frame = PictureOptionsOf(args);
  const auto source_of = [&](const DatasetSpec& spec) {
    DatasetSpec framed = WithPictureOptions(spec, frame);
    if (stages != FitStages::kBody) framed = WithHandsAndFace(std::move(framed));
    if (boxes == BoxesAlone::kTake) framed = WithBoxesAlone(std::move(framed));
    return DataSource(framed, sources, left_out);
  };
  if (args.count("data"))
    return source_of(FileAsItStands(DatasetSpec(args["data"].as<std::string>())));
  if (args.count("openpose")) return source_of(OpenPoseSpec(path("openpose"), images));
  if (args.count("coco")) return source_of(CocoSpec(path("coco"), images));
  if (!detected.empty()) return source_of(CocoSpec(detected, images));
  if (args.count("spin-npz")) return source_of(SpinSpec(path("spin-npz"), images));
  return {};
}

void CheckOutIsNoInput(const cxxopts::ParseResult& args, const fs::path& out) {
  for (const char* option : {"video", "openpose", "coco", "problems", "spin-npz", "params", "body",
                             "prior", "joint-regressor-extra", "data"}) {
    if (!args.count(option)) continue;
    std::string path = args[option].as<std::string>();
    if (std::string_view(option) == "data") {
      path = path.substr(0, path.find('?'));
      path = path.substr(path.find(':') + 1);
    }
    std::error_code not_there;
    if (fs::equivalent(path, out, not_there)) {
      throw UsageError(fmt::format("--out is the file of --{}; choose another name", option));
    }
  }
}

void CheckSurvey(const Survey& survey, const cxxopts::ParseResult& args, bool network) {
  if (survey.persons == 0) {
    ThrowUserError("the input holds nobody{}",
                   args.count("person") ? " of --person " + args["person"].as<std::string>() : "");
  }
  const bool video = args.count("video") > 0;  // it does without a size, and says so
  const bool focal = CameraChoiceOf(args).Given() && !video;
  if (focal && survey.without_size == survey.persons) {
    ThrowUserError("--focal needs the size of the image; name the pictures with {}",
                   args.count("data") ? "SPEC?images=DIR" : "--images");
  }
  if (focal && survey.without_size > 0 && !args.count("sequence")) {
    spdlog::warn("{} of {} persons are refused: --focal needs the size of their image",
                 survey.without_size, survey.persons);
  }
  if (survey.without_focal > 0 && survey.without_focal == survey.looked_at) {
    throw UserError(survey.without_focal_text);
  }
  const bool wanted =
      network || args.count("overlays") || !args["images"].as<std::string>().empty();
  if (!wanted || survey.without_picture == 0) return;
  if (network && survey.without_picture == survey.persons) {
    ThrowUserError(
        "the network looks at pictures, and there is a picture of nobody; does --images name the "
        "pictures?");
  }
  spdlog::warn("no picture for {} of {} persons, \"{}\" for one", survey.without_picture,
               survey.persons, survey.image_without_picture);
}

}  // namespace gyre
