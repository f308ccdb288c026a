// SPDX-License-Identifier: Apache-2.0
#include "regressor/weights.h"

#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/io_test_util.h"
#include "regressor/regressor_test_util.h"
#include "regressor/encoders/resnet.h"
#include "regressor/network.h"
#include "regressor/runtime.h"

namespace gyre {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Network MakeNetwork(uint64_t seed) {
  SeedTorch(seed);
  NetworkOptions options;
  options.backbone = Backbone::kResNet18;
  options.image_px = 32;
  return Network(options, BodySetting());
}

// Under the names of files.
StateDict StateOf(const Network& network) { return GetState(*network, network->names()); }

bool Same(const StateDict& a, const StateDict& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
           return b.contains(item.first) && item.second.equal(b.at(item.first));
         });
}

TEST(Weights, NetworksAreReadBackFromEveryLayout) {
  const TempFolder folder;
  const auto path = folder.path() / "network.pt";
  const Network source = MakeNetwork(1);
  const StateDict state = StateOf(source);
  Network target = MakeNetwork(2);
  ASSERT_FALSE(Same(StateOf(target), state));
  for (const TorchValue& root :
       {TorchValue(state), TorchValue(TorchValue::Dict{{"model", state}, {"epoch", int64_t{3}}}),
        TorchValue(TorchValue::Dict{{"state_dict", state}})}) {
    target = MakeNetwork(2);
    WriteTorchFile(path, root);
    LoadNetworkWeights(*target, path, target->names());
    EXPECT_TRUE(Same(StateOf(target), state));
  }
}

TEST(Weights, StateIsACopy) {
  const Network network = MakeNetwork(1);
  const StateDict state = StateOf(network);
  const at::NoGradGuard no_grad;
  network->named_parameters()["head.fc1.bias"].fill_(7);
  EXPECT_NE(Value(state.at("fc1.bias")[0]), 7);
}

TEST(Weights, BackboneComesFromTorchvisionsFileAndTheHeadStays) {
  const TempFolder folder;
  const auto path = folder.path() / "resnet18.pth";
  StateDict file;
  for (const auto& [name, tensor] : GetState(ResNet(Backbone::kResNet18))) {
    if (!name.ends_with("num_batches_tracked")) file[name] = tensor;  // old files have none
  }
  file["fc.weight"] = at::zeros({1000, 512});
  file["fc.bias"] = at::zeros({1000});
  WriteTorchFile(path, file);
  Network network = MakeNetwork(2);
  const StateDict before = StateOf(network);
  LoadBackboneWeights(network->encoder(), path);
  const StateDict after = StateOf(network);
  EXPECT_TRUE(after.at("layer4.1.conv2.weight").equal(file.at("layer4.1.conv2.weight")));
  EXPECT_TRUE(after.at("fc1.weight").equal(before.at("fc1.weight")));
}

TEST(Weights, MisfitsAreNamedAndChangeNothing) {
  Network network = MakeNetwork(1);
  const StateDict before = StateOf(network);
  StateDict state = StateOf(MakeNetwork(2));
  state.erase("fc2.bias");
  state["strange"] = at::zeros({1});
  state["deccam.bias"] = at::zeros({4});
  EXPECT_EQ(UserErrorOf([&] { SetState(*network, state, "f.pt", network->names()); }),
            "f.pt does not fit the network (missing: fc2.bias; unexpected: strange; of another "
            "shape: deccam.bias is (4) and should be (3))");
  EXPECT_TRUE(Same(StateOf(network), before));
  EXPECT_THAT(UserErrorOf([&] { SetState(*network, {}, "f.pt", network->names()); }), HasSubstr("more"));
}

TEST(Weights, NamesOfPartsAndSpinsAreReadAlike) {
  const Network source = MakeNetwork(1);
  const StateDict parts = GetState(*source), spin = StateOf(source);
  EXPECT_TRUE(parts.contains("encoder.layer1.0.bn2.running_mean"));
  EXPECT_TRUE(parts.contains("head.init_cam"));
  EXPECT_TRUE(spin.contains("layer1.0.bn2.running_mean"));
  EXPECT_TRUE(spin.contains("init_cam"));
  EXPECT_EQ(parts.size(), spin.size());
  EXPECT_TRUE(parts.at("head.fc2.bias").equal(spin.at("fc2.bias")));
  for (const StateDict* state : {&parts, &spin}) {
    Network target = MakeNetwork(2);
    SetState(*target, *state, "f.pt", target->names());
    EXPECT_TRUE(Same(StateOf(target), spin));
  }
}

TEST(Names, TheFirstPrefixIsReplaced) {
  const Names names({{"encoder.", ""}, {"head.", "top."}});
  EXPECT_EQ(names.InFile("encoder.head.weight"), "head.weight");
  EXPECT_EQ(names.InFile("head.encoder.weight"), "top.encoder.weight");
  EXPECT_EQ(names.InFile("heads.weight"), "heads.weight");
  EXPECT_EQ(Names().InFile("encoder.weight"), "encoder.weight");
}

TEST(Weights, OtherFilesAreRefused) {
  const TempFolder folder;
  const auto path = folder.path() / "other.pt";
  Network network = MakeNetwork(1);
  WriteTorchFile(path, TorchValue::Dict{{"model", "text"}});
  EXPECT_THAT(UserErrorOf([&] { LoadNetworkWeights(*network, path, network->names()); }),
              AllOf(HasSubstr("other.pt"), HasSubstr("expected a dict")));
  WriteTorchFile(path, TorchValue::List{1.0});
  EXPECT_THAT(UserErrorOf([&] { LoadBackboneWeights(network->encoder(), path); }), HasSubstr("other.pt"));
}

// A few steps of training with dropout; the data depend on the step alone.
void Train(Network& network, torch::optim::Adam& optimizer, int from, int to) {
  for (int step = from; step < to; ++step) {
    Rng rng(7, RngStream::kTest, 0, step);
    const at::Tensor images = RandomTensor({2, 3, 32, 32}, rng).to(at::kFloat);
    optimizer.zero_grad();
    const Output out = network->forward(images);
    (out.rotations.select(2, 0).square().sum() + out.betas.square().sum() + out.camera.sum()).backward();
    optimizer.step();
  }
}

TEST(Weights, TrainingResumesExactly) {
  const TempFolder folder;
  const auto path = folder.path() / "checkpoint.pt";
  const torch::optim::AdamOptions options(1e-3);

  Network network = MakeNetwork(1);
  torch::optim::Adam optimizer(network->parameters(), options);
  Train(network, optimizer, 0, 2);
  WriteTorchFile(path, TorchValue::Dict{{"model", StateOf(network)},
                                        {"adam", GetAdamState(optimizer, *network, network->names())},
                                        {"random", GetTorchRandomState(at::kCPU)}});
  Train(network, optimizer, 2, 4);
  const StateDict expected = StateOf(network);

  Network resumed = MakeNetwork(99);
  torch::optim::Adam resumed_optimizer(resumed->parameters(), options);
  Train(resumed, resumed_optimizer, 0, 1);  // leaves state behind, which must not matter
  const TorchValue root = ReadTorchFile(path);
  SetState(*resumed, root.At("model", "file").AsStateDict("file"), "file",
           resumed->names());
  SetAdamState(resumed_optimizer, *resumed, root.At("adam", "file"), "file",
               resumed->names());
  SetTorchRandomState(at::kCPU, root.At("random", "file").AsTensor("file"), "file");
  Train(resumed, resumed_optimizer, 2, 4);
  EXPECT_TRUE(Same(StateOf(resumed), expected));
}

TEST(Weights, AdamStateIsCheckedBeforeAnythingChanges) {
  Network network = MakeNetwork(1);
  torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(1e-3));
  Train(network, optimizer, 0, 1);
  const size_t size = optimizer.state().size();
  EXPECT_EQ(size, network->parameters().size());
  const auto entry = [](const at::Tensor& moment) {
    return TorchValue(
        TorchValue::Dict{{"step", int64_t{1}}, {"exp_avg", moment}, {"exp_avg_sq", moment}});
  };
  const TorchValue unknown = TorchValue::Dict{{"nothing", entry(at::zeros({3}))}};
  EXPECT_THAT(UserErrorOf([&] { SetAdamState(optimizer, *network, unknown, "f.pt", network->names()); }),
              HasSubstr("f.pt: nothing is no parameter"));
  const TorchValue misshaped = TorchValue::Dict{{"deccam.bias", entry(at::zeros({2}))}};
  EXPECT_THAT(UserErrorOf([&] { SetAdamState(optimizer, *network, misshaped, "f.pt", network->names()); }),
              HasSubstr("deccam.bias: exp_avg is (2) and should be (3)"));
  EXPECT_EQ(optimizer.state().size(), size);
}

}  // namespace
}  // namespace gyre
