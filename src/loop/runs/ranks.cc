// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/ranks.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <torch/cuda.h>
#if defined(USE_C10D_NCCL) && __has_include(<nccl.h>)
#define GYRE_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "regressor/runtime.h"

namespace gyre {
namespace {

using std::chrono::milliseconds;
using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

// How often ranks that work together tell each other that they still do.
constexpr milliseconds kTick(100);

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

Group GlooGroup(const c10::intrusive_ptr<c10d::Store>& store, const RankEnvironment& environment,
                milliseconds timeout) {
  const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  std::istringstream names(std::getenv("GLOO_SOCKET_IFNAME") ? std::getenv("GLOO_SOCKET_IFNAME")
                                                             : "");
  for (std::string name; std::getline(names, name, ',');) {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(name));
  }
  if (options->devices.empty()) {
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
  }
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, environment.rank, environment.count,
                                                     options);
}

}  // namespace

struct Ranks::Impl {
  RankEnvironment environment;
  int local_rank = 0, local_count = 1;
  c10::intrusive_ptr<c10d::Store> store;
  Group group;      // null: one rank
  Group gpu_group;  // for tensors on GPUs
  std::unique_ptr<c10d::Reducer> reducer;
  std::function<bool()> wants_stop;
  std::atomic<bool> interrupted = false;

  const Group& GroupOf(const at::Tensor& tensor) const {
    return tensor.is_cuda() ? gpu_group : group;
  }

  // What c10d throws, in the words of this program.
  template <typename Work>
  auto Guard(const Work& work) const {
    try {
      return work();
    } catch (const RankLost&) {
      throw;
    } catch (const std::exception& error) {
      throw RankLost(fmt::format("rank {} of {}: another rank ended or does not answer ({})",
                                 environment.rank, environment.count, FirstLine(error.what())));
    }
  }
};

Ranks::Ranks() : impl_(std::make_unique<Impl>()) {}
Ranks::~Ranks() = default;

Ranks::Ranks(const RankEnvironment& environment, milliseconds start_timeout, milliseconds timeout)
    : Ranks() {
  impl_->environment = environment;
  if (environment.count == 1) return;
  // Gloo writes to sockets that a lost rank has closed: that is to be told, not to end the process.
  std::signal(SIGPIPE, SIG_IGN);
  const auto absent = [&](int rank) {
    return fmt::format(
        "rank {} did not come to {} port {} within {} s; start all ranks with the same MASTER_ADDR "
        "and MASTER_PORT",
        rank, environment.master_host, environment.master_port, start_timeout.count() / 1000);
  };
  std::string failing = absent(0);
  try {
    c10d::TCPStoreOptions options;
    options.port = environment.master_port;
    options.timeout = start_timeout;
    options.isServer = environment.rank == 0 && !environment.launcher_waits;
    impl_->store = c10::make_intrusive<c10d::PrefixStore>(
        "gyre/" + environment.attempt,
        c10::make_intrusive<c10d::TCPStore>(environment.master_host, options));
    const auto key = [](int rank) { return "host/" + std::to_string(rank); };
    const std::string host = HostName();
    impl_->store->set(key(environment.rank), {host.begin(), host.end()});
    impl_->local_count = 0;
    for (int r = 0; r < environment.count; ++r) {
      failing = absent(r);
      const std::vector<uint8_t> other = impl_->store->get(key(r));
      if (std::string(other.begin(), other.end()) != host) continue;
      if (r < environment.rank) ++impl_->local_rank;
      ++impl_->local_count;
    }
    failing = "the ranks do not reach each other; set GLOO_SOCKET_IFNAME to the network interface";
    impl_->group = impl_->gpu_group = GlooGroup(impl_->store, environment, timeout);
#ifdef GYRE_NCCL
    if (torch::cuda::is_available()) {
      setenv("NCCL_BLOCKING_WAIT", "1", /*overwrite: the user's word*/ 0);  // or no timeout counts
      const auto nccl = c10d::ProcessGroupNCCL::Options::create();
      nccl->timeout = timeout;
      impl_->gpu_group = c10::make_intrusive<c10d::ProcessGroupNCCL>(impl_->store, environment.rank,
                                                                     environment.count, nccl);
    }
#endif
  } catch (const std::exception& error) {
    throw RankLost(fmt::format("rank {} of {}: {} ({})", environment.rank, environment.count,
                               failing, FirstLine(error.what())));
  }
}

int Ranks::rank() const { return impl_->environment.rank; }
int Ranks::count() const { return impl_->environment.count; }
int Ranks::local_rank() const { return impl_->local_rank; }
int Ranks::local_count() const { return impl_->local_count; }

c10::Device Ranks::DeviceFromName(const std::string& name) const {
  const c10::Device device = gyre::DeviceFromName(name);
  if (count() == 1 || name != "cuda") return device;
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank() %
                                                    static_cast<int>(torch::cuda::device_count()))};
}

std::vector<double> Ranks::Sum(std::vector<double> values) const {
  if (!impl_->group) return values;
  std::vector<at::Tensor> tensors = {
      at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kDouble)};
  impl_->Guard([&] { impl_->group->allreduce(tensors)->wait(); });
  return values;
}

std::vector<std::string> Ranks::Gather(const std::string& bytes) const {
  if (!impl_->group) return {bytes};
  std::vector<double> sizes(count());
  sizes[rank()] = static_cast<double>(bytes.size());
  sizes = Sum(std::move(sizes));
  const auto longest = static_cast<int64_t>(*std::max_element(sizes.begin(), sizes.end()));
  std::vector<at::Tensor> input = {at::zeros({longest}, at::kByte)};
  std::copy(bytes.begin(), bytes.end(), input[0].data_ptr<uint8_t>());
  std::vector<std::vector<at::Tensor>> outputs;
  if (first()) {
    outputs.emplace_back();
    for (int r = 0; r < count(); ++r) outputs[0].push_back(at::empty({longest}, at::kByte));
  }
  if (longest > 0) impl_->Guard([&] { impl_->group->gather(outputs, input)->wait(); });
  std::vector<std::string> all;
  for (int r = 0; first() && r < count(); ++r) {
    const auto* begin = reinterpret_cast<const char*>(outputs[0][r].data_ptr<uint8_t>());
    all.emplace_back(begin, begin + static_cast<int64_t>(sizes[r]));
  }
  return all;
}

void Ranks::Broadcast(const std::vector<at::Tensor>& tensors) const {
  if (!impl_->group) return;
  for (const at::Tensor& tensor : tensors) {
    // Gloo takes memory as it lies.
    std::vector<at::Tensor> flat = {tensor.detach().to(at::kCPU).contiguous()};
    impl_->Guard([&] { impl_->group->broadcast(flat)->wait(); });
    tensor.detach().copy_(flat[0]);
  }
}

RankMean Ranks::Mean() const {
  return {count(), [this](const at::Tensor& tensor) {
            std::vector<at::Tensor> sum = {tensor.detach().clone(at::MemoryFormat::Contiguous)};
            impl_->Guard([&] { impl_->GroupOf(tensor)->allreduce(sum)->wait(); });
            return sum[0] / count();
          }};
}

bool Ranks::Together(const std::function<void()>& work, const std::function<bool()>& wants_stop) {
  const auto stop_wanted = [&] { return wants_stop && wants_stop(); };
  if (!impl_->group) {
    impl_->wants_stop = wants_stop;
    work();
    return !stop_wanted();
  }
  std::mutex mutex;
  std::condition_variable ended;
  bool working = true, failed = false, any_stop = false, other_failed = false;
  std::exception_ptr lost, error;
  impl_->interrupted = false;
  std::thread ticker([&] {
    try {
      for (double at_work = 1; at_work > 0 && !other_failed;) {
        std::unique_lock lock(mutex);
        ended.wait_for(lock, kTick, [&] { return !working; });
        std::vector<double> flags = {working ? 1.0 : 0.0, failed ? 1.0 : 0.0,
                                     stop_wanted() ? 1.0 : 0.0};
        lock.unlock();
        flags = Sum(std::move(flags));
        at_work = flags[0];
        other_failed = flags[1] > 0;
        any_stop = flags[2] > 0;
        if (other_failed || any_stop) impl_->interrupted = true;
      }
    } catch (...) {
      lost = std::current_exception();
      impl_->interrupted = true;
    }
  });
  try {
    work();
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex);
    working = false;
    failed = error != nullptr;
  }
  ended.notify_one();
  ticker.join();
  if (error) std::rethrow_exception(error);
  if (lost) std::rethrow_exception(lost);
  if (other_failed) {
    throw RankLost(fmt::format("rank {} of {}: another rank failed and said why", rank(), count()));
  }
  return !any_stop;
}

bool Ranks::Interrupted() const {
  return impl_->group ? impl_->interrupted.load() : impl_->wants_stop && impl_->wants_stop();
}

void Ranks::AverageGradients(const std::vector<at::Tensor>& parameters) {
  if (!impl_->group) return;
  // As Python's DistributedDataParallel: buckets in the order in which backward comes to them, a
  // small first one.
  std::vector<at::Tensor> reversed(parameters.rbegin(), parameters.rend());
  std::erase_if(reversed, [](const at::Tensor& parameter) { return !parameter.requires_grad(); });
  const std::vector<size_t> limits = {c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap};
  auto [buckets, bucket_limits] = c10d::compute_bucket_assignment_by_size(reversed, limits);
  impl_->reducer = std::make_unique<c10d::Reducer>(
      reversed, buckets, bucket_limits, impl_->GroupOf(parameters[0]),
      std::vector<bool>(reversed.size(), false), c10d::kDefaultBucketBytesCap,
      /*find_unused_parameters=*/false,
      /*gradient_as_bucket_view=*/false, std::unordered_map<size_t, std::string>(),
      c10d::kDefaultFirstBucketBytes);
}

void Ranks::Backward(const at::Tensor& loss) {
  if (!impl_->group) return loss.backward();
  impl_->Guard([&] {
    impl_->reducer->rebuild_buckets();  // after the first step: by the order in which they came
    impl_->reducer->prepare_for_backward({});
    loss.backward();
  });
}

}  // namespace gyre
