// SPDX-License-Identifier: Apache-2.0
// Ends the program gyre in every ugly way there is, lets it go on, and compares with a run that was
// left alone. tools/crash_test --help says how to use it.
//
// A case is one folder of the program's own. Kill cases: one to three faults (SIGKILL at a random
// time, or before, after or in the middle of a system call that changes a file; a power cut before
// such a call; SIGINT or SIGTERM), each followed by a look at what is there, then a run to the end.
// Disk errors: from a certain call on, the disk is full, read-only, forbidden or broken; the
// program has to say so in one sentence and to go on where it was once that is over.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <cxxopts.hpp>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "core/file.h"
#include "crash/durable_tree.h"
#include "crash/traced_program.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

constexpr double kPatienceSeconds = 600;  // a program that takes longer hangs
constexpr int kExitStopped = 130;
constexpr int kExitSkipped = 77;  // of this program: ctest's mark of a test that cannot be run here

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What the program did wrong.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename... Args>
void Expect(bool good, fmt::format_string<Args...> format, Args&&... args) {
  if (!good) throw Failure(fmt::format(format, std::forward<Args>(args)...));
}

// A name that a write which never ended leaves: FILE.tmp123, FILE.tmp123.abcdef, 000004.tmp.
bool IsTemporary(const fs::path& path) {
  static const std::regex kPattern(R"(.*\.tmp\d*(\.\w+)?)");
  return std::regex_match(path.filename().string(), kPattern);
}

int64_t CountTemporaries(const fs::path& folder) {
  int64_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    count += IsTemporary(entry.path());
  }
  return count;
}

// ---------------------------------------------------------------------------------------------
// Faults.

enum class FaultKind {
  kKillAtTime,
  kKillBefore,
  kKillAfter,
  kKillMiddle,
  kPowerCutAll,     // whatever was not synced is lost
  kPowerCutRandom,  // some of it is
  kSignalAtTime,
  kSignalAtCall,
  kDiskError,
};
constexpr std::array kFaultNames = {"kill_at_time",   "kill_before",    "kill_after",
                                    "kill_middle",    "power_cut_all",  "power_cut_random",
                                    "signal_at_time", "signal_at_call", "disk_error"};

struct Fault {
  FaultKind kind;
  double seconds = 0;
  int64_t call = 0;
  int signal = 0;
  int error = 0;

  bool AtTime() const { return kind == FaultKind::kKillAtTime || kind == FaultKind::kSignalAtTime; }
  bool CutsPower() const {
    return kind == FaultKind::kPowerCutAll || kind == FaultKind::kPowerCutRandom;
  }
  bool Signals() const {
    return kind == FaultKind::kSignalAtTime || kind == FaultKind::kSignalAtCall;
  }
  std::string Text() const {
    const char* name = kFaultNames[static_cast<size_t>(kind)];
    if (AtTime()) return fmt::format("{} {:.3f} s", name, seconds);
    if (error != 0) return fmt::format("{} from call {} on", strerrorname_np(error), call);
    return fmt::format("{} call {}", name, call);
  }
};

// Whether a disk in that state refuses that call.
bool Refuses(int error, const FileCall& call) {
  switch (error) {
    case ENOSPC:
      if (call.kind == CallKind::kTruncate) {
        std::error_code ignored;
        return call.size > static_cast<int64_t>(fs::file_size(call.path, ignored));
      }
      return call.kind != CallKind::kOpen && call.kind != CallKind::kUnlink &&
             call.kind != CallKind::kRmdir;
    case EACCES:  // concerns names; what is open stays so
      return call.kind != CallKind::kWrite && call.kind != CallKind::kSync &&
             call.kind != CallKind::kTruncate;
    default:
      return true;
  }
}

class FaultWatcher : public CallWatcher {
 public:
  // `tree`: null where the power stays on.
  FaultWatcher(const Fault& fault, DurableTree* tree) : fault_(fault), tree_(tree) {}

  Verdict Before(const FileCall& call) override {
    ++calls_;
    // What was renamed to its place is promised as soon as the program goes on to other things.
    if (call.path.filename() == "metrics.jsonl") promised_ = renamed_;
    if (call.number == fault_.call && fault_.error == 0 && !fault_.AtTime()) {
      hit_ = call.Text();
      switch (fault_.kind) {
        case FaultKind::kKillAfter:
          return {.kill_after = true};
        case FaultKind::kKillMiddle:
          return {.bytes = call.size / 2, .kill_after = true};
        case FaultKind::kSignalAtCall:
          kill(pid, fault_.signal);
          break;
        default:
          return {.kill_before = true};
      }
    }
    if (fault_.error != 0 && call.number >= fault_.call && Refuses(fault_.error, call)) {
      if (hit_.empty()) hit_ = call.Text();
      if (call.kind != CallKind::kUnlink && call.kind != CallKind::kRmdir) harmless_ = false;
      return {.error = fault_.error};
    }
    if (tree_) tree_->Before(call);
    return {};
  }

  void After(const FileCall& call, int64_t result) override {
    if (tree_) tree_->After(call, result >= 0);
    if (call.kind == CallKind::kRename && call.path.parent_path().filename() == "checkpoints") {
      renamed_ = std::stoll(call.to.filename());
    }
  }

  int64_t calls() const { return calls_; }
  const std::string& hit() const { return hit_; }  // the call, empty when it never came
  bool harmless() const { return harmless_; }      // only removals failed
  int64_t promised() const { return promised_; }   // the newest checkpoint that was ever finished

  pid_t pid = 0;

 private:
  Fault fault_;
  DurableTree* tree_;
  int64_t calls_ = 0, renamed_ = -1, promised_ = -1;
  std::string hit_;
  bool harmless_ = true;
};

// ---------------------------------------------------------------------------------------------
// What is tested: a command, how to give it again, what has to be there.

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

class Subject {
 public:
  virtual ~Subject() = default;
  // `root` is an empty folder of the run's own, or what an earlier command left there.
  virtual std::vector<std::string> Arguments(const fs::path& root) const = 0;
  // Told of every call of the reference run, once it is made.
  virtual void Note(const FileCall& call) const = 0;
  // After any fault. `promised`: FaultWatcher's.
  virtual void CheckAfterFault(const fs::path& root, int64_t promised) const = 0;
  // After SIGINT or SIGTERM, when the program said that everything is saved.
  virtual void CheckAfterStop(const fs::path& root) const = 0;
  virtual void CheckEnd(const fs::path& root) const = 0;
  // Whether this call is the moment to start a second process, and what that one must say.
  virtual bool IsWellUnderWay(const FileCall& call) const = 0;
  virtual std::string RefusalOfSecond(pid_t first) const = 0;

  Command CommandFor(const fs::path& root) const {
    const fs::path folder = root.parent_path();
    Command command{{gyre}, folder / "out", folder / "err", kPatienceSeconds, SIGKILL};
    for (const std::string& argument : Arguments(root)) command.argv.push_back(argument);
    return command;
  }
  // To the end, unharmed.
  static void Finish(const Command& command) {
    const ProgramEnd end = RunProgram(command);
    Expect(!end.overdue, "the program hangs");
    Expect(end.exit_code == 0, "going on failed with exit code {}: {}", end.exit_code,
           ReadFile(command.err));
  }
  void Finish(const fs::path& root) const { Finish(CommandFor(root)); }

  // Another command of the program.
  void Do(std::vector<std::string> arguments) const {
    const fs::path out = work / fmt::format("out-{}", getpid());
    arguments.insert(arguments.begin(), gyre);
    Finish({arguments, out, out, kPatienceSeconds, SIGKILL});
    fs::remove(out);
  }

  fs::path gyre, work;
  fs::path reference() const { return work / "reference" / "root"; }
};

void ExpectSameFile(const fs::path& a, const fs::path& b) {
  Expect(fs::exists(b), "{} is missing", b.string());
  Expect(ReadFile(a) == ReadFile(b), "{} differs from {}", b.string(), a.string());
}

// Lines of JSON without what depends on the clock.
std::string WithoutSeconds(const fs::path& path) {
  static const std::regex kSeconds(R"re("(\w*seconds\w*|ms_\w+)": ?[^,}\s]+)re");
  return std::regex_replace(ReadFile(path), kSeconds, "");
}

class TrainSubject : public Subject {
 public:
  TrainSubject(const fs::path& gyre_path, const fs::path& work_path, int steps) : steps_(steps) {
    gyre = gyre_path;
    work = work_path;
    spec_ = "spin:" + (work / "data/synth.npz").string();
    Do(Words(fmt::format("data synth --count 12 --frame 96 --out {}/data --quiet", work.string())));
  }

  std::vector<std::string> Arguments(const fs::path& root) const override {
    const std::string run = root / "run";
    if (fs::exists(root / "run" / "options.json")) {
      return {"train", "--resume", "--run", run, "--quiet"};
    }
    return Words(fmt::format(
        "train --preset demo --run {0} --steps {1} --data {2} --val {2}?name=val --batch-size 4 "
        "--network.image-px 32 --network.width 8 --log-every 1 --val-every 4 --checkpoint-every 2 "
        "--keep-checkpoints 2 --pictures 1 --threads 1 --fit-threads 1 --quiet",
        run, steps_, spec_));
  }

  // What the reference run has on the disk at every checkpoint.
  void Note(const FileCall& call) const override {
    if (call.kind != CallKind::kRename || call.path.parent_path().filename() != "checkpoints")
      return;
    const fs::path kept = AtCheckpoint(std::stoll(call.to.filename()));
    fs::create_directories(kept);
    fs::copy(call.to, kept);
    for (const char* store : kStores) {
      Export(reference() / "run" / store, kept);
    }
  }

  void CheckAfterFault(const fs::path& root, int64_t promised) const override {
    const int64_t newest = NewestCheckpoint(root);
    Expect(newest >= promised, "checkpoint {} was finished, the newest is {}", promised, newest);
    if (newest < 0) return;
    const fs::path kept = AtCheckpoint(newest);
    if (!fs::exists(kept)) return;  // made when a signal asked for it
    ExpectSameFile(kept / "network.pt",
                   root / fmt::format("run/checkpoints/{:06}/network.pt", newest));
    for (const char* store : kStores) {
      const fs::path file = root / "run" / store;
      Do({"fits", "verify", file});
      CheckNoFitIsLost(ExportIn(kept, store), Export(file, root.parent_path()), newest);
    }
  }

  void CheckAfterStop(const fs::path& root) const override {
    if (NewestCheckpoint(root) < 0) return;  // among the first fits: nothing else was made
    const std::string metrics = ReadFile(root / "run/metrics.jsonl");
    const std::string last = metrics.substr(metrics.rfind('\n', metrics.size() - 2) +
                                            1);  // the first line too: npos + 1
    const int64_t step = nlohmann::json::parse(last)["step"];
    Expect(step == NewestCheckpoint(root), "stopped after step {}, but checkpoint {} is the newest",
           step, NewestCheckpoint(root));
  }

  void CheckEnd(const fs::path& root) const override {
    for (const char* store : kStores) {
      // Of the reference run: at its last checkpoint, which is its end.
      ExpectSameFile(ExportIn(AtCheckpoint(steps_), store),
                     Export(root / "run" / store, root.parent_path()));
    }
    std::set<fs::path> names;
    for (const fs::path& side : {reference(), root}) {
      for (const auto& entry : fs::recursive_directory_iterator(side / "run")) {
        const fs::path name = entry.path().lexically_relative(side);
        // Of the checkpoints the newest; a disk error may have left more of the old ones.
        const bool old = name.string().starts_with("run/checkpoints/") &&
                         !name.string().starts_with(fmt::format("run/checkpoints/{:06}", steps_));
        if (entry.is_regular_file() && !old) names.insert(name);
      }
    }
    for (const fs::path& name : names) {
      const fs::path a = reference() / name, b = root / name;
      Expect(fs::exists(a), "{} should not be there", b.string());
      Expect(fs::exists(b), "{} is missing", b.string());
      const std::string extension = name.extension();
      if (extension == ".json" || extension == ".jsonl") {
        Expect(WithoutSeconds(a) == WithoutSeconds(b), "{} differs from {}", b.string(),
               a.string());
      } else if (extension != ".html" && extension != ".store" && name.filename() != "lock") {
        ExpectSameFile(a, b);
      }
    }
  }

  bool IsWellUnderWay(const FileCall& call) const override {
    return call.path.filename() == "metrics.jsonl";
  }
  std::string RefusalOfSecond(pid_t first) const override {
    return fmt::format("process {}", first);
  }

 private:
  static constexpr const char* kStores[] = {"fits.store", "val_fits.store"};

  fs::path AtCheckpoint(int64_t step) const { return work / fmt::format("checkpoint-{}", step); }
  static fs::path ExportIn(const fs::path& folder, const fs::path& store) {
    return folder / store.filename().replace_extension(".npz");
  }
  fs::path Export(const fs::path& store, const fs::path& folder) const {
    const fs::path out = ExportIn(folder, store);
    Do({"fits", "export", store, "--out", out, "--quiet"});
    return out;
  }
  // Every fit that the reference run had at a checkpoint is there, or a later and better one.
  static void CheckNoFitIsLost(const fs::path& then, const fs::path& now, int64_t checkpoint) {
    const Npz a = ReadNpz(then), b = ReadNpz(now);
    const auto rows = [](const Npz& npz) {
      std::map<std::pair<std::string, int64_t>, size_t> places;
      const auto index = npz.at("index").As<int64_t>();
      for (size_t i = 0; i < index.size(); ++i) {
        places[{npz.at("dataset").strings[i], index[i]}] = i;
      }
      return places;
    };
    const auto places = rows(b);
    for (const auto& [key, i] : rows(a)) {
      const auto what =
          fmt::format("{}: fit {} of checkpoint {}", now.string(), key.second, checkpoint);
      const auto found = places.find(key);
      Expect(found != places.end(), "{} is lost", what);
      const size_t j = found->second;
      const bool later = b.at("step").As<int64_t>()[j] > checkpoint;
      Expect(!later || b.at("score_px2").As<double>()[j] < a.at("score_px2").As<double>()[i],
             "{} was replaced by a worse one", what);
      for (const auto& [name, column] : a) {
        const size_t size = column.bytes.size() / static_cast<size_t>(column.dim(0));
        Expect(later || column.bytes.compare(i * size, size, b.at(name).bytes, j * size, size) == 0,
               "{} has another {}", what, name);
      }
    }
  }

  static int64_t NewestCheckpoint(const fs::path& root) {
    int64_t newest = -1;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(root / "run/checkpoints", none)) {
      if (!IsTemporary(entry.path())) {
        newest = std::max<int64_t>(newest, std::stoll(entry.path().filename()));
      }
    }
    return newest;
  }

  int steps_;
  std::string spec_;
};

class FitSubject : public Subject {
 public:
  FitSubject(const fs::path& gyre_path, const fs::path& work_path) {
    gyre = gyre_path;
    work = work_path;
    Do(Words(
        fmt::format("data synth --count 64 --no-pictures --problems {0}/problems.npz --out {0} "
                    "--quiet",
                    work.string())));
  }

  std::vector<std::string> Arguments(const fs::path& root) const override {
    return Words(fmt::format("fit --problems {}/problems.npz --out {}/fits.npz --threads 1 --quiet",
                             work.string(), root.string()));
  }
  void Note(const FileCall&) const override {}
  void CheckAfterFault(const fs::path& root, int64_t) const override {
    // The result is the whole one or not there.
    if (fs::exists(root / "fits.npz")) {
      ExpectSameFile(reference() / "fits.npz", root / "fits.npz");
    }
  }
  void CheckAfterStop(const fs::path& root) const override {
    Expect(fs::exists(root / "fits.npz.partial"), "stopped, but there is no journal");
  }
  void CheckEnd(const fs::path& root) const override {
    ExpectSameFile(reference() / "fits.npz", root / "fits.npz");
    for (const auto& entry : fs::directory_iterator(root)) {
      Expect(entry.path().filename() == "fits.npz", "{} is left", entry.path().string());
    }
  }
  bool IsWellUnderWay(const FileCall& call) const override {
    return call.path.extension() == ".partial" && call.offset > 0;
  }
  std::string RefusalOfSecond(pid_t) const override { return "another process is writing it"; }
};

// ---------------------------------------------------------------------------------------------
// The reference run: its calls, its time, and a second process in the midst of it.

class ReferenceWatcher : public CallWatcher {
 public:
  explicit ReferenceWatcher(const Subject& subject) : subject_(subject) {}
  Verdict Before(const FileCall& call) override {
    calls.push_back(call);
    if (!tried_second_ && subject_.IsWellUnderWay(call)) {
      tried_second_ = true;
      Command second = subject_.CommandFor(subject_.reference());
      second.out = subject_.work / "second.out";
      second.err = subject_.work / "second.err";
      const ProgramEnd end = RunProgram(second);
      const std::string said = ReadFile(second.err);
      Expect(end.exit_code == 1 && said.find(subject_.RefusalOfSecond(pid)) != std::string::npos,
             "a second process ended with exit code {}: {}", end.exit_code, said);
    }
    return {};
  }
  void After(const FileCall& call, int64_t) override { subject_.Note(call); }

  std::vector<FileCall> calls;
  pid_t pid = 0;

 private:
  const Subject& subject_;
  bool tried_second_ = false;
};

struct Reference {
  std::vector<FileCall> calls;
  // Calls worth a fault: each, but of the writes that make one file in a row the first, one in the
  // middle, and the last.
  std::vector<size_t> points;
  double seconds = 0;  // unwatched
};

Reference RunReference(const Subject& subject) {
  Reference reference;
  fs::create_directories(subject.reference());
  ReferenceWatcher watcher(subject);
  const Command command = subject.CommandFor(subject.reference());
  const ProgramEnd end = RunWatched(command, subject.reference(), &watcher, &watcher.pid);
  Expect(end.exit_code == 0, "the reference run failed with exit code {}: {}", end.exit_code,
         ReadFile(command.err));
  const std::vector<FileCall>& calls = reference.calls = std::move(watcher.calls);
  const auto same_file = [&](size_t i, size_t j) {
    return calls[i].kind == CallKind::kWrite && calls[j].kind == CallKind::kWrite &&
           calls[i].path == calls[j].path;
  };
  for (size_t begin = 0, end_of; begin < calls.size(); begin = end_of) {
    for (end_of = begin + 1; end_of < calls.size() && same_file(begin, end_of);) ++end_of;
    std::set<size_t> chosen = {begin, (begin + end_of) / 2, end_of - 1};
    reference.points.insert(reference.points.end(), chosen.begin(), chosen.end());
  }
  // Once more for the time, and as a test of the comparison itself.
  const fs::path again = subject.work / "again" / "root";
  fs::create_directories(again);
  const auto start = Clock::now();
  subject.Finish(again);
  reference.seconds = SecondsSince(start);
  subject.CheckEnd(again);
  fs::remove_all(again);
  return reference;
}

// ---------------------------------------------------------------------------------------------
// Cases.

// Counted by all processes.
struct Tally {
  std::atomic<int64_t> cases, failures, missed, leftovers;
  std::array<std::atomic<int64_t>, kFaultNames.size()> faults;
};

struct Harness {
  const Subject& subject;
  Reference reference;
  uint64_t seed;
  Tally* tally;
  bool verbose;

  void KillCase(const fs::path& root, int64_t index) const;
  void DiskErrorCase(const fs::path& root, int64_t index) const;
  int64_t DiskErrorCases() const {
    return static_cast<int64_t>(reference.points.size() * std::size(kErrors));
  }

  static constexpr int kErrors[] = {ENOSPC, EROFS, EACCES, EIO};
};

Fault DrawFault(Random* random, const Reference& reference, int64_t calls_before) {
  constexpr std::array kKinds = {
      FaultKind::kKillAtTime,   FaultKind::kKillAtTime,     FaultKind::kKillBefore,
      FaultKind::kKillAfter,    FaultKind::kKillMiddle,     FaultKind::kKillMiddle,
      FaultKind::kPowerCutAll,  FaultKind::kPowerCutRandom, FaultKind::kPowerCutRandom,
      FaultKind::kSignalAtTime, FaultKind::kSignalAtCall};
  Fault fault{kKinds[(*random)() % kKinds.size()]};
  fault.seconds = std::uniform_real_distribution(0.0, reference.seconds)(*random);
  fault.signal = (*random)() % 2 ? SIGINT : SIGTERM;
  // Of what is left to do, roughly.
  const auto rest = [&](size_t point) { return static_cast<int64_t>(point) + 1 > calls_before; };
  std::vector<size_t> points;
  for (const size_t point : reference.points) {
    if (rest(point)) points.push_back(point);
  }
  if (points.empty()) points = reference.points;
  const size_t point = points[(*random)() % points.size()];
  fault.call = static_cast<int64_t>(point) + 1 - (rest(point) ? calls_before : 0);
  if (fault.kind == FaultKind::kKillMiddle) {
    // Of a long write, if it can be.
    for (size_t i = point; i < reference.calls.size(); ++i) {
      if (reference.calls[i].kind == CallKind::kWrite && reference.calls[i].size > 1) {
        fault.call += static_cast<int64_t>(i - point);
        break;
      }
    }
  }
  return fault;
}

void Harness::KillCase(const fs::path& root, int64_t index) const {
  std::seed_seq seeds = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                         static_cast<uint32_t>(index)};
  Random random(seeds);
  const int faults = 1 + static_cast<int>(random() % 3);
  std::string history;
  int64_t calls_before = 0;
  // Lives through kills: what a killed program left in the machine's memory is not on the disk yet.
  auto tree = std::make_unique<DurableTree>(root);
  try {
    for (int i = 0; i < faults; ++i) {
      const Fault fault = DrawFault(&random, reference, calls_before);
      history += "  " + fault.Text();
      Command command = subject.CommandFor(root);
      if (fault.AtTime()) {
        command.signal_after_s = fault.seconds;
        command.signal = fault.Signals() ? fault.signal : SIGKILL;
      }
      FaultWatcher watcher(fault, tree.get());
      const ProgramEnd end = RunWatched(command, root, &watcher, &watcher.pid);
      Expect(fault.AtTime() || !end.overdue, "the program hangs");
      calls_before += watcher.calls();
      const bool met = fault.AtTime() ? end.overdue : !watcher.hit().empty();
      if (!fault.AtTime()) history += ": " + (met ? watcher.hit() : "never came");
      history += fmt::format(" -> exit code {}\n", end.exit_code);
      ++(met ? tally->faults[static_cast<size_t>(fault.kind)] : tally->missed);
      if (met && fault.CutsPower()) {
        const bool all = fault.kind == FaultKind::kPowerCutAll;
        tree->CutPower(all ? std::function<uint64_t(uint64_t)>()
                           : [&](uint64_t n) { return random() % n; });
        tree = std::make_unique<DurableTree>(root);
      }
      if (!met || fault.Signals()) {
        // Stopped with everything saved, or at the end before it was asked to stop; or, outside of
        // long work, ended by the signal.
        const bool ended = end.exit_code == 0;
        const bool stopped = met && end.exit_code == kExitStopped;
        const bool killed = met && end.exit_code == -fault.signal;
        Expect(ended || stopped || killed, "exit code {}: {}", end.exit_code,
               ReadFile(command.err));
        if (stopped) subject.CheckAfterStop(root);
        if (ended) break;
      }
      tally->leftovers += CountTemporaries(root);
      subject.CheckAfterFault(root, watcher.promised());
    }
    subject.Finish(root);
    subject.CheckEnd(root);
  } catch (const std::exception& error) {
    throw Failure(fmt::format("{}\n{}", error.what(), history));
  }
  if (verbose) fmt::print(stderr, "case {}:\n{}", index, history);
}

void Harness::DiskErrorCase(const fs::path& root, int64_t index) const {
  const auto errors = static_cast<int64_t>(std::size(kErrors));
  Fault fault{FaultKind::kDiskError};
  fault.call = static_cast<int64_t>(reference.points[static_cast<size_t>(index / errors)]) + 1;
  fault.error = kErrors[index % errors];
  const Command command = subject.CommandFor(root);
  FaultWatcher watcher(fault, nullptr);
  const ProgramEnd end = RunWatched(command, root, &watcher, &watcher.pid);
  if (watcher.hit().empty()) {
    ++tally->missed;  // the rest of the run has no call that such a disk refuses
    return;
  }
  ++tally->faults[static_cast<size_t>(fault.kind)];
  std::string said = ReadFile(command.err);
  try {
    Expect(!end.overdue, "the program hangs");
    if (end.exit_code == 0) {
      Expect(watcher.harmless(), "exit code 0 although a write failed");
    } else {
      Expect(end.exit_code == 1, "exit code {}", end.exit_code);
      Expect(said.starts_with("gyre: ") && std::count(said.begin(), said.end(), '\n') == 1,
             "not one sentence");
      Expect(said.find(root.string()) != std::string::npos, "the sentence names no file");
      Expect(said.find(';') != std::string::npos, "the sentence does not say what to do");
      // A full disk can be tidied.
      Expect(fault.error != ENOSPC || CountTemporaries(root) == 0,
             "something half-written is left");
    }
    subject.CheckAfterFault(root, watcher.promised());
    subject.Finish(root);
    subject.CheckEnd(root);
  } catch (const std::exception& error) {
    throw Failure(fmt::format("{}\n  {}: {}\n  it said: {}", error.what(), fault.Text(),
                              watcher.hit(), said));
  }
  if (verbose) {
    fmt::print(stderr, "case {}: {}: {} -> exit code {}: {}", index, fault.Text(), watcher.hit(),
               end.exit_code, said);
  }
}

// Runs the cases in processes of their own, `jobs` at a time.
void RunCases(const std::string& name, const std::vector<int64_t>& cases, int jobs,
              const fs::path& work, Tally* tally, const std::string& repeat,
              const std::function<void(const fs::path&, int64_t)>& run) {
  std::map<pid_t, int64_t> running;
  const auto start = Clock::now();
  size_t next = 0;
  int64_t done = 0;
  while (next < cases.size() || !running.empty()) {
    if (next < cases.size() && std::ssize(running) < jobs) {
      const int64_t index = cases[next++];
      const pid_t pid = fork();
      if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
      if (pid > 0) {
        running[pid] = index;
        continue;
      }
      const fs::path folder = work / fmt::format("{}-{}", name, index);
      int failed = 0;
      try {
        fs::remove_all(folder);
        fs::create_directories(folder / "root");
        run(folder / "root", index);
        fs::remove_all(folder);
      } catch (const std::exception& error) {
        fmt::print(stderr, "\nFAILED {} case {}: {}\n  kept: {}\n  repeat: {} --case {}\n", name,
                   index, error.what(), folder.string(), repeat, index);
        failed = 1;
      }
      _exit(failed);
    }
    int status = 0;
    const pid_t pid = wait(&status);
    if (running.erase(pid) == 0) continue;
    ++done;
    ++tally->cases;
    tally->failures += status != 0;
    if (done % 10 == 0 || done == std::ssize(cases)) {
      fmt::print(stderr, "{}: {}/{} cases, {} failed, {:.0f} s\n", name, done, cases.size(),
                 tally->failures.load(), SecondsSince(start));
    }
  }
}

int Main(int argc, char** argv) {
  cxxopts::Options options("crash_harness",
                           "Kills gyre in every way and compares what comes of it.");
  options.add_options()("gyre", "The program to test", cxxopts::value<std::string>())(
      "program", "train or fit", cxxopts::value<std::string>()->default_value("train"))(
      "kills", "Cases of kills, power cuts and signals",
      cxxopts::value<int64_t>()->default_value("0"))("disk-errors",
                                                     "A failing disk, from each call on")(
      "every", "Of the disk errors, one in so many", cxxopts::value<int64_t>()->default_value("1"))(
      "case", "One case alone", cxxopts::value<int64_t>())(
      "from", "Without the cases before", cxxopts::value<int64_t>()->default_value("0"))(
      "seed", "Of all that is random", cxxopts::value<uint64_t>()->default_value("1"))(
      "jobs", "Cases at a time", cxxopts::value<int>()->default_value("2"))(
      "steps", "Of a training run", cxxopts::value<int>()->default_value("8"))(
      "work", "Folder for all files; kept (default: in memory, removed unless a case fails)",
      cxxopts::value<std::string>())("calls", "List the reference run's calls")(
      "verbose", "Tell of every case")("h,help", "Print this help");
  const cxxopts::ParseResult args = options.parse(argc, argv);
  if (args.count("help")) {
    fmt::print("{}", options.help());
    return 0;
  }
  const auto start = Clock::now();
  fs::path work;
  if (args.count("work")) {
    work = fs::absolute(args["work"].as<std::string>());
    fs::create_directories(work);
  } else {
    std::string name = access("/dev/shm", W_OK) == 0
                           ? "/dev/shm/gyre-crash-XXXXXX"
                           : fs::temp_directory_path() / "gyre-crash-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), name);
    }
    work = name;
  }
  work = fs::canonical(work);

  const std::string program = args["program"].as<std::string>();
  const fs::path gyre = fs::canonical(args["gyre"].as<std::string>());
  std::unique_ptr<Subject> subject;
  if (program == "fit") {
    subject = std::make_unique<FitSubject>(gyre, work);
  } else {
    subject = std::make_unique<TrainSubject>(gyre, work, args["steps"].as<int>());
  }
  void* shared =
      mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  Tally* tally = new (shared) Tally{};
  Harness harness{*subject, {}, args["seed"].as<uint64_t>(), tally, args.count("verbose") > 0};
  try {
    harness.reference = RunReference(*subject);
  } catch (const std::system_error& error) {
    fmt::print(stderr, "crash_harness: programs cannot be traced here ({}); skipped\n",
               error.what());
    return kExitSkipped;
  }
  if (args.count("calls")) {
    for (const size_t point : harness.reference.points) {
      fmt::print("{}\n", harness.reference.calls[point].Text());
    }
  }

  // Of every so many cases one at random.
  const auto chosen = [&](int64_t count, int64_t every) {
    std::vector<int64_t> cases;
    if (args.count("case")) return std::vector{args["case"].as<int64_t>()};
    Random random(harness.seed);
    for (int64_t begin = args["from"].as<int64_t>(); begin < count; begin += every) {
      const int64_t block = std::min(every, count - begin);
      cases.push_back(begin + static_cast<int64_t>(random() % static_cast<uint64_t>(block)));
    }
    return cases;
  };
  const int jobs = args["jobs"].as<int>();
  const std::string repeat = fmt::format("tools/crash_test --program {} --steps {} --seed {}",
                                         program, args["steps"].as<int>(), harness.seed);
  if (const int64_t kills = args["kills"].as<int64_t>(); kills > 0) {
    RunCases("kill", chosen(kills, 1), jobs, work, tally, repeat + " --kills 1",
             [&](const fs::path& root, int64_t index) { harness.KillCase(root, index); });
  }
  if (args.count("disk-errors")) {
    RunCases("disk", chosen(harness.DiskErrorCases(), args["every"].as<int64_t>()), jobs, work,
             tally, repeat + " --disk-errors",
             [&](const fs::path& root, int64_t index) { harness.DiskErrorCase(root, index); });
  }

  nlohmann::ordered_json report = {{"program", program},
                                   {"cases", tally->cases.load()},
                                   {"faults", 0},
                                   {"failures", tally->failures.load()},
                                   {"by_kind", nlohmann::ordered_json::object()},
                                   {"never_came", tally->missed.load()},
                                   {"leftover_temporaries", tally->leftovers.load()},
                                   {"calls", harness.reference.calls.size()},
                                   {"reference_seconds", harness.reference.seconds},
                                   {"seconds", SecondsSince(start)}};
  int64_t faults = 0;
  for (size_t i = 0; i < kFaultNames.size(); ++i) {
    const int64_t count = tally->faults[i];
    if (count > 0) report["by_kind"][kFaultNames[i]] = count;
    faults += count;
  }
  report["faults"] = faults;
  fmt::print("{}\n", report.dump());
  if (tally->failures > 0) return 1;
  if (!args.count("work")) fs::remove_all(work);
  return 0;
}

}  // namespace
}  // namespace gyre

int main(int argc, char** argv) {
  try {
    return gyre::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "crash_harness: {}\n", error.what());
    return 2;
  }
}
