// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset_spec.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <set>

#include "core/error.h"
#include "core/option_text.h"
#include "datasets/coco.h"
#include "datasets/csv_dataset.h"
#include "datasets/lsp.h"
#include "datasets/spin_npz.h"
#include "datasets/synthetic.h"
#include "io/utf8.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr const char* kKinds[] = {"lspet", "lsp", "csv", "spin", "coco", "openpose", "synth"};

template <typename T>
std::optional<T> ParseWhole(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A path without a kind says what it is by its ending.
std::string KindOfPath(const std::string& text, const std::string& path) {
  const std::string ending = fs::path(path).extension().string();
  if (ending == ".npz") return "spin";
  if (ending == ".csv") return "csv";
  if (ending == ".json") return "coco";
  std::error_code ignored;
  if (fs::exists(fs::path(path) / "joints.mat", ignored)) return "lspet";
  ThrowUserError(
      "data set '{}': expected KIND:PATH?key=value&..., with KIND one of {}, or a .npz, .csv or "
      ".json file",
      text, fmt::join(kKinds, ", "));
}

}  // namespace

DatasetSpec::DatasetSpec(const std::string& text) : text_(text) {
  if (text.find('\0') != std::string::npos) ThrowUserError("a data set's text holds a zero byte");
  const size_t question = text.find('?');
  std::string head = text.substr(0, question);
  for (const char* kind : kKinds) {
    const std::string prefix = std::string(kind) + ":";
    if (head.starts_with(prefix)) {
      kind_ = kind;
      path_ = head.substr(prefix.size());
    }
  }
  if (kind_.empty()) {
    path_ = head;
    kind_ = KindOfPath(text, path_);
  }
  if (question == std::string::npos) return;
  for (size_t begin = question + 1; begin <= text.size();) {
    const size_t end = std::min(text.find('&', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    const size_t equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      ThrowUserError("data set '{}': expected key=value after '?' and '&', found '{}'", text, item);
    }
    if (!options_.emplace(item.substr(0, equals), item.substr(equals + 1)).second) {
      ThrowUserError("data set '{}': option '{}' is given twice", text, item.substr(0, equals));
    }
    begin = end + 1;
  }
}

std::string DatasetSpec::TakeString(const std::string& key, const std::string& fallback) {
  known_.push_back(key);
  const auto found = options_.find(key);
  if (found == options_.end()) return fallback;
  std::string value = found->second;
  options_.erase(found);
  return value;
}

double DatasetSpec::TakeNumber(const std::string& key, double fallback, double low, double high) {
  const std::string value = TakeString(key, "");
  if (value.empty()) return fallback;
  const std::optional<double> number = ParseWhole<double>(value);
  if (!number || !(*number >= low && *number <= high)) {
    ThrowUserError("data set '{}': {}={} must be a number from {} to {}", text_, key, value, low,
                   high);
  }
  return *number;
}

int64_t DatasetSpec::TakeInteger(const std::string& key, int64_t fallback, int64_t low,
                                 int64_t high) {
  const std::string value = TakeString(key, "");
  if (value.empty()) return fallback;
  const std::optional<int64_t> number = ParseWhole<int64_t>(value);
  if (!number || *number < low || *number > high) {
    ThrowUserError("data set '{}': {}={} must be a whole number from {} to {}", text_, key, value,
                   low, high);
  }
  return *number;
}

bool DatasetSpec::TakeFlag(const std::string& key, bool fallback) {
  return TakeInteger(key, fallback ? 1 : 0, 0, 1) == 1;
}

void DatasetSpec::CheckAllTaken() const {
  if (options_.empty()) return;
  ThrowUserError("data set '{}': unknown option '{}'; {} takes {}", text_, options_.begin()->first,
                 kind_, fmt::join(known_, ", "));
}

namespace {

LspOptions TakeLspOptions(DatasetSpec& spec) {
  LspOptions options;
  options.kind = spec.kind() == "lsp" ? LspKind::kLsp : LspKind::kLspet;
  options.min_keypoints = spec.TakeInteger("min_keypoints", options.min_keypoints, 1, 14);
  options.box_margin = spec.TakeNumber("box_margin", options.box_margin, 0.1, 10);
  options.all_annotated = spec.TakeFlag("all_annotated", options.all_annotated);
  return options;
}

CsvOptions TakeCsvOptions(DatasetSpec& spec) {
  CsvOptions options;
  options.split = spec.TakeString("split", "");
  options.min_keypoints = spec.TakeInteger("min_keypoints", options.min_keypoints, 1, 49);
  options.box_margin = spec.TakeNumber("box_margin", options.box_margin, 0.1, 10);
  return options;
}

CocoOptions TakeCocoOptions(DatasetSpec& spec) {
  CocoOptions options;
  options.min_keypoints = spec.TakeInteger("min_keypoints", options.min_keypoints, 1, 49);
  options.box_margin = spec.TakeNumber("box_margin", options.box_margin, 0.1, 10);
  if (spec.kind() == "coco") {
    options.box_from_bbox = spec.TakeFlag("box_from_bbox", options.box_from_bbox);
  }
  return options;
}

// Sets the fields of an option struct that the spec has keys for.
template <HasFields Options>
void TakeFields(DatasetSpec& spec, Options* options) {
  ForEachField(*options, [&](const std::string& name, auto& field, const char*) {
    const std::string text = spec.TakeString(name, "");
    if (text.empty()) return;
    try {
      OptionFromText(text, name, &field);
    } catch (const UserError& error) {
      ThrowUserError("data set '{}': {}", spec.text(), error.what());
    }
  });
}

SceneOptions TakeSceneOptions(DatasetSpec& spec) {
  SceneOptions o;
  o.width_px = o.height_px =
      static_cast<int>(spec.TakeInteger("frame", o.width_px, kMinFramePx, kMaxFramePx));
  TakeFields(spec, &o);
  try {
    o.Check();
  } catch (const UserError& error) {
    ThrowUserError("data set '{}': {}", spec.text(), error.what());
  }
  return o;
}

// The folder beside the annotation file when no other is given.
fs::path ImagesOf(DatasetSpec& spec) {
  const fs::path beside = fs::path(spec.path()).parent_path();
  std::error_code ignored;
  const bool has_images = fs::is_directory(beside / "images", ignored);
  return spec.TakeString("images", (has_images ? beside / "images" : beside).string());
}

std::shared_ptr<const Dataset> OpenScenes(const SceneOptions& options, const SceneSources& sources,
                                          const std::string& name) {
  auto body = sources.body ? sources.body : LoadBodyModel("");
  auto prior = sources.prior || !options.poses.empty() ? sources.prior : LoadPosePrior();
  return std::make_shared<SyntheticDataset>(body, prior, options, name);
}

}  // namespace

namespace {

// The name of a data set, of whatever kind, and of its samples.
std::string TakeName(DatasetSpec& spec) {
  std::string name = spec.TakeString("name", spec.kind());
  if (name.empty()) ThrowUserError("data set '{}': its name is empty", spec.text());
  if (!DecodeUtf8(name)) ThrowUserError("data set '{}': its name is not UTF-8", spec.text());
  return name;
}

std::shared_ptr<const Dataset> OpenSynth(DatasetSpec& spec, const SceneSources& sources) {
  const std::string name = TakeName(spec);
  const SceneOptions options = TakeSceneOptions(spec);
  spec.CheckAllTaken();
  return OpenScenes(options, sources, name);
}

// All kinds that are files.
void ReadFiles(DatasetSpec& spec, const std::string& name, const SampleSink& sink) {
  if (spec.path().empty()) {
    ThrowUserError("data set '{}': expected a path after the colon", spec.text());
  }
  if (spec.kind() == "lsp" || spec.kind() == "lspet") {
    if (const std::string split = spec.TakeString("split", ""); !split.empty()) {
      CsvOptions options = TakeCsvOptions(spec);
      options.split = split;
      spec.CheckAllTaken();
      const fs::path dir = spec.path();
      return ReadCsvDataset(dir / (spec.kind() + ".csv"), dir / "images", options, name, sink);
    }
    const LspOptions options = TakeLspOptions(spec);
    spec.CheckAllTaken();
    return ReadLsp(spec.path(), options, name, sink);
  }
  if (spec.kind() == "openpose") {
    const fs::path images = spec.TakeString("images", spec.path());
    const CocoOptions options = TakeCocoOptions(spec);
    spec.CheckAllTaken();
    return ReadOpenPose(spec.path(), images, options, name, sink);
  }
  const fs::path images = ImagesOf(spec);
  if (spec.kind() == "csv") {
    const CsvOptions options = TakeCsvOptions(spec);
    spec.CheckAllTaken();
    return ReadCsvDataset(spec.path(), images, options, name, sink);
  }
  if (spec.kind() == "coco") {
    const CocoOptions options = TakeCocoOptions(spec);
    spec.CheckAllTaken();
    return ReadCoco(spec.path(), images, options, name, sink);
  }
  const fs::path masks = spec.TakeString("masks", images.string());
  spec.CheckAllTaken();
  ReadSpinNpz(spec.path(), images, masks, name, sink);
}

// Says once how many numbers the reader had to leave out, however often a program reads the data
// set.
void ReadAndTell(DatasetSpec& spec, const std::string& name, const SampleSink& sink) {
  const int hide = static_cast<int>(spec.TakeInteger("hide", 0, 0, 8));
  int64_t numbers = 0, rows = 0, first_row = 0;
  ReadFiles(spec, name, [&](Sample sample) {
    HoldOutLimbJoints(hide, /*seed=*/0, &sample);
    if (sample.non_finite > 0) {
      if (rows == 0) first_row = sample.index;
      ++rows;
      numbers += sample.non_finite;
    }
    sink(std::move(sample));
  });
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (rows > 0 && told.insert(spec.text()).second) {
    spdlog::warn(
        "data set '{}': {} values in {} rows are not finite or beyond any measure and are left "
        "out, the first in row {}; gyre data check lists them",
        name, numbers, rows, first_row);
  }
}

}  // namespace

std::shared_ptr<const Dataset> OpenDataset(const std::string& text, const SceneSources& sources) {
  DatasetSpec spec(text);
  if (spec.kind() == "synth") return OpenSynth(spec, sources);
  const std::string name = TakeName(spec);
  std::vector<Sample> samples;
  ReadAndTell(spec, name, [&](Sample sample) { samples.push_back(std::move(sample)); });
  return std::make_shared<ImageFolderDataset>(name, std::move(samples));
}

void ForEachSample(const std::string& text, const SceneSources& sources, const SampleSink& sink) {
  DatasetSpec spec(text);
  if (spec.kind() == "synth") {
    const auto scenes = OpenSynth(spec, sources);
    for (int64_t i = 0; i < scenes->size(); ++i) sink(scenes->Get(i));
    return;
  }
  const std::string name = TakeName(spec);
  ReadAndTell(spec, name, sink);
}

int64_t Mixture::size() const {
  int64_t total = 0;
  for (const auto& set : sets) total += set->size();
  return total;
}

int Mixture::SetOf(double u) const {
  for (size_t i = 0; i + 1 < weights.size(); ++i) {
    if (u < weights[i]) return static_cast<int>(i);
    u -= weights[i];
  }
  return static_cast<int>(weights.size()) - 1;
}

void Mixture::CheckAndNormalise() {
  GYRE_CHECK(sets.size() == weights.size());
  if (sets.empty()) ThrowUserError("a mixture needs at least one data set");
  constexpr double kMaxWeight = 1e15;  // their sum stays finite
  std::set<std::string> names;
  double total = 0;
  for (size_t i = 0; i < sets.size(); ++i) {
    if (sets[i]->size() == 0) ThrowUserError("data set '{}' has no samples", sets[i]->name());
    if (!(weights[i] > 0 && weights[i] <= kMaxWeight)) {
      ThrowUserError("data set '{}': its weight {} must be positive and at most {}",
                     sets[i]->name(), weights[i], kMaxWeight);
    }
    if (!names.insert(sets[i]->name()).second) {
      ThrowUserError("two data sets are named '{}': give one of them another ?name=",
                     sets[i]->name());
    }
    total += weights[i];
  }
  for (double& weight : weights) weight /= total;
}

Mixture OpenMixture(const std::string& specs, const SceneSources& sources) {
  Mixture mixture;
  int with_weight = 0;
  for (size_t begin = 0; begin <= specs.size();) {
    const size_t end = std::min(specs.find(',', begin), specs.size());
    std::string spec = specs.substr(begin, end - begin);
    begin = end + 1;
    std::optional<double> weight;
    if (const size_t star = spec.rfind('*'); star != std::string::npos) {
      weight = ParseWhole<double>(spec.substr(star + 1));
      if (!weight) {
        ThrowUserError("data set '{}': expected a number after '*'", spec);
      }
      spec.resize(star);
      ++with_weight;
    }
    mixture.sets.push_back(OpenDataset(spec, sources));
    mixture.weights.push_back(weight.value_or(static_cast<double>(mixture.sets.back()->size())));
  }
  if (with_weight != 0 && with_weight != static_cast<int>(mixture.sets.size())) {
    ThrowUserError("data sets '{}': give all of them a weight (SPEC*0.6) or none", specs);
  }
  mixture.CheckAndNormalise();
  return mixture;
}

Mixture MixtureOf(std::shared_ptr<const Dataset> set) {
  Mixture mixture{{std::move(set)}, {1.0}};
  mixture.CheckAndNormalise();
  return mixture;
}

}  // namespace gyre
