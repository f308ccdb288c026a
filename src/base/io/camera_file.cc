// SPDX-License-Identifier: Apache-2.0
#include "io/camera_file.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "io/json.h"
#include "io/toml.h"
#include "io/yaml.h"

namespace gyre {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxBytes = uint64_t{1} << 20;

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The value of the first of the keys that an object has, whatever their case, with `suffix`.
const json* Find(const json& object, std::initializer_list<const char*> keys,
                 const std::string& suffix = "") {
  for (const char* key : keys) {
    for (const auto& [name, value] : object.items()) {
      if (Lower(name) == key + Lower(suffix)) return &value;
    }
  }
  return nullptr;
}

constexpr std::initializer_list<const char*> kMatrixKeys = {
    "camera_matrix",   "cameramatrix", "matrix", "k", "mtx", "intrinsics", "intrinsic", "m",
    "intrinsic_matrix"};
constexpr std::initializer_list<const char*> kDistortionKeys = {"distortion_coefficients",
                                                                "distortions",
                                                                "distortion",
                                                                "dist",
                                                                "distcoeffs",
                                                                "dist_coeffs",
                                                                "d"};

// All numbers of a value, row after row: nested lists, or OpenCV's matrix with `data`.
void AddNumbers(const json& value, const std::string& what, std::vector<double>* numbers) {
  constexpr size_t kMost = 64;
  if (value.is_number()) {
    numbers->push_back(value.get<double>());
  } else if (value.is_array()) {
    for (const json& element : value) AddNumbers(element, what, numbers);
  } else if (value.is_object() && value.contains("data")) {
    AddNumbers(value["data"], what, numbers);
  } else {
    ThrowUserError("{}: expected numbers", what);
  }
  if (numbers->size() > kMost) ThrowUserError("{}: holds more than {} numbers", what, kMost);
}

std::vector<double> NumbersOf(const json& value, const std::string& what) {
  std::vector<double> numbers;
  AddNumbers(value, what, &numbers);
  return numbers;
}

void ReadMatrix(const json& value, const std::string& what, Lens* lens) {
  const std::vector<double> k = NumbersOf(value, what);
  if (k.size() != 9 || k[3] != 0 || k[6] != 0 || k[7] != 0 || k[8] != 1) {
    ThrowUserError("{}: expected the 3 x 3 numbers [fx s cx, 0 fy cy, 0 0 1], found {}", what,
                   k.size());
  }
  lens->fx = k[0], lens->skew = k[1], lens->fy = k[4];
  lens->center_px = {k[2], k[5]};
}

void ReadSize(const json& object, const std::string& suffix, const std::string& what, Lens* lens) {
  std::vector<double> size;
  if (const json* both = Find(object, {"image_size", "imagesize", "size", "resolution"}, suffix)) {
    size = NumbersOf(*both, what + ": its size");
  } else {
    const json* width = Find(object, {"image_width", "imagewidth", "width", "w"}, suffix);
    const json* height = Find(object, {"image_height", "imageheight", "height", "h"}, suffix);
    if (width == nullptr || height == nullptr) return;
    size = NumbersOf(json::array({*width, *height}), what + ": its size");
  }
  const bool sound = size.size() == 2 && std::ranges::all_of(size, [](double px) {
                       return px >= 0 && px <= 1e6 && px == std::floor(px);
                     });
  if (!sound) ThrowUserError("{}: its size is not width and height in pixels", what);
  lens->width = static_cast<int>(size[0]);
  lens->height = static_cast<int>(size[1]);
}

bool IsFisheye(const json& object, const std::string& suffix) {
  if (const json* flag = Find(object, {"fisheye"}, suffix)) {
    if (flag->is_boolean()) return flag->get<bool>();
    if (flag->is_number()) return flag->get<double>() != 0;
    if (flag->is_string()) return Lower(flag->get<std::string>()) == "true";
  }
  const json* model = Find(object, {"distortion_model", "camera_model", "model"}, suffix);
  if (model == nullptr || !model->is_string()) return false;
  const std::string name = Lower(model->get<std::string>());
  return name.find("fisheye") != std::string::npos || name == "equidistant" ||
         name == "kannala_brandt";
}

// The camera of an object's keys with that suffix; empty when it has no matrix.
std::optional<Lens> LensOf(const json& object, const std::string& suffix, const std::string& what) {
  if (!object.is_object()) return std::nullopt;
  Lens lens;
  const json* matrix = Find(object, kMatrixKeys, suffix);
  const json *fx = Find(object, {"fx"}, suffix), *fy = Find(object, {"fy"}, suffix),
             *cx = Find(object, {"cx"}, suffix), *cy = Find(object, {"cy"}, suffix);
  if (matrix != nullptr && !matrix->is_string() && !matrix->is_null()) {
    ReadMatrix(*matrix, what + ": its matrix", &lens);
  } else if (fx != nullptr && fy != nullptr && cx != nullptr && cy != nullptr) {
    const auto k = NumbersOf(json::array({*fx, *fy, *cx, *cy}), what + ": fx, fy, cx, cy");
    if (k.size() != 4) ThrowUserError("{}: fx, fy, cx and cy must be numbers", what);
    lens.fx = k[0], lens.fy = k[1];
    lens.center_px = {k[2], k[3]};
  } else {
    return std::nullopt;
  }
  if (const json* bent = Find(object, kDistortionKeys, suffix); bent && !bent->is_null()) {
    lens.distortion = NumbersOf(*bent, what + ": its distortion");
  }
  if (lens.distortion.size() == 14 && lens.distortion[12] == 0 && lens.distortion[13] == 0) {
    lens.distortion.resize(12);  // the sensor is not tilted
  }
  lens.fisheye = IsFisheye(object, suffix) && !lens.distortion.empty();
  ReadSize(object, suffix, what, &lens);
  lens.Check(what);
  return lens;
}

// The ends of keys that begin as a matrix's does: "_01" of "K_01", "1" of "M1".
std::vector<std::string> SuffixesOf(const json& root) {
  std::vector<std::string> suffixes;
  for (const auto& [name, value] : root.items()) {
    for (const std::string key : kMatrixKeys) {
      if (!Lower(name).starts_with(key) || name.size() == key.size()) continue;
      const std::string suffix = name.substr(key.size());
      const bool digits =
          std::ranges::all_of(suffix, [](unsigned char c) { return std::isdigit(c); });
      if (suffix[0] == '_' || digits) suffixes.push_back(suffix);
    }
  }
  return suffixes;
}

std::string CameraName(const json& camera, const std::string& otherwise) {
  const json* name = Find(camera, {"name", "camera_name", "img_name", "file_name", "id"});
  return name != nullptr && name->is_string() ? name->get<std::string>() : otherwise;
}

std::vector<NamedLens> CamerasOf(const json& root, const std::string& what) {
  std::vector<NamedLens> cameras;
  const auto add = [&](const json& object, const std::string& suffix, const std::string& name) {
    const std::string where = name.empty() ? what : what + ": camera " + name;
    if (auto lens = LensOf(object, suffix, where)) cameras.push_back({name, std::move(*lens)});
  };
  add(root, "", root.is_object() ? CameraName(root, "") : "");
  if (!cameras.empty()) return cameras;
  const auto add_all = [&](const json& list) {
    for (const auto& [key, value] : list.items()) {
      if (value.is_object()) add(value, "", CameraName(value, key));
    }
  };
  add_all(root);
  if (root.is_object()) {
    if (const json* list = Find(root, {"cameras"}); list && list->is_structured()) add_all(*list);
    for (const std::string& suffix : SuffixesOf(root)) {
      add(root, suffix, suffix[0] == '_' ? suffix.substr(1) : suffix);
    }
  }
  return cameras;
}

}  // namespace

std::vector<NamedLens> ParseCameraFile(std::string_view content, const std::string& ending,
                                       const std::string& what) {
  const std::string kind = Lower(ending);
  json root;
  if (kind == ".toml") {
    root = ParseToml(content, what);
  } else if (kind == ".json") {
    root = ParseJson(content, what);
  } else if (kind == ".yml" || kind == ".yaml") {
    root = ParseYaml(content, what);
  } else {
    ThrowUserError("{}: a file of cameras is OpenCV's .yml or .json, or Pose2Sim's .toml", what);
  }
  std::vector<NamedLens> cameras = CamerasOf(root, what);
  if (cameras.empty()) {
    ThrowUserError(
        "{}: holds no camera; expected a 3 x 3 camera_matrix (OpenCV) or sections with a matrix "
        "(Pose2Sim)",
        what);
  }
  std::set<std::string> names;
  for (const NamedLens& camera : cameras) {
    if (!names.insert(camera.name).second) {
      ThrowUserError("{}: holds two cameras of the name '{}'", what, camera.name);
    }
  }
  return cameras;
}

std::vector<NamedLens> ReadCameraFile(const std::filesystem::path& path) {
  return ParseCameraFile(ReadFile(path, kMaxBytes), path.extension().string(), path.string());
}

}  // namespace gyre
