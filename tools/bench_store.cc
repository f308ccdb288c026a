// SPDX-License-Identifier: Apache-2.0
// gyre bench store: what a store of fits costs at a size of one's choice.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/progress.h"
#include "core/rng.h"
#include "fitting/store/fit_file.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

StoredFit MakeFit(Rng& rng, int64_t step) {
  StoredFit fit(SmplLayout());
  for (double& value : fit.params.pose()) value = rng.Uniform(-1, 1);
  fit.params.transl() = Vec3{0, 0, 40};
  fit.camera = SpinCropCamera();
  fit.score_px2 = rng.Uniform(0, 100);
  fit.source = FitSource::kLoop;
  fit.step = step;
  return fit;
}

// A file that is removed at the end.
struct ScratchFile {
  fs::path path;
  ~ScratchFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

double Rate(int64_t count, double seconds) { return static_cast<double>(count) / seconds; }

int64_t Anywhere(int64_t samples, Rng* rng) {
  return static_cast<int64_t>(rng->Below(static_cast<uint64_t>(samples)));
}

void MeasureWriting(const fs::path& path, int64_t samples, int64_t accesses, Rng* rng,
                    nlohmann::ordered_json* json) {
  FitFile file = FitFile::Create(path, {{"bench", samples, ""}}, SmplLayout());
  Progress progress("writing", "fits", samples);
  (*json)["write_in_order_per_s"] = Rate(samples, SecondsOf([&] {
                                           for (int64_t i = 0; i < samples; ++i) {
                                             file.Write(i, MakeFit(*rng, 0));
                                             if (i % 65536 == 65535) progress.Advance(65536);
                                           }
                                         }));
  (*json)["sync_s"] = SecondsOf([&] { file.Sync(); });
  file.Protect(0);
  (*json)["write_random_per_s"] = Rate(accesses, SecondsOf([&] {
                                         for (int64_t i = 0; i < accesses; ++i) {
                                           file.Write(Anywhere(samples, rng), MakeFit(*rng, 1));
                                         }
                                       }));
  (*json)["sync_random_s"] = SecondsOf([&] { file.Sync(); });
  (*json)["disk_bytes_per_sample"] =
      static_cast<double>(file.DiskBytes()) / static_cast<double>(samples);
}

void MeasureReading(const fs::path& path, int64_t samples, int64_t accesses, Rng* rng,
                    nlohmann::ordered_json* json) {
  const double before = MemoryMb("VmRSS");
  std::optional<FitFile> file;
  (*json)["open_to_write_s"] = SecondsOf([&] { file = FitFile::OpenToWrite(path, 1); });
  file.reset();
  (*json)["open_to_read_s"] = SecondsOf([&] { file = FitFile::OpenToRead(path); });
  double most_mb = 0;
  int64_t found = 0;
  (*json)["read_random_per_s"] = Rate(accesses, SecondsOf([&] {
                                        for (int64_t i = 0; i < accesses; ++i) {
                                          found += file->Read(Anywhere(samples, rng)).has_value();
                                          if (i % 1024 == 1023)
                                            most_mb = std::max(most_mb, MemoryMb("VmRSS"));
                                        }
                                      }));
  GYRE_CHECK(found == accesses);
  FitFile::Census census;
  (*json)["verify_per_s"] = Rate(samples, SecondsOf([&] { census = file->Verify(); }));
  GYRE_CHECK(census.fits == samples && census.damaged == 0);
  (*json)["resident_mb_while_reading"] = std::max(most_mb, MemoryMb("VmRSS"));
  (*json)["resident_mb_before"] = before;
  (*json)["resident_anonymous_mb"] = MemoryMb("RssAnon");
}

}  // namespace

int RunBenchStore(int argc, char** argv) {
  int64_t samples, accesses;
  std::string folder;
  cxxopts::Options cli("gyre bench store", "What a store of fits costs, at any size.");
  cli.add_options()("samples", "Samples in the store",
                    cxxopts::value<int64_t>(samples)->default_value("1000000"))(
      "accesses", "Random reads and writes measured",
      cxxopts::value<int64_t>(accesses)->default_value("1000000"))(
      "dir", "Folder for the file, which is removed at the end (1 KB a sample)",
      cxxopts::value<std::string>(folder)->default_value("."),
      "DIR")("json", "One JSON object on stdout");
  AddQuietOption(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  if (samples < 1 || accesses < 1) throw UsageError("--samples and --accesses must be 1 or more");
  const ScratchFile file{fs::path(folder) / fmt::format("bench-{}.store", getpid())};
  Rng rng(1, RngStream::kTest);
  nlohmann::ordered_json json = {{"samples", samples}, {"accesses", accesses}};
  MeasureWriting(file.path, samples, accesses, &rng, &json);
  MeasureReading(file.path, samples, accesses, &rng, &json);
  if (args.count("json")) {
    fmt::print("{}\n", json.dump(2));
  } else {
    for (const auto& [key, value] : json.items())
      fmt::print("{:<26} {:.6g}\n", key, value.get<double>());
  }
  return 0;
}

}  // namespace gyre
