// SPDX-License-Identifier: Apache-2.0
// The part of `gyre fit` that says how pictures, keypoints and cameras come together.
#pragma once

#include <cxxopts.hpp>
#include <map>
#include <string>

#include "datasets/readers/picture_frames.h"
#include "loop/bulk/image_camera.h"

namespace gyre {

void AddPictureOptions(cxxopts::Options& options);
// UsageError when options do not go together or are no numbers.
void CheckPictureArguments(const cxxopts::ParseResult& args);
PictureOptions PictureOptionsOf(const cxxopts::ParseResult& args);
CameraChoice CameraChoiceOf(const cxxopts::ParseResult& args);
// What of them makes another run: adds what is given.
void DescribePictures(const cxxopts::ParseResult& args, std::map<std::string, std::string>* notes);

}  // namespace gyre
