// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_map>

#include "body/body_identity.h"
#include "core/error.h"
#include "core/option_fields.h"
#include "core/option_text.h"
#include "datasets/check.h"
#include "datasets/dataset_spec.h"
#include "datasets/readers/coco.h"
#include "datasets/readers/csv.h"
#include "datasets/readers/h36m_npz.h"
#include "datasets/readers/image_folder.h"
#include "datasets/readers/lsp.h"
#include "datasets/readers/openpose.h"
#include "datasets/readers/spin_npz.h"
#include "datasets/scenes/mocap_clips.h"
#include "datasets/scenes/synthetic.h"
#include "io/utf8.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

// The name of a data set, of whatever kind, and of its persons.
std::string TakeName(DatasetSpec& spec) {
  std::string name = spec.TakeString("name", spec.kind());
  if (name.empty()) ThrowUserError("data set '{}': its name is empty", spec.text());
  if (!DecodeUtf8(name)) ThrowUserError("data set '{}': its name is not UTF-8", spec.text());
  return name;
}

// Null: the file's own.
const KeypointSet* TakeSet(DatasetSpec& spec) {
  const std::string name = spec.TakeString("set", std::string(SpinJoints().name));
  if (name == "own") return nullptr;
  try {
    return &FindKeypointSet(name);
  } catch (const UserError& error) {
    ThrowUserError("data set '{}': set: {} Or own, the file's.", spec.text(), error.what());
  }
}

// Sets the fields of an option struct that the spec has keys for.
template <HasFields Options>
void TakeFields(DatasetSpec& spec, Options* options) {
  ForEachField(*options, [&](const std::string& name, auto& field, const char*) {
    const std::string text = spec.TakeString(name, "");
    if (text.empty()) return;
    try {
      OptionFromText(text, name, &field);
    } catch (const UserError& error) {
      ThrowUserError("data set '{}': {}", spec.text(), error.what());
    }
  });
}

SceneOptions TakeSceneOptions(DatasetSpec& spec) {
  SceneOptions o;
  o.width_px = o.height_px =
      static_cast<int>(spec.TakeInteger("frame", o.width_px, kMinFramePx, kMaxFramePx));
  TakeFields(spec, &o);
  if (o.set == "own") o.set = SpinJoints().name;
  try {
    o.Check();
  } catch (const UserError& error) {
    ThrowUserError("data set '{}': {}", spec.text(), error.what());
  }
  return o;
}

std::shared_ptr<const Dataset> OpenSynth(DatasetSpec& spec, const SceneSources& sources) {
  if (!spec.path().empty()) {
    ThrowUserError(
        "data set '{}': made-up people have no path '{}'; what they are stands after '?', as in "
        "synth:?count=2000&seed=1",
        spec.text(), spec.path());
  }
  const std::string name = TakeName(spec);
  const std::string prior_file = spec.TakeString("prior", "");
  const SceneOptions options = TakeSceneOptions(spec);
  spec.CheckAllTaken();
  if (!prior_file.empty() && !options.poses.empty()) {
    ThrowUserError("data set '{}': poses are drawn from poses= or from prior=, not both",
                   spec.text());
  }
  auto body = sources.body ? sources.body : LoadBodyModel("");
  const bool given = prior_file.empty() && (sources.prior || !options.poses.empty());
  auto prior = given ? sources.prior : LoadPosePrior(prior_file);
  return std::make_shared<SyntheticDataset>(body, prior, options, name);
}

std::shared_ptr<const Dataset> OpenMocap(DatasetSpec& spec, const SceneSources& sources) {
  const std::string name = TakeName(spec);
  const KeypointSet* const set = TakeSet(spec);
  MocapOptions options;
  TakeFields(spec, &options);
  spec.CheckAllTaken();
  const auto body = sources.body ? sources.body : LoadBodyModel("");
  return std::make_shared<MocapDataset>(*body, ReadMocap(spec.path()), set ? *set : SpinJoints(),
                                        options, name);
}

// Of the kinds that are made up; null for files.
std::shared_ptr<const Dataset> OpenMadeUp(DatasetSpec& spec, const SceneSources& sources) {
  if (spec.kind() == "synth") return OpenSynth(spec, sources);
  if (spec.kind() == "mocap") return OpenMocap(spec, sources);
  return nullptr;
}

// All kinds that are files. `common`: name and set.
class FileOpener {
 public:
  FileOpener(DatasetSpec& spec, const ReaderOptions& common, const PersonSink& sink)
      : spec_(spec), common_(common), sink_(sink) {}

  void Read() {
    if (spec_.path().empty()) {
      ThrowUserError("data set '{}': expected a path after the colon", spec_.text());
    }
    const std::string& kind = spec_.kind();
    if (kind == "lsp" || kind == "lspet") return ReadLspFolder();
    if (kind == "openpose") return ReadOpenPoseFiles();
    if (kind == "h36m") return ReadH36mFile();
    if (kind == "images") return ReadDetected();
    common_.images = TakeImages();
    if (kind == "csv") return ReadCsvFile(spec_.path(), spec_.TakeString("split", ""));
    if (kind == "coco") return ReadCocoFile(spec_.path());
    ReadSpinFile();
  }

 private:
  static constexpr int kMostKeypoints = 49;  // of a person, under all their names

  template <typename Options>
  Options Common() const {
    Options options;
    static_cast<ReaderOptions&>(options) = common_;
    return options;
  }

  // The folder beside the annotation file when no other is given.
  fs::path TakeImages() {
    const fs::path beside = fs::path(spec_.path()).parent_path();
    std::error_code ignored;
    const bool has_images = fs::is_directory(beside / "images", ignored);
    return spec_.TakeString("images", (has_images ? beside / "images" : beside).string());
  }

  void TakeRowOptions(int most, ReaderOptions* o) {
    o->min_keypoints =
        static_cast<int>(spec_.TakeInteger("min_keypoints", o->min_keypoints, 0, most));
    o->box_margin = spec_.TakeNumber("box_margin", o->box_margin, 0.1, 10);
  }

  void TakePictures(ReaderOptions* o) { spec_.TakeEnum("pictures", &o->pictures); }

  void TakeAsItStands(ReaderOptions* o) {
    TakePictures(o);
    o->file_ids = spec_.TakeWord("ids", "row", "file");
    o->keep_impossible = spec_.TakeWord("impossible", "leave-out", "keep");
  }

  void ReadCsvFile(const fs::path& file, const std::string& split) {
    auto options = Common<CsvOptions>();
    options.split = split;
    options.boxes = spec_.TakeFlag("boxes", options.boxes);
    TakeRowOptions(kMostKeypoints, &options);
    spec_.CheckAllTaken();
    ReadCsvDataset(file, options, [this](Person person) {
      person.source_file = spec_.path();  // LSP's is its folder
      sink_(std::move(person));
    });
  }

  void ReadLspFolder() {
    const fs::path dir = spec_.path();
    common_.images = dir / "images";
    if (const std::string split = spec_.TakeString("split", ""); !split.empty()) {
      return ReadCsvFile(dir / (spec_.kind() + ".csv"), split);
    }
    auto options = Common<LspOptions>();
    options.kind = spec_.kind() == "lsp" ? LspKind::kLsp : LspKind::kLspet;
    TakeRowOptions(FindKeypointSet("lsp14").size(), &options);
    options.all_annotated = spec_.TakeFlag("all_annotated", options.all_annotated);
    spec_.CheckAllTaken();
    ReadLsp(dir, options, sink_);
  }

  void ReadOpenPoseFiles() {
    auto options = Common<OpenPoseOptions>();
    options.images = spec_.TakeString("images", spec_.path());
    TakeRowOptions(kMostKeypoints, &options);
    TakeAsItStands(&options);
    const bool follow = spec_.TakeWord("track", "none", "largest");
    spec_.CheckAllTaken();
    ForEachOpenPoseFrame(spec_.path(), options, [&](OpenPoseFrame frame) {
      const auto largest = std::ranges::max_element(
          frame.people, {}, [](const Person& person) { return person.box.side_px; });
      if (follow && largest != frame.people.end()) largest->track = 0;
      for (Person& person : frame.people) sink_(std::move(person));
    });
  }

  void ReadH36mFile() {
    auto options = Common<H36mOptions>();
    TakeRowOptions(H36mOptions::kJoints, &options);
    options.truth = spec_.TakeString("truth", "");
    options.cameras = spec_.TakeString("cameras", "");
    std::istringstream subjects(spec_.TakeString("subjects", ""));
    for (std::string one; std::getline(subjects, one, '+');) options.subjects.push_back(one);
    options.every = spec_.TakeInteger("every", options.every, 1, 1 << 20);
    options.undistort = spec_.TakeFlag("undistort", options.undistort);
    spec_.CheckAllTaken();
    ReadH36mNpz(spec_.path(), options, sink_);
  }

  // Pictures, and what gyre detect found in them.
  void ReadDetected() {
    const std::string file = spec_.TakeString("keypoints", "");
    if (file.empty()) {
      ThrowUserError(
          "data set '{}': nobody has looked for people in these pictures; gyre detect --images {} "
          "--out K.json does, then give images:{}?keypoints=K.json",
          spec_.text(), spec_.path(), spec_.path());
    }
    common_.images = spec_.path();
    ReadCocoFile(file);
  }

  void ReadCocoFile(const fs::path& file) {
    auto options = Common<CocoOptions>();
    TakeRowOptions(kMostKeypoints, &options);
    options.box_from_bbox = spec_.TakeFlag("box_from_bbox", options.box_from_bbox);
    TakeAsItStands(&options);
    options.boxes = spec_.TakeFlag("boxes", options.boxes);
    options.crowds = spec_.TakeFlag("crowds", options.crowds);
    options.min_score = spec_.TakeNumber("min_score", options.min_score, 0, 1e6);
    spec_.CheckAllTaken();
    ReadCoco(file, options, sink_);
  }

  void ReadSpinFile() {
    auto options = Common<SpinOptions>();
    options.masks = spec_.TakeString("masks", options.images.string());
    options.min_keypoints = 0;
    TakePictures(&options);
    spec_.CheckAllTaken();
    ReadSpinNpz(spec_.path(), options, sink_);
  }

  DatasetSpec& spec_;
  ReaderOptions common_;
  const PersonSink& sink_;
};

// Counts the persons of each picture. The names live in blocks of their own: strewn among what
// comes and goes with every person, they would keep its memory from being used again.
class PlaceCounter {
 public:
  int64_t Next(const std::string& image) { return counts_[std::pmr::string(image)]++; }

 private:
  std::pmr::monotonic_buffer_resource memory_{size_t{1} << 20};
  std::pmr::unordered_map<std::pmr::string, int64_t> counts_{&memory_};
};

// Says once how many numbers the reader had to leave out, however often a program reads the data
// set.
class ImpossibleNumbers {
 public:
  void Count(const Person& person) {
    if (person.non_finite == 0) return;
    if (rows_ == 0) first_row_ = person.index;
    ++rows_;
    numbers_ += person.non_finite;
  }

  void Tell(const std::string& spec, const std::string& name) const {
    static std::mutex mutex;
    static std::set<std::string> told;
    const std::lock_guard lock(mutex);
    if (rows_ == 0 || !told.insert(spec).second) return;
    spdlog::warn(
        "data set '{}': {} values in {} rows are not finite or far beyond all else and are left "
        "out, the first in row {}; gyre data check lists them",
        name, numbers_, rows_, first_row_);
  }

 private:
  int64_t numbers_ = 0, rows_ = 0, first_row_ = 0;
};

PictureOptions TakeFrame(DatasetSpec& spec) {
  PictureOptions frame;
  spec.TakeEnum("exif", &frame.exif);
  frame.keypoints_of = spec.TakeString("keypoints_of", "");
  frame.camera = spec.TakeString("camera", "");
  frame.camera_name = spec.TakeString("camera_name", "");
  return frame;
}

// What comes of reading: `unfit` says in one sentence why a person is to be left out, or nothing.
struct Reading {
  std::function<std::string(const Person&)> unfit;
  LeftOutSink left_out;
  PersonSink sink;
  std::function<void(const BodyIdentity&)> truth_body = {};
};

void ReadAndTell(DatasetSpec& spec, const std::string& name, const Reading& reading) {
  ReaderOptions common;
  common.name = name;
  common.set = TakeSet(spec);
  common.frame = TakeFrame(spec);
  common.truth_body = reading.truth_body;
  const int hide = static_cast<int>(spec.TakeInteger("hide", 0, 0, 8));
  ImpossibleNumbers impossible;
  LeftOutCounts counts;
  common.left_out = [&](const LeftOut& one) {
    counts.Add(one);
    if (reading.left_out) reading.left_out(one);
  };
  PlaceCounter places;
  const bool places_known = spec.kind() == "openpose";  // whoever is left out
  FileOpener(spec, common, [&](Person person) {
    if (!places_known) person.place = places.Next(person.image);
    HoldOutLimbJoints(hide, /*seed=*/0, &person);
    if (const std::string why = reading.unfit ? reading.unfit(person) : ""; !why.empty()) {
      return common.left_out({person.index, "people", why});
    }
    impossible.Count(person);
    reading.sink(std::move(person));
  }).Read();
  impossible.Tell(spec.text(), name);
  counts.Tell(spec.text(), name);
}

// Once in a program for each data set.
void TellTruthOfOtherBody(const DatasetSpec& spec, const std::string& name,
                          const BodyIdentity& of_truth, const BodyModel& body) {
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (MayBe(of_truth, body) || !told.insert(spec.text()).second) return;
  spdlog::warn(
      "data set '{}': its true bodies are of {}, and what is used with them is another, {}; shapes "
      "and joints are those of the former: give that body unless this is what you want",
      name, of_truth.Describe(), IdentityOf(body).Describe());
}

}  // namespace

std::shared_ptr<const Dataset> OpenDataset(const std::string& text, const SceneSources& sources,
                                           const LeftOutSink& left_out) {
  return OpenDataset(DatasetSpec(text), sources, left_out);
}

std::shared_ptr<const Dataset> OpenDataset(DatasetSpec spec, const SceneSources& sources,
                                           const LeftOutSink& left_out) {
  if (auto made_up = OpenMadeUp(spec, sources)) return made_up;
  const std::string name = TakeName(spec);
  std::vector<Person> persons;
  int64_t of_another_body = 0;
  const auto unfit = [](const Person& person) -> std::string {
    return AreNoPixels(person.keypoints.px, person.keypoints.confidence) ? NoPixelsText() : "";
  };
  ReadAndTell(spec, name,
              {unfit, left_out,
               [&](Person person) {
                 if (sources.body && person.params && !person.params->Fits(*sources.body->layout)) {
                   person.params.reset();
                   person.params_have_translation = false;
                   ++of_another_body;
                 }
                 persons.push_back(std::move(person));
               },
               [&](const BodyIdentity& of_truth) {
                 if (sources.body) TellTruthOfOtherBody(spec, name, of_truth, *sources.body);
               }});
  if (of_another_body > 0) {
    spdlog::warn("data set {}: the body parameters of {} people are not of {} and are left out",
                 name, of_another_body, FamilyTitle(*sources.body->layout));
  }
  return std::make_shared<ImageFolderDataset>(name, std::move(persons));
}

void ForEachPerson(DatasetSpec spec, const SceneSources& sources, const PersonSink& sink,
                   const LeftOutSink& left_out) {
  if (const auto scenes = OpenMadeUp(spec, sources)) {
    for (int64_t i = 0; i < scenes->size(); ++i) {
      Person person = scenes->Get(i);
      person.source_file = spec.path().empty() ? spec.text() : spec.path();
      sink(std::move(person));
    }
    return;
  }
  const std::string name = TakeName(spec);
  ReadAndTell(spec, name, {{}, left_out, sink});
}

}  // namespace gyre
