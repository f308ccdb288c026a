// SPDX-License-Identifier: Apache-2.0
// Pipes, devices, folders and links to nowhere, given where a file is expected: one sentence at
// once, from every reader up to this layer. A reader that waits or reads on is ended by a signal.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "body/body_model.h"
#include "body/makehuman.h"
#include "body/pose_prior.h"
#include "body/retarget.h"
#include "core/error.h"
#include "datasets/dataset_spec.h"
#include "io/bvh.h"
#include "io/csv.h"
#include "io/gzip.h"
#include "io/image.h"
#include "io/matlab.h"
#include "io/mesh.h"
#include "io/npz.h"
#include "io/pickle.h"
#include "io/zip.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

struct Reader {
  const char* name;
  const char* ending;  // some readers go by it
  std::function<void(const fs::path&)> read;
};

std::function<void(const fs::path&)> DataSet(const std::string& kind) {
  return [kind](const fs::path& path) { OpenDataset(kind + ":" + path.string()); };
}

const std::vector<Reader>& Readers() {
  static const std::vector<Reader> readers = {
      {"bvh", ".bvh", [](const fs::path& path) { ReadBvh(path); }},
      {"csv", ".csv", [](const fs::path& path) { CsvTable::Read(path); }},
      {"gzip", ".gz", [](const fs::path& path) { ReadGzip(path); }},
      {"image", ".png", [](const fs::path& path) { ReadImage(path); }},
      {"matlab", ".mat", [](const fs::path& path) { ReadMatlabArray(path, "joints"); }},
      {"obj", ".obj", [](const fs::path& path) { ReadObj(path); }},
      {"npy", ".npy", [](const fs::path& path) { ReadNpy(path); }},
      {"npz", ".npz", [](const fs::path& path) { ReadNpz(path); }},
      {"npz rows", ".npz", [](const fs::path& path) { NpzRows(path, "a"); }},
      {"pickle", ".pkl", [](const fs::path& path) { ReadPickle(path); }},
      {"zip", ".zip", [](const fs::path& path) { ZipReader{path}; }},
      {"body", ".npz", [](const fs::path& path) { LoadBodyModel(path.string()); }},
      {"body pickle", ".pkl", [](const fs::path& path) { LoadBodyModel(path.string()); }},
      {"extra regressor", ".npy", [](const fs::path& path) { LoadBodyModel("", path); }},
      {"prior", ".npz", [](const fs::path& path) { LoadPosePrior(path); }},
      {"prior pickle", ".pkl", [](const fs::path& path) { LoadPosePrior(path); }},
      {"clips", ".npz", [](const fs::path& path) { ReadPoseClips(path); }},
      {"bvh folder", ".bvh", [](const fs::path& path) { RetargetBvhFiles({path}); }},
      {"makehuman", "", [](const fs::path& path) { ImportMakeHuman(path); }},
      {"spin data", ".npz", DataSet("spin")},
      {"csv data", ".csv", DataSet("csv")},
      {"coco data", ".json", DataSet("coco")},
      {"openpose data", "", DataSet("openpose")},
      {"lsp data", "", DataSet("lsp")},
      {"poses", ".npz", [](const fs::path& path) { OpenDataset("synth:?poses=" + path.string()); }},
  };
  return readers;
}

class NoFileTest : public testing::Test {
 protected:
  NoFileTest() {
    std::string name = (fs::temp_directory_path() / "gyre_test_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    alarm(300);
  }
  ~NoFileTest() override {
    alarm(0);
    fs::remove_all(folder_);
  }

  // Every reader is handed what `make` puts at a path.
  void ExpectRefusals(const std::function<void(const fs::path&)>& make) {
    for (const Reader& reader : Readers()) {
      const fs::path path = folder_ / (std::string("input") + reader.ending);
      make(path);
      try {
        reader.read(path);
        ADD_FAILURE() << reader.name << ": accepted";
      } catch (const UserError& error) {
        EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
      } catch (const std::exception& error) {
        ADD_FAILURE() << reader.name << ": " << error.what();
      }
      fs::remove_all(path);
    }
  }

 private:
  fs::path folder_;
};

TEST_F(NoFileTest, Pipes) {
  ExpectRefusals([](const fs::path& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); });
}

TEST_F(NoFileTest, EndlessDevices) {
  ExpectRefusals([](const fs::path& path) { fs::create_symlink("/dev/zero", path); });
}

TEST_F(NoFileTest, Folders) {
  ExpectRefusals([](const fs::path& path) { fs::create_directory(path); });
}

TEST_F(NoFileTest, LinksToNowhere) {
  ExpectRefusals([](const fs::path& path) { fs::create_symlink("nothing", path); });
}

TEST_F(NoFileTest, LinksToThemselves) {
  ExpectRefusals([](const fs::path& path) { fs::create_symlink(path, path); });
}

TEST_F(NoFileTest, NamesTooLongForAFile) {
  const std::string name(300, 'x');
  for (const Reader& reader : Readers()) {
    EXPECT_THROW(reader.read("/tmp/" + name + reader.ending), UserError) << reader.name;
  }
}

}  // namespace
}  // namespace gyre
