// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/augment.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"

namespace gyre {

namespace {

// Below this scale the picture is first averaged down, so that the bilinear warp does not alias.
constexpr double kAreaScale = 0.67;

void CheckAugmentation(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    ThrowUserError("augmentation: {} is {}, expected {} to {}", field, value, low, high);
  }
}

double Clipped(double value, double low, double high) {
  return std::clamp(value, std::min(low, high), std::max(low, high));
}

// Where an occluder goes: over an observed keypoint of the box, else anywhere in it.
Vec2 OccluderCenter(const Person& person, Rng& rng) {
  std::vector<int> observed;
  for (int i = 0; i < person.keypoints.size(); ++i) {
    if (person.keypoints.Observed(i)) observed.push_back(i);
  }
  if (observed.empty()) return {rng.Uniform(-0.5, 0.5), rng.Uniform(-0.5, 0.5)};
  const int joint = observed[rng.Below(observed.size())];
  const Vec2 offset = person.keypoints.px.row(joint).transpose() - person.box.center_px;
  return offset / person.box.side_px;
}

Augmentation::Occluder DrawOccluder(const AugmentOptions& options, const Person& person, Rng& rng) {
  Augmentation::Occluder occluder;
  occluder.center = OccluderCenter(person, rng);
  for (double& half : occluder.half_size) {
    half = 0.5 * rng.Uniform(options.occlusion_side_min, options.occlusion_side_max);
  }
  for (uint8_t& channel : occluder.color) channel = static_cast<uint8_t>(rng.Below(256));
  return occluder;
}

// Black from one side of the box inwards, and beyond all that a crop of it can show.
Augmentation::Occluder DrawCutoff(const AugmentOptions& options, Rng& rng) {
  constexpr double kBeyond = 3;
  const uint64_t side = rng.Below(4);  // left, right, above, below
  const double end = 0.5 - rng.Uniform(0, options.cutoff_max);
  Augmentation::Occluder cutoff;
  cutoff.half_size.setConstant(kBeyond);
  cutoff.center[side / 2] = (side % 2 == 0 ? -1 : 1) * (end + kBeyond);
  return cutoff;
}

// The part of the image that the crop shows, a little enlarged, in its pixels as reduced.
cv::Rect FootprintOf(const CropMap& crop, const cv::Size& image, int reduction) {
  Eigen::AlignedBox2d bounds;
  const double last = crop.size_px() - 1;
  for (const Vec2& corner : {Vec2(0, 0), Vec2(last, 0), Vec2(0, last), Vec2(last, last)}) {
    const Vec2 in_image = crop.ImageFromCrop(corner);
    bounds.extend(Vec2((in_image.array() + 0.5) / reduction - 0.5));
  }
  const double margin = 2 + 2 / (crop.scale() * reduction);
  const auto low = [&](double v, int n) {
    return static_cast<int>(std::clamp(std::floor(v - margin), 0.0, static_cast<double>(n)));
  };
  const auto high = [&](double v, int n) {
    return static_cast<int>(std::clamp(std::ceil(v + margin), 0.0, static_cast<double>(n)));
  };
  const cv::Point first(low(bounds.min().x(), image.width), low(bounds.min().y(), image.height));
  const cv::Point end(high(bounds.max().x(), image.width), high(bounds.max().y(), image.height));
  return cv::Rect(first, end);
}

cv::Matx23d CropFromPart(const CropMap& crop, const Vec2& pixels_per_part_pixel,
                         const Vec2& part_origin) {
  // image = ratio (part + 1/2) - 1/2 + origin, pixel centres being at integers.
  Eigen::Matrix3d image_from_part = Eigen::Matrix3d::Identity();
  image_from_part.diagonal().head<2>() = pixels_per_part_pixel;
  image_from_part.topRightCorner<2, 1>() =
      0.5 * pixels_per_part_pixel - Vec2::Constant(0.5) + part_origin;
  const Eigen::Matrix<double, 2, 3> m = crop.CropFromImageMatrix() * image_from_part;
  return {m(0, 0), m(0, 1), m(0, 2), m(1, 0), m(1, 1), m(1, 2)};
}

void DrawOccluders(const CropMap& crop, const Augmentation& augmentation, cv::Mat* picture) {
  constexpr int kShift = 4;  // fillConvexPoly takes fixed-point corners
  const Box& scaled = crop.box();
  const double side = scaled.side_px / augmentation.scale;
  for (const Augmentation::Occluder& o : augmentation.occluders) {
    std::array<cv::Point, 4> corners;
    for (int i = 0; i < 4; ++i) {
      const Vec2 sign(i == 0 || i == 3 ? -1 : 1, i < 2 ? -1 : 1);
      const Vec2 offset = o.center + sign.cwiseProduct(o.half_size);
      const Vec2 p = crop.CropFromImage(scaled.center_px + side * offset) * (1 << kShift);
      corners[i] =
          cv::Point(static_cast<int>(std::lround(p.x())), static_cast<int>(std::lround(p.y())));
    }
    cv::fillConvexPoly(*picture, corners.data(), 4, cv::Scalar(o.color[0], o.color[1], o.color[2]),
                       cv::LINE_8, kShift);
  }
}

void ApplyGains(const std::array<double, 3>& gains, cv::Mat* picture) {
  if (gains == std::array<double, 3>{1, 1, 1}) return;
  cv::Mat table(1, 256, CV_8UC3);
  for (int value = 0; value < 256; ++value) {
    for (int channel = 0; channel < 3; ++channel) {
      table.at<cv::Vec3b>(0, value)[channel] = cv::saturate_cast<uint8_t>(value * gains[channel]);
    }
  }
  cv::LUT(*picture, table, *picture);
}

}  // namespace

void AugmentOptions::Check() const {
  CheckAugmentation("flip_probability", flip_probability, 0, 1);
  CheckAugmentation("rotation_sigma_deg", rotation_sigma_deg, 0, 360);
  CheckAugmentation("rotation_max_deg", rotation_max_deg, 0, 180);
  CheckAugmentation("rotation_zero_probability", rotation_zero_probability, 0, 1);
  CheckAugmentation("scale_sigma", scale_sigma, 0, 0.9);
  CheckAugmentation("gain_range", gain_range, 0, 1);
  CheckAugmentation("occlusion_probability", occlusion_probability, 0, 1);
  CheckAugmentation("occlusion_side_min", occlusion_side_min, 0, occlusion_side_max);
  CheckAugmentation("occlusion_side_max", occlusion_side_max, occlusion_side_min, 1);
  CheckAugmentation("cutoff_probability", cutoff_probability, 0, 1);
  CheckAugmentation("cutoff_max", cutoff_max, 0, 1);
}

AugmentOptions AugmentOptions::None() {
  AugmentOptions options;
  options.flip_probability = 0;
  options.rotation_zero_probability = 1;
  options.scale_sigma = 0;
  options.gain_range = 0;
  return options;
}

Augmentation DrawAugmentation(const AugmentOptions& options, const Person& person, Rng& rng) {
  Augmentation drawn;
  drawn.flip = rng.Bernoulli(options.flip_probability);
  const bool upright = rng.Bernoulli(options.rotation_zero_probability);
  const double angle_deg = Clipped(rng.Normal(0, options.rotation_sigma_deg),
                                   -options.rotation_max_deg, options.rotation_max_deg);
  drawn.rotation_rad = upright ? 0 : angle_deg * std::numbers::pi / 180;
  drawn.scale =
      Clipped(rng.Normal(1, options.scale_sigma), 1 - options.scale_sigma, 1 + options.scale_sigma);
  for (double& gain : drawn.gains) {
    gain = rng.Uniform(1 - options.gain_range, 1 + options.gain_range);
  }
  if (rng.Bernoulli(options.occlusion_probability)) {
    drawn.occluders.push_back(DrawOccluder(options, person, rng));
  }
  if (options.cutoff_probability > 0 && rng.Bernoulli(options.cutoff_probability)) {
    drawn.occluders.push_back(DrawCutoff(options, rng));
  }
  return drawn;
}

CropMap CropOf(const Box& box, int size_px, const Augmentation& augmentation) {
  return CropMap({box.center_px, box.side_px * augmentation.scale}, size_px,
                 augmentation.rotation_rad, augmentation.flip);
}

void WarpToCrop(const ImageBuffer& image, const CropMap& crop, const Augmentation& augmentation,
                uint8_t* pixels) {
  GYRE_CHECK(image.channels == 3 && image.pixels.size() == size_t{3} * image.width * image.height);
  const cv::Mat whole(image.height, image.width, CV_8UC3,
                      const_cast<uint8_t*>(image.pixels.data()));
  const cv::Size size(crop.size_px(), crop.size_px());
  cv::Mat out(size, CV_8UC3, pixels);
  const cv::Rect footprint = FootprintOf(crop, whole.size(), image.reduction);
  const double scale = crop.scale() * image.reduction;
  if (footprint.empty()) {
    out.setTo(cv::Scalar::all(0));
  } else {
    cv::Mat part = whole(footprint);
    if (scale < kAreaScale) {
      const cv::Size small(std::max(1, static_cast<int>(std::lround(part.cols * scale))),
                           std::max(1, static_cast<int>(std::lround(part.rows * scale))));
      cv::Mat averaged;
      cv::resize(part, averaged, small, 0, 0, cv::INTER_AREA);
      part = averaged;
    }
    const Vec2 ratio(static_cast<double>(footprint.width) / part.cols,
                     static_cast<double>(footprint.height) / part.rows);
    cv::warpAffine(part, out,
                   CropFromPart(crop, image.reduction * ratio,
                                image.reduction * Vec2(footprint.x, footprint.y)),
                   size, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
  }
  DrawOccluders(crop, augmentation, &out);
  ApplyGains(augmentation.gains, &out);
}

}  // namespace gyre
