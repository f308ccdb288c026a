// SPDX-License-Identifier: Apache-2.0
// The stored fits of the training people that are least likely right at a run's end, the lowest
// first: unlikely_fits.jsonl in the run's folder, an object a line,
//   {"dataset": "lspet", "row": 7, "image": "im00008.jpg", "quality": 0.04, "robust_px2": 61.5}
// (robust_px2 null where it is not finite), and pictures/unlikely_00.jpg, ... of them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "datasets/decorators/mixture.h"
#include "loop/report/report.h"
#include "loop/runs/run_directory.h"
#include "loop/training/fit_quality.h"

namespace gyre {

inline constexpr const char* kUnlikelyFitsFile = "unlikely_fits.jsonl";

// `quality` is of `data`; draws up to `pictures` of the fits. Who has no picture that can be read
// is in the file alone. Writes nothing where nothing was judged.
void WriteUnlikelyFits(const RunDirectory& run, const FitQuality& quality, const Mixture& data,
                       const BodyModel& body, int pictures);

// Those that the run's folder holds; without rows when it holds none. `summary`: the run's. Lines
// that are torn are passed over.
ReportSection UnlikelySection(const RunDirectory& run, const nlohmann::json& summary);

}  // namespace gyre
