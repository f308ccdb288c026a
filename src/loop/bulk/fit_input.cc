// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_input.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <memory_resource>
#include <opencv2/core/mat.hpp>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "core/error.h"
#include "datasets/image_folder.h"
#include "datasets/spin_npz.h"
#include "fitting/problem_file.h"
#include "io/image.h"
#include "io/keypoints_json.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr double kBoxMargin = 1.2;

// The picture of that name, which may lack its extension, in `images`; empty when there is none.
// UserError, with `what`, for a name that leads out of the folder.
fs::path FindImage(const fs::path& images, const std::string& name, const std::string& what) {
  if (images.empty()) return {};
  if (!fs::exists(images)) {
    ThrowUserError("{}: there is no such picture or folder (--images)", images.string());
  }
  if (!fs::is_directory(images)) return images;
  if (name.empty()) return {};
  const fs::path picture = PathInFolder(images, name, what);
  std::error_code ignored;
  for (const char* extension : {"", ".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"}) {
    const fs::path path = picture.string() + extension;
    if (fs::is_regular_file(path, ignored)) return path;
  }
  return {};
}

// SPIN's camera of the box; how many reference pixels one pixel of the image is.
void SetBox(const Box& box, FitInput* input) {
  // Nobody to fit without a box: the fitter refuses the row, any camera will do.
  input->problem.camera = SpinCropCamera();
  if (!(box.side_px > 0)) return;
  input->box_side_px = box.side_px;
  input->problem.pixel_scale = kReferenceCropPx / box.side_px;
  input->problem.camera = CropMap(box, kReferenceCropPx).ImageCamera(SpinCropCamera());
}

FitInput InputOf(const KeypointPerson& person, const std::string& source_file,
                 const std::string& image, int64_t place, const fs::path& images) {
  FitInput input;
  input.source_file = source_file;
  input.image = image;
  input.person = place;
  input.id = person.id;
  input.image_width = person.width;
  input.image_height = person.height;
  input.image_path = FindImage(images, image, source_file);
  input.problem.has_start = input.problem.start_has_translation = false;
  const std::vector<int> positions = SpinPositionsOf(FindKeypointSet(person.skeleton));
  for (int i = 0; i < person.keypoints.rows(); ++i) {
    if (positions[i] < 0) continue;
    input.problem.keypoints_px.row(positions[i]) = person.keypoints.row(i).head<2>();
    input.problem.confidence[positions[i]] = std::min(1.0, person.keypoints(i, 2));
  }
  const auto box =
      BoxAroundPoints(input.problem.keypoints_px, input.problem.confidence, kBoxMargin);
  SetBox(box.value_or(Box{}), &input);
  return input;
}

// Counts the persons of each image. The names live in blocks of their own: strewn among what comes
// and goes with every person, they would keep its memory from being used again.
class PlaceCounter {
 public:
  int64_t Next(const std::string& image) { return counts_[std::pmr::string(image)]++; }

 private:
  std::pmr::monotonic_buffer_resource memory_{size_t{1} << 20};
  std::pmr::unordered_map<std::pmr::string, int64_t> counts_{&memory_};
};

// Samples of a data set as persons.
class SampleInputs {
 public:
  SampleInputs(std::string source_file, bool with_pictures)
      : source_file_(std::move(source_file)), with_pictures_(with_pictures) {}

  FitInput Of(const Sample& sample) {
    FitInput input;
    input.source_file = source_file_;
    input.id = sample.index;
    input.image = sample.image_path;
    input.person = input.image.empty() ? 0 : places_.Next(input.image);
    std::error_code ignored;
    if (with_pictures_ && fs::is_regular_file(sample.image_path, ignored)) {
      input.image_path = sample.image_path;
    }
    input.problem.keypoints_px = sample.keypoints_px;
    input.problem.confidence = sample.keypoints_confidence;
    input.problem.has_start = input.problem.start_has_translation = false;
    SetBox(sample.box, &input);
    if (sample.camera) input.problem.camera = *sample.camera;
    return input;
  }

 private:
  std::string source_file_;
  bool with_pictures_;
  PlaceCounter places_;
};

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

PersonSource OpenPoseSource(const fs::path& path, const fs::path& images) {
  return [=](const auto& sink) {
    const auto frame_sink = [&](const OpenPoseFrame& frame) {
      int64_t place = 0;
      for (const KeypointPerson& person : frame.people) {
        sink(InputOf(person, frame.file.string(), frame.name, place++, images));
      }
    };
    if (fs::is_directory(path)) return ForEachOpenPoseFrame(path, frame_sink);
    std::string name = path.stem().string();
    for (const char* suffix : {"_keypoints", "_openpose"}) {
      if (name.ends_with(suffix)) name.resize(name.size() - std::string_view(suffix).size());
    }
    frame_sink({name, path, ReadOpenPoseJson(path)});
  };
}

PersonSource CocoSource(const fs::path& path, const fs::path& images) {
  return [=](const auto& sink) {
    PlaceCounter places;
    ForEachCocoPerson(path, [&](const KeypointPerson& person) {
      sink(InputOf(person, path.string(), person.image, places.Next(person.image), images));
    });
  };
}

PersonSource SpinSource(const fs::path& path, const fs::path& images) {
  const fs::path folder = fs::is_directory(images) ? images : path.parent_path();
  return [=](const auto& sink) {
    SampleInputs inputs(path.string(), !images.empty());
    ReadSpinNpz(path, folder, folder, path.stem().string(),
                [&](const Sample& sample) { sink(inputs.Of(sample)); });
  };
}

PersonSource DataSource(const std::string& text, const SceneSources& sources) {
  const DatasetSpec spec(text);
  return [=](const auto& sink) {
    SampleInputs inputs(spec.path().empty() ? text : spec.path(), true);
    ForEachSample(text, sources, [&](const Sample& sample) { sink(inputs.Of(sample)); });
  };
}

PersonSource ProblemSource(const fs::path& path, const std::string& start) {
  const ProblemFile file = ReadProblemFile(path);
  auto problems = start.empty() ? file.problems : file.StartedFrom(start);
  return [path, problems = std::move(problems)](const auto& sink) {
    for (size_t i = 0; i < problems.size(); ++i) {
      FitInput input;
      input.problem = problems[i];
      input.source_file = path.string();
      input.id = static_cast<int64_t>(i);
      input.box_side_px = kReferenceCropPx / input.problem.pixel_scale;
      sink(std::move(input));
    }
  };
}

PersonSource Choose(PersonSource source, const PersonChoice& choice) {
  if (choice.kind == PersonChoice::Kind::kAll) return source;
  if (choice.kind == PersonChoice::Kind::kOne) {
    return [source = std::move(source), wanted = choice.person](const auto& sink) {
      source([&](FitInput input) {
        if (input.person == wanted) sink(std::move(input));
      });
    };
  }
  // The persons of an image need not stand together, so the largest is looked for first.
  return [source = std::move(source)](const auto& sink) {
    const auto key = [](const FitInput& input) { return input.source_file + '\0' + input.image; };
    std::unordered_map<std::string, double> largest;
    source([&](const FitInput& input) {
      double& side = largest[key(input)];
      side = std::max(side, input.box_side_px);
    });
    source([&](FitInput input) {
      if (input.box_side_px == largest[key(input)]) sink(std::move(input));
    });
  };
}

PersonSource OpenPoseFrames(const fs::path& folder, const fs::path& images,
                            const PersonChoice& choice) {
  return [=](const auto& sink) {
    ForEachOpenPoseFrame(folder, [&](const OpenPoseFrame& frame) {
      const auto input_of = [&](const KeypointPerson& person, int64_t place) {
        return InputOf(person, frame.file.string(), frame.name, place, images);
      };
      KeypointPerson nobody;
      nobody.skeleton = "body25";
      nobody.id = -1;
      FitInput chosen = input_of(nobody, -1);
      for (size_t i = 0; i < frame.people.size(); ++i) {
        const auto place = static_cast<int64_t>(i);
        FitInput input = input_of(frame.people[i], place);
        const bool wanted = choice.kind == PersonChoice::Kind::kLargest
                                ? input.box_side_px > chosen.box_side_px
                                : place == choice.person;
        if (wanted) chosen = std::move(input);
      }
      sink(std::move(chosen));
    });
  };
}

PersonSource WithStarts(PersonSource source, const fs::path& path) {
  return [source = std::move(source), path](const auto& sink) {
    constexpr int64_t kBlock = 1024;
    struct Column {
      NpzRows rows;
      std::string what;
      int64_t width;
      std::vector<double> block = {};
    };
    std::vector<Column> columns;
    const auto open = [&](const char* key, int64_t width) {
      NpzRows rows(path, key);
      const std::string what = fmt::format("{}, key {}", path.string(), key);
      NdArray{rows.dtype(), rows.shape(), {}, {}}.CheckShape({-1, width}, what);
      columns.push_back({std::move(rows), what, width});
    };
    open("pose", kNumPoseParams);
    open("betas", kNumShapeParams);
    const std::vector<std::string> keys = NpzKeys(path);
    const bool has_translation = std::find(keys.begin(), keys.end(), "transl") != keys.end();
    if (has_translation) open("transl", 3);

    int64_t person = 0;
    source([&](FitInput input) {
      const int64_t row = person++ % kBlock;
      const auto next = [&](Column& column) -> const double* {
        if (row == 0) column.block = column.rows.Next(kBlock).template As<double>(column.what);
        const size_t begin = static_cast<size_t>(row * column.width);
        return begin < column.block.size() ? &column.block[begin] : nullptr;
      };
      std::vector<const double*> values;
      for (Column& column : columns) values.push_back(next(column));
      if (std::find(values.begin(), values.end(), nullptr) != values.end()) return;
      FitProblem& problem = input.problem;
      problem.start.pose() = Eigen::Map<const VecX>(values[0], kNumPoseParams);
      problem.start.betas() = Eigen::Map<const VecX>(values[1], kNumShapeParams);
      if (has_translation) problem.start.transl() = Eigen::Map<const Vec3>(values[2]);
      problem.has_start = true;
      problem.start_has_translation = has_translation;
      sink(std::move(input));
    });
    for (const Column& column : columns) {
      if (column.rows.shape()[0] != person) {
        ThrowUserError("{}: has {} rows, but the input has {} persons", column.what,
                       column.rows.shape()[0], person);
      }
    }
  };
}

void SetImageCamera(double focal_px, FitInput* input) {
  if (input->box_side_px == 0) return;
  int width = input->image_width, height = input->image_height;
  if (width == 0 && !input->image_path.empty()) {
    try {
      const cv::Mat picture = ReadImage(input->image_path);
      width = picture.cols;
      height = picture.rows;
    } catch (const UserError& error) {
      spdlog::warn("{}; this person is refused, its camera is not known", error.what());
    }
  }
  input->problem.camera = {width > 0 ? focal_px : 0, {(width - 1) / 2.0, (height - 1) / 2.0}};
}

}  // namespace gyre
