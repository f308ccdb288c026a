// SPDX-License-Identifier: Apache-2.0
// gyre start: trains and describes networks that start fits (fitting/start_network.h).
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "body/pose_prior.h"
#include "body/retarget.h"
#include "core/error.h"
#include "core/parallel.h"
#include "fitting/start_network.h"
#include "loop/starts/start_people.h"
#include "loop/starts/start_training.h"
#include "regressor/runtime.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

const FlagNames kPeopleFlags = {.prefix = "people."};
const FlagNames kErrorFlags = {.prefix = "errors."};

// Those of quality.h's detector, and people of whom all of SPIN's 49 are known.
DetectorErrors DefaultErrors() {
  DetectorErrors errors;
  errors.sets.insert(errors.sets.end(), {"spin49", "superset24"});
  return errors;
}

cxxopts::Options MakeTrainingOptions() {
  cxxopts::Options cli("gyre start train",
                       "Teaches a network of keypoints where fits begin, with made-up people.");
  cli.set_width(100);
  cli.add_options()("bvh",
                    "Folder of BVH files (may be repeated: folders count alike, and so do clips)",
                    cxxopts::value<std::vector<std::string>>(),
                    "DIR")("body", "Body of the people, builtin or a file (may be repeated)",
                           cxxopts::value<std::vector<std::string>>(), "MODEL")(
      "prior", "Poses are also drawn from this prior (default: the shipped one)",
      cxxopts::value<std::string>()->default_value(""),
      "FILE")("out", "The network to write", cxxopts::value<std::string>(), "FILE.npz")(
      "provenance", "A line to keep in the file: whose data, which licence (may be repeated)",
      cxxopts::value<std::vector<std::string>>(), "TEXT")("json", "One JSON object on stdout");
  AddFlags(cli, "Training", StartTrainingOptions());
  AddFlags(cli, "People", StartPeopleOptions(), kPeopleFlags);
  AddFlags(cli, "Detector", DefaultErrors(), kErrorFlags);
  AddQuietOption(cli);
  return cli;
}

std::vector<std::string> Texts(const cxxopts::ParseResult& args, const char* option) {
  if (!args.count(option)) return {};
  return args[option].as<std::vector<std::string>>();
}

std::vector<std::vector<PoseClip>> ClipGroups(const cxxopts::ParseResult& args) {
  std::vector<std::vector<PoseClip>> groups;
  for (const std::string& folder : Texts(args, "bvh")) {
    groups.push_back(RetargetBvhFiles({folder}));
  }
  return groups;
}

// What the network is learnt from, line by line.
std::string SourceOf(const cxxopts::ParseResult& args, const StartTrainingOptions& training,
                     const StartPeopleOptions& people, size_t clips, size_t bodies) {
  std::string source = fmt::format(
      "gyre start train: {} clips, {} bodies; {} people a step, {} steps, seeds {} and {}", clips,
      bodies, training.batch_size, training.steps, training.seed, people.seed);
  for (const std::string& line : Texts(args, "provenance")) source += "\n" + line;
  return source;
}

int RunStartTrain(int argc, char** argv) {
  cxxopts::Options cli = MakeTrainingOptions();
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  const std::string out = Required(args, "out");
  StartTrainingOptions training;
  ApplyFlags(args, &training);
  training.Check();
  if (training.threads <= 0) training.threads = HardwareThreads();
  StartPeopleOptions options;
  ApplyFlags(args, &options, kPeopleFlags);
  DetectorErrors errors = DefaultErrors();
  ApplyFlags(args, &errors, kErrorFlags);
  if (!args.count("bvh") && options.mocap_share > 0) {
    throw UsageError("gyre start train: give motion capture by --bvh, or --people.mocap 0");
  }
  std::vector<std::string> names = Texts(args, "body");
  if (names.empty()) names = {"builtin"};
  std::vector<std::shared_ptr<const BodyModel>> bodies;
  for (const std::string& name : names) bodies.push_back(LoadBodyModel(name));
  const auto prior = LoadPosePrior(args["prior"].as<std::string>());
  const std::vector<std::vector<PoseClip>> clips = ClipGroups(args);
  size_t num_clips = 0;
  for (const auto& group : clips) num_clips += group.size();
  InitRuntime(training.threads);
  const StartPeople people(bodies, clips, prior, options, errors);
  StartPeopleOptions of_others = options;
  of_others.seed += 1000003;
  const StartPeople others(bodies, clips, prior, of_others, errors);
  const bool as_json = args.count("json") > 0;
  double error_mm = 0;
  const StartNetwork network = TrainStartNetwork(
      people, others, training, SourceOf(args, training, options, num_clips, bodies.size()),
      [&](const StartTrainingReport& report, const StartNetwork& as_it_is) {
        as_it_is.Save(out);
        error_mm = report.mpjpe_mm;
        if (as_json) return;
        fmt::print("step {}: loss {:.4f}, joints of other people {:.1f} mm off, {:.0f} s\n",
                   report.step, report.loss, report.mpjpe_mm, report.seconds);
        std::fflush(stdout);
      });
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(out));
  if (as_json) {
    const nlohmann::ordered_json json = {{"out", out},
                                         {"clips", num_clips},
                                         {"parameters", network.num_parameters()},
                                         {"bytes", bytes},
                                         {"mpjpe_mm", error_mm}};
    fmt::print("{}\n", json.dump());
    return 0;
  }
  fmt::print("wrote {}: {} numbers, {} bytes\n", out, network.num_parameters(), bytes);
  return 0;
}

int RunStartInfo(int argc, char** argv) {
  cxxopts::Options cli("gyre start info", "Describes a network that starts fits.");
  cli.add_options()("file", "The network (default: the shipped one)",
                    cxxopts::value<std::string>()->default_value(""),
                    "FILE")("json", "One JSON object on stdout");
  cli.parse_positional({"file"});
  cli.positional_help("[FILE]");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const auto network = LoadStartNetwork(args["file"].as<std::string>());
  const nlohmann::ordered_json json = {{"parameters", network->num_parameters()},
                                       {"keypoints", network->keypoints()},
                                       {"joints", network->joints()},
                                       {"source", network->source()}};
  if (args.count("json")) {
    fmt::print("{}\n", json.dump());
    return 0;
  }
  fmt::print("{} numbers; from {} keypoints the rotations of {} joints\n{}\n",
             network->num_parameters(), network->keypoints().size(), network->joints().size(),
             network->source());
  return 0;
}

}  // namespace

int RunStart(int argc, char** argv) {
  static const Subcommand commands[] = {
      {"train", "teach a network where fits begin", RunStartTrain},
      {"info", "describe one", RunStartInfo},
  };
  return Dispatch("gyre start", commands, argc, argv);
}

}  // namespace gyre
