// SPDX-License-Identifier: Apache-2.0
// gyre experiment: runs the arms of an experiment, several at a time, and reports on them together.
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/descriptor.h"
#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/stop_on_signal.h"
#include "io/json.h"
#include "loop/runs/experiment.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Starts this program again with other arguments and its output in `log`.
pid_t Start(const std::vector<std::string>& args, const fs::path& log) {
  std::vector<char*> argv = {const_cast<char*>("gyre")};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) ThrowUserError("cannot start another process: {}", std::strerror(errno));
  if (pid > 0) return pid;
  // Waiting threads sleep: these processes share the cores.
  setenv("OMP_WAIT_POLICY", "passive", 1);
  const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (fd >= 0) dup2(fd, STDOUT_FILENO), dup2(fd, STDERR_FILENO);
  execv("/proc/self/exe", argv.data());
  _exit(127);
}

std::string LastLine(const fs::path& log) {
  std::string text = ReadFile(log);
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

struct Job {
  std::string name;
  std::vector<std::string> args;
  fs::path log;
};

// Up to `at_once` at a time. A job that fails lets the others that run come to their end, then
// UserError. Returns false when a signal stopped them; each has then saved what it did.
bool RunJobs(const std::vector<Job>& jobs, int at_once) {
  const StopOnSignal stop;
  std::map<pid_t, const Job*> running;
  std::string failure;
  size_t next = 0, done = 0;
  bool told = false;
  while (next < jobs.size() || !running.empty()) {
    const bool go_on = failure.empty() && !stop.requested();
    if (!go_on && running.empty()) break;
    if (go_on && next < jobs.size() && static_cast<int>(running.size()) < at_once) {
      running[Start(jobs[next].args, jobs[next].log)] = &jobs[next];
      ++next;
      continue;
    }
    if (stop.requested() && !told) {
      for (const auto& [pid, job] : running) kill(pid, SIGTERM);
      told = true;
    }
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid < 0) ThrowUserError("cannot wait for a process: {}", std::strerror(errno));
    if (pid == 0) {  // look at `stop` again
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    const auto job = running.extract(pid);
    if (job.empty()) continue;
    const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (good) {
      spdlog::info("{} done, {} of {}", job.mapped()->name, ++done, jobs.size());
    } else if (!stop.requested() && failure.empty()) {
      failure = fmt::format("{}: {}; the whole log is {}", job.mapped()->name,
                            LastLine(job.mapped()->log), job.mapped()->log.string());
    }
  }
  if (!failure.empty()) throw UserError(failure);
  return !stop.requested();
}

// A training that was stopped on the way is resumed.
std::vector<std::string> GoOnWith(const std::vector<std::string>& command) {
  const auto run = std::find(command.begin(), command.end(), "--run");
  if (command[0] != "train" || run == command.end() || run + 1 == command.end()) return command;
  if (!fs::exists(fs::path(run[1]) / "options.json")) return command;
  return {"train", "--resume", "--run", run[1], "--quiet"};
}

// Refuses a folder that another process works in, until the end of this one.
Descriptor Lock(const fs::path& folder) {
  const fs::path path = folder / "lock";
  Descriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd.valid()) ThrowUserError("{}: {}", path.string(), std::strerror(errno));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    ThrowUserError("{}: another process runs the experiment in this folder", folder.string());
  }
  return fd;
}

std::map<std::string, std::string> DefinedBy(const cxxopts::ParseResult& args) {
  std::map<std::string, std::string> defined;
  if (args.count("define") == 0) return defined;
  for (const std::string& text : args["define"].as<std::vector<std::string>>()) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(fmt::format("--define takes NAME=VALUE, not '{}'", text));
    }
    defined[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return defined;
}

// What the experiment is about: the network in space, or else in the image. Differences have their
// sign.
void PrintArms(const nlohmann::json& arms, bool with_sign) {
  size_t width = 0;
  for (const auto& [arm, values] : arms.items()) width = std::max(width, arm.size());
  for (const auto& [arm, values] : arms.items()) {
    for (const char* measure :
         {"network_pa_mpjpe_mm", "network_held_out_median", "network_box_error"}) {
      const auto found = values.find(measure);
      if (found == values.end()) continue;
      const double mean = (*found)["mean"];
      const nlohmann::json& spread = (*found)["spread"];
      fmt::print("{:<{}}  {} {}{}\n", arm, width, measure,
                 with_sign ? fmt::format("{:+.4g}", mean) : fmt::format("{:.4g}", mean),
                 spread.is_number() ? fmt::format(" ± {:.2g}", spread.get<double>()) : "");
      break;
    }
  }
}

// What all runs need, once. False when a signal stopped it.
bool Prepare(const Experiment& experiment, const fs::path& folder) {
  for (size_t i = 0; i < experiment.prepare.size(); ++i) {
    const fs::path done = folder / fmt::format("prepared-{}", i);
    const fs::path begun = folder / fmt::format("prepare-{}", i);
    const std::string words = nlohmann::json(experiment.prepare[i]).dump() + "\n";
    for (const fs::path& file : {begun, done}) {
      if (fs::exists(file) && ReadFile(file) != words) {
        ThrowUserError("{}: was prepared by another command; choose another --run",
                       folder.string());
      }
    }
    if (fs::exists(done)) continue;
    WriteFileAtomically(begun, words);
    const Job job{experiment.prepare[i][0], GoOnWith(experiment.prepare[i]),
                  folder / "prepare.log"};
    if (!RunJobs({job}, 1)) return false;
    WriteFileAtomically(done, words);
  }
  return true;
}

// The runs that are not at their end, with so many threads each.
std::vector<Job> JobsOf(Experiment* experiment, int threads) {
  std::vector<Job> todo;
  for (ExperimentRun& run : experiment->runs) {
    run.options.threads = run.options.fit_threads = threads;
    run.options = run.options.Settled();
    const fs::path file = run.folder / "options.json";
    if (fs::exists(file)) {
      // Read, so that fields which an older gyre did not write count with what it did.
      const TrainOptions was =
          TrainOptionsFromJson(ParseJson(ReadFile(file), file.string()), file.string()).Settled();
      if (ToJson(was) != ToJson(run.options)) {
        ThrowUserError("{}: was begun with other options; choose another --run",
                       run.folder.string());
      }
    }
    if (fs::exists(run.folder / "summary.json")) continue;
    MakeFolder(run.folder);
    if (!fs::exists(file)) WriteFileAtomically(file, ToJson(run.options).dump(2) + "\n");
    todo.push_back({fmt::format("{}, seed {}", run.arm, run.seed),
                    {"train", "--resume", "--run", run.folder, "--quiet"},
                    run.folder / "log.txt"});
  }
  return todo;
}

}  // namespace

int RunExperiment(int argc, char** argv) {
  int jobs = 0;
  cxxopts::Options cli(argv[0], "Runs the arms of an experiment with several seeds, and reports.");
  cli.set_width(100);
  cli.add_options()("file", "The experiment, see src/loop/runs/experiment.h",
                    cxxopts::value<std::string>())(
      "run", "Folder for all of it; the same command goes on where it was stopped",
      cxxopts::value<std::string>(),
      "DIR")("size", "One of the file's sizes", cxxopts::value<std::string>()->default_value(""))(
      "define", "What {NAME} in the file stands for (repeatable)",
      cxxopts::value<std::vector<std::string>>(),
      "NAME=VALUE")("jobs", "Runs at a time, each with its share of the cores (0: one a core)",
                    cxxopts::value<int>(jobs)->default_value("0"));
  cli.parse_positional({"file"});
  cli.positional_help("FILE");
  AddQuietOption(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  if (jobs < 0) throw UsageError("--jobs must be 0 (one a core) or more");
  const int cores = HardwareThreads();
  if (jobs == 0) jobs = cores;
  const fs::path folder = Required(args, "run");
  Experiment experiment = ReadExperiment(Required(args, "file"), args["size"].as<std::string>(),
                                         folder, DefinedBy(args));
  MakeFolder(folder);
  const Descriptor lock = Lock(folder);

  if (!Prepare(experiment, folder)) return kExitStopped;
  const bool all = RunJobs(JobsOf(&experiment, std::max(1, cores / jobs)), jobs);
  const nlohmann::json summary = SummariseExperiment(experiment);
  WriteExperimentReport(experiment, summary, folder);
  if (!all) return kExitStopped;
  PrintArms(summary["arms"], /*with_sign=*/false);
  if (summary.contains("against")) {
    fmt::print("less {}, seed by seed:\n", experiment.against);
    PrintArms(summary["against"][experiment.against], /*with_sign=*/true);
  }
  return 0;
}

}  // namespace gyre
