// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "body/body_model.h"
#include "body/makehuman_data.h"
#include "body/pose_prior.h"
#include "body/retarget.h"
#include "body/vposer.h"
#include "core/file.h"
#include "datasets/dataset_spec.h"
#include "datasets/readers/coco.h"
#include "datasets/readers/csv.h"
#include "datasets/readers/frame_names.h"
#include "datasets/readers/h36m_npz.h"
#include "datasets/readers/joint_names.h"
#include "datasets/readers/lsp.h"
#include "datasets/readers/openpose.h"
#include "datasets/readers/spin_npz.h"
#include "fitting/problem_file.h"
#include "fitting/start_network.h"
#include "fitting/store/fit_exchange.h"
#include "fitting/store/fit_file.h"
#include "fitting/store/fit_npz.h"
#include "fitting/store/fit_pairs.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/zip_parts.h"
#include "io/zip.h"
#include "loop/animation/animation.h"
#include "loop/bulk/fit_table.h"
#include "loop/bulk/mask_folder.h"
#include "loop/bulk/person_source.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Bodies and priors are .npz or .pkl files.
fs::path AsNpzOrPickle(const std::string& bytes) {
  return AsFile(bytes, bytes.starts_with("PK") ? "input.npz" : "input.pkl");
}

const FuzzTarget kBody(
    "body",
    [](const std::string& bytes) {
      const auto model = LoadBodyModel(AsNpzOrPickle(bytes).string());
      BodyParams params{SmplLayout()};
      params.pose().setConstant(0.1);
      PoseBody(*model, params);
    },
    /*is_zip=*/true);

// A decoder that was accepted gives a pose for any latent vector.
const FuzzTarget kVPoser(
    "vposer",
    [](const std::string& bytes) {
      const VPoser vposer = VPoser::Read(AsFile(bytes, "input.pt"));
      RowMatX jacobian;
      vposer.Decode(VecX::Constant(vposer.latent_size(), 0.3), &jacobian);
      vposer.Encode(VecX::Constant(VPoser::kPose, 0.1));
    },
    /*is_zip=*/true);

const FuzzTarget kPrior(
    "prior",
    [](const std::string& bytes) {
      const auto prior = LoadPosePrior(AsNpzOrPickle(bytes));
      for (const PosePrior::Component& c : prior->components()) {
        GYRE_CHECK(c.precision.allFinite() && c.sqrt_precision.allFinite() &&
                   std::isfinite(c.neg_log_weight));
      }
    },
    /*is_zip=*/true);

// A network that was accepted says something of any keypoints.
const FuzzTarget kStartNetwork(
    "start_network",
    [](const std::string& bytes) {
      const auto network = LoadStartNetwork(AsFile(bytes, "input.npz"));
      network->Rotations(StartNetwork::Vector::Constant(network->num_inputs(), 0.2F));
    },
    /*is_zip=*/true);

const FuzzTarget kClips(
    "clips",
    [](const std::string& bytes) {
      for (const PoseClip& clip : ReadPoseClips(AsFile(bytes, "input.npz"))) {
        GYRE_CHECK(clip.poses.allFinite() && clip.fps > 0);
      }
    },
    /*is_zip=*/true);

const FuzzTarget kRetarget("retarget", [](const std::string& bytes) {
  const PoseClip clip = RetargetBvh(ParseBvh(bytes, "input"));
  GYRE_CHECK(clip.poses.allFinite() && clip.fps > 0);
});

// MakeHuman's files by these names, packed into one archive.
MakeHumanData UnpackMakeHuman(const std::string& bytes, MakeHumanLayout layout,
                              const std::vector<std::string>& names) {
  const std::vector<ZipEntry> parts = ZipParts(bytes);
  const std::string name = std::string("makehuman-") + EnumName(layout);
  for (size_t i = 0; i < names.size(); ++i) {
    MakeFolder((FuzzFolder() / name / names[i]).parent_path());
    AsFile(i < parts.size() ? parts[i].content : "", name + "/" + names[i]);
  }
  return MakeHumanData(FuzzFolder() / name, MakeHumanRigOf(layout));
}

// The four files that are always read, and a target.
const FuzzTarget kMakeHuman(
    "makehuman",
    [](const std::string& bytes) {
      const MakeHumanData data =
          UnpackMakeHuman(bytes, MakeHumanLayout::kSmpl,
                          {"3dobjs/base.obj", "mesh_metadata/basemesh_vertex_groups.json",
                           "rigs/standard/rig.cmu_mb.json", "rigs/standard/weights.cmu_mb.json",
                           "targets/macrodetails/input.target.gz"});
      Points3 vertices = data.base();
      data.AddTarget("input", 1, &vertices);
      GYRE_CHECK(data.Joints(vertices).rows() == kNumBodyJoints);
    },
    /*is_zip=*/true);

const FuzzTarget kMakeHumanSkeleton(
    "makehuman_skeleton",
    [](const std::string& bytes) {
      const MakeHumanData data = UnpackMakeHuman(
          bytes, MakeHumanLayout::kSmplx,
          {"3dobjs/base.obj", "mesh_metadata/basemesh_vertex_groups.json", "rigs/default.mhskel",
           "rigs/default_weights.mhw", "targets/expression/units/african/input.target",
           "targets/expression/units/asian/input.target.gz",
           "targets/expression/units/caucasian/input.target"});
      Points3 vertices = data.base();
      data.AddUnit("input", 1, &vertices);
      GYRE_CHECK(data.Joints(vertices).rows() == data.rig().layout->num_joints());
    },
    /*is_zip=*/true);

// Whatever a data set says, its pictures are below the picture folder.
void CheckPerson(const Person& person) {
  const fs::path path = fs::path(person.image_path).lexically_relative("/pictures");
  GYRE_CHECK(!path.empty() && path != "." && *path.begin() != "..", "{} is outside",
             person.image_path);
  for (int i = 0; i < person.keypoints.size(); ++i) {
    const double confidence = person.keypoints.confidence[i];
    GYRE_CHECK(confidence >= 0 && confidence <= 1);
    GYRE_CHECK(confidence == 0 || person.keypoints.px.row(i).allFinite());
  }
  GYRE_CHECK(!person.params ||
             (person.params->pose().allFinite() && person.params->betas().allFinite() &&
              person.params->transl().allFinite()));
}

// What all readers are asked for.
template <typename Options>
Options InPictures(const std::string& name) {
  Options options;
  options.name = name;
  options.images = "/pictures";
  options.min_keypoints = 1;
  return options;
}

const FuzzTarget kSpin(
    "spin",
    [](const std::string& bytes) {
      auto options = InPictures<SpinOptions>("spin");
      options.masks = "/masks";
      ReadSpinNpz(AsFile(bytes, "input.npz"), options, CheckPerson);
    },
    /*is_zip=*/true);

// Keypoints, truth and cameras in one archive.
const FuzzTarget kH36m(
    "h36m",
    [](const std::string& bytes) {
      auto options = InPictures<H36mOptions>("h36m");
      const fs::path path = AsFile(bytes, "input.npz");
      const auto check = [](Person person) {
        person.image_path = "/pictures/none";
        CheckPerson(person);
      };
      Accepts([&] { ReadH36mNpz(path, options, check); });
      options.cameras = AsFile(ZipReader(path).Read("cameras.json"), "cameras.json");
      options.truth = path;
      ReadH36mNpz(path, options, check);
    },
    /*is_zip=*/true);

// Annotations and results, in SPIN's joints, in the file's own, and with hands and face.
const FuzzTarget kCoco("coco", [](const std::string& bytes) {
  const fs::path path = AsFile(bytes, "input.json");
  auto options = InPictures<CocoOptions>("coco");
  options.left_out = [](const LeftOut& one) { GYRE_CHECK(!one.problem.empty()); };
  options.set = nullptr;
  Accepts([&] { ReadCoco(path, options, CheckPerson); });
  options.set = &FindKeypointSet("coco_wholebody133");
  Accepts([&] { ReadCoco(path, options, CheckPerson); });
  options.set = &SpinJoints();
  options.box_from_bbox = true;
  ReadCoco(path, options, CheckPerson);
});

// A line is the name of a frame.
const FuzzTarget kFrameNames("frame_names", [](const std::string& text) {
  std::vector<std::string> names;
  std::istringstream lines(text);
  for (std::string name; std::getline(lines, name);) names.push_back(name);
  const size_t count = names.size();
  const FrameNames found = NumberFrames(std::move(names));
  GYRE_CHECK(found.frames.size() == count && found.step >= 1);
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) {
      GYRE_CHECK(found.frames[i].frame > found.frames[i - 1].frame);
      GYRE_CHECK(!NaturalLess(found.frames[i].name, found.frames[i - 1].name));
    }
    GYRE_CHECK(!found.frames[i].name.empty() || found.NameAfter(i, 3).empty());
    JointByName(found.frames[i].name);
  }
});

// A folder of frames of the parts of an archive, and one person followed through them.
const FuzzTarget kOpenPoseFolder(
    "openpose_folder",
    [](const std::string& bytes) {
      const fs::path folder = FuzzFolder() / "frames";
      fs::remove_all(folder);
      MakeFolder(folder);
      const std::vector<ZipEntry> parts = ZipParts(bytes);
      for (size_t i = 0; i < std::min<size_t>(parts.size(), 16); ++i) {
        AsFile(parts[i].content, fmt::format("frames/v_{}_keypoints.json", i + i / 3));
      }
      int64_t frames = 0;
      OpenPoseFrames(folder, "", PersonChoice::Parse("largest"))(
          [&](const FitInput& input) { GYRE_CHECK(input.person.frame == frames++); });
    },
    /*is_zip=*/true);

const FuzzTarget kOpenPose("openpose", [](const std::string& bytes) {
  ReadOpenPose(AsFile(bytes, "input.json"), InPictures<OpenPoseOptions>("openpose"), CheckPerson);
});

const FuzzTarget kCsvDataset("csv_dataset", [](const std::string& bytes) {
  ReadCsvDataset(AsFile(bytes, "input.csv"), InPictures<CsvOptions>("csv"), CheckPerson);
});

const FuzzTarget kLsp("lsp", [](const std::string& bytes) {
  const fs::path folder = AsFile(bytes, "joints.mat").parent_path();
  for (const LspKind kind : {LspKind::kLsp, LspKind::kLspet}) {
    Accepts([&] {
      auto options = InPictures<LspOptions>("lsp");
      options.kind = kind;
      ReadLsp(folder, options, [&](const Person& person) {
        GYRE_CHECK(person.image_path.starts_with((folder / "images").string()));
      });
    });
  }
});

// Files of the current folder only, and no scenes: they take long to set up.
const FuzzTarget kSpec("spec", [](const std::string& text) {
  if (text.find("synth") != std::string::npos || text.find('/') != std::string::npos ||
      text.find("..") != std::string::npos) {
    return;
  }
  static const bool prepared = [] {
    AsFile("file,rank_x,rank_y\na.jpg,1,2\nb.jpg,3,4\n", "a.csv");
    fs::current_path(FuzzFolder());
    return true;
  }();
  GYRE_CHECK(prepared);
  Accepts([&] {
    DatasetSpec spec(text);
    spec.TakeString("name", "");
    spec.TakeNumber("box_margin", 1, 0.1, 10);
    spec.TakeInteger("count", 1, 1, 100);
    spec.TakeFlag("all_annotated", true);
    spec.CheckAllTaken();
  });
  const Mixture mixture = OpenMixture(text);
  double total = 0;
  for (const double weight : mixture.weights) total += weight;
  GYRE_CHECK(std::abs(total - 1) < 1e-9, "weights sum to {}", total);
});

const FuzzTarget kProblem(
    "problem",
    [](const std::string& bytes) {
      const ProblemFile file = ReadProblemFile(AsFile(bytes, "input.npz"));
      for (const auto& [name, unused] : file.starts) {
        GYRE_CHECK(file.StartedFrom(name).size() == file.problems.size());
      }
    },
    /*is_zip=*/true);

// A result of `gyre fit`, as --join takes it.
const FuzzTarget kFitRows(
    "fit_rows",
    [](const std::string& bytes) {
      const fs::path path = AsFile(bytes, "input.npz");
      Accepts([&] { ReadRun(path); });
      Accepts([&] { ReadStatistics(path); });
      JoinFits({path}, FuzzFolder() / "joined.npz");
    },
    /*is_zip=*/true);

constexpr size_t kPageBytes = 4096, kOpeningBytes = 16, kMaxOpenings = 4096, kSectorBytes = 512;

uint32_t Crc(std::string_view bytes, uint32_t crc = 0) {
  return static_cast<uint32_t>(
      crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// How large the records are that a store's header speaks of.
size_t RecordBytesOf(const std::string& json) {
  for (const size_t bytes : {1024, 1536}) {
    if (json.find(fmt::format("\"record_bytes\":{}", bytes)) != std::string::npos) return bytes;
  }
  return kSectorBytes;
}

// A store of fits (fitting/store/fit_file.h) of the header's JSON, the openings' steps and the
// records in the parts of an archive, with right checksums: only those of records whose copies
// differ are left.
std::string FitStoreOf(std::vector<ZipEntry> parts) {
  parts.resize(3);
  const std::string& json = parts[0].content;
  std::string store = "GYREFITS";
  store += BytesOf(uint32_t{json.find("layout") == std::string::npos ? 1U : 2U});
  store += BytesOf(static_cast<uint32_t>(json.size()));
  store += BytesOf(Crc(json));
  store += json;
  store.resize((store.size() + kPageBytes - 1) / kPageBytes * kPageBytes);
  const size_t slots_begin = store.size() + kMaxOpenings * kOpeningBytes;
  const std::string& steps = parts[1].content;
  for (size_t i = 0; i < std::min(steps.size() / sizeof(int64_t), kMaxOpenings); ++i) {
    const std::string_view step = std::string_view(steps).substr(i * sizeof(int64_t), 8);
    store += step;
    store += BytesOf(uint32_t{0});
    store += BytesOf(Crc(step, Crc(BytesOf(static_cast<int64_t>(i)))));
  }
  store.resize(slots_begin);
  const size_t record_bytes = RecordBytesOf(json);
  std::string_view records = parts[2].content;
  for (int64_t i = 0; records.size() >= record_bytes; ++i) {
    std::string record(records.substr(0, record_bytes));
    records.remove_prefix(record_bytes);
    std::string content;
    bool finished = true;
    for (size_t at = 0; at < record_bytes; at += kSectorBytes) {
      content += record.substr(at, kSectorBytes - 4);
      finished = finished && record.substr(at + kSectorBytes - 4, 4) == record.substr(0, 4);
    }
    const uint32_t crc = Crc(std::string_view(content).substr(4), Crc(BytesOf(i / 2)));
    if (finished) {
      record.replace(0, 4, BytesOf(crc));
      for (size_t at = kSectorBytes - 4; at < record_bytes; at += kSectorBytes) {
        record.replace(at, 4, BytesOf(crc));
      }
    }
    store += record;
  }
  return store;
}

// Read, exported and read again, and written to.
const FuzzTarget kFits(
    "fits",
    [](const std::string& bytes) {
      const std::vector<ZipEntry> parts = ZipParts(bytes);
      const fs::path path = AsFile(parts.empty() ? bytes : FitStoreOf(parts), "input.store");
      {
        const FitFile file = FitFile::OpenToRead(path);
        const FitFile::Census census = file.Verify();
        ExportFits(file, FuzzFolder() / "export.npz", "");
        const FitFile again = ReadFits(FuzzFolder() / "export.npz");
        const FitDifferences differences = CompareFits(file, again);
        GYRE_CHECK(differences.None() && differences.equal == census.fits);
      }
      FitFile file = FitFile::OpenToWrite(path, 5);
      if (file.size() == 0) return;
      StoredFit fit(file.layout());
      fit.camera = SpinCropCamera();
      fit.step = 6;
      const int64_t last = file.size() - 1;
      file.Write(last, fit);
      GYRE_CHECK(file.Read(last) && file.Read(last)->step == 6);
    },
    /*is_zip=*/true);

// Fits in the layouts that `gyre fits` reads.
const FuzzTarget kFitExport(
    "fit_export",
    [](const std::string& bytes) {
      const FitFile file = ReadFits(AsFile(bytes, bytes.starts_with("PK")  ? "input.npz"
                                                  : bytes.starts_with("{") ? "input.json"
                                                                           : "input.npy"),
                                    "spin");
      GYRE_CHECK(file.Verify().damaged == 0);
    },
    /*is_zip=*/true);

const FuzzTarget kFitRecord("fit_record", [](const std::string& bytes) {
  const FitRow like(SmplLayout(), SpinJoints().size());
  const std::string written = EncodeRow(DecodeRow(bytes, like));
  GYRE_CHECK(EncodeRow(DecodeRow(written, like)) == written, "written and read is another row");
});

// Bodies over time, as gyre export reads them.
const FuzzTarget kAnimation(
    "animation",
    [](const std::string& bytes) {
      const BodyModel body;  // SMPL's layout is all that is asked for
      for (const AnimatedPerson& person : ReadAnimation(AsFile(bytes, "input.npz"), body).people) {
        GYRE_CHECK(person.frames.size() == person.params.size() && !person.frames.empty());
        const auto& frames = person.frames;
        GYRE_CHECK(std::ranges::adjacent_find(frames, std::greater_equal()) == frames.end());
        for (const BodyParams& params : person.params) GYRE_CHECK(params.values().allFinite());
      }
    },
    /*is_zip=*/true);

// Masks of people; what the fitter makes of one is finite whatever it shows.
const FuzzTarget kMask("mask", [](const std::string& bytes) {
  const fs::path path = AsFile(bytes, "input.png");
  const auto look = [](const SilhouetteMask& mask) {
    GYRE_CHECK(mask.pixels.size() == static_cast<size_t>(mask.width) * mask.height);
    const auto field = SilhouetteField::Of(mask, 0.7);
    if (field == nullptr) return;
    Vec2 gradient;
    GYRE_CHECK(std::isfinite(field->Outside({3.2, -1.7}, &gradient)) && gradient.allFinite());
    for (const BorderPoint& point : field->Contour(3)) {
      GYRE_CHECK(field->Outside(point.at_px + 0.1 * point.normal, nullptr) < 2);
    }
  };
  look(ReadPersonMask(path));
  look(ReadLabelledMask(path, 1));
});

}  // namespace
}  // namespace gyre
