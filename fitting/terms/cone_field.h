// SPDX-License-Identifier: Apache-2.0
// How far a triangle's corners are inside another's: the conic distance field of a triangle with
// circumcentre o, circumradius R and unit normal n. Of a point v, with x = n . (v - o) and
// d = |v - o - x n|,
//   rho = d / (R (1 - x / s) + 1e-6)       the cone: narrower outside, wider inside
//   rep = 1 - s - x                        for x <= -s (to -1000, metres)
//         (3 - 2 s) / 4 - x / (2 s) - (1 - 2 s) x^2 / (4 s^2)    for -s < x < s
//         0                                beyond; with inside alone, from x = 0 on
//   f   = (1 - rho) rep                    where rho < 1, else 0
// The energy of a pair is the sum of f^power over the corners of each in the field of the other.
// Source: Tzionas et al. 2016 (power 4), and SMPLify-X's code, whose power is 8.
#pragma once

#include "body/mesh_collision.h"

namespace gyre {

struct ConeField {
  double sigma_m = 1e-4;  // s
  int power = 8;          // 4 or 8
  bool inside_alone = false;
};

// The derivative of a number by six corners, the first triangle's three before the second's.
using SixCorners = Eigen::Matrix<double, 6, 3, Eigen::RowMajor>;

// f^(power / 2) of each corner [6], so that the energy is the sum of squares: first those of `b` in
// the field of `a`, then those of `a` in that of `b`; and their derivatives where asked for.
Eigen::Matrix<double, 6, 1> ConeResiduals(const Triangle& a, const Triangle& b,
                                          const ConeField& field,
                                          std::array<SixCorners, 6>* derivatives = nullptr);

}  // namespace gyre
