// SPDX-License-Identifier: Apache-2.0
// gyre on files as users bring them: one bad person, joint or file does not stop the others.
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Somebody upright and facing the camera, as BODY_25 or the COCO model.
nlohmann::json Upright(double x_px, bool coco_model) {
  static const int kX[] = {0,  0,  -40, -70, -90, 40, 70, 90, 0,  -20, -25, -25, 20,
                           25, 25, -8,  8,   -20, 20, 35, 40, 20, -35, -40, -20};
  static const int kY[] = {30,  70,  70, 130, 190, 70, 130, 190, 200, 200, 300, 400, 200,
                           300, 400, 22, 22,  28,  28, 415, 412, 410, 415, 412, 410};
  nlohmann::json numbers = nlohmann::json::array();
  for (int i = 0; i < 25; ++i) {
    if (coco_model && (i == 8 || i > 18)) continue;
    for (const double v : {x_px + kX[i], 50.0 + kY[i], 0.9}) numbers.push_back(v);
  }
  return {{"pose_keypoints_2d", numbers}};
}

TEST(LeftOutCommandTest, OneBadFileAndOneBadPersonCostThemselvesAlone) {
  const ScratchFolder scratch;
  const fs::path folder = scratch / "json", out = scratch / "fits.npz";
  fs::create_directory(folder);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name) << text;
  };
  const auto people = [](const nlohmann::json& list) {
    return nlohmann::json{{"people", list}}.dump();
  };
  write("v_9_keypoints.json", people({Upright(200, false), nullptr}));
  write("v_10_keypoints.json", people(nlohmann::json::array({Upright(210, true)})));
  write("v_11_keypoints.json", people(nlohmann::json::array({Upright(220, false)})).substr(0, 200));
  write("._v_9_keypoints.json", "rubbish");
  const ProgramResult result = Gyre({"fit", "--openpose", folder, "--out", out, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["usable"], 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("1 file left out"), HasSubstr("v_11_keypoints.json"),
                    HasSubstr("1 person left out"), HasSubstr("person 1"), Not(HasSubstr("._v"))));
  const Npz npz = ReadNpz(out);
  EXPECT_THAT(Get(npz, "image", out).strings, ElementsAre("v_9", "v_9", "v_10"));
  EXPECT_THAT(Get(npz, "person", out).As<int>(), ElementsAre(0, 1, 0));
  EXPECT_THAT(Get(npz, "usable", out).As<int>(), ElementsAre(1, 0, 1));

  const ProgramResult check = Gyre({"data", "check", "openpose:" + folder.string(), "--no-images"});
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_THAT(check.out, AllOf(HasSubstr("v_11_keypoints.json"), HasSubstr("row 1: ")));
}

// Frames without people are normal, but somebody has to be there.
TEST(LeftOutCommandTest, FramesWithoutPeople) {
  const ScratchFolder scratch;
  const fs::path folder = scratch / "json", out = scratch / "fits.npz";
  fs::create_directory(folder);
  std::ofstream(folder / "v_0_keypoints.json") << R"({"people":[]})";
  ProgramResult result = Gyre({"fit", "--openpose", folder, "--out", out});
  ExpectOneSentence(result, 1);
  EXPECT_THAT(result.err, HasSubstr("the input holds nobody"));
  std::ofstream(folder / "v_1_keypoints.json")
      << nlohmann::json{{"people", nlohmann::json::array({Upright(200, false)})}};
  result = Gyre({"fit", "--openpose", folder, "--out", out, "--json", "--quiet"});
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(nlohmann::json::parse(result.out)["usable"], 1);
}

// A detector's list of results with somebody, a dog's box and somebody cut off.
TEST(LeftOutCommandTest, ADetectorsResults) {
  const ScratchFolder scratch;
  nlohmann::json keypoints = nlohmann::json::array();
  const nlohmann::json body = Upright(200, true)["pose_keypoints_2d"];
  const int coco_of_openpose[] = {0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10};
  for (const int i : coco_of_openpose) {
    for (int k = 0; k < 3; ++k) keypoints.push_back(body[3 * i + k]);
  }
  nlohmann::json cut = keypoints;
  cut.erase(50);
  std::ofstream(scratch / "results.json") << nlohmann::json{
      {{"image_id", 785}, {"category_id", 1}, {"keypoints", keypoints}, {"score", 0.9}},
      {{"image_id", 785}, {"category_id", 18}, {"bbox", {1, 2, 30, 40}}, {"score", 0.8}},
      {{"image_id", "b.jpg"}, {"category_id", 1}, {"keypoints", cut}, {"score", 0.7}}};
  const fs::path out = scratch / "fits.npz";
  const ProgramResult result =
      Gyre({"fit", "--coco", scratch / "results.json", "--out", out, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["usable"], 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("1 annotation left out"), HasSubstr("result 2"),
                                HasSubstr("1 annotation without keypoints passed over")));
  EXPECT_THAT(Get(ReadNpz(out), "image", out).strings, ElementsAre("000000000785.jpg"));
}

// Seven joints of people in a table; the second row's cell is no number, the third has two joints.
fs::path WriteTable(const fs::path& path) {
  std::ofstream(path) << "file,rank_x,rank_y,rkne_x,rkne_y,rhip_x,rhip_y,lhip_x,lhip_y,rsho_x,"
                         "rsho_y,lsho_x,lsho_y,head_x,head_y,lbigtoe_x,lbigtoe_y,age\n"
                         "a.jpg,10,90,11,70,12,50,22,50,10,20,24,20,17,5,9,95,31\n"
                         "b.jpg,10,90,1l,70,12,50,22,50,10,20,24,20,17,5,9,95,32\n"
                         "c.jpg,10,90,11,70,,,,,,,,,,,9,95,33\n"
                         "d.jpg,20,91,21,71,22,51,32,51,20,21,34,21,27,6,9,95,34\n";
  return path;
}

TEST(LeftOutCommandTest, ATablesColumnsCellsAndShortRows) {
  const ScratchFolder scratch;
  const fs::path csv = WriteTable(scratch / "people.csv");
  const ProgramResult check = Gyre({"data", "check", csv, "--no-images"});
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_THAT(check.err, HasSubstr("7 of 8 joints recognised; passed over: lbigtoe; other columns "
                                   "passed over: age"));
  EXPECT_THAT(check.out, AllOf(HasSubstr("row 1: " + csv.string() +
                                         ": line 3: column 'rkne_x': "
                                         "expected a number, found '1l'"),
                               HasSubstr("2 samples, 1 problem")));
  EXPECT_THAT(check.err, HasSubstr("1 person with fewer than 6 keypoints passed over"));
  const ProgramResult quiet = Gyre({"data", "check", csv, "--no-images", "--quiet"});
  EXPECT_THAT(quiet.err, AllOf(HasSubstr("1 row left out, the first: " + csv.string()),
                               HasSubstr("passed over: lbigtoe")));
  // To fit, everybody has a row who can be read.
  const fs::path out = scratch / "fits.npz";
  const ProgramResult fit =
      Gyre({"fit", "--data", csv, "--out", out, "--hypotheses", "start_only"});
  EXPECT_EQ(fit.exit_code, 0) << fit.err;
  EXPECT_THAT(fit.out, testing::ContainsRegex("left out: rows +1\n"));
  const ProgramResult again = Gyre({"fit", "--data", csv, "--out", out, "--hypotheses",
                                    "start_only", "--json"});
  EXPECT_EQ(nlohmann::json::parse(again.out)["left_out"], nlohmann::json({{"rows", 1}}));
  const Npz npz = ReadNpz(out);
  EXPECT_THAT(Get(npz, "row", out).As<int>(), ElementsAre(0, 2, 3));
  EXPECT_THAT(Get(npz, "index", out).As<int>(), ElementsAre(0, 1, 2));
  EXPECT_THAT(Get(npz, "reason", out).strings[1], "too_few_joints");
}

TEST(LeftOutCommandTest, LinesOfOtherLengthsAndColumnsThatLackTheirFellows) {
  const ScratchFolder scratch;
  const fs::path csv = WriteTable(scratch / "people.csv"), short_csv = scratch / "short.csv";
  std::string table = ReadFile(csv);
  const std::string header = table.substr(0, table.find('\n'));
  table.replace(table.find("1l"), 2, "11");
  table +=
      "e.jpg,20,91,21\n"
      "f.jpg,20,91,21,71,22,51,32,51,20,21,34,21,27,6,9,95,35\n";
  std::ofstream(csv) << table;
  const ProgramResult check = Gyre({"data", "check", csv, "--no-images", "--quiet"});
  EXPECT_EQ(check.exit_code, 1);
  EXPECT_THAT(check.out, AllOf(HasSubstr("row 4: " + csv.string() +
                                         ": line 6: expected 18 fields as in the header, found 4"),
                               HasSubstr("4 samples, 1 problem\n")));
  const fs::path out = scratch / "fits.npz";
  const ProgramResult fit =
      Gyre({"fit", "--data", csv, "--out", out, "--hypotheses", "start_only"});
  EXPECT_EQ(fit.exit_code, 0) << fit.err;
  EXPECT_THAT(fit.err, HasSubstr("1 row left out, the first: " + csv.string() + ": line 6"));
  EXPECT_THAT(Get(ReadNpz(out), "row", out).As<int>(), ElementsAre(0, 1, 2, 3, 5));
  // Where no line fits, the header is wrong.
  std::ofstream(short_csv) << header << "\na.jpg,1,2\nb.jpg,3,4\n";
  const ProgramResult none = Gyre({"fit", "--data", short_csv, "--out", out, "--force", "--quiet"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("line 2: expected 18 fields as in the header, found 3"));

  const auto renamed = [&](std::string text, const char* toe_x, const char* toe_y) {
    text.replace(text.find("lbigtoe_x"), 9, toe_x);
    text.replace(text.find("lbigtoe_y"), 9, toe_y);
    std::ofstream(scratch / "other.csv") << text;
    return Gyre({"data", "check", scratch / "other.csv", "--no-images", "--quiet"}).err;
  };
  EXPECT_THAT(renamed(table, "box_x", "box_y"),
              HasSubstr("other.csv: box_x, box_y without box_side says nothing and is passed over; "
                        "give all of box_x, box_y, box_side, or none"));
  EXPECT_THAT(renamed(table, "center_x", "focal_px"),
              HasSubstr("focal_px, center_x without center_y says nothing"));
}

TEST(LeftOutCommandTest, BadCellsOfCamerasBoxesAndConfidencesAreNamed) {
  const ScratchFolder scratch;
  const fs::path csv = scratch / "people.csv";
  const std::string joints = "10,90,11,70,12,50,22,50,10,20,24,20,17,5";
  std::ofstream(csv) << "file,rank_x,rank_y,rkne_x,rkne_y,rhip_x,rhip_y,lhip_x,lhip_y,rsho_x,"
                        "rsho_y,lsho_x,lsho_y,head_x,head_y,head_v,focal_px,center_x,center_y,"
                        "box_x,box_y,box_side,age\n"
                     << "a.jpg," << joints << ",1,300,20,21,15,45,110,31\n"
                     << "b.jpg," << joints << ",yes,300,20,21,15,45,110,32\n"
                     << "c.jpg," << joints << ",1,f3,20,21,15,45,110,33\n"
                     << "d.jpg," << joints << ",1,300,20,,15,45,110,34\n"
                     << "e.jpg," << joints << ",1,300,20,21,15,45,1e999,35\n"
                     << "f.jpg," << joints << ",1,,,,15,4 5,110,36\n";
  const ProgramResult check = Gyre({"data", "check", csv, "--no-images"});
  const auto cell = [&](int row, const char* column, const char* text) {
    return HasSubstr("row " + std::to_string(row) + ": " + csv.string() + ": line " +
                     std::to_string(row + 2) + ": column '" + column +
                     "': expected a number, found '" + text + "'");
  };
  EXPECT_THAT(check.out, AllOf(cell(1, "head_v", "yes"), cell(2, "focal_px", "f3"),
                               cell(3, "center_y", ""), cell(4, "box_side", "1e999"),
                               cell(5, "box_y", "4 5"), HasSubstr("1 sample, 5 problems")));
  // Where all joints are known, what is passed over is no warning.
  EXPECT_THAT(check.err, HasSubstr("7 of 7 joints recognised; other columns passed over: age\n"));
  const ProgramResult quiet = Gyre({"data", "check", csv, "--no-images", "--quiet"});
  EXPECT_THAT(quiet.err, Not(HasSubstr("passed over")));
  // What is named after a joint might have meant something.
  std::string table = ReadFile(csv);
  table.replace(table.find(",age"), 4, ",head_vis");
  std::ofstream(csv) << table;
  EXPECT_THAT(Gyre({"data", "check", csv, "--no-images", "--quiet"}).err,
              HasSubstr("other columns passed over: head_vis"));
}

// The file is the same whether it comes as --coco or as --data: so are rows and names.
TEST(LeftOutCommandTest, DataAndCocoAreTheSameRows) {
  const ScratchFolder scratch;
  const auto fit = [&](const char* option, const std::string& input, const fs::path& out) {
    const ProgramResult result = Gyre({"fit", option, input, "--out", out, "--quiet"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return ReadNpz(out);
  };
  const std::string people = "tests/bulk/data/people.json";
  const Npz coco = fit("--coco", people, scratch / "coco.npz");
  for (const std::string& spec : {people, "coco:" + people}) {
    fs::remove(scratch / "data.npz");
    const Npz data = fit("--data", spec, scratch / "data.npz");
    ASSERT_EQ(data.size(), coco.size());
    for (const auto& [key, array] : coco) {
      if (key == "run") continue;
      EXPECT_EQ(data.at(key).strings, array.strings) << key;
      EXPECT_EQ(data.at(key).bytes, array.bytes) << key;
    }
  }
  EXPECT_THAT(coco.at("row").As<int>(), ElementsAre(0, 1));
  EXPECT_THAT(coco.at("dataset").strings, ElementsAre("coco", "coco"));
  EXPECT_THAT(coco.at("image").strings, ElementsAre("street.jpg", "street.jpg"));
}

// Every other JSON is refused by one sentence that says what it is.
TEST(LeftOutCommandTest, OtherJsonIsNamed) {
  const ScratchFolder scratch;
  const auto error = [&](const char* option, const std::string& text) {
    std::ofstream(scratch / "a.json") << text;
    const ProgramResult result =
        Gyre({"fit", option, scratch / "a.json", "--out", scratch / "fits.npz"});
    ExpectOneSentence(result, 1);
    return result.err;
  };
  EXPECT_THAT(error("--openpose", R"({"width":640,"keypoints":[]})"), HasSubstr("'people'"));
  EXPECT_THAT(error("--openpose", R"([{"people":[]}])"), HasSubstr("found a list"));
  EXPECT_THAT(error("--openpose", R"({"people":[{"pose_keypoints_2d":null}]})"),
              HasSubstr("person 0"));
  EXPECT_THAT(error("--coco", R"({"people":[]})"), HasSubstr("--openpose"));
  EXPECT_THAT(error("--coco", R"({"ver":0.1,"data":[]})"), HasSubstr("gyre fits merge"));
}

}  // namespace
}  // namespace gyre
