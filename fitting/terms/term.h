// SPDX-License-Identifier: Apache-2.0
// One term of the objective: rows of residuals whose squares are its cost.
//
// A term is one file. It says its name, its weight (which its rows already hold) and how many rows
// it has, and fills them and their Jacobian from what all terms of an evaluation share: the
// parameters, the joints they give and the joints' Jacobian. That is all Ceres needs, and enough
// for a new term; AutodiffTerm (autodiff_term.h) even derives the Jacobian.
//
// A solver that forms J^T J by itself wants to know what a row touches. Two kinds of terms say so,
// and are one of these instead of a plain Term: those whose rows come from the place of one joint
// (JointTerm), and those whose rows read one parameter each (ParamTerm).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "body/body_params.h"
#include "core/types.h"

namespace gyre {

// What the terms share in one evaluation of one frame.
struct TermFrame {
  const BodyParams& params;
  const BodyParams& anchor;                 // what the terms named anchors hold the parameters to
  double sigma_px;                          // scale of the robust norm; 0: squared errors
  const Points3& joints;                    // [N,3], where the frame's FoldedJoints are
  const RowMatX* joint_jacobian = nullptr;  // [3N,P] by the parameters; null: not asked for
};

// Rows of a Jacobian, [rows, P], in the order of BodyParams::values().
using JacobianRows = Eigen::Ref<RowMatX, 0, Eigen::OuterStride<>>;

class JointTerm;
class ParamTerm;
class SpringTerm;

class Term {
 public:
  virtual ~Term() = default;

  // This, where it is a term of that kind; null otherwise.
  virtual const JointTerm* AsJointTerm() const { return nullptr; }
  virtual const ParamTerm* AsParamTerm() const { return nullptr; }

  std::string_view name() const { return name_; }
  double weight() const { return weight_; }
  int rows() const { return rows_; }
  // How many consecutive frames it reads: more than one where it is about motion.
  int num_frames() const { return num_frames_; }

  // Marks the joints [N] that it reads; the others need not be evaluated.
  virtual void MarkJoints(std::span<uint8_t> used) const = 0;

  // `frames` are num_frames(), residuals [rows]. `jacobians` is empty or holds the rows of each
  // frame, all zero, of which it fills what it touches. False where the term has no value.
  virtual bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                        std::span<JacobianRows> jacobians) const = 0;

 protected:
  // `name` must outlive the term.
  Term(std::string_view name, double weight, int rows, int num_frames = 1)
      : name_(name), weight_(weight), rows_(rows), num_frames_(num_frames) {}

 private:
  std::string_view name_;
  double weight_;
  int rows_, num_frames_;
};

// A term in groups of two or three rows, each about one joint.
class JointTerm : public Term {
 public:
  using Derivative = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;

  int num_groups() const { return rows() / rows_each_; }
  int rows_each() const { return rows_each_; }
  virtual int Joint(int group) const = 0;
  // The group's rows, given where its joint is, and their derivative by that: the first rows_each()
  // of each. False where there is no value.
  virtual bool EvaluateAt(int group, double sigma_px, const Vec3& joint, Vec3* residual,
                          Derivative* derivative) const = 0;

  const JointTerm* AsJointTerm() const final { return this; }
  void MarkJoints(std::span<uint8_t> used) const final;
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const final;

 protected:
  JointTerm(std::string_view name, double weight, int num_groups, int rows_each)
      : Term(name, weight, num_groups * rows_each), rows_each_(rows_each) {}

 private:
  template <int N>
  bool EvaluateGroups(const TermFrame& frame, Eigen::Ref<VecX> residuals,
                      std::span<JacobianRows> jacobians) const;

  int rows_each_;
};

// A term whose rows read one parameter each.
class ParamTerm : public Term {
 public:
  struct Row {
    int param;  // its position in BodyParams::values()
    double residual, derivative;
  };
  // Fills rows() rows.
  virtual void FillRows(const BodyParams& params, const BodyParams& anchor, Row* rows) const = 0;

  const ParamTerm* AsParamTerm() const final { return this; }
  // This, where it is springs on neighbouring parameters (spring.h), whose cost is cheap.
  virtual const SpringTerm* AsSpringTerm() const { return nullptr; }
  void MarkJoints(std::span<uint8_t>) const final {}
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const final;

 protected:
  using Term::Term;
};

}  // namespace gyre
