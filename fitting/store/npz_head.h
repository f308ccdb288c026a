// SPDX-License-Identifier: Apache-2.0
// What an .npz of bodies says once, of all its rows: of which body they are, what their scores
// measure, and what its keys mean. `gyre fit`, `gyre predict` and `gyre fits export` write the
// same.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitting/store/fit_fields.h"
#include "fitting/store/fit_layout.h"
#include "fitting/store/fit_origin.h"
#include "io/npz.h"

namespace gyre {

struct NpzHead {
  FitLayout layout;
  FitOrigin origin;
};

// Its keys, which are no columns of rows.
std::vector<FieldDoc> HeadFields();
bool IsHeadKey(std::string_view key);

// The head of a file with these columns.
std::vector<NpzColumn> HeadColumns(const NpzHead& head, std::span<const FieldDoc> columns);
// UserError names the key at fault. SMPL's layout where the file says none, as older versions wrote
// for SMPL; the origin as far as it is known.
NpzHead ReadHead(const Npz& npz, const std::filesystem::path& path);
// The same of a file, whose columns are not read.
NpzHead ReadHead(const std::filesystem::path& path);

}  // namespace gyre
