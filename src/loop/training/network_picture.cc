// SPDX-License-Identifier: Apache-2.0
#include "loop/training/network_picture.h"

#include "core/error.h"

namespace gyre {

LoaderPicture PictureFor(NetworkInput input) {
  switch (input) {
    case NetworkInput::kImage:
      return LoaderPicture::kImage;
    case NetworkInput::kKeypoints:
      return LoaderPicture::kNone;
    case NetworkInput::kSilhouette:
      return LoaderPicture::kSilhouette;
  }
  GYRE_CHECK(false, "no such input");
  return LoaderPicture::kNone;
}

}  // namespace gyre
