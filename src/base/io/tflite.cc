// SPDX-License-Identifier: Apache-2.0
#include "io/tflite.h"

#include <Eigen/Core>
#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "io/flatbuffer.h"

namespace gyre {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;
constexpr uint32_t kMaxTensors = 1 << 14, kMaxOperators = 1 << 14;
constexpr uint32_t kMaxAxes = 6, kMaxOperands = 64;
constexpr int64_t kMaxElements = int64_t{1} << 26;
constexpr int kMaxStep = 64;  // of strides, windows, dilations, blocks

// Fields of the schema's tables, by their numbers.
namespace model_field {
enum { kCodes = 1, kSubgraphs = 2, kBuffers = 4 };
}
namespace code_field {
enum { kShortCode = 0, kCustom = 1, kCode = 3 };
}
namespace graph_field {
enum { kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3 };
}
namespace tensor_field {
enum { kShape = 0, kType = 1, kBuffer = 2, kName = 3, kSparsity = 6 };
}
namespace operator_field {
enum { kCode = 0, kInputs = 1, kOutputs = 2, kOptions = 4 };
}

class Reader {
 public:
  Reader(const std::string& bytes, const std::string& what, TfliteModel* model)
      : file_{bytes, what}, root_(FlatTable::Root(file_, "TFL3")), model_(*model) {}

  void Read() {
    ReadCodes();
    const FlatVector graphs = root_.Tables(model_field::kSubgraphs);
    if (graphs.size() != 1) {
      ThrowUserError("{} holds {} graphs; expected is a network of one", file_.what, graphs.size());
    }
    const FlatTable graph = graphs.Table(0);
    ReadTensors(graph.Tables(graph_field::kTensors));
    ReadOperators(graph.Tables(graph_field::kOperators));
    model_.inputs = Operands(graph, graph_field::kInputs);
    model_.outputs = Operands(graph, graph_field::kOutputs);
  }

 private:
  template <typename... Args>
  [[noreturn]] void Refuse(fmt::format_string<Args...> format, Args&&... args) const {
    ThrowUserError("{}: {}; this network cannot be used", file_.what,
                   fmt::format(format, std::forward<Args>(args)...));
  }

  void ReadCodes() {
    const FlatVector codes = root_.Tables(model_field::kCodes);
    for (uint32_t i = 0; i < codes.size(); ++i) {
      const FlatTable code = codes.Table(i);
      // Files of before 2020 have the short one alone.
      codes_.push_back(std::max<int>(code.Scalar<int8_t>(code_field::kShortCode, 0),
                                     code.Scalar<int32_t>(code_field::kCode, 0)));
      if (codes_.size() > kMaxOperators) Refuse("more than {} kinds of operators", kMaxOperators);
    }
  }

  void ReadTensors(const FlatVector& tensors) {
    if (tensors.size() > kMaxTensors)
      Refuse("{} tensors, more than {}", tensors.size(), kMaxTensors);
    const FlatVector buffers = root_.Tables(model_field::kBuffers);
    for (uint32_t i = 0; i < tensors.size(); ++i) {
      const FlatTable from = tensors.Table(i);
      TfliteTensor tensor;
      tensor.name = from.String(tensor_field::kName).substr(0, 200);
      tensor.shape = Shape(from.Vector<int32_t>(tensor_field::kShape), i);
      const auto type = from.Scalar<uint8_t>(tensor_field::kType, 0);
      if (type > static_cast<uint8_t>(TfliteType::kInt32)) {
        Refuse("tensor {} has numbers of type {}; read are float32, float16 and int32", i, type);
      }
      tensor.type = static_cast<TfliteType>(type);
      const auto buffer = from.Scalar<uint32_t>(tensor_field::kBuffer, 0);
      if (buffer >= buffers.size())
        Refuse("tensor {} is in buffer {} of {}", i, buffer, buffers.size());
      tensor.data = buffers.Table(buffer).Vector<uint8_t>(0).bytes();
      if (const auto sparsity = from.Table(tensor_field::kSparsity)) {
        tensor.sparsity = Sparsity(*sparsity, tensor.shape, i);
      }
      model_.tensors.push_back(std::move(tensor));
    }
  }

  std::vector<int> Shape(const FlatVector& from, uint32_t tensor) const {
    if (from.size() > kMaxAxes)
      Refuse("tensor {} has {} axes, more than {}", tensor, from.size(), kMaxAxes);
    std::vector<int> shape;
    int64_t elements = 1;
    for (uint32_t axis = 0; axis < from.size(); ++axis) {
      shape.push_back(from.Scalar<int32_t>(axis));
      if (shape.back() < 1)
        Refuse("axis {} of tensor {} has length {}", axis, tensor, shape.back());
      elements *= shape.back();
      if (elements > kMaxElements)
        Refuse("tensor {} has more than {} elements", tensor, kMaxElements);
    }
    return shape;
  }

  // Dense leading axes, sparse last one, in order and without blocks: what converters write.
  std::shared_ptr<const TfliteSparsity> Sparsity(const FlatTable& from,
                                                 const std::vector<int>& shape, uint32_t tensor) {
    const FlatVector order = from.Vector<int32_t>(0), axes = from.Tables(2);
    bool plain = !shape.empty() && order.size() == shape.size() && axes.size() == shape.size() &&
                 from.Vector<int32_t>(1).size() == 0;
    for (uint32_t axis = 0; plain && axis < axes.size(); ++axis) {
      const bool sparse = axes.Table(axis).Scalar<int8_t>(0, 0) == 1;
      plain = order.Scalar<int32_t>(axis) == static_cast<int>(axis) &&
              sparse == (axis + 1 == axes.size());
    }
    if (!plain) Refuse("tensor {} is sparse in another way than by its last axis", tensor);
    const FlatTable last = axes.Table(axes.size() - 1);
    auto sparsity = std::make_shared<TfliteSparsity>();
    sparsity->row_begins = Indices(last, 2, tensor);
    sparsity->columns = Indices(last, 4, tensor);
    int64_t rows = 1;
    for (size_t axis = 0; axis + 1 < shape.size(); ++axis) rows *= shape[axis];
    const std::vector<int>& begins = sparsity->row_begins;
    const auto outside = [&](int column) { return column < 0 || column >= shape.back(); };
    if (std::ssize(begins) != rows + 1 || begins.front() != 0 || !std::ranges::is_sorted(begins) ||
        begins.back() != std::ssize(sparsity->columns) ||
        std::ranges::any_of(sparsity->columns, outside)) {
      Refuse("the rows of sparse tensor {} do not fit its shape", tensor);
    }
    return sparsity;
  }

  // A union of vectors of int32, uint16 and uint8; its type is field `type`, its table the next
  // one.
  std::vector<int> Indices(const FlatTable& from, int type, uint32_t tensor) {
    const auto kind = from.Scalar<uint8_t>(type, 0);
    const auto table = from.Table(type + 1);
    if (!table || kind < 1 || kind > 3) Refuse("sparse tensor {} has no indices", tensor);
    const auto copy = [&]<typename T>(T) {
      const FlatVector values = table->Vector<T>(0);
      num_indices_ += values.size();  // many tensors may share one list
      if (num_indices_ > kMaxElements)
        Refuse("sparse tensors of more than {} values", kMaxElements);
      std::vector<int> indices(values.size());
      for (uint32_t i = 0; i < values.size(); ++i) indices[i] = values.Scalar<T>(i);
      return indices;
    };
    if (kind == 1) return copy(int32_t{});
    if (kind == 2) return copy(uint16_t{});
    return copy(uint8_t{});
  }

  std::vector<int> Operands(const FlatTable& from, int field) const {
    const FlatVector list = from.Vector<int32_t>(field);
    if (list.size() > kMaxOperands) Refuse("an operator of {} tensors", list.size());
    std::vector<int> operands;
    for (uint32_t i = 0; i < list.size(); ++i) {
      operands.push_back(list.Scalar<int32_t>(i));
      if (operands.back() < 0 || operands.back() >= std::ssize(model_.tensors)) {
        Refuse("tensor {} of {} is used", operands.back(), model_.tensors.size());
      }
    }
    return operands;
  }

  void ReadOperators(const FlatVector& operators) {
    if (operators.size() > kMaxOperators) {
      Refuse("{} operators, more than {}", operators.size(), kMaxOperators);
    }
    for (uint32_t i = 0; i < operators.size(); ++i) {
      const FlatTable from = operators.Table(i);
      const auto code = from.Scalar<uint32_t>(operator_field::kCode, 0);
      if (code >= codes_.size()) Refuse("operator {} is of kind {} of {}", i, code, codes_.size());
      TfliteOperator op;
      op.op = static_cast<TfliteOp>(codes_[code]);
      op.inputs = Operands(from, operator_field::kInputs);
      op.outputs = Operands(from, operator_field::kOutputs);
      if (op.inputs.empty() || op.outputs.size() != 1) {
        Refuse("operator {} has {} inputs and {} outputs", i, op.inputs.size(), op.outputs.size());
      }
      if (const auto options = from.Table(operator_field::kOptions)) ReadOptions(*options, &op);
      model_.operators.push_back(std::move(op));
    }
  }

  void ReadOptions(const FlatTable& from, TfliteOperator* op) const {
    const auto steps = [&](int width, int height) {
      return std::array{Step(from, height), Step(from, width)};
    };
    switch (op->op) {
      case TfliteOp::kConv2d:
        op->padding = Padding(from);
        op->stride = steps(1, 2);
        op->activation = Activation(from, 3);
        op->dilation = steps(4, 5);
        return;
      case TfliteOp::kDepthwiseConv2d:
        op->padding = Padding(from);
        op->stride = steps(1, 2);
        op->activation = Activation(from, 4);
        op->dilation = steps(5, 6);
        return;
      case TfliteOp::kMaxPool2d:
        op->padding = Padding(from);
        op->stride = steps(1, 2);
        op->window = steps(3, 4);
        op->activation = Activation(from, 5);
        return;
      case TfliteOp::kAdd:
        op->activation = Activation(from, 0);
        return;
      case TfliteOp::kConcatenation:
        op->axis = from.Scalar<int32_t>(0, 0);
        op->activation = Activation(from, 1);
        return;
      case TfliteOp::kResizeBilinear:
        op->align_corners = from.Scalar<uint8_t>(2, 0) != 0;
        op->half_pixels = from.Scalar<uint8_t>(3, 0) != 0;
        return;
      case TfliteOp::kDepthToSpace:
        op->block = Step(from, 0);
        return;
      case TfliteOp::kDequantize:
      case TfliteOp::kLogistic:
      case TfliteOp::kReshape:  // its shape is its output's
      case TfliteOp::kPad:
      case TfliteOp::kDensify:
        return;
    }
    Refuse("operator {} of TensorFlow Lite is not read", static_cast<int>(op->op));
  }

  int Step(const FlatTable& from, int field) const {
    const int step = from.Scalar<int32_t>(field, 1);
    if (step < 1 || step > kMaxStep) Refuse("a stride or window of {}", step);
    return step;
  }
  TflitePadding Padding(const FlatTable& from) const {
    const auto padding = from.Scalar<uint8_t>(0, 0);
    if (padding > 1) Refuse("padding of kind {}", padding);
    return static_cast<TflitePadding>(padding);
  }
  TfliteActivation Activation(const FlatTable& from, int field) const {
    const auto activation = from.Scalar<uint8_t>(field, 0);
    if (activation != 0 && activation != 1 && activation != 3) {
      Refuse("activation of kind {}", activation);
    }
    return static_cast<TfliteActivation>(activation);
  }

  FlatFile file_;
  FlatTable root_;
  TfliteModel& model_;
  std::vector<int> codes_;
  int64_t num_indices_ = 0;
};

template <typename T>
std::vector<T> Numbers(const TfliteModel& model, const TfliteTensor& tensor, size_t count) {
  if (tensor.data.size() != count * sizeof(T)) {
    ThrowUserError("{}: '{}' has {} bytes instead of {}; this network cannot be used", model.what,
                   tensor.name, tensor.data.size(), count * sizeof(T));
  }
  std::vector<T> numbers(count);
  if (count != 0) std::memcpy(numbers.data(), tensor.data.data(), tensor.data.size());
  return numbers;
}

size_t NumElements(const TfliteTensor& tensor) {
  size_t elements = 1;
  for (const int length : tensor.shape) elements *= static_cast<size_t>(length);
  return elements;
}

}  // namespace

TfliteModel ParseTflite(std::string bytes, const std::string& what) {
  TfliteModel model;
  model.what = what;
  model.bytes = std::make_shared<const std::string>(std::move(bytes));
  Reader(*model.bytes, model.what, &model).Read();
  return model;
}

TfliteModel ReadTflite(const std::filesystem::path& path) {
  return ParseTflite(ReadFile(path, kMaxFileBytes), path.string());
}

std::vector<float> TfliteFloats(const TfliteModel& model, int index) {
  const TfliteTensor& tensor = model.tensors.at(static_cast<size_t>(index));
  const size_t elements = NumElements(tensor);
  const size_t stored = tensor.sparsity ? tensor.sparsity->columns.size() : elements;
  std::vector<float> values;
  if (tensor.type == TfliteType::kFloat32) {
    values = Numbers<float>(model, tensor, stored);
  } else if (tensor.type == TfliteType::kFloat16) {
    const auto halves = Numbers<Eigen::half>(model, tensor, stored);
    values.assign(halves.begin(), halves.end());
  } else {
    ThrowUserError("{}: '{}' should be floating-point; this network cannot be used", model.what,
                   tensor.name);
  }
  if (!tensor.sparsity) return values;
  std::vector<float> dense(elements);
  const auto& [begins, columns] = *tensor.sparsity;
  const auto width = static_cast<size_t>(tensor.shape.back());
  for (size_t row = 0; row + 1 < begins.size(); ++row) {
    for (int i = begins[row]; i < begins[row + 1]; ++i) dense[row * width + columns[i]] = values[i];
  }
  return dense;
}

std::vector<int> TfliteInts(const TfliteModel& model, int index) {
  const TfliteTensor& tensor = model.tensors.at(static_cast<size_t>(index));
  if (tensor.type != TfliteType::kInt32) {
    ThrowUserError("{}: '{}' should be whole numbers; this network cannot be used", model.what,
                   tensor.name);
  }
  return Numbers<int>(model, tensor, NumElements(tensor));
}

}  // namespace gyre
