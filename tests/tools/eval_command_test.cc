// SPDX-License-Identifier: Apache-2.0
// gyre eval --protocol: files in the layouts of the licensed sets, made here from known bodies.
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "body/body_parts.h"
#include "body/model_joints.h"
#include "core/camera.h"
#include "io/image.h"
#include "io/npz.h"
#include "render/rasteriser.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

using testing::HasSubstr;

constexpr int64_t kPeople = 4;
constexpr int kFramePx = 96;

// Rows of J_regressor_h36m.npy, as SPIN's constants.py reads them.
constexpr const char* kRegressorRows[] = {
    "Pelvis (MPII)", "Left Hip",      "Left Knee",    "Left Ankle", "Right Hip",
    "Right Knee",    "Right Ankle",   "Spine (H36M)", "Neck (LSP)", "Jaw (H36M)",
    "Head (H36M)",   "Left Shoulder", "Left Elbow",   "Left Wrist", "Right Shoulder",
    "Right Elbow",   "Right Wrist"};

class EvalCommandTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchFolder>();
    const ProgramResult made =
        Gyre({"data", "synth", "--count", std::to_string(kPeople), "--frame",
              std::to_string(kFramePx), "--missing", "0", "--out", *scratch_ / "data", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    body_ = std::make_unique<BodyModel>(MakeBuiltinBody());
    npz_ = ReadNpz(*scratch_ / "data/synth.npz");
    WriteModels();
    AddTruth();
  }
  static void TearDownTestSuite() { scratch_.reset(), body_.reset(), npz_.clear(); }

  static std::string Path(const std::string& name) { return (*scratch_ / name).string(); }
  static std::vector<double> Column(const std::string& key) { return npz_.at(key).As<double>(key); }
  static void SetColumn(Npz* npz, const std::string& key, const std::vector<double>& values) {
    (*npz)[key] = NdArray::From<double>(npz_.at(key).shape, values);
  }
  static void SetStrings(Npz* npz, const std::string& key, std::vector<std::string> values) {
    (*npz)[key] = NdArray::FromStrings(values);
  }

  // The evaluation of the truth on a file of these columns.
  static ProgramResult Eval(const Npz& npz, const std::string& protocol,
                            std::vector<std::string> more = {}) {
    WriteNpz(Path("data/case.npz"), npz);
    std::vector<std::string> args = {"eval",
                                     "--fits",
                                     "truth",
                                     "--protocol",
                                     protocol,
                                     "--h36m-regressor",
                                     Path("h36m.npy"),
                                     "--body-male",
                                     Path("male.npz"),
                                     "--body-female",
                                     Path("male.npz"),
                                     "--data",
                                     "spin:" + Path("data/case.npz") + "?masks=" + Path("masks"),
                                     "--quiet"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  }
  static nlohmann::json Json(const Npz& npz, const std::string& protocol,
                             std::vector<std::string> more = {}) {
    more.push_back("--json");
    const ProgramResult result = Eval(npz, protocol, more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto json = nlohmann::json::parse(result.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded());
    return json.contains("space") ? json["space"] : json["image"];
  }
  static double Value(const nlohmann::json& result, const std::string& key) {
    return result["metrics"][key]["value"].get<double>();
  }

  // A regressor of the built-in body: each joint is the mean of the 8 vertices nearest to it.
  static void WriteModels() {
    SaveBodyModel(*body_, Path("male.npz"));
    BodyModel large = *body_;
    large.v_template *= 1.1, large.shapedirs *= 1.1, large.posedirs *= 1.1;
    SaveBodyModel(large, Path("large.npz"));
    const Points3 joints = ModelJoints(*body_, BodyParams(SmplLayout()), FindKeypointSet("h36m17"));
    regressor_ = RowMatX::Zero(17, body_->num_vertices());
    for (int row = 0; row < 17; ++row) {
      const int joint = FindKeypointSet("h36m17").IndexOf(kRegressorRows[row]);
      std::vector<std::pair<double, int>> near;
      for (int v = 0; v < body_->num_vertices(); ++v) {
        near.emplace_back((body_->v_template.row(v) - joints.row(joint)).norm(), v);
      }
      std::ranges::sort(near);
      for (int k = 0; k < 8; ++k) regressor_(row, near[k].second) = 1.0 / 8;
    }
    WriteRegressor("h36m.npy", regressor_);
  }
  static void WriteRegressor(const std::string& name, const RowMatX& rows) {
    std::ofstream(Path(name), std::ios::binary) << FormatNpy(NdArray::FromMatrix(rows));
  }

  // Exact keypoints, 3D joints by the regressor about the pelvis, genders, and masks.
  static void AddTruth() {
    std::filesystem::create_directory(Path("masks"));
    std::vector<double> part(kPeople * 24 * 3, 1), S(kPeople * 24 * 4, 0);
    std::vector<std::string> masks, parts, names;
    for (int64_t i = 0; i < kPeople; ++i) {
      const Camera camera{Column("focal_px")[i],
                          Vec2(Column("center_px")[2 * i], Column("center_px")[2 * i + 1])};
      const PosedBody posed = PoseBody(*body_, Body(i));
      const Points3 joints = RegressJoints(*body_, SpinJoints(), posed);
      for (int k = 0; k < 24; ++k) {
        const Vec2 pixel = camera.Project(joints.row(25 + k).transpose());
        part[3 * (24 * i + k)] = pixel.x(), part[3 * (24 * i + k) + 1] = pixel.y();
      }
      const Points3 h36m = regressor_ * posed.vertices;
      for (int row = 0; row < 17; ++row) {
        const int k = SpinJoints().IndexOf(kRegressorRows[row]) - 25;
        for (int axis = 0; axis < 3; ++axis) {
          S[4 * (24 * i + k) + axis] = h36m(row, axis) - h36m(0, axis);
        }
        S[4 * (24 * i + k) + 3] = 1;
      }
      RasterBuffers raster;
      Rasterise(posed.vertices, body_->faces, camera, kFramePx, kFramePx, {}, &raster);
      masks.push_back("mask" + std::to_string(i) + ".png");
      parts.push_back("parts" + std::to_string(i) + ".png");
      const std::vector<uint8_t> part_of_face = PartsOfFaces(*body_);
      std::vector<uint8_t> labels;
      for (const int face : raster.face_idx) labels.push_back(face < 0 ? 0 : part_of_face[face]);
      labels_.push_back(labels);
      WriteLabels(parts.back(), labels);
      for (uint8_t& label : labels) label = label > 0 ? 1 : 0;
      WriteLabels(masks.back(), labels);
      names.push_back(i % 2 ? "S9_Walking.60457274_1.jpg" : "S9_Walking.54138969_1.jpg");
    }
    SetColumn(&npz_, "part", part);
    SetColumn(&npz_, "S", S);
    SetStrings(&npz_, "imgname", names);
    SetStrings(&npz_, "gender", {"m", "f", "m", "f"});
    SetStrings(&npz_, "maskname", masks);
    SetStrings(&npz_, "partname", parts);
  }
  static BodyParams Body(int64_t i) {
    BodyParams params{SmplLayout()};
    const std::vector<double> pose = Column("pose"), shape = Column("shape"),
                              transl = Column("transl");
    std::copy_n(&pose[72 * i], 72, params.pose().data());
    std::copy_n(&shape[10 * i], 10, params.betas().data());
    std::copy_n(&transl[3 * i], 3, params.transl().data());
    return params;
  }
  static void WriteLabels(const std::string& name, std::vector<uint8_t> labels) {
    WriteImage(*scratch_ / ("masks/" + name), cv::Mat(kFramePx, kFramePx, CV_8UC1, labels.data()));
  }
  static int PixelsOf(int label) {
    int pixels = 0;
    for (const auto& labels : labels_) pixels += std::ranges::count(labels, label);
    return pixels;
  }
  // Writes part labels changed by a rule, evaluates, and restores them.
  template <typename Rule>
  static nlohmann::json WithLabels(const Rule& rule) {
    for (int64_t i = 0; i < kPeople; ++i) {
      std::vector<uint8_t> labels = labels_[i];
      for (uint8_t& label : labels) label = rule(label);
      WriteLabels("parts" + std::to_string(i) + ".png", labels);
    }
    const nlohmann::json result = Json(npz_, "lsp-parts");
    for (int64_t i = 0; i < kPeople; ++i) {
      WriteLabels("parts" + std::to_string(i) + ".png", labels_[i]);
    }
    return result;
  }

  static std::unique_ptr<ScratchFolder> scratch_;
  static std::unique_ptr<BodyModel> body_;
  static RowMatX regressor_;
  static Npz npz_;
  static std::vector<std::vector<uint8_t>> labels_;  // of parts
};
std::unique_ptr<ScratchFolder> EvalCommandTest::scratch_;
std::unique_ptr<BodyModel> EvalCommandTest::body_;
RowMatX EvalCommandTest::regressor_;
Npz EvalCommandTest::npz_;
std::vector<std::vector<uint8_t>> EvalCommandTest::labels_;

TEST_F(EvalCommandTest, TruthIsPerfectByEveryProtocol) {
  for (const char* protocol : {"h36m-p1", "h36m-p2", "mpi-inf-3dhp", "3dpw", "synthetic"}) {
    const nlohmann::json result = Json(npz_, protocol);
    EXPECT_EQ(result["protocol"], protocol);
    EXPECT_EQ(result["samples"], std::string(protocol) == "h36m-p2" ? kPeople / 2 : kPeople);
    EXPECT_EQ(result["joints"], std::string(protocol) == "mpi-inf-3dhp" ? 17 : 14);
    for (const char* key : {"mpjpe_mm", "pa_mpjpe_mm"}) {
      EXPECT_NEAR(Value(result, key), 0, 1e-6) << protocol << key;
      EXPECT_EQ(result["metrics"][key]["count"], result["samples"]);
    }
  }
  EXPECT_NEAR(Value(Json(npz_, "3dpw"), "pve_mm"), 0, 1e-6);
  EXPECT_EQ(Json(npz_, "3dpw")["root"], "Pelvis (MPII)");
  EXPECT_EQ(Value(Json(npz_, "mpi-inf-3dhp"), "pck150"), 1);
  EXPECT_EQ(Value(Json(npz_, "lsp-2d"), "pck20_torso"), 1);
  for (const char* protocol : {"lsp-silhouette", "lsp-parts"}) {
    EXPECT_EQ(Value(Json(npz_, protocol), "f1"), 1) << protocol;
    EXPECT_EQ(Value(Json(npz_, protocol), "accuracy"), 1) << protocol;
    EXPECT_EQ(Json(npz_, protocol)["metrics"]["f1"]["count"], kPeople * kFramePx * kFramePx);
  }
}

TEST_F(EvalCommandTest, MovedJointsGiveTheKnownError) {
  // The right ankle is the first of the 24; by 140 mm in all people, the other camera's by 1400.
  Npz npz = npz_;
  std::vector<double> S = Column("S");
  for (int64_t i = 0; i < kPeople; ++i) S[4 * 24 * i + 2] += i % 2 ? 0.14 : 1.4;
  SetColumn(&npz, "S", S);
  EXPECT_NEAR(Value(Json(npz, "h36m-p1"), "mpjpe_mm"), (10 + 100) / 2.0, 1e-6);
  EXPECT_NEAR(Value(Json(npz, "h36m-p2"), "mpjpe_mm"), 10, 1e-6);
  EXPECT_EQ(Json(npz, "h36m-p2")["left_out"], kPeople / 2);
  const nlohmann::json mpi = Json(npz, "mpi-inf-3dhp");
  EXPECT_NEAR(Value(mpi, "mpjpe_mm"), 14 * (10 + 100) / 2.0 / 17, 1e-6);
  EXPECT_NEAR(Value(mpi, "pck150"), 1 - 0.5 / 17, 1e-12);
  // A whole person moved is no error, the pelvis alone moves all others.
  S = Column("S");
  for (int k = 0; k < 24; ++k) S[4 * k + 1] += 3;
  SetColumn(&npz, "S", S);
  EXPECT_NEAR(Value(Json(npz, "h36m-p1"), "mpjpe_mm"), 0, 1e-6);
  S[4 * (SpinJoints().IndexOf("Pelvis (MPII)") - 25)] += 0.2;
  SetColumn(&npz, "S", S);
  EXPECT_NEAR(Value(Json(npz, "h36m-p1"), "mpjpe_mm"), 200.0 / kPeople, 1e-6);
  EXPECT_NEAR(Value(Json(npz, "h36m-p1"), "pa_mpjpe_mm"), 0, 1e-6);
}

TEST_F(EvalCommandTest, TheTruthOf3dpwIsPosedByGender) {
  // Women on a model of 1.1 times the size: joints are off by a tenth of their distance to the
  // root.
  const std::vector<double> S = Column("S");
  double expected = 0;
  for (int64_t i = 1; i < kPeople; i += 2) {
    for (const char* joint : kRegressorRows) {
      const std::string name = joint;
      if (name == "Pelvis (MPII)" || name == "Spine (H36M)" || name == "Jaw (H36M)") continue;
      const double* x = &S[4 * (24 * i + SpinJoints().IndexOf(name) - 25)];
      expected += 100 * std::hypot(x[0], x[1], x[2]) / 14 / kPeople;
    }
  }
  EXPECT_GT(expected, 10);
  const nlohmann::json result = Json(npz_, "3dpw", {"--body-female", Path("large.npz")});
  EXPECT_NEAR(Value(result, "mpjpe_mm"), expected, 1e-6);
  EXPECT_NEAR(Value(result, "pa_mpjpe_mm"), 0, 1e-6);
  EXPECT_GT(Value(result, "pve_mm"), 10);
  // Who has no gender, and whose parameters don't count, is left out.
  Npz npz = npz_;
  SetStrings(&npz, "gender", {"m", "", "m", "f"});
  SetColumn(&npz, "has_smpl", {1, 1, 1, 0});
  const nlohmann::json men = Json(npz, "3dpw", {"--body-female", Path("large.npz")});
  EXPECT_EQ(men["samples"], 2);
  EXPECT_EQ(men["left_out"], 1);
  EXPECT_NEAR(Value(men, "mpjpe_mm"), 0, 1e-6);
}

TEST_F(EvalCommandTest, AMovedKeypointIsAMiss) {
  Npz npz = npz_;
  std::vector<double> part = Column("part");
  part[3 * 24] += kFramePx;  // the right ankle of the second person
  SetColumn(&npz, "part", part);
  EXPECT_NEAR(Value(Json(npz, "lsp-2d"), "pck20_torso"), 1 - 1 / (14.0 * kPeople), 1e-12);
  // A true body that nobody placed before a camera says nothing of the image.
  npz.erase("transl");
  const ProgramResult result = Eval(npz, "lsp-2d");
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("before its camera"));
}

TEST_F(EvalCommandTest, ChangedMasksGiveKnownShares) {
  const double total = kPeople * kFramePx * kFramePx;
  // A mask of one person that shows nothing.
  WriteLabels("mask0.png", std::vector<uint8_t>(kFramePx * kFramePx, 0));
  const nlohmann::json result = Json(npz_, "lsp-silhouette");
  std::vector<uint8_t> labels = labels_[0];
  for (uint8_t& label : labels) label = label > 0 ? 200 : 0;  // whatever is not 0 is body
  WriteLabels("mask0.png", labels);
  const double missing = total / kPeople - std::ranges::count(labels_[0], 0);
  const double background = PixelsOf(0), body = total - background;
  ASSERT_GT(missing, 100);
  EXPECT_NEAR(Value(result, "accuracy"), 1 - missing / total, 1e-12);
  EXPECT_NEAR(Value(result, "f1"),
              (2 * background / (2 * background + missing) +
               2 * (body - missing) / (2 * (body - missing) + missing)) /
                  2,
              1e-12);
  EXPECT_EQ(Value(Json(npz_, "lsp-silhouette"), "f1"), 1);

  ASSERT_GT(PixelsOf(kRightArmPart), 20);
  ASSERT_GT(PixelsOf(kLeftArmPart), 20);
  const nlohmann::json exchanged = WithLabels([](uint8_t label) -> uint8_t {
    return label == kRightArmPart ? kLeftArmPart : label == kLeftArmPart ? kRightArmPart : label;
  });
  EXPECT_NEAR(Value(exchanged, "f1"), 5 / 7.0, 1e-12);
  EXPECT_NEAR(Value(exchanged, "accuracy"),
              1 - (PixelsOf(kRightArmPart) + PixelsOf(kLeftArmPart)) / total, 1e-12);
  const nlohmann::json ignored = WithLabels(
      [](uint8_t label) -> uint8_t { return label == kRightArmPart ? kUnknownPart : label; });
  EXPECT_EQ(Value(ignored, "f1"), 1);
  EXPECT_NEAR(Value(ignored, "accuracy"), 1 - PixelsOf(kRightArmPart) / total, 1e-12);
}

TEST_F(EvalCommandTest, LackingDataAreOneSentence) {
  const auto expect = [&](const ProgramResult& result, int exit_code, const char* says) {
    ExpectOneSentence(result, exit_code);
    EXPECT_THAT(result.err, HasSubstr(says));
  };
  const auto without = [&](const char* key) {
    Npz npz = npz_;
    npz.erase(key);
    return npz;
  };
  expect(Eval(without("S"), "h36m-p1"), 1, "row 0 of spin lacks true 3D joints ('S'");
  expect(Eval(without("gender"), "3dpw"), 1, "'gender', m or f");
  expect(Eval(without("pose"), "synthetic"), 1, "no sample has a body");
  expect(Eval(without("maskname"), "lsp-silhouette"), 1, "'maskname'");
  expect(Eval(without("partname"), "lsp-parts"), 1, "'partname'");
  expect(Eval(npz_, "h36m-p3"), 1, "choose one of h36m-p1,");
  Npz npz = npz_;
  SetColumn(&npz, "part", std::vector<double>(kPeople * 24 * 3, 0));
  expect(Eval(npz, "lsp-2d"), 1, "lacks 2D keypoints");
  npz = npz_;
  SetStrings(&npz, "imgname", {"a.jpg", "b.jpg", "c.jpg", "d.jpg"});
  expect(Eval(npz, "h36m-p2"), 1, "\"60457274\"");

  const auto eval = [&](std::vector<std::string> more) {
    std::vector<std::string> args = {"eval", "--fits", "truth", "--data", "synth:?count=1"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  };
  expect(eval({"--protocol", "h36m-p1"}), 2, "J_regressor_h36m.npy (of SPIN's data) to --h36m-reg");
  expect(eval({"--protocol", "3dpw", "--h36m-regressor", Path("h36m.npy")}), 2, "--body-male");
  EXPECT_EQ(eval({"--protocol", "lsp-parts"}).exit_code, 0);  // made-up people have part labels
}

TEST_F(EvalCommandTest, HostileFilesAreOneSentence) {
  const auto expect = [&](const ProgramResult& result, const char* says) {
    ExpectOneSentence(result, 1);
    EXPECT_THAT(result.err, HasSubstr(says));
  };
  RowMatX wrong = regressor_;
  for (int row = 1; row <= 3; ++row) wrong.row(row).swap(wrong.row(row + 3));
  WriteRegressor("wrong.npy", wrong);
  expect(Eval(npz_, "h36m-p1", {"--h36m-regressor", Path("wrong.npy")}), "on the body's right");
  wrong = regressor_;
  wrong(3, 0) = std::nan("");
  WriteRegressor("wrong.npy", wrong);
  expect(Eval(npz_, "h36m-p1", {"--h36m-regressor", Path("wrong.npy")}), "row 3 (Left Ankle)");
  WriteRegressor("wrong.npy", regressor_.leftCols(100));
  expect(Eval(npz_, "h36m-p1", {"--h36m-regressor", Path("wrong.npy")}), "of 100 vertices");
  WriteRegressor("wrong.npy", regressor_.topRows(14));
  expect(Eval(npz_, "h36m-p1", {"--h36m-regressor", Path("wrong.npy")}), "has shape (14,");
  expect(Eval(npz_, "h36m-p1", {"--h36m-regressor", Path("missing.npy")}), "missing.npy");

  Npz npz = npz_;
  SetStrings(&npz, "partname", {"parts0.png", "../../secret.png", "parts2.png", "parts3.png"});
  expect(Eval(npz, "lsp-parts"), "row 1: the picture's name");
  SetStrings(&npz, "partname", {"parts0.png", "gone.png", "parts2.png", "parts3.png"});
  expect(Eval(npz, "lsp-parts"), "row 1: ");
  SetStrings(&npz, "partname", {"parts0.png"});
  expect(Eval(npz, "lsp-parts"), "'partname' must be as many strings");
  std::ofstream(Path("masks/text.png")) << "no picture";
  npz = npz_;
  SetStrings(&npz, "maskname", {"text.png", "mask1.png", "mask2.png", "mask3.png"});
  expect(Eval(npz, "lsp-silhouette"), "text.png");
  WriteLabels("labels.png", std::vector<uint8_t>(kFramePx * kFramePx, 9));
  SetStrings(&npz, "partname", {"labels.png", "parts1.png", "parts2.png", "parts3.png"});
  expect(Eval(npz, "lsp-parts"), "the label 9");
}

TEST_F(EvalCommandTest, ANetworkIsEvaluatedOnSpinsOwnTestFiles) {
  // What SPIN's preprocessing writes of Human3.6M, and no more.
  Npz npz;
  for (const char* key : {"center", "scale", "S"}) npz[key] = npz_.at(key);
  std::filesystem::create_directory(Path("pictures"));
  std::vector<std::string> names;
  for (int64_t i = 0; i < kPeople; ++i) {
    names.push_back("S11_Photo.60457274_00000" + std::to_string(i) + ".jpg");
    std::filesystem::copy_file(Path("data/images/00000" + std::to_string(i) + ".jpg"),
                               Path("pictures/" + names.back()));
  }
  SetStrings(&npz, "imgname", names);
  WriteNpz(Path("h36m.npz"), npz);
  const std::string run = Path("run");
  const ProgramResult trained =
      Gyre({"train", "--preset", "demo", "--run", run, "--steps", "1", "--data",
            "spin:" + Path("data/synth.npz"), "--batch-size", "4", "--network.image-px", "32",
            "--pictures", "0", "--threads", "1", "--quiet"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const ProgramResult result =
      Gyre({"eval", "--checkpoint", run, "--data",
            "spin:" + Path("h36m.npz") + "?images=" + Path("pictures"), "--protocol", "h36m-p2",
            "--h36m-regressor", Path("h36m.npy"), "--json", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json space = nlohmann::json::parse(result.out)["space"];
  EXPECT_EQ(space["samples"], kPeople);
  EXPECT_GT(Value(space, "pa_mpjpe_mm"), 1);
  EXPECT_LT(Value(space, "pa_mpjpe_mm"), Value(space, "mpjpe_mm"));
  EXPECT_LT(Value(space, "mpjpe_mm"), 2000);
}

TEST_F(EvalCommandTest, ANetworkThatSaysMasksIsMeasuredInThePicture) {
  const std::string run = Path("human2d");
  const ProgramResult trained =
      Gyre({"train", "--preset", "human2d", "--run", run, "--steps", "2", "--data",
            "synth:?count=4&frame=96", "--val", "synth:?name=val&count=2&frame=96&seed=3",
            "--batch-size", "2", "--network.image-px", "64", "--network.width", "8",
            "--loader-threads", "0", "--threads", "1", "--quiet"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::vector<std::string> eval = {"eval", "--checkpoint", run, "--data",
                                         "synth:?count=3&frame=96&seed=9", "--quiet"};
  std::vector<std::string> as_json = eval;
  as_json.push_back("--json");
  const ProgramResult result = Gyre(as_json);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["samples"], 3);
  EXPECT_EQ(json["picture"]["masks"], 3);
  EXPECT_GT(json["picture"]["joints"], 20);
  for (const char* share : {"pck20_torso", "mask_iou"}) {
    EXPECT_GE(json["picture"][share], 0) << share;
    EXPECT_LE(json["picture"][share], 1) << share;
  }
  const ProgramResult table = Gyre(eval);
  EXPECT_THAT(table.out, HasSubstr("IoU of masks"));
  EXPECT_THAT(table.out, HasSubstr("of 3 people"));
  // It says no body.
  ExpectOneSentence(Gyre({"eval", "--checkpoint", run, "--data", "synth:?count=3&frame=96",
                          "--mirror-mean", "--quiet"}),
                    1);
}

TEST_F(EvalCommandTest, TellsProtocolsAndPrintsATable) {
  const ProgramResult list = Gyre({"eval", "--list-protocols"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  for (const char* name : {"h36m-p1", "h36m-p2", "mpi-inf-3dhp", "3dpw", "synthetic", "lsp-2d",
                           "lsp-silhouette", "lsp-parts"}) {
    EXPECT_THAT(list.out, HasSubstr("Protocol " + std::string(name) + ": "));
  }
  const ProgramResult table = Eval(npz_, "h36m-p2");
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("h36m-p2: 2 samples, 14 joints of h36m17, root Pelvis (MPII)"));
  EXPECT_THAT(table.out, HasSubstr("2 samples left out; the first: row 0 of spin has no"));
}

}  // namespace
}  // namespace gyre
