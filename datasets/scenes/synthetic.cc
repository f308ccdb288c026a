// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/synthetic.h"

#include <cmath>
#include <opencv2/core.hpp>

#include "body/body_parts.h"
#include "core/error.h"
#include "datasets/scenes/scene_geometry.h"
#include "datasets/scenes/scene_picture.h"
#include "render/rasteriser.h"

namespace gyre {

namespace {

constexpr uint32_t kAppearance = 1;  // the scene stream's second sequence

void CheckRange(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    ThrowUserError("synthetic scenes: {} is {}, expected {} to {}", field, value, low, high);
  }
}

}  // namespace

void KeypointNoise::Check() const {
  CheckRange("noise.sigma_px", sigma_px, 0, 100);
  CheckRange("noise.missing_rate", missing_rate, 0, 1);
  CheckRange("noise.occluded_missing_rate", occluded_missing_rate, 0, 1);
  CheckRange("noise.outlier_rate", outlier_rate, 0, 1);
  CheckRange("noise.outlier_px", outlier_px, 0, kReferenceCropPx);
  CheckRange("noise.swap_rate", swap_rate, 0, 1);
  if (joints == "all" || joints == "any") return;
  try {
    FindKeypointSet(joints);
  } catch (const UserError& error) {
    ThrowUserError("synthetic scenes: joints: {} Or all, or any.", error.what());
  }
}

KeypointNoise KeypointNoise::None() { return {0, 0, 0, 0, 0, 0, "all"}; }

void SceneOptions::Check() const {
  CheckRange("count", static_cast<double>(count), 1, 0x1p40);
  CheckRange("width_px", width_px, kMinFramePx, kMaxFramePx);
  CheckRange("height_px", height_px, kMinFramePx, kMaxFramePx);
  CheckRange("pose_spread", pose_spread, 0, 3);
  CheckRange("seated_share", seated_share, 0, 1);
  CheckRange("hands", hands, 0, 5);
  CheckRange("beta_max", beta_max, 0, 5);
  CheckRange("focal_min_px", focal_min_px, 1, focal_max_px);
  CheckRange("focal_max_px", focal_max_px, focal_min_px, 1e6);
  CheckRange("person_share_min", person_share_min, 0.05, person_share_max);
  CheckRange("person_share_max", person_share_max, person_share_min, 2);
  CheckRange("yaw_max_deg", yaw_max_deg, 0, 180);
  CheckRange("tilt_sigma_deg", tilt_sigma_deg, 0, 90);
  CheckRange("roll_sigma_deg", roll_sigma_deg, 0, 90);
  CheckRange("any_turn_share", any_turn_share, 0, 1);
  CheckRange("occluder_probability", occluder_probability, 0, 1);
  try {
    FindKeypointSet(set);
  } catch (const UserError& error) {
    ThrowUserError("synthetic scenes: set: {}", error.what());
  }
  noise.Check();
}

struct SyntheticDataset::Impl {
  std::shared_ptr<const BodyModel> body;
  SceneOptions options;
  std::string name;
  SceneGeometryMaker geometry;
  BodyRegions regions;
  std::vector<int> superset_rows;  // among the scene's joints; -1 for what the body lacks

  Person PersonOf(const SceneGeometry& scene, int64_t position) const;
};

SyntheticDataset::SyntheticDataset(std::shared_ptr<const BodyModel> body,
                                   std::shared_ptr<const PosePrior> prior, SceneOptions options,
                                   std::string name) {
  GYRE_CHECK(body != nullptr);
  options.Check();
  impl_ = std::make_unique<Impl>(Impl{body,
                                      options,
                                      std::move(name),
                                      SceneGeometryMaker(*body, std::move(prior), options),
                                      BodyRegions(*body),
                                      {}});
  for (const std::string_view joint : FindKeypointSet("superset24").joints) {
    impl_->superset_rows.push_back(impl_->geometry.joints().set().IndexOf(joint));
  }
}

SyntheticDataset::~SyntheticDataset() = default;

const std::string& SyntheticDataset::name() const { return impl_->name; }
int64_t SyntheticDataset::size() const { return impl_->options.count; }
const SceneOptions& SyntheticDataset::options() const { return impl_->options; }
const BodyModel& SyntheticDataset::body() const { return *impl_->body; }

Person SyntheticDataset::Impl::PersonOf(const SceneGeometry& scene, int64_t position) const {
  Person person;
  person.dataset = name;
  person.index = person.id = position;
  person.box = scene.box;
  person.camera = scene.camera;
  person.params = scene.params;
  person.params_have_translation = true;
  SpaceJoints& joints = person.joints3d.emplace(FindKeypointSet("superset24"));
  joints.placed = true;
  for (int i = 0; i < joints.size(); ++i) {
    const int from = superset_rows[i];
    if (from < 0) continue;
    joints.m.row(i) = scene.joints.row(from);
    joints.confidence[i] = 1;
  }
  Rng rng(options.seed, RngStream::kNoise, 0, static_cast<uint64_t>(position));
  person.keypoints = DrawNoisyKeypoints(scene, FindKeypointSet(options.set), options.noise, rng);
  return person;
}

Person SyntheticDataset::Get(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size());
  return impl_->PersonOf(impl_->geometry.Make(position), position);
}

Person SyntheticDataset::GetInSpinCrop(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size());
  return impl_->PersonOf(impl_->geometry.InSpinCrop(impl_->geometry.Make(position)), position);
}

ImageBuffer SyntheticDataset::LoadImage(const Person& person) const {
  GYRE_CHECK(person.index >= 0 && person.index < size());
  const SceneOptions& options = impl_->options;
  Rng rng(options.seed, RngStream::kScene, kAppearance, static_cast<uint64_t>(person.index));
  const cv::Mat picture =
      DrawScene(*impl_->body, impl_->regions, impl_->geometry.Make(person.index), options.width_px,
                options.height_px, rng);
  ImageBuffer image{picture.cols, picture.rows, 3, {}};
  image.pixels.assign(picture.data, picture.data + 3 * picture.total());
  return image;
}

Points3 SyntheticDataset::TrueJoints(const Person& person) const {
  const FoldedJoints& had = impl_->geometry.joints();
  const Points3 positions = had.Positions(person.params.value());
  Points3 joints = Points3::Zero(SpinJoints().size(), 3);
  for (int i = 0; i < had.size(); ++i) {
    joints.row(SpinJoints().IndexOf(had.set().joints[i])) = positions.row(i);
  }
  return joints;
}

Points2 SyntheticDataset::TrueKeypoints(const Person& person) const {
  const Points3 joints = TrueJoints(person);
  Points2 points = Points2::Zero(joints.rows(), 2);
  for (int i = 0; i < joints.rows(); ++i) {
    if (joints(i, 2) > 0)
      points.row(i) = person.camera->Project(joints.row(i).transpose()).transpose();
  }
  return points;
}

ImageBuffer SyntheticDataset::LoadSilhouette(const Person& person) const {
  const std::vector<uint8_t> mask = BodyMask(person);
  ImageBuffer image{impl_->options.width_px, impl_->options.height_px, 3, {}};
  image.pixels.reserve(3 * mask.size());
  for (const uint8_t value : mask) image.pixels.insert(image.pixels.end(), 3, value);
  return image;
}

ImageBuffer SyntheticDataset::LoadParts(const Person& person) const {
  const std::vector<uint8_t> part_of_face = PartsOfFaces(*impl_->body);
  ImageBuffer parts{impl_->options.width_px, impl_->options.height_px, 1, {}};
  for (const int32_t face : FacesShown(person)) {
    parts.pixels.push_back(face >= 0 ? part_of_face[face] : 0);
  }
  return parts;
}

std::vector<uint8_t> SyntheticDataset::BodyMask(const Person& person) const {
  std::vector<uint8_t> mask;
  for (const int32_t face : FacesShown(person)) mask.push_back(face >= 0 ? 255 : 0);
  return mask;
}

std::vector<int32_t> SyntheticDataset::FacesShown(const Person& person) const {
  const SceneOptions& options = impl_->options;
  const PosedBody posed = PoseBody(*impl_->body, person.params.value());
  RasterBuffers raster;
  Rasterise(posed.vertices, impl_->body->faces, person.camera.value(), options.width_px,
            options.height_px, {}, &raster);
  return std::move(raster.face_idx);
}

}  // namespace gyre
