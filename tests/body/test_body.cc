// SPDX-License-Identifier: Apache-2.0
#include "body/test_body.h"

#include <algorithm>
#include <vector>

namespace gyre {
namespace {

void FillNormal(Rng& rng, double sigma, RowMatX* values) {
  for (Eigen::Index i = 0; i < values->size(); ++i) values->data()[i] = sigma * rng.Normal();
}

// `count` random columns per row with positive weights that sum to `sum`.
SparseRows RandomRows(Rng& rng, int rows, int cols, int count, double sum) {
  RowMatX dense = RowMatX::Zero(rows, cols);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < count; ++i) dense(row, rng.Below(cols)) += rng.Uniform(0.1, 1);
    dense.row(row) *= sum / dense.row(row).sum();
  }
  return dense.sparseView(0, 0);
}

}  // namespace

BodyModel MakeRandomBody(uint64_t seed, double extra_sum, int num_vertices,
                         std::shared_ptr<const BodyLayout> layout) {
  Rng rng(seed, RngStream::kTest);
  BodyModel model;
  model.name = "random test body";
  model.layout = std::move(layout);
  const int num_joints = model.num_joints();
  RowMatX v_template(num_vertices, 3);
  FillNormal(rng, 0.4, &v_template);
  model.v_template = v_template;
  model.shapedirs.resize(3 * num_vertices, model.layout->num_shape());
  FillNormal(rng, 0.02, &model.shapedirs);
  model.posedirs.resize(3 * num_vertices, model.layout->num_pose_features());
  FillNormal(rng, 0.005, &model.posedirs);
  model.J_regressor = RandomRows(rng, num_joints, num_vertices, 6, 1);
  model.weights = RandomRows(rng, num_vertices, num_joints, 4, 1);
  model.J_regressor_extra = RandomRows(rng, kNumExtraJoints, num_vertices, 12, extra_sum);
  model.faces.resize(2 * num_vertices, 3);
  for (int i = 0; i < model.faces.size(); ++i) {
    model.faces.data()[i] = static_cast<int32_t>(rng.Below(num_vertices));
  }
  for (int& vertex : model.landmark_vertices) vertex = static_cast<int>(rng.Below(num_vertices));
  return model;
}

BodyModel MakeRandomSmplx(uint64_t seed, int num_vertices) {
  std::vector<int> parents(SmplLayout().parents.begin(), SmplLayout().parents.begin() + 22);
  parents.insert(parents.end(), {15, 15, 15});
  for (const int wrist : {20, 21}) {
    for (int finger = 0; finger < 5; ++finger) {
      const int first = static_cast<int>(parents.size());
      parents.insert(parents.end(), {wrist, first, first + 1});
    }
  }
  BodyModel model = MakeRandomBody(
      seed, 1.0, num_vertices, std::make_shared<const BodyLayout>(MakeLayout(parents, {}, 10, 4)));
  Rng rng(seed, RngStream::kTest, 1);
  for (BodyModel::Hand& hand : model.hands) {
    hand.mean.resize(45);
    for (double& value : hand.mean) value = 0.2 * rng.Normal();
    hand.components.resize(15, 45);
    FillNormal(rng, 0.3, &hand.components);
  }
  return model;
}

BodyParams RandomParams(Rng& rng, double pose_scale, double betas_scale, double transl_scale) {
  BodyParams params{SmplLayout()};
  for (double& value : params.pose()) value = pose_scale * rng.Normal();
  for (double& value : params.betas()) value = betas_scale * rng.Normal();
  for (double& value : params.transl()) value = transl_scale * rng.Normal();
  return params;
}

bool HasAllOf(const BodyModel& model, const KeypointSet& set) {
  return std::ranges::all_of(
      set.joints, [&](std::string_view joint) { return HasJoint(model, FindJoint(joint)); });
}

std::shared_ptr<const BodyModel> LoadCc0Body(const std::filesystem::path& extra_regressor) {
  const std::filesystem::path path = kSharedData / "body/cc0_body.npz";
  if (!std::filesystem::exists(path)) return nullptr;
  return LoadBodyModel(path.string(), extra_regressor);
}

}  // namespace gyre
