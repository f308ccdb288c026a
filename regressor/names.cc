// SPDX-License-Identifier: Apache-2.0
#include "regressor/names.h"

#include <string_view>

namespace gyre {

std::string Names::InFile(const std::string& in_network) const {
  for (const NameRule& rule : rules_) {
    if (in_network.starts_with(rule.in_network)) {
      return rule.in_file + in_network.substr(std::string_view(rule.in_network).size());
    }
  }
  return in_network;
}

}  // namespace gyre
