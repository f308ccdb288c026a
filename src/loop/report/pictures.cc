// SPDX-License-Identifier: Apache-2.0
#include "loop/report/pictures.h"

#include <numbers>
#include <vector>

#include "datasets/decorators/augment.h"
#include "person/crops.h"
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
  Points3 last;
  for (const std::optional<BodyParams>* params : {&prediction, &fit}) {
    if (!params->has_value()) continue;
    last = PoseBody(body, **params).vertices;
    panels.push_back(DrawBodyOverlay(crop, last, body.faces, camera));
  }
  if (last.rows() > 0) {
    panels.push_back(RenderTurned(last, body.faces, {size_px, size_px}, 0.5 * std::numbers::pi));
  }
  return ComposeStrip(panels, size_px);
}

}  // namespace gyre
