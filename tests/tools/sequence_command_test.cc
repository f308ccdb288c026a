// SPDX-License-Identifier: Apache-2.0
// gyre fit --sequence: a person of whom everything is known walks past a camera.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <opencv2/core/mat.hpp>

#include "body/model_joints.h"
#include "core/camera.h"
#include "core/rng.h"
#include "core/so3.h"
#include "io/image.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr double kPi = std::numbers::pi;
constexpr int kFrames = 24, kUnseenFrame = 9;
constexpr double kFps = 25, kFocalPx = 1000, kNoisePx = 3;

class SequenceCommandTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { body_ = new BodyModel(MakeBuiltinBody()); }
  static void TearDownTestSuite() { delete body_; }

  // In each frame a bystander far away, then the person; in one frame nobody.
  void SetUp() override {
    fs::create_directory(folder_);
    WriteImage(picture_, cv::Mat(720, 1280, CV_8UC3, cv::Scalar::all(255)));
    BodyParams bystander{SmplLayout()};
    bystander.rotation(0) = Vec3(kPi, 0, 0);
    bystander.transl() = Vec3{2, 0, 14};
    Rng rng(1, RngStream::kTest);
    for (int i = 0; i < kFrames; ++i) {
      nlohmann::json people = nlohmann::json::array();
      if (i != kUnseenFrame) people = {PersonOf(bystander, &rng), PersonOf(Truth(i), &rng)};
      std::ofstream(FrameFile(i)) << nlohmann::json{{"people", people}};
    }
  }

  static BodyParams Truth(int frame) {
    const double seconds = frame / kFps, swing = 0.5 * std::sin(2 * kPi * seconds);
    BodyParams truth{SmplLayout()};
    truth.rotation(0) = LogSO3(ExpSO3(Vec3(kPi, 0, 0)) * ExpSO3(Vec3(0, 0.5, 0)));
    const KeypointSet& joints = FindKeypointSet("smpl24");
    truth.rotation(joints.IndexOf("SMPL L_Hip")) = Vec3(swing, 0, 0);
    truth.rotation(joints.IndexOf("SMPL R_Hip")) = Vec3(-swing, 0, 0);
    truth.rotation(joints.IndexOf("SMPL L_Shoulder")) = Vec3(0, 0.6 * swing, -1.2);
    truth.rotation(joints.IndexOf("SMPL R_Shoulder")) = Vec3(0, 0.6 * swing, 1.2);
    truth.transl() = Vec3{seconds - 0.5, 0, 5};
    return truth;
  }
  static nlohmann::json PersonOf(const BodyParams& params, Rng* rng) {
    const Camera camera{kFocalPx, {639.5, 359.5}};
    const Points3 joints = ModelJoints(*body_, params, FindKeypointSet("body25"));
    std::vector<double> numbers;
    for (int k = 0; k < joints.rows(); ++k) {
      const Vec2 pixel = camera.Project(joints.row(k).transpose());
      const double scale = 5 / params.transl().z();
      numbers.push_back(pixel.x() + rng->Normal(0, kNoisePx * scale));
      numbers.push_back(pixel.y() + rng->Normal(0, kNoisePx * scale));
      numbers.push_back(1);
    }
    return {{"pose_keypoints_2d", numbers}};
  }
  fs::path FrameFile(int i) const {
    return folder_ / ("walk_0" + std::to_string(10 + i) + "_keypoints.json");
  }

  std::vector<std::string> Args(const fs::path& out, const std::vector<std::string>& more) const {
    std::vector<std::string> args = {"fit",      "--openpose", folder_, "--images", picture_,
                                     "--person", "largest",    "--out", out,        "--quiet"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
  static const std::vector<std::string>& Sequence() {
    static const std::vector<std::string> args = {"--sequence", "--fps", "25", "--focal", "1000"};
    return args;
  }

  // The bodies of a result.
  static std::vector<BodyParams> BodiesOf(const Npz& npz) {
    const auto pose = Get(npz, "pose", "npz").As<double>();
    const auto betas = Get(npz, "betas", "npz").As<double>();
    const auto transl = Get(npz, "transl", "npz").As<double>();
    std::vector<BodyParams> bodies(transl.size() / 3, BodyParams(SmplLayout()));
    for (size_t i = 0; i < bodies.size(); ++i) {
      bodies[i].pose() = Eigen::Map<const VecX>(&pose[i * kNumPoseParams], kNumPoseParams);
      bodies[i].betas() = Eigen::Map<const VecX>(&betas[i * kNumShapeParams], kNumShapeParams);
      bodies[i].transl() = Eigen::Map<const Vec3>(&transl[i * 3]);
    }
    return bodies;
  }
  // Root mean square of the joints' acceleration about their centre from a frame on, m/s^2.
  static double Acceleration(const std::vector<BodyParams>& frames, size_t begin) {
    std::vector<Points3> joints;
    for (size_t i = begin; i < frames.size(); ++i) {
      joints.push_back(ModelJoints(*body_, frames[i], FindKeypointSet("smpl24")));
      joints.back().rowwise() -= joints.back().colwise().mean().eval();
    }
    double sum = 0, count = 0;
    for (size_t i = 2; i < joints.size(); ++i) {
      const Points3 second = joints[i - 2] - 2 * joints[i - 1] + joints[i];
      sum += second.squaredNorm();
      count += static_cast<double>(second.rows());
    }
    return std::sqrt(sum / count) * kFps * kFps;
  }

  static inline BodyModel* body_ = nullptr;
  ScratchFolder scratch_;
  const fs::path folder_ = scratch_ / "json", picture_ = scratch_ / "first.png";
};

TEST_F(SequenceCommandTest, FollowsOnePersonSmoothlyAndThroughAGap) {
  const fs::path out = scratch_ / "sequence.npz", alone_out = scratch_ / "alone.npz";
  std::vector<std::string> args = Args(out, Sequence());
  args.push_back("--json");
  const ProgramResult result = Gyre(args);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report["persons"], kFrames);
  EXPECT_EQ(report["usable"], kFrames - 1);
  EXPECT_EQ(report["bridged"], 1);
  EXPECT_LT(report["reprojection_px"]["mean"], 6);
  EXPECT_LT(report["acceleration_m_s2"].get<double>(),
            0.3 * report["acceleration_alone_m_s2"].get<double>());

  const Npz npz = ReadNpz(out);
  const auto usable = Get(npz, "usable", out).As<int>();
  const auto person = Get(npz, "person", out).As<int64_t>();
  const auto reprojection = Get(npz, "reprojection_px", out).As<double>();
  const auto focal = Get(npz, "focal_px", out).As<double>();
  const std::vector<BodyParams> bodies = BodiesOf(npz);
  ASSERT_EQ(bodies.size(), kFrames);
  for (int i = 0; i < kFrames; ++i) {
    const bool seen = i != kUnseenFrame;
    EXPECT_EQ(usable[i], seen);
    EXPECT_EQ(person[i], seen ? 1 : -1);
    EXPECT_EQ(Get(npz, "reason", out).strings[i], seen ? "ok" : "too_few_joints");
    EXPECT_EQ(std::isnan(reprojection[i]), !seen);
    EXPECT_EQ(focal[i], kFocalPx);
    EXPECT_EQ(bodies[i].betas(), bodies[0].betas());
    EXPECT_LT((bodies[i].transl() - Truth(i).transl()).head<2>().norm(), 0.1) << i;
  }

  // The same command has nothing left to do; another frame rate is another run.
  EXPECT_EQ(nlohmann::json::parse(Gyre(args).out)["fitted_now"], 0);
  const std::string bytes = ReadFile(out);
  args[12] = "30";
  ExpectOneSentence(Gyre(args), 1);
  args.push_back("--force");
  EXPECT_EQ(nlohmann::json::parse(Gyre(args).out)["fitted_now"], kFrames);
  EXPECT_NE(ReadFile(out), bytes);

  const ProgramResult alone = Gyre(Args(alone_out, {"--focal", "1000"}));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  const double frame_by_frame = Acceleration(BodiesOf(ReadNpz(alone_out)), kUnseenFrame + 1);
  EXPECT_LT(Acceleration(bodies, kUnseenFrame + 1), 0.3 * frame_by_frame);
}

TEST_F(SequenceCommandTest, WrongUsageNamesThePair) {
  const fs::path out = scratch_ / "out.npz";
  for (const auto& [more, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--shard", "1/2"}, "--sequence and --shard"},
           {{"--params", "x.npz", "--start", "given"}, "--sequence and --params"},
           {{"--checkpoint", "x", "--start", "net"}, "--sequence and --checkpoint"},
           {{"--start", "net"}, "--sequence and --start net"},
           {{"--join"}, "--sequence and --join"},
           {{"--coco", "x.json"}, "--sequence and --coco"},
           {{"--fps", "0"}, "--fps"},
           {{"--fps", "-1"}, "--fps"},
           {{"--person", "all"}, "--person largest"}}) {
    std::vector<std::string> args = Args(out, Sequence());
    args.insert(args.end(), more.begin(), more.end());
    const ProgramResult result = Gyre(args);
    ExpectOneSentence(result, 2);
    EXPECT_THAT(result.err, HasSubstr(expected));
  }
  const auto error = [&](const std::vector<std::string>& more) {
    const ProgramResult result = Gyre(Args(out, more));
    ExpectOneSentence(result, 2);
    return result.err;
  };
  EXPECT_THAT(error({"--fps", "25"}), HasSubstr("--sequence"));
  EXPECT_THAT(error({"--sequence", "--focal", "1000"}), HasSubstr("--fps"));
  EXPECT_THAT(error({"--sequence", "--fps", "25"}), HasSubstr("metres mean nothing"));
}

// A frame whose file is missing counts as one without anybody, and names need no zeros.
TEST_F(SequenceCommandTest, AFrameWithoutAFileIsTimeThatPassed) {
  const fs::path all = scratch_ / "all.npz", out = scratch_ / "gap.npz";
  const ProgramResult whole = Gyre(Args(all, Sequence()));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  fs::remove(FrameFile(kUnseenFrame));
  for (int i = 0; i < kFrames; ++i) {
    if (i == kUnseenFrame) continue;
    fs::rename(FrameFile(i), folder_ / ("walk_" + std::to_string(i) + "_keypoints.json"));
  }
  const ProgramResult result = Gyre(Args(out, Sequence()));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("1 frames have no file, the first 'walk_9'"));
  const Npz npz = ReadNpz(out), like = ReadNpz(all);
  EXPECT_EQ(Get(npz, "pose", out).bytes, Get(like, "pose", all).bytes);
  EXPECT_EQ(Get(npz, "transl", out).bytes, Get(like, "transl", all).bytes);
  EXPECT_EQ(Get(npz, "image", out).strings[kUnseenFrame], "walk_9");
  EXPECT_FALSE(Get(npz, "usable", out).As<int>()[kUnseenFrame]);
}

TEST_F(SequenceCommandTest, FramesOfTwoVideosOrWithoutThePersonAreRefused) {
  std::vector<std::string> args = Args(scratch_ / "out.npz", Sequence());
  args[6] = "7";
  ProgramResult result = Gyre(args);
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("no frame holds the person"));
  fs::rename(FrameFile(0), folder_ / "run_010_keypoints.json");
  result = Gyre(Args(scratch_ / "out.npz", Sequence()));
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("one video"));
  EXPECT_FALSE(fs::exists(scratch_ / "out.npz.partial"));
}

}  // namespace
}  // namespace gyre
