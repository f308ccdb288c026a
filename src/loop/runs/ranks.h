// SPDX-License-Identifier: Apache-2.0
// The processes ("ranks") that train one network together, each with its part of every batch and of
// the fits, and what passes between them: by c10d, over TCP (Gloo), gradients on GPUs by NCCL where
// LibTorch was built with it. Every rank calls the same functions in the same order.
//
// One rank alone needs no network, and every function then does what it does without the others.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "loop/runs/rank_environment.h"
#include "regressor/rank_mean.h"

namespace gyre {

// Another rank ended, or did not answer in time.
class RankLost : public UserError {
 public:
  using UserError::UserError;
};

class Ranks {
 public:
  // One rank alone.
  Ranks();
  // Waits up to `start_timeout` for all to come. From then on a rank that is silent for `timeout`
  // where it is waited for is taken as lost. GLOO_SOCKET_IFNAME chooses the network interfaces,
  // with commas between; else it is the one that this host's name leads to. Throws RankLost.
  Ranks(const RankEnvironment& environment, std::chrono::milliseconds start_timeout,
        std::chrono::milliseconds timeout);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const;
  int count() const;
  bool first() const { return rank() == 0; }
  // Among the ranks on this host, which are told by its name.
  int local_rank() const;
  int local_count() const;
  // As in regressor/runtime.h, but "cuda" is a GPU of this rank's own while there are enough.
  c10::Device DeviceFromName(const std::string& name) const;

  // Everything below throws RankLost.

  // Sums over the ranks, of as many values on all.
  std::vector<double> Sum(std::vector<double> values) const;
  bool Any(bool value) const { return Sum({value ? 1.0 : 0.0})[0] > 0; }
  // What every rank gave, on the first; empty on the others.
  std::vector<std::string> Gather(const std::string& bytes) const;
  // The first rank's values, into everyone's tensors of the same shapes.
  void Broadcast(const std::vector<at::Tensor>& tensors) const;
  RankMean Mean() const;

  // Runs `work`, which may take as long as it likes and calls nothing of this class but
  // Interrupted, and returns when all ranks have done theirs. What it throws ends the others with
  // RankLost. Whether no rank wanted to stop.
  bool Together(const std::function<void()>& work, const std::function<bool()>& wants_stop = {});
  // For long work: whether to give it up, since a rank was lost or wants to stop.
  bool Interrupted() const;

  // From now on Backward averages the gradients of these parameters over the ranks.
  void AverageGradients(const std::vector<at::Tensor>& parameters);
  // loss.backward(), with the averaging of the gradients that are ready under way meanwhile.
  void Backward(const at::Tensor& loss);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
