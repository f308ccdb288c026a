// SPDX-License-Identifier: Apache-2.0
#include "body/hand_pca.h"

#include <Eigen/QR>
#include <algorithm>
#include <numeric>
#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

constexpr JointBlock kHandBlocks[] = {JointBlock::kLeftHand, JointBlock::kRightHand};

// The first of the block's joints and their number.
std::pair<int, int> JointsOf(const BodyLayout& layout, JointBlock block) {
  const auto first = std::ranges::find(layout.blocks, block);
  const auto count = std::ranges::count(layout.blocks, block);
  return {static_cast<int>(first - layout.blocks.begin()), static_cast<int>(count)};
}

}  // namespace

bool HandPca::IsKnown(const BodyModel& body, int right) {
  const BodyModel::Hand& hand = body.hands[right];
  const auto [first, count] = JointsOf(*body.layout, kHandBlocks[right]);
  const auto begin = body.layout->blocks.begin() + first;
  return count > 0 && hand.mean.size() == 3 * count && hand.components.rows() > 0 &&
         hand.components.cols() == 3 * count &&
         std::all_of(begin, begin + count, [&](JointBlock b) { return b == kHandBlocks[right]; });
}

HandPca::HandPca(const BodyModel& body, int right) {
  GYRE_CHECK(IsKnown(body, right), "{} has no principal components of its hands", body.name);
  const auto [first, count] = JointsOf(*body.layout, kHandBlocks[right]);
  params_.resize(3 * count);
  std::iota(params_.begin(), params_.end(), 3 * first);
  mean_ = body.hands[right].mean;
  const RowMatX& components = body.hands[right].components;
  const Eigen::Index used = std::min<Eigen::Index>(kHandComponents, components.rows());
  basis_ = components.topRows(used).transpose();
  // Coefficients by least squares; the rest by what is orthogonal to the components.
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr{Eigen::MatrixXd(basis_)};
  const Eigen::MatrixXd q = qr.householderQ();
  const Eigen::MatrixXd r = qr.matrixQR().topRows(used).triangularView<Eigen::Upper>();
  whitened_.resize(num_pose(), num_pose());
  whitened_.topRows(used) =
      r.triangularView<Eigen::Upper>().solve(Eigen::MatrixXd(q.leftCols(used).transpose()));
  whitened_.bottomRows(num_pose() - used) = q.rightCols(num_pose() - used).transpose();
}

VecX HandPca::Coefficients(const BodyParams& params) const {
  return whitened_.topRows(size()) * (params.values()(params_) - mean_);
}

}  // namespace gyre
