// SPDX-License-Identifier: Apache-2.0
// gyre detect: people and their keypoints in pictures, by free networks.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "loop/detection/detect_people.h"
#include "regressor/runtime.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/option_flags.h"

namespace gyre {

int RunDetect(int argc, char** argv) {
  DetectOptions options;
  DetectTask task;
  std::string images, boxes, masks, out;
  int threads = 0;
  cxxopts::Options cli("gyre detect", "Finds people and their keypoints in pictures.");
  cli.add_options()("images", "Picture, or folder of them", cxxopts::value<std::string>(images),
                    "PATH")("out", "Keypoints to write, in COCO's layout",
                            cxxopts::value<std::string>(out),
                            "FILE.json")("boxes", "Look for the people of these COCO boxes alone",
                                         cxxopts::value<std::string>(boxes), "FILE.json")(
      "masks", "Also write each person's silhouette there", cxxopts::value<std::string>(masks),
      "DIR")("threads", "Threads (0: all)", cxxopts::value<int>(threads)->default_value("0"))(
      "json", "One JSON object on stdout");
  AddFlags(cli, "Detection", options);
  AddQuietOption(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  ApplyFlags(args, &options);
  task.images = Required(args, "images");
  task.out = Required(args, "out");
  task.boxes = boxes;
  task.masks = masks;
  InitRuntime(threads);
  const DetectSummary summary = DetectPeople(options, task);
  if (args.count("json")) {
    const nlohmann::ordered_json report = {{"pictures", summary.pictures},
                                           {"people", summary.people},
                                           {"unreadable", summary.unreadable},
                                           {"out", out}};
    fmt::print("{}\n", report.dump());
  } else {
    fmt::print(
        "{} people in {} pictures; fit them with: gyre fit --coco {} --images {} --out "
        "fits.npz\n",
        summary.people, summary.pictures, out, images);
  }
  return 0;
}

}  // namespace gyre
