// SPDX-License-Identifier: Apache-2.0
// gyre bench raster: what drawing bodies softly costs, and the derivatives.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "body/body_parts.h"
#include "core/error.h"
#include "core/rng.h"
#include "regressor/layers/soft_rasteriser.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"

namespace gyre {
namespace {

struct Setting {
  int batch, image_px, runs;
  double sigma_px;
};

// Bodies of other shapes and poses each, upright and as high as nine tenths of the picture.
at::Tensor MakeMeshes(const BodyModel& body, int batch) {
  Rng rng(1, RngStream::kTest);
  const int64_t vertices = body.num_vertices();
  at::Tensor meshes = at::empty({batch, vertices, 3}, at::kFloat);
  for (int i = 0; i < batch; ++i) {
    BodyParams params(*body.layout);
    for (int k = 1; k < body.layout->num_joints(); ++k) {
      params.rotation(k) = 0.2 * Vec3(rng.Normal(), rng.Normal(), rng.Normal());
    }
    for (double& beta : params.betas()) beta = rng.Normal();
    const PosedBody posed = PoseBody(body, params);
    const Vec3 middle =
        (posed.vertices.colwise().maxCoeff() + posed.vertices.colwise().minCoeff()).transpose() / 2;
    float* out = meshes[i].data_ptr<float>();
    for (int64_t v = 0; v < vertices; ++v) {
      const Vec3 p = posed.vertices.row(v).transpose() - middle;
      *out++ = static_cast<float>(p.x());
      *out++ = static_cast<float>(-p.y());  // image axes: y down, facing the camera
      *out++ = static_cast<float>(-p.z());
    }
  }
  return meshes;
}

// At a distance of four body heights.
MeshCameras CamerasBefore(const at::Tensor& meshes, int image_px) {
  const at::Tensor height = meshes.select(2, 1).amax({1}) - meshes.select(2, 1).amin({1});
  at::Tensor translation = at::zeros({meshes.size(0), 3}, at::kFloat);
  translation.select(1, 2).copy_(4 * height);
  return {translation, at::full({meshes.size(0)}, 0.9 * 4 * image_px, at::kFloat),
          at::full({meshes.size(0), 2}, 0.5 * (image_px - 1), at::kFloat)};
}

nlohmann::json Measure(const BodyModel& body, const SoftRasteriser& rasteriser,
                       const Setting& setting, double memory_before_mb) {
  at::Tensor meshes = MakeMeshes(body, setting.batch);
  MeshCameras cameras = CamerasBefore(meshes, setting.image_px);
  const CoverageOptions options{.size_px = setting.image_px, .sigma_px = setting.sigma_px};
  const Duration forward =
      MedianDuration(setting.runs, [&] { rasteriser.forward(meshes, cameras, options); });
  meshes.requires_grad_();
  cameras.translation.requires_grad_();
  double covered = 0;
  const Duration both = MedianDuration(setting.runs, [&] {
    meshes.mutable_grad() = cameras.translation.mutable_grad() = at::Tensor();
    const at::Tensor maps = rasteriser.forward(meshes, cameras, options);
    maps.square().sum().backward();
    covered = maps.sum().item().toDouble();
  });
  return {{"batch", setting.batch},
          {"threads", at::get_num_threads()},
          {"classes", rasteriser.num_classes()},
          {"ms_per_body_forward", forward.ms / setting.batch},
          {"ms_per_body_forward_backward", both.ms / setting.batch},
          {"cpu_ms_per_body_forward_backward", both.cpu_ms / setting.batch},
          {"covered_px_per_body", covered / setting.batch},
          {"peak_mb", MemoryMb("VmHWM") - memory_before_mb}};
}

void PrintRows(const nlohmann::json& rows) {
  fmt::print("{:>7}{:>9}{:>9}{:>12}{:>14}{:>12}{:>10}\n", "batch", "threads", "classes",
             "forward ms", "+backward ms", "cpu ms", "peak MB");
  for (const nlohmann::json& row : rows) {
    fmt::print("{:>7}{:>9}{:>9}{:>12.3f}{:>14.3f}{:>12.3f}{:>10.1f}\n", row["batch"].get<int>(),
               row["threads"].get<int>(), row["classes"].get<int>(),
               row["ms_per_body_forward"].get<double>(),
               row["ms_per_body_forward_backward"].get<double>(),
               row["cpu_ms_per_body_forward_backward"].get<double>(), row["peak_mb"].get<double>());
  }
}

}  // namespace

int RunBenchRaster(int argc, char** argv) {
  std::vector<int> batches;
  int threads;
  Setting setting;
  cxxopts::Options options("gyre bench raster",
                           "Time the silhouettes of bodies, and their derivatives; for one body.");
  options.add_options()("batch", "Bodies at a time; sizes with commas between",
                        cxxopts::value<std::vector<int>>(batches)->default_value("1,8"), "N")(
      "threads", "Threads", cxxopts::value<int>(threads)->default_value("1"), "N")(
      "image-px", "Side of the pictures",
      cxxopts::value<int>(setting.image_px)->default_value("224"),
      "PX")("sigma-px", "Softness, standard deviation in pixels",
            cxxopts::value<double>(setting.sigma_px)->default_value("0.5"),
            "PX")("parts", "Part maps instead of silhouettes")(
      "runs", "Times are medians of so many runs",
      cxxopts::value<int>(setting.runs)->default_value("31"), "N")("json", "Print one JSON object");
  AddBodyOptions(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  if (setting.runs < 1 || std::ranges::min(batches) < 1 || std::ranges::max(batches) > 4096 ||
      threads < 1 || threads > 1024) {
    throw UsageError("--batch must be 1 to 4096, --threads 1 to 1024, --runs 1 or more");
  }
  if (setting.image_px < 8 || setting.image_px > 4096 ||
      !(setting.sigma_px > 0 && setting.sigma_px <= 64)) {
    throw UsageError("--image-px must be 8 to 4096, --sigma-px more than 0 and at most 64");
  }
  const auto body = BodyOf(args);
  std::vector<uint8_t> classes;
  if (args.count("parts")) classes = PartsOfFaces(*body);
  for (uint8_t& of_face : classes) --of_face;
  const SoftRasteriser rasteriser(body->faces, body->num_vertices(), classes);
  InitRuntime(threads);
  nlohmann::json rows;
  std::ranges::sort(batches);  // the memory of a small batch stays unseen after a large one
  ForgetPeakMemory();
  const double memory_before_mb = MemoryMb("VmRSS");
  for (const int batch : batches) {
    setting.batch = batch;
    rows.push_back(Measure(*body, rasteriser, setting, memory_before_mb));
  }
  if (args.count("json")) {
    const nlohmann::json result = {
        {"body", body->name},
        {"vertices", body->num_vertices()},
        {"faces", body->faces.rows()},
        {"image_px", setting.image_px},
        {"sigma_px", setting.sigma_px},
        {"threads", at::get_num_threads()},
        {"runs", setting.runs},
        {"ms_per_body_forward_backward", rows.back()["ms_per_body_forward_backward"]},
        {"rows", rows}};
    fmt::print("{}\n", result.dump(2));
    return 0;
  }
  fmt::print("{}, {} vertices, {} px, softness {} px\n", body->name, body->num_vertices(),
             setting.image_px, setting.sigma_px);
  PrintRows(rows);
  return 0;
}

}  // namespace gyre
