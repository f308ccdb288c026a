// SPDX-License-Identifier: Apache-2.0
// Head graphcmr in the loop.
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <map>

#include "io/npz.h"
#include "loop/presets/preset.h"
#include "loop/small_training.h"
#include "peers.h"

namespace gyre {
namespace {

TrainOptions SmallGraph(BodyFromMesh body = BodyFromMesh::kLearnt) {
  TrainOptions o = SmallTraining();
  o.loss = FindPreset("graphcmr").train().loss;
  o.network.head = "graphcmr";
  o.network.dropout = 0;
  o.network.graph.levels = 3;
  o.network.graph.channels = 16;
  o.network.graph.layers = 1;
  o.network.graph.body_width = 32;
  o.network.graph.body = body;
  o.batch_size = 7;
  return o;
}

// Believes the labels, and keeps what it was asked.
class LabelsOnly : public Teacher {
 public:
  std::vector<Target> Step(std::span<const Person> samples, std::span<const BodyParams> predictions,
                           int64_t /*step*/, SupervisionStats* /*stats*/) override {
    asked.assign(predictions.begin(), predictions.end());
    std::vector<Target> targets;
    for (const Person& sample : samples) targets.push_back({*sample.params, true, {}});
    return targets;
  }
  std::vector<BodyParams> asked;
};

using Terms = std::map<std::string, double>;

Terms TermsAfter(Learner& learner, const Batch& batch, int64_t steps, LabelsOnly& teacher) {
  Ranks alone;
  Terms terms;
  for (int64_t step = 1; step <= steps; ++step) {
    const StepReport report = learner.Step(batch, step, teacher, alone);
    terms = Terms(report.terms.begin(), report.terms.end());
    terms["total"] = report.loss;
  }
  return terms;
}

TEST(GraphCmrLoop, MeshAndBodyAreTaughtByThePapersLosses) {
  const TrainOptions o = SmallGraph();
  const Batch batch = SmallBatch(o);
  LabelsOnly teacher;
  const auto learner = SmallLearner(o);
  const Terms first = TermsAfter(*learner, batch, 1, teacher);
  ASSERT_EQ(teacher.asked.size(), 7u);  // what the fits start from
  double total = 0.1 * first.at("betas");
  for (const char* name : {"keypoints_2d", "keypoints_3d", "vertices", "mesh_keypoints_2d",
                           "mesh_keypoints_3d", "mesh_vertices", "pose", "camera"}) {
    EXPECT_GT(first.at(name), 0) << name;
    total += first.at(name);
  }
  EXPECT_NEAR(first.at("total"), total, 1e-4 * total);
  const Terms last = TermsAfter(*learner, batch, 60, teacher);
  for (const char* name : {"mesh_vertices", "vertices", "pose", "mesh_keypoints_3d"}) {
    EXPECT_LT(last.at(name), 0.8 * first.at(name)) << name;
  }
}

TEST(GraphCmrLoop, TheSolversBodyFollowsTheMesh) {
  TrainOptions o = SmallGraph(BodyFromMesh::kSolved);
  o.learning_rate = 3e-3;
  const Batch batch = SmallBatch(o);
  LabelsOnly teacher;
  const auto learner = SmallLearner(o);
  const Terms first = TermsAfter(*learner, batch, 1, teacher);
  const Terms last = TermsAfter(*learner, batch, 60, teacher);
  ASSERT_EQ(teacher.asked.size(), 7u);
  EXPECT_LT(last.at("mesh_vertices"), 0.6 * first.at("mesh_vertices"));
  EXPECT_LT(last.at("vertices"), 0.8 * first.at("vertices"));  // though nothing flows through it
}

TEST(GraphCmrLoop, VerticesAreLeftOutWhereNothingAsksForThem) {
  TrainOptions o = SmallGraph();
  o.loss.vertices = o.loss.mesh_vertices = 0;
  LabelsOnly teacher;
  const Terms terms = TermsAfter(*SmallLearner(o), SmallBatch(o), 1, teacher);
  EXPECT_FALSE(terms.contains("vertices"));
  EXPECT_FALSE(terms.contains("mesh_vertices"));
  EXPECT_TRUE(terms.contains("mesh_keypoints_2d"));
  o.loss.mesh_vertices = 2;  // then the truth is posed for the mesh alone
  const Terms with = TermsAfter(*SmallLearner(o), SmallBatch(o), 1, teacher);
  EXPECT_FALSE(with.contains("vertices"));
  EXPECT_GT(with.at("mesh_vertices"), 0);
}

// GraphCMR's projection keeps the depth out; gyre's is the same in the plane of the camera's depth.
TEST(GoldenGraphCmr, ProjectionInThePlane) {
  const std::filesystem::path path = PeersFolder() / "heads/graphcmr.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const Npz golden = ReadNpz(path);
  const auto numbers = [&](const std::string& key) {
    std::vector<double> values = golden.at(key).As<double>(key);
    return at::from_blob(values.data(), golden.at(key).shape, at::kDouble).clone();
  };
  at::Tensor points = numbers("geom/points");
  points.select(2, 2).zero_();
  const double size_px = 224;
  const CropCameras cameras{at::full({2}, 1100.0, at::kDouble),
                            at::full({2, 2}, (size_px - 1) / 2, at::kDouble)};
  const at::Tensor place = PlaceInCrop(numbers("geom/cam_stxty"), cameras, size_px);
  const at::Tensor projected = ProjectToCrop(points, place, cameras, size_px);
  const at::Tensor difference = (projected - numbers("geom/ortho")).abs().max();
  EXPECT_LT(difference.item<double>(), 1e-6);
}

}  // namespace
}  // namespace gyre
