// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/file.h"
#include "fuzz/fuzz_target.h"
#include "io/bvh.h"
#include "io/camera_file.h"
#include "io/camera_path.h"
#include "io/csv.h"
#include "io/gzip.h"
#include "io/image.h"
#include "io/journal.h"
#include "io/json.h"
#include "io/matlab.h"
#include "io/mesh.h"
#include "io/npz.h"
#include "io/pickle.h"
#include "io/tflite.h"
#include "io/zip.h"

namespace gyre {
namespace {

bool Same(const NdArray& a, const NdArray& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.bytes == b.bytes && a.strings == b.strings;
}

const FuzzTarget kNpy("npy", [](const std::string& bytes) {
  const NdArray array = ParseNpy(bytes, "input");
  Accepts([&] { array.As<double>("input"); });
  Accepts([&] { array.As<float>("input"); });
  Accepts([&] { array.As<int32_t>("input"); });
  GYRE_CHECK(Same(ParseNpy(FormatNpy(array), "again"), array), "written and read is another array");
});

const FuzzTarget kNpz(
    "npz",
    [](const std::string& bytes) {
      const std::filesystem::path path = AsFile(bytes, "input.npz");
      const Npz npz = ReadNpz(path);
      for (const std::string& key : NpzKeys(path)) {
        Accepts([&] {
          NpzRows rows(path, key);
          NdArray whole{rows.dtype(), rows.shape(), {}, {}};
          const int64_t block = std::max<int64_t>(1, whole.shape[0] / 3 + 1);
          for (NdArray part = rows.Next(block); part.shape[0] > 0; part = rows.Next(block)) {
            whole.bytes += part.bytes;
            std::ranges::move(part.strings, std::back_inserter(whole.strings));
          }
          GYRE_CHECK(Same(whole, npz.at(key)), "{} by rows is another array", key);
        });
      }
    },
    /*is_zip=*/true);

const FuzzTarget kCameraPath(
    "camera_path",
    [](const std::string& bytes) {
      const CameraPath path = CameraPath::Read(AsFile(bytes, "input.npz"));
      for (int64_t i = 0; i < path.num_frames(); ++i) {
        const CameraPlace& place = path.At(i);
        GYRE_CHECK((place.rotation * place.rotation.transpose()).isIdentity(1e-9));
        GYRE_CHECK(place.translation.allFinite() && place.focal_px >= 0);
      }
    },
    /*is_zip=*/true);

const FuzzTarget kZip("zip", [](const std::string& bytes) {
  constexpr uint64_t kMaxBytes = 1 << 20;
  const ZipReader zip(bytes, "input");
  const std::filesystem::path path = AsFile(bytes, "input.zip");
  GYRE_CHECK(ZipEntryNames(path) == zip.names());
  for (const std::string& name : zip.names()) {
    std::string whole;
    if (!Accepts([&] { whole = zip.Read(name, kMaxBytes); })) continue;
    ZipEntryStream stream(path, name);
    GYRE_CHECK(stream.Read(whole.size() + 1) == whole, "the stream holds something else");
  }
});

// What readers of bodies, priors and checkpoints ask of a pickle.
const FuzzTarget kPickle("pickle", [](const std::string& bytes) {
  PickleOptions options;
  options.persistent_ids = true;
  const Pickle pickle = ParsePickle(bytes, "input", options);
  GYRE_CHECK(pickle.bytes_consumed() <= bytes.size());
  const PickleValue& root = pickle.root();
  for (const std::string& key : root.Keys()) {
    const PickleValue& value = root.At(key, "input");
    Accepts([&] { value.AsArray("input").As<double>("input"); });
    Accepts([&] { value.AsInt("input"); });
    Accepts([&] { value.AsDouble("input"); });
  }
  Accepts([&] { root.AsArray("input"); });
});

const FuzzTarget kBvh("bvh", [](const std::string& bytes) {
  const BvhClip clip = ParseBvh(bytes, "input");
  RestPose(clip);
  if (clip.num_frames() > 0) ForwardKinematics(clip, clip.num_frames() - 1);
});

const FuzzTarget kCsv("csv", [](const std::string& bytes) {
  const CsvTable table = CsvTable::Parse(bytes, "input");
  for (const std::string& column : table.columns()) Accepts([&] { table.Numbers(column); });
  int64_t rows = 0;
  CsvTable::ForEachBlock(AsFile(bytes, "input.csv"), [&](const CsvTable& block, int64_t first_row) {
    GYRE_CHECK(first_row == rows && block.columns() == table.columns());
    rows += block.row_count();
  });
  GYRE_CHECK(rows == table.row_count());
});

const FuzzTarget kMatlab("matlab", [](const std::string& bytes) {
  ReadMatlabArray(AsFile(bytes, "input.mat"), "joints").As<double>("input");
});

const FuzzTarget kObj("obj", [](const std::string& bytes) {
  const ObjMesh mesh = ParseObj(bytes, "input");
  const Faces triangles = mesh.Triangles();
  GYRE_CHECK(triangles.size() == 0 ||
             (triangles.minCoeff() >= 0 && triangles.maxCoeff() < mesh.vertices.rows()));
});

const FuzzTarget kGzip("gzip", [](const std::string& bytes) {
  ReadGzip(AsFile(bytes, "input.gz"), uint64_t{1} << 24);
});

const FuzzTarget kImage("image", [](const std::string& bytes) {
  const cv::Mat image = ParseImage(bytes, "input", ImageOrientation::kUpright);
  GYRE_CHECK(image.type() == CV_8UC3 && !image.empty());
  const ImageHeader header = InspectImage(bytes, "input");
  GYRE_CHECK(image.cols == header.upright_width() && image.rows == header.upright_height());
});

const FuzzTarget kExif("exif", [](const std::string& bytes) {
  const Exif exif = ParseExif(bytes);
  GYRE_CHECK(exif.orientation >= 1 && exif.orientation <= 8);
  GYRE_CHECK(exif.orientation_at == 0 || exif.orientation_at + 2 <= bytes.size());
  GYRE_CHECK(exif.focal_mm >= 0 && exif.focal_35mm >= 0 && exif.sensor_px_per_mm >= 0);
  const auto focal_px = ExifFocalPx(exif, 640, 425);
  GYRE_CHECK(!focal_px || *focal_px > 0);
});

// The first byte says which kind of file.
const FuzzTarget kCamera("camera", [](const std::string& bytes) {
  if (bytes.empty()) return;
  constexpr const char* kEndings[] = {".toml", ".yml", ".json"};
  for (const NamedLens& camera :
       ParseCameraFile(bytes.substr(1), kEndings[static_cast<uint8_t>(bytes[0]) % 3], "input")) {
    const Lens& lens = camera.lens;
    GYRE_CHECK(lens.Pinhole().focal_px >= 1 && lens.center_px.allFinite());
    const auto straight = lens.PinholeFromPhotograph(lens.center_px + Vec2(31, -17));
    if (straight) {
      GYRE_CHECK((lens.PhotographFromPinhole(*straight) - lens.center_px - Vec2(31, -17)).norm() <
                 1e-3);
    }
  }
});

// Opening cuts a journal to what is whole; it then stays as it is, and can be gone on with.
const FuzzTarget kJournal("journal", [](const std::string& bytes) {
  const std::filesystem::path path = AsFile(bytes, "input.partial");
  std::vector<std::string> records;
  {
    Journal journal(path);
    if (!journal.started()) return;
    records = journal.Read(0, journal.size());
    records.emplace_back("one more");
    journal.Append({records.back()});
  }
  const Journal journal(path);
  GYRE_CHECK(journal.started() && journal.cut_bytes() == 0);
  GYRE_CHECK(journal.Read(0, journal.size()) == records);
});

const FuzzTarget kTflite("tflite", [](const std::string& bytes) {
  const TfliteModel model = ParseTflite(bytes, "input");
  for (int i = 0; i < std::ssize(model.tensors); ++i) {
    int64_t elements = 1;
    for (const int length : model.tensors[i].shape) elements *= length;
    if (elements > 1 << 20) continue;  // of sparse ones a few bytes make many
    Accepts([&] { GYRE_CHECK(std::ssize(TfliteFloats(model, i)) == elements); });
    Accepts([&] { GYRE_CHECK(std::ssize(TfliteInts(model, i)) == elements); });
  }
});

}  // namespace
}  // namespace gyre
