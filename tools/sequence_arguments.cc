// SPDX-License-Identifier: Apache-2.0
#include "tools/sequence_arguments.h"

#include <fmt/format.h>

#include "core/error.h"
#include "loop/bulk/person_source.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

const FlagNames& SequenceFlags() {
  static const FlagNames names = {.prefix = "sequence."};
  return names;
}

}  // namespace

void AddSequenceOptions(cxxopts::Options& options) {
  options.add_options("Video")(
      "sequence",
      "Fit one person through all frames of --openpose DIR together: one shape, smooth motion; "
      "needs --fps, --focal, --person and --images")("fps", "Frames per second",
                                                     cxxopts::value<double>(), "N");
  AddFlags(options, "sequence", SequenceOptions(), SequenceFlags());
}

SequenceOptions SequenceOptionsOf(const cxxopts::ParseResult& args) {
  SequenceOptions options;
  ApplyFlags(args, &options, SequenceFlags());
  options.Check();
  return options;
}

void CheckSequenceArguments(const cxxopts::ParseResult& args) {
  if (!args.count("sequence")) {
    if (args.count("fps")) throw UsageError("--fps belongs to --sequence");
    const SequenceOptions options;
    ForEachField(
        options,
        [&](const std::string& name, const auto&, const char*) {
          if (args.count(FlagOf(name)) == 0) return;
          throw UsageError(fmt::format("--{} belongs to --sequence", FlagOf(name)));
        },
        SequenceFlags().prefix);
    return;
  }
  for (const char* other :
       {"join", "shard", "params", "checkpoint", "data", "coco", "problems", "spin-npz"}) {
    if (args.count(other)) {
      throw UsageError(fmt::format("--sequence and --{} do not go together", other));
    }
  }
  if (const auto start = args["start"].as<std::string>(); start != "mean") {
    throw UsageError(fmt::format("--sequence and --start {} do not go together", start));
  }
  if (!args.count("openpose")) {
    throw UsageError("--sequence needs --openpose DIR, a file per frame");
  }
  if (!args.count("fps")) throw UsageError("--sequence needs --fps, the frames per second");
  if (const double fps = args["fps"].as<double>(); !(fps > 0 && fps <= 1e5)) {
    throw UsageError(fmt::format("--fps is {}; it must be above 0 and at most 1e5", fps));
  }
  if (!args.count("focal") && !args.count("focal-mm") && !args.count("camera")) {
    throw UsageError(
        "--sequence needs --focal, --focal-mm or --camera: without it each frame has a camera of its own, around the "
        "person, and metres mean nothing from frame to frame");
  }
  if (PersonChoice::Parse(args["person"].as<std::string>()).kind == PersonChoice::Kind::kAll) {
    throw UsageError("--sequence follows one person: --person largest, or a number from 0");
  }
}

}  // namespace gyre
