// SPDX-License-Identifier: Apache-2.0
#include "loop/training/lifted_frames.h"

#include <ATen/TensorOperators.h>

#include <cstring>
#include <limits>

#include "core/error.h"
#include "loop/training/network_bridge.h"
#include "person/crops.h"
#include "regressor/root_joints.h"

namespace gyre {
namespace {

Vec3 RootAt(const Points3& points, const RootJoints& root) {
  return (points.row(root.right) + points.row(root.left)).transpose() / 2;
}

}  // namespace

void AddLiftedFrames(const Output& said, const Batch& batch, std::vector<ClipFrame>* frames) {
  if (!said.joints.defined()) return;
  const JointRange range = JointsInSpace(*said.set);
  const RootJoints root = PelvisOf(*said.set, range.first, range.count);
  const at::Tensor joints = said.joints.detach()
                                .narrow(1, range.first, range.count)
                                .to(at::kCPU, at::kDouble)
                                .contiguous();
  for (int i = 0; i < batch.size(); ++i) {
    const Person& sample = batch.samples[i];
    if (!sample.joints3d) continue;
    SpaceJoints truth = JointsInSet(*sample.joints3d, SpaceSetOf(*said.set));
    JointsInCrop(batch.crops[i], &truth);
    ClipFrame frame;
    // A person without a track is a clip of one frame.
    const int64_t clip = sample.track < 0 ? -1 - sample.index : sample.track;
    frame.clip = clip + (int64_t{batch.set_idx[i]} << 48);
    frame.frame = sample.frame;
    frame.said =
        Eigen::Map<const Points3>(joints.data_ptr<double>() + 3 * range.count * i, range.count, 3);
    frame.truth = truth.m;
    frame.visibility = truth.confidence;
    frame.said_root = RootAt(frame.said, root);
    frame.root = Vec3::Constant(std::numeric_limits<double>::quiet_NaN());
    if (truth.confidence[root.right] > 0 && truth.confidence[root.left] > 0) {
      frame.root = RootAt(truth.m, root);
    }
    frames->push_back(std::move(frame));
  }
}

std::string PackFrames(const std::vector<ClipFrame>& frames) {
  std::string bytes;
  const auto add = [&](const void* from, size_t size) {
    bytes.append(static_cast<const char*>(from), size);
  };
  for (const ClipFrame& frame : frames) {
    const int64_t head[] = {frame.clip, frame.frame, frame.said.rows()};
    add(head, sizeof(head));
    add(frame.said.data(), frame.said.size() * sizeof(double));
    add(frame.truth.data(), frame.truth.size() * sizeof(double));
    add(frame.visibility.data(), frame.visibility.size() * sizeof(double));
    add(frame.said_root.data(), 3 * sizeof(double));
    add(frame.root.data(), 3 * sizeof(double));
  }
  return bytes;
}

void UnpackFrames(const std::string& bytes, std::vector<ClipFrame>* frames) {
  const char* from = bytes.data();
  const auto take = [&](void* to, size_t size) {
    GYRE_CHECK(from + size <= bytes.data() + bytes.size());
    std::memcpy(to, from, size);
    from += size;
  };
  while (from != bytes.data() + bytes.size()) {
    int64_t head[3];
    take(head, sizeof(head));
    ClipFrame frame;
    frame.clip = head[0];
    frame.frame = head[1];
    frame.said.resize(head[2], 3);
    frame.truth.resize(head[2], 3);
    frame.visibility.resize(head[2]);
    take(frame.said.data(), frame.said.size() * sizeof(double));
    take(frame.truth.data(), frame.truth.size() * sizeof(double));
    take(frame.visibility.data(), frame.visibility.size() * sizeof(double));
    take(frame.said_root.data(), 3 * sizeof(double));
    take(frame.root.data(), 3 * sizeof(double));
    frames->push_back(std::move(frame));
  }
}

}  // namespace gyre
