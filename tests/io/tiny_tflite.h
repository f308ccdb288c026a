// SPDX-License-Identifier: Apache-2.0
// Networks of TensorFlow Lite for tests, a tensor and an operator at a time.
#pragma once

#include <string>
#include <vector>

#include "io/flat_writer.h"
#include "io/tflite.h"

namespace gyre {

class TinyTflite {
 public:
  TinyTflite() { buffers_.push_back(FlatTableOf({})); }  // the empty one of all that is computed

  // A tensor that is computed, and constants; its position.
  int Tensor(const std::vector<int32_t>& shape) { return Add(shape, TfliteType::kFloat32, 0, {}); }
  int Floats(const std::vector<int32_t>& shape, const std::vector<float>& values) {
    return Add(shape, TfliteType::kFloat32, Buffer(values), {});
  }
  int Ints(const std::vector<int32_t>& values) {
    return Add({static_cast<int32_t>(values.size())}, TfliteType::kInt32, Buffer(values), {});
  }
  // Half-precision numbers by their bits.
  int Halves(const std::vector<int32_t>& shape, const std::vector<uint16_t>& bits) {
    return Add(shape, TfliteType::kFloat16, Buffer(bits), {});
  }
  // Of two axes, rows compressed.
  int Sparse(int32_t rows, int32_t columns, const std::vector<uint8_t>& begins,
             const std::vector<uint16_t>& at, const std::vector<float>& values) {
    const FlatNode dense = FlatTableOf({{0, uint8_t{0}}, {1, rows}});
    const FlatNode sparse = FlatTableOf({{0, uint8_t{1}},
                                         {2, uint8_t{3}},
                                         {3, FlatTableOf({{0, FlatVectorOf(begins)}})},
                                         {4, uint8_t{2}},
                                         {5, FlatTableOf({{0, FlatVectorOf(at)}})}});
    const FlatNode sparsity =
        FlatTableOf({{0, FlatVectorOf<int32_t>({0, 1})}, {2, FlatTablesOf({dense, sparse})}});
    return Add({rows, columns}, TfliteType::kFloat32, Buffer(values), {{6, sparsity}});
  }

  void Operator(TfliteOp op, const std::vector<int32_t>& inputs, int32_t output,
                std::map<int, FlatField> options = {}) {
    codes_.push_back(FlatTableOf({{3, static_cast<int32_t>(op)}}));
    operators_.push_back(FlatTableOf({{0, static_cast<int32_t>(codes_.size() - 1)},
                                      {1, FlatVectorOf(inputs)},
                                      {2, FlatVectorOf<int32_t>({output})},
                                      {3, uint8_t{1}},
                                      {4, FlatTableOf(std::move(options))}}));
  }

  std::string File(const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs) const {
    const FlatNode graph = FlatTableOf({{0, FlatTablesOf(tensors_)},
                                        {1, FlatVectorOf(inputs)},
                                        {2, FlatVectorOf(outputs)},
                                        {3, FlatTablesOf(operators_)}});
    return FlatWriter::Write(FlatTableOf({{0, int32_t{3}},
                                          {1, FlatTablesOf(codes_)},
                                          {2, FlatTablesOf({graph})},
                                          {4, FlatTablesOf(buffers_)}}),
                             "TFL3");
  }

 private:
  template <typename T>
  int32_t Buffer(const std::vector<T>& values) {
    FlatNode data = FlatVectorOf(values);
    data.count = static_cast<uint32_t>(data.bytes.size());
    buffers_.push_back(FlatTableOf({{0, data}}));
    return static_cast<int32_t>(buffers_.size() - 1);
  }
  int Add(const std::vector<int32_t>& shape, TfliteType type, int32_t buffer,
          std::map<int, FlatField> more) {
    more[0] = FlatVectorOf(shape);
    more[1] = static_cast<uint8_t>(type);
    more[2] = buffer;
    more[3] = FlatTextOf("tensor " + std::to_string(tensors_.size()));
    tensors_.push_back(FlatTableOf(std::move(more)));
    return static_cast<int>(tensors_.size()) - 1;
  }

  std::vector<FlatNode> tensors_, operators_, buffers_, codes_;
};

}  // namespace gyre
