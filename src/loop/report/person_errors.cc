// SPDX-License-Identifier: Apache-2.0
#include "loop/report/person_errors.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/file.h"

namespace gyre {

void WritePersonErrors(std::span<const PersonError> people, const std::filesystem::path& file) {
  std::string lines;
  for (const PersonError& one : people) {
    const nlohmann::ordered_json line = {{"dataset", one.dataset},
                                         {"row", one.row},
                                         {"network_error", one.error},
                                         {"unit", one.in_mm ? "mm" : "box"}};
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  WriteFileAtomically(file, lines);
}

std::vector<PersonError> ReadPersonErrors(const std::filesystem::path& file) {
  std::vector<PersonError> people;
  if (!std::filesystem::exists(file)) return people;
  std::istringstream lines(ReadFile(file));
  for (std::string text; std::getline(lines, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    const nlohmann::json none;
    const auto at = [&](const char* key) -> const nlohmann::json& {
      const auto found = line.find(key);
      return found == line.end() ? none : *found;
    };
    const nlohmann::json &name = at("dataset"), &row = at("row"), &error = at("network_error");
    if (!name.is_string() || !row.is_number_integer() || !error.is_number()) continue;
    people.push_back(
        {name.get<std::string>(), row.get<int64_t>(), at("unit") != "box", error.get<double>()});
  }
  return people;
}

}  // namespace gyre
