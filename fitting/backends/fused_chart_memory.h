// SPDX-License-Identifier: Apache-2.0
// What a solve of fused_chart.h works on: which columns there are, and scratch space.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "fitting/backends/dense_kernels.h"
#include "fitting/backends/fused_chart.h"
#include "fitting/backends/smpl_sizes.h"

namespace gyre {

inline constexpr int kMaxChartBlocks = NormalSize<kLargeChart>::kBlocks;
using ChartBlocks = std::array<bool, kMaxChartBlocks>;

inline void Touch(int column, ChartBlocks* blocks) { (*blocks)[column / kNormalBlock] = true; }

// Where the chart's coordinates and the body's parameters stand among the columns.
struct ChartColumns {
  std::vector<int> of_coordinate, of_param;    // -1: given by a piece, or held
  std::vector<std::pair<int, int>> piece_row;  // of each parameter; piece -1: none

  ChartColumns(const ParamChart& chart, const BodyLayout& layout);
};

struct FusedChartWorkspace::Memory {
  // A joint's parameters that move, and where.
  struct JointColumns {
    bool is_set = false;
    std::vector<std::pair<int, int>> direct;    // parameter, column
    std::vector<std::array<int, 3>> of_pieces;  // parameter, piece, row of its basis
    ChartBlocks blocks{};
  };
  struct Entry {
    int index;
    const JointTerm* term;
    int group, joint;
  };
  struct Group {
    int begin, end;  // rows
    std::array<uint8_t, kMaxChartBlocks> blocks;
    int num_blocks;
  };
  std::vector<JointColumns> joints;
  std::vector<Entry> entries;
  std::vector<Group> groups;
  std::vector<const ParamTerm*> param_terms;
  std::vector<const Term*> other_terms;
  std::vector<ParamTerm::Row> param_rows;
  std::vector<uint8_t> mask;
  std::vector<double> rows, normal, factor;
  Points3 positions;
  RowMatX jacobian, other_jacobian;
  VecX other_residuals;
};

}  // namespace gyre
