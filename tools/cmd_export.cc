// SPDX-License-Identifier: Apache-2.0
// gyre export: fitted bodies as animation, for other programs.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>

#include "core/counted.h"
#include "core/error.h"
#include "loop/animation/animation.h"
#include "loop/animation/writers.h"
#include "tools/body_choice.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/overwriting.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

enum class ExportFormat { kBvh, kGlb, kObj, kAmass, kTrc, kCsv };
enum class LengthUnit { kMetres, kCentimetres, kMillimetres };

}  // namespace

template <>
struct EnumNames<ExportFormat> {
  static constexpr NameOf<ExportFormat> kAll[] = {
      {ExportFormat::kBvh, "bvh"},     {ExportFormat::kGlb, "glb"}, {ExportFormat::kObj, "obj"},
      {ExportFormat::kAmass, "amass"}, {ExportFormat::kTrc, "trc"}, {ExportFormat::kCsv, "csv"}};
};
template <>
struct EnumNames<LengthUnit> {
  static constexpr NameOf<LengthUnit> kAll[] = {{LengthUnit::kMetres, "m"},
                                                {LengthUnit::kCentimetres, "cm"},
                                                {LengthUnit::kMillimetres, "mm"}};
};

namespace {

cxxopts::Options ExportOptions() {
  cxxopts::Options options("gyre export",
                           "Write fitted bodies as animation for other programs.\n"
                           "  bvh    a skeleton a person (Blender, MotionBuilder, ...), cm\n"
                           "  glb    all people with their skins (glTF 2.0), m\n"
                           "  obj    a folder of meshes, one a person and frame, m\n"
                           "  amass  poses as AMASS has them (.npz: smplx, Blender's add-ons), m\n"
                           "  trc    joints as markers (OpenSim), mm\n"
                           "  csv    joints, a row a person and frame, m\n");
  options.set_width(100);
  options.add_options()("fits", "Result of gyre fit (.npz)", cxxopts::value<std::string>())(
      "format", "bvh, glb, obj, amass, trc or csv", cxxopts::value<std::string>(), "NAME")(
      "out",
      "File to write (obj: folder); of several people bvh, amass and trc write one each: "
      "OUT_person_0.bvh, or by row OUT_row_0.bvh where the fits know no tracks",
      cxxopts::value<std::string>(), "PATH")(
      "fps", "Frames a second (default: as --fps of gyre fit said)", cxxopts::value<double>(), "N")(
      "up", "Axis that points up: y or z (default: y; amass: z)", cxxopts::value<std::string>(),
      "AXIS")("camera-path", "Where a camera that moved was, as gyre fit --camera-path had it",
              cxxopts::value<std::string>(),
              "FILE.npz")("unit", "m, cm or mm, for bvh, obj, trc and csv (default: see above)",
                          cxxopts::value<std::string>(), "UNIT");
  options.add_options("Body")("body", "Body model, where the fits do not say theirs",
                              cxxopts::value<std::string>()->default_value("builtin"), "MODEL")(
      "joint-regressor-extra", "SPIN's J_regressor_extra.npy for a body without its own",
      cxxopts::value<std::string>()->default_value(""), "FILE");
  AddForceOption(options);
  AddQuietOption(options);
  options.parse_positional({"fits"});
  options.positional_help("FITS.npz");
  return options;
}

template <typename E>
E Named(const cxxopts::ParseResult& args, const std::string& option) {
  const std::string name = Required(args, option);
  if (const std::optional<E> found = FindEnum<E>(name)) return *found;
  throw UsageError(fmt::format("--{}: '{}' is not one of {}", option, name, EnumNameList<E>()));
}

double PerMetre(LengthUnit unit) {
  return unit == LengthUnit::kMetres ? 1 : unit == LengthUnit::kCentimetres ? 100 : 1000;
}

LengthUnit UnitOf(const cxxopts::ParseResult& args, ExportFormat format) {
  if (args.count("unit")) {
    if (format == ExportFormat::kGlb || format == ExportFormat::kAmass) {
      throw UsageError("--unit: glb and amass are in metres; leave --unit out");
    }
    return Named<LengthUnit>(args, "unit");
  }
  if (format == ExportFormat::kBvh) return LengthUnit::kCentimetres;
  return format == ExportFormat::kTrc ? LengthUnit::kMillimetres : LengthUnit::kMetres;
}

double FpsOf(const cxxopts::ParseResult& args, const Animation& animation, const fs::path& fits) {
  if (args.count("fps")) {
    const double fps = args["fps"].as<double>();
    if (!(fps > 0) || !std::isfinite(fps)) throw UsageError("--fps: expected a positive number");
    return fps;
  }
  if (animation.fps > 0) return animation.fps;
  if (animation.num_frames <= 1) return 30;  // nothing moves
  ThrowUserError("{}: does not say how many frames a second it has; give --fps", fits.string());
}

OutputKind KindOf(ExportFormat format) {
  switch (format) {
    case ExportFormat::kBvh:
      return {.what = "skeleton in BVH", .start = "HIERARCHY"};
    case ExportFormat::kGlb:
      return {.what = "scene in glTF", .start = "glTF"};
    case ExportFormat::kAmass:
      return {.what = "clip in AMASS' layout", .keys = {"poses", "trans", "mocap_framerate"}};
    case ExportFormat::kTrc:
      return {.what = "table of markers", .start = "PathFileType"};
    case ExportFormat::kObj:
    case ExportFormat::kCsv:
      break;
  }
  return {.what = "table of joints", .start = "person,frame,time_s"};
}

// "out.bvh" of one person; "out_person_3.bvh" of several.
fs::path FileOf(const fs::path& out, const Animation& animation, const AnimatedPerson& person) {
  if (animation.people.size() == 1) return out;
  fs::path file = out;
  file.replace_filename(out.stem().string() + "_" + person.name + out.extension().string());
  return file;
}

}  // namespace

int RunExportAnimation(int argc, char** argv) {
  cxxopts::Options options = ExportOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  const fs::path fits = Required(args, "fits"), out = Required(args, "out");
  const auto format = Named<ExportFormat>(args, "format");
  const LengthUnit unit = UnitOf(args, format);
  const UpAxis up = args.count("up")                 ? Named<UpAxis>(args, "up")
                    : format == ExportFormat::kAmass ? UpAxis::kZ
                                                     : UpAxis::kY;
  if (format != ExportFormat::kObj) CheckOverwrites(args, out, fits, KindOf(format));
  const BodyIdentity of_fits = BodyOfNpz(fits);
  const std::shared_ptr<const BodyModel> body =
      LoadChosenBody(ChooseBody(args, "body", of_fits), of_fits, fits.string());
  Animation animation = ReadAnimation(fits, *body);
  if (animation.people.empty()) {
    ThrowUserError("{}: holds no body; gyre fit says why in its column 'reason'", fits.string());
  }
  const ClipScale clip = {FpsOf(args, animation, fits), PerMetre(unit)};
  if (args.count("camera-path")) {
    ToWorld(*body, CameraPath::Read(args["camera-path"].as<std::string>()), &animation);
  }
  TurnUpright(*body, up, &animation);
  if (format != ExportFormat::kObj && format != ExportFormat::kCsv) HoldShape(*body, &animation);
  const auto each = [&](const std::function<void(const fs::path&, const AnimatedPerson&)>& write) {
    for (const AnimatedPerson& person : animation.people) {
      CheckOverwrites(args, FileOf(out, animation, person), fits, KindOf(format));
    }
    for (AnimatedPerson& person : animation.people) {
      FillGaps(*body, &person);
      write(FileOf(out, animation, person), person);
    }
  };
  switch (format) {
    case ExportFormat::kBvh:
      each([&](const fs::path& file, const AnimatedPerson& person) {
        WriteBvh(file, MakeBvh(*body, person, clip));
      });
      break;
    case ExportFormat::kGlb:
      WriteGlb(out, *body, animation, clip.fps);
      break;
    case ExportFormat::kObj:
      WriteObjSequence(out, *body, animation, clip.scale);
      break;
    case ExportFormat::kAmass:
      each([&](const fs::path& file, const AnimatedPerson& person) {
        WriteAmass(file, *body, person, clip.fps);
      });
      break;
    case ExportFormat::kTrc:
      each([&](const fs::path& file, const AnimatedPerson& person) {
        WriteTrc(file, *body, person, clip, std::string(EnumName(unit)));
      });
      break;
    case ExportFormat::kCsv:
      WriteJointsCsv(out, *body, animation, clip);
      break;
  }
  if (!args.count("quiet")) {
    fmt::print("{}: {}, {} at {:g} a second, {} up{}\n", out.string(),
               Counted(std::ssize(animation.people), "people"),
               Counted(animation.num_frames, "frames"), clip.fps, EnumName(up),
               animation.left_out > 0
                   ? "; " + Counted(animation.left_out, "rows without a body left out")
                   : "");
  }
  return 0;
}

}  // namespace gyre
