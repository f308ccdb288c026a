// SPDX-License-Identifier: Apache-2.0
#include "io/pickle_reader.h"

#include <charconv>

#include "core/error.h"

namespace gyre {
namespace {

constexpr size_t kMaxValues = size_t{1} << 22;
constexpr size_t kMaxLine = size_t{1} << 30;
// Arrays and re-coded byte strings may take this many times the file's size: real files need 1,
// a file that reuses one memoised string for many arrays would otherwise take any amount.
constexpr uint64_t kCopyFactor = 8;
constexpr uint64_t kCopyFree = 1 << 20;

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
  if (!StepNumber(op) && !StepText(op) && !StepContainer(op) && !StepMemo(op) && !StepCall(op) &&
      !StepObject(op)) {
    FailDamaged(fmt::format("it has the unknown opcode {:#04x}", op));
  }
  return true;
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

bool PickleReader::StepCall(uint8_t op) {
  switch (op) {
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

namespace {

// Whether some program took the file for text and changed its line ends: a file of many of them has
// none that was not changed.
bool LineEndsWereChanged(std::string_view content) {
  constexpr int kFewest = 8;
  int lines = 0;
  for (size_t at = content.find('\n'); at != std::string_view::npos;
       at = content.find('\n', at + 1)) {
    if (at == 0 || content[at - 1] != '\r') return false;
    ++lines;
  }
  return lines >= kFewest;
}

}  // namespace

Pickle ParsePickle(std::string_view content, const std::string& what,
                   const PickleOptions& options) {
  try {
    return PickleReader(content, what, options).Run();
  } catch (const UserError&) {
    if (content.starts_with("version https://git-lfs")) {
      ThrowUserError("{}: is what Git LFS puts in a file's place; get the file with git lfs pull",
                     what);
    }
    if (content.starts_with("<!DOCTYPE") || content.starts_with("<html")) {
      ThrowUserError("{}: is a web page, not the file that was to be downloaded", what);
    }
    if (!LineEndsWereChanged(content)) throw;
    ThrowUserError(
        "{}: its line ends became CRLF, as when a pickle is copied as text (git's autocrlf, FTP's "
        "ASCII mode); copy the original again, as binary",
        what);
  }
}

}  // namespace gyre
