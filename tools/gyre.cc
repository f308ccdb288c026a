// SPDX-License-Identifier: Apache-2.0
// The gyre program: a table of subcommands, and what becomes of their errors.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <opencv2/core/utility.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/printable.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace {

int RunVersion(int, char**) {
  fmt::print("gyre {}\n", GYRE_VERSION);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cv::setNumThreads(1);  // gyre's own threads are enough
  // Standard output belongs to results; everything said along the way goes to standard error.
  spdlog::set_default_logger(spdlog::stderr_color_mt("gyre"));
  spdlog::set_pattern("%^%l%$: %v");
  const std::vector<gyre::Subcommand> commands = {
      {"train", "Train a regressor with the fitter in its loop", gyre::RunTrain},
      {"fit", "Fit the body to 2D keypoints", gyre::RunFit},
      {"predict", "Write the bodies that a trained network sees", gyre::RunPredict},
      {"detect", "Find people and their keypoints in pictures", gyre::RunDetect},
      {"fits", "Describe, verify, export, merge and compare stored fits", gyre::RunFits},
      {"export", "Write fitted bodies as animation for other programs", gyre::RunExportAnimation},
      {"eval", "Evaluate a checkpoint or stored fits", gyre::RunEval},
      {"compare", "Two training runs side by side", gyre::RunCompare},
      {"experiment", "Run the arms of an experiment and report on them", gyre::RunExperiment},
      {"body", "Make, describe, import and pose body models", gyre::RunBody},
      {"prior", "Train and inspect pose priors", gyre::RunPrior},
      {"start", "Train and inspect networks that start fits", gyre::RunStart},
      {"data", "Check, show and make data sets", gyre::RunData},
      {"bench", "Measure speed and accuracy", gyre::RunBench},
      {"version", "Print the version", RunVersion},
  };
  try {
    if (argc == 2 && std::string_view(argv[1]) == "--version") return RunVersion(argc, argv);
    return gyre::Dispatch("gyre", commands, argc, argv);
  } catch (const gyre::UsageError& error) {
    fmt::print(stderr, "gyre: {}\n", gyre::Printable(error.what()));
    return 2;
  } catch (const gyre::UserError& error) {
    fmt::print(stderr, "gyre: {}\n", gyre::Printable(error.what()));
    return 1;
  } catch (const std::filesystem::filesystem_error& error) {  // a name too long, links in a ring
    fmt::print(stderr, "gyre: {}: {}\n", gyre::Printable(error.path1().string()),
               error.code().message());
    return 1;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "gyre: out of memory; use a smaller batch or fewer loader threads\n");
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "gyre: internal error: {}\n", error.what());
    return 1;
  }
}
