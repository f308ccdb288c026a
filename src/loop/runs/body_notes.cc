// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/body_notes.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <set>

#include "body/stand_ins.h"
#include "core/error.h"
#include "loop/runs/checkpoint.h"
#include "loop/runs/run_directory.h"
#include "loop/training/run_options.h"
#include "regressor/detector_files.h"

namespace gyre {

void TellStandIns(const BodyModel& body) {
  if (const std::string text = StandInsText(body); !text.empty()) spdlog::warn("{}", text);
}

std::string OtherBodyText(const std::filesystem::path& run_or_checkpoint, const BodyModel& body,
                          const std::string& extra_path) {
  if (!std::filesystem::is_directory(run_or_checkpoint) || IsDetectorFolder(run_or_checkpoint)) {
    return "";
  }
  const std::filesystem::path checkpoint = FindCheckpoint(run_or_checkpoint);
  const BodyIdentity used = IdentityOf(body, extra_path);
  BodyIdentity trained = BodyOfCheckpoint(checkpoint);
  if (!trained.Known()) {  // then the names have to tell
    const TrainOptions options = OptionsOfRun(checkpoint);
    trained.path = options.body;
    if (!options.HasBody() || trained.path == used.path) return "";
  } else if (MayBe(trained, body)) {
    return "";
  }
  return fmt::format(
      "{}: its network was trained with the body {}, and is used here with {}; its shapes and "
      "joints are those of the former: give --body {} unless that is what you want",
      checkpoint.string(), trained.Describe(), used.Describe(), trained.path);
}

void TellOtherBody(const std::filesystem::path& run_or_checkpoint, const BodyModel& body,
                   const std::string& extra_path) {
  const std::string text = OtherBodyText(run_or_checkpoint, body, extra_path);
  if (!text.empty()) spdlog::warn("{}", text);
}

void TellUnknownBody(const FitFile& fits, const std::string& taken) {
  static std::mutex mutex;
  static std::set<std::string> told;
  const std::lock_guard lock(mutex);
  if (fits.origin().body.Known() || !told.insert(fits.path().string()).second) return;
  spdlog::warn(
      "{}: does not say of which body its fits are (an older gyre or another program wrote it); "
      "they are taken as of {}",
      fits.path().string(), taken);
}

}  // namespace gyre
