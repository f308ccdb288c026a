// SPDX-License-Identifier: Apache-2.0
// Golden numbers of other programs' heads as tensors of double precision; see peers.h.
#pragma once

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/npz.h"
#include "peers.h"

namespace gyre {

class GoldenHeads : public ::testing::Test {
 protected:
  explicit GoldenHeads(const char* file) : path_(PeersFolder() / "heads" / file) {}
  void SetUp() override {
    if (!std::filesystem::exists(path_)) {
      GTEST_SKIP() << path_ << " is not there; GYRE_PEERS names the folder that has it";
    }
    arrays_ = ReadNpz(path_);
  }
  at::Tensor At(const std::string& key) const {
    const NdArray& array = Get(arrays_, key, path_);
    std::vector<double> values = array.As<double>(key);
    return at::from_blob(values.data(), array.shape, at::kDouble).clone();
  }

  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, unused] : arrays_) keys.push_back(key);
    return keys;
  }

 private:
  std::filesystem::path path_;
  Npz arrays_;
};

}  // namespace gyre
