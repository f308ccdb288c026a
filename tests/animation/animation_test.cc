// SPDX-License-Identifier: Apache-2.0
#include "loop/animation/animation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tiny_gltf.h>

#include <Eigen/Geometry>
#include <cstring>
#include <numbers>
#include <sstream>

#include "body/test_body.h"
#include "core/error.h"
#include "core/file.h"
#include "core/so3.h"
#include "io/bvh.h"
#include "io/csv.h"
#include "io/io_test_util.h"
#include "io/mesh.h"
#include "io/npz.h"
#include "loop/animation/writers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr double kPi = std::numbers::pi;
constexpr double kOneMillimetre = 1e-3;

AnimatedPerson MovingPerson(const BodyModel& body, uint64_t seed, std::vector<int64_t> frames) {
  Rng rng(seed, RngStream::kTest);
  AnimatedPerson person{"person_" + std::to_string(seed), std::move(frames), {}};
  const BodyParams shape = RandomParams(rng);
  for (size_t i = 0; i < person.frames.size(); ++i) {
    BodyParams& params = person.params.emplace_back(RandomParams(rng));
    params.betas() = shape.betas();
    params.transl().z() += 4;
  }
  EXPECT_TRUE(person.params[0].Fits(*body.layout));
  return person;
}

Points3 TrueJoints(const BodyModel& body, const BodyParams& params) {
  return PoseBody(body, params).joints;
}

void WriteFitsNpz(const fs::path& path, const std::vector<BodyParams>& rows, Npz more) {
  const auto n = static_cast<Eigen::Index>(rows.size());
  RowMatX pose(n, 72), betas(n, 10), transl(n, 3);
  for (Eigen::Index i = 0; i < n; ++i) {
    const BodyParams& params = rows[static_cast<size_t>(i)];
    pose.row(i) = params.pose().transpose();
    betas.row(i) = params.betas().transpose();
    transl.row(i) = params.transl().transpose();
  }
  more["pose"] = NdArray::FromMatrix(pose);
  more["betas"] = NdArray::FromMatrix(betas);
  more["transl"] = NdArray::FromMatrix(transl);
  WriteNpz(path, more);
}

TEST(AnimationTest, ASequenceIsOnePersonAndRowsWithoutABodyAreGaps) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  std::vector<BodyParams> rows = MovingPerson(body, 1, {0, 1, 2, 3}).params;
  rows[2].values().setConstant(std::nan(""));
  WriteFitsNpz(folder / "a.npz", rows, {{"run", NdArray::FromStrings({"{\"fps\": 12.5}"})}});
  const Animation animation = ReadAnimation(folder / "a.npz", body);
  EXPECT_EQ(animation.fps, 12.5);
  EXPECT_EQ(animation.left_out, 1);
  EXPECT_EQ(animation.num_frames, 4);
  ASSERT_EQ(animation.people.size(), 1u);
  EXPECT_EQ(animation.people[0].name, "person_0");
  EXPECT_EQ(animation.people[0].frames, (std::vector<int64_t>{0, 1, 3}));
  EXPECT_EQ(animation.people[0].params[2].values(), rows[3].values());
}

TEST(AnimationTest, TracksArePeopleAndTheirFramesAreSorted) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  const std::vector<BodyParams> rows = MovingPerson(body, 2, {0, 1, 2, 3}).params;
  const std::vector<int64_t> track = {7, 3, 7, 3}, frame = {9, 0, 4, 1};
  WriteFitsNpz(folder / "a.npz", rows,
               {{"track", NdArray::From<int64_t>({4}, track)},
                {"frame", NdArray::From<int64_t>({4}, frame)}});
  const Animation animation = ReadAnimation(folder / "a.npz", body);
  ASSERT_EQ(animation.people.size(), 2u);
  EXPECT_EQ(animation.people[0].name, "person_3");
  EXPECT_EQ(animation.people[1].frames, (std::vector<int64_t>{4, 9}));
  EXPECT_EQ(animation.people[1].params[0].values(), rows[2].values());
  EXPECT_EQ(animation.num_frames, 10);
}

TEST(AnimationTest, OtherRowsStandForThemselves) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  WriteFitsNpz(folder / "a.npz", MovingPerson(body, 3, {0, 1, 2}).params, {});
  const Animation animation = ReadAnimation(folder / "a.npz", body);
  ASSERT_EQ(animation.people.size(), 3u);
  EXPECT_EQ(animation.people[2].name, "row_2");
  EXPECT_EQ(animation.people[2].frames, std::vector<int64_t>{0});
  EXPECT_EQ(animation.fps, 0);
}

TEST(AnimationTest, BadFilesAreOneSentence) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  const std::vector<BodyParams> rows = MovingPerson(body, 3, {0, 1}).params;
  const auto refusal = [&](const Npz& more) -> std::string {
    WriteFitsNpz(folder / "a.npz", rows, more);
    try {
      ReadAnimation(folder / "a.npz", body);
    } catch (const UserError& error) {
      return error.what();
    }
    return "none";
  };
  const auto numbers = [](std::vector<int64_t> values) {
    return NdArray::From<int64_t>({static_cast<int64_t>(values.size())}, values);
  };
  EXPECT_THAT(refusal({{"track", numbers({1, 1})}, {"frame", numbers({5, 5})}}),
              HasSubstr("person_1 stands twice in frame 5"));
  EXPECT_THAT(refusal({{"frame", numbers({0, -2})}}), HasSubstr("row 1 has -2"));
  EXPECT_THAT(refusal({{"track", numbers({1})}}), HasSubstr("key 'track'"));
  EXPECT_THAT(refusal({{"run", NdArray::FromStrings({"no json"})}}), HasSubstr("key 'run'"));
}

// A body that stands upright before the camera: its head is up, it looks at the camera.
TEST(AnimationTest, UprightIsUpAndLooksAtTheCamera) {
  const BodyModel body = MakeBuiltinBody();
  BodyParams params(*body.layout);
  params.rotation(0) = Vec3(kPi, 0, 0);
  params.transl() = Vec3(0.3, -0.2, 5);
  const RestJoints rest(body);
  const Vec3 pelvis = rest.PelvisAt(params.shape()) + params.transl();
  for (const UpAxis up : {UpAxis::kY, UpAxis::kZ}) {
    Animation animation;
    animation.people.push_back({"a", {0}, {params}});
    TurnUpright(body, up, &animation);
    const Points3 joints = TrueJoints(body, animation.people[0].params[0]);
    const Vec3 head = joints.row(15) - joints.row(0), left = joints.row(1) - joints.row(2);
    const bool y = up == UpAxis::kY;
    EXPECT_GT(head[y ? 1 : 2], 0.4);
    EXPECT_GT(left.x(), 0.05);  // looks at the camera: its left is the picture's right
    const Vec3 expected =
        y ? Vec3(pelvis.x(), -pelvis.y(), -pelvis.z()) : Vec3(pelvis.x(), pelvis.z(), -pelvis.y());
    EXPECT_LT((joints.row(0).transpose() - expected).norm(), 1e-12);
  }
}

TEST(AnimationTest, GapsAreFilledInBetween) {
  const BodyModel body = MakeRandomBody(5);
  BodyParams a(*body.layout), b(*body.layout);
  a.rotation(4) = Vec3(0, 0, 0.2);
  b.rotation(4) = Vec3(0, 0, 1.1);
  b.rotation(7) = Vec3(0, kPi - 0.1, 0);
  a.rotation(7) = Vec3(0, -kPi + 0.2, 0);  // the short way leads through pi
  b.transl() = Vec3(3, -6, 9);
  AnimatedPerson person{"a", {4, 7}, {a, b}};
  FillGaps(body, &person);
  EXPECT_EQ(person.frames, (std::vector<int64_t>{4, 5, 6, 7}));
  EXPECT_LT((person.params[1].transl() - Vec3(1, -2, 3)).norm(), 1e-12);
  EXPECT_LT((person.params[2].rotation(4) - Vec3(0, 0, 0.8)).norm(), 1e-12);
  const Mat3 expected = ExpSO3(Vec3(0, -kPi + 0.2 - 0.1, 0));
  EXPECT_LT((ExpSO3(person.params[1].rotation(7)) - expected).norm(), 1e-12);
}

TEST(AnimationTest, OneShapeKeepsThePelvisInPlace) {
  const BodyModel body = MakeRandomBody(5);
  AnimatedPerson person = MovingPerson(body, 4, {0, 1});
  person.params[0].betas()[3] = 1.5;
  person.params[1].betas()[3] = -0.5;
  const Points3 before = TrueJoints(body, person.params[1]);
  Animation animation;
  animation.people.push_back(person);
  HoldShape(body, &animation);
  EXPECT_NEAR(animation.people[0].params[1].betas()[3], 0.5, 1e-12);
  const Points3 after = TrueJoints(body, animation.people[0].params[1]);
  EXPECT_LT((after.row(0) - before.row(0)).norm(), 1e-12);
}

TEST(AnimationTest, BvhIsReadBackToTheSameJoints) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  const AnimatedPerson person = MovingPerson(body, 6, {0, 1, 2, 3, 4});
  WriteBvh(folder / "a.bvh", MakeBvh(body, person, {24, 100}));
  const BvhClip clip = ReadBvh(folder / "a.bvh");
  EXPECT_NEAR(clip.frame_time, 1 / 24.0, 1e-8);
  ASSERT_EQ(clip.num_frames(), 5);
  for (int frame = 0; frame < 5; ++frame) {
    const BvhPose pose = ForwardKinematics(clip, frame);
    const Points3 joints = TrueJoints(body, person.params[static_cast<size_t>(frame)]);
    for (int k = 0; k < body.num_joints(); ++k) {
      const int node = clip.IndexOf(body.layout->joints[static_cast<size_t>(k)]);
      ASSERT_GE(node, 0);
      EXPECT_LT((pose.positions.row(node) / 100 - joints.row(k)).norm(), kOneMillimetre / 100);
    }
  }
}

// A quarter turn about y, where the angles about x and z say the same.
TEST(AnimationTest, BvhKeepsQuarterTurns) {
  const BodyModel body = MakeRandomBody(5);
  AnimatedPerson person = MovingPerson(body, 6, {0, 1});
  const int shoulder = body.layout->IndexOf("L_Shoulder");
  const Mat3 forth = ExpSO3({0, 0, 0.7}) * ExpSO3({0, kPi / 2, 0}) * ExpSO3({0.4, 0, 0}),
             back = ExpSO3({0, 0, -1.1}) * ExpSO3({0, -kPi / 2, 0});
  person.params[0].rotation(shoulder) = LogSO3(forth);
  person.params[1].rotation(shoulder) = LogSO3(back);
  const BvhClip clip = MakeBvh(body, person, {30, 1});
  const auto node = static_cast<size_t>(clip.IndexOf("L_Shoulder"));
  const auto collar = static_cast<size_t>(clip.IndexOf("L_Collar"));
  for (const int frame : {0, 1}) {
    const BvhPose pose = ForwardKinematics(clip, frame);
    const Mat3 own = pose.rotations[collar].transpose() * pose.rotations[node];
    EXPECT_LT((own - (frame == 0 ? forth : back)).norm(), 1e-6) << frame;
  }
}

// Positions of a node and all above it, as a viewer finds them.
Mat3 TurnOf(const std::vector<double>& q) {
  return Eigen::Quaterniond(q[3], q[0], q[1], q[2]).toRotationMatrix();
}

TEST(AnimationTest, GlbIsReadBackToTheSameJointsAndSkin) {
  const BodyModel body = MakeRandomBody(5);
  Animation animation;
  animation.people = {MovingPerson(body, 8, {0, 1, 4}), MovingPerson(body, 9, {2, 3})};
  const TempFolder temp;
  const fs::path folder = temp.path();
  WriteGlb(folder / "a.glb", body, animation, 25);
  tinygltf::Model model;
  tinygltf::TinyGLTF reader;
  std::string error, warning;
  ASSERT_TRUE(reader.LoadBinaryFromFile(&model, &error, &warning, (folder / "a.glb").string()))
      << error;
  EXPECT_EQ(warning, "");
  ASSERT_EQ(model.skins.size(), 2u);
  ASSERT_EQ(model.animations.size(), 1u);
  const auto floats = [&](int accessor) {
    const tinygltf::Accessor& a = model.accessors[static_cast<size_t>(accessor)];
    const tinygltf::BufferView& view = model.bufferViews[static_cast<size_t>(a.bufferView)];
    std::vector<float> values(view.byteLength / sizeof(float));
    std::memcpy(values.data(), model.buffers[0].data.data() + view.byteOffset, view.byteLength);
    return values;
  };
  for (size_t p = 0; p < 2; ++p) {
    const AnimatedPerson& person = animation.people[p];
    for (size_t i = 0; i < person.frames.size(); ++i) {
      std::vector<tinygltf::Node> nodes = model.nodes;
      for (const tinygltf::AnimationChannel& channel : model.animations[0].channels) {
        const auto& sampler = model.animations[0].samplers[static_cast<size_t>(channel.sampler)];
        const std::vector<float> times = floats(sampler.input), values = floats(sampler.output);
        const bool turns = channel.target_path == "rotation";
        const size_t width = turns ? 4 : 3;
        if (times.size() <= i || times[i] != static_cast<float>(person.frames[i] / 25.0)) continue;
        tinygltf::Node& node = nodes[static_cast<size_t>(channel.target_node)];
        (turns ? node.rotation : node.translation)
            .assign(values.begin() + static_cast<ptrdiff_t>(i * width),
                    values.begin() + static_cast<ptrdiff_t>((i + 1) * width));
      }
      const std::vector<int>& joints = model.skins[p].joints;
      const Points3 expected = TrueJoints(body, person.params[i]);
      std::vector<Mat3> world(24);
      Points3 found(24, 3);
      for (size_t k = 0; k < 24; ++k) {
        const tinygltf::Node& node = nodes[static_cast<size_t>(joints[k])];
        const Vec3 offset(node.translation[0], node.translation[1], node.translation[2]);
        const int parent = body.parents()[k];
        const Mat3 above = parent < 0 ? Mat3::Identity() : world[static_cast<size_t>(parent)];
        world[k] = above * TurnOf(node.rotation);
        found.row(static_cast<Eigen::Index>(k)) = (above * offset).transpose();
        if (parent >= 0) found.row(static_cast<Eigen::Index>(k)) += found.row(parent);
      }
      EXPECT_LT((found - expected).rowwise().norm().maxCoeff(), kOneMillimetre / 100) << p << i;
    }
  }
}

// As a viewer skins: joints' transforms after their inverse bind matrices, by weights. Without
// correctives of the pose that is the body's own skin.
TEST(AnimationTest, TheSkinOfAGlbFollowsItsJoints) {
  BodyModel body = MakeRandomBody(5);
  body.posedirs.setZero();
  Animation animation;
  animation.people = {MovingPerson(body, 8, {0})};
  const TempFolder temp;
  WriteGlb(temp.path() / "a.glb", body, animation, 25);
  tinygltf::Model model;
  tinygltf::TinyGLTF reader;
  std::string error, warning;
  ASSERT_TRUE(
      reader.LoadBinaryFromFile(&model, &error, &warning, (temp.path() / "a.glb").string()));
  const auto bytes = [&](int accessor) {
    const tinygltf::Accessor& a = model.accessors[static_cast<size_t>(accessor)];
    const tinygltf::BufferView& view = model.bufferViews[static_cast<size_t>(a.bufferView)];
    return model.buffers[0].data.data() + view.byteOffset;
  };
  const tinygltf::Primitive& skin = model.meshes[0].primitives[0];
  const auto* at_rest = reinterpret_cast<const float*>(bytes(skin.attributes.at("POSITION")));
  const auto* weights = reinterpret_cast<const float*>(bytes(skin.attributes.at("WEIGHTS_0")));
  const unsigned char* joints = bytes(skin.attributes.at("JOINTS_0"));
  const auto* bind = reinterpret_cast<const float*>(bytes(model.skins[0].inverseBindMatrices));
  const BodyParams& params = animation.people[0].params[0];
  const PosedBody expected = PoseBody(body, params);
  std::vector<Mat3> world;
  for (size_t k = 0; k < 24; ++k) {
    const Mat3 own = ExpSO3(params.rotation(static_cast<int>(k)));
    world.push_back(k == 0 ? own : world[static_cast<size_t>(body.parents()[k])] * own);
  }
  for (Eigen::Index v = 0; v < 200; ++v) {
    const Vec3 rest(at_rest[3 * v], at_rest[3 * v + 1], at_rest[3 * v + 2]);
    Vec3 skinned = Vec3::Zero();
    for (Eigen::Index i = 4 * v; i < 4 * v + 4; ++i) {
      const size_t k = joints[i];
      const Eigen::Map<const Eigen::Matrix4f> from_world(bind + 16 * k);
      const Vec3 local = (from_world * rest.homogeneous().cast<float>()).head<3>().cast<double>();
      const Vec3 joint = expected.joints.row(static_cast<Eigen::Index>(k));
      skinned += weights[i] * (world[k] * local + joint);
    }
    EXPECT_LT((skinned - expected.vertices.row(v).transpose()).norm(), kOneMillimetre / 100) << v;
  }
}

// glTF has room for four bones of a vertex: the strongest, whose weights then sum to 1.
TEST(AnimationTest, AGlbsSkinFollowsTheFourStrongestBones) {
  BodyModel body = MakeRandomBody(5);
  RowMatX dense(body.weights);
  dense.row(7).setZero();
  dense(7, 2) = 0.05;
  dense(7, 3) = 0.30;
  dense(7, 11) = 0.10;
  dense(7, 16) = 0.25;
  dense(7, 19) = 0.15;
  dense(7, 23) = 0.15;
  body.weights = dense.sparseView(0, 0);
  Animation animation;
  animation.people = {MovingPerson(body, 8, {0})};
  const TempFolder temp;
  WriteGlb(temp.path() / "a.glb", body, animation, 25);
  tinygltf::Model model;
  tinygltf::TinyGLTF reader;
  std::string error, warning;
  ASSERT_TRUE(
      reader.LoadBinaryFromFile(&model, &error, &warning, (temp.path() / "a.glb").string()));
  const auto bytes = [&](const char* attribute) {
    const int accessor = model.meshes[0].primitives[0].attributes.at(attribute);
    const tinygltf::Accessor& a = model.accessors[static_cast<size_t>(accessor)];
    const tinygltf::BufferView& view = model.bufferViews[static_cast<size_t>(a.bufferView)];
    return model.buffers[0].data.data() + view.byteOffset;
  };
  const auto* weights = reinterpret_cast<const float*>(bytes("WEIGHTS_0")) + 4 * 7;
  const unsigned char* joints = bytes("JOINTS_0") + 4 * 7;
  const std::pair<int, double> expected[] = {{3, 0.30}, {16, 0.25}, {19, 0.15}, {23, 0.15}};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(joints[i], expected[i].first);
    EXPECT_NEAR(weights[i], expected[i].second / 0.85, 1e-6);
  }
}

TEST(AnimationTest, AmassHasPosesOfTheBodyAndItsPlace) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  const AnimatedPerson person = MovingPerson(body, 11, {0, 1, 2});
  WriteAmass(folder / "a.npz", body, person, 59.94);
  const Npz npz = ReadNpz(folder / "a.npz");
  EXPECT_EQ(npz.at("poses").shape, (std::vector<int64_t>{3, 156}));
  const std::vector<double> poses = npz.at("poses").As<double>();
  EXPECT_EQ(poses[156 + 65], person.params[1].pose()[65]);
  EXPECT_EQ(poses[156 + 66], 0);  // the hands of SMPL are none of SMPL+H's
  const std::vector<double> trans = npz.at("trans").As<double>();
  EXPECT_EQ(trans[7], person.params[2].transl().y());
  EXPECT_EQ(npz.at("betas").As<double>()[9], person.params[0].betas()[9]);
  EXPECT_EQ(npz.at("mocap_framerate").As<double>()[0], 59.94);
  EXPECT_EQ(npz.at("surface_model_type").strings[0], "smplh");
}

TEST(AnimationTest, TrcAndCsvHaveEveryJoint) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  const AnimatedPerson person = MovingPerson(body, 12, {3, 4});
  const Points3 joints = TrueJoints(body, person.params[1]);
  WriteTrc(folder / "a.trc", body, person, {50, 1000}, "mm");
  std::istringstream lines(ReadFile(folder / "a.trc"));
  std::vector<std::string> text;
  for (std::string line; std::getline(lines, line);) text.push_back(line);
  ASSERT_EQ(text.size(), 8u);
  EXPECT_EQ(text[0], "PathFileType\t4\t(X/Y/Z)\ta.trc");
  EXPECT_EQ(text[2], "50\t50\t2\t24\tmm\t50\t1\t2");
  EXPECT_THAT(text[3], testing::StartsWith("Frame#\tTime\tPelvis\t\t\tL_Hip\t\t\t"));
  EXPECT_THAT(text[4], testing::EndsWith("\tX24\tY24\tZ24"));
  EXPECT_EQ(text[5], "");
  std::istringstream last(text[7]);
  std::vector<double> numbers;
  for (double number; last >> number;) numbers.push_back(number);
  ASSERT_EQ(numbers.size(), 2u + 72);
  EXPECT_EQ(numbers[0], 5);
  EXPECT_NEAR(numbers[1], 0.08, 1e-9);
  EXPECT_NEAR(numbers[2 + 3 * 20 + 1] / 1000, joints(20, 1), 1e-7);

  Animation animation;
  animation.people.push_back(person);
  WriteJointsCsv(folder / "a.csv", body, animation, {50, 1});
  int blocks = 0;
  CsvTable::ForEachBlock(folder / "a.csv", [&](const CsvTable& table, int64_t) {
    ++blocks;
    ASSERT_EQ(table.row_count(), 2);
    EXPECT_EQ(table.Text(0, "person"), "person_12");
    EXPECT_EQ(table.Number(1, "frame"), 4);
    EXPECT_NEAR(table.Number(1, "L_Wrist_y"), joints(20, 1), 1e-6);
  });
  EXPECT_EQ(blocks, 1);
}

TEST(AnimationTest, ObjIsTheWholeSkinInItsUnit) {
  const TempFolder temp;
  const fs::path folder = temp.path();
  const BodyModel body = MakeRandomBody(5);
  Animation animation;
  animation.people.push_back(MovingPerson(body, 13, {0, 12}));
  WriteObjSequence(folder / "meshes", body, animation, 100);
  const ObjMesh mesh = ReadObj(folder / "meshes" / "person_13_000012.obj");
  const Points3 expected = 100 * PoseBody(body, animation.people[0].params[1]).vertices;
  ASSERT_EQ(mesh.vertices.rows(), 200);
  EXPECT_LT((mesh.vertices - expected).rowwise().norm().maxCoeff(), 0.1 * kOneMillimetre * 100);
}

}  // namespace
}  // namespace gyre
