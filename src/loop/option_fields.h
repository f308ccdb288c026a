// SPDX-License-Identifier: Apache-2.0
// The one list of a run's options: name, field and help. options.json and the command line are both
// made from it, so that neither can forget a field.
#pragma once

#include "loop/train_options.h"

namespace gyre {

// Calls visit(name, field, help) for every field. Names are dotted: "fit.sigma_px".
template <typename Options, typename Visitor>
void VisitFields(Options& o, Visitor&& visit) {
  visit("preset", o.preset, "Named set of options everything else refines");
  visit("data", o.data, "Training data: KIND:PATH?key=value, see README");
  visit("val", o.val, "Validation data");
  visit("use_labels", o.use_labels, "Learn from 3D labels where the data has them");
  visit("body", o.body, "Body model: builtin, .npz or .pkl");
  visit("prior", o.prior, "Pose prior: .npz or .pkl; empty for the shipped one");
  visit("joint_regressor_extra", o.joint_regressor_extra, "SPIN's J_regressor_extra.npy");
  visit("init", o.init, "Weights to start from: a run, a checkpoint, SPIN's or torchvision's file");
  visit("steps", o.steps, "Training steps");
  visit("batch_size", o.batch_size, "Samples per step, of all ranks together");
  visit("data_shards", o.data_shards,
        "Parts of each data set, a multiple of the number of ranks (0: as many as ranks)");
  visit("rank_timeout_s", o.rank_timeout_s, "Seconds after which a silent rank is given up");
  visit("rank_start_timeout_s", o.rank_start_timeout_s, "Seconds to wait for all ranks to start");
  visit("learning_rate", o.learning_rate, "Adam's step size");
  visit("learning_rate_end", o.learning_rate_end,
        "It falls to this, as half a cosine (0: constant)");
  visit("gradient_clip", o.gradient_clip, "Norm above which a gradient is shortened (0: never)");
  visit("max_bad_steps", o.max_bad_steps,
        "Steps in a row that numbers which are not finite may cost (0: the first ends the run)");
  visit("supervision", o.supervision, "loop, static, truth or reprojection");
  visit("first_starts", o.first_starts,
        "Run of preset prior18 from whose network the first fits start; empty: cold starts");
  visit("device", o.device, "cpu or cuda");
  visit("threads", o.threads, "Threads of the network (0: all cores)");
  visit("fit_threads", o.fit_threads, "Threads of the fitter (0: all cores)");
  visit("loader_threads", o.loader_threads, "Threads that read and warp images");
  visit("seed", o.seed, "Seed of every random draw");
  visit("trace_steps", o.trace_steps,
        "Timeline of so many steps, in RUN/trace.json for ui.perfetto.dev (0: none)");
  visit("log_every", o.log_every, "Steps between lines of metrics.jsonl");
  visit("val_every", o.val_every, "Steps between validations");
  visit("checkpoint_every", o.checkpoint_every, "Steps between checkpoints");
  visit("keep_checkpoints", o.keep_checkpoints, "Checkpoints kept");
  visit("pictures", o.pictures, "People pictured in the report");

  auto& n = o.network;
  visit("network.input", n.input, "image, keypoints or silhouette");
  visit("network.backbone", n.backbone, "resnet18, resnet34 or resnet50");
  visit("network.width", n.width, "Channels of the first stage (ResNet's own: 64)");
  visit("network.image_px", n.image_px, "Side of the crop, a multiple of 32");
  visit("network.ief_activation", n.ief_activation, "none (SPIN) or relu (HMR)");
  visit("network.ief_iterations", n.ief_iterations, "Iterations of the regression");
  visit("network.dropout", n.dropout, "Dropout of the head");
  visit("network.batch_norm", n.batch_norm,
        "Statistics of several ranks: local, or synced (of the whole batch)");
  visit("network.precision", n.precision,
        "float32, or bfloat16: for GPUs, works on any CPU but can be slower");

  auto& l = o.loss;
  visit("loss.total", l.total, "Multiplies all terms");
  visit("loss.keypoints_2d", l.keypoints_2d, "Weight of the keypoints");
  visit("loss.keypoints_3d", l.keypoints_3d, "Weight of 3D joints");
  visit("loss.pose", l.pose, "Weight of the rotations");
  visit("loss.betas", l.betas, "Weight of the shape");
  visit("loss.camera", l.camera, "Weight against a negative camera scale");
  visit("loss.vertices", l.vertices, "Weight of the vertices");
  visit("loss.vertices_after", l.vertices_after, "Steps without the vertices at first");
  visit("loss.openpose_joints", l.openpose_joints, "Weight of OpenPose's 25 of the 49 joints");
  visit("loss.annotated_joints", l.annotated_joints, "Weight of the other 24");
  visit("loss.fit_sd_rad", l.fit_sd_rad,
        "Uncertainty of a fitted rotation at which it teaches half as much (0: all alike)");
  visit("loss.norm", l.norm, "squared (SPIN) or l1");
  visit("loss.mean", l.mean, "all (SPIN) or observed: what keypoint terms are divided by");

  auto& a = o.augment;
  visit("augment.flip_probability", a.flip_probability, "Share of mirrored samples");
  visit("augment.rotation_sigma_deg", a.rotation_sigma_deg, "Spread of the turn");
  visit("augment.rotation_max_deg", a.rotation_max_deg, "Largest turn");
  visit("augment.rotation_zero_probability", a.rotation_zero_probability, "Share not turned");
  visit("augment.scale_sigma", a.scale_sigma, "Spread and largest change of the box");
  visit("augment.gain_range", a.gain_range, "Largest change of a colour channel");
  visit("augment.occlusion_probability", a.occlusion_probability,
        "Share with a rectangle in front");
  visit("augment.occlusion_side_min", a.occlusion_side_min,
        "Smallest rectangle, share of the crop");
  visit("augment.occlusion_side_max", a.occlusion_side_max, "Largest rectangle, share of the crop");

  auto& r = o.refresh;
  visit("refresh.every", r.every, "A converged fit is tried again at one in so many visits");
  visit("refresh.after_steps", r.after_steps, "Converged: not improved for so many steps");
  visit("refresh.delay_steps", r.delay_steps,
        "Fit while the network goes on, and store so many steps later (0: in the same step)");

  auto& f = o.fit;
  visit("fit.torso_stage", f.torso_stage, "Place the torso before the body");
  visit("fit.torso_weighting", f.torso_weighting, "none (SPIN) or confidence");
  visit("fit.torso_fallback", f.torso_fallback, "All joints where torso joints are missing");
  visit("fit.torso_depth_anchor", f.torso_depth_anchor, "Holds depth in the torso stage");
  visit("fit.torso_orientation_anchor", f.torso_orientation_anchor,
        "Holds the orientation in the torso stage");
  visit("fit.body_translation_free", f.body_translation_free, "Move the body in the body stage");
  visit("fit.torso_sigma_px", f.torso_sigma_px, "The same for the torso stage; 0: squared errors");
  visit("fit.first_sigma_px", f.first_sigma_px, "Geman-McClure's scale at first");
  visit("fit.sigma_px", f.sigma_px, "Geman-McClure's scale, pixels of the 224 px crop");
  visit("fit.robust_norm", f.robust_norm, "per_coordinate (SPIN) or per_joint");
  visit("fit.pose_prior_weight", f.pose_prior_weight, "Weight of the pose mixture");
  visit("fit.angle_prior", f.angle_prior, "exponential (SMPLify) or limit");
  visit("fit.angle_prior_weight", f.angle_prior_weight, "Weight against bending backwards");
  visit("fit.shape_prior_weight", f.shape_prior_weight, "Weight of the shape's norm");
  visit("fit.body_depth_anchor", f.body_depth_anchor, "Holds depth in the body stage");
  visit("fit.start_anchor", f.start_anchor, "Holds the pose near its start");
  visit("fit.ignored_joints", f.ignored_joints, "Of the 49, by name and with commas between");
  visit("fit.merge_duplicate_joints", f.merge_duplicate_joints, "Count a joint seen twice once");
  visit("fit.merge_within_px", f.merge_within_px, "If no farther apart, 224 px crop");
  visit("fit.torso_max_iterations", f.torso_max_iterations, "Iterations of the torso stage");
  visit("fit.body_max_iterations", f.body_max_iterations, "Iterations of the body stage");
  visit("fit.function_tolerance", f.function_tolerance, "Relative decrease that ends a stage");
  visit("fit.backend", f.backend, "fused, or ceres (the slow reference)");
  visit("fit.hypotheses", f.hypotheses, "start_only, uninformed or all");
  visit("fit.try_exchanged_limbs", f.try_exchanged_limbs, "Left for right where it explains more");
  visit("fit.min_observed_joints", f.min_observed_joints, "Fewer joints are not fitted");

  auto& s = o.store;
  visit("store.max_abs_beta", s.max_abs_beta, "Larger shapes are refused");
  visit("store.prior_margin", s.prior_margin, "How much less likely a better-scoring pose may be");
  visit("store.prior_ceiling", s.prior_ceiling, "Less likely first poses are refused");
  visit("store.max_hyperextension_rad", s.max_hyperextension_rad, "Elbows and knees backwards");
  visit("store.accept_px2", s.accept_px2, "Fits scoring below teach the network");
  visit("store.accept_px2_of", s.accept_px2_of,
        "The same for single data sets: NAME=PX2, with commas between");
  visit("store.rule", s.rule, "spin, guarded or objective: which fits replace others");
}

}  // namespace gyre
