// SPDX-License-Identifier: Apache-2.0
// Leeds Sports Pose and its extension (Johnson & Everingham, BMVC 2010 and CVPR 2011):
// DIR/joints.mat with `joints` and DIR/images/im0001.jpg (LSP), im00001.jpg (LSPET).
//   LSPET  joints [14,3,10000]; third value 1: annotated, 0: not annotated, x and y mean nothing
//   LSP    joints [3,14,2000];  third value 0: visible, 1: occluded but annotated (the opposite)
// Joints are person-centric in the order of "lsp14". Coordinates are taken as they stand.
#pragma once

#include <filesystem>

#include "datasets/readers/row_reader.h"

namespace gyre {

enum class LspKind { kLsp, kLspet };

struct LspOptions : ReaderOptions {  // `images` is DIR/images
  LspKind kind = LspKind::kLspet;
  bool all_annotated = false;  // as SPIN reads LSPET: the third value is ignored
};

// Row numbers (Person::index) are the pictures' numbers minus 1.
void ReadLsp(const std::filesystem::path& dir, const LspOptions& options, const PersonSink& sink);

}  // namespace gyre
