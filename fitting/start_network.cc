// SPDX-License-Identifier: Apache-2.0
#include "fitting/start_network.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "body/body_layout.h"
#include "body/joints.h"
#include "core/error.h"
#include "core/fingerprint.h"
#include "core/so3.h"
#include "fitting/default_start_network.h"
#include "io/zip.h"

namespace gyre {
namespace {

constexpr int64_t kMostKeypoints = 256, kMostNeurons = 4096, kMostInner = 16;
constexpr const char* kKeys[] = {"keypoints",    "joints",       "enter_weight",
                                 "enter_bias",   "inner_weight", "inner_bias",
                                 "leave_weight", "leave_bias",   "source"};

using RowMatXf = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

class Reader {
 public:
  Reader(const Npz& npz, const std::string& what) : npz_(npz), what_(what) {}

  std::vector<std::string> Names(const std::string& key, int64_t most) const {
    const NdArray& array = Find(key);
    if (array.dtype != DType::kString || array.shape.size() != 1 || array.dim(0) < 1 ||
        array.dim(0) > most) {
      ThrowUserError("{}: key '{}' is {} {}, expected 1 to {} names", what_, key,
                     EnumName(array.dtype), array.ShapeString(), most);
    }
    return array.strings;
  }
  StartNetwork::Layer One(const std::string& name, int64_t out, int64_t in) const {
    return At(Weights(name, {out, in}), Biases(name, {out}), 0, out, in);
  }
  // Those there are, one behind the other.
  std::vector<StartNetwork::Layer> Many(const std::string& name, int64_t out, int64_t in) const {
    const NdArray& array = Find(name + "_weight");
    const int64_t count = array.shape.size() == 3 ? array.dim(0) : -1;
    if (count < 0 || count > kMostInner) {
      ThrowUserError("{}: key '{}_weight' is {}, expected 0 to {} layers of {} x {}", what_, name,
                     array.ShapeString(), kMostInner, out, in);
    }
    const std::vector<float> weights = Weights(name, {count, out, in});
    const std::vector<float> biases = Biases(name, {count, out});
    std::vector<StartNetwork::Layer> layers;
    for (int64_t i = 0; i < count; ++i) layers.push_back(At(weights, biases, i, out, in));
    return layers;
  }
  int64_t Neurons() const {
    const NdArray& bias = Find("enter_bias");
    const int64_t count = bias.shape.size() == 1 ? bias.dim(0) : 0;
    if (count < 1 || count > kMostNeurons) {
      ThrowUserError("{}: key 'enter_bias' is {}, expected 1 to {} numbers", what_,
                     bias.ShapeString(), kMostNeurons);
    }
    return count;
  }
  std::string Source() const {
    const auto found = npz_.find("source");
    return found == npz_.end() || found->second.strings.empty() ? "" : found->second.strings[0];
  }

 private:
  static StartNetwork::Layer At(const std::vector<float>& weights, const std::vector<float>& biases,
                                int64_t i, int64_t out, int64_t in) {
    return {Eigen::Map<const RowMatXf>(weights.data() + i * out * in, out, in),
            Eigen::Map<const StartNetwork::Vector>(biases.data() + i * out, out)};
  }
  std::vector<float> Weights(const std::string& name, std::initializer_list<int64_t> shape) const {
    return Numbers(name + "_weight", shape);
  }
  std::vector<float> Biases(const std::string& name, std::initializer_list<int64_t> shape) const {
    return Numbers(name + "_bias", shape);
  }
  std::vector<float> Numbers(const std::string& key, std::initializer_list<int64_t> shape) const {
    const NdArray& array = Find(key);
    const std::string what = fmt::format("{}: key '{}'", what_, key);
    array.CheckShape(shape, what);
    return array.As<float>(what);
  }
  const NdArray& Find(const std::string& key) const {
    const auto found = npz_.find(key);
    if (found == npz_.end()) {
      ThrowUserError("{}: has no key '{}'; a start network is what gyre start train writes", what_,
                     key);
    }
    return found->second;
  }

  const Npz& npz_;
  const std::string& what_;
};

void CheckNames(const StartNetwork::Parts& parts, const std::string& what) {
  for (const std::string& name : parts.keypoints) {
    if (std::ranges::find(AllJoints(), name, &JointInfo::name) == AllJoints().end()) {
      ThrowUserError("{}: keypoint \"{}\" is no registered joint", what, name);
    }
  }
  for (const std::string& name : parts.joints) {
    if (SmplLayout().IndexOf(name) < 0) {
      ThrowUserError("{}: \"{}\" is no joint of SMPL's body", what, name);
    }
  }
  const auto distinct = [](const std::vector<std::string>& names) {
    return std::set<std::string>(names.begin(), names.end()).size() == names.size();
  };
  if (!distinct(parts.keypoints) || !distinct(parts.joints)) {
    ThrowUserError("{}: names a keypoint or a joint twice", what);
  }
  if (parts.joints.empty() || parts.joints[0] != SmplLayout().joints[0]) {
    ThrowUserError("{}: its first joint must be {}", what, SmplLayout().joints[0]);
  }
}

void CheckLayer(const StartNetwork::Layer& layer, Eigen::Index out, Eigen::Index in,
                const std::string& what) {
  if (layer.weight.rows() != out || layer.weight.cols() != in || layer.bias.size() != out) {
    ThrowUserError("{}: a layer of {} x {} numbers and {} biases, expected {} x {}", what,
                   layer.weight.rows(), layer.weight.cols(), layer.bias.size(), out, in);
  }
  if (!layer.weight.allFinite() || !layer.bias.allFinite()) {
    ThrowUserError("{}: holds a number that is not finite", what);
  }
}

// weight x + bias, by columns in fours, so that y is passed over less often.
StartNetwork::Vector Affine(const StartNetwork::Layer& layer, const StartNetwork::Vector& x) {
  StartNetwork::Vector y = layer.bias;
  const Eigen::Index rows = y.size();
  float* const out = y.data();
  const float* columns[4] = {};
  float factors[4] = {};
  int count = 0;
  const auto add = [&] {
    const float *a = columns[0], *b = columns[1], *c = columns[2], *d = columns[3];
    for (Eigen::Index i = 0; i < rows; ++i) {
      out[i] += (a[i] * factors[0] + b[i] * factors[1]) + (c[i] * factors[2] + d[i] * factors[3]);
    }
    count = 0;
  };
  for (Eigen::Index k = 0; k < x.size(); ++k) {
    if (x[k] == 0) continue;
    columns[count] = layer.weight.data() + k * rows;
    factors[count] = x[k];
    if (++count == 4) add();
  }
  for (int rest = 0; rest < count; ++rest) {
    y += factors[rest] * Eigen::Map<const StartNetwork::Vector>(columns[rest], rows);
  }
  return y;
}

StartNetwork::Vector Activated(const StartNetwork::Layer& layer, const StartNetwork::Vector& x) {
  return Affine(layer, x).cwiseMax(0.0F);
}

// In half precision.
NdArray HalfArray(std::vector<int64_t> shape, const std::vector<float>& values) {
  NdArray array{DType::kFloat16, std::move(shape), {}, {}};
  for (const float value : values) {
    const auto bits = Eigen::half(value).x;
    array.bytes.push_back(static_cast<char>(bits & 0xff));
    array.bytes.push_back(static_cast<char>(bits >> 8));
  }
  return array;
}

// Row by row.
std::vector<float> Numbers(const RowMatXf& m) { return {m.data(), m.data() + m.size()}; }

// The network that stands in the program itself.
Npz DefaultNetwork(const std::string& what) {
  const ZipReader zip(std::string(DefaultStartNetworkFile()), what);
  Npz npz;
  for (const char* key : kKeys) {
    npz[key] = ParseNpy(zip.Read(fmt::format("{}.npy", key)), fmt::format("{}: '{}'", what, key));
  }
  return npz;
}

}  // namespace

StartNetwork::StartNetwork(Parts parts, const std::string& what) : parts_(std::move(parts)) {
  CheckNames(parts_, what);
  const Eigen::Index neurons = parts_.enter.weight.rows();
  CheckLayer(parts_.enter, neurons, 3 * std::ssize(parts_.keypoints) + 2, what);
  for (const Layer& layer : parts_.inner) CheckLayer(layer, neurons, neurons, what);
  CheckLayer(parts_.leave, 6 * std::ssize(parts_.joints), neurons, what);
  if (parts_.inner.size() % 2 != 0) {
    ThrowUserError("{}: has {} inner layers; they stand in pairs", what, parts_.inner.size());
  }
}

StartNetwork StartNetwork::From(const Npz& npz, const std::string& what) {
  const Reader reader(npz, what);
  Parts parts;
  parts.keypoints = reader.Names("keypoints", kMostKeypoints);
  parts.joints = reader.Names("joints", SmplLayout().num_joints());
  const int64_t neurons = reader.Neurons();
  parts.enter = reader.One("enter", neurons, 3 * std::ssize(parts.keypoints) + 2);
  parts.inner = reader.Many("inner", neurons, neurons);
  parts.leave = reader.One("leave", 6 * std::ssize(parts.joints), neurons);
  parts.source = reader.Source();
  return StartNetwork(std::move(parts), what);
}

void StartNetwork::Save(const std::filesystem::path& path) const {
  const int64_t neurons = parts_.enter.weight.rows();
  std::vector<float> inner_weight, inner_bias;
  for (const Layer& layer : parts_.inner) {
    std::ranges::copy(Numbers(layer.weight), std::back_inserter(inner_weight));
    std::ranges::copy(Numbers(layer.bias), std::back_inserter(inner_bias));
  }
  const int64_t inner = std::ssize(parts_.inner), out = parts_.leave.bias.size();
  WriteNpz(path,
           {{"keypoints", NdArray::FromStrings(parts_.keypoints)},
            {"joints", NdArray::FromStrings(parts_.joints)},
            {"enter_weight", HalfArray({neurons, num_inputs()}, Numbers(parts_.enter.weight))},
            {"enter_bias", HalfArray({neurons}, Numbers(parts_.enter.bias))},
            {"inner_weight", HalfArray({inner, neurons, neurons}, inner_weight)},
            {"inner_bias", HalfArray({inner, neurons}, inner_bias)},
            {"leave_weight", HalfArray({out, neurons}, Numbers(parts_.leave.weight))},
            {"leave_bias", HalfArray({out}, Numbers(parts_.leave.bias))},
            {"source", NdArray::FromStrings({parts_.source})}});
}

int StartNetwork::num_parameters() const {
  const auto count = [](const Layer& layer) { return layer.weight.size() + layer.bias.size(); };
  Eigen::Index sum = count(parts_.enter) + count(parts_.leave);
  for (const Layer& layer : parts_.inner) sum += count(layer);
  return static_cast<int>(sum);
}

std::string StartNetwork::fingerprint() const {
  Fingerprint fingerprint;
  for (const auto* names : {&parts_.keypoints, &parts_.joints}) {
    for (const std::string& name : *names) fingerprint.Add(name);
  }
  const auto add = [&](const Layer& layer) {
    fingerprint.AddBytes(layer.weight.data(), layer.weight.size() * sizeof(float));
    fingerprint.AddBytes(layer.bias.data(), layer.bias.size() * sizeof(float));
  };
  add(parts_.enter);
  for (const Layer& layer : parts_.inner) add(layer);
  add(parts_.leave);
  return fingerprint.Hex();
}

std::vector<Mat3> StartNetwork::Rotations(const Vector& input) const {
  GYRE_CHECK(input.size() == num_inputs());
  Vector h = Activated(parts_.enter, input);
  for (size_t i = 0; i + 1 < parts_.inner.size(); i += 2) {
    h += Activated(parts_.inner[i + 1], Activated(parts_.inner[i], h));
  }
  const Vector y = Affine(parts_.leave, h);
  std::vector<Mat3> rotations;
  for (size_t k = 0; k < parts_.joints.size(); ++k) {
    const Eigen::Matrix<double, 6, 1> six =
        y.segment<6>(6 * static_cast<Eigen::Index>(k)).cast<double>();
    rotations.push_back(RotationFromSixD(six));
  }
  return rotations;
}

std::shared_ptr<const StartNetwork> LoadStartNetwork(const std::filesystem::path& path) {
  if (path.empty()) {
    static const auto network = [] {
      const std::string what = "the start network that ships with gyre";
      return std::make_shared<const StartNetwork>(StartNetwork::From(DefaultNetwork(what), what));
    }();
    return network;
  }
  const std::vector<std::string> keys(std::begin(kKeys), std::end(kKeys));
  return std::make_shared<const StartNetwork>(
      StartNetwork::From(ReadNpz(path, keys), path.string()));
}

}  // namespace gyre
