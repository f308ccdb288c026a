// SPDX-License-Identifier: Apache-2.0
#include "metrics/errors.h"

#include <limits>

#include "core/align.h"
#include "core/error.h"

namespace gyre {
namespace {

constexpr double kNotCounted = std::numeric_limits<double>::quiet_NaN();
constexpr double kFailed = std::numeric_limits<double>::infinity();

// Which points count, and which of those the prediction has.
struct Selection {
  std::vector<int> usable;
  VecX errors;  // kNotCounted or kFailed; the usable ones are still to be filled in
};

template <typename Points>
Selection Select(const Points& prediction, const Points& truth, const VecX& visibility) {
  GYRE_CHECK(prediction.rows() == truth.rows() && truth.rows() == visibility.size(),
             "{} predicted points, {} true points, {} visibilities", prediction.rows(),
             truth.rows(), visibility.size());
  Selection result{{}, VecX::Constant(truth.rows(), kNotCounted)};
  for (int i = 0; i < truth.rows(); ++i) {
    if (!(visibility[i] > 0) || !truth.row(i).allFinite()) continue;
    if (prediction.row(i).allFinite()) {
      result.usable.push_back(i);
    } else {
      result.errors[i] = kFailed;
    }
  }
  return result;
}

template <typename Points>
void FillErrors(const Points& aligned, const Points& truth, Selection* selection) {
  for (size_t k = 0; k < selection->usable.size(); ++k) {
    selection->errors[selection->usable[k]] = (aligned.row(k) - truth.row(k)).norm();
  }
}

double BestScale(const Points3& centred_prediction, const Points3& centred_truth) {
  const double squared_norm = centred_prediction.squaredNorm();
  return squared_norm > 0 ? centred_truth.cwiseProduct(centred_prediction).sum() / squared_norm : 1;
}

}  // namespace

VecX PointErrors(const Points3& prediction, const Points3& truth, const VecX& visibility,
                 Alignment alignment, const Roots& roots) {
  Selection selection = Select(prediction, truth, visibility);
  Points3 p = prediction(selection.usable, Eigen::all);
  Points3 g = truth(selection.usable, Eigen::all);
  if (alignment == Alignment::kProcrustes) {
    if (p.rows() > 0) p = AlignSimilarity(p, g).Apply(p);
  } else if (alignment != Alignment::kNone) {
    if (!roots.truth.allFinite()) return VecX::Constant(truth.rows(), kNotCounted);
    if (!roots.prediction.allFinite()) {
      selection.errors(selection.usable).setConstant(kFailed);
      return selection.errors;
    }
    p.rowwise() -= roots.prediction.transpose();
    g.rowwise() -= roots.truth.transpose();
    if (alignment == Alignment::kRootScale) p *= BestScale(p, g);
  }
  FillErrors(p, g, &selection);
  return selection.errors;
}

VecX PointErrors(const Points2& prediction, const Points2& truth, const VecX& visibility) {
  Selection selection = Select(prediction, truth, visibility);
  const Points2 p = prediction(selection.usable, Eigen::all);
  const Points2 g = truth(selection.usable, Eigen::all);
  FillErrors(p, g, &selection);
  return selection.errors;
}

VecX MotionErrors(std::span<const Points3> prediction, std::span<const Points3> truth,
                  const RowMatX& visibility, int order) {
  GYRE_CHECK(order == 1 || order == 2, "order {}", order);
  const int frames = static_cast<int>(truth.size());
  GYRE_CHECK(prediction.size() == truth.size() && visibility.rows() == frames);
  if (frames <= order) return VecX(0);
  const Eigen::Index points = truth[0].rows();
  VecX errors((frames - order) * points);
  for (int t = 0; t + order < frames; ++t) {
    const auto difference = [&](std::span<const Points3> x) -> Points3 {
      return order == 1 ? Points3(x[t + 1] - x[t]) : Points3(x[t + 2] - 2 * x[t + 1] + x[t]);
    };
    const VecX visible_throughout =
        visibility.middleRows(t, order + 1).colwise().minCoeff().transpose();
    errors.segment(t * points, points) = PointErrors(difference(prediction), difference(truth),
                                                     visible_throughout, Alignment::kNone);
  }
  return errors;
}

}  // namespace gyre
