// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <mutex>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "datasets/spin_npz.h"
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

void AddKeypoints(const Sample& sample, int first, int count, Column* column) {
  for (int i = first; i < first + count; ++i) {
    column->Add(VecX(sample.keypoints_px.row(i).transpose()));
    column->Add(sample.keypoints_confidence[i]);
  }
}

Npz ColumnsOf(const std::vector<Sample>& samples, const std::vector<std::string>& imgname) {
  std::map<std::string, Column> columns = {{"center", {{2}, {}}},
                                           {"scale", {}},
                                           {"part", {{kNumSupersetJoints, 3}, {}}},
                                           {"openpose", {{kNumOpenPoseJoints, 3}, {}}},
                                           {"pose", {{kNumPoseParams}, {}}},
                                           {"shape", {{kNumShapeParams}, {}}},
                                           {"has_smpl", {}},
                                           {"S", {{kNumSupersetJoints, 4}, {}}},
                                           {"transl", {{3}, {}}},
                                           {"focal_px", {}},
                                           {"center_px", {{2}, {}}}};
  std::vector<std::string> gender;
  for (const Sample& sample : samples) {
    columns["center"].Add(sample.box.center_px);
    columns["scale"].Add(sample.box.side_px / 200);
    AddKeypoints(sample, 0, kNumOpenPoseJoints, &columns["openpose"]);
    AddKeypoints(sample, kNumOpenPoseJoints, kNumSupersetJoints, &columns["part"]);
    const BodyParams params = sample.params.value_or(BodyParams(SmplLayout()));
    columns["pose"].Add(params.pose());
    columns["shape"].Add(params.betas());
    columns["transl"].Add(sample.params_have_translation ? params.transl() : kUnknown);
    columns["has_smpl"].Add(sample.params ? 1 : 0);
    for (int i = 0; i < kNumSupersetJoints; ++i) {
      const Vec3 joint = sample.joints3d ? Vec3(sample.joints3d->row(i).transpose()) : Vec3::Zero();
      columns["S"].Add(joint);
      columns["S"].Add(sample.joints3d ? sample.joints3d_confidence[i] : 0);
    }
    const Camera camera = sample.camera.value_or(Camera{});
    columns["focal_px"].Add(camera.focal_px);
    columns["center_px"].Add(camera.center_px);
    gender.push_back(sample.gender == Gender::kMale     ? "m"
                     : sample.gender == Gender::kFemale ? "f"
                                                        : "");
  }
  Npz npz;
  for (const auto& [key, column] : columns) {
    npz[key] = column.ToArray(static_cast<int64_t>(samples.size()));
  }
  npz["imgname"] = NdArray::FromStrings(imgname);
  npz["gender"] = NdArray::FromStrings(gender);
  return npz;
}

}  // namespace

void WriteSpinDataset(const Dataset& dataset, const fs::path& dir, int threads) {
  const fs::path images = dir / "images";
  if (fs::exists(images)) {
    ThrowUserError("{}: holds a data set already; remove it or choose another folder",
                   dir.string());
  }
  MakeFolder(images);
  const int64_t count = dataset.size();
  std::vector<Sample> samples(count);
  std::vector<std::string> imgname(count);
  std::mutex progress_mutex;
  Progress progress("scenes", "image", count);
  ParallelFor(count, threads, [&](int64_t i, int) {
    samples[i] = dataset.Get(i);
    imgname[i] = fmt::format("{:06}.jpg", i);
    ImageBuffer image = dataset.LoadImage(samples[i]);
    WriteImage(images / imgname[i],
               cv::Mat(image.height, image.width, CV_8UC3, image.pixels.data()));
    const std::lock_guard lock(progress_mutex);
    progress.Advance();
  });
  WriteNpz(dir / (dataset.name() + ".npz"), ColumnsOf(samples, imgname));
}

}  // namespace gyre
