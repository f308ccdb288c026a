// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/checkpoint.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "regressor/torch_file.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

constexpr const char* kFormat = "gyre 2";

}  // namespace

void WriteCheckpoint(const std::filesystem::path& folder, int64_t step, double train_seconds,
                     const Trained& trained) {
  const auto& [network, optimizer, names] = trained;
  WriteTorchFile(folder / "network.pt",
                 TorchValue::Dict{{"format", kFormat},
                                  {"step", step},
                                  {"model", GetState(network, names)},
                                  {"adam", GetAdamState(optimizer, network, names)}});
  WriteFileAtomically(folder / "state.json",
                      nlohmann::json({{"train_seconds", train_seconds}}).dump() + "\n");
}

CheckpointState ReadCheckpoint(const std::filesystem::path& folder, const Trained& trained) {
  const std::string what = (folder / "network.pt").string();
  const TorchValue file = ReadTorchFile(what);
  if (file.At("format", what).AsString(what) != kFormat) {
    ThrowUserError("{}: written by another version of gyre", what);
  }
  const nlohmann::json seconds =
      nlohmann::json::parse(ReadFile(folder / "state.json"), nullptr, /*allow_exceptions=*/false);
  if (!seconds.is_object() || !seconds.contains("train_seconds") ||
      !seconds["train_seconds"].is_number()) {
    ThrowUserError("{}: not the state of a checkpoint", (folder / "state.json").string());
  }
  const CheckpointState state{file.At("step", what).AsInt(what),
                              seconds["train_seconds"].get<double>()};
  const StateDict weights = file.At("model", what).AsStateDict(what);
  const auto& [network, optimizer, names] = trained;
  SetAdamState(optimizer, network, file.At("adam", what), what, names);
  SetState(network, weights, what, names);
  return state;
}

}  // namespace gyre
