// SPDX-License-Identifier: Apache-2.0
#include "fuzz/fuzz_target.h"
#include "regressor/torch_file.h"

namespace gyre {
namespace {

// A checkpoint of torch.save, in either of its formats.
const FuzzTarget kCheckpoint(
    "checkpoint", [](const std::string& bytes) { ReadTorchFile(AsFile(bytes, "input.pt")); },
    /*is_zip=*/true);

}  // namespace
}  // namespace gyre
