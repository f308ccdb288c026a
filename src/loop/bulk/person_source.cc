// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/person_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <opencv2/core/mat.hpp>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "core/error.h"
#include "datasets/readers/openpose.h"
#include "fitting/problem_file.h"
#include "io/image.h"
#include "io/npz.h"
#include "person/crops.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

FitInput InputOf(Person person) {
  FitInput input;
  FitProblem& problem = input.problem;
  problem.keypoints_px = person.keypoints.px;
  problem.confidence = person.keypoints.confidence;
  problem.has_start = problem.start_has_translation = false;
  if (person.box.side_px > 0) {
    problem.pixel_scale = kReferenceCropPx / person.box.side_px;
    problem.camera = ImageCamera(person);
  } else {
    // Nobody to fit without a box: the fitter refuses the row, any camera will do.
    problem.camera = person.camera.value_or(SpinCropCamera());
  }
  input.person = std::move(person);
  return input;
}

// A file of many people's keypoints as it stands, see dataset_spec.h.
DatasetSpec AsItStands(const std::string& kind, const fs::path& path, const fs::path& images) {
  DatasetSpec::Options options = {{"min_keypoints", "0"}, {"ids", "file"}, {"impossible", "keep"}};
  options["images"] = images.string();
  options["pictures"] = images.empty() ? "none" : "found";
  if (kind == "coco") options["crowds"] = "1";
  return {kind, path.string(), options};
}

}  // namespace

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

PersonSource DataSource(const DatasetSpec& spec, const SceneSources& sources) {
  return [=](const auto& sink) {
    ForEachPerson(spec, sources, [&](Person person) {
      std::error_code ignored;
      if (!fs::is_regular_file(person.image_path, ignored)) person.image_path.clear();
      sink(InputOf(std::move(person)));
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

PersonSource ProblemSource(const fs::path& path, const std::string& start) {
  const ProblemFile file = ReadProblemFile(path);
  auto problems = start.empty() ? file.problems : file.StartedFrom(start);
  return [path, problems = std::move(problems)](const auto& sink) {
    for (size_t i = 0; i < problems.size(); ++i) {
      FitInput input;
      input.problem = problems[i];
      input.person.source_file = path.string();
      input.person.id = static_cast<int64_t>(i);
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
    const auto key = [](const FitInput& input) {
      return input.person.source_file + '\0' + input.person.image;
    };
    std::unordered_map<std::string, double> largest;
    source([&](const FitInput& input) {
      double& side = largest[key(input)];
      side = std::max(side, input.person.box.side_px);
    });
    source([&](FitInput input) {
      if (input.person.box.side_px == largest[key(input)]) sink(std::move(input));
    });
  };
}

PersonSource OpenPoseFrames(const fs::path& folder, const fs::path& images,
                            const PersonChoice& choice) {
  OpenPoseOptions options;
  options.min_keypoints = 0;
  options.file_ids = options.keep_impossible = true;
  options.images = images;
  options.pictures = images.empty() ? PicturePaths::kNone : PicturePaths::kFound;
  return [=](const auto& sink) {
    ForEachOpenPoseFrame(folder, options, [&](OpenPoseFrame frame) {
      Person chosen = std::move(frame.nobody);
      for (Person& person : frame.people) {
        const bool wanted = choice.kind == PersonChoice::Kind::kLargest
                                ? person.box.side_px > chosen.box.side_px
                                : person.place == choice.person;
        if (wanted) chosen = std::move(person);
      }
      sink(InputOf(std::move(chosen)));
    });
  };
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
  return [source = std::move(source), path, layout](const auto& sink) {
    const std::vector<std::string> keys = NpzKeys(path);
    const auto has = [&](const char* key) { return std::ranges::count(keys, key) > 0; };
    StartColumn pose(path, "pose", layout.num_pose()), betas(path, "betas", layout.num_betas);
    std::optional<StartColumn> expression, transl;
    if (layout.num_expression > 0 && has("expression")) {
      expression.emplace(path, "expression", layout.num_expression);
    }
    if (has("transl")) transl.emplace(path, "transl", 3);

    int64_t persons = 0;
    source([&](FitInput input) {
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
  };
}

void SetImageCamera(double focal_px, FitInput* input) {
  if (input->person.box.side_px == 0) return;
  int width = input->person.image_width, height = input->person.image_height;
  if (width == 0 && !input->person.image_path.empty()) {
    try {
      const cv::Mat picture = ReadImage(input->person.image_path);
      width = picture.cols;
      height = picture.rows;
    } catch (const UserError& error) {
      spdlog::warn("{}; this person is refused, its camera is not known", error.what());
    }
  }
  input->problem.camera = {width > 0 ? focal_px : 0, {(width - 1) / 2.0, (height - 1) / 2.0}};
}

std::optional<Person> PersonForNetwork(const FitInput& input) {
  Person person = input.person;
  person.camera = input.problem.camera;
  if (person.keypoints.set != &SpinJoints()) {
    person.keypoints = KeypointConversion(*person.keypoints.set, SpinJoints())(person.keypoints);
  }
  if (HasBox(person)) return person;
  // A problem's file has no boxes.
  person.keypoints.px = input.problem.keypoints_px;
  person.keypoints.confidence = input.problem.confidence;
  const auto box = BoxAroundPoints(person.keypoints.px, person.keypoints.confidence, kBoxMargin);
  if (!box) return std::nullopt;
  person.box = *box;
  return person;
}

}  // namespace gyre
