// SPDX-License-Identifier: Apache-2.0
// gyre bench ranks: what passes between the ranks of a training step, and how fast.
#include <ATen/ops/ones.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "loop/runs/ranks.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"

namespace gyre {

int RunBenchRanks(int argc, char** argv) {
  std::vector<int> sizes_mb;
  int runs;
  std::string device;
  cxxopts::Options options("gyre bench ranks",
                           "Time what ranks exchange; started as gyre train on several ranks is.");
  options.add_options()("mb", "Sizes to average, as gradients are; with commas between",
                        cxxopts::value<std::vector<int>>(sizes_mb)->default_value("1,25,100"), "N")(
      "runs", "Times are medians of so many runs", cxxopts::value<int>(runs)->default_value("21"),
      "N")("device", "cpu or cuda", cxxopts::value<std::string>(device)->default_value("cpu"))(
      "json", "Print one JSON object");
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  if (runs < 1 || std::ranges::min(sizes_mb) < 1 || std::ranges::max(sizes_mb) > 4096) {
    throw UsageError("--runs must be 1 or more, and --mb in 1..4096");
  }
  using std::chrono::seconds;
  Ranks ranks(ReadRankEnvironment([](const char* name) { return std::getenv(name); }),
              /*start_timeout=*/seconds(300), /*timeout=*/seconds(45));
  if (ranks.count() == 1) {
    ThrowUserError(
        "there is one rank; start several with torchrun, mpirun or srun as in README's \"Several "
        "machines\"");
  }
  InitRuntime(1);
  // As a step does with its loss: a few numbers that all must have before they go on.
  const double small_ms = MedianDuration(10 * runs, [&] { ranks.Sum({1, 2, 3}); }).ms;
  nlohmann::json json = {{"ranks", ranks.count()}, {"small_ms", small_ms}};
  for (const int mb : sizes_mb) {
    const at::Tensor tensor =
        at::ones({int64_t{mb} * 1'000'000 / 4}, at::kFloat).to(ranks.DeviceFromName(device));
    const double ms = MedianDuration(runs, [&] { ranks.Mean().Of(tensor)[0].item<float>(); }).ms;
    // Of a ring, what every rank sends.
    const double sent_mb = 2.0 * mb * (ranks.count() - 1) / ranks.count();
    json["rows"].push_back({{"mb", mb}, {"ms", ms}, {"mb_per_s", 1e3 * sent_mb / ms}});
  }
  if (!ranks.first()) return 0;
  if (args.count("json")) {
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  fmt::print("{} ranks; a few numbers: {:.3f} ms\n{:>6}{:>12}{:>18}\n", ranks.count(), small_ms,
             "MB", "ms", "MB/s of a rank");
  for (const nlohmann::json& row : json["rows"]) {
    fmt::print("{:>6}{:>12.2f}{:>18.0f}\n", row["mb"].get<int>(), row["ms"].get<double>(),
               row["mb_per_s"].get<double>());
  }
  return 0;
}

}  // namespace gyre
