// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/lsp.h"

#include "core/error.h"
#include "io/matlab.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr int kNumJoints = 14;

// joints.mat whichever way round: at(person, joint, 0..2).
class JointTable {
 public:
  JointTable(const fs::path& path, LspKind kind) : joint_first_(kind == LspKind::kLspet) {
    const NdArray array = ReadMatlabArray(path, "joints");
    const std::string what = path.string() + ": array 'joints'";
    if (array.shape.size() != 3 || array.dim(joint_first_ ? 0 : 1) != kNumJoints ||
        array.dim(joint_first_ ? 1 : 0) != 3) {
      ThrowUserError("{}: expected {} (as {} has it), found {}", what,
                     joint_first_ ? "(14, 3, N)" : "(3, 14, N)", joint_first_ ? "LSPET" : "LSP",
                     array.ShapeString());
    }
    people_ = array.dim(2);
    values_ = array.As<double>(what);
  }

  int64_t people() const { return people_; }
  double at(int64_t person, int joint, int axis) const {
    const int64_t row = joint_first_ ? 3 * joint + axis : kNumJoints * axis + joint;
    return values_[row * people_ + person];
  }

 private:
  bool joint_first_;
  int64_t people_ = 0;
  std::vector<double> values_;
};

}  // namespace

void ReadLsp(const fs::path& dir, const LspOptions& options, const PersonSink& sink) {
  const JointTable table(dir / "joints.mat", options.kind);
  const bool extended = options.kind == LspKind::kLspet;
  ReaderOptions row_options = options;
  row_options.images = dir / "images";
  const KeypointSet& set = FindKeypointSet("lsp14");
  const RowReader rows(dir, row_options, set);
  for (int64_t row = 0; row < table.people(); ++row) {
    Keypoints found(set);
    for (int joint = 0; joint < kNumJoints; ++joint) {
      found.px.row(joint) << table.at(row, joint, 0), table.at(row, joint, 1);
      // LSP's hidden joints (1) were placed by its annotators all the same.
      const bool annotated = !extended || options.all_annotated || table.at(row, joint, 2) > 0;
      found.confidence[joint] = annotated ? 1 : 0;
    }
    Person person = rows.NewPerson(row);
    rows.SetPicture(
        extended ? fmt::format("im{:05}.jpg", row + 1) : fmt::format("im{:04}.jpg", row + 1),
        dir.string(), &person);
    if (!rows.SetKeypoints(found, &person)) continue;
    rows.SetBoxAroundKeypoints(&person);
    rows.Finish(&person);
    sink(std::move(person));
  }
}

}  // namespace gyre
