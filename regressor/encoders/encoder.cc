// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/encoder.h"

#include "core/error.h"
#include "regressor/encoders/blaze_pose_encoder.h"
#include "regressor/encoders/clip_encoder.h"
#include "regressor/encoders/hourglass_stem.h"
#include "regressor/encoders/keypoint_encoder.h"
#include "regressor/encoders/resnet.h"
#include "regressor/encoders/silhouette_encoder.h"

namespace gyre {
namespace {

using MakeFunction = std::shared_ptr<Encoder> (*)(const NetworkOptions&, const KeypointSet&,
                                                  const BodyModel*);

std::shared_ptr<Encoder> MakeImageEncoder(const NetworkOptions& options, const KeypointSet& set,
                                          const BodyModel* /*body*/) {
  switch (options.backbone) {
    case Backbone::kResNet18:
    case Backbone::kResNet34:
    case Backbone::kResNet50:
      return MakeResNet(options, set);
    case Backbone::kHourglass:
      return MakeHourglassStem(options, set);
    case Backbone::kBlazePose:
    case Backbone::kBlazePoseLite:
      return MakeBlazePoseEncoder(options, set);
  }
  GYRE_CHECK(false, "no such backbone");
  return nullptr;
}

constexpr std::pair<NetworkInput, MakeFunction> kEncoders[] = {
    {NetworkInput::kImage, MakeImageEncoder},
    {NetworkInput::kKeypoints, MakeKeypointEncoder},
    {NetworkInput::kSilhouette,
     [](const NetworkOptions& options, const KeypointSet& set, const BodyModel*) {
       return MakeSilhouetteEncoder(options, set);
     }},
    {NetworkInput::kClip, [](const NetworkOptions& options, const KeypointSet& set,
                             const BodyModel*) { return MakeClipEncoder(options, set); }},
};

}  // namespace

void Encoder::LoadReleased(const std::filesystem::path& /*folder*/) {
  ThrowUserError("init = detector is for networks of pictures with --network.backbone blazepose");
}

std::shared_ptr<Encoder> MakeEncoder(const NetworkOptions& options, const KeypointSet& set,
                                     const BodyModel* body) {
  for (const auto& [input, make] : kEncoders) {
    if (input == options.input) return make(options, set, body);
  }
  GYRE_CHECK(false, "no such input");
  return nullptr;
}

}  // namespace gyre
