// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/human2d_head.h"

#include "regressor/layers/human2d.h"

namespace gyre {
namespace {

class Human2dHead : public Head {
 public:
  explicit Human2dHead(const NetworkOptions& options)
      : human2d(register_module("human2d", Human2d(options, UvdSetOf(options)))) {}

  Output Regress(const Features& features) override {
    Output output;
    human2d->AddTo(features, &output);
    return output;
  }

 private:
  Human2d human2d;
};

}  // namespace

std::shared_ptr<Head> MakeHuman2dHead(const NetworkOptions& options,
                                      const NetworkSetting& /*setting*/, int64_t /*feature_size*/) {
  return std::make_shared<Human2dHead>(options);
}

}  // namespace gyre
