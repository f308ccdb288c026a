// SPDX-License-Identifier: Apache-2.0
// What a network's tensors are called in files. In memory a name begins with the part that owns it
// ("encoder.conv1.weight", "head.fc1.weight"). SPIN's files know no parts ("conv1.weight",
// "fc1.weight"); heads/head.h says which networks are kept under such names, so that SPIN's
// programs and older checkpoints go on reading and being read.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gyre {

// A prefix of names in a network, and what stands in its place in files.
struct NameRule {
  const char* in_network;
  const char* in_file;
};

class Names {
 public:
  Names() = default;  // files have the network's names
  explicit Names(std::vector<NameRule> rules) : rules_(std::move(rules)) {}

  // By the first rule whose prefix it has; without one as it is.
  std::string InFile(const std::string& in_network) const;

 private:
  std::vector<NameRule> rules_;
};

}  // namespace gyre
