// SPDX-License-Identifier: Apache-2.0
// Files of poses: reading, writing and mirroring of what retarget.h declares.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "body/file_kinds.h"
#include "body/retarget.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int kBodyJoints = 22;  // root and 21, the same in SMPL, SMPL+H and SMPL-X
constexpr int kBodyValues = 3 * kBodyJoints;
constexpr double kDefaultFps = 30;
constexpr const char* kPlaceKeys[] = {"transl", "trans"};
constexpr const char* kRateKeys[] = {"mocap_framerate", "mocap_frame_rate", "fps"};

// What is read of a file, which may hold anything else beside it.
Npz ReadUsed(const fs::path& path) {
  std::vector<std::string> keys = {"poses", "root_orient", "pose_body", "clip_idx", "clip_names"};
  keys.insert(keys.end(), std::begin(kRateKeys), std::end(kRateKeys));
  keys.insert(keys.end(), std::begin(kPlaceKeys), std::end(kPlaceKeys));
  return ReadNpz(path, keys);
}

// Nothing where the file does not say.
std::optional<double> FrameRate(const Npz& npz, const fs::path& path) {
  for (const char* key : kRateKeys) {
    const auto found = npz.find(key);
    if (found == npz.end()) continue;
    const std::string what = fmt::format("{}: key '{}'", path.string(), key);
    const std::vector<double> values = found->second.As<double>(what);
    if (values.empty() || !(values[0] > 0) || !std::isfinite(values[0])) {
      ThrowUserError("{}: expected a positive number of frames per second", what);
    }
    return values[0];
  }
  return std::nullopt;
}

// Rows of axis-angles, [N,3 J] or [N,J,3].
RowMatX Rows(const Npz& npz, const char* key, int least, const fs::path& path) {
  const std::string what = fmt::format("{}: key '{}'", path.string(), key);
  const NdArray& array = Get(npz, key, path);
  const size_t axes = array.shape.size();
  const bool by_joint = axes == 3 && array.dim(2) == 3;
  const int64_t width = by_joint ? 3 * array.dim(1) : axes == 2 ? array.dim(1) : 0;
  if (width < least) {
    ThrowUserError(
        "{}: has shape {}, expected rows of {} or more axis-angle values (SMPL: 72, "
        "SMPL+H: 156, SMPL-X: 165)",
        what, array.ShapeString(), least);
  }
  const std::vector<double> values = array.As<double>(what);
  const RowMatX rows =
      Eigen::Map<const RowMatX>(values.data(), array.dim(0), width).leftCols(least);
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    if (!rows.row(row).allFinite()) {
      ThrowUserError("{}: row {} holds a number that is not finite", what, row);
    }
  }
  return rows;
}

bool HasPoses(std::span<const std::string> keys) {
  const auto has = [&](const char* key) { return std::ranges::count(keys, key) > 0; };
  return has("poses") || (has("root_orient") && has("pose_body"));
}

RowMatX BodyPoses(const Npz& npz, const fs::path& path) {
  const bool split = !npz.contains("poses") && npz.contains("pose_body");
  const RowMatX first =
      split ? Rows(npz, "root_orient", 3, path) : Rows(npz, "poses", kBodyValues, path);
  RowMatX poses = RowMatX::Zero(first.rows(), SmplLayout().num_pose());
  poses.leftCols(first.cols()) = first;
  if (!split) return poses;
  const RowMatX body = Rows(npz, "pose_body", kBodyValues - 3, path);
  if (body.rows() != first.rows()) {
    ThrowUserError("{}: key 'pose_body' has {} rows and key 'root_orient' {}", path.string(),
                   body.rows(), first.rows());
  }
  poses.middleCols(first.cols(), body.cols()) = body;
  return poses;
}

// Where the body is in each of so many frames; no rows where the file does not say.
Points3 Places(const Npz& npz, int64_t frames, const fs::path& path) {
  for (const char* key : kPlaceKeys) {
    const auto found = npz.find(key);
    if (found == npz.end()) continue;
    const std::string what = fmt::format("{}: key '{}'", path.string(), key);
    found->second.CheckShape({frames, 3}, what);
    const std::vector<double> values = found->second.As<double>(what);
    const Points3 places = Eigen::Map<const Points3>(values.data(), frames, 3);
    if (!places.allFinite()) ThrowUserError("{}: holds a number that is not finite", what);
    return places;
  }
  return Points3(0, 3);
}

// Clips of one file: rows of equal clip_idx.
std::vector<PoseClip> SplitClips(const RowMatX& poses, const Points3& places, const Npz& npz,
                                 const fs::path& path) {
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
    if (places.rows() > 0) clips.back().transl = places(rows[c], Eigen::all);
  }
  return clips;
}

// A file itself, or those with the ending in a folder and below it, in the order of their paths.
// What begins with a dot is some other program's.
std::vector<fs::path> FilesUnder(const fs::path& folder, std::string_view ending) {
  std::error_code error, ignored;
  if (!fs::is_directory(folder, ignored)) return {folder};
  const auto is_one = [&](const fs::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return extension == ending && !path.filename().string().starts_with('.');
  };
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(ignored) && is_one(it->path())) files.push_back(it->path());
  }
  if (error) ThrowUserError("{}: cannot list this folder: {}", folder.string(), error.message());
  if (files.empty()) ThrowUserError("{}: holds no {} file", folder.string(), ending);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<PoseClip> ReadPoseClips(const fs::path& path) {
  const Npz npz = ReadUsed(path);
  if (!npz.contains("poses") && !npz.contains("pose_body")) {
    ThrowUserError("{}: has no key 'poses', nor 'root_orient' and 'pose_body'{}", path.string(),
                   WhatKeysAre(NpzKeys(path)));
  }
  RowMatX poses = BodyPoses(npz, path);
  Points3 places = Places(npz, poses.rows(), path);
  if (npz.contains("clip_idx")) return SplitClips(poses, places, npz, path);
  const std::optional<double> fps = FrameRate(npz, path);
  return {{path.stem().string(), std::move(poses), fps.value_or(kDefaultFps), fps.has_value(),
           std::move(places)}};
}

PoseClipFiles ReadPoseClipFiles(const std::vector<fs::path>& paths) {
  PoseClipFiles read;
  for (const fs::path& path : paths) {
    for (const fs::path& file : FilesUnder(path, ".npz")) {
      try {
        for (PoseClip& clip : ReadPoseClips(file)) read.clips.push_back(std::move(clip));
      } catch (const UserError& error) {
        std::vector<std::string> keys;
        try {
          keys = NpzKeys(file);
        } catch (const UserError&) {  // no archive at all
        }
        const bool without = !keys.empty() && !HasPoses(keys);
        (without ? read.without_poses : read.unreadable).push_back(error.what());
      }
    }
  }
  if (read.clips.empty()) {
    const auto& why = read.unreadable.empty() ? read.without_poses : read.unreadable;
    throw UserError(why.front());
  }
  return read;
}

void WritePoseClips(const std::vector<PoseClip>& clips, const fs::path& path) {
  Eigen::Index frames = 0;
  for (const PoseClip& clip : clips) frames += clip.poses.rows();
  RowMatX poses(frames, SmplLayout().num_pose());
  RowMatX transl = RowMatX::Zero(frames, 3);
  std::vector<std::string> names;
  std::vector<int32_t> clip_of_row;
  std::vector<double> fps;
  for (const PoseClip& clip : clips) {
    const auto begin = static_cast<Eigen::Index>(clip_of_row.size());
    poses.middleRows(begin, clip.poses.rows()) = clip.poses;
    if (clip.transl.rows() > 0) {
      GYRE_CHECK(clip.transl.rows() == clip.poses.rows());
      transl.middleRows(begin, clip.transl.rows()) = clip.transl;
    }
    clip_of_row.resize(clip_of_row.size() + static_cast<size_t>(clip.poses.rows()),
                       static_cast<int32_t>(names.size()));
    names.push_back(clip.name);
    fps.push_back(clip.fps);
  }
  const auto num_clips = static_cast<int64_t>(clips.size());
  WriteNpz(path, {{"poses", NdArray::FromMatrix(poses)},
                  {"pose", NdArray::FromMatrix(poses)},
                  {"betas", NdArray::FromMatrix(RowMatX::Zero(frames, SmplLayout().num_betas))},
                  {"transl", NdArray::FromMatrix(transl)},
                  {"clip_names", NdArray::FromStrings(names)},
                  {"clip_idx", NdArray::From<int32_t>({frames}, clip_of_row)},
                  {"fps", NdArray::From<double>({num_clips}, fps)}});
}

std::vector<PoseClip> RetargetBvhFiles(const std::vector<fs::path>& folders) {
  std::vector<PoseClip> clips;
  for (const fs::path& folder : folders) {
    for (const fs::path& file : FilesUnder(folder, ".bvh"))
      clips.push_back(RetargetBvh(ReadBvh(file)));
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
