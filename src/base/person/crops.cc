// SPDX-License-Identifier: Apache-2.0
#include "person/crops.h"

#include "core/error.h"
#include "core/so3.h"

namespace gyre {

Camera ReferenceCamera(const Person& person) {
  return person.camera ? CropMap(person.box, kReferenceCropPx).CropCamera(*person.camera)
                       : SpinCropCamera();
}

Camera ImageCamera(const Person& person) {
  return person.camera ? *person.camera
                       : CropMap(person.box, kReferenceCropPx).ImageCamera(SpinCropCamera());
}

Box PictureBox(const Person& person) {
  if (person.image_width <= 0 || person.image_height <= 0) {
    ThrowUserError(
        "data set {}, row {}: how large its picture is is not known; say it, as "
        "keypoints_of=640x425",
        person.dataset, person.index);
  }
  return {Vec2(person.image_width, person.image_height) / 2, double(person.image_width)};
}

Keypoints KeypointsInCrop(const Keypoints& keypoints, const CropMap& crop) {
  Keypoints out(*keypoints.set);
  const std::vector<int>* mirror = crop.flip() ? &MirrorOf(*keypoints.set) : nullptr;
  for (int i = 0; i < keypoints.size(); ++i) {
    const int from = mirror ? (*mirror)[i] : i;
    out.confidence[i] = keypoints.confidence[from];
    if (!keypoints.Observed(from)) continue;
    out.px.row(i) = crop.CropFromImage(keypoints.px.row(from).transpose()).transpose();
  }
  return out;
}

void JointsInCrop(const CropMap& crop, SpaceJoints* joints) {
  const Mat3 turn = ExpSO3(Vec3(0, 0, -crop.rotation_rad()));
  joints->m = (joints->m * turn.transpose()).eval();
  if (!crop.flip()) return;
  const std::vector<int>& mirror = MirrorOf(*joints->set);
  const Points3 seen = joints->m;
  const VecX sure = joints->confidence;
  for (int i = 0; i < joints->size(); ++i) {
    joints->m.row(i) << -seen(mirror[i], 0), seen(mirror[i], 1), seen(mirror[i], 2);
    joints->confidence[i] = sure[mirror[i]];
  }
}

}  // namespace gyre
