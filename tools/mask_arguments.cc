// SPDX-License-Identifier: Apache-2.0
#include "tools/mask_arguments.h"

#include <fmt/format.h>

#include "core/error.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

const FlagNames& MaskFlags() {
  static const FlagNames names = {.prefix = "masks."};
  return names;
}

}  // namespace

void AddMaskOptions(cxxopts::Options& options) {
  options.add_options()("masks",
                        "Folder of masks, by which people are fitted too: NAME_N.png of the N-th "
                        "person from 0, or NAME.png with N + 1 where that is (docs/silhouettes.md)",
                        cxxopts::value<std::string>(), "DIR");
  AddFlags(options, "masks", SilhouetteOptions(), MaskFlags());
}

void CheckMaskArguments(const cxxopts::ParseResult& args, FitStages stages) {
  if (args.count("masks") == 0) {
    return RefuseFlags(args, SilhouetteOptions(), MaskFlags(), "--masks");
  }
  for (const char* other : {"sequence", "video", "problems"}) {
    if (args.count(other) == 0) continue;
    throw UsageError(fmt::format("--masks and --{} do not go together", other));
  }
  if (stages != FitStages::kBody) {
    throw UsageError("--masks move no hands and faces yet; leave the preset or --masks out");
  }
}

MaskChoice MaskChoiceOf(const cxxopts::ParseResult& args) {
  MaskChoice choice;
  if (args.count("masks") == 0) return choice;
  choice.folder = args["masks"].as<std::string>();
  if (choice.folder.empty()) throw UsageError("--masks names no folder");
  ApplyFlags(args, &choice.options, MaskFlags());
  choice.options.Check();
  return choice;
}

}  // namespace gyre
