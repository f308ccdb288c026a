// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/h36m_npz.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "io/json.h"
#include "io/npz.h"
#include "io/npz_object.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMaxCameraFile = 16 << 20;
// Of Human3.6M's 32 points those that move by themselves.
constexpr int kOf32[] = {0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27};

const KeypointSet& H36mSet() { return FindKeypointSet("h36m17"); }

struct H36mCamera {
  Mat3 cam_from_world = Mat3::Identity();
  Vec3 center_in_world = Vec3::Zero();
  Vec2 focal_px, center_px;
  Vec3 radial = Vec3::Zero();
  Vec2 tangential = Vec2::Zero();
  int width = 0, height = 0;

  double PinholeFocal() const { return std::sqrt(focal_px.x() * focal_px.y()); }

  // (X, Y) / Z as the lens bends it, see regressor/layers/lens.h.
  Vec2 Bent(const Vec2& q) const {
    const double r2 = q.squaredNorm();
    const double bend = 1 + r2 * (radial[0] + r2 * (radial[1] + r2 * radial[2]));
    return q * (bend + tangential.dot(q)) + tangential * r2;
  }
  // The pixel of the pinhole that sees what this camera shows at another; nothing where it does not
  // come to an end.
  std::optional<Vec2> Pinhole(const Vec2& px) const {
    const Vec2 bent = (px - center_px).cwiseQuotient(focal_px);
    Vec2 q = bent;
    constexpr int kMostSteps = 50;
    constexpr double kClose = 1e-10;
    for (int step = 0; step < kMostSteps; ++step) {
      const Vec2 miss = bent - Bent(q);
      q += miss;
      if (miss.norm() < kClose) return Vec2(PinholeFocal() * q + center_px);
    }
    return std::nullopt;
  }
};

H36mCamera ReadCamera(const nlohmann::json& json, const std::string& what) {
  const auto numbers = [&](const char* key, size_t count) {
    const std::vector<double> values = JsonNumbers(json, key, what);
    if (values.size() != count) {
      ThrowUserError("{}: key '{}': expected {} numbers, found {}", what, key, count,
                     values.size());
    }
    return VecX(Eigen::Map<const VecX>(values.data(), static_cast<Eigen::Index>(count)));
  };
  H36mCamera camera;
  const VecX q = numbers("orientation", 4);
  if (!(std::abs(q.norm() - 1) < 0.01)) {
    ThrowUserError("{}: key 'orientation' is no quaternion of length 1", what);
  }
  camera.cam_from_world =
      Eigen::Quaterniond(q[0], q[1], q[2], q[3]).normalized().toRotationMatrix().transpose();
  constexpr double kMmPerM = 1000;
  camera.center_in_world = numbers("translation", 3) / kMmPerM;
  camera.focal_px = numbers("focal_length", 2);
  camera.center_px = numbers("center", 2);
  if (json.contains("radial_distortion")) camera.radial = numbers("radial_distortion", 3);
  if (json.contains("tangential_distortion")) {
    camera.tangential = numbers("tangential_distortion", 2);
  }
  const auto size = [&](const char* key) {
    const int64_t px = JsonInteger(json, key, what);
    if (px < 1 || px > 1 << 20) ThrowUserError("{}: key '{}': {} is no size", what, key, px);
    return static_cast<int>(px);
  };
  camera.width = size("res_w");
  camera.height = size("res_h");
  if (!(camera.focal_px.minCoeff() >= 1)) {
    ThrowUserError("{}: key 'focal_length' is below a pixel", what);
  }
  return camera;
}

std::map<std::string, std::vector<H36mCamera>> ReadCameras(const fs::path& path) {
  std::map<std::string, std::vector<H36mCamera>> cameras;
  if (path.empty()) return cameras;
  const std::string what = path.string();
  const auto json = ParseJson(ReadFile(path, kMaxCameraFile), what);
  if (!json.is_object()) ThrowUserError("{}: expected an object of subjects", what);
  for (const auto& [subject, list] : json.items()) {
    for (const auto& camera : JsonArray(json, subject, what)) {
      auto& of_subject = cameras[subject];
      of_subject.push_back(
          ReadCamera(camera, fmt::format("{}: camera {} of {}", what, of_subject.size(), subject)));
    }
  }
  return cameras;
}

// A dict's entries, by their text keys.
template <typename Visit>
void ForEachEntry(const PickleValue& dict, const std::string& what, Visit&& visit) {
  if (dict.kind != PickleValue::Kind::kDict) {
    ThrowUserError("{}: expected a dict, found {}", what, dict.KindName());
  }
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    visit(dict.items[i]->AsText(what), *dict.items[i + 1]);
  }
}

// [T,N,C] numbers.
struct Frames {
  int64_t frames = 0, joints = 0, width = 0;
  std::vector<double> values;

  Frames(const PickleValue& value, const std::string& what) {
    const NdArray array = value.AsArray(what);
    if (array.shape.size() != 3) {
      ThrowUserError("{}: expected frames x joints x coordinates, found {}", what,
                     array.ShapeString());
    }
    frames = array.shape[0], joints = array.shape[1], width = array.shape[2];
    values = array.As<double>(what);
  }
  const double* At(int64_t frame, int64_t joint) const {
    return &values[(frame * joints + joint) * width];
  }
};

class H36mReader {
 public:
  H36mReader(const fs::path& path, const H36mOptions& options, const PersonSink& sink)
      : path_(path),
        options_(options),
        sink_(sink),
        keypoints_(ReadNpzObject(path, "positions_2d")),
        cameras_(ReadCameras(options.cameras)) {
    const std::vector<std::string> keys = NpzKeys(path);
    if (std::ranges::find(keys, "metadata") != keys.end()) {
      metadata_ = ReadNpzObject(path, "metadata");
    }
    if (!options.truth.empty()) {
      if (options.cameras.empty()) {
        ThrowUserError("{}: its joints stand in the world; give the cameras, as cameras=FILE.json",
                       options.truth.string());
      }
      truth_ = ReadNpzObject(options.truth, "positions_3d");
    }
    const PickleValue* layout = metadata_.value ? metadata_.value->Find("layout_name") : nullptr;
    const bool coco = layout && layout->IsText() && layout->text == "coco";
    set_ = coco ? &FindKeypointSet("coco17") : &H36mSet();
    rows_.emplace(path, options, *set_);
  }

  void Read() {
    for (const std::string& subject : options_.subjects) {
      if (!keypoints_.value->Find(subject)) {
        ThrowUserError("{}: there is no subject '{}'", path_.string(), subject);
      }
    }
    ForEachEntry(*keypoints_.value, path_.string(), [&](const std::string& subject, auto& actions) {
      ForEachEntry(actions, path_.string() + ": " + subject,
                   [&](const std::string& action, const PickleValue& clips) {
                     ReadAction(subject, action, clips);
                   });
    });
  }

 private:
  void ReadAction(const std::string& subject, const std::string& action, const PickleValue& clips) {
    const std::string what = fmt::format("{}: {}, {}", path_.string(), subject, action);
    const bool wanted = options_.subjects.empty() ||
                        std::ranges::find(options_.subjects, subject) != options_.subjects.end();
    std::optional<Frames> truth;
    if (wanted && truth_.value && !clips.items.empty()) {
      const std::string of_truth =
          fmt::format("{}: {}, {}", options_.truth.string(), subject, action);
      truth.emplace(truth_.value->At(subject, of_truth).At(action, of_truth), of_truth);
      if (truth->width < 3 || (truth->joints != 32 && truth->joints != H36mSet().size())) {
        ThrowUserError("{}: expected 17 or 32 joints in space", of_truth);
      }
    }
    size_t camera = 0;
    for (const PickleValue* clip : clips.AsSequence(what)) {
      // So that no small file is many clips.
      if (!read_.insert(clip).second) ThrowUserError("{}: is another clip's, too", what);
      const Frames frames(*clip, fmt::format("{}, camera {}", what, camera));
      if (frames.joints != set_->size() || frames.width < 2) {
        ThrowUserError("{}: expected frames of the {} joints of {}", what, set_->size(),
                       set_->name);
      }
      if (wanted) ReadClip(subject, CameraOf(subject, camera, what), frames, truth);
      row_ += frames.frames;
      ++track_;
      ++camera;
    }
  }

  const H36mCamera* CameraOf(const std::string& subject, size_t camera,
                             const std::string& what) const {
    if (options_.cameras.empty()) return nullptr;
    const auto found = cameras_.find(subject);
    if (found == cameras_.end() || camera >= found->second.size()) {
      ThrowUserError("{}: {} has no camera {} of this subject", what, options_.cameras.string(),
                     camera);
    }
    return &found->second[camera];
  }

  void ReadClip(const std::string& subject, const H36mCamera* camera, const Frames& frames,
                const std::optional<Frames>& truth) const {
    const int64_t count = truth ? std::min(frames.frames, truth->frames) : frames.frames;
    for (int64_t t = 0; t < count; t += options_.every) {
      Person person = rows_->NewPerson(row_ + t);
      person.frame = t / options_.every;
      person.track = track_;
      SetPictureSize(subject, camera, &person);
      if (camera) person.camera = Camera{camera->PinholeFocal(), camera->center_px};
      if (!rows_->SetKeypoints(KeypointsOf(frames, t, camera), &person)) continue;
      rows_->SetBoxAroundKeypoints(&person);
      if (truth) SetTruth(*truth, t, *camera, &person);
      rows_->Finish(&person);
      sink_(std::move(person));
    }
  }

  void SetPictureSize(const std::string& subject, const H36mCamera* camera, Person* person) const {
    if (camera) {
      person->image_width = camera->width;
      person->image_height = camera->height;
      return;
    }
    const PickleValue* videos = metadata_.value ? metadata_.value->Find("video_metadata") : nullptr;
    const PickleValue* video = videos ? videos->Find(subject) : nullptr;
    if (!video) return;
    const std::string what = path_.string() + ": video_metadata of " + subject;
    const auto size = [&](const char* key) {
      return static_cast<int>(std::clamp<int64_t>(video->At(key, what).AsInt(what), 0, 1 << 20));
    };
    person->image_width = size("w");
    person->image_height = size("h");
  }

  Keypoints KeypointsOf(const Frames& frames, int64_t t, const H36mCamera* camera) const {
    Keypoints found(*set_);
    for (int j = 0; j < set_->size(); ++j) {
      const double* v = frames.At(t, j);
      const double confidence = frames.width > 2 ? v[2] : 1;
      const Vec2 px(v[0], v[1]);
      if (!px.allFinite() || !(confidence > 0)) continue;
      const std::optional<Vec2> seen =
          camera && options_.undistort ? camera->Pinhole(px) : std::optional<Vec2>(px);
      if (!seen) continue;
      found.px.row(j) = seen->transpose();
      found.confidence[j] = std::min(confidence, 1.0);
    }
    return found;
  }

  // In the camera's axes, where they are before it.
  void SetTruth(const Frames& truth, int64_t t, const H36mCamera& camera, Person* person) const {
    const KeypointSet& set = SpaceSetOf(rows_->set());
    SpaceJoints& joints = person->joints3d.emplace(set);
    joints.placed = true;
    const std::vector<int> places = PositionsIn(set, H36mSet());
    for (int j = 0; j < H36mSet().size(); ++j) {
      if (places[j] < 0) continue;
      const double* v = truth.At(t, truth.joints == 32 ? kOf32[j] : j);
      const Vec3 in_world(v[0], v[1], v[2]);
      if (!in_world.allFinite()) continue;
      joints.m.row(places[j]) =
          (camera.cam_from_world * (in_world - camera.center_in_world)).transpose();
      joints.confidence[places[j]] = 1;
    }
  }

  fs::path path_;
  const H36mOptions& options_;
  const PersonSink& sink_;
  NpzObject keypoints_, truth_, metadata_;
  std::map<std::string, std::vector<H36mCamera>> cameras_;
  const KeypointSet* set_ = nullptr;
  std::optional<RowReader> rows_;
  std::set<const PickleValue*> read_;
  int64_t row_ = 0, track_ = 0;
};

}  // namespace

void ReadH36mNpz(const fs::path& path, const H36mOptions& options, const PersonSink& sink) {
  H36mReader(path, options, sink).Read();
}

}  // namespace gyre
