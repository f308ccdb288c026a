// SPDX-License-Identifier: Apache-2.0
#include "loop/training/network_picture.h"

#include "core/error.h"

namespace gyre {

LoaderPicture PictureFor(NetworkInput input) {
  switch (input) {
    case NetworkInput::kImage:
      return LoaderPicture::kImage;
    case NetworkInput::kKeypoints:
    case NetworkInput::kClip:
      return LoaderPicture::kNone;
    case NetworkInput::kSilhouette:
      return LoaderPicture::kSilhouette;
  }
  GYRE_CHECK(false, "no such input");
  return LoaderPicture::kNone;
}

CropMap NetworkCrop(const NetworkOptions& network, const Box& box) {
  return {{box.center_px, network.box_scale * box.side_px}, network.image_px};
}

void BringInput(const NetworkOptions& network, LoaderOptions* loading) {
  loading->crop_px = network.image_px;
  loading->picture = PictureFor(network.input);
  loading->whole_picture = network.whole_picture;
  loading->box_scale = network.box_scale;
  if (network.input != NetworkInput::kClip) return;
  const TemporalLifterOptions trunk = network.lifter.Trunk(/*joints=*/1, /*dropout=*/0);
  loading->clip_frames = static_cast<int>(trunk.ReceptiveField());
  loading->clip_before = static_cast<int>(trunk.PadBefore());
}

void BringTargets(const LossOptions& loss, LoaderOptions* loading) {
  loading->masks = loss.NeedsMasks();
  loading->parts = loss.NeedsParts();
}

}  // namespace gyre
