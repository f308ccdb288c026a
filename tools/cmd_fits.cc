// SPDX-License-Identifier: Apache-2.0
// gyre fits: what a training run found, taken out of its store and brought together.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/counted.h"
#include "core/error.h"
#include "datasets/dataset_spec.h"
#include "fitting/store/fit_cursor.h"
#include "fitting/store/fit_exchange.h"
#include "fitting/store/fit_npz.h"
#include "fitting/store/fit_pairs.h"
#include "fitting/store/fit_store.h"
#include "loop/bulk/fit_people.h"
#include "loop/report/fit_comparison.h"
#include "loop/runs/body_notes.h"
#include "loop/training/run_options.h"
#include "loop/training/supervisor.h"
#include "tools/body_choice.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/overwriting.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPathHelp =
    "A run's folder, its fits.store or val_fits.store, an export, or a result of gyre fit";

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

// The mean of scores, without what was not scored.
class MeanScore {
 public:
  void Add(double score) {
    if (!std::isfinite(score)) return;
    sum_ += score;
    ++count_;
  }
  nlohmann::ordered_json Json() const {
    return count_ > 0 ? nlohmann::ordered_json(sum_ / static_cast<double>(count_))
                      : nlohmann::ordered_json();
  }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

nlohmann::ordered_json Describe(const FitFile& file) {
  using Json = nlohmann::ordered_json;
  Json sets = Json::array();
  std::vector<int64_t> fits(file.datasets().size());
  std::array<int64_t, std::size(EnumNames<FitSource>::kAll)> by_source{};
  MeanScore score, robust;
  int64_t first_step = 0, last_step = 0, all = 0;
  for (int64_t p = file.NextUsed(0); p < file.size(); p = file.NextUsed(p + 1)) {
    const std::optional<StoredFit> fit = file.Read(p);
    if (!fit) continue;
    ++fits[static_cast<size_t>(file.At(p).first)];
    ++by_source[static_cast<size_t>(fit->source)];
    first_step = all == 0 ? fit->step : std::min(first_step, fit->step);
    last_step = all == 0 ? fit->step : std::max(last_step, fit->step);
    ++all;
    score.Add(fit->score_px2);
    if (fit->robust_px2 != 0) robust.Add(fit->robust_px2);  // 0: not kept
  }
  for (size_t i = 0; i < fits.size(); ++i) {
    const FitRows& set = file.datasets()[i];
    sets.push_back({{"name", set.name}, {"rows", set.rows}, {"fits", fits[i]}});
  }
  Json sources;
  for (size_t i = 0; i < by_source.size(); ++i) {
    if (by_source[i] > 0) sources[EnumName(static_cast<FitSource>(i))] = by_source[i];
  }
  const FitLayout& layout = file.layout();
  const FitOrigin& origin = file.origin();
  return {{"file", file.path().string()},
          {"body",
           {{"path", origin.body.path},
            {"extra_path", origin.body.extra_path},
            {"fingerprint", origin.body.fingerprint}}},
          {"layout",
           {{"family", layout.family},
            {"joints", layout.num_joints()},
            {"betas", layout.num_betas},
            {"expression", layout.num_expression}}},
          {"datasets", sets},
          {"fits", all},
          {"sources", sources},
          {"score_rule", origin.score_rule},
          {"score_fingerprint", origin.score_fingerprint},
          {"mean_score_px2", score.Json()},
          {"mean_robust_px2", robust.Json()},
          {"first_step", first_step},
          {"last_step", last_step},
          {"openings", file.openings()},
          {"disk_bytes", file.DiskBytes()}};
}

void PrintScores(const nlohmann::ordered_json& json) {
  const auto rule = json["score_rule"].get<std::string>();
  const bool own_bound =
      rule == EnumName(StoreRule::kSpin) || rule == EnumName(StoreRule::kGuarded);
  constexpr const char* kBound = "; store.accept_px2 bounds it with that rule";
  if (json["mean_score_px2"].is_number()) {
    fmt::print("mean score: {:.3f} px^2 (score_px2, {}{})\n", json["mean_score_px2"].get<double>(),
               rule.empty() ? "of an unknown store.rule, or of several" : "of store.rule " + rule,
               own_bound ? kBound : "");
  }
  if (json["mean_robust_px2"].is_number()) {
    fmt::print("mean robust error: {:.3f} px^2 (robust_px2{})\n",
               json["mean_robust_px2"].get<double>(), own_bound ? "" : kBound);
  }
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
    fmt::print("{}: {} for {}\n", set["name"].get<std::string>(),
               Counted(set["fits"].get<int64_t>(), "fits"),
               Counted(set["rows"].get<int64_t>(), "rows"));
  }
  fmt::print("of the body {}, {}\n",
             file.origin().body.Known() ? file.origin().body.Describe() : "(it does not say which)",
             file.layout().Describe());
  std::string sources;
  for (const auto& [name, count] : json["sources"].items()) {
    sources += fmt::format("{}{} {}", sources.empty() ? "" : ", ", count.get<int64_t>(), name);
  }
  fmt::print("sources: {}\n", sources.empty() ? "none" : sources);
  PrintScores(json);
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

// In a result people have the numbers that their file gives them.
Mixture OpenWithFileIds(const std::string& specs, const SceneSources& sources) {
  return OpenMixture(specs, sources, [](DatasetSpec* spec) {
    if (spec->kind() == "coco" || spec->kind() == "openpose") spec->Give("ids", "file");
  });
}

// The data sets that a run's fits are of: training and validation.
std::vector<std::shared_ptr<const Dataset>> DataOfRun(const fs::path& run) {
  const TrainOptions options = ReadRunOptions(run / "options.json");
  SceneSources sources;
  if (options.HasBody()) {
    sources.body = LoadBodyModel(options.body, options.joint_regressor_extra);
  }
  std::vector<std::shared_ptr<const Dataset>> sets;
  for (const std::string& specs : {options.data, options.val}) {
    if (specs.empty()) continue;
    for (const auto& set : OpenWithFileIds(specs, sources).sets) sets.push_back(set);
  }
  return sets;
}

// Says whose the fits are, by the data of --data or of their run; who stays without is told.
void NamePeople(const cxxopts::ParseResult& args, const fs::path& path, FitFile* file) {
  std::error_code ignored;
  const fs::path run = fs::is_directory(path) ? path : fs::absolute(path).parent_path();
  const bool of_run = fs::exists(run / "options.json", ignored) &&
                      (fs::is_directory(path) || FitFile::IsFitFile(path));
  std::vector<std::shared_ptr<const Dataset>> sets;
  std::string why = "--data SPEC says where it is";
  try {
    if (args.count("data")) {
      sets = OpenWithFileIds(args["data"].as<std::string>(), {}).sets;
    } else if (of_run) {
      sets = DataOfRun(run);
    }
  } catch (const UserError& error) {
    why = fmt::format("{}; {}", error.what(), why);
  }
  for (const FitRows& rows : file->datasets()) {
    const auto is_it = [&](const auto& set) {
      return set->name() == rows.name &&
             (rows.fingerprint.empty() || RowsOf(*set).fingerprint == rows.fingerprint);
    };
    const auto found = std::ranges::find_if(sets, is_it);
    if (found != sets.end()) {
      const OtherPeople others = ComparePeople(**found, *file);
      if (!others.Any()) SetSubjects(**found, file);
      for (const std::string& text : others.Texts()) {
        spdlog::warn(
            "{}: the data are not what they were when these fits were found, {}; what the file "
            "itself says of image, person, id and box stays: give the data that they are of",
            path.string(), text);
      }
      continue;
    }
    if (rows.rows == 0) continue;
    const int64_t first = file->NextUsed(file->Position(rows.name, 0));
    if (first >= file->size() || file->SubjectAt(first) != nullptr)
      continue;  // the file says it itself
    spdlog::warn(
        "data set '{}' is not at hand as it was when these fits were found, so image, person, id, "
        "box and the image's camera are left empty: {}",
        rows.name, why);
  }
}

OutputKind KindOfExport(bool npy, bool spin) {
  if (npy) return {.what = "table of fits in SPIN's layout", .start = "\x93NUMPY", .columns = 82};
  if (spin) {
    return {.what = "result of gyre fits export --spin", .keys = {"pose", "shape", "has_smpl"}};
  }
  return {.what = "result of gyre fits export", .keys = {"dataset", "step", "index", "about"}};
}

// SPIN's layouts have no room for it.
void TellSpinExport(const FitFile& file, const fs::path& out, const std::string& dataset) {
  int64_t rows = 0, with_fit = 0, position;
  for (const FitRows& set : file.datasets()) rows += set.name == dataset ? set.rows : 0;
  FitCursor cursor(file, dataset);
  for (StoredFit fit; cursor.Next(&position, &fit);) ++with_fit;
  const BodyIdentity& body = file.origin().body;
  spdlog::info(
      "{}: fits of the body {}, of data set '{}', {} with a fit and {} without; keep this "
      "line, SPIN's layouts have no place for it",
      out.string(), body.Known() ? body.Describe() : "(the fits do not say which)", dataset,
      Counted(with_fit, "rows"), rows - with_fit);
}

int RunExport(int argc, char** argv) {
  cxxopts::Options cli = Options(
      "gyre fits export", "Writes fits as an .npz for NumPy, or in one of SPIN's layouts.", "PATH");
  cli.add_options()("out", ".npz, or .npy for SPIN's [rows, 82]", cxxopts::value<std::string>(),
                    "FILE")("spin", "SPIN's keys in the .npz: pose, shape, has_smpl")(
      "data", "Data sets that the fits are of (default: the run's), for image, id, box and camera",
      cxxopts::value<std::string>(), "SPEC");
  AddForceOption(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  const fs::path out = Required(args, "out");
  const bool npy = out.extension() == ".npy";
  if (!npy && out.extension() != ".npz") {
    throw UsageError(fmt::format("--out {}: must end in .npz or .npy", out.string()));
  }
  const fs::path path = Paths(args, 1, 1)[0];
  CheckOverwrites(args, out, path, KindOfExport(npy, args.count("spin") > 0));
  FitFile file = ReadFits(path, DatasetOf(args));
  std::string dataset = DatasetOf(args);
  if (!npy && args.count("spin") == 0) {
    NamePeople(args, path, &file);
    TellUnknownBody(file, file.layout().Describe());
    ExportFits(file, out, dataset);
    spdlog::info(
        "{}: fits of {}; `row` (and `index`) is the row in the data set's own file, `id` "
        "that file's number of the person",
        out.string(), file.path().string());
    return 0;
  }
  if (dataset.empty() && file.datasets().size() == 1) dataset = file.datasets()[0].name;
  if (dataset.empty()) {
    throw UsageError("SPIN's layouts hold one data set; choose it with --dataset NAME");
  }
  ExportSpinFits(file, out, dataset);
  TellSpinExport(file, out, dataset);
  return 0;
}

int RunMerge(int argc, char** argv) {
  cxxopts::Options cli =
      Options("gyre fits merge", "Takes the best fit of each sample into a new store.", "PATH...");
  cli.add_options()("out", "The new store", cxxopts::value<std::string>(), "FILE");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  const fs::path out = Required(args, "out");
  const auto notes =
      MergeFits(Paths(args, 1, std::numeric_limits<size_t>::max()), out, DatasetOf(args));
  for (const std::string& note : notes) spdlog::warn("{}", note);
  TellUnknownBody(ReadFits(out), "one body");
  return 0;
}

// The body that the joints of fits are posed by: --body, else what one of the files says they are
// of, else the built-in one where it is of their sizes. Null where none is.
std::shared_ptr<const BodyModel> BodyToMeasureBy(const cxxopts::ParseResult& args,
                                                 const std::vector<fs::path>& paths,
                                                 const FitFile& file) {
  BodyIdentity said = BodyOfFits(paths[0]);
  if (!said.Known()) said = BodyOfFits(paths[1]);
  const BodyChoice choice = ChooseBody(args, "body", said);
  auto body = LoadChosenBody(choice, said, paths[0].string());
  const bool fits = file.layout() == FitLayout(*body->layout);
  return fits || args.count("body") ? body : nullptr;
}

int RunDiff(int argc, char** argv) {
  cxxopts::Options cli = Options(
      "gyre fits diff", "Compares two stores fit by fit. Exit code 0: they hold the same.", "A B");
  cli.add_options()("json", "One JSON object on stdout")(
      "body", "Body model for joints, where neither A nor B says its own",
      cxxopts::value<std::string>()->default_value("builtin"),
      "MODEL")("joint-regressor-extra", "SPIN's J_regressor_extra.npy for a body without its own",
               cxxopts::value<std::string>()->default_value(""), "FILE");
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  const std::vector<fs::path> paths = Paths(args, 2, 2);
  const FitFile first = ReadFits(paths[0], DatasetOf(args));
  const FitFile second = ReadFits(paths[1], DatasetOf(args));
  RequireOneBody(first, second);
  if (first.origin().body.Known() != second.origin().body.Known()) {
    for (const FitFile* file : {&first, &second}) TellUnknownBody(*file, "the other's body");
  }
  for (const std::string& text : ComparePeople(first, second).Texts()) {
    spdlog::warn(
        "{} and {}: {}; row for row they are compared as of the same people: give fits of the same "
        "data",
        paths[0].string(), paths[1].string(), text);
  }
  const auto body = BodyToMeasureBy(args, paths, first);
  const FitComparison comparison = CompareFitsInSpace(first, second, body.get());
  constexpr int kWorst = 20;
  if (args.count("json")) {
    fmt::print("{}\n", ToJson(comparison, kWorst).dump());
  } else {
    fmt::print("{}", Describe(comparison, kWorst));
  }
  return comparison.counts.None() ? 0 : 1;
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
