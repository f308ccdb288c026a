// SPDX-License-Identifier: Apache-2.0
// gyre fit --masks: people with and without a mask, and with one that cannot be used.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <opencv2/core.hpp>

#include "body/body_model.h"
#include "body/model_joints.h"
#include "io/image.h"
#include "io/npz.h"
#include "render/rasteriser.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class MasksCommandTest : public testing::Test {
 protected:
  static constexpr int kWide = 320, kHigh = 400, kPeople = 4;

  // A stout person, in four pictures.
  void SetUp() override {
    const BodyModel body = MakeBuiltinBody();
    BodyParams person{SmplLayout()};
    person.rotation(0) = Vec3(std::numbers::pi, 0, 0);
    person.rotation(16) = Vec3(0, 0, -1.1);
    person.rotation(17) = Vec3(0, 0, 1.1);
    person.transl() = Vec3{0.1, -0.2, 5};
    person.betas()[1] = 2;
    const Camera camera{800, {(kWide - 1) / 2.0, (kHigh - 1) / 2.0}};
    WriteCoco(ModelJoints(body, person, FindKeypointSet("coco17")), camera);
    RasterBuffers raster;
    Rasterise(PoseBody(body, person).vertices, body.faces, camera, kWide, kHigh, {}, &raster);
    mask_ = cv::Mat(kHigh, kWide, CV_8UC1, cv::Scalar(0));
    for (int y = 0; y < kHigh; ++y) {
      for (int x = 0; x < kWide; ++x) {
        if (raster.face_idx[raster.PixelIdx(x, y)] >= 0) mask_.at<uint8_t>(y, x) = 255;
      }
    }
    fs::create_directories(masks_);
  }

  void WriteCoco(const Points3& joints, const Camera& camera) const {
    std::vector<double> numbers;
    for (int i = 0; i < joints.rows(); ++i) {
      const Vec2 px = camera.Project(joints.row(i).transpose());
      numbers.insert(numbers.end(), {px.x(), px.y(), 2});
    }
    nlohmann::json coco = {{"images", nlohmann::json::array()},
                           {"annotations", nlohmann::json::array()}};
    for (int i = 0; i < kPeople; ++i) {
      coco["images"].push_back({{"id", i},
                                {"file_name", fmt::format("p{}.jpg", i)},
                                {"width", kWide},
                                {"height", kHigh}});
      coco["annotations"].push_back({{"id", 10 + i},
                                     {"image_id", i},
                                     {"iscrowd", 0},
                                     {"num_keypoints", 17},
                                     {"bbox", {1, 1, 90, 90}},
                                     {"keypoints", numbers}});
    }
    std::ofstream(scratch_ / "people.json") << coco;
  }

  ProgramResult Fit(const std::vector<std::string>& more) const {
    std::vector<std::string> args = {"fit",   "--coco",    scratch_ / "people.json",
                                     "--out", out_,        "--focal",
                                     "800",   "--threads", "1"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  }
  // How stout each person is fitted.
  std::vector<double> Girths() const {
    const std::vector<double> betas = Get(ReadNpz(out_), "betas", out_).As<double>("betas");
    std::vector<double> girths;
    for (int i = 0; i < kPeople; ++i) girths.push_back(betas[10 * i + 1]);
    return girths;
  }

  ScratchFolder scratch_;
  const fs::path masks_ = scratch_ / "masks", out_ = scratch_ / "o.npz";
  cv::Mat mask_;
};

TEST_F(MasksCommandTest, MasksSayHowStoutPeopleAreAndABadOneStopsNobody) {
  WriteImage(masks_ / "p0_0.png", mask_);
  cv::Mat labels = mask_ / 255;  // 1 where the person 0 is
  WriteImage(masks_ / "p2.png", labels);
  WriteImage(masks_ / "p3_0.png", mask_.rowRange(0, kHigh - 1));
  const std::vector<std::string> by_masks = {"--masks", masks_, "--masks.weight", "2"};
  const ProgramResult result = Fit(by_masks);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("no mask, 1 person, the first of p1.jpg"),
                                HasSubstr("mask not used, 1 person, the first of p3.jpg"),
                                HasSubstr("has 320 x 399 pixels"),
                                HasSubstr("2 of 4 fits by their masks too")));
  const std::vector<double> girths = Girths();
  EXPECT_LT(girths[1], 1);  // of the mean shape, as far as keypoints say
  EXPECT_EQ(girths[3], girths[1]);
  EXPECT_GT(girths[0], girths[1] + 0.7);
  EXPECT_LT(girths[0], 2.5);
  EXPECT_EQ(girths[2], girths[0]);
  const nlohmann::json run = nlohmann::json::parse(Get(ReadNpz(out_), "run", out_).strings[0]);
  EXPECT_EQ(run["masks"], masks_.string());
  EXPECT_EQ(run["masks.rounds"], 5);

  const ProgramResult again = Fit(by_masks);
  EXPECT_THAT(again.err, HasSubstr("holds these fits already"));
  ExpectOneSentence(Fit({"--masks", masks_, "--masks.rounds", "2", "--quiet"}), 1);
  mask_.at<uint8_t>(3, 5) = 128;
  WriteImage(masks_ / "p0_0.png", mask_);
  const ProgramResult other = Fit({"--masks", masks_, "--masks.weight", "2", "--quiet"});
  ExpectOneSentence(other, 1);
  EXPECT_THAT(other.err, HasSubstr("another run: masks_content was"));
  ASSERT_EQ(Fit({"--force", "--quiet"}).exit_code, 0);
  EXPECT_EQ(Girths()[0], girths[1]);
}

TEST_F(MasksCommandTest, SaysWhatDoesNotGoTogether) {
  ExpectOneSentence(Fit({"--masks", scratch_ / "none", "--quiet"}), 1);
  ExpectOneSentence(Fit({"--masks.rounds", "2", "--quiet"}), 2);
  ExpectOneSentence(Fit({"--masks", masks_, "--masks.rounds", "many", "--quiet"}), 2);
  ExpectOneSentence(Fit({"--masks", masks_, "--masks.weight", "0", "--quiet"}), 1);
  const ProgramResult hands = Fit({"--masks", masks_, "--preset", "whole-body", "--quiet"});
  ExpectOneSentence(hands, 2);
  EXPECT_THAT(hands.err, HasSubstr("leave the preset or --masks out"));
}

}  // namespace
}  // namespace gyre
