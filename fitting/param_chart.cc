// SPDX-License-Identifier: Apache-2.0
#include "fitting/param_chart.h"

#include <utility>

#include "core/error.h"

namespace gyre {
namespace {

class HandPiece final : public ChartPiece {
 public:
  explicit HandPiece(HandPca hand) : hand_(std::move(hand)) {}

  const std::vector<int>& params() const override { return hand_.params(); }
  int size() const override { return hand_.size(); }
  bool is_linear() const override { return true; }
  VecX Values(const Eigen::Ref<const VecX>& x, RowMatX* derivative) const override {
    if (derivative != nullptr) *derivative = hand_.basis();
    return hand_.mean() + hand_.basis() * x;
  }
  VecX Coordinates(const BodyParams& params) const override { return hand_.Coefficients(params); }

 private:
  HandPca hand_;
};

class VPoserPiece final : public ChartPiece {
 public:
  VPoserPiece(std::shared_ptr<const VPoser> vposer, const BodyLayout& layout)
      : vposer_(std::move(vposer)) {
    for (int k = 1; k <= VPoser::kJoints; ++k) {
      const int joint = layout.IndexOf(SmplLayout().joints[k]);
      GYRE_CHECK(joint > 0, "VPoser's joint {} is not of the body", SmplLayout().joints[k]);
      for (int axis = 0; axis < 3; ++axis) params_.push_back(3 * joint + axis);
    }
  }

  const std::vector<int>& params() const override { return params_; }
  int size() const override { return vposer_->latent_size(); }
  VecX Values(const Eigen::Ref<const VecX>& x, RowMatX* derivative) const override {
    return vposer_->Decode(x, derivative);
  }
  VecX Coordinates(const BodyParams& params) const override {
    return vposer_->Encode(params.values()(params_)).mean;
  }

 private:
  std::shared_ptr<const VPoser> vposer_;
  std::vector<int> params_;
};

}  // namespace

std::shared_ptr<const ChartPiece> MakeHandPiece(HandPca hand) {
  return std::make_shared<const HandPiece>(std::move(hand));
}

std::shared_ptr<const ChartPiece> MakeVPoserPiece(std::shared_ptr<const VPoser> vposer,
                                                  const BodyLayout& layout) {
  return std::make_shared<const VPoserPiece>(std::move(vposer), layout);
}

ParamChart::ParamChart(std::vector<int> direct, Pieces pieces)
    : direct_(std::move(direct)), pieces_(std::move(pieces)) {
  size_ = static_cast<int>(direct_.size());
  for (const auto& piece : pieces_) {
    first_.push_back(size_);
    size_ += piece->size();
  }
}

VecX ParamChart::Coordinates(const BodyParams& params) const {
  VecX x(size_);
  x.head(direct_.size()) = params.values()(direct_);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    x.segment(first_[i], pieces_[i]->size()) = pieces_[i]->Coordinates(params);
  }
  return x;
}

void ParamChart::SetParams(const Eigen::Ref<const VecX>& x, BodyParams* params,
                           std::vector<RowMatX>* derivatives) const {
  params->values()(direct_) = x.head(direct_.size());
  if (derivatives != nullptr) derivatives->resize(pieces_.size());
  for (size_t i = 0; i < pieces_.size(); ++i) {
    params->values()(pieces_[i]->params()) =
        pieces_[i]->Values(x.segment(first_[i], pieces_[i]->size()),
                           derivatives != nullptr ? &(*derivatives)[i] : nullptr);
  }
}

void ParamChart::ToCoordinates(const RowMatX& by_params, const std::vector<RowMatX>& derivatives,
                               Eigen::Ref<RowMatX> by_x) const {
  by_x.leftCols(direct_.size()) = by_params(Eigen::all, direct_);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    by_x.middleCols(first_[i], pieces_[i]->size()).noalias() =
        by_params(Eigen::all, pieces_[i]->params()) * derivatives[i];
  }
}

}  // namespace gyre
