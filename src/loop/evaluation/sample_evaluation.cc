// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/sample_evaluation.h"

#include <algorithm>
#include <filesystem>

#include "body/body_parts.h"
#include "core/error.h"
#include "person/crops.h"

namespace gyre {

namespace {

// What is known of the joints of a protocol's set; without confidence where the person's set lacks
// one.
template <typename Points>
struct Known {
  Points points;
  VecX confidence;

  Known(const Points& of, const VecX& confidences, const KeypointSet& person,
        const std::string& set) {
    const std::vector<int> rows = PositionsIn(person, FindKeypointSet(set));
    points = Points::Zero(static_cast<Eigen::Index>(rows.size()), Points::ColsAtCompileTime);
    confidence = VecX::Zero(points.rows());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] < 0) continue;
      points.row(i) = of.row(rows[i]);
      confidence[i] = confidences[rows[i]];
    }
  }
};

}  // namespace

SampleEvaluation::SampleEvaluation(Protocol protocol, const EvaluationBody& of, ProtocolFiles files)
    : protocol_(std::move(protocol)), body_(&of), files_(std::move(files)), evaluation_(protocol_) {
  const BodyModel& body = body_->model();
  if (protocol_.NeedsH36mRegressor()) {
    GYRE_CHECK(files_.h36m_regressor.cols() == body.num_vertices());
  }
  if (protocol_.truth == Truth::kGenderedBody) {
    for (const auto& model : {files_.male, files_.female}) {
      GYRE_CHECK(model != nullptr && model->num_vertices() == body.num_vertices());
    }
  }
  if (!protocol_.set.empty()) spin_positions_ = SpinPositionsOf(FindKeypointSet(protocol_.set));
  if (protocol_.truth == Truth::kSilhouette) class_of_face_.assign(body.faces.rows(), 1);
  if (protocol_.truth == Truth::kParts) class_of_face_ = PartsOfFaces(body);
}

SampleEvaluation::Points SampleEvaluation::PointsOf(const BodyModel& model,
                                                    const BodyParams& params) const {
  const bool has_pve = std::ranges::count(protocol_.metrics, MetricKind::kPve) > 0;
  Points points{Points3(0, 3), Points3(0, 3)};
  if (has_pve || protocol_.NeedsH36mRegressor()) points.vertices = PoseBody(model, params).vertices;
  points.joints = protocol_.NeedsH36mRegressor() ? Points3(files_.h36m_regressor * points.vertices)
                                                 : body_->Joints(params);
  if (!has_pve) points.vertices.resize(0, 3);
  return points;
}

std::string SampleEvaluation::WhyLeftOut(const Person& sample) const {
  const std::string picture = std::filesystem::path(sample.image_path).filename().string();
  if (picture.find(protocol_.picture) == std::string::npos) {
    return fmt::format("has no \"{}\" in its picture's name", protocol_.picture);
  }
  const auto any = [&](const KeypointSet& of, const VecX& confidence) {
    return std::ranges::any_of(PositionsIn(of, FindKeypointSet(protocol_.set)),
                               [&](int i) { return i >= 0 && confidence[i] > 0; });
  };
  bool has_truth = true;  // masks are asked for when they are needed
  switch (protocol_.truth) {
    case Truth::kBody:
      has_truth = sample.params.has_value();
      break;
    case Truth::kGenderedBody:
      has_truth = sample.params && sample.gender != Gender::kUnknown;
      break;
    case Truth::kJoints:
      has_truth = sample.joints3d && any(*sample.joints3d->set, sample.joints3d->confidence);
      break;
    case Truth::kKeypoints:
      has_truth = any(*sample.keypoints.set, sample.keypoints.confidence);
      break;
    case Truth::kSilhouette:
    case Truth::kParts:
      break;
  }
  return has_truth ? "" : fmt::format("lacks {}", TruthText(protocol_.truth));
}

bool SampleEvaluation::Add(const Dataset& set, const Person& sample, const BodyParams& params) {
  if (const std::string why = WhyLeftOut(sample); !why.empty()) {
    if (left_out_++ == 0) {
      first_left_out_ = fmt::format("row {} of {} {}", sample.index, sample.dataset, why);
    }
    return false;
  }
  ++samples_;
  switch (protocol_.truth) {
    case Truth::kBody:
    case Truth::kGenderedBody: {
      const BodyModel& model = protocol_.truth == Truth::kBody  ? body_->model()
                               : sample.gender == Gender::kMale ? *files_.male
                                                                : *files_.female;
      const Points prediction = PointsOf(body_->model(), params);
      const Points truth = PointsOf(model, *sample.params);
      evaluation_.Add(prediction.joints, truth.joints, VecX::Ones(truth.joints.rows()),
                      prediction.vertices, truth.vertices);
      break;
    }
    case Truth::kJoints: {
      const SpaceJoints& truth = *sample.joints3d;
      const Known<Points3> known(truth.m, truth.confidence, *truth.set, protocol_.set);
      evaluation_.Add(PointsOf(body_->model(), params).joints, known.points, known.confidence);
      break;
    }
    case Truth::kKeypoints:
      AddKeypoints(sample, params);
      break;
    case Truth::kSilhouette: {
      ImageBuffer mask = set.LoadSilhouette(sample);
      for (size_t i = 0; 3 * i < mask.pixels.size(); ++i) mask.pixels[i] = mask.pixels[3 * i] / 255;
      mask.pixels.resize(mask.pixels.size() / 3);
      AddMask(mask, sample, params);
      break;
    }
    case Truth::kParts:
      AddMask(set.LoadParts(sample), sample, params);
      break;
  }
  return true;
}

void SampleEvaluation::AddKeypoints(const Person& sample, const BodyParams& params) {
  const Points3 joints = body_->Joints(params)(spin_positions_, Eigen::all);
  const Camera camera = ImageCamera(sample);
  Points2 pixels(joints.rows(), 2);
  for (int i = 0; i < joints.rows(); ++i) {
    pixels.row(i) = camera.Project(joints.row(i).transpose()).transpose();
  }
  const Keypoints& keypoints = sample.keypoints;
  const Known<Points2> known(keypoints.px, keypoints.confidence, *keypoints.set, protocol_.set);
  evaluation_.Add(pixels, known.points, known.confidence, sample.box.side_px);
}

void SampleEvaluation::AddMask(const ImageBuffer& truth, const Person& sample,
                               const BodyParams& params) {
  const BodyModel& body = body_->model();
  Rasterise(PoseBody(body, params).vertices, body.faces, ImageCamera(sample), truth.width,
            truth.height, {.cull_back_faces = true}, &raster_);
  std::vector<uint8_t> prediction;
  prediction.reserve(truth.pixels.size());
  for (const int32_t face : raster_.face_idx) {
    prediction.push_back(face < 0 ? 0 : class_of_face_[face]);
  }
  evaluation_.Add(prediction, truth.pixels);
}

}  // namespace gyre
