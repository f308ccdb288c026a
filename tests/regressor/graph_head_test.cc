// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/graph_head.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "io/io_test_util.h"
#include "regressor/network.h"
#include "regressor/regressor_test_util.h"
#include "regressor/runtime.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

NetworkOptions NarrowGraph(BodyFromMesh body = BodyFromMesh::kLearnt) {
  NetworkOptions options;
  options.input = NetworkInput::kKeypoints;
  options.head = "graphcmr";
  options.width = 8;
  options.dropout = 0;
  options.graph.levels = 2;
  options.graph.channels = 16;
  options.graph.layers = 1;
  options.graph.body_width = 24;
  options.graph.body = body;
  return options;
}

Network NarrowNetwork(const NetworkOptions& options) {
  SeedTorch(12);
  Network network(options, BodySetting());
  network->eval();
  return network;
}

at::Tensor SomeKeypoints(int64_t people) {
  SeedTorch(13);
  return at::cat({0.5 * at::randn({people, 49, 2}), at::ones({people, 49, 1})}, 2);
}

TEST(GraphHead, SaysAMeshAndTheBodyThatItIs) {
  Network network = NarrowNetwork(NarrowGraph());
  const Output out = network->forward(SomeKeypoints(3));
  const BodyModel& body = BuiltinBody();
  EXPECT_EQ(out.mesh.sizes(), (std::vector<int64_t>{3, body.num_vertices(), 3}));
  EXPECT_EQ(out.mesh_camera.sizes(), (std::vector<int64_t>{3, 3}));
  EXPECT_EQ(out.rotations.sizes(), (std::vector<int64_t>{3, 24, 3, 3}));
  EXPECT_EQ(out.betas.sizes(), (std::vector<int64_t>{3, 10}));
  EXPECT_FALSE(out.vertices.defined());
  EXPECT_FALSE(out.expression.defined());
  EXPECT_TRUE(out.HasBody());
  // Camera and body begin at their means.
  EXPECT_LT(MaxAbs(out.camera.select(1, 0) - 0.9), 0.1);
  EXPECT_LT(MaxAbs(out.betas), 0.2);
  EXPECT_LT(Value(out.rotations[0][0][1][1]), -0.9);  // upright in the picture
  // All places between the coarse ones are means of three of those.
  const auto levels = HierarchyOf(body, 2);
  const std::vector<int> kept = KeptOfAll(*levels, body.num_vertices());
  Points3 coarse(kept.size(), 3);
  const at::Tensor first = out.mesh[0].detach().to(at::kDouble).contiguous();
  const Eigen::Map<const Points3> all(first.data_ptr<double>(), body.num_vertices(), 3);
  for (size_t i = 0; i < kept.size(); ++i) coarse.row(i) = all.row(kept[i]);
  const Points3 up = Upsample((*levels)[0], Upsample((*levels)[1], coarse));
  EXPECT_LT((up - all).cwiseAbs().maxCoeff(), 1e-5);
}

// What the body is taught changes neither mesh nor camera; what these are taught changes the graph.
TEST(GraphHead, BodyLearnsByItself) {
  Network network = NarrowNetwork(NarrowGraph());
  network->train();
  const Output out = network->forward(SomeKeypoints(4));
  EXPECT_FALSE(out.camera.requires_grad());
  (out.rotations.select(2, 0).sum() + out.betas.square().sum()).backward();
  int of_body = 0;
  for (const auto& item : network->named_parameters()) {
    const bool is_of_body = item.key().starts_with("head.body.");
    EXPECT_EQ(item.value().grad().defined(), is_of_body) << item.key();
    of_body += is_of_body;
  }
  EXPECT_EQ(of_body, 22);  // five layers with their norms, and the last
  const Output again = network->forward(SomeKeypoints(4));
  (again.mesh.square().sum() + again.mesh_camera.square().sum()).backward();
  for (const auto& item : network->named_parameters()) {
    if (!item.key().starts_with("head.graph.")) continue;
    const bool unused = item.key().find("gc.2.skip_conv") != std::string::npos;
    EXPECT_EQ(item.value().grad().defined(), !unused) << item.key();
  }
}

TEST(GraphHead, SolvesTheMeshForABody) {
  Network network = NarrowNetwork(NarrowGraph(BodyFromMesh::kSolved));
  const Output out = network->forward(SomeKeypoints(2));
  EXPECT_TRUE(out.HasBody());
  EXPECT_FALSE(out.rotations.requires_grad());
  EXPECT_TRUE(out.mesh.requires_grad());
  const BodyModel& body = BuiltinBody();
  const std::vector<int> kept = KeptOfAll(*HierarchyOf(body, 2), body.num_vertices());
  const MeshToBody solver(body, kept);
  for (int i = 0; i < 2; ++i) {
    const at::Tensor mesh = out.mesh[i].detach().to(at::kDouble).contiguous();
    const Eigen::Map<const Points3> all(mesh.data_ptr<double>(), body.num_vertices(), 3);
    const BodyParams found = solver.Solve(all(kept, Eigen::all)).params;
    EXPECT_NEAR(Value(out.betas[i][3]), found.betas()[3], 1e-3 * (1 + found.betas().norm()));
    const at::Tensor shift = (out.camera - out.mesh_camera.detach())[i];
    EXPECT_NEAR(Value(shift[0]), 0, 1e-6);
    EXPECT_NEAR(Value(shift[1]), found.transl().x(), 1e-3);
    EXPECT_NEAR(Value(shift[2]), found.transl().y(), 1e-3);
  }
  for (const auto& item : network->named_parameters()) {
    EXPECT_FALSE(item.key().starts_with("head.body.")) << item.key();
  }
}

TEST(GraphHead, FollowsToAnotherType) {
  Network network = NarrowNetwork(NarrowGraph());
  const at::NoGradGuard no_grad;
  const at::Tensor keypoints = SomeKeypoints(2);
  const Output in_float = network->forward(keypoints);
  network->to(at::kDouble);
  const Output in_double = network->forward(keypoints.to(at::kDouble));
  EXPECT_EQ(in_double.mesh.scalar_type(), at::kDouble);
  EXPECT_LT(MaxAbs(in_double.mesh - in_float.mesh), 1e-4 * (1 + MaxAbs(in_float.mesh)));
  EXPECT_LT(MaxAbs(in_double.rotations - in_float.rotations), 1e-4);
}

TEST(GraphHead, HasThePapersParameters) {
  const auto count = [](const torch::nn::Module& module) {
    int64_t sum = 0;
    for (const at::Tensor& p : module.parameters()) sum += p.numel();
    return sum;
  };
  const MeanParams mean = MeanParams::FromPrior(SmplLayout(), nullptr);
  EXPECT_EQ(count(*GraphCnn(GraphOptions(), 2048, 1723, mean.cam)), 2083640);
  EXPECT_EQ(count(*MeshReader(GraphOptions(), 1723, SmplLayout(), mean)), 15027426);
}

// A file as GraphCMR's trainer leaves it: two networks, a classifier that nothing uses, and more.
TEST(GraphHead, ReadsWeightsAsGraphCmrKeepsThem) {
  const NetworkOptions options = NarrowGraph();
  Network network = NarrowNetwork(options);
  TorchValue::Dict graph, reader;
  for (const auto& [name, tensor] : GetState(*network, network->names())) {
    const std::string of_graph = "graph_cnn.", of_reader = "smpl_param_regressor.";
    if (name.starts_with(of_graph)) {
      graph.emplace_back(name.substr(of_graph.size()), tensor);
    } else {
      ASSERT_TRUE(name.starts_with(of_reader)) << name;
      reader.emplace_back(name.substr(of_reader.size()), tensor);
    }
  }
  const auto has = [](const TorchValue::Dict& dict, const std::string& name) {
    return std::ranges::any_of(dict, [&](const auto& item) { return item.first == name; });
  };
  EXPECT_TRUE(has(graph, "gc.1.conv.weight") && has(graph, "shape.4.W"));
  EXPECT_TRUE(has(graph, "camera_fc.4.bias") && has(graph, "shape.1.skip_conv.b"));
  EXPECT_TRUE(has(reader, "layers.2.fc_block.3.weight") && has(reader, "layers.3.bias"));
  graph.emplace_back("resnet.fc.weight", at::zeros({5, 7}));
  const TempFolder folder;
  WriteTorchFile(folder.path() / "released.pt", TorchValue::Dict{{"graph_cnn", graph},
                                                                 {"smpl_param_regressor", reader},
                                                                 {"epoch", int64_t{50}}});
  SeedTorch(99);
  Network other(options, BodySetting());
  other->eval();
  const at::NoGradGuard no_grad;
  const at::Tensor keypoints = SomeKeypoints(2);
  EXPECT_GT(MaxAbs(other->forward(keypoints).mesh - network->forward(keypoints).mesh), 1e-3);
  LoadNetworkWeights(*other, folder.path() / "released.pt", other->names());
  EXPECT_EQ(MaxAbs(other->forward(keypoints).mesh - network->forward(keypoints).mesh), 0);
  EXPECT_EQ(MaxAbs(other->forward(keypoints).betas - network->forward(keypoints).betas), 0);
}

TEST(GraphHead, SaysWhatItNeeds) {
  EXPECT_THAT(UserErrorOf([&] { Network(NarrowGraph(), NetworkSetting{}); }), HasSubstr("--body"));
  NetworkOptions options = NarrowGraph();
  options.graph.channels = 24;
  EXPECT_THAT(UserErrorOf([&] { options.Check(); }), HasSubstr("graph.channels: 24"));
  options = NarrowGraph();
  options.graph.levels = 9;
  EXPECT_THAT(UserErrorOf([&] { options.Check(); }), HasSubstr("graph.levels: 9"));
  auto faceless = std::make_shared<BodyModel>(BuiltinBody());
  faceless->faces.resize(0, 3);
  EXPECT_THAT(UserErrorOf([&] {
                Network(NarrowGraph(), NetworkSetting{faceless, nullptr});
              }),
              HasSubstr("no faces"));
}

}  // namespace
}  // namespace gyre
