// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "render/overlay.h"

namespace gyre {
namespace {

enum class Side { kRight, kLeft, kMiddle };

// A part of the body and the names that it has in the keypoint sets. SPIN's 49 hold most parts
// twice; the first that is observed is drawn.
struct Part {
  std::string_view id;
  Side side;
  std::array<std::string_view, 4> names;
};

constexpr Part kParts[] = {
    {"head top", Side::kMiddle, {"Top of Head (LSP)", "Head (H36M)", "SMPL Head"}},
    {"nose", Side::kMiddle, {"OP Nose", "Nose"}},
    {"r eye", Side::kRight, {"OP REye", "Right Eye"}},
    {"l eye", Side::kLeft, {"OP LEye", "Left Eye"}},
    {"r ear", Side::kRight, {"OP REar", "Right Ear"}},
    {"l ear", Side::kLeft, {"OP LEar", "Left Ear"}},
    {"neck", Side::kMiddle, {"OP Neck", "Neck (LSP)", "Thorax (MPII)", "SMPL Neck"}},
    {"pelvis", Side::kMiddle, {"OP MidHip", "Pelvis (MPII)", "SMPL Pelvis"}},
    {"r shoulder", Side::kRight, {"OP RShoulder", "Right Shoulder", "SMPL R_Shoulder"}},
    {"l shoulder", Side::kLeft, {"OP LShoulder", "Left Shoulder", "SMPL L_Shoulder"}},
    {"r elbow", Side::kRight, {"OP RElbow", "Right Elbow", "SMPL R_Elbow"}},
    {"l elbow", Side::kLeft, {"OP LElbow", "Left Elbow", "SMPL L_Elbow"}},
    {"r wrist", Side::kRight, {"OP RWrist", "Right Wrist", "SMPL R_Wrist"}},
    {"l wrist", Side::kLeft, {"OP LWrist", "Left Wrist", "SMPL L_Wrist"}},
    {"r hip", Side::kRight, {"OP RHip", "Right Hip", "SMPL R_Hip"}},
    {"l hip", Side::kLeft, {"OP LHip", "Left Hip", "SMPL L_Hip"}},
    {"r knee", Side::kRight, {"OP RKnee", "Right Knee", "SMPL R_Knee"}},
    {"l knee", Side::kLeft, {"OP LKnee", "Left Knee", "SMPL L_Knee"}},
    {"r ankle", Side::kRight, {"OP RAnkle", "Right Ankle", "SMPL R_Ankle"}},
    {"l ankle", Side::kLeft, {"OP LAnkle", "Left Ankle", "SMPL L_Ankle"}},
    {"r heel", Side::kRight, {"OP RHeel"}},
    {"l heel", Side::kLeft, {"OP LHeel"}},
    {"r toe", Side::kRight, {"OP RBigToe", "SMPL R_Foot"}},
    {"l toe", Side::kLeft, {"OP LBigToe", "SMPL L_Foot"}},
    {"r small toe", Side::kRight, {"OP RSmallToe"}},
    {"l small toe", Side::kLeft, {"OP LSmallToe"}},
};

struct Limb {
  std::string_view from, to;
  // Drawn only while this part is not observed: shoulders meet at the neck when there is one.
  std::string_view unless = {};
};

constexpr Limb kLimbs[] = {
    {"head top", "neck"},
    {"nose", "neck", "head top"},
    {"nose", "r eye"},
    {"r eye", "r ear"},
    {"nose", "l eye"},
    {"l eye", "l ear"},
    {"neck", "r shoulder"},
    {"neck", "l shoulder"},
    {"r shoulder", "l shoulder", "neck"},
    {"r shoulder", "r elbow"},
    {"r elbow", "r wrist"},
    {"l shoulder", "l elbow"},
    {"l elbow", "l wrist"},
    {"neck", "pelvis"},
    {"pelvis", "r hip"},
    {"pelvis", "l hip"},
    {"r hip", "l hip", "pelvis"},
    {"r shoulder", "r hip", "pelvis"},
    {"l shoulder", "l hip", "pelvis"},
    {"r hip", "r knee"},
    {"r knee", "r ankle"},
    {"l hip", "l knee"},
    {"l knee", "l ankle"},
    {"r ankle", "r heel"},
    {"r ankle", "r toe"},
    {"l ankle", "l heel"},
    {"l ankle", "l toe"},
};

cv::Scalar ColourOf(Side side) {  // BGR
  switch (side) {
    case Side::kRight:
      return {60, 76, 235};
    case Side::kLeft:
      return {240, 140, 50};
    default:
      return {70, 205, 250};
  }
}

struct Observation {
  Vec2 pixel;
  double confidence;
};

class Person {
 public:
  Person(const Points2& keypoints_px, const VecX& confidence, const KeypointSet& set)
      : keypoints_px_(keypoints_px), confidence_(confidence), set_(set) {}

  std::optional<Observation> Find(std::string_view name) const {
    const int row = name.empty() ? -1 : set_.IndexOf(name);
    if (row < 0 || !(confidence_[row] > 0) || !keypoints_px_.row(row).allFinite()) {
      return std::nullopt;
    }
    return Observation{keypoints_px_.row(row).transpose(), std::min(1.0, confidence_[row])};
  }
  std::optional<Observation> Find(const Part& part) const {
    for (const std::string_view name : part.names) {
      if (const auto found = Find(name)) return found;
    }
    return std::nullopt;
  }

  static const Part& PartOf(std::string_view id) {
    return *std::ranges::find(kParts, id, &Part::id);
  }

 private:
  const Points2& keypoints_px_;
  const VecX& confidence_;
  const KeypointSet& set_;
};

// OpenCV draws at fixed-point positions; the shift gives sub-pixel ones.
constexpr int kShift = 4;

cv::Point FixedPoint(const Vec2& pixel) {
  const Vec2 clamped = pixel.cwiseMax(-1e6).cwiseMin(1e6);
  return {static_cast<int>(std::lround(clamped.x() * (1 << kShift))),
          static_cast<int>(std::lround(clamped.y() * (1 << kShift)))};
}

// Thin in small pictures, thick for large people.
double LineWidthPx(const cv::Mat& image, const Points2& keypoints_px, const VecX& confidence) {
  double person_px = std::max(image.cols, image.rows);
  if (const auto box = BoxAroundPoints(keypoints_px, confidence, 1.0);
      box && std::isfinite(box->side_px)) {
    person_px = std::min(person_px, box->side_px);
  }
  return std::max(1.0, person_px / 110);
}

// Draws on a copy and blends, so that uncertain joints are faint.
template <typename Draw>
void DrawBlended(cv::Mat* image, double opacity, const Draw& draw) {
  if (opacity >= 1) {
    draw(*image);
    return;
  }
  cv::Mat copy = image->clone();
  draw(copy);
  cv::addWeighted(copy, opacity, *image, 1 - opacity, 0, *image);
}

double OpacityOf(double confidence) { return confidence >= 0.5 ? 1.0 : 0.35 + confidence; }

// Each finger from the wrist on, all as faint as they are in the mean.
void DrawHand(cv::Mat* image, const Person& person, const std::string& side, Side colour,
              int thickness) {
  std::vector<std::pair<Vec2, Vec2>> bones;
  double confidence = 0;
  for (const char* finger : {" Thumb", " Index", " Middle", " Ring", " Pinky"}) {
    auto from = person.Find(side + " Hand Root");
    for (const char* knuckle : {" 1", " 2", " 3", " Tip"}) {
      const auto to = person.Find(side + finger + knuckle);
      if (from && to) {
        bones.emplace_back(from->pixel, to->pixel);
        confidence += to->confidence;
      }
      from = to;
    }
  }
  if (bones.empty()) return;
  DrawBlended(image, OpacityOf(confidence / bones.size()), [&](cv::Mat& canvas) {
    for (const auto& [from, to] : bones) {
      cv::line(canvas, FixedPoint(from), FixedPoint(to), ColourOf(colour), thickness, cv::LINE_AA,
               kShift);
    }
  });
}

void DrawFace(cv::Mat* image, const Person& person, double radius_px) {
  constexpr int kNumPoints = 68;
  std::vector<Vec2> points;
  double confidence = 0;
  for (int i = 0; i < kNumPoints; ++i) {
    if (const auto point = person.Find("Face " + std::to_string(i))) {
      points.push_back(point->pixel);
      confidence += point->confidence;
    }
  }
  if (points.empty()) return;
  const int radius = static_cast<int>(std::lround(radius_px * (1 << kShift)));
  DrawBlended(image, OpacityOf(confidence / points.size()), [&](cv::Mat& canvas) {
    for (const Vec2& point : points) {
      cv::circle(canvas, FixedPoint(point), radius, ColourOf(Side::kMiddle), cv::FILLED,
                 cv::LINE_AA, kShift);
    }
  });
}

}  // namespace

cv::Mat DrawSkeleton(const cv::Mat& image, const Points2& keypoints_px, const VecX& confidence,
                     const KeypointSet& set) {
  GYRE_CHECK(image.type() == CV_8UC3);
  GYRE_CHECK(keypoints_px.rows() == set.size() && confidence.size() == set.size(),
             "{} keypoints and {} confidences for set {} of {}", keypoints_px.rows(),
             confidence.size(), set.name, set.size());
  cv::Mat result = image.clone();
  const Person person(keypoints_px, confidence, set);
  const double width_px = LineWidthPx(image, keypoints_px, confidence);
  const int thickness = static_cast<int>(std::lround(width_px));
  for (const Limb& limb : kLimbs) {
    if (!limb.unless.empty() && person.Find(Person::PartOf(limb.unless))) continue;
    const Part& from = Person::PartOf(limb.from);
    const Part& to = Person::PartOf(limb.to);
    const auto a = person.Find(from), b = person.Find(to);
    if (!a || !b) continue;
    const Side side = to.side != Side::kMiddle && from.side != Side::kMiddle && from.side != to.side
                          ? Side::kMiddle
                          : (to.side != Side::kMiddle ? to.side : from.side);
    DrawBlended(&result, OpacityOf(std::min(a->confidence, b->confidence)), [&](cv::Mat& canvas) {
      cv::line(canvas, FixedPoint(a->pixel), FixedPoint(b->pixel), ColourOf(side), thickness,
               cv::LINE_AA, kShift);
    });
  }
  const int thin = std::max(1, static_cast<int>(std::lround(0.5 * width_px)));
  DrawHand(&result, person, "Right", Side::kRight, thin);
  DrawHand(&result, person, "Left", Side::kLeft, thin);
  DrawFace(&result, person, std::max(0.7, 0.35 * width_px));
  const int radius = static_cast<int>(std::lround((0.6 + 0.9 * width_px) * (1 << kShift)));
  for (const Part& part : kParts) {
    const auto joint = person.Find(part);
    if (!joint) continue;
    DrawBlended(&result, OpacityOf(joint->confidence), [&](cv::Mat& canvas) {
      cv::circle(canvas, FixedPoint(joint->pixel), radius, ColourOf(part.side), cv::FILLED,
                 cv::LINE_AA, kShift);
      if (width_px >= 2) {
        cv::circle(canvas, FixedPoint(joint->pixel), radius, cv::Scalar::all(255), 1, cv::LINE_AA,
                   kShift);
      }
    });
  }
  return result;
}

}  // namespace gyre
