// SPDX-License-Identifier: Apache-2.0
// What makes an output of an encoder's features. A new head is a file in this folder and a line of
// the table in head.cc.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "regressor/names.h"
#include "regressor/network_options.h"
#include "regressor/output.h"

namespace gyre {

// What a network is made for. Its sizes come from here, and from NetworkOptions::keypoints.
struct NetworkSetting {
  std::shared_ptr<const BodyModel> body;   // null: it may not speak of one
  std::shared_ptr<const PosePrior> prior;  // null: rest pose where a prior would say one
};

class Head : public torch::nn::Module {
 public:
  virtual Output Regress(const Features& features) = 0;
};

// The set of what a head finds in the picture. UserError for a name that is not registered.
const KeypointSet& UvdSetOf(const NetworkOptions& options);

struct HeadKind {
  const char* name;  // of NetworkOptions::head
  std::shared_ptr<Head> (*make)(const NetworkOptions&, const NetworkSetting&, int64_t feature_size);
  std::vector<NameRule> names;  // see names.h; empty: files have the network's names
  // Networks that it is made of: where the tensors of each stand, and their names in its own files.
  std::vector<std::vector<NameRule>> parts = {};
};

// UserError lists the heads there are.
const HeadKind& FindHead(const std::string& name);
std::vector<std::string> HeadNames();

}  // namespace gyre
