// SPDX-License-Identifier: Apache-2.0
// JSON documents from outside, with bounds.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// UserError names `what`, the byte and what the text is instead when it is not JSON, or nests deeper
// than 64 levels. Values of `skipped_keys`, at any level, are checked but not kept (COCO's
// segmentations are nine tenths of its files).
nlohmann::json ParseJson(std::string_view content, const std::string& what,
                         const std::vector<std::string>& skipped_keys = {});

// For files too large to hold: the elements of the lists that are values of the root object's keys
// (under "": of a root that is a list) go to `visit` one after the other, with their place in the
// list. Keys that are not `wanted` are checked but not kept. Returns what is left, the root with its
// lists emptied. UserError as ParseJson.
nlohmann::json ForEachJsonElement(
    const std::filesystem::path& path, const std::vector<std::string>& skipped_keys,
    const std::function<bool(const std::string& key)>& wanted,
    const std::function<void(const std::string& key, int64_t place, const nlohmann::json&)>& visit);

// The value of a key; UserError when `object` is no object or lacks it.
const nlohmann::json& JsonField(const nlohmann::json& object, const std::string& key,
                                const std::string& what);
// Typed fields; UserError names `what`, the key and the type found.
int64_t JsonInteger(const nlohmann::json& object, const std::string& key, const std::string& what);
const std::string& JsonString(const nlohmann::json& object, const std::string& key,
                              const std::string& what);
const nlohmann::json& JsonArray(const nlohmann::json& object, const std::string& key,
                                const std::string& what);
// An array of finite numbers.
std::vector<double> JsonNumbers(const nlohmann::json& object, const std::string& key,
                                const std::string& what);

}  // namespace gyre
