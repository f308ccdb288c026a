// SPDX-License-Identifier: Apache-2.0
// People over time as other programs read them. All positions are of the frame that the animation
// was turned to, in metres times `scale`; every clip needs one shape (HoldShape) and formats that
// count frames no gaps (FillGaps). UserError when a file cannot be written.
#pragma once

#include <filesystem>
#include <vector>

#include "body/body_model.h"
#include "io/bvh.h"
#include "loop/animation/animation.h"

namespace gyre {

struct ClipScale {
  double fps = 30;
  double scale = 1;  // the file's units of length per metre
};

// Biovision's hierarchy: the joints' tree at rest, rotations as ZYX angles in degrees, the root's
// place in every frame. The first frame of the file is the person's first one.
BvhClip MakeBvh(const BodyModel& body, const AnimatedPerson& person, const ClipScale& clip);

// Khronos' glTF 2.0 in one binary file: of each person a skinned mesh, its joints as nodes and one
// animation of all. Correctives of the pose are no part of glTF's skins: joints are exact, the skin
// is near. The face keeps the expression of the first frame. Times count from frame 0; gaps stay
// gaps that viewers pass through in between.
void WriteGlb(const std::filesystem::path& path, const BodyModel& body, const Animation& animation,
              double fps);

// A Wavefront file a frame and person in `folder`: NAME_000012.obj, correctives included.
void WriteObjSequence(const std::filesystem::path& folder, const BodyModel& body,
                      const Animation& animation, double scale);

// AMASS' layout, which smplx' tools and Blender's add-ons read: poses [N,156] (SMPL and SMPL+H) or
// [N,165] (SMPL-X), trans [N,3], betas, mocap_framerate, gender. UserError for other bodies.
void WriteAmass(const std::filesystem::path& path, const BodyModel& body,
                const AnimatedPerson& person, double fps);

// OpenSim's markers: tab separated, one marker a joint.
void WriteTrc(const std::filesystem::path& path, const BodyModel& body,
              const AnimatedPerson& person, const ClipScale& clip, const std::string& unit);

// A table: person, frame, time_s, then x, y, z of every joint.
void WriteJointsCsv(const std::filesystem::path& path, const BodyModel& body,
                    const Animation& animation, const ClipScale& clip);

}  // namespace gyre
