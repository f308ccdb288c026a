// SPDX-License-Identifier: Apache-2.0
// gyre body: make, describe, import and pose body models.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "body/makehuman.h"
#include "body/model_joints.h"
#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "io/mesh.h"
#include "io/npz.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {
namespace {

using Json = nlohmann::ordered_json;

// Adds the positional argument and --joint-regressor-extra.
void AddModelArgument(cxxopts::Options& options) {
  options.add_options()("model", "Body model: builtin, or a file in SMPL's format",
                        cxxopts::value<std::string>()->default_value("builtin"), "MODEL")(
      "joint-regressor-extra", "SPIN's J_regressor_extra.npy (9 rows) for a body without its own",
      cxxopts::value<std::string>()->default_value(""), "FILE");
  options.parse_positional({"model"});
  options.positional_help("MODEL");
}

std::shared_ptr<const BodyModel> ModelOf(const cxxopts::ParseResult& args) {
  return LoadBodyModel(args["model"].as<std::string>(),
                       args["joint-regressor-extra"].as<std::string>());
}

Json Describe(const BodyModel& model) {
  Json json;
  json["name"] = model.name;
  json["vertices"] = model.num_vertices();
  json["faces"] = model.faces.rows();
  json["joints"] = kNumBodyJoints;
  json["shape_components"] = kNumShapeParams;
  json["pose_features"] = kNumPoseFeatures;
  json["has_pose_correctives"] = !model.posedirs.isZero(0);
  json["height_m"] = model.v_template.col(1).maxCoeff() - model.v_template.col(1).minCoeff();
  json["width_m"] = model.v_template.col(0).maxCoeff() - model.v_template.col(0).minCoeff();
  json["regressed_joints"] = model.J_regressor_extra.rows() > 0 ? "regressor" : "stand-ins";
  json["landmarks"] = Json::object();
  for (int i = 0; i < kNumLandmarks; ++i) {
    if (model.landmark_vertices[i] < 0) continue;
    json["landmarks"][std::string(kLandmarkNames[i])] = model.landmark_vertices[i];
  }
  const RestJoints rest(model);
  json["skeleton"] = Json::array();
  const KeypointSet& names = FindKeypointSet("smpl24");
  for (int k = 0; k < kNumBodyJoints; ++k) {
    json["skeleton"].push_back(
        {{"name", names.joints[k]},
         {"parent", model.parents[k]},
         {"position_m", {rest.mean(k, 0), rest.mean(k, 1), rest.mean(k, 2)}}});
  }
  return json;
}

void PrintDescription(const Json& json) {
  fmt::print("{}\n", json["name"].get<std::string>());
  fmt::print("  {} vertices, {} faces, {} shape components, {}\n", json["vertices"].get<int>(),
             json["faces"].get<int>(), json["shape_components"].get<int>(),
             json["has_pose_correctives"].get<bool>() ? "pose correctives" : "no pose correctives");
  fmt::print("  {:.3f} m high, {:.3f} m wide in the rest pose\n", json["height_m"].get<double>(),
             json["width_m"].get<double>());
  fmt::print("  SPIN's nine regressed joints: {}\n", json["regressed_joints"] == "regressor"
                                                         ? "from the body's regressor"
                                                         : "stand-ins (no J_regressor_extra)");
  fmt::print("  {} of {} landmarks\n", json["landmarks"].size(), kNumLandmarks);
  for (size_t k = 0; k < json["skeleton"].size(); ++k) {
    const Json& joint = json["skeleton"][k];
    fmt::print("  {:2} {:<16} parent {:2}   {:7.3f} {:7.3f} {:7.3f} m\n", k,
               joint["name"].get<std::string>(), joint["parent"].get<int>(),
               joint["position_m"][0].get<double>(), joint["position_m"][1].get<double>(),
               joint["position_m"][2].get<double>());
  }
}

int RunInfo(int argc, char** argv) {
  cxxopts::Options options(argv[0], "Describes a body model");
  AddModelArgument(options);
  options.add_options()("json", "Print one JSON object");
  const auto args = ParseOptions(options, argc, argv);
  const Json json = Describe(*ModelOf(args));
  if (args.count("json") != 0) {
    fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    PrintDescription(json);
  }
  return 0;
}

// The rows of --params: pose [N,72] axis-angle, betas [N,10], transl [N,3] (zero when absent).
std::vector<BodyParams> ReadParams(const std::filesystem::path& path) {
  const Npz npz = ReadNpz(path);
  const int64_t count = [&] {
    const NdArray& pose = Get(npz, "pose", path);
    pose.CheckShape({-1, kNumPoseParams}, path.string() + ": pose");
    return pose.dim(0);
  }();
  std::vector<BodyParams> rows(count, BodyParams(SmplLayout()));
  const auto read = [&](const std::string& key, int width, auto&& target) {
    const std::string what = path.string() + ": " + key;
    Get(npz, key, path).CheckShape({count, width}, what);
    const std::vector<double> values = npz.at(key).As<double>(what);
    for (int64_t row = 0; row < count; ++row) {
      const Eigen::Map<const VecX> numbers(values.data() + row * width, width);
      if (!numbers.allFinite()) {
        ThrowUserError("{}: row {} holds a number that is not finite.", what, row);
      }
      target(rows[row]) = numbers;
    }
  };
  read(
      "pose", kNumPoseParams, [](BodyParams & row) -> auto { return row.pose(); });
  read(
      "betas", kNumShapeParams, [](BodyParams & row) -> auto { return row.betas(); });
  if (npz.contains("transl")) {
    read(
        "transl", 3, [](BodyParams & row) -> auto { return row.transl(); });
  }
  return rows;
}

int RunPose(int argc, char** argv) {
  cxxopts::Options options(
      argv[0],
      "Poses a body.\n"
      "  in   pose [N,72] axis-angle, betas [N,10], optional transl [N,3] metres\n"
      "  out  vertices [N,V,3], joints24 [N,24,3], joints49 [N,49,3] metres");
  AddModelArgument(options);
  options.add_options()("params", "Poses and shapes (.npz)", cxxopts::value<std::string>(), "FILE")(
      "out", "Where the points go (.npz)", cxxopts::value<std::string>(), "FILE")(
      "obj", "Also write each row's mesh as OBJ into this folder", cxxopts::value<std::string>(),
      "FOLDER");
  const auto args = ParseOptions(options, argc, argv);
  const std::filesystem::path in = Required(args, "params"), out = Required(args, "out");
  const auto model = ModelOf(args);
  const std::vector<BodyParams> rows = ReadParams(in);
  const int64_t count = static_cast<int64_t>(rows.size());
  const int64_t num_vertices = model->num_vertices();

  std::vector<double> vertices(count * num_vertices * 3);
  std::vector<double> joints24(count * kNumBodyJoints * 3), joints49(count * kNumSpinJoints * 3);
  const bool with_obj = args.count("obj") != 0;
  const std::filesystem::path folder = with_obj ? args["obj"].as<std::string>() : "";
  if (with_obj) MakeFolder(folder);
  ParallelFor(count, 0, [&](int64_t row, int) {
    const auto copy = [row](const Points3& points, std::vector<double>& all) {
      std::copy_n(points.data(), points.size(), all.begin() + row * points.size());
    };
    const PosedBody posed = PoseBody(*model, rows[row]);
    copy(posed.vertices, vertices);
    copy(posed.joints, joints24);
    copy(RegressJoints(*model, SpinJoints(), posed), joints49);
    if (with_obj) WriteObj(folder / fmt::format("{:06}.obj", row), posed.vertices, model->faces);
  });
  WriteNpz(out, {{"vertices", NdArray::From<double>({count, num_vertices, 3}, vertices)},
                 {"joints24", NdArray::From<double>({count, kNumBodyJoints, 3}, joints24)},
                 {"joints49", NdArray::From<double>({count, kNumSpinJoints, 3}, joints49)}});
  spdlog::info("{} bodies of {} written to {}", count, model->name, out.string());
  return 0;
}

int RunMake(int argc, char** argv) {
  cxxopts::Options options(argv[0], "Writes the built-in body as a file in SMPL's format");
  options.add_options()("out", "Body file to write (.npz)", cxxopts::value<std::string>(), "FILE");
  const auto args = ParseOptions(options, argc, argv);
  const std::string out = Required(args, "out");
  SaveBodyModel(MakeBuiltinBody(), out);
  spdlog::info("The built-in body is in {}", out);
  return 0;
}

int RunImportMakeHuman(int argc, char** argv) {
  cxxopts::Options options(argv[0],
                           "Builds a body in SMPL's format from MakeHuman's CC0 data (the data "
                           "folder of MPFB2)");
  options.add_options()("folder", "MakeHuman's data folder", cxxopts::value<std::string>(),
                        "FOLDER")("out", "Body file to write (.npz)", cxxopts::value<std::string>(),
                                  "FILE");
  options.parse_positional({"folder"});
  options.positional_help("FOLDER");
  const auto args = ParseOptions(options, argc, argv);
  const std::string folder = Required(args, "folder"), out = Required(args, "out");
  SaveBodyModel(ImportMakeHuman(folder), out);
  spdlog::info("The body of {} is in {}", folder, out);
  return 0;
}

}  // namespace

int RunBody(int argc, char** argv) {
  const Subcommand commands[] = {
      {"info", "Describe a body model", RunInfo},
      {"pose", "Pose a body: vertices and joints of poses and shapes", RunPose},
      {"make", "Write the built-in body as a file", RunMake},
      {"import-makehuman", "Make a lifelike body from MakeHuman's CC0 data", RunImportMakeHuman},
  };
  return Dispatch("gyre body", commands, argc, argv);
}

}  // namespace gyre
