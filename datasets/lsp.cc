// SPDX-License-Identifier: Apache-2.0
#include "datasets/lsp.h"

#include <cmath>

#include "core/error.h"
#include "datasets/check.h"
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

void ReadLsp(const fs::path& dir, const LspOptions& options, const std::string& name,
             const SampleSink& sink) {
  const JointTable table(dir / "joints.mat", options.kind);
  const bool extended = options.kind == LspKind::kLspet;
  const KeypointPlacer placer(FindKeypointSet("lsp14"));
  for (int64_t person = 0; person < table.people(); ++person) {
    Points2 points(kNumJoints, 2);
    VecX confidence(kNumJoints);
    for (int joint = 0; joint < kNumJoints; ++joint) {
      points.row(joint) = Vec2(table.at(person, joint, 0), table.at(person, joint, 1)).transpose();
      // LSP's hidden joints (1) were placed by its annotators all the same.
      const bool annotated = !extended || options.all_annotated || table.at(person, joint, 2) > 0;
      confidence[joint] = annotated ? 1 : 0;
    }
    Sample sample;
    sample.dataset = name;
    sample.index = person;
    sample.image_path = (dir / "images" /
                         (extended ? fmt::format("im{:05}.jpg", person + 1)
                                   : fmt::format("im{:04}.jpg", person + 1)))
                            .string();
    placer.Place(points, confidence, &sample);
    if ((sample.keypoints_confidence.array() > 0).count() < options.min_keypoints) continue;
    if (const auto box =
            BoxAroundPoints(sample.keypoints_px, sample.keypoints_confidence, options.box_margin)) {
      sample.box = *box;
    }
    LeaveOutImpossible(&sample);
    sink(std::move(sample));
  }
}

}  // namespace gyre
