// SPDX-License-Identifier: Apache-2.0
#include "regressor/weights.h"

#include <ATen/ops/empty_like.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>

#include "core/error.h"
#include "regressor/adam.h"

namespace gyre {
namespace {

// Parameters and buffers as they are, sharing memory with the module, by their names in files.
StateDict NamedTensors(const torch::nn::Module& module, const Names& names) {
  StateDict tensors;
  for (const auto& items : {module.named_parameters(), module.named_buffers()}) {
    for (const auto& item : items) {
      const std::string name = names.InFile(item.key());
      GYRE_CHECK(tensors.emplace(name, item.value().detach()).second, "two tensors are called {}",
                 name);
    }
  }
  return tensors;
}

bool IsOptional(const std::string& name) { return name.ends_with("num_batches_tracked"); }

std::string ShapeString(const at::Tensor& tensor) {
  return fmt::format("({})", fmt::join(tensor.sizes().vec(), ", "));
}

// The first few of a list of names, and how many more there are.
class NameList {
 public:
  void Add(const std::string& name) {
    if (++count_ <= 3) text_ += (text_.empty() ? "" : ", ") + name;
  }
  void AppendTo(std::string* message, const char* label) const {
    if (count_ == 0) return;
    if (!message->empty()) *message += "; ";
    *message += fmt::format("{}: {}", label, text_);
    if (count_ > 3) *message += fmt::format(" and {} more", count_ - 3);
  }

 private:
  int count_ = 0;
  std::string text_;
};

// Copies `state` into `targets`, wholly or not at all.
void CopyState(const StateDict& targets, const StateDict& state, const std::string& what) {
  NameList missing, unexpected, misshaped;
  for (const auto& [name, target] : targets) {
    const auto source = state.find(name);
    if (source == state.end()) {
      if (!IsOptional(name)) missing.Add(name);
    } else if (source->second.sizes() != target.sizes()) {
      misshaped.Add(fmt::format("{} is {} and should be {}", name, ShapeString(source->second),
                                ShapeString(target)));
    }
  }
  for (const auto& [name, unused] : state) {
    if (!targets.contains(name)) unexpected.Add(name);
  }
  std::string message;
  missing.AppendTo(&message, "missing");
  unexpected.AppendTo(&message, "unexpected");
  misshaped.AppendTo(&message, "of another shape");
  if (!message.empty()) ThrowUserError("{} does not fit the network ({})", what, message);

  const at::NoGradGuard no_grad;
  for (const auto& [name, source] : state) at::Tensor(targets.at(name)).copy_(source);
}

// Those of a network's tensors that a rule is for, by their names in the part's own files.
StateDict PartOf(const StateDict& network, const std::vector<NameRule>& part) {
  StateDict tensors;
  for (const auto& [name, tensor] : network) {
    const auto rule = std::ranges::find_if(
        part, [&](const NameRule& rule) { return name.starts_with(rule.in_network); });
    if (rule != part.end()) tensors[Names({*rule}).InFile(name)] = tensor;
  }
  return tensors;
}

bool HaveSameNames(const StateDict& a, const StateDict& b) {
  const auto holds_all = [](const StateDict& holder, const StateDict& other) {
    return std::ranges::all_of(other, [&](const auto& item) {
      return IsOptional(item.first) || holder.contains(item.first);
    });
  };
  return holds_all(a, b) && holds_all(b, a);
}

// Files of two networks side by side: GraphCMR's, and VideoPose3D's, where the second may be None.
constexpr std::pair<const char*, const char*> kPairs[] = {{"graph_cnn", "smpl_param_regressor"},
                                                          {"model_pos", "model_traj"}};

StateDict PairState(const TorchValue& root, const std::pair<const char*, const char*>& parts,
                    const std::string& what) {
  StateDict state;
  for (const char* part : {parts.first, parts.second}) {
    const TorchValue* found = root.Find(part);
    if (!found || std::holds_alternative<std::monostate>(found->value)) continue;
    for (const auto& [name, tensor] : found->AsStateDict(what + ": " + part)) {
      state[std::string(part) + "." + name] = tensor;
    }
  }
  // A classifier of no use.
  std::erase_if(state,
                [](const auto& item) { return item.first.starts_with("graph_cnn.resnet.fc."); });
  return state;
}

// Entries of a dict that are tensors under the first of these keys that is there, or the dict's
// own.
StateDict ModelState(const TorchValue& root, const std::string& what) {
  for (const auto& parts : kPairs) {
    if (root.Find(parts.first)) return PairState(root, parts, what);
  }
  for (const char* key : {"model", "state_dict"}) {
    if (const TorchValue* model = root.Find(key)) {
      return model->AsStateDict(what + ": " + key);
    }
  }
  return root.AsStateDict(what);
}

}  // namespace

StateDict GetState(const torch::nn::Module& module, const Names& names) {
  StateDict state = NamedTensors(module, names);
  for (auto& [name, tensor] : state) {
    tensor = tensor.to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  }
  return state;
}

void SetState(torch::nn::Module& module, const StateDict& state, const std::string& what,
              const Names& names) {
  StateDict by_file_name;
  for (const auto& [name, tensor] : state) by_file_name[names.InFile(name)] = tensor;
  CopyState(NamedTensors(module, names), by_file_name, what);
}

void LoadBackboneWeights(torch::nn::Module& encoder, const std::filesystem::path& path) {
  StateDict state = ModelState(ReadTorchFile(path), path.string());
  std::erase_if(state, [](const auto& item) { return item.first.starts_with("fc."); });
  SetState(encoder, state, path.string());
}

void LoadNetworkWeights(torch::nn::Module& network, const std::filesystem::path& path,
                        const Names& names, std::span<const std::vector<NameRule>> parts) {
  StateDict state = ModelState(ReadTorchFile(path), path.string());
  // Joints alone can be taken from a file that has the root's path as well.
  const StateDict own = NamedTensors(network, names);
  const auto is_path = [](const auto& item) { return item.first.starts_with("model_traj."); };
  if (std::ranges::none_of(own, is_path)) std::erase_if(state, is_path);
  for (const std::vector<NameRule>& part : parts) {
    const StateDict targets = PartOf(own, part);
    if (HaveSameNames(targets, state)) return CopyState(targets, state, path.string());
  }
  SetState(network, state, path.string(), names);
}

TorchValue GetAdamState(const torch::optim::Adam& optimizer, const torch::nn::Module& module,
                        const Names& names) {
  TorchValue::Dict dict;
  for (const auto& item : module.named_parameters()) {
    const auto found = optimizer.state().find(StateKey(item.value()));
    if (found == optimizer.state().end()) continue;  // has had no gradient yet
    const auto& state = static_cast<const torch::optim::AdamParamState&>(*found->second);
    TorchValue::Dict entry = {{"step", state.step()},
                              {"exp_avg", state.exp_avg().cpu().clone()},
                              {"exp_avg_sq", state.exp_avg_sq().cpu().clone()}};
    if (state.max_exp_avg_sq().defined()) {  // of AMSGrad
      entry.emplace_back("max_exp_avg_sq", state.max_exp_avg_sq().cpu().clone());
    }
    dict.emplace_back(names.InFile(item.key()), std::move(entry));
  }
  return dict;
}

void SetAdamState(torch::optim::Adam& optimizer, const torch::nn::Module& module,
                  const TorchValue& state, const std::string& what, const Names& names) {
  AdamStates states;
  std::map<std::string, at::Tensor> parameters;
  for (const auto& item : module.named_parameters()) {
    parameters[names.InFile(item.key())] = item.value();
  }
  for (const auto& [name, entry] : state.AsDict(what)) {
    const std::string here = what + ": " + name;
    const auto found = parameters.find(names.InFile(name));
    if (found == parameters.end()) ThrowUserError("{} is no parameter of the network", here);
    const at::Tensor& parameter = found->second;
    const auto moment = [&](const char* key) {
      const at::Tensor& tensor = entry.At(key, here).AsTensor(here);
      if (tensor.sizes() != parameter.sizes()) {
        ThrowUserError("{}: {} is {} and should be {}", here, key, ShapeString(tensor),
                       ShapeString(parameter));
      }
      // In the parameter's own layout, as Adam would have made it.
      return at::empty_like(parameter, parameter.options().requires_grad(false)).copy_(tensor);
    };
    auto adam = std::make_unique<torch::optim::AdamParamState>();
    adam->step(entry.At("step", here).AsInt(here));
    adam->exp_avg(moment("exp_avg"));
    adam->exp_avg_sq(moment("exp_avg_sq"));
    if (entry.Find("max_exp_avg_sq")) adam->max_exp_avg_sq(moment("max_exp_avg_sq"));
    states[StateKey(parameter)] = std::move(adam);
  }
  optimizer.state() = std::move(states);
}

}  // namespace gyre
