// SPDX-License-Identifier: Apache-2.0
// What `gyre fit` leaves besides its rows: the file they are in, the summary.
#pragma once

#include <filesystem>

namespace gyre {

struct FitReport;  // bulk_fit.h

// The file itself where --out is a link to one, so that the lock is on the file.
std::filesystem::path ResolveOut(const std::filesystem::path& out);

// Everything that can go wrong with --out, before the work: UserError.
void CheckOut(const std::filesystem::path& out);

// Removes what killed runs left of writing `out`: no other process writes it, the journal's lock
// says so.
void RemoveTemporaries(const std::filesystem::path& out);

// Prints the summary, from the file itself; what was done now is in `report`.
void ReportFits(const std::filesystem::path& out, const FitReport& report, bool as_json);

}  // namespace gyre
