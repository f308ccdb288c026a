// SPDX-License-Identifier: Apache-2.0
#include "regressor/network.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <optional>
#include <utility>

#include "regressor/autocast.h"
#include "regressor/crop_region.h"

namespace gyre {

NetworkImpl::NetworkImpl(const NetworkOptions& options, const NetworkSetting& setting)
    : options_((options.Check(), options)),
      keypoints_(FindKeypointSet(options.keypoints)),
      uvd_set_(UvdSetOf(options)) {
  const HeadKind& head = FindHead(options.head);
  names_ = Names(head.names);
  encoder_ = register_module("encoder", MakeEncoder(options, keypoints_, setting.body.get()));
  head_ = register_module("head", head.make(options, setting, encoder_->feature_size()));
  if (!setting.body) return;
  const RestJoints rest(*setting.body);
  const RowMatX dirs = rest.dirs.topRows(3).transpose();
  pelvis_mean_ = at::tensor({rest.mean(0, 0), rest.mean(0, 1), rest.mean(0, 2)}, at::kDouble);
  pelvis_dirs_ =
      at::from_blob(const_cast<double*>(dirs.data()), {dirs.rows(), 3}, at::kDouble).clone();
}

Output NetworkImpl::forward(const at::Tensor& input) {
  std::optional<Bfloat16Scope> bfloat16;
  if (options_.precision == Precision::kBfloat16) bfloat16.emplace(input.device().type());
  const Features features = encoder_->Encode(input);
  Output said = head_->Regress(features);
  if (!features.region) return said;
  const at::Tensor pelvis = PelvisOf(said);
  return InCrop(std::move(said), *features.region, pelvis);
}

at::Tensor NetworkImpl::PelvisOf(const Output& said) const {
  const at::Tensor shape =
      said.expression.defined() ? at::cat({said.betas, said.expression}, 1) : said.betas;
  return pelvis_mean_.to(shape.options()) + shape.matmul(pelvis_dirs_.to(shape.options()));
}

}  // namespace gyre
