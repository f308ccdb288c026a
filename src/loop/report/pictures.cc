// SPDX-License-Identifier: Apache-2.0
#include "loop/report/pictures.h"

#include <numbers>
#include <vector>

#include "datasets/decorators/augment.h"
#include "person/crops.h"
#include "render/close_up.h"
#include "render/overlay.h"

namespace gyre {

cv::Mat DrawSample(const BodyModel& body, const ImageBuffer& image, const Person& sample,
                   const std::optional<BodyParams>& prediction,
                   const std::optional<BodyParams>& fit, int size_px) {
  // A little more than the box, so that a body that reaches beyond it is seen.
  const Box box{sample.box.center_px, 1.2 * sample.box.side_px};
  const CropMap map(box, size_px);
  cv::Mat crop(size_px, size_px, CV_8UC3);
  WarpToCrop(image, map, Augmentation(), crop.data);
  const Keypoints keypoints = KeypointsInCrop(sample.keypoints, map);
  const Camera camera = map.CropCamera(ImageCamera(sample));

  std::vector<cv::Mat> panels = {
      DrawSkeleton(crop, keypoints.px, keypoints.confidence, *keypoints.set)};
  std::optional<PosedBody> last;
  for (const std::optional<BodyParams>* params : {&prediction, &fit}) {
    if (!params->has_value()) continue;
    last = PoseBody(body, **params);
    panels.push_back(DrawBodyOverlay(crop, last->vertices, body.faces, camera));
  }
  if (!last) return ComposeStrip(panels, size_px);
  panels.push_back(
      RenderTurned(last->vertices, body.faces, {size_px, size_px}, 0.5 * std::numbers::pi));
  const std::vector<Box> boxes = CloseUpBoxes(*body.layout, last->joints, camera, crop.size());
  if (!boxes.empty()) {
    const auto draw = [&](const Box& box, int cut_px, cv::Mat* cut) {
      *cut = DrawBodyOverlay(*cut, last->vertices, body.faces, InCutOut(camera, box, cut_px));
    };
    panels.push_back(CloseUpColumn(crop, boxes, size_px, draw));
  }
  return ComposeStrip(panels, size_px);
}

}  // namespace gyre
