// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "body/body_model.h"
#include "body/joints.h"
#include "body/test_body.h"
#include "core/error.h"
#include "core/file.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kVertices = 40;  // small files, written often

BodyModel SmallBody() { return MakeRandomBody(1, 1.0, kVertices); }

class BodyFile : public testing::Test {
 protected:
  BodyFile() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / (std::string("gyre_body_file_") + info->name());
    MakeFolder(folder_);
  }
  ~BodyFile() override { fs::remove_all(folder_); }

  fs::path Path(const std::string& name) const { return folder_ / name; }

  // The arrays of a valid body file.
  Npz ValidArrays() const {
    SaveBodyModel(SmallBody(), Path("valid.npz"));
    return ReadNpz(Path("valid.npz"));
  }

  // What LoadBodyModel says of these arrays; empty if nothing.
  std::string Complaint(const Npz& arrays) const {
    WriteNpz(Path("changed.npz"), arrays);
    return Complaint(Path("changed.npz").string());
  }
  static std::string Complaint(const std::string& spec, const fs::path& extra = {}) {
    try {
      LoadBodyModel(spec, extra);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(BodyFile, SavingAndLoadingKeepsEveryNumber) {
  BodyModel model = SmallBody();
  model.landmark_vertices[3] = -1;
  SaveBodyModel(model, Path("body.npz"));
  const auto loaded = LoadBodyModel(Path("body.npz").string());
  EXPECT_EQ(loaded->name, Path("body.npz").string());
  EXPECT_EQ(loaded->v_template, model.v_template);
  EXPECT_EQ(loaded->shapedirs, model.shapedirs);
  EXPECT_EQ(loaded->posedirs, model.posedirs);
  EXPECT_EQ(RowMatX(loaded->J_regressor), RowMatX(model.J_regressor));
  EXPECT_EQ(RowMatX(loaded->weights), RowMatX(model.weights));
  EXPECT_EQ(RowMatX(loaded->J_regressor_extra), RowMatX(model.J_regressor_extra));
  EXPECT_EQ(loaded->parents(), model.parents());
  EXPECT_EQ(loaded->layout->family, "smpl");
  EXPECT_EQ(loaded->faces, model.faces);
  EXPECT_EQ(loaded->landmark_vertices, model.landmark_vertices);
}

// What Python's smplx needs of a file.
TEST_F(BodyFile, SavedFileHasSmplsKeysTypesAndShapes) {
  const Npz arrays = ValidArrays();
  const std::map<std::string, std::pair<DType, std::string>> expected = {
      {"v_template", {DType::kFloat64, "(40, 3)"}},
      {"shapedirs", {DType::kFloat64, "(40, 3, 10)"}},
      {"posedirs", {DType::kFloat64, "(40, 3, 207)"}},
      {"J_regressor", {DType::kFloat64, "(24, 40)"}},
      {"J", {DType::kFloat64, "(24, 3)"}},
      {"weights", {DType::kFloat64, "(40, 24)"}},
      {"kintree_table", {DType::kUInt32, "(2, 24)"}},
      {"f", {DType::kUInt32, "(80, 3)"}},
      {"J_regressor_extra", {DType::kFloat64, "(9, 40)"}},
      {"landmark_names", {DType::kString, "(21,)"}},
      {"landmark_vertices", {DType::kInt64, "(21,)"}}};
  EXPECT_EQ(arrays.size(), expected.size());
  for (const auto& [key, type_and_shape] : expected) {
    ASSERT_TRUE(arrays.contains(key)) << key;
    EXPECT_EQ(arrays.at(key).dtype, type_and_shape.first) << key;
    EXPECT_EQ(arrays.at(key).ShapeString(), type_and_shape.second) << key;
  }
  EXPECT_EQ(arrays.at("kintree_table").As<int64_t>()[0], 4294967295);
}

TEST_F(BodyFile, EveryMissingKeyIsNamed) {
  const Npz valid = ValidArrays();
  EXPECT_EQ(Complaint(valid), "");
  for (const char* key :
       {"v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table"}) {
    Npz arrays = valid;
    arrays.erase(key);
    EXPECT_THAT(Complaint(arrays), HasSubstr(key));
    EXPECT_THAT(Complaint(arrays), HasSubstr("changed.npz"));
  }
}

TEST_F(BodyFile, EveryWrongShapeTypeAndNumberIsNamed) {
  const Npz valid = ValidArrays();
  for (const auto& [key, array] : valid) {
    if (key == "landmark_names" || key == "J") continue;
    Npz arrays = valid;
    arrays[key] = NdArray::From<double>({2, 2}, std::array<double, 4>{});
    EXPECT_THAT(Complaint(arrays), HasSubstr(key + ":")) << key;
    arrays[key] = NdArray::FromScalar(1);
    EXPECT_THAT(Complaint(arrays), HasSubstr(key + ":")) << key;
    arrays[key] = NdArray::FromStrings({"a", "b"});
    EXPECT_THAT(Complaint(arrays), HasSubstr(key + ":")) << key;
    // The first number made NaN.
    std::vector<double> values = array.As<double>();
    values[0] = std::nan("");
    arrays[key] = NdArray::From<double>(array.shape, values);
    EXPECT_THAT(Complaint(arrays), HasSubstr(key)) << key;
    EXPECT_THAT(Complaint(arrays), HasSubstr("changed.npz")) << key;
  }
}

TEST_F(BodyFile, BadTreesFacesAndLandmarksAreNamed) {
  const Npz valid = ValidArrays();
  const auto with = [&](const char* key, size_t i, int64_t value) {
    Npz arrays = valid;
    std::vector<int64_t> values = valid.at(key).As<int64_t>();
    values[i] = value;
    arrays[key] = NdArray::From<int64_t>(valid.at(key).shape, values);
    return Complaint(arrays);
  };
  EXPECT_THAT(with("kintree_table", 5, 24), HasSubstr("joint 5 has the parent 24"));
  EXPECT_THAT(with("kintree_table", 5, 9), HasSubstr("kintree_table"));   // not before it
  EXPECT_THAT(with("kintree_table", 5, -1), HasSubstr("kintree_table"));  // a second root
  EXPECT_THAT(with("kintree_table", 0, 1), HasSubstr("kintree_table"));
  EXPECT_THAT(with("kintree_table", 30, 7), HasSubstr("kintree_table"));
  EXPECT_EQ(with("kintree_table", 0, -1), "");  // signed files
  EXPECT_THAT(with("f", 4, 40), HasSubstr("row 1 of f"));
  EXPECT_THAT(with("f", 4, -1), HasSubstr("row 1 of f"));
  EXPECT_THAT(with("f", 4, int64_t{1} << 40), HasSubstr("f:"));
  EXPECT_THAT(with("landmark_vertices", 2, 40), HasSubstr("leye is vertex 40"));
  EXPECT_THAT(with("landmark_vertices", 2, -1), HasSubstr("leye is vertex -1"));
}

TEST_F(BodyFile, LandmarksAreFoundByName) {
  Npz arrays = ValidArrays();
  arrays["landmark_names"] = NdArray::FromStrings({"LHeel", "tail", "nose"});
  arrays["landmark_vertices"] = NdArray::From<int64_t>({3}, std::array<int64_t, 3>{5, 15, 7});
  ASSERT_EQ(Complaint(arrays), "");
  const auto model = LoadBodyModel(Path("changed.npz").string());
  EXPECT_EQ(model->landmark_vertices[FindJoint("Nose").source_idx], 7);
  EXPECT_EQ(model->landmark_vertices[FindJoint("OP LHeel").source_idx], 5);
  EXPECT_EQ(std::ranges::count(model->landmark_vertices, -1), kNumLandmarks - 2);
  arrays["landmark_names"] = NdArray::FromStrings({"LHeel", "nose"});
  EXPECT_THAT(Complaint(arrays), HasSubstr("3 vertices for 2 names"));
  // Without any the body has none, because it has not SMPL's 6890 vertices.
  arrays.erase("landmark_names");
  arrays.erase("landmark_vertices");
  ASSERT_EQ(Complaint(arrays), "");
  EXPECT_EQ(LoadBodyModel(Path("changed.npz").string())->landmark_vertices, NoLandmarks());
}

TEST_F(BodyFile, MoreShapeComponentsThanTenAreCut) {
  Npz arrays = ValidArrays();
  const std::vector<double> ten = arrays["shapedirs"].As<double>();
  std::vector<double> twelve;
  for (size_t row = 0; row < 3 * kVertices; ++row) {
    twelve.insert(twelve.end(), &ten[10 * row], &ten[10 * row] + 10);
    twelve.insert(twelve.end(), {9.0, 9.0});
  }
  arrays["shapedirs"] = NdArray::From<double>({kVertices, 3, 12}, twelve);
  ASSERT_EQ(Complaint(arrays), "");
  EXPECT_EQ(LoadBodyModel(Path("changed.npz").string())->shapedirs, SmallBody().shapedirs);
  arrays["shapedirs"] =
      NdArray::From<double>({kVertices, 3, 9}, std::vector<double>(27 * kVertices, 0.0));
  EXPECT_THAT(Complaint(arrays), HasSubstr("9 shape components"));
}

TEST_F(BodyFile, ExtraRegressorFileReplacesTheModels) {
  SaveBodyModel(SmallBody(), Path("body.npz"));
  RowMatX rows = RowMatX::Zero(kNumExtraJoints, kVertices);
  rows.col(17).setConstant(0.9);
  const auto write = [&](const std::string& name) {
    WriteFileAtomically(Path(name), FormatNpy(NdArray::FromMatrix(rows)));
    return Path(name);
  };
  const auto model = LoadBodyModel(Path("body.npz").string(), write("extra.npy"));
  EXPECT_EQ(RowMatX(model->J_regressor_extra), rows);
  rows(3, 17) = HUGE_VAL;
  EXPECT_THAT(Complaint(Path("body.npz").string(), write("infinite.npy")), HasSubstr("row 3"));
  rows.conservativeResize(8, kVertices);
  EXPECT_THAT(Complaint(Path("body.npz").string(), write("eight.npy")), HasSubstr("eight.npy"));
  EXPECT_THAT(Complaint(Path("body.npz").string(), Path("none.npy")), HasSubstr("none.npy"));
}

TEST_F(BodyFile, AMissingFileNamesTheWaysToGetABody) {
  const std::string message = Complaint(Path("SMPL_NEUTRAL.pkl").string());
  EXPECT_THAT(message, HasSubstr("SMPL_NEUTRAL.pkl"));
  EXPECT_THAT(message, HasSubstr("built-in"));
  EXPECT_THAT(message, HasSubstr("gyre body import-makehuman"));
  EXPECT_THAT(message, HasSubstr("https://smpl.is.tue.mpg.de"));
}

TEST_F(BodyFile, HostileFilesAreOneSentence) {
  SaveBodyModel(SmallBody(), Path("body.npz"));
  const std::string content = ReadFile(Path("body.npz"));
  Rng rng(1, RngStream::kTest);
  std::string random(5000, '\0');
  for (char& c : random) c = static_cast<char>(rng.NextU32());
  int file = 0;
  const auto expect_refused = [&](const std::string& bytes, const std::string& extension) {
    const fs::path path = Path(std::to_string(file++) + extension);
    WriteFileAtomically(path, bytes);
    const std::string message = Complaint(path.string());
    EXPECT_THAT(message, HasSubstr(path.filename().string()));
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  };
  for (const char* extension : {".npz", ".pkl"}) {
    expect_refused("", extension);
    expect_refused(random, extension);
  }
  for (int cut = 1; cut < 12; ++cut)
    expect_refused(content.substr(0, cut * content.size() / 12), ".npz");
  // A pickle of an int, of an empty dict, and one that would run a command.
  expect_refused(std::string("\x80\x02K\x05.", 5), ".pkl");
  expect_refused(std::string("\x80\x02}.", 4), ".pkl");
  expect_refused("cos\nsystem\n(S'true'\ntR.", ".pkl");
  expect_refused(content, ".obj");
  EXPECT_THAT(Complaint(folder_.string()), HasSubstr(folder_.string()));
}

TEST_F(BodyFile, TruncatedPickleIsRefused) {
  const fs::path pickle = kSharedData / "body/smpl/SMPL_NEUTRAL.pkl";
  if (!fs::exists(pickle)) GTEST_SKIP() << "needs " << pickle;
  const std::string content = ReadFile(pickle);
  for (const double part : {0.1, 0.5, 0.99}) {
    const fs::path path = Path("cut.pkl");
    WriteFileAtomically(path, std::string_view(content).substr(0, part * content.size()));
    EXPECT_THAT(Complaint(path.string()), HasSubstr("cut.pkl"));
  }
}

}  // namespace
}  // namespace gyre
