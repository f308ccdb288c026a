// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/keypoint_encoder.h"

#include <ATen/ops/cat.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "regressor/encoders/dense.h"
#include "regressor/layers/part_view.h"

namespace gyre {
namespace {

class KeypointEncoder : public Encoder {
 public:
  KeypointEncoder(const NetworkOptions& options, const KeypointSet& set, const BodyModel* body)
      : num_keypoints_(set.size()), parts_(PartViewsOf(set, body)) {
    feature_size_ = 16 * int64_t{options.width};
    const auto dense = [&](const char* name, int64_t in) {
      return register_module(name, Dense(in, feature_size_, options.dropout));
    };
    int64_t numbers = 3 * num_keypoints_;
    for (size_t i = 0; i < parts_.size(); ++i) {
      register_module("part" + std::to_string(i), parts_[i]);
      numbers += parts_[i]->size();
    }
    enter = dense("enter", numbers);
    block1a = dense("block1a", feature_size_);
    block1b = dense("block1b", feature_size_);
    block2a = dense("block2a", feature_size_);
    block2b = dense("block2b", feature_size_);
  }

  Features Encode(const at::Tensor& keypoints) override {
    GYRE_CHECK(keypoints.dim() == 3 && keypoints.size(1) == num_keypoints_);
    const at::Tensor confidence = keypoints.narrow(2, 2, 1);
    const at::Tensor places = keypoints.narrow(2, 0, 2).masked_fill(confidence <= 0, 0);
    std::vector<at::Tensor> numbers = {at::cat({places, confidence}, 2).flatten(1)};
    const at::Tensor seen = (confidence > 0).to(places.dtype());
    for (PartView& part : parts_) numbers.push_back(part(places, seen));
    at::Tensor h = enter(at::cat(numbers, 1));
    h = h + block1b(block1a(h));
    return {.pooled = h + block2b(block2a(h)), .maps = {}};
  }

 private:
  int64_t num_keypoints_;
  std::vector<PartView> parts_;
  Dense enter{nullptr}, block1a{nullptr}, block1b{nullptr}, block2a{nullptr}, block2b{nullptr};
};

}  // namespace

std::shared_ptr<Encoder> MakeKeypointEncoder(const NetworkOptions& options, const KeypointSet& set,
                                             const BodyModel* body) {
  return std::make_shared<KeypointEncoder>(options, set, body);
}

}  // namespace gyre
