// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/checkpoint.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "fitting/store/fit_origin.h"
#include "regressor/torch_file.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

constexpr const char* kFormat = "gyre 2";

nlohmann::json ReadState(const std::filesystem::path& folder) {
  nlohmann::json state =
      nlohmann::json::parse(ReadFile(folder / "state.json"), nullptr, /*allow_exceptions=*/false);
  if (!state.is_object() || !state.contains("train_seconds") ||
      !state["train_seconds"].is_number()) {
    ThrowUserError("{}: not the state of a checkpoint", (folder / "state.json").string());
  }
  return state;
}

}  // namespace

void WriteCheckpoint(const std::filesystem::path& folder, const CheckpointState& state,
                     const Trained& trained) {
  const auto& [network, optimizer, names] = trained;
  WriteTorchFile(folder / "network.pt",
                 TorchValue::Dict{{"format", kFormat},
                                  {"step", state.step},
                                  {"model", GetState(network, names)},
                                  {"adam", GetAdamState(optimizer, network, names)}});
  FitOrigin origin;
  origin.body = state.body;
  nlohmann::json json = ToJson(origin);
  json["train_seconds"] = state.train_seconds;
  WriteFileAtomically(folder / "state.json", json.dump() + "\n");
}

CheckpointState ReadCheckpoint(const std::filesystem::path& folder, const Trained& trained) {
  const std::string what = (folder / "network.pt").string();
  const TorchValue file = ReadTorchFile(what);
  if (file.At("format", what).AsString(what) != kFormat) {
    ThrowUserError("{}: written by another version of gyre", what);
  }
  const nlohmann::json json = ReadState(folder);
  const CheckpointState state{file.At("step", what).AsInt(what),
                              json["train_seconds"].get<double>(),
                              FitOriginFromJson(json, (folder / "state.json").string()).body};
  const StateDict weights = file.At("model", what).AsStateDict(what);
  const auto& [network, optimizer, names] = trained;
  SetAdamState(optimizer, network, file.At("adam", what), what, names);
  SetState(network, weights, what, names);
  return state;
}

BodyIdentity BodyOfCheckpoint(const std::filesystem::path& folder) {
  return FitOriginFromJson(ReadState(folder), (folder / "state.json").string()).body;
}

}  // namespace gyre
