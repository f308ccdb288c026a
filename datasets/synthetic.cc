// SPDX-License-Identifier: Apache-2.0
#include "datasets/synthetic.h"

#include <cmath>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "datasets/scene_geometry.h"
#include "datasets/scene_picture.h"
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
  noise.Check();
}

struct SyntheticDataset::Impl {
  std::shared_ptr<const BodyModel> body;
  SceneOptions options;
  std::string name;
  SceneGeometryMaker geometry;
  BodyRegions regions;

  Sample ToSample(const SceneGeometry& scene, int64_t position) const;
};

SyntheticDataset::SyntheticDataset(std::shared_ptr<const BodyModel> body,
                                   std::shared_ptr<const PosePrior> prior, SceneOptions options,
                                   std::string name) {
  GYRE_CHECK(body != nullptr);
  options.Check();
  impl_ = std::make_unique<Impl>(Impl{body, options, std::move(name),
                                      SceneGeometryMaker(*body, std::move(prior), options),
                                      BodyRegions(*body)});
}

SyntheticDataset::~SyntheticDataset() = default;

const std::string& SyntheticDataset::name() const { return impl_->name; }
int64_t SyntheticDataset::size() const { return impl_->options.count; }
const SceneOptions& SyntheticDataset::options() const { return impl_->options; }
const BodyModel& SyntheticDataset::body() const { return *impl_->body; }

Sample SyntheticDataset::Impl::ToSample(const SceneGeometry& scene, int64_t position) const {
  Sample sample;
  sample.dataset = name;
  sample.index = position;
  sample.box = scene.box;
  sample.camera = scene.camera;
  sample.params = scene.params;
  sample.params_have_translation = true;
  sample.joints3d = scene.joints.bottomRows(kNumSupersetJoints);
  sample.joints3d_confidence = VecX::Ones(kNumSupersetJoints);
  Rng rng(options.seed, RngStream::kNoise, 0, static_cast<uint64_t>(position));
  DrawNoisyKeypoints(scene, options.noise, rng, &sample.keypoints_px, &sample.keypoints_confidence);
  return sample;
}

Sample SyntheticDataset::Get(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size());
  return impl_->ToSample(impl_->geometry.Make(position), position);
}

Sample SyntheticDataset::GetInSpinCrop(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size());
  return impl_->ToSample(impl_->geometry.InSpinCrop(impl_->geometry.Make(position)), position);
}

ImageBuffer SyntheticDataset::LoadImage(const Sample& sample) const {
  GYRE_CHECK(sample.index >= 0 && sample.index < size());
  const SceneOptions& options = impl_->options;
  Rng rng(options.seed, RngStream::kScene, kAppearance, static_cast<uint64_t>(sample.index));
  const cv::Mat picture =
      DrawScene(*impl_->body, impl_->regions, impl_->geometry.Make(sample.index), options.width_px,
                options.height_px, rng);
  ImageBuffer image{picture.cols, picture.rows, 3, {}};
  image.pixels.assign(picture.data, picture.data + 3 * picture.total());
  return image;
}

Points3 SyntheticDataset::TrueJoints(const Sample& sample) const {
  return impl_->geometry.joints().Positions(sample.params.value());
}

Points2 SyntheticDataset::TrueKeypoints(const Sample& sample) const {
  const Points3 joints = TrueJoints(sample);
  Points2 points(joints.rows(), 2);
  for (int i = 0; i < joints.rows(); ++i) {
    points.row(i) = sample.camera->Project(joints.row(i).transpose()).transpose();
  }
  return points;
}

ImageBuffer SyntheticDataset::LoadSilhouette(const Sample& sample) const {
  const std::vector<uint8_t> mask = BodyMask(sample);
  ImageBuffer image{impl_->options.width_px, impl_->options.height_px, 3, {}};
  image.pixels.reserve(3 * mask.size());
  for (const uint8_t value : mask) image.pixels.insert(image.pixels.end(), 3, value);
  return image;
}

std::vector<uint8_t> SyntheticDataset::BodyMask(const Sample& sample) const {
  const SceneOptions& options = impl_->options;
  const PosedBody posed = PoseBody(*impl_->body, sample.params.value());
  RasterBuffers raster;
  Rasterise(posed.vertices, impl_->body->faces, sample.camera.value(), options.width_px,
            options.height_px, {}, &raster);
  std::vector<uint8_t> mask(raster.face_idx.size());
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = raster.face_idx[i] >= 0 ? 255 : 0;
  return mask;
}

}  // namespace gyre
