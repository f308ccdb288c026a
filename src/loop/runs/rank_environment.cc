// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/rank_environment.h"

#include <charconv>
#include <optional>

#include "core/error.h"

namespace gyre {
namespace {

constexpr const char* kDefaultPort = "29500";  // c10d's

int64_t Number(const char* name, const std::string& text, int64_t low, int64_t high) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < low || value > high) {
    ThrowUserError("{} = '{}' in the environment is not a number in {}..{}; set or unset it", name,
                   text, low, high);
  }
  return value;
}

// Slurm's "node[07-12,20],other" -> "node07".
std::string FirstHost(const std::string& list) {
  const size_t end = list.find_first_of(",[");
  if (end == std::string::npos || list[end] == ',') return list.substr(0, end);
  return list.substr(0, end) + list.substr(end + 1, list.find_first_of("-,]", end + 1) - end - 1);
}

struct Launcher {
  const char* rank;
  const char* count;
  bool needs_both;  // else one without the other means that it did not start this process
};
constexpr Launcher kLaunchers[] = {{"RANK", "WORLD_SIZE", true},
                                   {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", true},
                                   {"PMI_RANK", "PMI_SIZE", true},
                                   {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", false},
                                   {"SLURM_PROCID", "SLURM_NTASKS", false}};

}  // namespace

RankEnvironment ReadRankEnvironment(const GetVariable& get) {
  RankEnvironment found;
  constexpr int kMaxRanks = 1 << 16;
  for (const Launcher& launcher : kLaunchers) {
    const char* const rank = get(launcher.rank);
    const char* const count = get(launcher.count);
    if (launcher.needs_both && (rank == nullptr) != (count == nullptr)) {
      ThrowUserError("{} is in the environment without {}; set both, or unset it to train alone",
                     rank ? launcher.rank : launcher.count, rank ? launcher.count : launcher.rank);
    }
    if (!rank || !count) continue;
    found.count = static_cast<int>(Number(launcher.count, count, 1, kMaxRanks));
    found.rank = static_cast<int>(Number(launcher.rank, rank, 0, kMaxRanks));
    if (found.rank >= found.count) {
      ThrowUserError("{} = {} in the environment must be below {} = {}", launcher.rank, found.rank,
                     launcher.count, found.count);
    }
    break;
  }
  if (found.count == 1) return {};
  const auto text = [&](const char* name) { return get(name) ? std::string(get(name)) : ""; };
  found.master_host = text("MASTER_ADDR");
  if (found.master_host.empty()) {
    std::string hosts = text("SLURM_STEP_NODELIST");
    if (hosts.empty()) hosts = text("SLURM_JOB_NODELIST");
    found.master_host = FirstHost(hosts);
  }
  if (found.master_host.empty() && get("OMPI_COMM_WORLD_SIZE") &&
      text("OMPI_COMM_WORLD_LOCAL_SIZE") == text("OMPI_COMM_WORLD_SIZE")) {
    found.master_host = "127.0.0.1";
  }
  if (found.master_host.empty()) {
    ThrowUserError(
        "this is one of {} ranks, but MASTER_ADDR is not set: set it to the host of rank 0 for all "
        "of them",
        found.count);
  }
  const std::string port = text("MASTER_PORT");
  found.master_port = static_cast<uint16_t>(
      Number("MASTER_PORT", port.empty() ? kDefaultPort : port, 1, UINT16_MAX));
  found.launcher_waits = text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  found.attempt = text("TORCHELASTIC_RESTART_COUNT");
  return found;
}

}  // namespace gyre
