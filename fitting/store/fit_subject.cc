// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_subject.h"

#include <cmath>

namespace gyre {

void FitSubject::SetView(const Box& of, const Camera& image_camera) {
  camera = crop_camera = image_camera;
  pixel_scale = 1;
  if (!(of.side_px > 0 && std::isfinite(of.side_px))) {
    box = {{kNaN, kNaN}, kNaN};
    return;
  }
  box = of;
  pixel_scale = kReferenceCropPx / of.side_px;
  crop_camera = CropMap(of, kReferenceCropPx).CropCamera(image_camera);
}

}  // namespace gyre
