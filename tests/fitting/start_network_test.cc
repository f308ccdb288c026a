// SPDX-License-Identifier: Apache-2.0
#include "fitting/start_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/default_start_network.h"
#include "fitting/start_networks.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// One keypoint, one joint, two neurons:
//   enter  h = relu((2 x - 1, y + 3 c - 4 cos))
//   inner  h = h + relu(0.5 relu(h_1 - h_0 + 0.25) (1, 0) + (-0.5, 0.125))
//   leave  six = (h_0, 0, h_1, 1, 0, 0): a turn about z by atan2(h_1, h_0)
StartNetwork::Parts TinyParts() {
  StartNetwork::Parts parts;
  parts.keypoints = {"OP RKnee"};
  parts.joints = {"Pelvis"};
  parts.enter = {StartNetwork::Matrix::Zero(2, 5), StartNetwork::Vector::Zero(2)};
  parts.enter.weight << 2, 0, 0, 0, 0,  //
      0, 1, 3, -4, 0;
  parts.enter.bias << -1, 0;
  StartNetwork::Layer first{StartNetwork::Matrix::Zero(2, 2), StartNetwork::Vector::Zero(2)};
  first.weight << -1, 1,  //
      -1, 0;
  first.bias << 0.25F, -5;
  StartNetwork::Layer second{StartNetwork::Matrix::Zero(2, 2), StartNetwork::Vector::Zero(2)};
  second.weight << 0.5F, 7,  //
      0, 0;
  second.bias << -0.5F, 0.125F;
  parts.inner = {first, second};
  parts.leave = {StartNetwork::Matrix::Zero(6, 2), StartNetwork::Vector::Zero(6)};
  parts.leave.weight(0, 0) = 1;
  parts.leave.weight(2, 1) = 1;
  parts.leave.bias[3] = 1;
  parts.source = "made by hand";
  return parts;
}

class StartNetworkFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::path(testing::TempDir()) /
            (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".npz");
  }
  void TearDown() override { fs::remove(path_); }
  // What is said of the file that this makes of a good one.
  template <class Change>
  std::string ErrorOf(const Change& change) {
    StartNetwork(TinyParts(), "test").Save(path_);
    Npz npz = ReadNpz(path_);
    change(npz);
    WriteNpz(path_, npz);
    try {
      LoadStartNetwork(path_);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }
  fs::path path_;
};

TEST(StartNetworkTest, ComputesLayerByLayer) {
  const StartNetwork network(TinyParts(), "test");
  EXPECT_EQ(network.num_inputs(), 5);
  EXPECT_EQ(network.num_parameters(), 10 + 2 + 8 + 4 + 12 + 6);
  StartNetwork::Vector input(5);
  input << 1.25F, -0.5F, 1.5F, 0.25F, 9;
  // enter: (1.5, 3); inner: (1.75, 0) -> (0.375, 0.125); h = (1.875, 3.125)
  const std::vector<Mat3> rotations = network.Rotations(input);
  ASSERT_EQ(rotations.size(), 1);
  const Mat3 expected = ExpSO3(Vec3(0, 0, std::atan2(3.125, 1.875)));
  EXPECT_LT((rotations[0] - expected).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(StartNetworkTest, NegativeNumbersStopAtEachLayer) {
  const StartNetwork network(TinyParts(), "test");
  StartNetwork::Vector input(5);
  input << 2, 1, 0, 0.0625F, 0;
  // enter: (3, 0.75); inner: (-2, ...) -> 0 -> (-0.5, 0.125) -> (0, 0.125); h = (3, 0.875)
  const Mat3 expected = ExpSO3(Vec3(0, 0, std::atan2(0.875, 3)));
  EXPECT_LT((network.Rotations(input)[0] - expected).cwiseAbs().maxCoeff(), 1e-6);
}

TEST_F(StartNetworkFile, KeepsNamesAndNumbersInHalfPrecision) {
  StartNetwork::Parts parts = TinyParts();
  parts.leave.bias[5] = 0.1F;  // 0.0999756 in half precision
  const StartNetwork network(parts, "test");
  network.Save(path_);
  const auto read = LoadStartNetwork(path_);
  EXPECT_EQ(read->keypoints(), network.keypoints());
  EXPECT_EQ(read->joints(), network.joints());
  EXPECT_EQ(read->source(), "made by hand");
  EXPECT_NE(read->fingerprint(), network.fingerprint());
  StartNetwork::Parts rounded = TinyParts();
  rounded.leave.bias[5] = 0.0999755859375F;
  EXPECT_EQ(read->fingerprint(), StartNetwork(rounded, "test").fingerprint());
}

TEST_F(StartNetworkFile, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf([](Npz&) {}), "");
  EXPECT_THAT(ErrorOf([](Npz& npz) { npz.erase("inner_bias"); }), HasSubstr("no key 'inner_bias'"));
  EXPECT_THAT(ErrorOf([](Npz& npz) { npz["joints"] = NdArray::FromStrings({"Tail"}); }),
              HasSubstr("\"Tail\" is no joint of SMPL's body"));
  EXPECT_THAT(ErrorOf([](Npz& npz) { npz["joints"] = NdArray::FromStrings({"L_Hip"}); }),
              HasSubstr("first joint must be Pelvis"));
  EXPECT_THAT(ErrorOf([](Npz& npz) { npz["keypoints"] = NdArray::FromStrings({"OP Tail"}); }),
              HasSubstr("\"OP Tail\" is no registered joint"));
  EXPECT_THAT(ErrorOf([](Npz& npz) {
                npz["keypoints"] = NdArray::FromStrings({"OP Nose", "OP Neck"});
              }),
              HasSubstr("enter_weight"));
  EXPECT_THAT(ErrorOf([](Npz& npz) { npz["keypoints"] = NdArray::FromScalar(3); }),
              HasSubstr("expected 1 to 256 names"));
  EXPECT_THAT(ErrorOf([](Npz& npz) {
                npz["inner_weight"].shape = {4, 2};
              }),
              HasSubstr("expected 0 to 16 layers of 2 x 2"));
  EXPECT_THAT(
      ErrorOf([](Npz& npz) { npz["enter_bias"] = NdArray::FromMatrix(RowMatX::Zero(1, 2)); }),
      HasSubstr("expected 1 to 4096 numbers"));
  EXPECT_THAT(ErrorOf([](Npz& npz) {
                RowMatX bias = RowMatX::Zero(6, 1);
                bias(2, 0) = std::numeric_limits<double>::quiet_NaN();
                npz["leave_bias"] = NdArray::FromMatrix(bias);
                npz["leave_bias"].shape = {6};
              }),
              HasSubstr("not finite"));
}

TEST_F(StartNetworkFile, InnerLayersStandInPairs) {
  StartNetwork::Parts parts = TinyParts();
  parts.inner.pop_back();
  EXPECT_THROW(StartNetwork(parts, "test"), UserError);
  parts.inner.clear();
  StartNetwork(parts, "test").Save(path_);
  EXPECT_EQ(LoadStartNetwork(path_)->num_parameters(), 12 + 18);
}

TEST(ShippedStartNetworkTest, IsSmallAndSaysWhereItCameFrom) {
  EXPECT_LE(DefaultStartNetworkFile().size(), 4'000'000);
  const auto network = LoadStartNetwork();
  EXPECT_EQ(network, LoadStartNetwork());
  EXPECT_THAT(network->source(), HasSubstr("mocap.cs.cmu.edu"));
  EXPECT_EQ(network->joints().size(), 22);
}

}  // namespace
}  // namespace gyre
