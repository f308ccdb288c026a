// SPDX-License-Identifier: Apache-2.0
// Flags made from the option structs' lists of fields (core/option_fields.h): fit.sigma_px is set
// by
// --fit.sigma-px VALUE.
#pragma once

#include <algorithm>
#include <cxxopts.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/option_fields.h"
#include "core/option_text.h"
#include "tools/cli.h"

namespace gyre {

struct FlagNames {
  std::string prefix = {};                // before the fields' names: "fit."
  std::vector<std::string> without = {};  // fields that have no flag
  // Field to a second flag that is taken and not listed: min_observed_joints to "min-joints".
  std::map<std::string, std::string> short_names = {};

  bool Has(const std::string& field) const {
    return std::find(without.begin(), without.end(), field) == without.end();
  }
  // Null when there is none.
  const std::string* ShortOf(const std::string& field) const {
    const auto found = short_names.find(field);
    return found == short_names.end() ? nullptr : &found->second;
  }
};

// "fit.sigma_px" to "fit.sigma-px".
std::string FlagOf(std::string field);

// What was given for a flag or for its short name. UsageError when it is both.
std::optional<std::string> GivenText(const cxxopts::ParseResult& args, const std::string& flag,
                                     const std::string* short_name = nullptr);

// The help of a field: with the names that an enum has, and the value without the flag.
template <typename T>
std::string FlagHelp(const char* help, const T& value) {
  std::string text = help;
  if constexpr (std::is_enum_v<T>) text += fmt::format(" ({})", EnumNameList<T>(" or "));
  return fmt::format("{} [{}]", text, OptionToText(value));
}

// A flag for every field; its help shows the value in `defaults`. Fields of structs inside are in
// groups of their own, the others in `group`.
template <HasFields Options>
void AddFlags(cxxopts::Options& cli, const std::string& group, const Options& defaults,
              const FlagNames& names = {}) {
  ForEachField(defaults, [&](const std::string& field, const auto& value, const char* help) {
    if (!names.Has(field)) return;
    const std::string name = names.prefix + field;
    const size_t dot = field.find('.');
    const std::string of = dot == std::string::npos ? group : name.substr(0, name.rfind('.'));
    cli.add_options(of)(FlagOf(name), FlagHelp(help, value), cxxopts::value<std::string>());
    if (const std::string* other = names.ShortOf(field)) {
      cli.add_options(kHidden)(*other, fmt::format("{}: --{}", FlagHelp(help, value), FlagOf(name)),
                               cxxopts::value<std::string>());
    }
  });
}

// UsageError when a flag of the options is given without `owner`, which they belong to.
template <HasFields Options>
void RefuseFlags(const cxxopts::ParseResult& args, const Options& options, const FlagNames& names,
                 const char* owner) {
  ForEachField(options, [&](const std::string& field, const auto&, const char*) {
    const std::string flag = FlagOf(names.prefix + field);
    const std::string* other = names.ShortOf(field);
    if (args.count(flag) == 0 && (other == nullptr || args.count(*other) == 0)) return;
    throw UsageError(fmt::format("--{} belongs to {}", flag, owner));
  });
}

// Sets the fields whose flags were given. UsageError names the flag.
template <HasFields Options>
void ApplyFlags(const cxxopts::ParseResult& args, Options* options, const FlagNames& names = {}) {
  ForEachField(*options, [&](const std::string& field, auto& value, const char*) {
    if (!names.Has(field)) return;
    const std::string flag = FlagOf(names.prefix + field);
    const std::string* other = names.ShortOf(field);
    const auto text = GivenText(args, flag, other);
    if (text) OptionFromText(*text, "--" + (args.count(flag) ? flag : *other), &value);
  });
}

}  // namespace gyre
