// SPDX-License-Identifier: Apache-2.0
#include "body/h36m_regressor.h"

#include <cmath>

#include "body/joints.h"
#include "core/error.h"
#include "io/npz.h"

namespace gyre {
namespace {

constexpr std::string_view kRows[] = {
    "Pelvis (MPII)", "Left Hip",      "Left Knee",    "Left Ankle", "Right Hip",
    "Right Knee",    "Right Ankle",   "Spine (H36M)", "Neck (LSP)", "Jaw (H36M)",
    "Head (H36M)",   "Left Shoulder", "Left Elbow",   "Left Wrist", "Right Shoulder",
    "Right Elbow",   "Right Wrist"};

}  // namespace

SparseRows ReadH36mRegressor(const std::filesystem::path& path, const BodyModel& body) {
  const KeypointSet& set = FindKeypointSet("h36m17");
  const NdArray array = ReadNpy(path);
  array.CheckShape({set.size(), -1}, path.string());
  if (array.dim(1) != body.num_vertices()) {
    ThrowUserError("{}: it is for bodies of {} vertices, and {} has {}; choose another --body.",
                   path.string(), array.dim(1), body.name, body.num_vertices());
  }
  const std::vector<double> values = array.As<double>(path.string());
  const Eigen::Map<const RowMatX> rows(values.data(), set.size(), body.num_vertices());
  RowMatX ordered(rows.rows(), rows.cols());
  for (int row = 0; row < set.size(); ++row) {
    if (!(std::abs(rows.row(row).sum() - 1) < 0.1)) {
      ThrowUserError("{}: the weights of row {} ({}) sum to {}, not to 1.", path.string(), row,
                     kRows[row], rows.row(row).sum());
    }
    ordered.row(set.IndexOf(kRows[row])) = rows.row(row);
  }
  // Copies of the file with the legs the other way round exist.
  const Points3 joints = ordered * body.v_template;
  for (const char* joint : {"Hip", "Ankle", "Wrist"}) {
    const auto x = [&](const char* side) {
      return joints(set.IndexOf(fmt::format("{} {}", side, joint)), 0);
    };
    if (!(x("Left") > x("Right"))) {
      ThrowUserError(
          "{}: by SPIN's order of rows the left {} is on the body's right: take the file that "
          "comes "
          "with SPIN.",
          path.string(), joint);
    }
  }
  return ordered.sparseView(0, 0);
}

}  // namespace gyre
