// SPDX-License-Identifier: Apache-2.0
// The readers of data sets, which hold files open or read them in blocks, meet what io's meet.
#include "datasets/dataset_test_util.h"
#include "datasets/readers/coco.h"
#include "datasets/readers/csv.h"
#include "datasets/readers/openpose.h"
#include "io/hostile.h"

namespace gyre {

std::vector<ReaderCase> HostileReaders() {
  const auto ignore = [](const Person&) {};
  return {
      {"coco", CocoJson(), FromFile([=](const auto& path) { ReadCoco(path, {}, ignore); })},
      {"openpose", OpenPoseJson(25),
       FromFile([=](const auto& path) { ReadOpenPose(path, {}, ignore); })},
      {"csv", "file,nose_x,nose_y,nose_v\na.jpg,1,2,0.5\n\"b.jpg\",3,4,1\n",
       FromFile([=](const auto& path) { ReadCsvDataset(path, {}, ignore); }), true},
  };
}

}  // namespace gyre
