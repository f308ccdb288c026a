// SPDX-License-Identifier: Apache-2.0
// gyre body: make, describe, import and pose body models.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "body/makehuman.h"
#include "body/model_joints.h"
#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "io/mesh.h"
#include "io/npz.h"
#include "tools/body_choice.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/overwriting.h"

namespace gyre {
namespace {

using Json = nlohmann::ordered_json;

// Adds the positional argument and --joint-regressor-extra.
void AddModelArgument(cxxopts::Options& options) {
  options.add_options()("model", "Body model: builtin, builtin-x, or a file in SMPL's format",
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
  json["family"] = FamilyTitle(*model.layout);
  json["vertices"] = model.num_vertices();
  json["faces"] = model.faces.rows();
  json["joints"] = model.num_joints();
  json["shape_components"] = model.layout->num_betas;
  json["expression_components"] = model.layout->num_expression;
  json["pose_features"] = model.layout->num_pose_features();
  json["has_pose_correctives"] = !model.posedirs.isZero(0);
  json["height_m"] = model.v_template.col(1).maxCoeff() - model.v_template.col(1).minCoeff();
  json["width_m"] = model.v_template.col(0).maxCoeff() - model.v_template.col(0).minCoeff();
  json["regressed_joints"] = model.J_regressor_extra.rows() > 0 ? "regressor" : "stand-ins";
  json["landmarks"] = Json::object();
  for (int i = 0; i < kNumLandmarks; ++i) {
    if (model.landmark_vertices[i] < 0) continue;
    json["landmarks"][std::string(kLandmarkNames[i])] = model.landmark_vertices[i];
  }
  json["face_landmarks"] = model.face_landmarks.size();
  json["has_contour"] = !model.contour.empty();
  json["has_hand_components"] = model.hands[0].mean.size() > 0;
  const RestJoints rest(model);
  json["skeleton"] = Json::array();
  const bool smpl = *model.layout == SmplLayout();
  for (int k = 0; k < model.num_joints(); ++k) {
    json["skeleton"].push_back(
        {{"name", (smpl ? "SMPL " : "") + model.layout->joints[k]},
         {"parent", model.parents()[k]},
         {"position_m", {rest.mean(k, 0), rest.mean(k, 1), rest.mean(k, 2)}}});
  }
  return json;
}

void PrintDescription(const Json& json) {
  fmt::print("{}\n", json["name"].get<std::string>());
  const auto number = [&](const char* key) { return json[key].get<int>(); };
  fmt::print("  {}: {} joints\n", json["family"].get<std::string>(), number("joints"));
  fmt::print("  {} vertices, {} faces, {} shape components, {}{}\n", number("vertices"),
             number("faces"), number("shape_components"),
             number("expression_components") > 0
                 ? fmt::format("{} of expression, ", number("expression_components"))
                 : "",
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

// The rows of --params: pose [N,3J] axis-angle, betas [N,B], and where they are there expression
// [N,E] and transl [N,3] (zero when absent).
std::vector<BodyParams> ReadParams(const std::filesystem::path& path, const BodyModel& model) {
  const BodyLayout& layout = *model.layout;
  const Npz npz = ReadNpz(path);
  const NdArray& poses = Get(npz, "pose", path);
  poses.CheckShape({-1, -1}, path.string() + ": pose");
  if (poses.dim(1) != layout.num_pose()) {
    ThrowUserError("{}: pose has {} numbers a row, and {} ({}, {} joints) takes {}", path.string(),
                   poses.dim(1), model.name, FamilyTitle(layout), layout.num_joints(),
                   layout.num_pose());
  }
  const int64_t count = poses.dim(0);
  std::vector<BodyParams> rows(count, BodyParams(layout));
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
  read("pose", layout.num_pose(), [](BodyParams& row) { return row.pose(); });
  read("betas", layout.num_betas, [](BodyParams& row) { return row.betas(); });
  if (npz.contains("expression")) {
    read("expression", layout.num_expression, [](BodyParams& row) { return row.expression(); });
  }
  if (npz.contains("transl")) read("transl", 3, [](BodyParams& row) { return row.transl(); });
  return rows;
}

// Adds each hand's mean pose to that of its joints: for poses that are offsets from it.
void AddHandMeans(const BodyModel& model, std::vector<BodyParams>* rows) {
  for (int right = 0; right < 2; ++right) {
    const JointBlock block = right ? JointBlock::kRightHand : JointBlock::kLeftHand;
    const auto first = std::ranges::find(model.layout->blocks, block);
    const VecX& mean = model.hands[right].mean;
    if (mean.size() == 0 || first == model.layout->blocks.end()) {
      ThrowUserError("{}: the body has no mean pose of its hands; leave --hand-mean out",
                     model.name);
    }
    const auto joint = first - model.layout->blocks.begin();
    for (BodyParams& row : *rows) row.pose().segment(3 * joint, mean.size()) += mean;
  }
}

// The points of the posed bodies, by the key that they are written under.
class PosedPoints {
 public:
  explicit PosedPoints(int64_t count) : count_(count) {}

  // Room for [count, points, 3]; nothing where there are none.
  void Add(const std::string& key, int64_t points) {
    if (points > 0) values_[key].resize(count_ * points * 3);
  }
  void Set(const std::string& key, int64_t row, const Points3& points) {
    const auto found = values_.find(key);
    if (found == values_.end()) return;
    std::copy_n(points.data(), points.size(), found->second.begin() + row * points.size());
  }
  Npz Arrays() const {
    Npz npz;
    for (const auto& [key, values] : values_) {
      const int64_t points = count_ > 0 ? static_cast<int64_t>(values.size()) / (3 * count_) : 0;
      npz[key] = NdArray::From<double>({count_, points, 3}, values);
    }
    return npz;
  }

 private:
  int64_t count_;
  std::map<std::string, std::vector<double>> values_;
};

bool HasAll(const BodyModel& model, const KeypointSet& set) {
  return std::ranges::all_of(
      set.joints, [&](std::string_view joint) { return HasJoint(model, FindJoint(joint)); });
}

// The landmark vertices, then the face's points and its contour. [L,3]
Points3 AllLandmarks(const BodyModel& model, const BodyParams& params, const PosedBody& posed) {
  Points3 vertices(kNumLandmarks, 3);
  for (int i = 0; i < kNumLandmarks; ++i) {
    vertices.row(i) = posed.vertices.row(model.landmark_vertices[i]);
  }
  const Points3 face = FaceLandmarks(model, posed);
  const Points3 contour = ContourLandmarks(model, params, posed);
  Points3 all(vertices.rows() + face.rows() + contour.rows(), 3);
  all << vertices, face, contour;
  return all;
}

int RunPose(int argc, char** argv) {
  cxxopts::Options options(
      argv[0],
      "Poses a body of J joints, B shapes, E expressions.\n"
      "  in   pose [N,3J] axis-angle, betas [N,B], optional expression [N,E] and transl [N,3]\n"
      "       metres; J = 24, B = 10 and E = 0 for SMPL\n"
      "  out  vertices [N,V,3], joints [N,J,3], metres; where the body has them joints24\n"
      "       [N,24,3], joints49 [N,49,3] and landmarks [N,L,3] (nose, eyes, ears, feet,\n"
      "       fingertips, then 51 points of the face and 17 of its contour)");
  AddModelArgument(options);
  options.add_options()("params", "Poses and shapes (.npz)", cxxopts::value<std::string>(), "FILE")(
      "out", "Where the points go (.npz)", cxxopts::value<std::string>(), "FILE")(
      "obj", "Also write each row's mesh as OBJ into this folder", cxxopts::value<std::string>(),
      "FOLDER")("hand-mean", "Poses of hands are offsets from the body file's mean hands");
  AddForceOption(options);
  const auto args = ParseOptions(options, argc, argv);
  const std::filesystem::path in = Required(args, "params"), out = Required(args, "out");
  CheckOverwrites(args, out, in,
                  {.what = "result of gyre body pose", .keys = {"vertices", "joints"}});
  const BodyIdentity of_params = BodyOfNpz(in);
  const auto model =
      LoadChosenBody(ChooseBody(args, "model", of_params), of_params, in.string(), "as MODEL");
  std::vector<BodyParams> rows = ReadParams(in, *model);
  if (args.count("hand-mean") != 0) AddHandMeans(*model, &rows);
  const int64_t count = static_cast<int64_t>(rows.size());

  const bool has_landmarks =
      std::ranges::all_of(model->landmark_vertices, [](int vertex) { return vertex >= 0; });
  const KeypointSet& smpl24 = FindKeypointSet("smpl24");
  PosedPoints points(count);
  points.Add("vertices", model->num_vertices());
  points.Add("joints", model->num_joints());
  const bool has_smpl24 = HasAll(*model, smpl24), has_spin = HasAll(*model, SpinJoints());
  if (has_smpl24) points.Add("joints24", smpl24.size());
  if (has_spin) points.Add("joints49", SpinJoints().size());
  if (has_landmarks) {
    points.Add("landmarks", kNumLandmarks + static_cast<int64_t>(model->face_landmarks.size()) +
                                (model->contour.empty() ? 0 : kNumContourPoints));
  }
  const bool with_obj = args.count("obj") != 0;
  const std::filesystem::path folder = with_obj ? args["obj"].as<std::string>() : "";
  if (with_obj) MakeFolder(folder);
  ParallelFor(count, 0, [&](int64_t row, int) {
    const PosedBody posed = PoseBody(*model, rows[row]);
    points.Set("vertices", row, posed.vertices);
    points.Set("joints", row, posed.joints);
    if (has_smpl24) points.Set("joints24", row, RegressJoints(*model, smpl24, posed));
    if (has_spin) points.Set("joints49", row, RegressJoints(*model, SpinJoints(), posed));
    if (has_landmarks) points.Set("landmarks", row, AllLandmarks(*model, rows[row], posed));
    if (with_obj) WriteObj(folder / fmt::format("{:06}.obj", row), posed.vertices, model->faces);
  });
  Npz arrays = points.Arrays();
  if (has_spin) {
    const auto& names = SpinJoints().joints;
    arrays["keypoint_names"] =
        NdArray::FromStrings(std::vector<std::string>(names.begin(), names.end()));
  }
  WriteNpz(out, arrays);
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
  cxxopts::Options options(
      argv[0],
      "Builds a body in SMPL's or SMPL-X's format from MakeHuman's CC0 data: the data folder of\n"
      "MPFB2, and for SMPL-X's hands and face MakeHuman's own (rigs, targets/expression)");
  options.add_options()("folder", "MakeHuman's data folder", cxxopts::value<std::string>(),
                        "FOLDER")(
      "layout", "Whose joints it has: " + EnumNameList<MakeHumanLayout>(" or "),
      cxxopts::value<std::string>()->default_value(EnumName(MakeHumanLayout::kSmpl)),
      "NAME")("extra", "Where the files are that FOLDER lacks; else in FOLDER_extra",
              cxxopts::value<std::string>()->default_value(""),
              "FOLDER")("out", "Body file to write (.npz)", cxxopts::value<std::string>(), "FILE");
  options.parse_positional({"folder"});
  options.positional_help("FOLDER");
  const auto args = ParseOptions(options, argc, argv);
  const std::string folder = Required(args, "folder"), out = Required(args, "out");
  const std::string layout = args["layout"].as<std::string>();
  if (!FindEnum<MakeHumanLayout>(layout)) {
    throw UsageError(
        fmt::format("--layout: '{}' is not one of {}", layout, EnumNameList<MakeHumanLayout>()));
  }
  const MakeHumanOptions import{.layout = *FindEnum<MakeHumanLayout>(layout),
                                .extra = args["extra"].as<std::string>()};
  SaveBodyModel(ImportMakeHuman(folder, import), out);
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
