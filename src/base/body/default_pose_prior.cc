// SPDX-License-Identifier: Apache-2.0
#include "body/default_pose_prior.h"

// The assembler copies the file's bytes; the build passes its path.
asm(R"(
    .section .rodata
    .balign 16
    .global gyre_default_pose_prior_begin
    .global gyre_default_pose_prior_end
gyre_default_pose_prior_begin:
    .incbin ")" GYRE_DEFAULT_POSE_PRIOR R"("
gyre_default_pose_prior_end:
    .previous
)");

extern "C" const char gyre_default_pose_prior_begin[];
extern "C" const char gyre_default_pose_prior_end[];

namespace gyre {

std::string_view DefaultPosePriorFile() {
  return {gyre_default_pose_prior_begin, gyre_default_pose_prior_end};
}

}  // namespace gyre
