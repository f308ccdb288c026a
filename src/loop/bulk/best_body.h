// SPDX-License-Identifier: Apache-2.0
// Everybody with the body that explains them best: one of several genders, say.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gyre {

// Of each body of `gyre fit --body A --body B` the file that its fits go to, beside `out` and named
// after both: fits.A.npz, fits.B.npz; with a number where two are called alike.
std::vector<std::filesystem::path> OutOfEachBody(const std::filesystem::path& out,
                                                 const std::vector<std::string>& bodies);

// Puts the results of runs together that differ in their body alone: of each person the row with
// the lowest `objective` among the usable, the first file's where none is. `chosen_body` [N] says
// whose it is, and the file's own body is BodyIdentity::OfSeveral. UserError where the runs differ
// in more, or the bodies in their layout, and where `out` holds something else, unless `force`.
void ChooseBodies(const std::vector<std::filesystem::path>& fits, const std::filesystem::path& out,
                  bool force);
// How many each body was chosen for, as `bodies` were given.
std::vector<int64_t> CountChosen(const std::filesystem::path& out,
                                 const std::vector<std::string>& bodies);

}  // namespace gyre
