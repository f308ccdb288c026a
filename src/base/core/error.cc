// SPDX-License-Identifier: Apache-2.0
#include "core/error.h"

namespace gyre {

void ThrowContractError(const char* file, int line, const char* condition,
                        const std::string& message) {
  throw std::logic_error(fmt::format("{}:{}: broken contract: {}{}{}", file, line, condition,
                                     message.empty() ? "" : ": ", message));
}

}  // namespace gyre
