// SPDX-License-Identifier: Apache-2.0
#include "regressor/network.h"

#include <optional>

#include "regressor/autocast.h"

namespace gyre {

NetworkImpl::NetworkImpl(const NetworkOptions& options, const NetworkSetting& setting)
    : options_((options.Check(), options)),
      keypoints_(FindKeypointSet(options.keypoints)),
      uvd_set_(UvdSetOf(options)) {
  const HeadKind& head = FindHead(options.head);
  names_ = Names(head.names);
  encoder_ = register_module("encoder", MakeEncoder(options, keypoints_));
  head_ = register_module("head", head.make(options, setting, encoder_->feature_size()));
}

Output NetworkImpl::forward(const at::Tensor& input) {
  std::optional<Bfloat16Scope> bfloat16;
  if (options_.precision == Precision::kBfloat16) bfloat16.emplace(input.device().type());
  return head_->Regress(encoder_->Encode(input));
}

}  // namespace gyre
