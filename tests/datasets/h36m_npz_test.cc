// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/h36m_npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "datasets/dataset_spec.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "io/sample_files.h"
#include "io/zip.h"
#include "peers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string Dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string pickled = "}";
  for (const auto& [key, value] : entries) pickled += PickleText(key) + value + "s";
  return pickled;
}

std::string List(const std::vector<std::string>& items) {
  std::string pickled = "]";
  for (const std::string& item : items) pickled += item + "a";
  return pickled;
}

// [frames,joints,width] of value(frame, joint, coordinate).
std::string Array(int frames, int joints, int width,
                  const std::function<double(int, int, int)>& value) {
  std::string data;
  for (int t = 0; t < frames; ++t) {
    for (int j = 0; j < joints; ++j) {
      for (int c = 0; c < width; ++c) {
        const double v = value(t, j, c);
        data.append(reinterpret_cast<const char*>(&v), sizeof(v));
      }
    }
  }
  return PickleArray({uint8_t(frames), uint8_t(joints), uint8_t(width)}, "f8", "<", false, data);
}

// Joint j of 32, in the world: half a metre about (0.2, 1, 0.1), metres.
double World(int t, int j, int axis) {
  constexpr double kMiddle[] = {0.2, 1, 0.1};
  return kMiddle[axis] + 0.5 * std::sin(1.7 * j + 2.1 * axis + 0.3 * t);
}

// Two cameras that look along -z and -x of the world from 4 and 5 m; the second has a lens.
constexpr const char* kCameras = R"({"S1": [
  {"orientation": [0, 1, 0, 0], "translation": [100, 900, 4000], "focal_length": [1100, 1144],
   "center": [512, 500], "res_w": 1000, "res_h": 1002},
  {"orientation": [0.5, 0.5, 0.5, 0.5], "translation": [-5000, 1100, 200],
   "focal_length": [1200, 1200], "center": [490, 515], "res_w": 1000, "res_h": 1000,
   "radial_distortion": [-0.2, 0.24, -0.002], "tangential_distortion": [-0.0009, -0.0014]}]})";

// Camera axes in the world, as rows; by hand from the quaternions.
Vec3 InCamera(int camera, const Vec3& x) {
  if (camera == 0) return {x.x() - 0.1, -(x.y() - 0.9), -(x.z() - 4)};
  // Turns by 120 degrees about (1, 1, 1): the world from the camera takes x to y, y to z, z to x.
  return {x.y() - 1.1, x.z() - 0.2, x.x() + 5};
}

Vec2 Seen(int camera, const Vec3& x) {
  const Vec3 c = InCamera(camera, x);
  if (camera == 0) return {1100 * c.x() / c.z() + 512, 1144 * c.y() / c.z() + 500};
  const double u = c.x() / c.z(), v = c.y() / c.z(), r2 = u * u + v * v;
  const double bend =
      1 - 0.2 * r2 + 0.24 * r2 * r2 - 0.002 * r2 * r2 * r2 - 0.0009 * u - 0.0014 * v;
  return {1200 * (u * bend - 0.0009 * r2) + 490, 1200 * (v * bend - 0.0014 * r2) + 515};
}

constexpr int kOf17[] = {0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27};

class H36mNpz : public testing::Test {
 protected:
  H36mNpz() {
    const auto view = [](int frames, int camera) {
      return Array(frames, 17, 2, [camera](int t, int j, int c) {
        return Seen(camera,
                    {World(t, kOf17[j], 0), World(t, kOf17[j], 1), World(t, kOf17[j], 2)})[c];
      });
    };
    Write("d2.npz", {{"positions_2d", Dict({{"S1", Dict({{"Walk 1", List({view(5, 0), view(6, 1)})},
                                                         {"Sit", List({view(3, 0)})}})},
                                            {"S9", Dict({{"Walk", List({view(2, 0)})}})}})}});
    Write("d3.npz", {{"positions_3d", Dict({{"S1", Dict({{"Walk 1", Array(5, 32, 3, World)},
                                                         {"Sit", Array(3, 32, 3, World)}})}})}});
    WriteFileAtomically(folder_.path() / "cameras.json", kCameras);
  }

  void Write(const char* name, const std::vector<std::pair<std::string, std::string>>& objects) {
    std::vector<ZipEntry> entries;
    for (const auto& [key, pickled] : objects)
      entries.push_back({key + ".npy", NpyObject(pickled)});
    WriteZip(folder_.path() / name, entries, ZipMethod::kDeflated);
  }
  std::shared_ptr<const Dataset> Open(const std::string& options) const {
    return OpenDataset("h36m:" + (folder_.path() / "d2.npz").string() + "?set=h36m17" +
                       (options.empty() ? "" : "&") + options);
  }
  std::string Truth() const {
    return "truth=" + (folder_.path() / "d3.npz").string() +
           "&cameras=" + (folder_.path() / "cameras.json").string();
  }
  std::string Problem(const std::string& options) const {
    try {
      Open(options);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }

  TempFolder folder_;
};

TEST_F(H36mNpz, ClipsAreTracksOfEveryCameraAndRowsAreTheFiles) {
  const auto data = Open(Truth() + "&subjects=S1");
  ASSERT_EQ(data->size(), 5 + 5 + 3);  // beyond the truth's end nothing
  const int64_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13};
  const int64_t tracks[] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2};
  for (int64_t i = 0; i < data->size(); ++i) {
    EXPECT_EQ(data->Get(i).index, rows[i]);
    EXPECT_EQ(data->Get(i).track, tracks[i]);
  }
  EXPECT_EQ(data->Get(12).frame, 2);
  const auto seldom = Open(Truth() + "&subjects=S1&every=2");
  ASSERT_EQ(seldom->size(), 3 + 3 + 2);
  EXPECT_EQ(seldom->Get(2).frame, 2);
  EXPECT_EQ(seldom->Get(2).index, 4);
}

TEST_F(H36mNpz, JointsAreBeforeTheirCameraAndSeenByItsPinhole) {
  const auto data = Open(Truth() + "&subjects=S1");
  for (int64_t i = 0; i < 10; ++i) {
    const Person person = data->Get(i);
    const int camera = i < 5 ? 0 : 1, t = static_cast<int>(i % 5);
    ASSERT_TRUE(person.joints3d && person.camera);
    EXPECT_TRUE(person.joints3d->placed);
    EXPECT_EQ(person.image_height, camera == 0 ? 1002 : 1000);
    EXPECT_NEAR(person.camera->focal_px, camera == 0 ? std::sqrt(1100.0 * 1144) : 1200, 1e-9);
    for (int j = 0; j < 17; ++j) {
      const int of32 = kOf17[j];
      const Vec3 expected =
          InCamera(camera, {World(t, of32, 0), World(t, of32, 1), World(t, of32, 2)});
      const Vec3 joint = person.joints3d->m.row(j).transpose();
      EXPECT_LT((joint - expected).norm(), 1e-9) << i << ", " << j;
      const Vec2 px = person.keypoints.px.row(j).transpose();
      EXPECT_LT((px - person.camera->Project(joint)).norm(), 1e-5) << i << ", " << j;
    }
  }
  // As they are in the file: the lens moves them by pixels.
  const Person bent = Open(Truth() + "&subjects=S1&undistort=0")->Get(5);
  const Vec2 seen = Seen(1, {World(0, 3, 0), World(0, 3, 1), World(0, 3, 2)});
  EXPECT_LT((bent.keypoints.px.row(3).transpose() - seen).norm(), 1e-9);
}

TEST_F(H36mNpz, KeypointsAloneNeedNoCameras) {
  const auto data = Open("subjects=S9&keypoints_of=1000x1002");
  ASSERT_EQ(data->size(), 2);
  EXPECT_EQ(data->Get(1).index, 5 + 6 + 3 + 1);
  EXPECT_EQ(data->Get(1).track, 3);
  EXPECT_EQ(data->Get(1).image_height, 1002);
  EXPECT_FALSE(data->Get(1).camera.has_value());
  EXPECT_EQ(Open("")->size(), 5 + 6 + 3 + 2);
}

// Numbers that VideoPose3D's own code computed.
TEST_F(H36mNpz, TheWorldIsSeenAsVideoPose3dSeesIt) {
  const fs::path peers = PeersFolder() / "heads/videopose3d.npz";
  if (!fs::exists(peers)) GTEST_SKIP() << peers << " is not there";
  const Npz golden = ReadNpz(peers);
  const auto values = [&](const char* key) { return Get(golden, key, peers).As<double>(key); };
  const std::vector<double> q = values("cam/quaternion_wxyz"), t = values("cam/translation"),
                            world = values("cam/world"), seen = values("cam/world_to_camera");
  const nlohmann::json camera = {{"orientation", q},
                                 {"translation", {1000 * t[0], 1000 * t[1], 1000 * t[2]}},
                                 {"focal_length", {1145, 1144}},
                                 {"center", {512, 515}},
                                 {"res_w", 1000},
                                 {"res_h", 1002}};
  WriteFileAtomically(folder_.path() / "cameras.json", nlohmann::json{{"S1", {camera}}}.dump());
  Write("d3.npz",
        {{"positions_3d", Dict({{"S1", Dict({{"Walk", Array(5, 17, 3, [&](int f, int j, int c) {
                                                return world[3 * (17 * f + j) + c];
                                              })}})}})}});
  Write("d2.npz", {{"positions_2d",
                    Dict({{"S1", Dict({{"Walk", List({Array(5, 17, 2, [](int f, int j, int c) {
                                          return 300.0 + 10 * j + f + 100 * c;
                                        })})}})}})}});
  const auto data = Open(Truth());
  ASSERT_EQ(data->size(), 5);
  for (int64_t f = 0; f < 5; ++f) {
    const Points3 joints = data->Get(f).joints3d->m;
    for (int64_t j = 0; j < 17; ++j) {
      for (int64_t axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(joints(j, axis), seen[3 * (17 * f + j) + axis], 1e-5) << f << ", " << j;
      }
    }
  }
}

// What `data_2d_custom_*.npz` of a detector holds.
TEST_F(H36mNpz, CocoLayoutsAndConfidencesAreRead) {
  const auto nose = [](int t, int j, int c) {
    return c == 2 ? (j == 1 ? 0 : 0.5) : j == 2 ? NAN : 100.0 + 10 * j + t + c;
  };
  Write("custom.npz",
        {{"positions_2d", Dict({{"clip.mp4", Dict({{"custom", List({Array(4, 17, 3, nose)})}})}})},
         {"metadata",
          Dict({{"layout_name", PickleText("coco")},
                {"video_metadata",
                 Dict({{"clip.mp4", Dict({{"w", "M\x80\x02"}, {"h", "M\xe0\x01"}})}})}})}});
  const auto data = OpenDataset("h36m:" + (folder_.path() / "custom.npz").string() + "?set=coco17");
  ASSERT_EQ(data->size(), 4);
  const Person person = data->Get(3);
  EXPECT_EQ(person.image_width, 640);
  EXPECT_EQ(person.image_height, 480);
  EXPECT_EQ(person.keypoints.px(0, 0), 103);
  EXPECT_EQ(person.keypoints.px(0, 1), 104);
  EXPECT_EQ(person.keypoints.confidence[0], 0.5);
  EXPECT_EQ(person.keypoints.confidence[1], 0);
  EXPECT_EQ(person.keypoints.confidence[2], 0);
}

TEST_F(H36mNpz, SaysWhatIsWrong) {
  EXPECT_THAT(Problem("subjects=S1+S7"), HasSubstr("no subject 'S7'"));
  EXPECT_THAT(Problem("truth=" + (folder_.path() / "d3.npz").string()), HasSubstr("cameras="));
  EXPECT_THAT(Problem(Truth()), HasSubstr("S9"));  // no truth of it
  WriteFileAtomically(folder_.path() / "cameras.json",
                      R"({"S1": [{"orientation": [1, 1, 1, 1]}]})");
  EXPECT_THAT(Problem(Truth() + "&subjects=S1"), HasSubstr("camera 0 of S1"));
  WriteFileAtomically(folder_.path() / "cameras.json", R"({"S1": []})");
  EXPECT_THAT(Problem(Truth() + "&subjects=S1"), HasSubstr("no camera 0"));
  Write("d3.npz", {{"positions_3d", Dict({{"S1", Dict({{"Walk 1", Array(5, 9, 3, World)}})}})}});
  WriteFileAtomically(folder_.path() / "cameras.json", kCameras);
  EXPECT_THAT(Problem(Truth() + "&subjects=S1"), HasSubstr("17 or 32 joints"));
  Write("d2.npz", {{"positions_2d", List({})}});
  EXPECT_THAT(Problem(""), HasSubstr("expected a dict"));
  Write("d2.npz", {{"other", Dict({})}});
  EXPECT_THAT(Problem(""), HasSubstr("positions_2d"));
}

}  // namespace
}  // namespace gyre
