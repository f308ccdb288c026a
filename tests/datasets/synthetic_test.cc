// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/synthetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "body/hand_pca.h"
#include "body/reduced_body.h"
#include "body/test_body.h"
#include "core/error.h"
#include "core/so3.h"
#include "datasets/dataset_spec.h"
#include "datasets/readers/spin_npz.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

std::shared_ptr<const BodyModel> Body() {
  static const auto body = std::make_shared<const BodyModel>(MakeBuiltinBody());
  return body;
}

SyntheticDataset Scenes(const SceneOptions& options) {
  return SyntheticDataset(Body(), LoadPosePrior(), options);
}

SceneOptions Clean(int64_t count) {
  SceneOptions options;
  options.count = count;
  options.noise = KeypointNoise::None();
  options.occluder_probability = 0;
  return options;
}

TEST(Synthetic, SameSeedSameScene) {
  SceneOptions options;
  options.count = 6;
  const SyntheticDataset a = Scenes(options), b = Scenes(options);
  options.seed = 2;
  const SyntheticDataset other = Scenes(options);
  for (const int64_t i : {5, 0}) {
    EXPECT_EQ(a.Get(i).keypoints.px, b.Get(i).keypoints.px);
    EXPECT_EQ(a.LoadImage(a.Get(i)).pixels, b.LoadImage(b.Get(i)).pixels);
    EXPECT_NE(a.Get(i).params->pose(), other.Get(i).params->pose());
  }
  EXPECT_NE(a.Get(0).params->pose(), a.Get(1).params->pose());
}

TEST(Synthetic, TruthIsConsistent) {
  const SyntheticDataset scenes = Scenes(Clean(30));
  for (int64_t i = 0; i < scenes.size(); ++i) {
    const Person sample = scenes.Get(i);
    const Points2 truth = scenes.TrueKeypoints(sample);
    EXPECT_TRUE(sample.params_have_translation);
    int observed = 0;
    for (int j = 0; j < kNumSpinJoints; ++j) {
      if (!(sample.keypoints.confidence[j] > 0)) continue;
      ++observed;
      EXPECT_LT((sample.keypoints.px.row(j) - truth.row(j)).norm(), 1e-9);
    }
    EXPECT_GT(observed, 25);
    EXPECT_LT((sample.joints3d->m - scenes.TrueJoints(sample).bottomRows(24)).norm(), 1e-9);
    // The person fills the wanted share of the frame.
    const Vec2 size = truth.colwise().maxCoeff() - truth.colwise().minCoeff();
    EXPECT_GT(size.maxCoeff(), 0.25 * 320);
    EXPECT_LT(size.maxCoeff(), 1.1 * 320);
  }
}

TEST(Synthetic, JointsLieInTheRenderedBody) {
  const SyntheticDataset scenes = Scenes(Clean(8));
  int inside = 0, total = 0;
  for (int64_t i = 0; i < scenes.size(); ++i) {
    const Person sample = scenes.Get(i);
    const std::vector<uint8_t> mask = scenes.BodyMask(sample);
    for (const char* name : {"OP RKnee", "OP LKnee", "OP RElbow", "OP LElbow", "OP MidHip"}) {
      const int joint = SpinJoints().IndexOf(name);
      if (!(sample.keypoints.confidence[joint] > 0)) continue;
      const int u = static_cast<int>(std::lround(sample.keypoints.px(joint, 0)));
      const int v = static_cast<int>(std::lround(sample.keypoints.px(joint, 1)));
      ++total;
      inside += mask[v * 320 + u] != 0;
    }
  }
  EXPECT_GT(total, 30);
  EXPECT_EQ(inside, total);
}

TEST(Synthetic, ThePictureShowsTheBody) {
  // The same person in two pictures of different noise: inside the mask the picture differs from
  // the smooth room around it, so the mean absolute step across the mask's edge is large.
  const SyntheticDataset scenes = Scenes(Clean(6));
  for (int64_t i = 0; i < scenes.size(); ++i) {
    const Person sample = scenes.Get(i);
    const ImageBuffer image = scenes.LoadImage(sample);
    const std::vector<uint8_t> mask = scenes.BodyMask(sample);
    double at_edge = 0, elsewhere = 0;
    int edges = 0, others = 0;
    for (int p = 2; p + 2 < 320 * 320; ++p) {
      const double step = std::abs(image.pixels[3 * (p + 2) + 1] - image.pixels[3 * (p - 2) + 1]);
      const bool is_edge = mask[p] != mask[p - 1];
      (is_edge ? at_edge : elsewhere) += step;
      ++(is_edge ? edges : others);
    }
    EXPECT_GT(at_edge / edges, 1.5 * elsewhere / others) << "scene " << i;
  }
}

TEST(Synthetic, KeypointNoiseHasItsRates) {
  SceneOptions options;
  options.count = 300;
  options.noise.missing_rate = 0.2;
  options.noise.sigma_px = 3;
  options.occluder_probability = 0;
  const SyntheticDataset scenes = Scenes(options);
  double squares = 0;
  int in_frame = 0, observed = 0;
  for (int64_t i = 0; i < options.count; ++i) {
    const Person sample = scenes.Get(i);
    const Points2 truth = scenes.TrueKeypoints(sample);
    for (int j = 0; j < kNumSpinJoints; ++j) {
      in_frame += (truth.row(j).array() >= 0).all() && truth(j, 0) < options.width_px &&
                  truth(j, 1) < options.height_px;
      if (!(sample.keypoints.confidence[j] > 0)) continue;
      ++observed;
      squares += (sample.keypoints.px.row(j) - truth.row(j)).squaredNorm() *
                 std::pow(224 / sample.box.side_px, 2);
    }
  }
  EXPECT_NEAR(static_cast<double>(observed) / in_frame, 0.8, 0.015);
  EXPECT_NEAR(std::sqrt(squares / (2 * observed)), 3, 0.05);
}

TEST(Synthetic, AnnotatesTheJointsOfAKeypointSet) {
  const auto observed = [](const std::string& joints) {
    const auto data =
        OpenDataset("synth:?count=40&missing=0&occluders=0&any_turn=0&joints=" + joints);
    std::set<std::vector<int>> seen;  // lists of positions
    for (int64_t i = 0; i < data->size(); ++i) {
      const VecX confidence = data->Get(i).keypoints.confidence;
      std::vector<int> positions;
      for (int j = 0; j < kNumSpinJoints; ++j) {
        if (confidence[j] > 0) positions.push_back(j);
      }
      seen.insert(positions);
    }
    return seen;
  };
  std::vector<int> lsp = SpinPositionsOf(FindKeypointSet("lsp14"));
  std::sort(lsp.begin(), lsp.end());
  EXPECT_TRUE(observed("lsp14").contains(lsp));
  for (const auto& positions : observed("lsp14")) {  // fewer at the frame's edge
    EXPECT_TRUE(std::includes(lsp.begin(), lsp.end(), positions.begin(), positions.end()));
  }
  EXPECT_GE(observed("any").size(), 6);
  EXPECT_TRUE(observed("any").contains(lsp));
  EXPECT_THROW(OpenDataset("synth:?joints=nobody"), UserError);
}

TEST(Synthetic, SilhouettesAreWhiteOnBlack) {
  const auto data = OpenDataset("synth:?count=1&frame=64");
  const ImageBuffer silhouette = data->LoadSilhouette(data->Get(0));
  EXPECT_EQ(silhouette.width, 64);
  EXPECT_EQ(silhouette.pixels.size(), 3 * 64 * 64);
  const auto count = [&](int value) {
    return std::count(silhouette.pixels.begin(), silhouette.pixels.end(), value);
  };
  EXPECT_GT(count(255), 0);
  EXPECT_GT(count(0), 0);
  EXPECT_EQ(count(0) + count(255), 3 * 64 * 64);
}

TEST(Synthetic, NoiseNeverChangesThePeople) {
  SceneOptions options = Clean(200);
  const SyntheticDataset clean = Scenes(options);
  options.noise.missing_rate = 0.3;
  options.noise.outlier_rate = 0.05;
  options.noise.outlier_px = 50;
  const SyntheticDataset stressed = Scenes(options);
  int in_frame = 0, observed = 0, outliers = 0;
  Vec2 sum = Vec2::Zero();
  for (int64_t i = 0; i < options.count; ++i) {
    const Person a = clean.Get(i), b = stressed.Get(i);
    EXPECT_EQ(a.params->pose(), b.params->pose());
    EXPECT_EQ(a.params->transl(), b.params->transl());
    for (int j = 0; j < kNumSpinJoints; ++j) {
      in_frame += a.keypoints.confidence[j] > 0;
      if (!(b.keypoints.confidence[j] > 0)) continue;
      ++observed;
      const Vec2 offset =
          224 / a.box.side_px * (b.keypoints.px.row(j) - a.keypoints.px.row(j)).transpose();
      if (offset.norm() < 1e-9) continue;
      EXPECT_NEAR(offset.norm(), 50, 1e-9);
      ++outliers;
      sum += offset;
    }
  }
  EXPECT_NEAR(static_cast<double>(observed) / in_frame, 0.7, 0.02);
  EXPECT_NEAR(static_cast<double>(outliers) / observed, 0.05, 0.01);
  EXPECT_LT((sum / outliers).norm(), 8);  // in every direction alike
}

TEST(Synthetic, SpinsCropShowsTheSamePerson) {
  SceneOptions options = Clean(20);
  options.noise.missing_rate = 0.2;
  options.focal_min_px = options.focal_max_px = 2500;
  const SyntheticDataset scenes = Scenes(options);
  for (int64_t i = 0; i < options.count; ++i) {
    const Person scene = scenes.Get(i), crop = scenes.GetInSpinCrop(i);
    EXPECT_EQ(crop.camera->focal_px, kSpinFocalPx);
    EXPECT_NEAR(crop.box.side_px, 224, 1e-6);
    EXPECT_LT((crop.box.center_px - Vec2::Constant(111.5)).norm(), 1e-6);
    EXPECT_EQ(crop.keypoints.confidence, scene.keypoints.confidence);
    EXPECT_EQ(crop.params->pose().tail(69), scene.params->pose().tail(69));
    EXPECT_EQ(crop.params->betas(), scene.params->betas());
    // The keypoints are the truth under its own camera, and where the scene's crop has them but for
    // perspective.
    const Points2 truth = scenes.TrueKeypoints(crop);
    const CropMap map(scene.box, 224);
    for (int j = 0; j < kNumSpinJoints; ++j) {
      if (!(crop.keypoints.confidence[j] > 0)) continue;
      const Vec2 point = crop.keypoints.px.row(j).transpose();
      EXPECT_LT((point - truth.row(j).transpose()).norm(), 1e-9);
      EXPECT_LT((point - map.CropFromImage(scene.keypoints.px.row(j).transpose())).norm(), 12);
    }
  }
}

TEST(Synthetic, PeopleGetTheSetThatIsAskedFor) {
  SceneOptions options = Clean(12);
  const SyntheticDataset spin = Scenes(options);
  for (const char* name : {"coco17", "openpose135"}) {
    options.set = name;
    const KeypointSet& set = FindKeypointSet(name);
    const SyntheticDataset other = Scenes(options);
    int compared = 0;
    for (int64_t i = 0; i < options.count; ++i) {
      const Person a = spin.Get(i), b = other.Get(i);
      EXPECT_EQ(a.params->values(), b.params->values());  // the same people
      EXPECT_EQ(a.box.side_px, b.box.side_px);
      EXPECT_EQ(b.keypoints.set, &set);
      for (int k = 0; k < b.keypoints.size(); ++k) {
        const int of_spin = SpinJoints().IndexOf(set.joints[k]);
        if (of_spin < 0) {  // SMPL's bodies have wrists, fingertips by landmarks, but no knuckles
          EXPECT_TRUE(!b.keypoints.Observed(k) || set.joints[k].ends_with("Root") ||
                      set.joints[k].ends_with("Tip"))
              << set.joints[k];
          continue;
        }
        EXPECT_EQ(a.keypoints.confidence[of_spin], b.keypoints.confidence[k]);
        EXPECT_LT((a.keypoints.px.row(of_spin) - b.keypoints.px.row(k)).norm(), 1e-9);
        compared += b.keypoints.Observed(k);
      }
    }
    EXPECT_GT(compared, 12 * 14);
  }
  EXPECT_EQ(OpenDataset("synth:?count=2&set=lsp14")->Get(1).keypoints.size(), 14);
  EXPECT_EQ(OpenDataset("synth:?count=2&set=own")->Get(1).keypoints.set, &SpinJoints());
  EXPECT_THROW(OpenDataset("synth:?set=nobody"), UserError);
}

TEST(Synthetic, PeopleOfAnotherBodyHaveTheJointsThatItHas) {
  const std::vector<std::string> joints = {"Pelvis",     "L_Hip",      "R_Hip",   "Spine1",
                                           "L_Knee",     "R_Knee",     "Neck",    "Head",
                                           "L_Shoulder", "R_Shoulder", "L_Elbow", "R_Elbow"};
  const auto body = std::make_shared<const BodyModel>(ReduceBody(*Body(), joints, 4));
  SceneOptions options = Clean(20);
  options.width_px = options.height_px = 96;
  const SyntheticDataset scenes(body, LoadPosePrior(), options);
  const auto at = [](const char* name) { return SpinJoints().IndexOf(name); };
  const KeypointSet& superset = FindKeypointSet("superset24");
  int elbows = 0;
  for (int64_t i = 0; i < options.count; ++i) {
    const Person person = scenes.Get(i);
    EXPECT_TRUE(person.params->Fits(*body->layout));
    EXPECT_GT(person.params->rotation(4).norm(), 0);  // a knee's, of the prior
    EXPECT_FALSE(person.keypoints.Observed(at("OP RWrist")));
    EXPECT_FALSE(person.keypoints.Observed(at("Left Ankle")));
    elbows += person.keypoints.Observed(at("OP RElbow"));
    EXPECT_EQ(person.joints3d->confidence[superset.IndexOf("Left Ankle")], 0);
    EXPECT_EQ(person.joints3d->confidence[superset.IndexOf("Left Knee")], 1);
    EXPECT_TRUE(HasBox(person));
  }
  EXPECT_GT(elbows, 15);
  const ImageBuffer image = scenes.LoadImage(scenes.Get(0));
  EXPECT_EQ(image.pixels.size(), 3u * 96 * 96);
}

TEST(Synthetic, SomeSit) {
  SceneOptions options = Clean(60);
  const SyntheticDataset standing = Scenes(options);
  options.seated_share = 0.5;
  const SyntheticDataset mixed = Scenes(options);
  int seated = 0;
  for (int64_t i = 0; i < options.count; ++i) {
    const Person a = standing.Get(i), b = mixed.Get(i);
    EXPECT_EQ(a.params->pose().head(3), b.params->pose().head(3));
    EXPECT_EQ(a.params->betas(), b.params->betas());
    if (a.params->pose() == b.params->pose()) continue;
    ++seated;
    EXPECT_GT(b.params->rotation(FindJoint("SMPL L_Knee").source_idx).x(), 1);
    EXPECT_GT(b.params->rotation(FindJoint("SMPL R_Knee").source_idx).x(), 1);
  }
  EXPECT_GT(seated, 20);
  EXPECT_LT(seated, 40);
}

TEST(Synthetic, HandsAndFacesMoveOfBodiesThatHaveThem) {
  const auto body = std::make_shared<const BodyModel>(MakeRandomSmplx(5, 300));
  SceneOptions options = Clean(40);
  const SyntheticDataset resting(body, LoadPosePrior(), options);
  options.hands = 0.7;
  const SyntheticDataset moving(body, LoadPosePrior(), options);
  const int jaw = body->layout->IndexOf("Jaw"), eye = body->layout->IndexOf("L_Eye");
  double squares = 0, opened = 0;
  for (int64_t i = 0; i < options.count; ++i) {
    const BodyParams a = *resting.Get(i).params, b = *moving.Get(i).params;
    EXPECT_EQ(a.pose().head(3 * jaw), b.pose().head(3 * jaw));
    EXPECT_EQ(a.betas(), b.betas());
    EXPECT_TRUE(a.expression().isZero(0));
    EXPECT_TRUE(b.rotation(eye).isZero(0));
    EXPECT_LE(b.expression().cwiseAbs().maxCoeff(), 2.5 * 0.7 + 1e-12);
    EXPECT_GT(b.expression().cwiseAbs().minCoeff(), 0);
    EXPECT_GT(b.rotation(jaw).x(), 0);
    EXPECT_LE(b.rotation(jaw).x(), 0.1 * 2.5 * 0.7 + 1e-12);
    opened += b.rotation(jaw).x() / 40;
    for (const int right : {0, 1}) {
      const HandPca hand(*body, right);
      EXPECT_TRUE(a.values()(hand.params()).isZero(0));
      const VecX c = hand.Coefficients(b);
      EXPECT_LT((hand.mean() + hand.basis() * c - b.values()(hand.params())).norm(), 1e-9);
      for (int k = 0; k < c.size(); ++k) squares += std::pow(c[k] * (1 + k), 2) / (40 * 2 * 12);
    }
  }
  EXPECT_NEAR(std::sqrt(squares), 0.7, 0.05);
  EXPECT_NEAR(opened, 0.07 * 0.8, 0.02);  // |N(0, 1)| is 0.8 in the mean
}

TEST(Synthetic, WritesAndReadsBackAsSpinFiles) {
  const TempFolder folder;
  SceneOptions options;
  options.count = 3;
  const SyntheticDataset scenes = Scenes(options);
  WriteSpinDataset(scenes, folder.path(), 1);
  const auto read = OpenDataset("spin:" + (folder.path() / "synth.npz").string());
  ASSERT_EQ(read->size(), 3);
  for (int64_t i = 0; i < 3; ++i) {
    const Person a = scenes.Get(i), b = read->Get(i);
    EXPECT_LT((a.keypoints.px - b.keypoints.px).norm(), 1e-9);
    EXPECT_EQ(a.keypoints.confidence, b.keypoints.confidence);
    EXPECT_LT((a.params->pose() - b.params->pose()).norm(), 1e-12);
    EXPECT_LT((a.params->transl() - b.params->transl()).norm(), 1e-12);
    EXPECT_TRUE(b.params_have_translation);
    EXPECT_NEAR(a.camera->focal_px, b.camera->focal_px, 1e-9);
    EXPECT_NEAR(a.box.side_px, b.box.side_px, 1e-9);
    EXPECT_LT((a.joints3d->m - b.joints3d->m).norm(), 1e-9);
    const ImageBuffer drawn = scenes.LoadImage(a), stored = read->LoadImage(b);
    ASSERT_EQ(drawn.pixels.size(), stored.pixels.size());
    double difference = 0;
    for (size_t p = 0; p < drawn.pixels.size(); ++p) {
      difference += std::abs(drawn.pixels[p] - stored.pixels[p]);
    }
    EXPECT_LT(difference / drawn.pixels.size(), 6);  // JPEG
  }
}

TEST(Synthetic, PosesFromAFileAreUsed) {
  const TempFolder folder;
  RowMatX poses = RowMatX::Zero(2, kNumPoseParams);
  poses(0, 3 * 4) = 1.25;
  poses(1, 3 * 4) = 1.25;
  WriteNpz(folder.path() / "p.npz", {{"poses", NdArray::FromMatrix(poses)}});
  SceneOptions options = Clean(2);
  options.poses = folder.path() / "p.npz";
  const SyntheticDataset scenes(Body(), nullptr, options);
  EXPECT_EQ(scenes.Get(1).params->pose()[3 * 4], 1.25);
  EXPECT_EQ(scenes.Get(1).params->pose()[3 * 5], 0);
  EXPECT_GT(scenes.Get(1).params->pose().head<3>().norm(), 1.0);  // near a turn by pi about x
  WriteNpz(folder.path() / "p.npz", {{"poses", NdArray::FromMatrix(RowMatX::Zero(2, 10))}});
  EXPECT_THROW(SyntheticDataset(Body(), nullptr, options), UserError);
}

// A prior of one sharp component: everybody is its mean, whatever prior the caller holds.
TEST(Synthetic, ThePriorOfTheDataGoesBeforeTheCallers) {
  const TempFolder folder;
  const std::filesystem::path file = folder.path() / "knee.npz";
  const RowMatX weight = RowMatX::Ones(1, 1), covariance = 1e-12 * RowMatX::Identity(69, 69);
  RowMatX mean = RowMatX::Zero(1, 69);
  mean(0, 3 * 3) = 1.375;  // the left knee's bend
  NdArray covariances = NdArray::FromMatrix(covariance), weights = NdArray::FromMatrix(weight);
  covariances.shape = {1, 69, 69};
  weights.shape = {1};
  WriteNpz(file,
           {{"weights", weights}, {"means", NdArray::FromMatrix(mean)}, {"covars", covariances}});
  const std::string spec = "synth:?count=2&seed=4&prior=" + file.string();
  const auto set = OpenDataset(spec, {Body(), LoadPosePrior()});
  EXPECT_NEAR(set->Get(1).params->pose()[3 * 4], 1.375, 1e-4);
  EXPECT_NEAR(set->Get(1).params->pose()[3 * 5], 0, 1e-4);
}

TEST(Synthetic, SpecsSetOptions) {
  const auto set =
      OpenDataset("synth:?count=7&seed=9&frame=64&name=x&seated=1", {Body(), LoadPosePrior()});
  EXPECT_EQ(set->size(), 7);
  EXPECT_EQ(set->name(), "x");
  EXPECT_EQ(set->LoadImage(set->Get(0)).width, 64);
  EXPECT_GT(set->Get(3).params->rotation(FindJoint("SMPL L_Knee").source_idx).x(), 1);
  for (const char* wrong : {"synth:?count=0", "synth:?count=7.5", "synth:?cuont=7", "synth:?count",
                            "synth:?seed=1&seed=2", "synth:count=7", "synth:7?seed=1",
                            "synth:?poses=p.npz&prior=q.npz"}) {
    EXPECT_THROW(OpenDataset(wrong, {Body(), LoadPosePrior()}), UserError) << wrong;
  }
}

}  // namespace
}  // namespace gyre
