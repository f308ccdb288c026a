// SPDX-License-Identifier: Apache-2.0
// Files of poses: reading, writing and mirroring of what retarget.h declares.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "body/retarget.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int kBodyValues = 66;  // root and 21 joints, the same in SMPL, SMPL+H and SMPL-X
constexpr double kDefaultFps = 30;

double FrameRate(const Npz& npz, const fs::path& path) {
  for (const char* key : {"mocap_framerate", "mocap_frame_rate", "fps"}) {
    const auto found = npz.find(key);
    if (found == npz.end()) continue;
    const std::string what = fmt::format("{}: key '{}'", path.string(), key);
    const std::vector<double> values = found->second.As<double>(what);
    if (values.empty() || !(values[0] > 0) || !std::isfinite(values[0])) {
      ThrowUserError("{}: expected a positive number of frames per second", what);
    }
    return values[0];
  }
  return kDefaultFps;
}

RowMatX BodyPoses(const Npz& npz, const fs::path& path) {
  const std::string what = fmt::format("{}: key 'poses'", path.string());
  const NdArray& array = Get(npz, "poses", path);
  array.CheckShape({-1, -1}, what);
  const int64_t width = array.dim(1);
  if (width < kBodyValues) {
    ThrowUserError(
        "{}: has shape {}, expected rows of 66 or more axis-angle values (SMPL: 72, "
        "SMPL+H: 156, SMPL-X: 165)",
        what, array.ShapeString());
  }
  const std::vector<double> values = array.As<double>(what);
  const Eigen::Map<const RowMatX> all(values.data(), array.dim(0), width);
  RowMatX poses = RowMatX::Zero(all.rows(), SmplLayout().num_pose());
  poses.leftCols(kBodyValues) = all.leftCols(kBodyValues);
  for (Eigen::Index row = 0; row < poses.rows(); ++row) {
    if (!poses.row(row).allFinite()) {
      ThrowUserError("{}: row {} holds a number that is not finite", what, row);
    }
  }
  return poses;
}

// Clips of one file: rows of equal clip_idx.
std::vector<PoseClip> SplitClips(const RowMatX& poses, const Npz& npz, const fs::path& path) {
  const std::string in_idx = path.string() + ": key 'clip_idx'";
  const std::string in_fps = path.string() + ": key 'fps'";
  const NdArray& names = Get(npz, "clip_names", path);
  const NdArray& idx = Get(npz, "clip_idx", path);
  const NdArray& fps = Get(npz, "fps", path);
  const auto count = static_cast<int64_t>(names.strings.size());
  idx.CheckShape({poses.rows()}, in_idx);
  fps.CheckShape({count}, in_fps);
  const std::vector<double> rates = fps.As<double>(in_fps);
  const std::vector<int64_t> clip_of_row = idx.As<int64_t>(in_idx);
  std::vector<std::vector<Eigen::Index>> rows(static_cast<size_t>(count));
  for (size_t row = 0; row < clip_of_row.size(); ++row) {
    if (clip_of_row[row] < 0 || clip_of_row[row] >= count) {
      ThrowUserError("{}: row {} names clip {} of {}", in_idx, row, clip_of_row[row], count);
    }
    rows[static_cast<size_t>(clip_of_row[row])].push_back(static_cast<Eigen::Index>(row));
  }
  std::vector<PoseClip> clips;
  for (size_t c = 0; c < rows.size(); ++c) {
    if (!(rates[c] > 0) || !std::isfinite(rates[c])) {
      ThrowUserError("{}: entry {} is not a positive number of frames per second", in_fps, c);
    }
    clips.push_back({names.strings[c], poses(rows[c], Eigen::all), rates[c]});
  }
  return clips;
}

bool IsBvh(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return extension == ".bvh";
}

std::vector<fs::path> BvhFilesUnder(const fs::path& folder) {
  std::error_code error, ignored;
  if (!fs::is_directory(folder, ignored)) return {folder};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(ignored) && IsBvh(it->path())) files.push_back(it->path());
  }
  if (error) ThrowUserError("{}: cannot list this folder: {}", folder.string(), error.message());
  if (files.empty()) ThrowUserError("{}: holds no .bvh file", folder.string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<PoseClip> ReadPoseClips(const fs::path& path) {
  const Npz npz = ReadNpz(path);
  RowMatX poses = BodyPoses(npz, path);
  if (npz.contains("clip_idx")) return SplitClips(poses, npz, path);
  return {{path.stem().string(), std::move(poses), FrameRate(npz, path)}};
}

void WritePoseClips(const std::vector<PoseClip>& clips, const fs::path& path) {
  Eigen::Index frames = 0;
  for (const PoseClip& clip : clips) frames += clip.poses.rows();
  RowMatX poses(frames, SmplLayout().num_pose());
  std::vector<std::string> names;
  std::vector<int32_t> clip_of_row;
  std::vector<double> fps;
  for (const PoseClip& clip : clips) {
    poses.middleRows(static_cast<Eigen::Index>(clip_of_row.size()), clip.poses.rows()) = clip.poses;
    clip_of_row.resize(clip_of_row.size() + static_cast<size_t>(clip.poses.rows()),
                       static_cast<int32_t>(names.size()));
    names.push_back(clip.name);
    fps.push_back(clip.fps);
  }
  const auto num_clips = static_cast<int64_t>(clips.size());
  WriteNpz(path, {{"poses", NdArray::FromMatrix(poses)},
                  {"clip_names", NdArray::FromStrings(names)},
                  {"clip_idx", NdArray::From<int32_t>({frames}, clip_of_row)},
                  {"fps", NdArray::From<double>({num_clips}, fps)}});
}

std::vector<PoseClip> RetargetBvhFiles(const std::vector<fs::path>& folders) {
  std::vector<PoseClip> clips;
  for (const fs::path& folder : folders) {
    for (const fs::path& file : BvhFilesUnder(folder)) clips.push_back(RetargetBvh(ReadBvh(file)));
  }
  return clips;
}

RowMatX MirrorPoses(const RowMatX& poses) {
  GYRE_CHECK(poses.cols() == SmplLayout().num_pose(), "{} columns", poses.cols());
  RowMatX mirrored(poses.rows(), poses.cols());
  for (Eigen::Index row = 0; row < poses.rows(); ++row) {
    mirrored.row(row) = MirrorPose(SmplLayout(), poses.row(row).transpose()).transpose();
  }
  return mirrored;
}

}  // namespace gyre
