// SPDX-License-Identifier: Apache-2.0
// Coordinates in which a body's parameters move: some of the parameters as they are, others through
// pieces that give several of them from fewer numbers, as hands from their principal components
// (body/hand_pca.h) and the body's pose from VPoser's latent vector (body/vposer.h):
//   x = [direct; first piece; second piece; ...]
#pragma once

#include <memory>
#include <vector>

#include "body/body_params.h"
#include "body/hand_pca.h"
#include "body/vposer.h"

namespace gyre {

class ChartPiece {
 public:
  virtual ~ChartPiece() = default;
  // Positions in BodyParams::values() of what it gives.
  virtual const std::vector<int>& params() const = 0;
  virtual int size() const = 0;
  // The parameters' values [n] at x [size], and their derivative [n,size] where asked for.
  virtual VecX Values(const Eigen::Ref<const VecX>& x, RowMatX* derivative) const = 0;
  // x [size] whose values are nearest to the parameters'.
  virtual VecX Coordinates(const BodyParams& params) const = 0;
  // Whether the derivative is the same everywhere.
  virtual bool is_linear() const { return false; }
};

std::shared_ptr<const ChartPiece> MakeHandPiece(HandPca hand);
// The body's pose by z; Coordinates are the encoder's. The layout has to have SMPL's 21 joints.
std::shared_ptr<const ChartPiece> MakeVPoserPiece(std::shared_ptr<const VPoser> vposer,
                                                  const BodyLayout& layout);

class ParamChart {
 public:
  using Pieces = std::vector<std::shared_ptr<const ChartPiece>>;

  // `direct`: positions in BodyParams::values(), none of which a piece gives.
  ParamChart(std::vector<int> direct, Pieces pieces);

  int size() const { return size_; }
  const std::vector<int>& direct() const { return direct_; }
  const Pieces& pieces() const { return pieces_; }
  int FirstOf(int piece) const { return first_[piece]; }

  VecX Coordinates(const BodyParams& params) const;
  // Moves what the chart gives of `params`; what it does not stays. `derivatives`: of each piece.
  void SetParams(const Eigen::Ref<const VecX>& x, BodyParams* params,
                 std::vector<RowMatX>* derivatives = nullptr) const;
  // d r / d x [rows,size] of d r / d params [rows,P], where SetParams left `derivatives`.
  void ToCoordinates(const RowMatX& by_params, const std::vector<RowMatX>& derivatives,
                     Eigen::Ref<RowMatX> by_x) const;

 private:
  std::vector<int> direct_;
  Pieces pieces_;
  std::vector<int> first_;
  int size_ = 0;
};

}  // namespace gyre
