// SPDX-License-Identifier: Apache-2.0
// gyre fits: what a training run found, taken out of its store and brought together.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "fitting/store/fit_exchange.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPathHelp = "A run's folder, its fits.store or val_fits.store, or an export";

cxxopts::Options Options(const char* name, const char* summary, const char* positional) {
  cxxopts::Options cli(name, summary);
  cli.set_width(100);
  cli.add_options()("paths", kPathHelp, cxxopts::value<std::vector<std::string>>())(
      "dataset", "Name of the data set that fits in SPIN's layout are of",
      cxxopts::value<std::string>()->default_value(""), "NAME");
  cli.parse_positional({"paths"});
  cli.positional_help(positional);
  AddQuietOption(cli);
  return cli;
}

std::vector<fs::path> Paths(const cxxopts::ParseResult& args, size_t least, size_t most) {
  std::vector<fs::path> paths;
  if (args.count("paths")) {
    for (const std::string& path : args["paths"].as<std::vector<std::string>>()) {
      paths.emplace_back(path);
    }
  }
  if (paths.size() < least || paths.size() > most) {
    throw UsageError(
        fmt::format("{} given, {} needed; see --help",
                    paths.size() == 1 ? "1 path" : fmt::format("{} paths", paths.size()),
                    least == most ? fmt::format("{}", least) : fmt::format("at least {}", least)));
  }
  return paths;
}

std::string DatasetOf(const cxxopts::ParseResult& args) {
  return args["dataset"].as<std::string>();
}

nlohmann::ordered_json Describe(const FitFile& file) {
  using Json = nlohmann::ordered_json;
  Json sets = Json::array();
  std::vector<int64_t> fits(file.datasets().size());
  std::array<int64_t, 4> by_source{};
  double score = 0;
  int64_t scored = 0, first_step = 0, last_step = 0, all = 0;
  for (int64_t p = file.NextUsed(0); p < file.size(); p = file.NextUsed(p + 1)) {
    const std::optional<StoredFit> fit = file.Read(p);
    if (!fit) continue;
    ++fits[static_cast<size_t>(file.At(p).first)];
    ++by_source[static_cast<size_t>(fit->source)];
    first_step = all == 0 ? fit->step : std::min(first_step, fit->step);
    last_step = all == 0 ? fit->step : std::max(last_step, fit->step);
    ++all;
    if (!std::isfinite(fit->score_px2)) continue;
    score += fit->score_px2;
    ++scored;
  }
  for (size_t i = 0; i < fits.size(); ++i) {
    const FitRows& set = file.datasets()[i];
    sets.push_back({{"name", set.name}, {"rows", set.rows}, {"fits", fits[i]}});
  }
  Json sources;
  for (int i = 0; i < 4; ++i) {
    if (by_source[i] > 0) sources[EnumName(static_cast<FitSource>(i))] = by_source[i];
  }
  const FitLayout& layout = file.layout();
  return {{"file", file.path().string()},
          {"layout",
           {{"family", layout.family},
            {"joints", layout.num_joints()},
            {"betas", layout.num_betas},
            {"expression", layout.num_expression}}},
          {"datasets", sets},
          {"fits", all},
          {"sources", sources},
          {"mean_score_px2", scored > 0 ? Json(score / static_cast<double>(scored)) : Json()},
          {"first_step", first_step},
          {"last_step", last_step},
          {"openings", file.openings()},
          {"disk_bytes", file.DiskBytes()}};
}

int RunStoreInfo(int argc, char** argv) {
  cxxopts::Options cli = Options("gyre fits info", "Tells what a store of fits holds.", "PATH");
  cli.add_options()("json", "One JSON object on stdout");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const FitFile file = ReadFits(Paths(args, 1, 1)[0], DatasetOf(args));
  const nlohmann::ordered_json json = Describe(file);
  if (args.count("json")) {
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  for (const auto& set : json["datasets"]) {
    fmt::print("{}: {} fits for {} rows\n", set["name"].get<std::string>(),
               set["fits"].get<int64_t>(), set["rows"].get<int64_t>());
  }
  fmt::print("of the body {}\n", file.layout().Describe());
  std::string sources;
  for (const auto& [name, count] : json["sources"].items()) {
    sources += fmt::format("{}{} {}", sources.empty() ? "" : ", ", count.get<int64_t>(), name);
  }
  fmt::print("sources: {}\n", sources.empty() ? "none" : sources);
  if (json["mean_score_px2"].is_number()) {
    fmt::print("mean score: {:.3f} px^2\n", json["mean_score_px2"].get<double>());
  }
  fmt::print("found in steps {} to {}\n", json["first_step"].get<int64_t>(),
             json["last_step"].get<int64_t>());
  fmt::print("on disk: {:.0f} kB, opened for writing {} times\n",
             json["disk_bytes"].get<double>() / 1e3, json["openings"].get<int64_t>());
  return 0;
}

int RunVerify(int argc, char** argv) {
  cxxopts::Options cli = Options(
      "gyre fits verify",
      "Reads every record and checks it. Exit code 0: all are as they were written.", "PATH");
  cli.add_options()("json", "One JSON object on stdout");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const FitFile file = ReadFits(Paths(args, 1, 1)[0], DatasetOf(args));
  const FitFile::Census census = file.Verify();
  if (args.count("json")) {
    const nlohmann::ordered_json json = {
        {"file", file.path().string()},    {"fits", census.fits},
        {"older", census.older},           {"rolled_back", census.rolled_back},
        {"unfinished", census.unfinished}, {"damaged", census.damaged}};
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print("{} fits, {} older ones behind them, {} rolled back, {} unfinished, {} damaged\n",
               census.fits, census.older, census.rolled_back, census.unfinished, census.damaged);
    for (const int64_t position : census.damaged_positions) {
      const auto [set, row] = file.At(position);
      fmt::print("damaged: {} {}\n", file.datasets()[static_cast<size_t>(set)].name, row);
    }
  }
  return census.damaged == 0 ? 0 : 1;
}

int RunExport(int argc, char** argv) {
  cxxopts::Options cli = Options(
      "gyre fits export", "Writes fits as an .npz for NumPy, or in one of SPIN's layouts.", "PATH");
  cli.add_options()("out", ".npz, or .npy for SPIN's [rows, 82]", cxxopts::value<std::string>(),
                    "FILE")("spin", "SPIN's keys in the .npz: pose, shape, has_smpl");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const fs::path out = Required(args, "out");
  const bool npy = out.extension() == ".npy";
  if (!npy && out.extension() != ".npz") {
    throw UsageError(fmt::format("--out {}: must end in .npz or .npy", out.string()));
  }
  const FitFile file = ReadFits(Paths(args, 1, 1)[0], DatasetOf(args));
  std::string dataset = DatasetOf(args);
  if (!npy && args.count("spin") == 0) {
    ExportFits(file, out, dataset);
    return 0;
  }
  if (dataset.empty() && file.datasets().size() == 1) dataset = file.datasets()[0].name;
  if (dataset.empty()) {
    throw UsageError("SPIN's layouts hold one data set; choose it with --dataset NAME");
  }
  ExportSpinFits(file, out, dataset);
  return 0;
}

int RunMerge(int argc, char** argv) {
  cxxopts::Options cli =
      Options("gyre fits merge", "Takes the best fit of each sample into a new store.", "PATH...");
  cli.add_options()("out", "The new store", cxxopts::value<std::string>(), "FILE");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const fs::path out = Required(args, "out");
  MergeFits(Paths(args, 1, std::numeric_limits<size_t>::max()), out, DatasetOf(args));
  return 0;
}

int RunDiff(int argc, char** argv) {
  cxxopts::Options cli = Options(
      "gyre fits diff", "Compares two stores fit by fit. Exit code 0: they hold the same.", "A B");
  cli.add_options()("json", "One JSON object on stdout");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const std::vector<fs::path> paths = Paths(args, 2, 2);
  const FitDifferences d =
      CompareFits(ReadFits(paths[0], DatasetOf(args)), ReadFits(paths[1], DatasetOf(args)));
  if (args.count("json")) {
    const nlohmann::ordered_json json = {{"equal", d.equal},
                                         {"different", d.different},
                                         {"only_first", d.only_first},
                                         {"only_second", d.only_second}};
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print("{} equal, {} different, {} only in the first, {} only in the second\n", d.equal,
               d.different, d.only_first, d.only_second);
  }
  return d.None() ? 0 : 1;
}

}  // namespace

int RunFits(int argc, char** argv) {
  const std::vector<Subcommand> commands = {
      {"info", "What a store holds", RunStoreInfo},
      {"verify", "Check every record", RunVerify},
      {"export", "Write an .npz, or SPIN's layouts", RunExport},
      {"merge", "The best of several, into a new store", RunMerge},
      {"diff", "Compare two", RunDiff},
  };
  return Dispatch(argv[0], commands, argc, argv);
}

}  // namespace gyre
