// SPDX-License-Identifier: Apache-2.0
#include "body/file_kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gyre {

std::string WhatKeysAre(std::span<const std::string> keys) {
  struct Kind {
    std::vector<std::string_view> keys;
    std::string_view name;
  };
  static const Kind kKinds[] = {
      {{"v_template", "shapedirs", "weights"}, "a body model, which --body reads"},
      {{"means", "covars", "weights"}, "a pose prior, which --prior reads"},
      {{"poses", "trans"}, "motion capture, which gyre prior train --npz reads"},
      {{"pose_body", "root_orient"}, "motion capture, which gyre prior train --npz reads"},
      {{"imgname", "center", "scale"}, "SPIN's data, which --data spin:FILE reads"},
      {{"pose", "betas", "valid_fit"}, "SPIN's fits, which gyre fits merge reads"},
      {{"pose", "betas", "usable"}, "a result of gyre fit"},
      {{"markers_latent", "betas"}, "AMASS's shape of a subject, without motion"}};
  for (const Kind& kind : kKinds) {
    const bool all = std::ranges::all_of(
        kind.keys, [&](std::string_view key) { return std::ranges::count(keys, key) > 0; });
    if (all) return fmt::format("; it is {}", kind.name);
  }
  constexpr size_t kMost = 12;
  if (keys.empty()) return "; it holds nothing";
  return fmt::format("; it holds '{}'{}",
                     fmt::join(keys.first(std::min(keys.size(), kMost)), "', '"),
                     keys.size() > kMost ? ", ..." : "");
}

std::string_view ModelOf(int64_t vertices, int64_t joints) {
  struct Model {
    int64_t vertices, joints;
    std::string_view name;
  };
  static constexpr Model kModels[] = {{6890, 24, "SMPL"},
                                      {6890, 52, "SMPL+H"},
                                      {10475, 55, "SMPL-X"},
                                      {778, 16, "MANO"},
                                      {5023, 5, "FLAME"}};
  const auto known = std::ranges::find_if(kModels, [&](const Model& model) {
    return model.vertices == vertices && model.joints == joints;
  });
  return known == std::end(kModels) ? std::string_view() : known->name;
}

}  // namespace gyre
