// SPDX-License-Identifier: Apache-2.0
#include "loop/training/numeric_guard.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace gyre {
namespace {

bool AllFinite(const at::Tensor& tensor) { return tensor.isfinite().all().item<bool>(); }

}  // namespace

std::string NotFinite(const Losses& losses, const Output& output, std::span<const Person> samples) {
  std::vector<std::string> terms, names;
  for (const auto& [name, value] : losses.terms) {
    if (!AllFinite(value)) terms.push_back("loss_" + name);
  }
  if (terms.empty() && !AllFinite(losses.total)) terms.push_back("loss");
  if (terms.empty()) return "";
  constexpr size_t kNamed = 3;
  size_t count = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    bool finite = true;
    output.VisitTensors([&](const char*, const at::Tensor& tensor) {
      finite = finite && (!tensor.defined() || AllFinite(tensor[static_cast<int64_t>(i)]));
    });
    if (finite) continue;
    if (++count <= kNamed)
      names.push_back(fmt::format("{} {}", samples[i].dataset, samples[i].index));
  }
  std::string text = fmt::format("{}", fmt::join(terms, ", "));
  if (count > 0) text += fmt::format(" (the network's output for {}", fmt::join(names, ", "));
  if (count > kNamed) text += fmt::format(" and {} more", count - kNamed);
  return count > 0 ? text + ")" : text;
}

std::string NotFiniteGradient(const torch::nn::Module& network) {
  for (const auto& item : network.named_parameters()) {
    if (item.value().grad().defined() && !AllFinite(item.value().grad())) {
      return fmt::format("the gradient of {}", item.key());
    }
  }
  return "";
}

std::string NotFiniteState(const torch::nn::Module& network, const torch::optim::Adam& optimizer) {
  for (const auto& item : network.named_parameters()) {
    if (!AllFinite(item.value())) return item.key();
  }
  for (const auto& item : network.named_buffers()) {
    if (!AllFinite(item.value())) return item.key();
  }
  for (const auto& [key, base] : optimizer.state()) {
    const auto& state = static_cast<const torch::optim::AdamParamState&>(*base);
    if (!AllFinite(state.exp_avg()) || !AllFinite(state.exp_avg_sq())) {
      return "the optimiser's running mean of a gradient";
    }
  }
  return "";
}

}  // namespace gyre
