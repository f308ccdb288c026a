// SPDX-License-Identifier: Apache-2.0
// gyre bench smpl: what posing bodies costs, and their derivatives.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/rng.h"
#include "core/so3.h"
#include "regressor/layers/body_layer.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"

namespace gyre {
namespace {

struct Bodies {
  at::Tensor rotmats, betas;  // [B,J,3,3], [B,S]
};

Bodies MakeBodies(const BodyLayout& body, int batch) {
  Rng rng(1, RngStream::kTest);
  Bodies bodies{at::empty({batch, body.num_joints(), 3, 3}, at::kFloat),
                at::empty({batch, body.num_shape()}, at::kFloat)};
  for (int k = 0; k < batch * body.num_joints(); ++k) {
    Eigen::Map<Eigen::Matrix<float, 3, 3, Eigen::RowMajor>>(bodies.rotmats.data_ptr<float>() +
                                                            9 * k) =
        ExpSO3(0.4 * Vec3(rng.Normal(), rng.Normal(), rng.Normal())).cast<float>();
  }
  for (int i = 0; i < batch * body.num_shape(); ++i) {
    bodies.betas.data_ptr<float>()[i] = static_cast<float>(rng.Normal());
  }
  return bodies;
}

// The memory is what the process grew by, at most, since `memory_before_mb`.
nlohmann::json Measure(const BodyLayer& layer, const BodyLayout& body, int batch, int runs,
                       double memory_before_mb) {
  Bodies bodies = MakeBodies(body, batch);
  const Duration forward = MedianDuration(runs, [&] {
    const at::NoGradGuard no_grad;
    layer->forward(bodies.rotmats, bodies.betas, /*with_vertices=*/true);
  });
  bodies.rotmats.requires_grad_();
  bodies.betas.requires_grad_();
  const Duration both = MedianDuration(runs, [&] {
    bodies.rotmats.mutable_grad() = bodies.betas.mutable_grad() = at::Tensor();
    const BodyPoints out = layer->forward(bodies.rotmats, bodies.betas, /*with_vertices=*/true);
    (out.vertices.sum() + out.joints.sum()).backward();
  });
  return {{"batch", batch},
          {"threads", at::get_num_threads()},
          {"forward_ms", forward.ms},
          {"forward_cpu_ms", forward.cpu_ms},
          {"forward_backward_ms", both.ms},
          {"forward_backward_cpu_ms", both.cpu_ms},
          {"peak_mb", MemoryMb("VmHWM") - memory_before_mb}};
}

}  // namespace

int RunBenchSmpl(int argc, char** argv) {
  std::vector<int> batches, threads;
  int runs;
  cxxopts::Options options("gyre bench smpl",
                           "Time the SMPL layer with all vertices, and its derivatives.");
  options.add_options()("batch", "Bodies at a time; sizes with commas between",
                        cxxopts::value<std::vector<int>>(batches)->default_value("1,16,64"),
                        "N")("threads", "Threads; numbers with commas between",
                             cxxopts::value<std::vector<int>>(threads)->default_value("1"), "N")(
      "runs", "Times are medians of so many runs", cxxopts::value<int>(runs)->default_value("101"),
      "N")("json", "Print one JSON object");
  AddBodyOptions(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  if (runs < 1 || std::ranges::min(batches) < 1 || std::ranges::max(batches) > 4096 ||
      std::ranges::min(threads) < 1 || std::ranges::max(threads) > 1024) {
    throw UsageError("--batch must be 1 to 4096, --threads 1 to 1024, --runs 1 or more");
  }
  const auto body = BodyOf(args);
  const BodyLayer layer(*body);
  nlohmann::json rows;
  std::ranges::sort(batches);  // the memory of a small batch stays unseen after a large one
  ForgetPeakMemory();          // reading the body takes more than it keeps
  const double memory_before_mb = MemoryMb("VmRSS");
  for (const int batch : batches) {
    for (const int count : threads) {
      InitRuntime(count);
      rows.push_back(Measure(layer, *body->layout, batch, runs, memory_before_mb));
    }
  }
  if (args.count("json")) {
    const nlohmann::json result = {
        {"body", body->name}, {"vertices", body->num_vertices()}, {"runs", runs}, {"rows", rows}};
    fmt::print("{}\n", result.dump(2));
    return 0;
  }
  fmt::print("{}, {} vertices\n{:>7}{:>9}{:>12}{:>12}{:>12}{:>12}{:>10}\n", body->name,
             body->num_vertices(), "batch", "threads", "forward ms", "cpu ms", "+backw. ms",
             "cpu ms", "peak MB");
  for (const nlohmann::json& row : rows) {
    fmt::print("{:>7}{:>9}{:>12.3f}{:>12.3f}{:>12.3f}{:>12.3f}{:>10.1f}\n", row["batch"].get<int>(),
               row["threads"].get<int>(), row["forward_ms"].get<double>(),
               row["forward_cpu_ms"].get<double>(), row["forward_backward_ms"].get<double>(),
               row["forward_backward_cpu_ms"].get<double>(), row["peak_mb"].get<double>());
  }
  return 0;
}

}  // namespace gyre
