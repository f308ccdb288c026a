// SPDX-License-Identifier: Apache-2.0
// What `gyre fit` leaves besides its rows: the file they are in, pictures, the summary.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "body/body_model.h"
#include "io/journal.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/fit_sequence.h"

namespace gyre {

// The file itself where --out is a link to one, so that the lock is on the file.
std::filesystem::path ResolveOut(const std::filesystem::path& out);

// Everything that can go wrong with --out, before the work: UserError.
void CheckOut(const std::filesystem::path& out);

// Removes what killed runs left of writing `out`: no other process writes it, the journal's lock
// says so.
void RemoveTemporaries(const std::filesystem::path& out);

// One picture per photograph with every usable body, the farthest first; of the first `max`
// photographs (0: all). `like`: see DecodeRow.
void WriteOverlays(const std::filesystem::path& folder, int64_t max, const BodyModel& body,
                   const Journal& journal, const FitRow& like);

// Prints the summary, from the file itself. `fitted`, `seconds` and `sequence`: of this run alone.
void ReportFits(const std::filesystem::path& out, int64_t fitted, double seconds, bool as_json,
                const std::optional<SequenceReport>& sequence = {});

}  // namespace gyre
