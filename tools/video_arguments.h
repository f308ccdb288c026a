// SPDX-License-Identifier: Apache-2.0
// What gyre fit --video is given: keypoints of frames, or a video or pictures in which people are
// found first; and the video of the bodies that it makes.
#pragma once

#include <cxxopts.hpp>
#include <filesystem>

#include "loop/bulk/bulk_fit.h"

namespace gyre {

// --video, --overlay-video and --track.FIELD.
void AddVideoOptions(cxxopts::Options& options);
// UsageError names what does not go together with --video or needs it.
void CheckVideoArguments(const cxxopts::ParseResult& args);
TrackOptions TrackOptionsOf(const cxxopts::ParseResult& args);

// Reads through the frames (people are found in them beside `out`, where nobody has yet): the job's
// persons are then the rows of its video.
void OpenVideo(const cxxopts::ParseResult& args, const std::filesystem::path& out, FitJob* job);

}  // namespace gyre
