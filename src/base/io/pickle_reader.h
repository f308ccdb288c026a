// SPDX-License-Identifier: Apache-2.0
// The stack machine behind ParsePickle. Every opcode makes at most one new value, and lengths are
// checked against what is left of the file before anything is copied, so memory stays within a
// fixed multiple of the file's size. Values live in one arena: nothing recurses, not even to free
// them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/pickle.h"

namespace gyre {

class PickleReader {
 public:
  PickleReader(std::string_view content, const std::string& what, const PickleOptions& options);
  Pickle Run();

 private:
  using Kind = PickleValue::Kind;
  using Items = std::vector<const PickleValue*>;

  [[noreturn]] void FailDamaged(std::string_view reason) const;

  // Input.
  std::string_view Take(uint64_t count);
  std::string_view TakeLine();
  uint64_t TakeLittleEndian(int bytes);
  std::string_view TakeCounted(int length_bytes) { return Take(TakeLittleEndian(length_bytes)); }

  // Stack and memo.
  PickleValue* New(Kind kind);
  PickleValue* Push(PickleValue* value);
  PickleValue* Pop();
  PickleValue* Top();
  Items PopToMark();
  PickleValue* PushItems(Kind kind, Items items);
  void PushTuple(size_t count);
  void Put(uint64_t key);
  void Get(uint64_t key);
  void Append(PickleValue* container, Kind kind, const Items& items);

  // Opcodes.
  bool Step();  // false at STOP
  bool StepNumber(uint8_t op);
  bool StepText(uint8_t op);
  bool StepContainer(uint8_t op);
  bool StepMemo(uint8_t op);
  bool StepCall(uint8_t op);
  bool StepObject(uint8_t op);
  void PushDecimal(std::string_view line);
  void PushLong(std::string_view little_endian);
  void PushBytes(std::string_view bytes) { Push(New(Kind::kBytes))->text = bytes; }
  void PushUtf8(std::string_view text);
  void PushQuoted(std::string_view line);
  void PushRawUnicode(std::string_view line);

  // Names and calls.
  void PushGlobal(std::string_view module, std::string_view name);
  void PushPersistentId(const PickleValue* id);
  void Call(const PickleValue* callable, const PickleValue* args);
  void Build(PickleValue* target, const PickleValue* state);
  bool CallPlain(PickleValue* result, std::string_view name, const Items& args);
  bool CallNumpy(PickleValue* result, std::string_view name, const Items& args);
  void BuildArray(PickleValue* target, const PickleValue* state);
  void SetArray(PickleValue* target, const PickleValue* type, std::vector<int64_t> shape,
                bool fortran_order, const PickleValue* data);
  std::string RawBytes(const PickleValue& value);
  std::vector<int64_t> Shape(const PickleValue& value) const;
  void Charge(uint64_t bytes);  // memory for copies, see kCopyFactor

  std::string_view rest_;
  const std::string& what_;
  const PickleOptions& options_;
  uint64_t copy_budget_;
  Pickle result_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

}  // namespace gyre
