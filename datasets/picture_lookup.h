// SPDX-License-Identifier: Apache-2.0
// Where the picture is that a file of keypoints names: the one lookup of all commands.
#pragma once

#include <filesystem>
#include <string>

namespace gyre {

// The file of that path; where there is none, the one in its folder that it can only mean: of
// another letter case, with the marks of letters as another system writes them, with `.jpeg` for
// `.jpg` or the other way round, or with any ending of a picture where the path has none (jpg,
// jpeg, png, webp, tif, tiff, bmp, the first of these that is there). Backslashes, as Windows
// writes paths, are taken for slashes where they lead to a picture. Files whose names begin with a
// dot are passed over. Empty when there is none. Thread-safe; folders are listed once.
std::filesystem::path FindPictureFile(const std::filesystem::path& path);

// The picture below `folder` that another machine's name of it means: an absolute path (also of
// Windows, or a URL), or one that leads out of the folder ("../images/a.jpg"). It is the file that
// ends in most of it: train/a.jpg of /home/x/train/a.jpg, or a.jpg. Empty when there is none, and
// for any other name. Thread-safe.
std::filesystem::path FindPictureOfElsewhere(const std::filesystem::path& folder,
                                             const std::string& name);

}  // namespace gyre
