// SPDX-License-Identifier: Apache-2.0
// A pose prior on a body of any layout. Files hold mixtures over the 23 joints of SMPL's body
// (pose_prior.h); on another body the prior is the marginal over the joints that the body shares
// with SMPL by name, whose Gaussians are the blocks of the mixture's. On SMPL it is the mixture
// itself. Joints that the prior does not know are left alone.
#pragma once

#include <memory>
#include <vector>

#include "body/body_layout.h"
#include "body/body_params.h"
#include "body/pose_prior.h"

namespace gyre {

// Immutable.
class LayoutPrior {
 public:
  // The pose values of a body that the prior is about, in its order. [size()]
  using Pose = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kNumPriorPose, 1>;
  struct Component {
    double weight = 0;
    double neg_log_weight = 0;       // as PosePrior::Component's
    Pose mean;                       // [n]
    Eigen::MatrixXd precision;       // [n,n]
    Eigen::MatrixXd sqrt_precision;  // [n,n] upper triangle U with |U d|^2 = d^T P d
  };

  LayoutPrior(std::shared_ptr<const PosePrior> prior, const BodyLayout& layout);

  // How many pose values the prior knows; 0 when the body shares no joint with it.
  int size() const { return 3 * static_cast<int>(joints_.size()); }
  // The layout's joints that it knows, in the prior's order.
  const std::vector<int>& joints() const { return joints_; }
  // Whether its values stand together, from the second joint's on: Pose is then a segment of
  // BodyParams::pose() that begins at 3.
  bool contiguous() const { return contiguous_; }
  const std::vector<Component>& components() const { return components_; }
  // The mixture as its file has it.
  const PosePrior& source() const { return *prior_; }
  const std::shared_ptr<const PosePrior>& shared_source() const { return prior_; }

  Pose PoseOf(const BodyParams& params) const;
  void SetPose(const Pose& pose, BodyParams* params) const;
  // The mixture's mean. [size()]
  const Pose& Mean() const { return mean_; }
  // The component that attains the minimum of E (pose_prior.h), and E there.
  int BestComponent(const Pose& pose, double* energy = nullptr) const;
  double Energy(const BodyParams& params) const;

 private:
  std::shared_ptr<const PosePrior> prior_;
  std::vector<int> joints_;
  bool contiguous_ = true;
  std::vector<Component> components_;
  Pose mean_;
};

}  // namespace gyre
