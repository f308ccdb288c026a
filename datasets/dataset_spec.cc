// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset_spec.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "core/error.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr const char* kKinds[] = {"lspet",    "lsp",  "csv",   "spin",  "coco",
                                  "openpose", "h36m", "synth", "mocap", "images"};

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

DatasetSpec::DatasetSpec(const std::string& kind, const std::string& path, Options options)
    : text_(kind + ":" + path), kind_(kind), path_(path), options_(std::move(options)) {}

std::string DatasetSpec::Option(const std::string& key) const {
  const auto found = options_.find(key);
  return found == options_.end() ? "" : found->second;
}

std::string DatasetSpec::TakeString(const std::string& key, const std::string& fallback) {
  known_.push_back(key);
  const auto found = options_.find(key);
  if (found == options_.end()) return fallback;
  std::string value = found->second;
  options_.erase(found);
  return value;
}

bool DatasetSpec::TakeWord(const std::string& key, const std::string& no, const std::string& yes) {
  const std::string value = TakeString(key, no);
  if (value != no && value != yes) {
    ThrowUserError("data set '{}': {}: '{}' is not one of {}, {}", text_, key, value, no, yes);
  }
  return value == yes;
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

Mixture OpenMixture(const std::string& specs, const SceneSources& sources,
                    const std::function<void(DatasetSpec*)>& prepare) {
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
    DatasetSpec parts(spec);
    if (prepare) prepare(&parts);
    mixture.sets.push_back(OpenDataset(std::move(parts), sources));
    mixture.weights.push_back(weight.value_or(static_cast<double>(mixture.sets.back()->size())));
  }
  if (with_weight != 0 && with_weight != static_cast<int>(mixture.sets.size())) {
    ThrowUserError("data sets '{}': give all of them a weight (SPEC*0.6) or none", specs);
  }
  mixture.CheckAndNormalise();
  return mixture;
}

}  // namespace gyre
