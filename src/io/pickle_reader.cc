// SPDX-License-Identifier: Apache-2.0
#include "io/pickle_reader.h"

#include <bit>
#include <charconv>

#include "core/error.h"
#include "io/utf8.h"

namespace gyre {
namespace {

constexpr size_t kMaxValues = size_t{1} << 22;
constexpr size_t kMaxLine = size_t{1} << 30;
// Arrays and re-coded byte strings may take this many times the file's size: real files need 1,
// a file that reuses one memoised string for many arrays would otherwise take any amount.
constexpr uint64_t kCopyFactor = 8;
constexpr uint64_t kCopyFree = 1 << 20;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `count` hexadecimal digits at text[begin], -1 if there are not as many.
int64_t Hex(std::string_view text, size_t begin, size_t count) {
  if (text.size() < begin + count) return -1;
  int64_t value = 0;
  for (const char c : text.substr(begin, count)) {
    const int digit = HexDigit(c);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

PickleReader::PickleReader(std::string_view content, const std::string& what,
                           const PickleOptions& options)
    : rest_(content),
      what_(what),
      options_(options),
      copy_budget_(kCopyFactor * content.size() + kCopyFree) {}

Pickle PickleReader::Run() {
  const size_t size = rest_.size();
  while (Step()) {
  }
  result_.root_ = Pop();
  result_.bytes_consumed_ = size - rest_.size();
  return std::move(result_);
}

void PickleReader::FailDamaged(std::string_view reason) const {
  ThrowUserError("{}: is not a readable pickle ({}); the file is damaged or no pickle", what_,
                 reason);
}

void PickleReader::Charge(uint64_t bytes) {
  if (bytes > copy_budget_) FailDamaged("its arrays are far larger than the file");
  copy_budget_ -= bytes;
}

std::string_view PickleReader::Take(uint64_t count) {
  if (count > rest_.size()) FailDamaged("it ends too early");
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::string_view PickleReader::TakeLine() {
  const size_t end = rest_.substr(0, kMaxLine).find('\n');
  if (end == std::string_view::npos) FailDamaged("a line does not end");
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return line;
}

uint64_t PickleReader::TakeLittleEndian(int bytes) {
  uint64_t value = 0;
  int shift = 0;
  for (const char c : Take(static_cast<uint64_t>(bytes))) {
    value |= uint64_t{static_cast<uint8_t>(c)} << shift;
    shift += 8;
  }
  return value;
}

PickleValue* PickleReader::New(Kind kind) {
  if (result_.values_.size() >= kMaxValues) {
    ThrowUserError("{}: the pickle holds more than {} values; keep numbers in numpy arrays", what_,
                   kMaxValues);
  }
  result_.values_.emplace_back().kind = kind;
  return &result_.values_.back();
}

PickleValue* PickleReader::Push(PickleValue* value) {
  stack_.push_back(value);
  return value;
}

PickleValue* PickleReader::Top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) FailDamaged("its stack runs empty");
  return stack_.back();
}

PickleValue* PickleReader::Pop() {
  PickleValue* value = Top();
  stack_.pop_back();
  return value;
}

PickleReader::Items PickleReader::PopToMark() {
  if (marks_.empty()) FailDamaged("a mark is missing");
  const auto begin = stack_.begin() + static_cast<int64_t>(marks_.back());
  Items items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

PickleValue* PickleReader::PushItems(Kind kind, Items items) {
  PickleValue* value = New(kind);
  value->items = std::move(items);
  return Push(value);
}

void PickleReader::PushTuple(size_t count) {
  Items items(count);
  for (size_t i = count; i-- > 0;) items[i] = Pop();
  PushItems(Kind::kTuple, std::move(items));
}

void PickleReader::Put(uint64_t key) { memo_[key] = Top(); }

void PickleReader::Get(uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) FailDamaged("it refers to a value that it never stored");
  Push(found->second);
}

void PickleReader::Append(PickleValue* container, Kind kind, const Items& items) {
  // Classes derived from list or dict are objects with items of their own.
  if (container->kind != kind && container->kind != Kind::kObject) {
    FailDamaged(fmt::format("it adds items to a {}", container->KindName()));
  }
  if (kind == Kind::kDict && items.size() % 2 != 0) FailDamaged("a dict has a key and no value");
  container->items.insert(container->items.end(), items.begin(), items.end());
}

bool PickleReader::Step() {
  const auto op = static_cast<uint8_t>(Take(1)[0]);
  switch (op) {
    case '.':  // STOP
      return false;
    case 0x80:  // PROTO
      if (const uint64_t version = TakeLittleEndian(1); version > 5) {
        FailDamaged(fmt::format("protocol {}, expected 0 to 5", version));
      }
      return true;
    case 0x95:  // FRAME
      if (TakeLittleEndian(8) > rest_.size()) FailDamaged("it ends too early");
      return true;
    default:
      break;
  }
  if (!StepNumber(op) && !StepText(op) && !StepContainer(op) && !StepMemo(op) && !StepObject(op)) {
    FailDamaged(fmt::format("it has the unknown opcode {:#04x}", op));
  }
  return true;
}

bool PickleReader::StepNumber(uint8_t op) {
  const auto push_int = [&](Kind kind, int64_t value) { Push(New(kind))->integer = value; };
  switch (op) {
    case 'N':  // NONE
      Push(New(Kind::kNone));
      return true;
    case 0x88:  // NEWTRUE
    case 0x89:  // NEWFALSE
      push_int(Kind::kBool, op == 0x88);
      return true;
    case 'I':  // INT, also protocol 0's booleans
    case 'L':  // LONG
      PushDecimal(TakeLine());
      return true;
    case 'J':  // BININT
      push_int(Kind::kInt, static_cast<int32_t>(TakeLittleEndian(4)));
      return true;
    case 'K':  // BININT1
      push_int(Kind::kInt, static_cast<int64_t>(TakeLittleEndian(1)));
      return true;
    case 'M':  // BININT2
      push_int(Kind::kInt, static_cast<int64_t>(TakeLittleEndian(2)));
      return true;
    case 0x8A:  // LONG1
      PushLong(TakeCounted(1));
      return true;
    case 0x8B:  // LONG4
      PushLong(TakeCounted(4));
      return true;
    case 'F': {  // FLOAT
      const std::string_view line = TakeLine();
      double value = 0;
      const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
      if (error != std::errc() || end != line.data() + line.size()) {
        FailDamaged("a number cannot be read");
      }
      Push(New(Kind::kFloat))->real = value;
      return true;
    }
    case 'G': {  // BINFLOAT, big endian
      uint64_t bits = 0;
      for (const char c : Take(8)) bits = bits << 8 | static_cast<uint8_t>(c);
      Push(New(Kind::kFloat))->real = std::bit_cast<double>(bits);
      return true;
    }
    default:
      return false;
  }
}

void PickleReader::PushDecimal(std::string_view line) {
  if (line == "00" || line == "01") {
    Push(New(Kind::kBool))->integer = line == "01";
    return;
  }
  if (line.ends_with('L')) line.remove_suffix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end != line.data() + line.size()) {
    FailDamaged("a whole number cannot be read or has more than 64 bits");
  }
  Push(New(Kind::kInt))->integer = value;
}

void PickleReader::PushLong(std::string_view bytes) {
  if (bytes.size() > 8) {
    Push(New(Kind::kBigInt))->text = bytes;
    return;
  }
  // Sign-extend two's complement.
  uint64_t value = !bytes.empty() && (bytes.back() & 0x80) ? ~uint64_t{0} : 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  Push(New(Kind::kInt))->integer = static_cast<int64_t>(value);
}

bool PickleReader::StepText(uint8_t op) {
  switch (op) {
    case 'S':  // STRING
      PushQuoted(TakeLine());
      return true;
    case 'V':  // UNICODE
      PushRawUnicode(TakeLine());
      return true;
    case 'U':  // SHORT_BINSTRING
    case 'C':  // SHORT_BINBYTES
      PushBytes(TakeCounted(1));
      return true;
    case 'T':  // BINSTRING
    case 'B':  // BINBYTES
      PushBytes(TakeCounted(4));
      return true;
    case 0x8E:  // BINBYTES8
    case 0x96:  // BYTEARRAY8
      PushBytes(TakeCounted(8));
      return true;
    case 0x8C:  // SHORT_BINUNICODE
      PushUtf8(TakeCounted(1));
      return true;
    case 'X':  // BINUNICODE
      PushUtf8(TakeCounted(4));
      return true;
    case 0x8D:  // BINUNICODE8
      PushUtf8(TakeCounted(8));
      return true;
    default:
      return false;
  }
}

void PickleReader::PushUtf8(std::string_view text) {
  if (!DecodeUtf8(text)) FailDamaged("a text is not UTF-8");
  Push(New(Kind::kString))->text = text;
}

// A Python 2 repr() of a str: quotes and backslash escapes.
void PickleReader::PushQuoted(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back() ||
      (line.front() != '\'' && line.front() != '"')) {
    FailDamaged("a string lacks its quotes");
  }
  line = line.substr(1, line.size() - 2);
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      text.push_back(line[i]);
      continue;
    }
    if (++i == line.size()) FailDamaged("a string ends within an escape");
    static constexpr std::string_view kNames = "\\'\"abfnrtv";
    static constexpr std::string_view kCharacters = "\\'\"\a\b\f\n\r\t\v";
    if (const size_t at = kNames.find(line[i]); at != std::string_view::npos) {
      text.push_back(kCharacters[at]);
    } else if (line[i] == 'x') {
      const int64_t code = Hex(line, i + 1, 2);
      if (code < 0) FailDamaged("a string has a broken \\x escape");
      text.push_back(static_cast<char>(code));
      i += 2;
    } else if (line[i] >= '0' && line[i] <= '7') {
      int code = 0;
      size_t digits = 0;
      for (; digits < 3 && i + digits < line.size(); ++digits) {
        const char c = line[i + digits];
        if (c < '0' || c > '7') break;
        code = code * 8 + (c - '0');
      }
      text.push_back(static_cast<char>(code));
      i += digits - 1;
    } else {
      text.push_back('\\');
      text.push_back(line[i]);
    }
  }
  Push(New(Kind::kBytes))->text = std::move(text);
}

// Python's raw-unicode-escape: Latin-1 with \uXXXX and \UXXXXXXXX.
void PickleReader::PushRawUnicode(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    uint32_t code = static_cast<uint8_t>(line[i]);
    if (line[i] == '\\' && i + 1 < line.size() && (line[i + 1] == 'u' || line[i + 1] == 'U')) {
      const size_t digits = line[i + 1] == 'u' ? 4 : 8;
      const int64_t value = Hex(line, i + 2, digits);
      if (value < 0) FailDamaged("a text has a broken \\u escape");
      code = static_cast<uint32_t>(value);
      i += 1 + digits;
    }
    if (!AppendUtf8(text, code)) FailDamaged("a text holds what is no Unicode character");
  }
  Push(New(Kind::kString))->text = std::move(text);
}

bool PickleReader::StepContainer(uint8_t op) {
  switch (op) {
    case '(':  // MARK
      marks_.push_back(stack_.size());
      return true;
    case ')':  // EMPTY_TUPLE
      PushTuple(0);
      return true;
    case 0x85:  // TUPLE1, TUPLE2, TUPLE3
    case 0x86:
    case 0x87:
      PushTuple(op - 0x84u);
      return true;
    case 't':  // TUPLE
      PushItems(Kind::kTuple, PopToMark());
      return true;
    case ']':  // EMPTY_LIST
      PushItems(Kind::kList, {});
      return true;
    case 'l':  // LIST
      PushItems(Kind::kList, PopToMark());
      return true;
    case '}':  // EMPTY_DICT
      PushItems(Kind::kDict, {});
      return true;
    case 'd': {  // DICT
      const Items items = PopToMark();
      Append(PushItems(Kind::kDict, {}), Kind::kDict, items);
      return true;
    }
    case 0x8F:  // EMPTY_SET
      PushItems(Kind::kSet, {});
      return true;
    case 0x91:  // FROZENSET
      PushItems(Kind::kSet, PopToMark());
      return true;
    case 'a': {  // APPEND
      const PickleValue* item = Pop();
      Append(Top(), Kind::kList, {item});
      return true;
    }
    case 's': {  // SETITEM
      const PickleValue* value = Pop();
      const PickleValue* key = Pop();
      Append(Top(), Kind::kDict, {key, value});
      return true;
    }
    case 'e':     // APPENDS
    case 'u':     // SETITEMS
    case 0x90: {  // ADDITEMS
      const Items items = PopToMark();
      Append(Top(), op == 'e' ? Kind::kList : op == 'u' ? Kind::kDict : Kind::kSet, items);
      return true;
    }
    default:
      return false;
  }
}

bool PickleReader::StepMemo(uint8_t op) {
  const auto key = [&] {
    const std::string_view line = TakeLine();
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error != std::errc() || end != line.data() + line.size()) FailDamaged("a bad reference");
    return value;
  };
  switch (op) {
    case '0':  // POP takes a mark off when nothing is above it
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        Pop();
      }
      return true;
    case '1':  // POP_MARK
      PopToMark();
      return true;
    case '2':  // DUP
      Push(Top());
      return true;
    case 'p':  // PUT
      Put(key());
      return true;
    case 'q':  // BINPUT
      Put(TakeLittleEndian(1));
      return true;
    case 'r':  // LONG_BINPUT
      Put(TakeLittleEndian(4));
      return true;
    case 0x94:  // MEMOIZE
      Put(memo_.size());
      return true;
    case 'g':  // GET
      Get(key());
      return true;
    case 'h':  // BINGET
      Get(TakeLittleEndian(1));
      return true;
    case 'j':  // LONG_BINGET
      Get(TakeLittleEndian(4));
      return true;
    default:
      return false;
  }
}

bool PickleReader::StepObject(uint8_t op) {
  switch (op) {
    case 'c': {  // GLOBAL
      const std::string_view module = TakeLine();
      PushGlobal(module, TakeLine());
      return true;
    }
    case 0x93: {  // STACK_GLOBAL
      const PickleValue* name = Pop();
      const PickleValue* module = Pop();
      if (!name->IsText() || !module->IsText()) FailDamaged("a class has no name");
      PushGlobal(module->text, name->text);
      return true;
    }
    case 'R':     // REDUCE
    case 0x81: {  // NEWOBJ
      const PickleValue* args = Pop();
      Call(Pop(), args);
      return true;
    }
    case 0x92: {  // NEWOBJ_EX: keyword arguments join the others as one dict
      const PickleValue* keywords = Pop();
      const PickleValue* args = Pop();
      if (args->kind != Kind::kTuple) FailDamaged("a call without arguments");
      PickleValue* all = New(Kind::kTuple);
      all->items = args->items;
      all->items.push_back(keywords);
      Charge(all->items.size() * sizeof(void*));
      Call(Pop(), all);
      return true;
    }
    case 'i': {  // INST
      const std::string_view module = TakeLine();
      const std::string_view name = TakeLine();
      PickleValue* args = New(Kind::kTuple);
      args->items = PopToMark();
      PushGlobal(module, name);
      Call(Pop(), args);
      return true;
    }
    case 'o': {  // OBJ
      Items items = PopToMark();
      if (items.empty()) FailDamaged("its stack runs empty");
      const PickleValue* callable = items.front();
      items.erase(items.begin());
      PickleValue* args = New(Kind::kTuple);
      args->items = std::move(items);
      Call(callable, args);
      return true;
    }
    case 'b': {  // BUILD
      const PickleValue* state = Pop();
      Build(Top(), state);
      return true;
    }
    case 'P': {  // PERSID
      PickleValue* id = New(Kind::kString);
      id->text = TakeLine();
      PushPersistentId(id);
      return true;
    }
    case 'Q':  // BINPERSID
      PushPersistentId(Pop());
      return true;
    default:
      return false;
  }
}

Pickle ParsePickle(std::string_view content, const std::string& what,
                   const PickleOptions& options) {
  return PickleReader(content, what, options).Run();
}

}  // namespace gyre
