// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_rows.h"

#include <cstring>
#include <limits>
#include <type_traits>

#include "core/error.h"
#include "fitting/store/stored_fit.h"
#include "io/utf8.h"

namespace gyre {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

constexpr FieldDoc kTrackDoc = {"track", FieldShape::kOne, "",
                                "who it is from frame to frame, from 0; of a video alone"};
constexpr FieldDoc kFrameDoc = {"frame", FieldShape::kOne, "",
                                "the video's frame, from 0; of a video alone"};

// The bytes of a number or of a vector of them; a text itself.
template <typename T>
std::string_view Bytes(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
  } else {
    return {reinterpret_cast<const char*>(value.data()), value.size() * sizeof(double)};
  }
}

// Calls visit(doc, field) for every field of a row, in the order that they have in a record and as
// columns of the .npz. Without a key it is in the record alone.
template <typename Row, typename Visit>
void VisitRow(Row& row, Visit&& visit) {
  using enum FieldShape;
  const auto shared = [&](const FieldDoc& doc, const auto& get) { visit(doc, get(row)); };
  visit(FieldDoc{"index", kOne, "", "place in the whole input, from 0: a shard's begin later"},
        row.index);
  ForEachBodyField(DType::kFloat64, shared);
  visit(kPixelScaleDoc, row.pixel_scale);
  visit(
      FieldDoc{"reprojection_px", kOne, "px", "mean distance of the observed joints, image pixels"},
      row.reprojection_px);
  visit(FieldDoc{"score_px2", kOne, "px^2",
                 "robust error per observed joint in the 224 px crop (Geman-McClure, 100 px); "
                 "`store.accept_px2` bounds it with the rules spin and guarded alone; infinite: "
                 "not scored"},
        row.score_px2);
  visit(FieldDoc{"joint_error_px", kKeypoints, "px", "per keypoint; NaN where not observed"},
        row.joint_error_px);
  visit(FieldDoc{"depth_sd_m", kJoints, "m",
                 "one standard deviation of each joint's depth less the root's"},
        row.depth_sd_m);
  ForRotationSd(DType::kFloat64, shared);
  visit(FieldDoc{"objective", kOne, "px^2", "what was minimised"}, row.objective);
  visit(FieldDoc{"runner_up_objective", kOne, "px^2",
                 "the same of the best other body tried; NaN where none was"},
        row.runner_up_objective);
  visit(FieldDoc{"runner_up_pose", kPose, "rad", "its pose"}, row.runner_up_pose);
  visit(FieldDoc{"usable", kOne, "", "whether fitted"}, row.usable);
  visit(FieldDoc{"reason", kOne, "", "if not, why"}, row.reason);
  ForEachNameField(shared);
  visit(FieldDoc{"", kOne, "", ""}, row.image_path);
  // What older versions' records end before, or between.
  visit(FieldDoc{"joint_cov_m2", kJointCovariances, "m^2",
                 "covariance of each joint's position in the camera's frame"},
        row.joint_cov_m2);
  ForEachPlaceField(shared);
  visit(kObservedDoc, row.observed_joints);
  visit(kSourceDoc, row.source);
  visit(kStepDoc, row.step);
  visit(kPosePriorDoc, row.pose_prior);
  visit(kRobustDoc, row.robust_px2);
  visit(
      FieldDoc{"quality", kOne, "",
               "probability that the joints are within 100 mm in the mean after Procrustes "
               "(PA-MPJPE), learnt from synthetic people; also of `large_error`; NaN: not fitted"},
      row.quality);
  visit(kTrackDoc, row.track);
  visit(kFrameDoc, row.frame);
}

}  // namespace

FitRow::FitRow(const BodyLayout& body, int num_keypoints)
    : params(body),
      reprojection_px(kNaN),
      score_px2(kNaN),
      joint_error_px(VecX::Constant(num_keypoints, kNaN)),
      depth_sd_m(VecX::Constant(body.num_joints(), kNaN)),
      rotation_sd_rad(depth_sd_m),
      objective(kNaN),
      runner_up_objective(kNaN),
      runner_up_pose(VecX::Constant(body.num_pose(), kNaN)),
      joint_cov_m2(VecX::Constant(9 * body.num_joints(), kNaN)),
      pose_prior(kNaN),
      robust_px2(kNaN),
      quality(kNaN) {
  params.values().setConstant(kNaN);
}

FitRow::FitRow(const BodyLayout& body, int64_t index_in, const FitInput& input,
               const FitResult& result)
    : FitRow(body, static_cast<int>(input.problem.confidence.size())) {
  const FitSummary& summary = result.summary;
  SetInput(index_in, input);
  joint_error_px = summary.per_joint_error_px;
  if (result.uncertainty) {
    for (int k = 0; k < body.num_joints(); ++k) {
      depth_sd_m[k] = result.uncertainty->depth_sd_m[k];
      rotation_sd_rad[k] = result.uncertainty->rotation_sd_rad[k];
      joint_cov_m2.segment<9>(9 * k) = result.uncertainty->joint_cov_m2[k].reshaped();
    }
  }
  if (result.runner_up) {
    runner_up_pose = result.runner_up->params.pose();
    runner_up_objective = result.runner_up->objective;
  }
  usable = summary.usable;
  if (usable || summary.reason == FitReason::kLargeError) {
    reprojection_px = summary.score.reprojection_px;
    score_px2 = summary.score.score_px2;
    robust_px2 = summary.score.robust_px2;
    pose_prior = summary.score.pose_prior;
  }
  observed_joints = summary.score.observed_joints;
  source = static_cast<int64_t>(summary.by_mask ? FitSource::kMasks : FitSource::kStatic);
  if (usable) {
    params = result.params;
    objective = summary.after.BodyTotal();
  }
  reason = EnumName(summary.reason);
}

FitRow::FitRow(const BodyLayout& body, int64_t index_in, const FitInput& input,
               const BodyParams& params_in)
    : FitRow(body, static_cast<int>(input.problem.confidence.size())) {
  SetInput(index_in, input);
  params = params_in;
  usable = params.values().allFinite();
  reason = EnumName(usable ? FitReason::kOk : FitReason::kSolverFailed);
  score_px2 = robust_px2 = std::numeric_limits<double>::infinity();
  observed_joints = (input.problem.confidence.array() > 0).count();
}

void FitRow::SetInput(int64_t index_in, const FitInput& input) {
  static_cast<FitSubject&>(*this) = SubjectOf(input);
  index = index_in;
  image_path = input.person.image_path;
}

FitSubject SubjectOf(const FitInput& input) {
  FitSubject subject;
  const Person& person = input.person;
  subject.dataset = Utf8FromBytes(person.dataset);
  subject.row = person.index;
  subject.source_file = Utf8FromBytes(person.source_file);
  subject.image = Utf8FromBytes(person.image);
  subject.person = person.place;
  subject.id = person.id;
  subject.SetView(person.box, input.problem.camera);
  subject.pixel_scale = input.problem.pixel_scale;
  return subject;
}

Mat3 FitRow::JointCovariance(int joint) const {
  return joint_cov_m2.segment<9>(9 * joint).reshaped(3, 3);
}

std::vector<FieldDoc> RowFields() {
  std::vector<FieldDoc> fields;
  const FitRow row(SmplLayout(), 1);
  VisitRow(row, [&](const FieldDoc& doc, const auto&) {
    if (*doc.key != '\0') fields.push_back(doc);
  });
  return fields;
}

std::string_view RowColumn::ValueOf(const FitRow& row) const {
  std::string_view value;
  VisitRow(row, [&](const FieldDoc& doc, const auto& field) {
    if (key == doc.key) value = Bytes(field);
  });
  return value;
}

std::vector<RowColumn> ColumnsOf(const FitRow& like) {
  using enum FieldShape;
  std::vector<RowColumn> columns;
  VisitRow(like, [&](const FieldDoc& doc, const auto& field) {
    using Field = std::decay_t<decltype(field)>;
    const std::string_view key = doc.key;
    if (key.empty()) return;
    if (like.track < 0 && (key == kTrackDoc.key || key == kFrameDoc.key)) return;
    if constexpr (std::is_same_v<Field, std::string>) {
      columns.push_back({key, DType::kString, {}});
    } else if constexpr (std::is_same_v<Field, bool>) {
      columns.push_back({key, DType::kBool, {}});
    } else if constexpr (std::is_same_v<Field, int64_t>) {
      columns.push_back({key, DType::kInt64, {}});
    } else if constexpr (std::is_same_v<Field, double>) {
      columns.push_back({key, DType::kFloat64, {}});
    } else if (field.size() > 0) {
      columns.push_back({key, DType::kFloat64, {field.size()}});
      if (doc.shape == kJointCovariances) columns.back().row_shape = {field.size() / 9, 3, 3};
    }
  });
  return columns;
}

std::string EncodeRow(const FitRow& row) {
  std::string record;
  VisitRow(row, [&](const FieldDoc&, const auto& field) {
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::string>) {
      record += Bytes(static_cast<uint32_t>(field.size()));
    }
    record += Bytes(field);
  });
  return record;
}

FitRow DecodeRow(const std::string& record, const FitRow& like) {
  FitRow row = like;
  std::string_view rest = record;
  const auto fail = [&](const char* how) {
    ThrowUserError("a stored fit of {} bytes is too {}: fit again with --restart", record.size(),
                   how);
  };
  const auto take = [&](size_t size) {
    if (size > rest.size()) fail("short");
    const std::string_view bytes = rest.substr(0, size);
    rest.remove_prefix(size);
    return bytes;
  };
  bool may_end = false;
  VisitRow(row, [&](const FieldDoc& doc, auto&& field) {
    using Field = std::decay_t<decltype(field)>;
    may_end = may_end || doc.shape == FieldShape::kJointCovariances;
    if (rest.empty() && may_end) return;
    if constexpr (std::is_same_v<Field, bool>) {
      field = take(1)[0] != 0;
    } else if constexpr (std::is_same_v<Field, std::string>) {
      uint32_t size = 0;
      std::memcpy(&size, take(sizeof(size)).data(), sizeof(size));
      field = take(size);
    } else {
      const std::string_view to = Bytes(field);
      std::memcpy(const_cast<char*>(to.data()), take(to.size()).data(), to.size());
    }
  });
  if (!rest.empty()) fail("long");
  return row;
}

}  // namespace gyre
