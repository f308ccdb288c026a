// SPDX-License-Identifier: Apache-2.0
// gyre prior: trains, describes and samples pose priors, and turns motion capture into poses.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "body/pose_prior.h"
#include "body/pose_prior_training.h"
#include "body/retarget.h"
#include "body/rule_poses.h"
#include "body/vposer.h"
#include "body/vposer_clips.h"
#include "core/error.h"
#include "core/printable.h"
#include "core/rng.h"
#include "regressor/pose_autoencoder.h"
#include "regressor/runtime.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::filesystem::path> Paths(const cxxopts::ParseResult& args, const char* option) {
  if (!args.count(option)) return {};
  const auto& names = args[option].as<std::vector<std::string>>();
  return {names.begin(), names.end()};
}

void PrintJson(const Json& json) { fmt::print("{}\n", json.dump()); }

// A number, or null when there is none.
Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

std::vector<PoseClip> Clips(const cxxopts::ParseResult& args) {
  std::vector<PoseClip> clips = RetargetBvhFiles(Paths(args, "bvh"));
  std::vector<std::filesystem::path> files = Paths(args, "npz");
  std::ranges::copy(Paths(args, "files"), std::back_inserter(files));
  if (files.empty()) return clips;
  PoseClipFiles read = ReadPoseClipFiles(files);
  const auto tell = [](const std::vector<std::string>& passed_over, const char* why) {
    if (passed_over.empty()) return;
    spdlog::warn("{} files passed over, {}: {}", passed_over.size(), why,
                 Printable(passed_over[0]));
  };
  tell(read.without_poses, "without poses, the first");
  tell(read.unreadable, "not readable, the first");
  const auto unknown = std::ranges::find(read.clips, false, &PoseClip::fps_known);
  if (unknown != read.clips.end()) {
    spdlog::warn("{} clips do not say how many frames a second has, '{}' for one; {} are assumed",
                 std::ranges::count(read.clips, false, &PoseClip::fps_known),
                 Printable(unknown->name), unknown->fps);
  }
  for (PoseClip& clip : read.clips) clips.push_back(std::move(clip));
  return clips;
}

const FlagNames kVaeFlags = {.prefix = "vae."};

cxxopts::Options MakeTrainingOptions() {
  cxxopts::Options cli(
      "gyre prior train",
      "Learns from motion capture which poses people take: a mixture of Gaussians, "
      "or a variational auto-encoder in VPoser's layout.");
  cli.set_width(100);
  cli.add_options()("bvh", "Folder of BVH files, or a file (may be repeated)",
                    cxxopts::value<std::vector<std::string>>(), "DIR")(
      "npz", "Poses in SMPL's parameters, as AMASS ships them: files, and folders of them",
      cxxopts::value<std::vector<std::string>>(),
      "FILE|DIR...")("files", "More of --npz", cxxopts::value<std::vector<std::string>>())(
      "out", "The prior to write", cxxopts::value<std::string>(), "FILE.npz|FILE.pt")(
      "kind", "What to learn: mixture (.npz) or vae (.pt)",
      cxxopts::value<std::string>()->default_value("mixture"), "KIND")(
      "rule-clips",
      "Clips of 60 poses made by rule to mix in, of each kind: seated, squatting, reaching, hands "
      "up",
      cxxopts::value<int>()->default_value("0"))(
      "vposer", "Poses that VPoser v1 knows: its weights as released (.pt)",
      cxxopts::value<std::string>(),
      "FILE.pt")("vposer-clips", "So many clips of 60 poses drawn from it",
                 cxxopts::value<int>()->default_value("200"), "N")(
      "provenance", "A line to keep in the file: whose data, which licence (may be repeated)",
      cxxopts::value<std::vector<std::string>>(), "TEXT")("json", "One JSON object on stdout");
  AddFlags(cli, "Training", PriorTrainingOptions());
  AddFlags(cli, "vae", AutoencoderOptions(), kVaeFlags);
  cli.parse_positional({"files"});
  return cli;
}

void ReportTraining(const PriorTraining& training, int components, const std::string& out,
                    bool as_json) {
  if (as_json) {
    PrintJson({{"out", out},
               {"components", components},
               {"clips", training.num_clips},
               {"poses", training.num_samples},
               {"iterations", training.mixture.iterations},
               {"held_out_clips", training.num_held_out_clips},
               {"train_log_likelihood", training.train_log_likelihood},
               {"held_out_log_likelihood", NumberOrNull(training.held_out_log_likelihood)}});
    return;
  }
  fmt::print("{} components from {} clips, {} poses (mirrored ones included), {} iterations\n",
             components, training.num_clips, training.num_samples, training.mixture.iterations);
  fmt::print(
      "mean log-likelihood per pose: {:.2f} on the clips trained on, {:.2f} on {} held out\n",
      training.train_log_likelihood, training.held_out_log_likelihood, training.num_held_out_clips);
  fmt::print("wrote {}\n", out);
}

// Whether --kind is vae; its flags and a mixture's do not go with the other.
bool IsVae(const cxxopts::ParseResult& args) {
  const std::string kind = args["kind"].as<std::string>();
  if (kind != "mixture" && kind != "vae") {
    throw UsageError(fmt::format("--kind is '{}'; it must be mixture or vae", kind));
  }
  if (kind == "mixture") {
    RefuseFlags(args, AutoencoderOptions(), kVaeFlags, "--kind vae");
    return false;
  }
  for (const char* flag :
       {"components", "prior-samples", "floor-rad", "max-iterations", "tolerance"}) {
    if (args.count(flag) > 0) {
      throw UsageError(fmt::format("--{} belongs to --kind mixture", flag));
    }
  }
  return true;
}

void TrainVae(const cxxopts::ParseResult& args, const std::vector<PoseClip>& clips,
              const PriorTrainingOptions& options, const std::string& out) {
  AutoencoderOptions vae;
  ApplyFlags(args, &vae, kVaeFlags);
  vae.Check();
  InitRuntime(0);
  const PoseSplit poses = SplitPoses(clips, options);
  const AutoencoderTraining training = TrainPoseAutoencoder(poses, vae, options.seed, out);
  if (args.count("json")) {
    PrintJson({{"out", out},
               {"clips", poses.num_clips},
               {"poses", poses.train.x.rows()},
               {"held_out_clips", poses.num_held_out_clips},
               {"train_error_rad", training.train_error_rad},
               {"held_out_error_rad", NumberOrNull(training.held_out_error_rad)},
               {"held_out_kl", NumberOrNull(training.held_out_kl)}});
    return;
  }
  fmt::print("auto-encoder of {} numbers from {} poses (mirrored ones included)\n", vae.latent,
             poses.train.x.rows());
  fmt::print(
      "mean turn of a joint between a pose and what becomes of it: {:.3f} rad; {:.3f} of {} clips "
      "held out, whose KL is {:.1f}\n",
      training.train_error_rad, training.held_out_error_rad, poses.num_held_out_clips,
      training.held_out_kl);
  fmt::print("wrote {}\n", out);
}

int RunPriorTrain(int argc, char** argv) {
  cxxopts::Options cli = MakeTrainingOptions();
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const std::string out = Required(args, "out");
  const bool is_vae = IsVae(args);
  if (!args.count("bvh") && !args.count("npz") && !args.count("vposer")) {
    throw UsageError(
        "gyre prior train: give motion capture by --bvh or --npz, or --vposer; see --help");
  }
  if (args.count("files") && !args.count("npz")) {
    throw UsageError(fmt::format("unexpected argument '{}'; see gyre prior train --help",
                                 args["files"].as<std::vector<std::string>>()[0]));
  }
  const int rule_clips = args["rule-clips"].as<int>();
  if (rule_clips < 0) throw UsageError("gyre prior train: --rule-clips must not be negative");
  const int vposer_clips = args["vposer-clips"].as<int>();
  if (vposer_clips < 1 || vposer_clips > 100000) {
    throw UsageError(fmt::format(
        "gyre prior train: --vposer-clips is {}; it must be from 1 to 100000", vposer_clips));
  }
  PriorTrainingOptions options;
  ApplyFlags(args, &options);
  options.Check();
  std::vector<PoseClip> clips = Clips(args);
  for (PoseClip& clip : MakeRuleClips(rule_clips, options.seed)) clips.push_back(std::move(clip));
  if (args.count("vposer")) {
    const VPoser vposer = VPoser::Read(args["vposer"].as<std::string>());
    for (PoseClip& clip : DrawVPoserClips(vposer, vposer_clips, options.seed)) {
      clips.push_back(std::move(clip));
    }
  }
  if (is_vae) {
    TrainVae(args, clips, options, out);
    return 0;
  }
  const PriorTraining training = TrainPosePrior(clips, options);
  std::vector<std::string> provenance = {fmt::format(
      "gyre prior train: {} components, {} clips ({} of each rule-made kind), {} poses, "
      "floor {} rad, seed {}",
      options.components, training.num_clips, rule_clips, training.num_samples, options.floor_rad,
      options.seed)};
  if (args.count("provenance")) {
    for (const std::string& line : args["provenance"].as<std::vector<std::string>>()) {
      provenance.push_back(line);
    }
  }
  SavePosePrior(PriorFromMixture(training.mixture, fmt::format("{}", fmt::join(provenance, "\n"))),
                out);
  ReportTraining(training, options.components, out, args.count("json") > 0);
  return 0;
}

int RunPriorInfo(int argc, char** argv) {
  cxxopts::Options cli("gyre prior info", "Describes a pose prior.");
  cli.add_options()("file", "The prior (default: the shipped one)",
                    cxxopts::value<std::string>()->default_value(""),
                    "FILE")("json", "One JSON object on stdout");
  cli.parse_positional({"file"});
  cli.positional_help("[FILE]");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const auto prior = LoadPosePrior(args["file"].as<std::string>());
  Json components = Json::array();
  for (const PosePrior::Component& c : prior->components()) {
    components.push_back({{"weight", c.weight},
                          {"neg_log_weight", c.neg_log_weight},
                          {"mean_norm_rad", c.mean.norm()},
                          {"rms_deviation_rad", std::sqrt(c.covariance.trace() / kNumPriorPose)}});
  }
  if (args.count("json")) {
    PrintJson({{"source", prior->source()}, {"components", components}});
    return 0;
  }
  fmt::print("{}\n", prior->source());
  fmt::print("component  weight  -log w'  |mean| rad  rms deviation rad\n");
  for (size_t k = 0; k < components.size(); ++k) {
    const Json& c = components[k];
    fmt::print("{:9}  {:6.3f}  {:7.2f}  {:10.2f}  {:17.3f}\n", k, c["weight"].get<double>(),
               c["neg_log_weight"].get<double>(), c["mean_norm_rad"].get<double>(),
               c["rms_deviation_rad"].get<double>());
  }
  return 0;
}

int RunPriorSample(int argc, char** argv) {
  cxxopts::Options cli("gyre prior sample", "Draws poses from a prior.");
  cli.add_options()("file", "The prior (default: the shipped one)",
                    cxxopts::value<std::string>()->default_value(""),
                    "FILE")("count", "Poses to draw", cxxopts::value<int>()->default_value("100"),
                            "N")("spread", "Factor on the deviation from a component's mean",
                                 cxxopts::value<double>()->default_value("1"))(
      "seed", "Seed", cxxopts::value<uint64_t>()->default_value("0"))(
      "out", "Poses to write: pose [N,72], root zero, as gyre body pose reads them",
      cxxopts::value<std::string>(), "FILE.npz");
  cli.parse_positional({"file"});
  cli.positional_help("[FILE]");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const std::string out = Required(args, "out");
  const int count = args["count"].as<int>();
  const double spread = args["spread"].as<double>();
  if (count < 1 || count > 10'000'000) {
    throw UsageError(fmt::format("--count {}: expected 1 to 10000000", count));
  }
  if (!(spread >= 0 && spread <= 100)) {
    throw UsageError(fmt::format("--spread {}: expected 0 to 100", spread));
  }
  const auto prior = LoadPosePrior(args["file"].as<std::string>());
  PoseClip clip{"samples", RowMatX::Zero(count, SmplLayout().num_pose()), 30};
  for (int i = 0; i < count; ++i) {
    Rng rng(args["seed"].as<uint64_t>(), RngStream::kPriorTraining, 2, static_cast<uint64_t>(i));
    clip.poses.row(i).tail(kNumPriorPose) = prior->Sample(rng, spread);
  }
  WritePoseClips({clip}, out);
  fmt::print("wrote {} poses to {}\n", count, out);
  return 0;
}

// Leaves `most` of a clip's poses, as far apart as they can be.
void Thin(int64_t most, PoseClip* clip) {
  const Eigen::Index frames = clip->poses.rows();
  if (frames <= most) return;
  for (Eigen::Index i = 0; i < most; ++i) {
    const Eigen::Index from = (2 * i + 1) * frames / (2 * most);
    clip->poses.row(i) = clip->poses.row(from).eval();
    if (clip->transl.rows() > 0) clip->transl.row(i) = clip->transl.row(from).eval();
  }
  clip->poses.conservativeResize(most, Eigen::NoChange);
  if (clip->transl.rows() > 0) clip->transl.conservativeResize(most, Eigen::NoChange);
  clip->fps *= static_cast<double>(most) / static_cast<double>(frames);
}

int RunPriorRetarget(int argc, char** argv) {
  cxxopts::Options cli("gyre prior retarget", "Turns BVH motion capture into SMPL poses.");
  cli.add_options()("bvh", "Folder of BVH files, or a file (may be repeated)",
                    cxxopts::value<std::vector<std::string>>(), "DIR")(
      "out",
      "Poses to write: pose [N,72], betas [N,10] and transl [N,3], which gyre body pose reads; the "
      "same as poses [N,72] with clip_idx [N], clip_names and fps [C]",
      cxxopts::value<std::string>(),
      "FILE.npz")("most-a-clip", "At most so many poses of a clip, spread over it (0: all)",
                  cxxopts::value<int64_t>()->default_value("0"), "N");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const std::string out = Required(args, "out");
  if (!args.count("bvh")) throw UsageError("--bvh is required; see gyre prior retarget --help");
  const int64_t most = args["most-a-clip"].as<int64_t>();
  if (most < 0) throw UsageError(fmt::format("--most-a-clip is {}; it must be 0 or more", most));
  std::vector<PoseClip> clips = RetargetBvhFiles(Paths(args, "bvh"));
  for (PoseClip& clip : clips) {
    if (most > 0) Thin(most, &clip);
  }
  WritePoseClips(clips, out);
  Eigen::Index poses = 0;
  for (const PoseClip& clip : clips) poses += clip.poses.rows();
  fmt::print("wrote {} poses of {} clips to {}\n", poses, clips.size(), out);
  return 0;
}

}  // namespace

int RunPrior(int argc, char** argv) {
  static const Subcommand commands[] = {
      {"train", "learn from motion capture which poses people take", RunPriorTrain},
      {"info", "describe a prior", RunPriorInfo},
      {"sample", "draw poses from a prior", RunPriorSample},
      {"retarget", "turn BVH motion capture into SMPL poses", RunPriorRetarget},
  };
  return Dispatch("gyre prior", commands, argc, argv);
}

}  // namespace gyre
