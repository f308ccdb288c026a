// SPDX-License-Identifier: Apache-2.0
#include "loop/checkpoint.h"

#include "core/error.h"
#include "regressor/torch_file.h"
#include "regressor/weights.h"

namespace gyre {
namespace {

constexpr const char* kFormat = "gyre 1";

}  // namespace

void WriteCheckpoint(const std::filesystem::path& folder, int64_t step, double train_seconds,
                     const HmrNet& network, const torch::optim::Adam& optimizer,
                     const FitStore& fits, const FitStore* val_fits) {
  WriteTorchFile(folder / "network.pt",
                 TorchValue::Dict{{"format", kFormat},
                                  {"step", step},
                                  {"train_seconds", train_seconds},
                                  {"model", GetState(*network)},
                                  {"adam", GetAdamState(optimizer, *network)}});
  fits.Save(folder / "fits.npz");
  if (val_fits) val_fits->Save(folder / "val_fits.npz");
}

CheckpointState ReadCheckpoint(const std::filesystem::path& folder, HmrNet& network,
                               torch::optim::Adam& optimizer, const StorePolicy& policy) {
  const std::string what = (folder / "network.pt").string();
  const TorchValue file = ReadTorchFile(what);
  if (file.At("format", what).AsString(what) != kFormat) {
    ThrowUserError("{}: written by another version of gyre", what);
  }
  CheckpointState state{file.At("step", what).AsInt(what),
                        file.At("train_seconds", what).AsDouble(what),
                        FitStore::Load(folder / "fits.npz", policy), FitStore(policy)};
  if (std::filesystem::exists(folder / "val_fits.npz")) {
    state.val_fits = FitStore::Load(folder / "val_fits.npz", policy);
  }
  const StateDict weights = file.At("model", what).AsStateDict(what);
  SetAdamState(optimizer, *network, file.At("adam", what), what);
  SetState(*network, weights, what);
  return state;
}

}  // namespace gyre
