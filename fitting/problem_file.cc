// SPDX-License-Identifier: Apache-2.0
#include "fitting/problem_file.h"

#include <cmath>

#include "core/error.h"
#include "io/npz.h"

namespace gyre {
namespace {

const std::string kPosePrefix = "pose_init_";

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path), npz_(ReadNpz(path)) {}

  const Npz& npz() const { return npz_; }
  bool Has(const std::string& key) const { return npz_.count(key) > 0; }
  int64_t Rows(const std::string& key) const {
    const NdArray& array = Get(npz_, key, path_);
    if (array.shape.empty())
      ThrowUserError("{}, key {}: expected rows, found a scalar", path_.string(), key);
    return array.shape[0];
  }
  std::vector<double> Array(const std::string& key, std::initializer_list<int64_t> shape) const {
    const NdArray& array = Get(npz_, key, path_);
    const std::string what = path_.string() + ", key " + key;
    array.CheckShape(shape, what);
    return array.As<double>(what);
  }
  double Positive(const std::string& key) const {
    const double value = Array(key, {})[0];
    if (!std::isfinite(value) || value <= 0) {
      ThrowUserError("{}, key {}: expected a positive number, found {}", path_.string(), key,
                     value);
    }
    return value;
  }
  // Bodies from rows of pose, translation and, if there, shape.
  std::vector<BodyParams> Bodies(int64_t n, const std::string& pose_key,
                                 const std::string& transl_key,
                                 const std::string& betas_key) const {
    const int64_t num_pose = SmplLayout().num_pose(), num_betas = SmplLayout().num_betas;
    const std::vector<double> pose = Array(pose_key, {n, num_pose});
    const std::vector<double> transl = Array(transl_key, {n, 3});
    std::vector<double> betas(n * num_betas, 0.0);
    if (Has(betas_key)) betas = Array(betas_key, {n, num_betas});
    std::vector<BodyParams> bodies(n, BodyParams(SmplLayout()));
    for (int64_t i = 0; i < n; ++i) {
      bodies[i].pose() = Eigen::Map<const VecX>(&pose[i * num_pose], num_pose);
      bodies[i].betas() = Eigen::Map<const VecX>(&betas[i * num_betas], num_betas);
      bodies[i].transl() = Eigen::Map<const Vec3>(&transl[3 * i]);
    }
    return bodies;
  }

 private:
  std::filesystem::path path_;
  Npz npz_;
};

enum class Part { kPose, kBetas, kTransl };

NdArray ColumnOf(const std::vector<BodyParams>& bodies, Part part) {
  const auto values = [part](const BodyParams& body) -> VecX {
    switch (part) {
      case Part::kPose:
        return body.pose();
      case Part::kBetas:
        return body.betas();
      case Part::kTransl:
        break;
    }
    return body.transl();
  };
  RowMatX rows(bodies.size(), values(bodies.front()).size());
  for (size_t i = 0; i < bodies.size(); ++i) rows.row(i) = values(bodies[i]).transpose();
  return NdArray::FromMatrix(rows);
}

}  // namespace

std::vector<FitProblem> ProblemFile::StartedFrom(const std::string& start) const {
  const auto found = starts.find(start);
  if (found == starts.end()) {
    std::string names;
    for (const auto& [name, bodies] : starts) names += (names.empty() ? "" : ", ") + name;
    ThrowUserError("the problem file has no start \"{}\"; it has {}", start,
                   names.empty() ? "none" : names);
  }
  std::vector<FitProblem> started = problems;
  for (size_t i = 0; i < started.size(); ++i) {
    started[i].start = found->second[i];
    started[i].has_start = started[i].start_has_translation = true;
  }
  return started;
}

ProblemFile ReadProblemFile(const std::filesystem::path& path) {
  const Reader reader(path);
  const int64_t n = reader.Rows("keypoints");
  const int64_t num_joints = SpinJoints().size();
  const std::vector<double> keypoints = reader.Array("keypoints", {n, num_joints, 3});
  const std::vector<double> centre = reader.Array("centre", {2});
  if (!std::isfinite(centre[0]) || !std::isfinite(centre[1])) {
    ThrowUserError("{}, key centre: is not finite", path.string());
  }
  const Camera camera{reader.Positive("focal"), {centre[0], centre[1]}};
  const double pixel_scale = kReferenceCropPx / reader.Positive("img_res");

  ProblemFile file;
  file.problems.resize(n);
  for (int64_t i = 0; i < n; ++i) {
    FitProblem& problem = file.problems[i];
    const Eigen::Map<const Points3> rows(&keypoints[i * num_joints * 3], num_joints, 3);
    problem.keypoints_px = rows.leftCols<2>();
    problem.confidence = rows.col(2);
    problem.camera = camera;
    problem.pixel_scale = pixel_scale;
    problem.has_start = problem.start_has_translation = false;
  }
  for (const auto& [key, array] : reader.npz()) {
    if (!key.starts_with(kPosePrefix)) continue;
    const std::string name = key.substr(kPosePrefix.size());
    file.starts[name] = reader.Bodies(n, key, "cam_init_" + name, "betas_init");
  }
  if (reader.Has("pose_true")) {
    file.truth = reader.Bodies(n, "pose_true", "cam_true", "betas_true");
    for (size_t i = 0; i < file.truth.size(); ++i) {
      const BodyParams& body = file.truth[i];
      if (!body.pose().allFinite() || !body.betas().allFinite() || !body.transl().allFinite()) {
        ThrowUserError("{}: the true body of problem {} is not finite", path.string(), i);
      }
    }
  }
  return file;
}

void WriteProblemFile(const ProblemFile& file, const std::filesystem::path& path) {
  GYRE_CHECK(!file.problems.empty());
  const FitProblem& first = file.problems.front();
  std::vector<double> keypoints;
  for (const FitProblem& problem : file.problems) {
    GYRE_CHECK(problem.camera.focal_px == first.camera.focal_px &&
               problem.camera.center_px == first.camera.center_px &&
               problem.pixel_scale == first.pixel_scale);
    for (int j = 0; j < SpinJoints().size(); ++j) {
      keypoints.insert(keypoints.end(), {problem.keypoints_px(j, 0), problem.keypoints_px(j, 1),
                                         problem.confidence[j]});
    }
  }
  const auto n = static_cast<int64_t>(file.problems.size());
  const std::vector<double> centre = {first.camera.center_px.x(), first.camera.center_px.y()};
  Npz npz = {{"keypoints", NdArray::From<double>({n, SpinJoints().size(), 3}, keypoints)},
             {"focal", NdArray::FromScalar(first.camera.focal_px)},
             {"img_res", NdArray::FromScalar(kReferenceCropPx / first.pixel_scale)},
             {"centre", NdArray::From<double>({2}, centre)}};
  for (const auto& [name, bodies] : file.starts) {
    npz[kPosePrefix + name] = ColumnOf(bodies, Part::kPose);
    npz["cam_init_" + name] = ColumnOf(bodies, Part::kTransl);
    const NdArray betas = ColumnOf(bodies, Part::kBetas);
    const auto [shape, is_new] = npz.emplace("betas_init", betas);
    GYRE_CHECK(is_new || shape->second.bytes == betas.bytes);
  }
  if (!file.truth.empty()) {
    npz["pose_true"] = ColumnOf(file.truth, Part::kPose);
    npz["betas_true"] = ColumnOf(file.truth, Part::kBetas);
    npz["cam_true"] = ColumnOf(file.truth, Part::kTransl);
  }
  WriteNpz(path, npz);
}

}  // namespace gyre
