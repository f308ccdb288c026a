// SPDX-License-Identifier: Apache-2.0
// Numbers and texts in pickles.
#include <bit>
#include <charconv>

#include "io/pickle_reader.h"
#include "io/utf8.h"

namespace gyre {
namespace {

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

}  // namespace gyre
