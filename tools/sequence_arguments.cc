// SPDX-License-Identifier: Apache-2.0
#include "tools/sequence_arguments.h"

#include <fmt/format.h>

#include "core/error.h"
#include "loop/bulk/person_source.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

const FlagNames& SequenceFlags() {
  static const FlagNames names = {.prefix = "sequence.", .short_names = {{"height_m", "height"}}};
  return names;
}

void CheckOnePerson(const cxxopts::ParseResult& args) {
  if (const auto start = args["start"].as<std::string>(); start != "mean") {
    throw UsageError(fmt::format("--sequence and --start {} do not go together", start));
  }
  if (!args.count("openpose")) {
    throw UsageError("--sequence needs --openpose DIR, a file per frame");
  }
  if (!args.count("fps")) throw UsageError("--sequence needs --fps, the frames per second");
  if (!args.count("focal") && !args.count("focal-mm") && !args.count("camera")) {
    throw UsageError(
        "--sequence needs --focal, --focal-mm or --camera: without it each frame has a camera of "
        "its own, around the person, and metres mean nothing from frame to frame");
  }
  if (PersonChoice::Parse(args["person"].as<std::string>()).kind == PersonChoice::Kind::kAll) {
    throw UsageError("--sequence follows one person: --person largest, or a number from 0");
  }
}

}  // namespace

void AddSequenceOptions(cxxopts::Options& options) {
  options.add_options("Video")(
      "sequence",
      "Fit one person through all frames of --openpose DIR together: one shape, smooth motion; "
      "needs --fps, --focal, --person and --images")(
      "fps", "Frames per second", cxxopts::value<double>(), "N")(
      "ground", "The same as --sequence.ground true");
  AddFlags(options, "sequence", SequenceOptions(), SequenceFlags());
}

bool FitsMotion(const cxxopts::ParseResult& args) {
  return args.count("sequence") > 0 || args.count("video") > 0;
}

SequenceOptions SequenceOptionsOf(const cxxopts::ParseResult& args) {
  SequenceOptions options;
  ApplyFlags(args, &options, SequenceFlags());
  if (args.count("ground")) options.ground = true;
  options.Check();
  return options;
}

void CheckSequenceArguments(const cxxopts::ParseResult& args) {
  const bool video = args.count("video") > 0;
  if (!FitsMotion(args)) {
    for (const char* option : {"fps", "ground"}) {
      if (args.count(option) == 0) continue;
      throw UsageError(fmt::format("--{} belongs to --sequence and --video", option));
    }
    return RefuseFlags(args, SequenceOptions(), SequenceFlags(), "--sequence and --video");
  }
  const char* what = video ? "--video" : "--sequence";
  for (const char* other :
       {"join", "shard", "params", "checkpoint", "data", "coco", "problems", "spin-npz"}) {
    if (args.count(other)) {
      throw UsageError(fmt::format("{} and --{} do not go together", what, other));
    }
  }
  if (!video) CheckOnePerson(args);
  if (args.count("fps") == 0) return;
  if (const double fps = args["fps"].as<double>(); !(fps > 0 && fps <= 1e5)) {
    throw UsageError(fmt::format("--fps is {}; it must be above 0 and at most 1e5", fps));
  }
}

}  // namespace gyre
