// SPDX-License-Identifier: Apache-2.0
#include "regressor/weights.h"

#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/io_test_util.h"
#include "regressor/regressor_test_util.h"
#include "regressor/resnet.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

HmrNet MakeNetwork(uint64_t seed) {
  SeedTorch(seed);
  NetworkOptions options = NetworkOptions::FromPreset("small");
  options.image_px = 32;
  return HmrNet(options, MeanParams::FromPrior(*LoadPosePrior()));
}

bool Same(const StateDict& a, const StateDict& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
           return b.contains(item.first) && item.second.equal(b.at(item.first));
         });
}

TEST(Weights, NetworksAreReadBackFromEveryLayout) {
  const TempFolder folder;
  const auto path = folder.path() / "network.pt";
  const HmrNet source = MakeNetwork(1);
  const StateDict state = GetState(*source);
  HmrNet target = MakeNetwork(2);
  ASSERT_FALSE(Same(GetState(*target), state));
  for (const TorchValue& root :
       {TorchValue(state), TorchValue(TorchValue::Dict{{"model", state}, {"epoch", int64_t{3}}}),
        TorchValue(TorchValue::Dict{{"state_dict", state}})}) {
    target = MakeNetwork(2);
    WriteTorchFile(path, root);
    LoadNetworkWeights(*target, path);
    EXPECT_TRUE(Same(GetState(*target), state));
  }
}

TEST(Weights, StateIsACopy) {
  const HmrNet network = MakeNetwork(1);
  const StateDict state = GetState(*network);
  const at::NoGradGuard no_grad;
  network->named_parameters()["fc1.bias"].fill_(7);
  EXPECT_NE(Value(state.at("fc1.bias")[0]), 7);
}

TEST(Weights, BackboneComesFromTorchvisionsFileAndTheHeadStays) {
  const TempFolder folder;
  const auto path = folder.path() / "resnet18.pth";
  StateDict file;
  for (const auto& [name, tensor] : GetState(ResNetImpl(Backbone::kResNet18))) {
    if (!name.ends_with("num_batches_tracked")) file[name] = tensor;  // old files have none
  }
  file["fc.weight"] = at::zeros({1000, 512});
  file["fc.bias"] = at::zeros({1000});
  WriteTorchFile(path, file);
  HmrNet network = MakeNetwork(2);
  const StateDict before = GetState(*network);
  LoadBackboneWeights(*network, path);
  const StateDict after = GetState(*network);
  EXPECT_TRUE(after.at("layer4.1.conv2.weight").equal(file.at("layer4.1.conv2.weight")));
  EXPECT_TRUE(after.at("fc1.weight").equal(before.at("fc1.weight")));
}

TEST(Weights, MisfitsAreNamedAndChangeNothing) {
  HmrNet network = MakeNetwork(1);
  const StateDict before = GetState(*network);
  StateDict state = GetState(*MakeNetwork(2));
  state.erase("fc2.bias");
  state["strange"] = at::zeros({1});
  state["deccam.bias"] = at::zeros({4});
  EXPECT_EQ(UserErrorOf([&] { SetState(*network, state, "f.pt"); }),
            "f.pt does not fit the network (missing: fc2.bias; unexpected: strange; of another "
            "shape: deccam.bias is (4) and should be (3))");
  EXPECT_TRUE(Same(GetState(*network), before));
  EXPECT_THAT(UserErrorOf([&] { SetState(*network, {}, "f.pt"); }), HasSubstr("more"));
}

TEST(Weights, OtherFilesAreRefused) {
  const TempFolder folder;
  const auto path = folder.path() / "other.pt";
  HmrNet network = MakeNetwork(1);
  WriteTorchFile(path, TorchValue::Dict{{"model", "text"}});
  EXPECT_THAT(UserErrorOf([&] { LoadNetworkWeights(*network, path); }),
              AllOf(HasSubstr("other.pt"), HasSubstr("expected a dict")));
  WriteTorchFile(path, TorchValue::List{1.0});
  EXPECT_THAT(UserErrorOf([&] { LoadBackboneWeights(*network, path); }), HasSubstr("other.pt"));
}

// A few steps of training with dropout; the data depend on the step alone.
void Train(HmrNet& network, torch::optim::Adam& optimizer, int from, int to) {
  for (int step = from; step < to; ++step) {
    Rng rng(7, RngStream::kTest, 0, step);
    const at::Tensor images = RandomTensor({2, 3, 32, 32}, rng).to(at::kFloat);
    optimizer.zero_grad();
    const HmrOutput out = network->forward(images);
    (out.rotmats.select(2, 0).square().sum() + out.betas().square().sum() + out.cam.sum()).backward();
    optimizer.step();
  }
}

TEST(Weights, TrainingResumesExactly) {
  const TempFolder folder;
  const auto path = folder.path() / "checkpoint.pt";
  const torch::optim::AdamOptions options(1e-3);

  HmrNet network = MakeNetwork(1);
  torch::optim::Adam optimizer(network->parameters(), options);
  Train(network, optimizer, 0, 2);
  WriteTorchFile(path, TorchValue::Dict{{"model", GetState(*network)},
                                        {"adam", GetAdamState(optimizer, *network)},
                                        {"random", GetTorchRandomState(at::kCPU)}});
  Train(network, optimizer, 2, 4);
  const StateDict expected = GetState(*network);

  HmrNet resumed = MakeNetwork(99);
  torch::optim::Adam resumed_optimizer(resumed->parameters(), options);
  Train(resumed, resumed_optimizer, 0, 1);  // leaves state behind, which must not matter
  const TorchValue root = ReadTorchFile(path);
  SetState(*resumed, root.At("model", "file").AsStateDict("file"), "file");
  SetAdamState(resumed_optimizer, *resumed, root.At("adam", "file"), "file");
  SetTorchRandomState(at::kCPU, root.At("random", "file").AsTensor("file"), "file");
  Train(resumed, resumed_optimizer, 2, 4);
  EXPECT_TRUE(Same(GetState(*resumed), expected));
}

TEST(Weights, AdamStateIsCheckedBeforeAnythingChanges) {
  HmrNet network = MakeNetwork(1);
  torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(1e-3));
  Train(network, optimizer, 0, 1);
  const size_t size = optimizer.state().size();
  EXPECT_EQ(size, network->parameters().size());
  const auto entry = [](const at::Tensor& moment) {
    return TorchValue(
        TorchValue::Dict{{"step", int64_t{1}}, {"exp_avg", moment}, {"exp_avg_sq", moment}});
  };
  const TorchValue unknown = TorchValue::Dict{{"nothing", entry(at::zeros({3}))}};
  EXPECT_THAT(UserErrorOf([&] { SetAdamState(optimizer, *network, unknown, "f.pt"); }),
              HasSubstr("f.pt: nothing is no parameter"));
  const TorchValue misshaped = TorchValue::Dict{{"deccam.bias", entry(at::zeros({2}))}};
  EXPECT_THAT(UserErrorOf([&] { SetAdamState(optimizer, *network, misshaped, "f.pt"); }),
              HasSubstr("deccam.bias: exp_avg is (2) and should be (3)"));
  EXPECT_EQ(optimizer.state().size(), size);
}

}  // namespace
}  // namespace gyre
