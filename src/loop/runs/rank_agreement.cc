// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/rank_agreement.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"

namespace gyre {

nlohmann::json SharedOptions(const TrainOptions& options, const std::filesystem::path& run,
                             bool resume) {
  nlohmann::json json = ToJson(options);
  for (const char* own :
       {"threads", "fit_threads", "loader_threads", "rank_timeout_s", "rank_start_timeout_s"}) {
    json.erase(own);
  }
  json["run"] = run.string();
  json["resume"] = resume;
  return json;
}

void RequireAlike(const nlohmann::json& mine, Ranks* ranks) {
  const std::vector<std::string> all = ranks->Gather(mine.dump());
  ranks->Together([&] {
    for (size_t rank = 1; rank < all.size(); ++rank) {
      const nlohmann::json other = nlohmann::json::parse(all[rank]);
      for (const nlohmann::json& difference : nlohmann::json::diff(mine, other)) {
        const nlohmann::json::json_pointer at(difference["path"].get<std::string>());
        const auto value = [&](const nlohmann::json& of) {
          return of.contains(at) ? of[at].dump() : "none";
        };
        ThrowUserError(
            "rank {} has {} = {}, rank 0 has {}; start all ranks with the same command, and let "
            "all hosts see the same files",
            rank, at.to_string().substr(1), value(other), value(mine));
      }
    }
  });
}

}  // namespace gyre
