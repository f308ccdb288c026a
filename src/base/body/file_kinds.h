// SPDX-License-Identifier: Apache-2.0
// What a file is, by its keys: for sentences about files that were given in another's place.
#pragma once

#include <span>
#include <string>

namespace gyre {

// "; it is motion capture, which gyre prior train --npz reads" of a file with those keys, or
// "; it holds 'a', 'b'" when nobody knows.
std::string WhatKeysAre(std::span<const std::string> keys);

// "SMPL-X", "MANO", ... by a mesh's vertices and joints; empty when nobody knows.
std::string_view ModelOf(int64_t vertices, int64_t joints);

}  // namespace gyre
