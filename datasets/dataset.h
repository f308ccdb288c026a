// SPDX-License-Identifier: Apache-2.0
// What a data set is: persons by position, and their pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "person/person.h"

namespace gyre {

// 8-bit image, interleaved, rows without padding. (OpenCV stays out of this header.)
struct ImageBuffer {
  int width = 0, height = 0, channels = 3;
  std::vector<uint8_t> pixels;  // BGR
  // Along each side, pixels of the image that one of these is the mean of: pixel i covers
  // [r i - 1/2, r (i + 1) - 1/2] of the image.
  int reduction = 1;
};

// Thread-safe.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const std::string& name() const = 0;
  virtual int64_t size() const = 0;
  // The person at a position in [0, size()). Person::index is the row in the file, which is another
  // number when rows were left out, and stays the same whatever was selected; it rises with the
  // position.
  virtual Person Get(int64_t position) const = 0;
  // The person's image, 8-bit BGR as OpenCV holds it, at the resolution of the keypoints. UserError
  // names the row and the file when it cannot be read.
  virtual ImageBuffer LoadImage(const Person& person) const = 0;
  // The same, reduced to `scale` (in (0, 1] of each side) or more where that takes less time.
  virtual ImageBuffer LoadImageAtScale(const Person& person, double scale) const;
  // Whether there is a silhouette, or part labels, of a person; readers that name no files say so.
  virtual bool HasSilhouette(const Person& person) const { return !person.silhouette_path.empty(); }
  virtual bool HasParts(const Person& person) const { return !person.parts_path.empty(); }
  // The person's silhouette as a picture of the same size, white on black. UserError when the data
  // set has none.
  virtual ImageBuffer LoadSilhouette(const Person& person) const;
  // The part of the body that each pixel shows (body_parts.h; 255: unknown), one channel. UserError
  // when the data set has none.
  virtual ImageBuffer LoadParts(const Person& person) const;
};

}  // namespace gyre
