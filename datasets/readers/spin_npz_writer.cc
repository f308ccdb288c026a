// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <mutex>
#include <opencv2/core.hpp>

#include "body/body_identity.h"
#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "datasets/readers/spin_npz.h"
#include "io/image.h"
#include "io/npz.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

const Vec3 kUnknown = Vec3::Constant(std::numeric_limits<double>::quiet_NaN());

// One float64 column of the file, filled row by row.
struct Column {
  std::vector<int64_t> row_shape;
  std::vector<double> values;

  void Add(double value) { values.push_back(value); }
  void Add(const Eigen::Ref<const VecX>& v) { values.insert(values.end(), v.begin(), v.end()); }
  NdArray ToArray(int64_t rows) const {
    std::vector<int64_t> shape = {rows};
    shape.insert(shape.end(), row_shape.begin(), row_shape.end());
    return NdArray::From<double>(shape, values);
  }
};

// The rows of `keypoints`, of SPIN's 49, that are of a part of it.
void AddKeypoints(const Keypoints& keypoints, const KeypointSet& part, Column* column) {
  const int first = keypoints.set->IndexOf(part.joints.front());
  for (int i = first; i < first + part.size(); ++i) {
    column->Add(VecX(keypoints.px.row(i).transpose()));
    column->Add(keypoints.confidence[i]);
  }
}

Keypoints InSpinJoints(const Keypoints& keypoints) {
  if (keypoints.set == &SpinJoints()) return keypoints;
  return KeypointConversion(*keypoints.set, SpinJoints())(keypoints);
}

// SPIN's files have no place for other bodies than SMPL's.
void AddBody(const Person& person, std::map<std::string, Column>* columns) {
  const bool has_body = person.params && person.params->Fits(SmplLayout());
  const BodyParams params = has_body ? *person.params : BodyParams(SmplLayout());
  const bool placed = has_body && person.params_have_translation;
  (*columns)["pose"].Add(params.pose());
  (*columns)["shape"].Add(params.betas());
  (*columns)["transl"].Add(placed ? Vec3(params.transl()) : kUnknown);
  (*columns)["has_smpl"].Add(has_body ? 1 : 0);
}

Npz ColumnsOf(const std::vector<Person>& persons, const std::vector<std::string>& imgname) {
  const KeypointSet &openpose = FindKeypointSet("body25"),
                    &superset = FindKeypointSet("superset24");
  std::map<std::string, Column> columns = {{"center", {{2}, {}}},
                                           {"scale", {}},
                                           {"part", {{superset.size(), 3}, {}}},
                                           {"openpose", {{openpose.size(), 3}, {}}},
                                           {"pose", {{SmplLayout().num_pose()}, {}}},
                                           {"shape", {{SmplLayout().num_betas}, {}}},
                                           {"transl", {{3}, {}}},
                                           {"has_smpl", {}},
                                           {"S", {{superset.size(), 4}, {}}},
                                           {"focal_px", {}},
                                           {"center_px", {{2}, {}}}};
  const bool video =
      std::ranges::any_of(persons, [](const Person& p) { return p.frame >= 0 || p.track >= 0; });
  std::vector<std::string> gender;
  for (const Person& person : persons) {
    columns["center"].Add(person.box.center_px);
    columns["scale"].Add(person.box.side_px / 200);
    const Keypoints keypoints = InSpinJoints(person.keypoints);
    AddKeypoints(keypoints, openpose, &columns["openpose"]);
    AddKeypoints(keypoints, superset, &columns["part"]);
    AddBody(person, &columns);
    const SpaceJoints joints = person.joints3d.value_or(SpaceJoints(superset));
    GYRE_CHECK(joints.set == &superset);
    for (int i = 0; i < joints.size(); ++i) {
      columns["S"].Add(VecX(joints.m.row(i).transpose()));
      columns["S"].Add(joints.confidence[i]);
    }
    const Camera camera = person.camera.value_or(Camera{});
    columns["focal_px"].Add(camera.focal_px);
    columns["center_px"].Add(camera.center_px);
    if (video) {
      columns["frame"].Add(static_cast<double>(person.frame));
      columns["track"].Add(static_cast<double>(person.track));
    }
    gender.push_back(person.gender == Gender::kMale     ? "m"
                     : person.gender == Gender::kFemale ? "f"
                                                        : "");
  }
  Npz npz;
  for (const auto& [key, column] : columns) {
    npz[key] = column.ToArray(static_cast<int64_t>(persons.size()));
  }
  npz["imgname"] = NdArray::FromStrings(imgname);
  npz["gender"] = NdArray::FromStrings(gender);
  return npz;
}

}  // namespace

void WriteSpinDataset(const Dataset& dataset, const fs::path& dir, int threads,
                      const BodyModel* body) {
  const fs::path images = dir / "images";
  if (fs::exists(images)) {
    ThrowUserError("{}: holds a data set already; remove it or choose another folder",
                   dir.string());
  }
  MakeFolder(images);
  const int64_t count = dataset.size();
  std::vector<Person> persons(count);
  std::vector<std::string> imgname(count);
  std::mutex progress_mutex;
  Progress progress("scenes", "image", count);
  ParallelFor(count, threads, [&](int64_t i, int) {
    persons[i] = dataset.Get(i);
    imgname[i] = fmt::format("{:06}.jpg", i);
    ImageBuffer image = dataset.LoadImage(persons[i]);
    WriteImage(images / imgname[i],
               cv::Mat(image.height, image.width, CV_8UC3, image.pixels.data()));
    const std::lock_guard lock(progress_mutex);
    progress.Advance();
  });
  Npz npz = ColumnsOf(persons, imgname);
  if (body != nullptr) {
    const BodyIdentity identity = IdentityOf(*body);
    npz["body_path"] = NdArray::FromStrings({identity.path});
    npz["body_fingerprint"] = NdArray::FromStrings({identity.fingerprint});
  }
  WriteNpz(dir / (dataset.name() + ".npz"), npz);
}

}  // namespace gyre
