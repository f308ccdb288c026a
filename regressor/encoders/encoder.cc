// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/encoder.h"

#include "core/error.h"
#include "regressor/encoders/clip_encoder.h"
#include "regressor/encoders/hourglass_stem.h"
#include "regressor/encoders/keypoint_encoder.h"
#include "regressor/encoders/resnet.h"
#include "regressor/encoders/silhouette_encoder.h"

namespace gyre {
namespace {

using MakeFunction = std::shared_ptr<Encoder> (*)(const NetworkOptions&, const KeypointSet&);

std::shared_ptr<Encoder> MakeImageEncoder(const NetworkOptions& options, const KeypointSet& set) {
  return options.backbone == Backbone::kHourglass ? MakeHourglassStem(options, set)
                                                  : MakeResNet(options, set);
}

constexpr std::pair<NetworkInput, MakeFunction> kEncoders[] = {
    {NetworkInput::kImage, MakeImageEncoder},
    {NetworkInput::kKeypoints, MakeKeypointEncoder},
    {NetworkInput::kSilhouette, MakeSilhouetteEncoder},
    {NetworkInput::kClip, MakeClipEncoder},
};

}  // namespace

std::shared_ptr<Encoder> MakeEncoder(const NetworkOptions& options, const KeypointSet& set) {
  for (const auto& [input, make] : kEncoders) {
    if (input == options.input) return make(options, set);
  }
  GYRE_CHECK(false, "no such input");
  return nullptr;
}

}  // namespace gyre
