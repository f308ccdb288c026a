// SPDX-License-Identifier: Apache-2.0
// gyre bench video: a made-up video of people who cross and leave, and how near fits of it come.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/core/mat.hpp>
#include <optional>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/file.h"
#include "io/image.h"
#include "io/npz.h"
#include "loop/tracking/assignment.h"
#include "metrics/errors.h"
#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/option_flags.h"
#include "tools/video_scene.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const FlagNames kSceneFlags = {.prefix = "scene."};

cxxopts::Options MakeVideoOptions() {
  cxxopts::Options options(
      "gyre bench video",
      "Make a video of people who walk, cross and leave, as --out FOLDER: keypoints/ (OpenPose's "
      "files), frame.png (of its size) and truth.npz; or measure fits of it by --fits.");
  options.set_width(100);
  options.add_options()("clips", "Motion capture in BVH: files or folders; of walking",
                        cxxopts::value<std::vector<std::string>>(),
                        "PATH")("out", "Folder to make", cxxopts::value<std::string>(), "FOLDER")(
      "scene", "Folder that was made, to measure fits of", cxxopts::value<std::string>(), "FOLDER")(
      "fits", "Of gyre fit --video FOLDER/keypoints", cxxopts::value<std::string>(), "FILE.npz")(
      "alone", "Of gyre fit --openpose FOLDER/keypoints, to compare with",
      cxxopts::value<std::string>(), "FILE.npz");
  AddFlags(options, "Scene", VideoSceneOptions(), kSceneFlags);
  AddBodyOptions(options);
  AddQuietOption(options);
  return options;
}

std::string FrameName(int64_t frame) { return fmt::format("scene_{:08d}", frame); }

void WriteScene(const VideoScene& scene, const VideoSceneOptions& options, const fs::path& folder) {
  MakeFolder(folder / "keypoints");
  for (size_t frame = 0; frame < scene.found.size(); ++frame) {
    Json people = Json::array();
    for (const Keypoints& keypoints : scene.found[frame]) {
      std::vector<double> numbers;
      for (int j = 0; j < keypoints.size(); ++j) {
        for (const double px : keypoints.px.row(j)) numbers.push_back(std::round(1e3 * px) / 1e3);
        numbers.push_back(std::round(1e6 * keypoints.confidence[j]) / 1e6);
      }
      people.push_back({{"pose_keypoints_2d", numbers}});
    }
    const fs::path file =
        folder / "keypoints" / (FrameName(static_cast<int64_t>(frame)) + "_keypoints.json");
    std::ofstream(file) << Json{{"version", 1.3}, {"people", people}};
  }
  WriteImage(folder / "frame.png",
             cv::Mat(options.height, options.width, CV_8UC3, cv::Scalar::all(255)));
  const auto rows = static_cast<Eigen::Index>(scene.bodies.size());
  RowMatX values(rows, SmplLayout().num_params());
  std::vector<int64_t> frames, people, places;
  for (const SceneBody& body : scene.bodies) {
    values.row(std::ssize(frames)) = body.params.values().transpose();
    frames.push_back(body.frame);
    people.push_back(body.person);
    places.push_back(body.place);
  }
  const auto column = [&](const std::vector<int64_t>& numbers) {
    return NdArray::From<int64_t>({rows}, numbers);
  };
  WriteNpz(folder / "truth.npz", {{"params", NdArray::FromMatrix(values)},
                                  {"frame", column(frames)},
                                  {"person", column(people)},
                                  {"place", column(places)},
                                  {"fps", NdArray::FromScalar(options.fps)}});
}

// Somebody in a frame: (frame, person).
using Moment = std::pair<int64_t, int64_t>;
using Joints = std::map<Moment, Points3>;

struct Truth {
  Joints joints;
  std::map<Moment, int64_t> who;  // by frame and place
  double fps = 0;
};

Truth ReadTruth(const fs::path& path, const FoldedJoints& joints) {
  const Npz npz = ReadNpz(path);
  const auto numbers = [&](const char* key) { return Get(npz, key, path).As<int64_t>(key); };
  const NdArray& array = Get(npz, "params", path);
  array.CheckShape({-1, joints.layout().num_params()}, path.string() + ", key params");
  const std::vector<double> values = array.As<double>("params");
  const auto frames = numbers("frame"), people = numbers("person"), places = numbers("place");
  Truth truth;
  truth.fps = Get(npz, "fps", path).As<double>("fps").at(0);
  BodyParams params(joints.layout());
  const auto width = static_cast<size_t>(params.values().size());
  for (size_t i = 0; i < frames.size(); ++i) {
    params.values() = Eigen::Map<const VecX>(&values[i * width], std::ssize(params.values()));
    truth.joints[{frames[i], people.at(i)}] = joints.Positions(params);
    if (places.at(i) >= 0) truth.who[{frames[i], places[i]}] = people[i];
  }
  return truth;
}

// The rows of a result of gyre fit, by frame and place or track.
struct Fits {
  std::vector<int64_t> frame, place, track;  // no tracks of fits of single frames
  std::vector<Points3> joints;               // without rows where there is no body
  std::vector<bool> usable;
};

// "scene_00000012" is frame 12.
int64_t FrameOf(const std::string& image) {
  const size_t digits = image.find_last_of('_') + 1;
  return std::stoll(image.substr(digits));
}

Fits ReadFits(const fs::path& path, const FoldedJoints& joints) {
  const std::vector<std::string> keys = {"pose",  "betas",  "transl", "frame",
                                         "track", "person", "image",  "usable"};
  const Npz npz = ReadNpz(path, keys);
  Fits fits;
  fits.place = Get(npz, "person", path).As<int64_t>("person");
  for (const uint8_t usable : Get(npz, "usable", path).As<uint8_t>("usable")) {
    fits.usable.push_back(usable != 0);
  }
  if (npz.contains("track")) {
    fits.track = Get(npz, "track", path).As<int64_t>("track");
    fits.frame = Get(npz, "frame", path).As<int64_t>("frame");
  } else {
    for (const std::string& image : Get(npz, "image", path).strings) {
      fits.frame.push_back(FrameOf(image));
    }
  }
  const auto pose = Get(npz, "pose", path).As<double>("pose");
  const auto betas = Get(npz, "betas", path).As<double>("betas");
  const auto transl = Get(npz, "transl", path).As<double>("transl");
  BodyParams params(joints.layout());
  const auto take = [](const std::vector<double>& from, size_t row, auto to) {
    for (Eigen::Index i = 0; i < to.size(); ++i) to[i] = from.at(row * to.size() + i);
  };
  for (size_t row = 0; row < fits.frame.size(); ++row) {
    take(pose, row, params.pose());
    take(betas, row, params.betas());
    take(transl, row, params.transl());
    fits.joints.push_back(params.values().allFinite() ? joints.Positions(params) : Points3(0, 3));
  }
  return fits;
}

// Who each track is: as many as possible of its frames, no two tracks the same person. Returns the
// share of found people whose track is theirs.
double Identify(const Truth& truth, const Fits& fits, std::map<int64_t, int64_t>* person_of) {
  std::map<int64_t, std::map<int64_t, int64_t>> counts;  // by track and person
  std::map<int64_t, int> column_of;
  int64_t found = std::ssize(truth.who), right = 0;
  for (size_t row = 0; row < fits.frame.size(); ++row) {
    const auto who = truth.who.find({fits.frame[row], fits.place[row]});
    if (who == truth.who.end()) continue;
    ++counts[fits.track[row]][who->second];
    column_of.try_emplace(who->second, static_cast<int>(column_of.size()));
  }
  RowMatX costs = RowMatX::Zero(std::ssize(counts), std::ssize(column_of));
  Eigen::Index row = 0;
  for (const auto& [track, of_person] : counts) {
    for (const auto& [person, count] : of_person) {
      costs(row, column_of[person]) = -static_cast<double>(count);
    }
    ++row;
  }
  const std::vector<int> chosen = CheapestAssignment(costs, 0);
  row = 0;
  for (const auto& [track, of_person] : counts) {
    const int column = chosen[row++];
    for (const auto& [person, count] : of_person) {
      if (column_of[person] != column) continue;
      (*person_of)[track] = person;
      right += count;
    }
  }
  return static_cast<double>(right) / static_cast<double>(found);
}

// The bodies of fits by who they truly are.
Joints ByPerson(const Truth& truth, const Fits& fits, const std::map<int64_t, int64_t>& person_of) {
  Joints joints;
  for (size_t row = 0; row < fits.frame.size(); ++row) {
    if (fits.joints[row].rows() == 0) continue;
    std::optional<int64_t> person;
    if (fits.track.empty()) {
      const auto who = truth.who.find({fits.frame[row], fits.place[row]});
      if (who != truth.who.end() && fits.usable[row]) person = who->second;
    } else if (const auto of = person_of.find(fits.track[row]); of != person_of.end()) {
      person = of->second;
    }
    if (person && truth.joints.contains({fits.frame[row], *person})) {
      joints[{fits.frame[row], *person}] = fits.joints[row];
    }
  }
  return joints;
}

Points3 AboutRoot(const Points3& joints) { return joints.rowwise() - joints.row(0); }

// Errors over the moments that `common` has too.
Json Measure(const Truth& truth, const Joints& fits, const Joints& common, const KeypointSet& set) {
  double pa_mm = 0, acceleration = 0, about_root = 0, slide_mm = 0;
  int64_t bodies = 0, triples = 0, steps = 0;
  const VecX all = VecX::Ones(set.size());
  const auto at = [&](const Joints& joints, const Moment& moment, int64_t ahead) -> const Points3* {
    const auto found = joints.find({moment.first + ahead, moment.second});
    return found == joints.end() ? nullptr : &found->second;
  };
  constexpr const char* kFeet[] = {"SMPL L_Ankle", "SMPL R_Ankle", "SMPL L_Foot", "SMPL R_Foot"};
  for (const auto& [moment, joints] : fits) {
    if (!common.contains(moment)) continue;
    const Points3& exact = truth.joints.at(moment);
    pa_mm += 1000 * PointErrors(joints, exact, all, Alignment::kProcrustes).mean();
    ++bodies;
    const Points3 *next = at(fits, moment, 1), *exact_next = at(truth.joints, moment, 1);
    if (next == nullptr || exact_next == nullptr || !at(common, moment, 1)) continue;
    for (const char* foot : kFeet) {
      const int j = set.IndexOf(foot);
      constexpr double kStill = 0.15;  // m/s: standing
      if ((exact_next->row(j) - exact.row(j)).norm() * truth.fps > kStill) continue;
      slide_mm += 1000 * (next->row(j) - joints.row(j)).norm();
      ++steps;
    }
    const Points3 *after = at(fits, moment, 2), *exact_after = at(truth.joints, moment, 2);
    if (after == nullptr || exact_after == nullptr || !at(common, moment, 2)) continue;
    const auto second = [](const Points3& a, const Points3& b, const Points3& c) {
      return Points3(a - 2 * b + c);
    };
    const double per_s2 = truth.fps * truth.fps;
    const Points3 error = second(joints, *next, *after) - second(exact, *exact_next, *exact_after);
    acceleration += per_s2 * error.rowwise().norm().mean();
    about_root += per_s2 * AboutRoot(error).rowwise().norm().mean();
    ++triples;
  }
  const auto mean = [](double sum, int64_t count) { return sum / static_cast<double>(count); };
  return {{"bodies", bodies},
          {"pa_mpjpe_mm", mean(pa_mm, bodies)},
          {"acceleration_error_m_s2", mean(acceleration, triples)},
          {"acceleration_error_about_root_m_s2", mean(about_root, triples)},
          {"foot_sliding_mm_per_frame", mean(slide_mm, steps)},
          {"foot_steps", steps}};
}

void MeasureFits(const cxxopts::ParseResult& args, const BodyModel& body) {
  const KeypointSet& set = FindKeypointSet("smpl24");
  const FoldedJoints joints(body, set);
  const fs::path scene = Required(args, "scene");
  const Truth truth = ReadTruth(scene / "truth.npz", joints);
  const Fits fits = ReadFits(Required(args, "fits"), joints);
  if (fits.track.empty()) {
    ThrowUserError("{}: has no tracks; give it to --alone", args["fits"].as<std::string>());
  }
  std::map<int64_t, int64_t> person_of;
  Json report = {{"people_found", truth.who.size()}};
  report["identities_right"] = Identify(truth, fits, &person_of);
  report["tracks"] = fits.track.empty() ? 0 : 1 + std::ranges::max(fits.track);
  const Joints together = ByPerson(truth, fits, person_of);
  report["video"] = Measure(truth, together, together, set);
  if (args.count("alone")) {
    const Joints alone =
        ByPerson(truth, ReadFits(args["alone"].as<std::string>(), joints), person_of);
    report["video_where_both"] = Measure(truth, together, alone, set);
    report["alone_where_both"] = Measure(truth, alone, together, set);
  }
  fmt::print("{}\n", report.dump(2));
}

}  // namespace

int RunBenchVideo(int argc, char** argv) {
  cxxopts::Options options = MakeVideoOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  const auto body = BodyOf(args);
  if (args.count("fits")) {
    MeasureFits(args, *body);
    return 0;
  }
  VideoSceneOptions scene_options;
  ApplyFlags(args, &scene_options, kSceneFlags);
  const fs::path out = Required(args, "out");
  if (args.count("clips") == 0)
    throw UsageError("--clips is required; see gyre bench video --help");
  std::vector<fs::path> clips;
  for (const std::string& path : args["clips"].as<std::vector<std::string>>()) {
    clips.emplace_back(path);
  }
  const VideoScene scene = MakeVideoScene(*body, RetargetBvhFiles(clips), scene_options);
  WriteScene(scene, scene_options, out);
  fmt::print("{}: {} frames, {} bodies\n", out.string(), scene.found.size(), scene.bodies.size());
  return 0;
}

}  // namespace gyre
