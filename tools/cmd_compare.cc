// SPDX-License-Identifier: Apache-2.0
// gyre compare: two training runs side by side.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "loop/report/run_comparison.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {

int RunCompare(int argc, char** argv) {
  cxxopts::Options cli(argv[0],
                       "Two training runs side by side: options that differ, metrics, whom the "
                       "network sees better or worse, fits of held-out people.");
  cli.set_width(100);
  cli.add_options()("runs", "Two runs", cxxopts::value<std::vector<std::string>>())(
      "people", "So many of the best and of the worst changes",
      cxxopts::value<int>()->default_value("10"),
      "N")("out", "Also write a page with all of it, and both runs' pictures of the same people",
           cxxopts::value<std::string>(), "FILE.html")("json", "One JSON object on stdout");
  cli.parse_positional({"runs"});
  cli.positional_help("A B");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const auto runs =
      args.count("runs") ? args["runs"].as<std::vector<std::string>>() : std::vector<std::string>();
  if (runs.size() != 2) {
    throw UsageError(fmt::format("{} runs given, 2 needed; see gyre compare --help", runs.size()));
  }
  const int people = args["people"].as<int>();
  if (people < 0) throw UsageError(fmt::format("--people is {}; it must be 0 or more", people));
  const RunComparison comparison = CompareRuns(runs[0], runs[1]);
  if (args.count("json")) {
    fmt::print("{}\n", ToJson(comparison, people).dump(2));
  } else {
    fmt::print("{}", Describe(comparison, people));
  }
  if (args.count("out")) {
    WriteReport(ReportOf(comparison, people), args["out"].as<std::string>());
  }
  return 0;
}

}  // namespace gyre
