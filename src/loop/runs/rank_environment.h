// SPDX-License-Identifier: Apache-2.0
// Which of several processes ("ranks") of one training this one is, as its launcher says:
//   torchrun           RANK, WORLD_SIZE
//   Open MPI           OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE
//   MPICH, Intel MPI   PMI_RANK, PMI_SIZE
//   Slurm's srun       SLURM_PROCID, SLURM_STEP_NUM_TASKS or SLURM_NTASKS
// The first of these that is there counts. All ranks meet at MASTER_ADDR and MASTER_PORT (29500
// unless it is set). Without MASTER_ADDR that is the first host of Slurm's list, or this host where
// Open MPI says that all ranks are on one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace gyre {

struct RankEnvironment {
  int rank = 0;
  int count = 1;
  // Where rank 0 waits for the others; of more than one rank.
  std::string master_host;
  uint16_t master_port = 0;
  // A torchrun that waits there itself, and how often it has started the ranks before.
  bool launcher_waits = false;
  std::string attempt;
};

// `get`: the value of a variable, null when it is not set (std::getenv). UserError names the
// variables that are missing or contradict each other.
using GetVariable = std::function<const char*(const char* name)>;
RankEnvironment ReadRankEnvironment(const GetVariable& get);

}  // namespace gyre
