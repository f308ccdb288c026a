// SPDX-License-Identifier: Apache-2.0
// Human3.6M's 17 joints as weighted sums of a mesh's vertices: the file J_regressor_h36m.npy of
// HMR and SPIN, [17,6890], which comes with SMPL's licence. Its rows are in the order that SPIN
// reads them in (H36M_TO_J17 of its constants.py): pelvis, left leg, right leg, spine, neck, jaw,
// head, left arm, right arm.
#pragma once

#include <filesystem>

#include "body/body_model.h"

namespace gyre {

// [17,V] in the order of the keypoint set "h36m17" (right leg first). UserError names the file when
// it is not for `body`'s vertices, or when its left is on the body's right.
SparseRows ReadH36mRegressor(const std::filesystem::path& path, const BodyModel& body);

}  // namespace gyre
