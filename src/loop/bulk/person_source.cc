// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/person_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "core/error.h"
#include "core/printable.h"
#include "datasets/picture_lookup.h"
#include "fitting/person_problem.h"
#include "fitting/problem_file.h"
#include "fitting/store/fit_npz.h"
#include "fitting/store/fit_pairs.h"
#include "io/npz.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/follow_person.h"
#include "loop/bulk/frame_folder.h"
#include "person/crops.h"

namespace gyre {
namespace fs = std::filesystem;

DatasetSpec FileAsItStands(DatasetSpec spec) {
  const std::string& kind = spec.kind();
  if (kind == "synth" || kind == "spin") return spec;  // they leave nobody out
  spec.Give("min_keypoints", "0");
  if (kind == "coco" || kind == "openpose") {
    spec.Give("ids", "file");
    spec.Give("impossible", "keep");
    spec.Give("pictures", "found");
  }
  if (kind == "coco") spec.Give("crowds", "1");
  return spec;
}

namespace {

// A file of many people's keypoints as it stands, see dataset_spec.h.
DatasetSpec AsItStands(const std::string& kind, const fs::path& path, const fs::path& images) {
  DatasetSpec::Options options = {{"images", images.string()}};
  options["pictures"] = images.empty() ? "none" : "found";
  return FileAsItStands({kind, path.string(), options});
}

}  // namespace

FitInput InputOf(Person person) {
  FitInput input;
  input.problem = ProblemInImage(person);
  input.person = std::move(person);
  return input;
}

PersonChoice PersonChoice::Parse(const std::string& text) {
  if (text == "all") return {Kind::kAll, 0};
  if (text == "largest") return {Kind::kLargest, 0};
  PersonChoice choice{Kind::kOne, 0};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), choice.person);
  if (error != std::errc() || end != text.data() + text.size() || choice.person < 0) {
    throw UsageError(
        fmt::format("--person is '{}'; it must be all, largest or a number from 0", text));
  }
  return choice;
}

PersonSource DataSource(const DatasetSpec& spec, const SceneSources& sources,
                        const std::shared_ptr<LeftOutCounts>& left_out) {
  // Data sets were read without the sizes before files were read as they stand.
  const bool size_identifies = spec.Option("ids") == "file";
  const auto made = spec.kind() == "synth" ? OpenDataset(spec.text(), sources) : nullptr;
  return [=](const auto& sink) {
    if (left_out) left_out->Clear();
    const auto take = [&](Person person) {
      person.image_path = FindPictureFile(person.image_path).string();
      FitInput input = InputOf(std::move(person));
      input.made_pictures = made;
      input.size_identifies = size_identifies;
      sink(std::move(input));
    };
    ForEachPerson(spec, sources, take, [&](const LeftOut& one) {
      if (left_out) left_out->Add(one);
    });
  };
}

DatasetSpec OpenPoseSpec(const fs::path& path, const fs::path& images) {
  return AsItStands("openpose", path, images);
}

DatasetSpec CocoSpec(const fs::path& path, const fs::path& images) {
  return AsItStands("coco", path, images);
}

DatasetSpec SpinSpec(const fs::path& path, const fs::path& images) {
  const fs::path folder = fs::is_directory(images) ? images : path.parent_path();
  return {"spin",
          path.string(),
          {{"images", folder.string()}, {"pictures", images.empty() ? "none" : "named"}}};
}

DatasetSpec WithPictureOptions(DatasetSpec spec, const PictureOptions& options) {
  if (options.exif != PictureOptions().exif) spec.Give("exif", EnumName(options.exif));
  const auto give = [&](const char* key, const std::string& value) {
    if (!value.empty()) spec.Give(key, value);
  };
  give("keypoints_of", options.keypoints_of);
  give("camera", options.camera.string());
  give("camera_name", options.camera_name);
  return spec;
}

DatasetSpec WithHandsAndFace(DatasetSpec spec) {
  if (spec.kind() == "openpose") spec.Give("set", "openpose135");
  if (spec.kind() == "coco") spec.Give("set", "coco_wholebody133");
  return spec;
}

DatasetSpec WithBoxesAlone(DatasetSpec spec) {
  if (spec.kind() != "coco" && spec.kind() != "csv") return spec;
  spec.Give("boxes", "1");
  spec.Give("min_keypoints", "0");
  return spec;
}

PersonSource ProblemSource(const fs::path& path, const std::string& start) {
  const ProblemFile file = ReadProblemFile(path);
  auto problems = start.empty() ? file.problems : file.StartedFrom(start);
  return [path, problems = std::move(problems)](const auto& sink) {
    for (size_t i = 0; i < problems.size(); ++i) {
      FitInput input;
      input.problem = problems[i];
      input.person.dataset = "problems";
      input.person.source_file = path.string();
      input.person.index = input.person.id = static_cast<int64_t>(i);
      sink(std::move(input));
    }
  };
}

PersonSource Choose(PersonSource source, const PersonChoice& choice) {
  if (choice.kind == PersonChoice::Kind::kAll) return source;
  if (choice.kind == PersonChoice::Kind::kOne) {
    return [source = std::move(source), wanted = choice.person](const auto& sink) {
      source([&](FitInput input) {
        if (input.person.place == wanted) sink(std::move(input));
      });
    };
  }
  // The persons of an image need not stand together, so the largest is looked for first.
  return [source = std::move(source)](const auto& sink) {
    struct Largest {
      double prominence = -1;
      int64_t person = 0;  // in the order of the source: of two that are alike the first
    };
    const auto key = [](const FitInput& input) {
      return input.person.source_file + '\0' + input.person.image;
    };
    std::unordered_map<std::string, Largest> largest;
    int64_t person = 0;
    source([&](const FitInput& input) {
      Largest& found = largest[key(input)];
      const double prominence = Prominence(input.person);
      if (prominence > found.prominence) found = {prominence, person};
      ++person;
    });
    person = 0;
    source([&](FitInput input) {
      if (largest[key(input)].person == person++) sink(std::move(input));
    });
  };
}

namespace {

// The frames of a folder of OpenPose's files, and who is chosen in each. Known once the files were
// read for the first time.
class FollowedFrames {
 public:
  FollowedFrames(FrameFolder frames, const PersonChoice& choice)
      : frames_(std::move(frames)), choice_(choice) {}

  void ForEach(const std::function<void(FitInput)>& sink) {
    if (chosen_.empty()) Follow();
    size_t i = 0;
    frames_.ForEach([&](OpenPoseFrame frame) {
      const int person = i < chosen_.size() ? chosen_[i] : -1;
      ++i;
      for (Person& one : frame.people) {
        if (one.place == person) return sink(InputOf(std::move(one)));
      }
      sink(InputOf(std::move(frame.nobody)));
    });
  }

 private:
  void Follow() {
    frames_.CheckNames();
    std::vector<std::vector<Person>> frames;
    std::vector<std::string> names;
    frames_.ForEach(
        [&](OpenPoseFrame frame) {
          names.push_back(frame.name);
          frames.push_back(std::move(frame.people));
        },
        /*tell=*/true);
    const FollowedPerson followed = FollowPerson(frames, choice_);
    const auto name = [&](int64_t frame) { return Printable(names[static_cast<size_t>(frame)]); };
    for (const auto& [from, to] : followed.jumps) {
      spdlog::warn(
          "the person jumps between the frames '{}' and '{}', where nobody is near; it may "
          "be another one",
          name(from), name(to));
    }
    for (const int64_t frame : followed.lost) {
      spdlog::warn(
          "the person is lost at the frame '{}': nobody who comes after it (or was there "
          "before) is near; fit the parts of the video by themselves",
          name(frame));
    }
    for (size_t i = 0; i < frames.size(); ++i) {
      const int chosen = followed.chosen[i];
      chosen_.push_back(chosen < 0 ? -1 : static_cast<int>(frames[i][chosen].place));
    }
  }

  FrameFolder frames_;
  const PersonChoice choice_;
  std::vector<int> chosen_;  // of each frame: the person's place; -1: not there
};

}  // namespace

PersonSource OpenPoseFrames(const fs::path& folder, const fs::path& images,
                            const PersonChoice& choice, const PictureOptions& frame_options) {
  const auto frames =
      std::make_shared<FollowedFrames>(FrameFolder(folder, images, frame_options), choice);
  return [=](const auto& sink) { frames->ForEach(sink); };
}

namespace {

// One key of a file of bodies, read along with the persons.
class StartColumn {
 public:
  StartColumn(const fs::path& path, const char* key, int64_t width)
      : rows_(path, key), what_(fmt::format("{}, key {}", path.string(), key)), width_(width) {
    NdArray{rows_.dtype(), rows_.shape(), {}, {}}.CheckShape({-1, width}, what_);
  }

  // The next row; null behind the last.
  const double* Next() {
    constexpr int64_t kBlock = 1024;
    const int64_t row = next_++ % kBlock;
    if (row == 0) block_ = rows_.Next(kBlock).As<double>(what_);
    const auto begin = static_cast<size_t>(row * width_);
    return begin < block_.size() ? &block_[begin] : nullptr;
  }

  void CheckRows(int64_t persons) const {
    if (rows_.shape()[0] == persons) return;
    ThrowUserError("{}: has {} rows, but the input has {} persons", what_, rows_.shape()[0],
                   persons);
  }

 private:
  NpzRows rows_;
  std::string what_;
  int64_t width_;
  int64_t next_ = 0;
  std::vector<double> block_;
};

}  // namespace

PersonSource WithStarts(PersonSource source, const fs::path& path, const BodyLayout& layout) {
  // The source is read more than once; what it finds is told once.
  const auto told = std::make_shared<bool>(false);
  return [source = std::move(source), path, layout, told](const auto& sink) {
    const std::vector<std::string> keys = NpzKeys(path);
    const auto has = [&](const char* key) { return std::ranges::count(keys, key) > 0; };
    StartColumn pose(path, "pose", layout.num_pose()), betas(path, "betas", layout.num_betas);
    std::optional<StartColumn> expression, transl;
    if (layout.num_expression > 0 && has("expression")) {
      expression.emplace(path, "expression", layout.num_expression);
    }
    if (has("transl")) transl.emplace(path, "transl", 3);

    const std::vector<FitSubject> subjects = *told ? std::vector<FitSubject>() : ReadSubjects(path);
    OtherPeople others;
    int64_t persons = 0;
    source([&](FitInput input) {
      if (persons < std::ssize(subjects)) {
        const FitSubject here = SubjectOf(input);
        others.Compare(here.dataset, here.row, &subjects[static_cast<size_t>(persons)], &here);
      }
      ++persons;
      BodyParams& start = input.problem.start = BodyParams(layout);
      bool whole = true;
      const auto take = [&](StartColumn& column, auto to) {
        const double* values = column.Next();
        whole = whole && values != nullptr;
        if (values != nullptr) to = Eigen::Map<const VecX>(values, to.size());
      };
      take(pose, start.pose());
      take(betas, start.betas());
      if (expression) take(*expression, start.expression());
      if (transl) take(*transl, start.transl());
      input.problem.has_start = true;
      input.problem.start_has_translation = transl.has_value();
      if (whole) sink(std::move(input));  // else the rows are too few: told below
    });
    pose.CheckRows(persons);
    betas.CheckRows(persons);
    if (expression) expression->CheckRows(persons);
    if (transl) transl->CheckRows(persons);
    for (const std::string& text : others.Texts()) {
      spdlog::warn(
          "{}: {}; row for row its bodies are where these people start: give the fits of these "
          "people",
          path.string(), text);
    }
    *told = true;
  };
}

std::optional<Person> PersonForNetwork(const FitInput& input, const KeypointSet& set) {
  Person person = input.person;
  person.camera = input.problem.camera;
  if (!HasBox(person)) {  // a problem's file has no boxes
    person.keypoints.px = input.problem.keypoints_px;
    person.keypoints.confidence = input.problem.confidence;
    const auto box = BoxAroundPoints(person.keypoints.px, person.keypoints.confidence, kBoxMargin);
    if (!box) return std::nullopt;
    person.box = *box;
  }
  if (person.keypoints.set != &set) {
    person.keypoints = KeypointConversion(*person.keypoints.set, set)(person.keypoints);
  }
  return person;
}

}  // namespace gyre
