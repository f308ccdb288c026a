// SPDX-License-Identifier: Apache-2.0
// Fits, exports and checkpoints know the body they are of: gyre takes it, or refuses another.
#include <fstream>
#include <nlohmann/json.hpp>

#include "body/body_model.h"
#include "io/gzip.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTrain = "synth:?count=5&seed=3&frame=96&name=people";
constexpr const char* kVal = "synth:?count=3&seed=4&frame=96&name=people";

// A run on a body of which legs are longer than the built-in one's, one step.
class OwnBodyCommandTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    BodyModel tall = MakeBuiltinBody();
    for (Eigen::Index v = 0; v < tall.v_template.rows(); ++v) tall.v_template(v, 1) *= 1.15;
    SaveBodyModel(tall, Path("tall.npz"));
    const ProgramResult trained = Gyre({"train",
                                        "--preset",
                                        "demo",
                                        "--run",
                                        Path("run"),
                                        "--body",
                                        Path("tall.npz"),
                                        "--data",
                                        kTrain,
                                        "--val",
                                        kVal,
                                        "--steps",
                                        "1",
                                        "--batch-size",
                                        "4",
                                        "--network.image-px",
                                        "32",
                                        "--pictures",
                                        "0",
                                        "--threads",
                                        "1",
                                        "--quiet"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
  }
  static void TearDownTestSuite() {
    delete scratch_;
    scratch_ = nullptr;
  }
  static std::string Path(const std::string& name) { return *scratch_ / name; }
  static ProgramResult Eval(const std::string& fits, const std::string& data,
                            const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"eval", "--fits", fits, "--data", data, "--json"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  }
  static double PaMpjpe(const ProgramResult& result) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(result.out)["space"]["metrics"]["pa_mpjpe_mm"]["value"];
  }

  static ScratchFolder* scratch_;
};
ScratchFolder* OwnBodyCommandTest::scratch_ = nullptr;

TEST_F(OwnBodyCommandTest, EvalTakesTheRunsBodyAndRefusesAnother) {
  for (const std::string& fits : {Path("run"), Path("run/fits.store")}) {
    const ProgramResult own = Eval(fits, kTrain);
    EXPECT_EQ(own.exit_code, 0) << own.err;
    const ProgramResult given = Eval(fits, kTrain, {"--body", Path("tall.npz")});
    EXPECT_EQ(given.exit_code, 0) << given.err;
    EXPECT_EQ(own.out, given.out) << "to the digit";
    const ProgramResult other = Eval(fits, kTrain, {"--body", "builtin"});
    ExpectOneSentence(other, 1);
    EXPECT_THAT(other.err, AllOf(HasSubstr("is of the body " + Path("tall.npz")),
                                 HasSubstr("another, builtin (content"),
                                 HasSubstr("give --body " + Path("tall.npz"))));
  }
}

// The validation data's fits are in a store of their own.
TEST_F(OwnBodyCommandTest, EvalTakesTheStoreOfItsData) {
  const nlohmann::json train = nlohmann::json::parse(Eval(Path("run"), kTrain).out);
  const nlohmann::json val = nlohmann::json::parse(Eval(Path("run"), kVal).out);
  EXPECT_EQ(train["space"]["samples"], 5);
  EXPECT_EQ(val["space"]["samples"], 3);
  EXPECT_EQ(val["samples_without_body"], 0);
  EXPECT_EQ(PaMpjpe(Eval(Path("run"), kVal)), PaMpjpe(Eval(Path("run/val_fits.store"), kVal)));
  EXPECT_NE(PaMpjpe(Eval(Path("run"), kVal)), PaMpjpe(Eval(Path("run/fits.store"), kVal)));
  const ProgramResult foreign = Eval(Path("run"), "synth:?count=2&name=strangers");
  ExpectOneSentence(foreign, 1);
  EXPECT_THAT(foreign.err, AllOf(HasSubstr("'strangers'"), HasSubstr("'people' (val_fits.store)")));
}

TEST_F(OwnBodyCommandTest, ExportsKnowBodyPeopleAndCameras) {
  const std::string out = Path("export.npz");
  const ProgramResult exported = Gyre({"fits", "export", Path("run"), "--out", out});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.err,
              AllOf(HasSubstr("row in the data set's own file"), Not(HasSubstr("left empty"))));
  const Npz npz = ReadNpz(out);
  EXPECT_EQ(npz.at("body_path").strings, std::vector<std::string>{Path("tall.npz")});
  for (const double side : npz.at("box_side_px").As<double>()) EXPECT_GT(side, 10);
  const auto image = npz.at("image_focal_px").As<double>(),
             crop = npz.at("crop_focal_px").As<double>(), side = npz.at("box_side_px").As<double>();
  for (size_t i = 0; i < image.size(); ++i) EXPECT_NEAR(image[i] * 224 / side[i], crop[i], 0.1);
  EXPECT_EQ(Eval(out, kTrain).out.substr(Eval(out, kTrain).out.find("image")),
            Eval(Path("run"), kTrain).out.substr(Eval(Path("run"), kTrain).out.find("image")));
  ExpectOneSentence(Eval(out, kTrain, {"--body", "builtin"}), 1);
  const ProgramResult diff = Gyre({"fits", "diff", Path("run"), out});
  EXPECT_EQ(diff.exit_code, 0) << diff.err;

  // Without the data set it says what is missing.
  fs::copy(Path("run/fits.store"), Path("lonely.store"));
  const ProgramResult lonely =
      Gyre({"fits", "export", Path("lonely.store"), "--out", Path("lonely.npz")});
  EXPECT_EQ(lonely.exit_code, 0);
  EXPECT_THAT(lonely.err, AllOf(HasSubstr("data set 'people'"), HasSubstr("left empty"),
                                HasSubstr("--data SPEC")));
  // The pose is posed on its body.
  const auto pose = [&](const std::vector<std::string>& more) {
    std::vector<std::string> args = {"body", "pose"};
    args.insert(args.end(), more.begin(), more.end());
    args.insert(args.end(), {"--params", out, "--out", Path("posed.npz")});
    return Gyre(args);
  };
  EXPECT_EQ(pose({}).exit_code, 0);
  const NdArray own = ReadNpz(Path("posed.npz")).at("vertices");
  EXPECT_EQ(pose({Path("tall.npz")}).exit_code, 0);
  EXPECT_EQ(ReadNpz(Path("posed.npz")).at("vertices").bytes, own.bytes);
  ExpectOneSentence(pose({"builtin"}), 1);
}

TEST_F(OwnBodyCommandTest, ANetworkOnAnotherBodySaysSo) {
  const auto eval = [&](const std::vector<std::string>& more) {
    std::vector<std::string> args = {"eval", "--checkpoint", Path("run"), "--quiet"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  };
  const ProgramResult own = eval({});
  EXPECT_EQ(own.exit_code, 0) << own.err;
  EXPECT_EQ(own.err, "");
  const ProgramResult other = eval({"--body", "builtin"});
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(other.err, AllOf(HasSubstr("was trained with the body " + Path("tall.npz")),
                               HasSubstr("used here with builtin")));
}

TEST_F(OwnBodyCommandTest, FitsFromANetworkAreOfItsBody) {
  const std::string out = Path("started.npz");
  const ProgramResult result = Gyre({"fit", "--checkpoint", Path("run"), "--data", kTrain, "--out",
                                     out, "--threads", "1", "--quiet"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(nlohmann::json::parse(Gyre({"fits", "info", out, "--json"}).out)["body"]["path"],
            Path("tall.npz"));
}

TEST_F(OwnBodyCommandTest, ARunGoesOnWithItsBodyAlone) {
  fs::copy(Path("run"), Path("again"), fs::copy_options::recursive);
  fs::copy(Path("tall.npz"), Path("kept.npz"), fs::copy_options::overwrite_existing);
  SaveBodyModel(MakeBuiltinBody(), Path("tall.npz"));
  const ProgramResult result = Gyre({"train", "--resume", "--run", Path("again"), "--quiet"});
  fs::copy(Path("kept.npz"), Path("tall.npz"), fs::copy_options::overwrite_existing);
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("its file has changed since"));
}

TEST_F(OwnBodyCommandTest, AResultOfFitIsEvaluatedByItsOwnBodyAndCamera) {
  const std::string out = Path("fit.npz");
  const ProgramResult fitted =
      Gyre({"fit", "--data", kTrain, "--body", Path("tall.npz"), "--out", out, "--quiet"});
  ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  const ProgramResult own = Eval(out, kTrain);
  EXPECT_EQ(own.exit_code, 0) << own.err;
  EXPECT_EQ(nlohmann::json::parse(own.out)["space"]["samples"], 5);
  ExpectOneSentence(Eval(out, kTrain, {"--body", "builtin"}), 1);
  EXPECT_EQ(Gyre({"fits", "diff", out, out}).exit_code, 0);
  const auto info = nlohmann::json::parse(Gyre({"fits", "info", out, "--json"}).out);
  EXPECT_EQ(info["body"]["path"], Path("tall.npz"));
  EXPECT_EQ(info["score_rule"], "guarded");
  const ProgramResult merged =
      Gyre({"fits", "merge", Path("run"), out, "--out", Path("merged.store")});
  EXPECT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_THAT(merged.err, AllOf(HasSubstr("5 fits were chosen between"), HasSubstr("(objective"),
                                HasSubstr("(guarded)"), HasSubstr("do not compare")));

  // Another focal length than the data's: its own camera sees its bodies where they are.
  Gyre({"data", "synth", "--count", "5", "--seed", "3", "--frame", "96", "--name", "people",
        "--out", Path("pictures"), "--quiet"});
  const std::string data = "spin:" + Path("pictures/people.npz");
  const std::string far = Path("far.npz"), near = Path("near.npz");
  ASSERT_EQ(Gyre({"fit", "--data", data, "--out", near, "--quiet"}).exit_code, 0);
  ASSERT_EQ(Gyre({"fit", "--data", data, "--out", far, "--focal", "400", "--quiet"}).exit_code, 0);
  const auto image = [&](const std::string& fits) -> double {
    return nlohmann::json::parse(Eval(fits, data).out)["image"]["metrics"]["box_error"]["value"];
  };
  EXPECT_LT(image(far), 2 * image(near) + 0.02);
}

// Five people in pictures and with numbers of their own, and the same file backwards.
class OtherPeopleCommandTest : public OwnBodyCommandTest {
 protected:
  static void SetUpTestSuite() {
    OwnBodyCommandTest::SetUpTestSuite();
    WritePeople("people.json", {0, 1, 2, 3, 4});
    WritePeople("backwards.json", {4, 3, 2, 1, 0});
    for (const char* name : {"people", "backwards"}) {
      const ProgramResult fitted =
          Gyre({"fit", "--data", Spec(name), "--out", Path(std::string(name) + ".npz"),
                "--hypotheses", "start_only", "--quiet"});
      ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
    }
  }
  static std::string Spec(const std::string& name) {
    return "coco:" + Path(name + ".json") + "?name=crowd";
  }
  static void WritePeople(const std::string& name, const std::vector<int>& order) {
    static const int kX[] = {0,  8,   -8, 20,  -20, 40,  -40, 70, -70,
                             90, -90, 20, -20, 25,  -25, 25,  -25};
    static const int kY[] = {30,  22,  22,  28,  28,  70,  70,  130, 130,
                             190, 190, 200, 200, 300, 300, 400, 400};
    nlohmann::json images = nlohmann::json::array(), annotations = nlohmann::json::array();
    for (int i = 0; i < 5; ++i) {
      images.push_back({{"id", i + 1},
                        {"file_name", std::string(1, static_cast<char>('a' + i)) + ".jpg"},
                        {"width", 640 + i},
                        {"height", 481}});
    }
    for (const int i : order) {
      nlohmann::json keypoints = nlohmann::json::array();
      for (int k = 0; k < 17; ++k) {
        for (const int v : {150 + 40 * i + kX[k], 30 + kY[k] - 3 * i, 2}) keypoints.push_back(v);
      }
      annotations.push_back(
          {{"id", 901 + 7 * i}, {"image_id", i + 1}, {"category_id", 1}, {"keypoints", keypoints}});
    }
    std::ofstream(Path(name)) << nlohmann::json{{"images", images}, {"annotations", annotations}};
  }
  static std::vector<int64_t> Ids(const std::string& npz) {
    return ReadNpz(Path(npz)).at("id").As<int64_t>();
  }
  // Of a.jpg and e.jpg: the third person is in the third row of both files.
  static constexpr const char* kOthers =
      "data set 'crowd': 4 of 5 rows are of other people, the first row 0, which is of ";
};

TEST_F(OtherPeopleCommandTest, ThePeopleOfADataSetBackwardsAreOthers) {
  const std::string fits = Path("people.npz");
  const ProgramResult own = Eval(fits, Spec("people"));
  EXPECT_EQ(own.exit_code, 0) << own.err;
  EXPECT_EQ(own.err, "");
  const ProgramResult other = Eval(fits, Spec("backwards"));
  EXPECT_EQ(other.exit_code, 0);
  EXPECT_THAT(other.err,
              AllOf(HasSubstr(kOthers), HasSubstr("a.jpg, id 901"),
                    HasSubstr("e.jpg, box at 310, 229 here"), HasSubstr("not what they were"),
                    HasSubstr("give the data that they are of")));
  WritePeople("shifted.json", {1, 2, 3, 4, 0});  // nobody stays
  const ProgramResult all = Eval(fits, Spec("shifted"));
  ExpectOneSentence(all, 1);
  EXPECT_THAT(all.err, AllOf(HasSubstr("5 of 5 rows are of other people"),
                             HasSubstr("give the data that these fits are of")));
  const ProgramResult diff = Gyre({"fits", "diff", fits, Path("backwards.npz")});
  EXPECT_EQ(diff.exit_code, 1);
  EXPECT_THAT(diff.err, AllOf(HasSubstr(kOthers), HasSubstr("give fits of the same data")));
  EXPECT_THAT(diff.out, AllOf(HasSubstr("robust px^2"), Not(HasSubstr("score px^2"))));
  const std::string merged = Path("both.store");
  const ProgramResult merge =
      Gyre({"fits", "merge", fits, Path("backwards.npz"), "--out", merged, "--quiet"});
  ExpectOneSentence(merge, 1);
  EXPECT_THAT(merge.err, AllOf(HasSubstr(kOthers), HasSubstr("merge fits of one data set")));
  EXPECT_FALSE(fs::exists(merged));

  const auto start = [&](const char* name) {
    return Gyre({"fit", "--data", Spec(name), "--params", fits, "--out", Path("again.npz"),
                 "--hypotheses", "start_only", "--quiet", "--force", "--restart"});
  };
  EXPECT_EQ(start("people").err, "");
  const ProgramResult started = start("backwards");
  EXPECT_EQ(started.exit_code, 0);
  EXPECT_THAT(started.err, AllOf(HasSubstr(kOthers), HasSubstr("give the fits of these people")));
  EXPECT_EQ(std::count(started.err.begin(), started.err.end(), '\n'), 1) << started.err;
}

TEST_F(OtherPeopleCommandTest, AnExportHasTheNumbersOfTheFile) {
  ASSERT_EQ(Gyre({"fits", "merge", Path("people.npz"), "--out", Path("crowd.store")}).exit_code, 0);
  const auto exported = [&](const std::string& fits, const std::string& data) {
    std::vector<std::string> args = {"fits", "export", fits, "--out", Path("named.npz"), "--quiet"};
    if (!data.empty()) args.insert(args.end(), {"--data", data});
    const ProgramResult result = Gyre(args);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.err;
  };
  const std::vector<int64_t> ids = {901, 908, 915, 922, 929};
  EXPECT_EQ(exported(Path("crowd.store"), Spec("people")), "");
  EXPECT_EQ(Ids("named.npz"), ids);
  EXPECT_EQ(ReadNpz(Path("named.npz")).at("image").strings[3], "d.jpg");
  // A run knows its data itself.
  fs::create_directory(Path("crowd"));
  fs::copy(Path("crowd.store"), Path("crowd/fits.store"));
  auto options = nlohmann::json::parse(ReadFile(Path("run/options.json")));
  options["data"] = Spec("people");
  options["val"] = "";
  options["body"] = "builtin";
  std::ofstream(Path("crowd/options.json")) << options;
  EXPECT_EQ(exported(Path("crowd"), ""), "");
  EXPECT_EQ(Ids("named.npz"), ids);
  // What a file says itself stays where the data say something else.
  EXPECT_THAT(exported(Path("people.npz"), Spec("backwards")),
              AllOf(HasSubstr(kOthers), HasSubstr("stays: give the data that they are of")));
  EXPECT_EQ(Ids("named.npz"), ids);
}

TEST_F(OtherPeopleCommandTest, FitsWithoutAPlaceAreNotMeasuredInThePicture) {
  const ProgramResult exported =
      Gyre({"fits", "export", Path("people.npz"), "--spin", "--out", Path("spin.npz")});
  EXPECT_EQ(exported.exit_code, 0);
  EXPECT_THAT(exported.err,
              AllOf(HasSubstr("fits of the body builtin (content"),
                    HasSubstr("of data set 'crowd', 5 rows with a fit and 0 without")));
  const ProgramResult text =
      Gyre({"eval", "--fits", Path("spin.npz"), "--data", Spec("people"), "--quiet"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("5 bodies without a place before the camera left out"),
                              Not(HasSubstr("lsp-2d"))));
  const auto json = nlohmann::json::parse(Eval(Path("spin.npz"), Spec("people")).out);
  EXPECT_FALSE(json.contains("image"));
  EXPECT_EQ(json["bodies_without_place"], 5);
  const ProgramResult named =
      Eval(Path("spin.npz"), Spec("people"), {"--protocol", "lsp-2d", "--quiet"});
  ExpectOneSentence(
      ProgramResult{named.exit_code, named.out, named.err.substr(named.err.find("gyre: "))}, 1);
  EXPECT_THAT(named.err, HasSubstr("no body has a place before its camera"));
  const auto placed = nlohmann::json::parse(Eval(Path("people.npz"), Spec("people")).out);
  EXPECT_EQ(placed["image"]["samples"], 5);
  EXPECT_EQ(placed["bodies_without_place"], 0);
}

TEST_F(OwnBodyCommandTest, TruthOfAnotherBodySaysSo) {
  const ProgramResult made = Gyre({"data", "synth", "--count", "3", "--frame", "96", "--body",
                                   Path("tall.npz"), "--out", Path("true"), "--quiet"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string data = "spin:" + Path("true/synth.npz");
  EXPECT_EQ(Eval("truth", data, {"--body", Path("tall.npz")}).err, "");
  const ProgramResult other = Eval("truth", data);
  EXPECT_EQ(other.exit_code, 0);
  EXPECT_THAT(other.err, AllOf(HasSubstr("its true bodies are of " + Path("tall.npz")),
                               HasSubstr("is another, builtin"), HasSubstr("give that body")));
  EXPECT_EQ(std::count(other.err.begin(), other.err.end(), '\n'), 1) << other.err;
}

// What reads bodies refuses another one, or says whose they are.
TEST_F(OtherPeopleCommandTest, AnotherBodyIsNamedByWhoeverReadsBodies) {
  const std::string fits = Path("people.npz"), tall = Path("tall.npz"), out = Path("x");
  const auto refused = [&](std::vector<std::string> args, const std::string& text) {
    const ProgramResult result = Gyre(args);
    ExpectOneSentence(result, 1);
    EXPECT_THAT(result.err, HasSubstr(text));
  };
  refused({"export", fits, "--format", "obj", "--out", out, "--body", tall},
          "people.npz: is of the body builtin");
  refused({"fit", "--data", Spec("people"), "--params", fits, "--body", tall, "--out", out + ".npz",
           "--quiet"},
          "give --body builtin");
  refused({"body", "pose", tall, "--params", fits, "--out", out + ".npz"}, "give as MODEL builtin");
  // Its file has gone.
  fs::copy(tall, Path("gone.npz"));
  ASSERT_EQ(Gyre({"fit", "--data", Spec("people"), "--body", Path("gone.npz"), "--out",
                  Path("orphans.npz"), "--hypotheses", "start_only", "--quiet"})
                .exit_code,
            0);
  fs::remove(Path("gone.npz"));
  refused({"export", Path("orphans.npz"), "--format", "obj", "--out", out},
          Path("gone.npz") + " is not there; say with --body FILE where it is");
  refused({"body", "pose", "--params", Path("orphans.npz"), "--out", out + ".npz"},
          "say with as MODEL FILE where it is");
  EXPECT_EQ(Gyre({"export", Path("orphans.npz"), "--format", "obj", "--out", out, "--body", tall})
                .exit_code,
            0)
      << "where it is now";
}

TEST_F(OwnBodyCommandTest, BodiesWithoutStandInsAndOtherLayouts) {
  BodyModel bare = MakeBuiltinBody();
  bare.J_regressor_extra.resize(0, 0);
  SaveBodyModel(bare, Path("bare.npz"));
  const std::string said = "has no regressor for SPIN's nine joints";
  EXPECT_THAT(Eval("truth", kVal, {"--body", Path("bare.npz")}).err, HasSubstr(said));
  ASSERT_EQ(Gyre({"data", "synth", "--count", "3", "--frame", "96", "--name", "few", "--out",
                  Path("few"), "--quiet"})
                .exit_code,
            0);
  const std::string data = "spin:" + Path("few/few.npz");
  const ProgramResult predicted =
      Gyre({"predict", "--checkpoint", Path("run"), "--data", data, "--body", Path("bare.npz"),
            "--out", Path("seen.npz"), "--quiet"});
  EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_THAT(predicted.err, HasSubstr(said));

  // A body with five shapes: SMPL's truth is none of its own, nor are the network's weights.
  BodyModel few = MakeBuiltinBody();
  auto layout = std::make_shared<BodyLayout>(*few.layout);
  layout->num_betas = 5;
  few.layout = layout;
  few.shapedirs = few.shapedirs.leftCols(5).eval();
  SaveBodyModel(few, Path("few.npz"));
  EXPECT_THAT(Eval("truth", data, {"--body", Path("few.npz")}).err,
              AllOf(HasSubstr("the body parameters of 3 people are not of"),
                    HasSubstr("and are left out")));
  const ProgramResult network = Gyre(
      {"eval", "--checkpoint", Path("run"), "--data", data, "--body", Path("few.npz"), "--quiet"});
  EXPECT_EQ(network.exit_code, 1);
  EXPECT_THAT(network.err, AllOf(HasSubstr("was trained with the body " + Path("tall.npz")),
                                 HasSubstr("its weights do not fit")));
}

TEST_F(OwnBodyCommandTest, ANetworkThatStartsAnotherOneNamesItsBody) {
  const ProgramResult trained = Gyre({"train",       "--preset",
                                      "demo",        "--run",
                                      Path("child"), "--init",
                                      Path("run"),   "--data",
                                      kTrain,        "--steps",
                                      "1",           "--batch-size",
                                      "4",           "--network.image-px",
                                      "32",          "--pictures",
                                      "0",           "--threads",
                                      "1",           "--quiet"});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, AllOf(HasSubstr("was trained with the body " + Path("tall.npz")),
                                 HasSubstr("used here with builtin")));
}

TEST_F(OwnBodyCommandTest, EvalSaysWhatDataAreNotTheFitsAndWhoHasNone) {
  const ProgramResult other = Eval(Path("run/fits.store"), kVal);
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(other.err, HasSubstr("data set 'people' is not what it was when these fits were "
                                   "found"));
  const ProgramResult fewer =
      Gyre({"eval", "--fits", Path("run/val_fits.store"), "--data", kTrain});
  EXPECT_EQ(fewer.exit_code, 0) << fewer.err;
  EXPECT_THAT(fewer.out, HasSubstr("\n2 samples without a body left out.\n"));
}

// Written before stores named their body.
TEST_F(OwnBodyCommandTest, AnOlderStoreSaysSoOnce) {
  const std::string old = Path("old.store");
  std::ofstream(old, std::ios::binary) << ReadGzip("tests/fitting/data/fits.store.gz");
  const ProgramResult result = Eval(old, "synth:?count=5&name=spin");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string said = "does not say of which body its fits are";
  const size_t first = result.err.find(said);
  ASSERT_NE(first, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find(said, first + 1), std::string::npos) << result.err;
  EXPECT_THAT(result.err, HasSubstr("taken as of builtin"));
  const auto ExpectSaid = [&](const std::vector<std::string>& args) {
    EXPECT_THAT(Gyre(args).err, HasSubstr(said)) << args[1];
  };
  ExpectSaid({"fits", "export", old, "--out", Path("old.npz")});
  ExpectSaid({"fits", "merge", old, "--out", Path("old_merged.store")});
  fs::remove(Path("new.npz"));
  ASSERT_EQ(Gyre({"fit", "--data", "synth:?count=5&name=spin", "--out", Path("new.npz"),
                  "--hypotheses", "start_only", "--quiet"})
                .exit_code,
            0);
  ExpectSaid({"fits", "diff", old, Path("new.npz")});
}

}  // namespace
}  // namespace gyre
