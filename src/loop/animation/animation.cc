// SPDX-License-Identifier: Apache-2.0
#include "loop/animation/animation.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "body/symmetry.h"
#include "core/error.h"
#include "core/so3.h"
#include "io/json.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFrames = int64_t{1} << 20;  // five hours at 60 a second

// Rows of `width` numbers, whatever axes they have.
RowMatX Rows(const Npz& npz, const std::string& key, Eigen::Index width, const fs::path& path) {
  const NdArray& array = Get(npz, key, path);
  const std::string what = fmt::format("{}: key '{}'", path.string(), key);
  const int64_t rows = array.shape.empty() ? 0 : array.dim(0);
  if (rows * width != array.size()) {
    ThrowUserError(
        "{}: has shape {}, the body has {} numbers a row; give the body of the fits "
        "(--body)",
        what, array.ShapeString(), width);
  }
  const std::vector<double> values = array.As<double>(what);
  return Eigen::Map<const RowMatX>(values.data(), rows, width);
}

// Numbers, one a row; nothing where the key is not there.
std::vector<int64_t> Numbers(const Npz& npz, const std::string& key, int64_t rows,
                             const fs::path& path) {
  const auto found = npz.find(key);
  if (found == npz.end()) return {};
  const std::string what = fmt::format("{}: key '{}'", path.string(), key);
  found->second.CheckShape({rows}, what);
  return found->second.As<int64_t>(what);
}

// Whose row it is and at which frame.
struct RowPlace {
  int64_t track, frame;
};

std::vector<RowPlace> PlacesOf(const Npz& npz, bool sequence, int64_t rows, const fs::path& path) {
  const std::vector<int64_t> tracks = Numbers(npz, "track", rows, path);
  const std::vector<int64_t> frames = Numbers(npz, "frame", rows, path);
  std::vector<RowPlace> places;
  for (int64_t i = 0; i < rows; ++i) {
    const auto row = static_cast<size_t>(i);
    const int64_t track = !tracks.empty() ? tracks[row] : sequence ? 0 : i;
    const int64_t frame = !frames.empty() ? frames[row] : sequence ? i : 0;
    if (frame < 0 || frame >= kMaxFrames) {
      ThrowUserError("{}: key 'frame': row {} has {}, expected frames from 0 to {}", path.string(),
                     i, frame, kMaxFrames - 1);
    }
    places.push_back({track, frame});
  }
  return places;
}

nlohmann::json RunOf(const Npz& npz, const fs::path& path) {
  const auto run = npz.find("run");
  if (run == npz.end() || run->second.strings.empty()) return nlohmann::json::object();
  return ParseJson(run->second.strings[0], path.string() + ": key 'run'");
}

void SortByFrame(AnimatedPerson* person, const fs::path& path) {
  std::vector<size_t> order(person->frames.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](size_t i) { return person->frames[i]; });
  AnimatedPerson sorted{person->name, {}, {}};
  for (const size_t i : order) {
    if (!sorted.frames.empty() && sorted.frames.back() == person->frames[i]) {
      ThrowUserError("{}: {} stands twice in frame {}", path.string(), person->name,
                     person->frames[i]);
    }
    sorted.frames.push_back(person->frames[i]);
    sorted.params.push_back(std::move(person->params[i]));
  }
  *person = std::move(sorted);
}

Vec3 PelvisOf(const RestJoints& rest, const BodyParams& params) {
  return rest.PelvisAt(params.shape()) + params.transl();
}

}  // namespace

Animation ReadAnimation(const fs::path& path, const BodyModel& body) {
  const std::vector<std::string> keys = {"pose",  "betas", "expression", "transl",
                                         "track", "frame", "run"};
  const Npz npz = ReadNpz(path, keys);
  const BodyLayout& layout = *body.layout;
  const RowMatX pose = Rows(npz, "pose", layout.num_pose(), path);
  const RowMatX betas = Rows(npz, "betas", layout.num_betas, path);
  const RowMatX transl = Rows(npz, "transl", 3, path);
  RowMatX expression = RowMatX::Zero(pose.rows(), layout.num_expression);
  if (npz.contains("expression")) {
    expression = Rows(npz, "expression", layout.num_expression, path);
  }
  for (const RowMatX* rows : {&betas, &transl, &static_cast<const RowMatX&>(expression)}) {
    if (rows->rows() != pose.rows()) {
      ThrowUserError("{}: keys 'pose', 'betas' and 'transl' have different numbers of rows",
                     path.string());
    }
  }
  const nlohmann::json run = RunOf(npz, path);
  Animation animation;
  const auto fps = run.is_object() ? run.find("fps") : run.end();
  const bool sequence = run.is_object() && fps != run.end() && fps->is_number();
  if (sequence) animation.fps = fps->get<double>();

  const std::vector<RowPlace> places = PlacesOf(npz, sequence, pose.rows(), path);
  const bool tracked = sequence || npz.contains("track");
  std::map<int64_t, AnimatedPerson> people;
  for (Eigen::Index i = 0; i < pose.rows(); ++i) {
    BodyParams params(layout);
    params.pose() = pose.row(i);
    params.betas() = betas.row(i);
    params.expression() = expression.row(i);
    params.transl() = transl.row(i);
    const RowPlace& place = places[static_cast<size_t>(i)];
    animation.num_frames = std::max(animation.num_frames, place.frame + 1);
    if (!params.values().allFinite()) {
      ++animation.left_out;
      continue;
    }
    AnimatedPerson& person = people[place.track];
    person.frames.push_back(place.frame);
    person.params.push_back(params);
  }
  for (auto& entry : people) {
    entry.second.name = fmt::format("{}_{}", tracked ? "person" : "row", entry.first);
    SortByFrame(&entry.second, path);
    animation.people.push_back(std::move(entry.second));
  }
  return animation;
}

void HoldShape(const BodyModel& body, Animation* animation) {
  const RestJoints rest(body);
  for (AnimatedPerson& person : animation->people) {
    VecX betas = VecX::Zero(body.layout->num_betas);
    for (const BodyParams& params : person.params) betas += params.betas();
    betas /= static_cast<double>(std::max<size_t>(1, person.params.size()));
    for (BodyParams& params : person.params) {
      const Vec3 pelvis = PelvisOf(rest, params);
      params.betas() = betas;
      params.transl() += pelvis - PelvisOf(rest, params);
    }
  }
}

void FillGaps(const BodyModel& body, AnimatedPerson* person) {
  AnimatedPerson filled{person->name, {}, {}};
  for (size_t i = 0; i < person->frames.size(); ++i) {
    if (i > 0) {
      const BodyParams &a = person->params[i - 1], &b = person->params[i];
      const int64_t begin = person->frames[i - 1], end = person->frames[i];
      for (int64_t frame = begin + 1; frame < end; ++frame) {
        const double share = static_cast<double>(frame - begin) / static_cast<double>(end - begin);
        BodyParams between = a;
        between.values() += share * (b.values() - a.values());
        for (int k = 0; k < body.num_joints(); ++k) {
          const Mat3 from = ExpSO3(a.rotation(k));
          const Vec3 turn = LogSO3(from.transpose() * ExpSO3(b.rotation(k)));
          between.rotation(k) = LogSO3(from * ExpSO3(share * turn));
        }
        filled.frames.push_back(frame);
        filled.params.push_back(between);
      }
    }
    filled.frames.push_back(person->frames[i]);
    filled.params.push_back(person->params[i]);
  }
  *person = std::move(filled);
}

void TurnUpright(const BodyModel& body, UpAxis up, Animation* animation) {
  Mat3 turn;
  if (up == UpAxis::kY) {
    turn << 1, 0, 0, 0, -1, 0, 0, 0, -1;
  } else {
    turn << 1, 0, 0, 0, 0, 1, 0, -1, 0;
  }
  const RestJoints rest(body);
  for (AnimatedPerson& person : animation->people) {
    for (BodyParams& params : person.params) {
      params = MoveParams(params, rest, turn, Vec3::Zero());
    }
  }
}

void ToWorld(const BodyModel& body, const CameraPath& path, Animation* animation) {
  if (animation->num_frames > path.num_frames()) {
    ThrowUserError("{}: has {} frames, the fits {}; give the path of the camera that took them",
                   path.name(), path.num_frames(), animation->num_frames);
  }
  const RestJoints rest(body);
  for (AnimatedPerson& person : animation->people) {
    for (size_t i = 0; i < person.params.size(); ++i) {
      const CameraPlace& place = path.At(person.frames[i]);
      const Mat3 back = place.rotation.transpose();
      person.params[i] =
          MoveParams(person.params[i], rest, back, Vec3(-(back * place.translation)));
    }
  }
}

}  // namespace gyre
