// SPDX-License-Identifier: Apache-2.0
// gyre bench load: what it costs to read pictures, crop them and make them a network's input.
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "datasets/readers/spin_npz.h"
#include "io/option_json.h"
#include "regressor/preprocess.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// A folder that is removed at the end.
struct ScratchFolder {
  ScratchFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "gyre-bench-XXXXXX").string();
    if (error || !mkdtemp(name.data())) {
      ThrowUserError("no folder for pictures can be made; set TMPDIR to one that can be written");
    }
    path = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  fs::path path;
};

// Milliseconds of one thread per picture.
nlohmann::json MeasureParts(const Mixture& data, const LoaderOptions& loading, int pictures) {
  std::map<std::string, double> ms;
  double pixels = 0;
  std::vector<uint8_t> crop_pixels(size_t{3} * loading.crop_px * loading.crop_px);
  const std::vector<SampleRef> order = EpochOrder(data, loading.seed, 0, pictures);
  for (int i = 0; i < pictures; ++i) {
    const Dataset& set = *data.sets[order[i].set_idx];
    const Person sample = set.Get(order[i].index);
    Rng rng(loading.seed, RngStream::kAugment, 0, i);
    const Augmentation augmentation = DrawAugmentation(loading.augment, sample, rng);
    const CropMap crop = CropOf(sample.box, loading.crop_px, augmentation);
    const auto add = [&](const char* part, const std::function<void()>& work) {
      const std::clock_t began = std::clock();
      work();
      ms[part] += 1e3 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC / pictures;
    };
    ImageBuffer image;
    add("read_whole", [&] { image = set.LoadImage(sample); });
    pixels += static_cast<double>(image.width) * image.height / pictures;
    add("read", [&] { image = set.LoadImageAtScale(sample, crop.scale()); });
    add("warp", [&] { WarpToCrop(image, crop, augmentation, crop_pixels.data()); });
    add("normalise", [&] { NormalizeCrops(crop_pixels, 1, loading.crop_px, c10::kCPU); });
  }
  nlohmann::json json = ms;
  json["megapixels"] = pixels / 1e6;
  return json;
}

nlohmann::json MeasureLoader(const Mixture& data, LoaderOptions loading, int threads,
                             int pictures) {
  loading.workers = threads;
  ForgetPeakMemory();  // of making the pictures
  Loader loader(data, loading);
  const auto next = [&] {
    const Batch batch = loader.Next();
    NormalizeCrops(batch.pixels, batch.size(), batch.crop_px, c10::kCPU);
  };
  next();  // starts the threads
  const int batches = std::max(1, pictures / loading.batch_size);
  const double count = static_cast<double>(batches) * loading.batch_size;
  const std::clock_t cpu_began = std::clock();
  const double seconds = SecondsOf([&] {
    for (int i = 0; i < batches; ++i) next();
  });
  const double cpu = static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC;
  return {{"threads", threads},
          {"pictures_per_s", count / seconds},
          {"cpu_ms_per_picture", 1e3 * cpu / count},
          {"pictures_per_cpu_s", count / cpu},
          {"peak_mb", MemoryMb("VmHWM")}};
}

void PrintSpeeds(const nlohmann::json& json) {
  const nlohmann::json& parts = json["ms_per_picture"];
  fmt::print(
      "pictures of {:.2f} megapixels to crops of {} px; ms of one thread: read {:.3f} (whole "
      "{:.3f}), warp {:.3f}, normalise {:.3f}\n",
      parts["megapixels"].get<double>(), json["crop_px"].get<int>(), parts["read"].get<double>(),
      parts["read_whole"].get<double>(), parts["warp"].get<double>(),
      parts["normalise"].get<double>());
  fmt::print("{:>8}{:>13}{:>16}{:>18}{:>10}\n", "threads", "pictures/s", "cpu ms/picture",
             "pictures/cpu s", "peak MB");
  for (const nlohmann::json& row : json["loader"]) {
    fmt::print("{:>8}{:>13.1f}{:>16.3f}{:>18.1f}{:>10.1f}\n", row["threads"].get<int>(),
               row["pictures_per_s"].get<double>(), row["cpu_ms_per_picture"].get<double>(),
               row["pictures_per_cpu_s"].get<double>(), row["peak_mb"].get<double>());
  }
}

}  // namespace

int RunBenchLoad(int argc, char** argv) {
  int pictures, side_px;
  std::vector<int> threads;
  LoaderOptions loading;
  loading.crop_px = 128;
  const FlagNames flags = {.without = {"workers"}, .short_names = {{"crop_px", "crop"}}};
  cxxopts::Options options("gyre bench load",
                           "Time the reading, cropping and normalising of pictures.");
  options.add_options()("data", "Data set, see README (default: made-up people as JPEG files)",
                        cxxopts::value<std::string>(),
                        "SPEC")("frame", "Side of the made-up pictures, pixels",
                                cxxopts::value<int>(side_px)->default_value("1024"), "PX")(
      "threads", "Loader threads; numbers with commas between",
      cxxopts::value<std::vector<int>>(threads)->default_value("1,2"), "N")(
      "pictures", "Pictures read for each figure",
      cxxopts::value<int>(pictures)->default_value("512"), "N")("json", "Print one JSON object");
  AddFlags(options, "Crops", loading, flags);
  AddQuietOption(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  ApplyFlags(args, &loading, flags);
  if (pictures < 1 || std::ranges::min(threads) < 1) {
    throw UsageError("--pictures and --threads must be 1 or more");
  }
  InitRuntime(1);
  const ScratchFolder scratch;
  std::string spec;
  if (args.count("data")) {
    spec = args["data"].as<std::string>();
  } else {
    const auto people = OpenDataset(
        fmt::format("synth:?name=people&count={}&frame={}", std::min(pictures, 64), side_px));
    WriteSpinDataset(*people, scratch.path, /*threads=*/0);
    spec = "spin:" + (scratch.path / "people.npz").string();
  }
  Mixture data = OpenMixture(spec);
  data.CheckAndNormalise();
  loading.Check();
  nlohmann::json json = {{"crop_px", loading.crop_px},
                         {"batch_size", loading.batch_size},
                         {"options", FieldsToJson(loading)},
                         {"ms_per_picture", MeasureParts(data, loading, pictures)}};
  for (const int count : threads) {
    json["loader"].push_back(MeasureLoader(data, loading, count, pictures));
  }
  if (args.count("json")) {
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  PrintSpeeds(json);
  return 0;
}

}  // namespace gyre
