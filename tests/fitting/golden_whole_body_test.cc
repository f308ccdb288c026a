// SPDX-License-Identifier: Apache-2.0
// Whole bodies against people whose pose is known, and against what SMPLify-X makes of them
// (smplifyx_fits_synth.npz).
#include <gtest/gtest.h>

#include <numeric>

#include "body/pose_prior_training.h"
#include "body/vposer_clips.h"
#include "core/align.h"
#include "fitting/fitter.h"
#include "io/npz.h"
#include "peers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

struct PartMeans {
  double body_mm = 0, hands_mm = 0, face_mm = 0;
};

class GoldenWholeBody : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path golden = PeersFolder() / "smplx/smplifyx_fits_synth.npz";
    if (!fs::exists(golden) || !fs::exists(kBody)) {
      GTEST_SKIP() << golden << " or " << kBody << " is not there";
    }
    golden_ = ReadNpz(golden);
    body_ = LoadBodyModel(kBody.string());
  }
  Points3 Rows(const std::string& key, int person, int count) const {
    const std::vector<double> values = golden_.at(key).As<double>(key);
    return Eigen::Map<const Points3>(values.data() + 3 * count * person, count, 3);
  }
  // In a picture of 1000 x 1000 px.
  FitProblem Problem(int person) const {
    const Points3 rows = Rows("keypoints", person, 118);
    FitProblem problem;
    problem.keypoints_px.setZero(135, 2);
    problem.confidence.setZero(135);
    problem.keypoints_px.topRows(118) = rows.leftCols<2>();
    problem.confidence.head(118) = rows.col(2);
    problem.camera = {5000, Vec2(500, 500)};
    const auto box = BoxAroundPoints(problem.keypoints_px, problem.confidence, 1.2);
    problem.pixel_scale = kReferenceCropPx / box->side_px;
    problem.has_start = problem.start_has_translation = false;
    problem.start = BodyParams(*body_->layout);
    return problem;
  }

  // What SMPLify-X was given: a mixture of the poses that its VPoser knows.
  static std::shared_ptr<const PosePrior> PriorOf(const fs::path& vposer) {
    PriorTrainingOptions options;
    options.components = 5;
    options.mirror = false;
    options.held_out_share = 0;
    options.floor_rad = 0.06;
    options.max_iterations = 12;
    const auto clips = DrawVPoserClips(VPoser::Read(vposer), 40, 3);
    return std::make_shared<const PosePrior>(
        PriorFromMixture(TrainPosePrior(clips, options).mixture, vposer.string()));
  }

  PartMeans Errors(std::shared_ptr<const PosePrior> prior);

  const fs::path kBody = "../shared/data/body_x/cc0_body_x.npz";
  Npz golden_;
  std::shared_ptr<const BodyModel> body_;
};

double PaErrorMm(const Points3& points, const Points3& truth) {
  return 1000 * (AlignSimilarity(points, truth).Apply(points) - truth).rowwise().norm().mean();
}

// SMPLify-X: 46.3 mm of the body, 6.5 of the hands, 1.6 of the face, 100 s a person.
PartMeans GoldenWholeBody::Errors(std::shared_ptr<const PosePrior> prior) {
  const Fitter fitter(body_, std::move(prior), FitOptions::WholeBody(),
                      FindKeypointSet("openpose135"));
  PartMeans mean;
  double seconds = 0;
  for (int i = 0; i < 8; ++i) {
    const FitResult result = fitter.Fit(Problem(i));
    EXPECT_TRUE(result.summary.usable) << result.summary.reason_text;
    EXPECT_TRUE(result.params.values().allFinite());
    const Points3 joints = fitter.Joints(result.params), truth = Rows("true_joints118", i, 118);
    const auto error = [&](int first, int count) {
      return PaErrorMm(joints.middleRows(first, count), truth.middleRows(first, count));
    };
    mean.body_mm += error(0, 25) / 8;
    mean.hands_mm += (error(25, 21) + error(46, 21)) / 16;
    mean.face_mm += error(67, 51) / 8;
    seconds += result.summary.seconds / 8;
    std::printf("  person %d: body %.1f mm, hands %.1f %.1f, face %.2f; %.1f ms, %s\n", i,
                error(0, 25), error(25, 21), error(46, 21), error(67, 51),
                1000 * result.summary.seconds, result.summary.BriefReport().c_str());
  }
  std::printf("  mean: body %.1f mm, hands %.2f, face %.2f; %.1f ms\n", mean.body_mm, mean.hands_mm,
              mean.face_mm, 1000 * seconds);
  return mean;
}

TEST_F(GoldenWholeBody, NearerToTheTruthThanSmplifyXWithWhatItKnew) {
  const PartMeans mean = Errors(PriorOf(kBody.parent_path() / "vposer_free.pt"));
  EXPECT_LT(mean.body_mm, 42);
  EXPECT_LT(mean.hands_mm, 6);
  EXPECT_LT(mean.face_mm, 1.5);
}

// It knows less of such poses: eight people of whom one or two end in another body.
TEST_F(GoldenWholeBody, HandsAndFaceDoNotHangOnThePrior) {
  const PartMeans mean = Errors(LoadPosePrior());
  EXPECT_LT(mean.body_mm, 60);
  EXPECT_LT(mean.hands_mm, 6);
  EXPECT_LT(mean.face_mm, 1.5);
}

}  // namespace
}  // namespace gyre
