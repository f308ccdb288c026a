// SPDX-License-Identifier: Apache-2.0
#include "render/close_up.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "core/error.h"

namespace gyre {
namespace {

struct CloseUp {
  double side_m;
  std::array<std::string_view, 3> joints;  // their mean is the middle
};
constexpr CloseUp kCloseUps[] = {{0.3, {"Jaw", "L_Eye", "R_Eye"}},
                                 {0.24, {"R_Middle1", "R_Middle2", "R_Wrist"}},
                                 {0.24, {"L_Middle1", "L_Middle2", "L_Wrist"}}};

}  // namespace

std::vector<Box> CloseUpBoxes(const BodyLayout& layout, const Points3& joints, const Camera& camera,
                              cv::Size picture) {
  constexpr double kNearestM = 0.05;
  std::vector<Box> boxes;
  for (const CloseUp& of : kCloseUps) {
    Vec3 middle = Vec3::Zero();
    bool has_all = true;
    for (const std::string_view name : of.joints) {
      const int joint = layout.IndexOf(name);
      has_all = has_all && joint >= 0;
      if (has_all) middle += joints.row(joint).transpose() / of.joints.size();
    }
    if (!has_all || !middle.allFinite() || middle.z() < kNearestM) continue;
    const Vec2 px = camera.Project(middle);
    const bool inside =
        px.x() >= 0 && px.y() >= 0 && px.x() <= picture.width - 1 && px.y() <= picture.height - 1;
    if (inside) boxes.push_back({px, of.side_m * camera.focal_px / middle.z()});
  }
  return boxes;
}

cv::Mat CloseUpColumn(const cv::Mat& picture, const std::vector<Box>& boxes, int height_px,
                      const std::function<void(const Box& box, int size_px, cv::Mat* cut)>& draw) {
  constexpr int kParts = static_cast<int>(std::size(kCloseUps));
  const int size_px = std::max(1, height_px / kParts);
  cv::Mat column(kParts * size_px, size_px, CV_8UC3, cv::Scalar::all(255));
  for (size_t i = 0; i < boxes.size(); ++i) {
    cv::Mat cut = CutOut(picture, boxes[i], size_px);
    draw(boxes[i], size_px, &cut);
    cut.copyTo(column(cv::Rect(0, static_cast<int>(i) * size_px, size_px, size_px)));
  }
  return column;
}

cv::Mat CutOut(const cv::Mat& picture, const Box& box, int size_px) {
  GYRE_CHECK(picture.type() == CV_8UC3 && box.side_px > 0 && size_px > 0);
  const double scale = size_px / box.side_px;
  const Vec2 shift = Vec2::Constant(0.5 * (size_px - 1)) - scale * box.center_px;
  const cv::Matx23d map(scale, 0, shift.x(), 0, scale, shift.y());
  cv::Mat cut;
  cv::warpAffine(picture, cut, map, {size_px, size_px}, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 cv::Scalar::all(255));
  return cut;
}

Points2 InCutOut(const Points2& px, const Box& box, int size_px) {
  const double scale = size_px / box.side_px;
  return (scale * (px.rowwise() - box.center_px.transpose())).array() + 0.5 * (size_px - 1);
}

Camera InCutOut(const Camera& camera, const Box& box, int size_px) {
  const double scale = size_px / box.side_px;
  return {scale * camera.focal_px,
          scale * (camera.center_px - box.center_px) + Vec2::Constant(0.5 * (size_px - 1))};
}

}  // namespace gyre
