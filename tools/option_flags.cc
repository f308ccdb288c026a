// SPDX-License-Identifier: Apache-2.0
#include "tools/option_flags.h"

#include "core/error.h"

namespace gyre {

std::string FlagOf(std::string field) {
  std::replace(field.begin(), field.end(), '_', '-');
  return field;
}

std::optional<std::string> GivenText(const cxxopts::ParseResult& args, const std::string& flag,
                                     const std::string* short_name) {
  const bool by_flag = args.count(flag) > 0;
  const bool by_short_name = short_name && args.count(*short_name) > 0;
  if (by_flag && by_short_name) {
    throw UsageError(
        fmt::format("--{} and --{} are the same; give one of them", *short_name, flag));
  }
  if (by_flag) return args[flag].as<std::string>();
  if (by_short_name) return args[*short_name].as<std::string>();
  return std::nullopt;
}

}  // namespace gyre
