// SPDX-License-Identifier: Apache-2.0
// Python objects in .npz files: np.savez keeps a dict as a pickled array of one object. Read as
// data (io/pickle.h); nothing is executed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "io/pickle.h"

namespace gyre {

struct NpzObject {
  Pickle pickle;
  const PickleValue* value = nullptr;  // of `pickle`
};

// UserError names the file and the key when it is not there or is no such array.
NpzObject ReadNpzObject(const std::filesystem::path& path, const std::string& key);
// `content` is a whole .npy file; `what` names it in errors.
NpzObject ParseNpyObject(std::string_view content, const std::string& what);

}  // namespace gyre
