// SPDX-License-Identifier: Apache-2.0
#include "fitting/default_start_network.h"

// The assembler copies the file's bytes; the build passes its path.
asm(R"(
    .section .rodata
    .balign 16
    .global gyre_default_start_network_begin
    .global gyre_default_start_network_end
gyre_default_start_network_begin:
    .incbin ")" GYRE_DEFAULT_START_NETWORK R"("
gyre_default_start_network_end:
    .previous
)");

extern "C" const char gyre_default_start_network_begin[];
extern "C" const char gyre_default_start_network_end[];

namespace gyre {

std::string_view DefaultStartNetworkFile() {
  return {gyre_default_start_network_begin, gyre_default_start_network_end};
}

}  // namespace gyre
