// SPDX-License-Identifier: Apache-2.0
#include "io/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "io/sample_files.h"

namespace gyre {
namespace {

using std::string_literals::operator""s;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = PickleValue::Kind;

std::string ErrorOf(const std::string& bytes, const PickleOptions& options = {}) {
  return UserErrorOf([&] { ParsePickle(bytes, "model.pkl", options); });
}

TEST(Pickle, ReadsNumbersOfAllProtocols) {
  const Pickle pickle = ParsePickle(
      "(I42\nI-7\nI01\nI00\nL123456789012L\nF-2.5\nK\xFFM\x01\x01J\xFE\xFF\xFF\xFFG?\xF8"s +
          std::string(6, '\0') + "\x8A\x01\xFF\x8A\x00\x8A\x02\x00\x01NK\x01K\x02\x86t."s,
      "file");
  const auto& items = pickle.root().AsSequence("root");
  ASSERT_EQ(items.size(), 15u);
  EXPECT_EQ(items[0]->AsInt("i"), 42);
  EXPECT_EQ(items[1]->AsInt("i"), -7);
  EXPECT_EQ(items[2]->kind, Kind::kBool);
  EXPECT_TRUE(items[2]->AsBool("b"));
  EXPECT_FALSE(items[3]->AsBool("b"));
  EXPECT_EQ(items[4]->AsInt("i"), 123456789012);
  EXPECT_EQ(items[5]->AsDouble("f"), -2.5);
  EXPECT_EQ(items[6]->AsInt("i"), 255);
  EXPECT_EQ(items[7]->AsInt("i"), 257);
  EXPECT_EQ(items[8]->AsInt("i"), -2);
  EXPECT_EQ(items[9]->AsDouble("f"), 1.5);
  EXPECT_EQ(items[10]->AsInt("i"), -1);
  EXPECT_EQ(items[11]->AsInt("i"), 0);
  EXPECT_EQ(items[12]->AsInt("i"), 256);
  EXPECT_TRUE(items[13]->IsNone());
  EXPECT_EQ(items[14]->AsSequence("t").size(), 2u);
}

TEST(Pickle, KeepsIntegersBeyond64Bits) {
  // torch's magic number, 0x1950a86a20f9469cfc6c.
  const Pickle pickle = ParsePickle(
      "\x80\x02\x8A\nl\xFC\x9C"
      "F\xF9 j\xA8P\x19.rest",
      "file");
  EXPECT_EQ(pickle.root().kind, Kind::kBigInt);
  EXPECT_EQ(pickle.root().text,
            "l\xFC\x9C"
            "F\xF9 j\xA8P\x19");
  EXPECT_EQ(pickle.bytes_consumed(), 15u);
}

TEST(Pickle, ReadsTextOfAllProtocols) {
  const Pickle pickle = ParsePickle(
      "(S'a\\'\\n\\x41\\101\\q'\nS\"d'\"\nV\\u00fc\xFC\\U0001F600\nU\x02hiT\x02\0\0\0yoX\x02\0\0\0"
      "\xC3\xBC\x8C\x01z\x8E\x01\0\0\0\0\0\0\0b\x96\x01\0\0\0\0\0\0\0c\x43\x01\0t."s,
      "file");
  std::vector<std::string> texts;
  for (const PickleValue* item : pickle.root().items) texts.push_back(item->AsText("text"));
  EXPECT_THAT(texts, ElementsAre("a'\nAA\\q", "d'", "\u00fc\u00fc\U0001F600", "hi", "yo", "\u00fc",
                                 "z", "b", "c", "\0"s));
  EXPECT_EQ(pickle.root().items[3]->kind, Kind::kBytes);
  EXPECT_EQ(pickle.root().items[5]->kind, Kind::kString);
}

TEST(Pickle, BuildsContainersAndSharesMemoisedValues) {
  // {'a': [1, 2], 'b': that same list, 'a': 3}
  const Pickle pickle = ParsePickle("}(" + PickleText("a") + "](K\x01K\x02" + "eq\x05" +
                                        PickleText("b") + "h\x05" + PickleText("a") + "K\x03u.",
                                    "file");
  EXPECT_EQ(pickle.root().Find("a")->AsInt("a"), 3);  // the last of equal keys
  EXPECT_THAT(pickle.root().At("b", "b").AsArray("b").As<double>(), ElementsAre(1, 2));
  EXPECT_THAT(pickle.root().Keys(), ElementsAre("a", "b", "a"));
  EXPECT_EQ(pickle.root().Find("c"), nullptr);
  EXPECT_THAT(UserErrorOf([&] { pickle.root().At("c", "model.pkl"); }),
              AllOf(HasSubstr("model.pkl"), HasSubstr("'c'"), HasSubstr("a, b")));
}

// MEMOIZE counts from 0: ("a", "b", "c", "b", "a").
TEST(Pickle, MemoisesInOrder) {
  const Pickle pickle = ParsePickle(
      "(\x8C\x01"
      "a\x94\x8C\x01"
      "b\x94\x8C\x01"
      "c\x94h\x01h\0t."s,
      "file");
  std::string text;
  for (const PickleValue* item : pickle.root().items) text += item->AsText("text");
  EXPECT_EQ(text, "abcba");
}

TEST(Pickle, ReadsCyclesWithoutFollowingThem) {
  const Pickle pickle = ParsePickle("]q\0h\0a."s, "file");
  EXPECT_EQ(pickle.root().items[0], &pickle.root());
}

TEST(Pickle, ReadsArrays) {
  const std::string data = Raw(1.0) + Raw(2.0) + Raw(3.0) + Raw(4.0) + Raw(5.0) + Raw(6.0);
  const auto parse = [](const std::string& array) { return ParsePickle(array + ".", "file"); };
  const Pickle c = parse(PickleArray({2, 3}, "f8", "<", false, data));
  EXPECT_THAT(c.root().AsArray("c").As<double>(), ElementsAre(1, 2, 3, 4, 5, 6));
  const Pickle fortran = parse(PickleArray({2, 3}, "f8", "<", true, data));
  EXPECT_THAT(fortran.root().AsArray("f").As<double>(), ElementsAre(1, 3, 5, 2, 4, 6));
  const Pickle big = parse(PickleArray({2}, "u2", ">", false, "\x01\x00\x00\x02"s));
  EXPECT_THAT(big.root().AsArray("b").As<int32_t>(), ElementsAre(256, 2));
  const Pickle text = parse(PickleArray({2}, "S2", "|", false, "a\0bc"s));
  EXPECT_THAT(text.root().AsArray("t").strings, ElementsAre("a", "bc"));
  EXPECT_THAT(ErrorOf(PickleArray({2, 2}, "f8", "<", false, data) + "."), HasSubstr("4 elements"));
}

TEST(Pickle, LeavesArraysOfObjectsInert) {
  const Pickle pickle = ParsePickle(PickleArray({1}, "O8", "|", false, "") + ".", "file");
  EXPECT_TRUE(pickle.root().IsObject("numpy.ndarray"));
  EXPECT_THAT(UserErrorOf([&] { pickle.root().AsArray("key 'J'"); }), HasSubstr("key 'J'"));
}

TEST(Pickle, KeepsForeignObjectsAsRecords) {
  const std::string ch = PickleGlobal("chumpy.ch", "Ch") + ")\x81}" + PickleText("x") +
                         PickleArray({2}, "i4", "<", false, Raw(7) + Raw(8)) + "sb";
  const Pickle pickle = ParsePickle(ch + ".", "file");
  EXPECT_TRUE(pickle.root().IsObject("chumpy.ch.Ch"));
  EXPECT_THAT(pickle.root().AsArray("Ch").As<int32_t>(), ElementsAre(7, 8));
}

std::string Sparse(std::string_view name, int rows, int columns, const std::string& data,
                   const std::string& indices, const std::string& indptr) {
  const auto ints = [](const std::string& text) {
    std::string raw;
    for (const char c : text) raw += Raw(int32_t{c - '0'});
    return PickleArray({static_cast<uint8_t>(text.size())}, "i4", "<", false, raw);
  };
  return PickleGlobal("scipy.sparse.csc", name) + ")\x81}(" + PickleText("_shape") + "K" +
         static_cast<char>(rows) + "K" + static_cast<char>(columns) + "\x86" + PickleText("data") +
         ints(data) + PickleText("indices") + ints(indices) + PickleText("indptr") + ints(indptr) +
         "ub.";
}

TEST(Pickle, ExpandsSparseMatrices) {
  // [[1, 0, 2], [0, 3, 0]] by columns and by rows.
  const Pickle csc = ParsePickle(Sparse("csc_matrix", 2, 3, "132", "010", "0123"), "file");
  const NdArray by_column = csc.root().AsArray("J");
  EXPECT_EQ(by_column.ShapeString(), "(2, 3)");
  EXPECT_THAT(by_column.As<double>(), ElementsAre(1, 0, 2, 0, 3, 0));
  const Pickle csr = ParsePickle(Sparse("csr_matrix", 2, 3, "123", "021", "023"), "file");
  EXPECT_THAT(csr.root().AsArray("J").As<double>(), ElementsAre(1, 0, 2, 0, 3, 0));
}

TEST(Pickle, RefusesSparseMatricesThatContradictThemselves) {
  for (const std::string& bytes : {Sparse("csc_matrix", 2, 3, "132", "015", "0123"),
                                   Sparse("csc_matrix", 2, 3, "132", "010", "0193"),
                                   Sparse("csc_matrix", 2, 3, "132", "010", "013"),
                                   Sparse("csc_matrix", 2, 3, "13", "010", "0123"),
                                   Sparse("csc_matrix", 2, 3, "132", "010", "0213")}) {
    const Pickle pickle = ParsePickle(bytes, "file");
    EXPECT_THAT(UserErrorOf([&] { pickle.root().AsArray("key 'J'"); }), HasSubstr("contradicts"));
  }
}

TEST(Pickle, TurnsPythonsOwnHelpersIntoValues) {
  // collections.OrderedDict([['k', 5]]); _codecs.encode('\u00fc', 'latin1'); an old-style scalar.
  const Pickle dict = ParsePickle(
      PickleGlobal("collections", "OrderedDict") + "]]" + PickleText("k") + "aK\x05" + "aa\x85R.",
      "file");
  EXPECT_EQ(dict.root().At("k", "k").AsInt("k"), 5);
  const Pickle bytes = ParsePickle(
      PickleGlobal("_codecs", "encode") + "X\x02\0\0\0\xC3\xBC"s + PickleText("latin1") + "\x86R.",
      "file");
  EXPECT_THAT(
      ErrorOf(PickleGlobal("_codecs", "encode") + PickleText("x") + PickleText("rot13") + "\x86R."),
      HasSubstr("encoded"));
  EXPECT_EQ(bytes.root().kind, Kind::kBytes);
  EXPECT_EQ(bytes.root().text, "\xFC");
  const Pickle object =
      ParsePickle(PickleGlobal("copy_reg", "_reconstructor") + PickleGlobal("chumpy.ch", "Ch") +
                      PickleGlobal("__builtin__", "object") + "N\x87R.",
                  "file");
  EXPECT_TRUE(object.root().IsObject("chumpy.ch.Ch"));
}

TEST(Pickle, AcceptsPersistentIdsOnlyWhenAsked) {
  const std::string bytes = PickleText("storage") + "\x85Q.";
  EXPECT_THAT(ErrorOf(bytes), HasSubstr("outside"));
  PickleOptions options;
  options.persistent_ids = true;
  const Pickle pickle = ParsePickle(bytes, "file", options);
  EXPECT_EQ(pickle.root().kind, Kind::kPersistentId);
  EXPECT_EQ(pickle.root().args->items[0]->text, "storage");
}

TEST(Pickle, RefusesToRunAnything) {
  const std::string by_line = "cos\nsystem\n(S'echo'\ntR.";
  const std::string by_stack =
      "\x80\x04\x95\x14\0\0\0\0\0\0\0\x8C\x02os\x94\x8C\x06system\x93\x8C\x04"
      "echo\x85R."s;
  const std::string by_inst = "(S'echo'\nios\nsystem\n.";
  for (const std::string& bytes : {by_line, by_stack, by_inst}) {
    EXPECT_THAT(ErrorOf(bytes), AllOf(HasSubstr("model.pkl"), HasSubstr("os.system")));
  }
  for (const auto& [module, name] : {std::pair("builtins", "eval"),
                                     {"__builtin__", "getattr"},
                                     {"subprocess", "Popen"},
                                     {"numpy", "load"},
                                     {"posix", "x"},
                                     {"builtins", "object.x"},
                                     {"torchx", "y"}}) {
    EXPECT_THAT(ErrorOf(PickleGlobal(module, name) + "."), HasSubstr("never runs"))
        << module << "." << name;
  }
  PickleOptions options;
  options.more_globals = {"my.pack*"};
  const Pickle pickle = ParsePickle(PickleGlobal("my.package", "Thing") + ")R.", "file", options);
  EXPECT_TRUE(pickle.root().IsObject("my.package.Thing"));
}

TEST(Pickle, RefusesBrokenStackAndMemo) {
  EXPECT_THAT(ErrorOf("."), HasSubstr("stack runs empty"));
  EXPECT_THAT(ErrorOf("0."), HasSubstr("stack runs empty"));
  EXPECT_THAT(ErrorOf("NK\x01(a."), HasSubstr("stack runs empty"));  // not past a mark
  EXPECT_THAT(ErrorOf("t."), HasSubstr("mark"));
  EXPECT_THAT(ErrorOf("h\x07."), HasSubstr("never stored"));
  EXPECT_THAT(ErrorOf("g99999999999999999999\n."), HasSubstr("reference"));
  EXPECT_THAT(ErrorOf("q\x01."), HasSubstr("stack runs empty"));
  EXPECT_THAT(ErrorOf("K\x01K\x02"
                      "a."),
              HasSubstr("adds items to a int"));
  EXPECT_THAT(ErrorOf("}(K\x01u."), HasSubstr("key and no value"));
  EXPECT_THAT(ErrorOf("K\x01K\x02"
                      "b."),
              HasSubstr("attributes"));
  EXPECT_THAT(ErrorOf("K\x01)R."), HasSubstr("calls a int"));
  EXPECT_THAT(ErrorOf("\x80\x09N."), HasSubstr("protocol 9"));
  EXPECT_THAT(ErrorOf("\xFF"), HasSubstr("opcode"));
}

// Declared lengths are compared with the file before memory is taken.
TEST(Pickle, RefusesHugeDeclaredLengths) {
  for (const std::string& bytes :
       {"T\xFF\xFF\xFF\x7Fx."s, "T\xFF\xFF\xFF\xFFx."s, "X\xFF\xFF\xFF\xFFx."s,
        "\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx."s, "\x8B\xFF\xFF\xFF\x7Fx."s,
        "\x95\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7FN."s}) {
    EXPECT_THAT(ErrorOf(bytes), HasSubstr("ends too early"));
  }
}

// One memoised string made into a new array again and again would take any amount of memory.
TEST(Pickle, RefusesArraysFarLargerThanTheFile) {
  const std::string text(1 << 16, 'x');
  std::string bytes = "T"s + Raw(uint32_t{1 << 16}) + text + "q\x01" + "0(";
  for (int i = 0; i < 1000; ++i) {
    bytes += PickleGlobal("__builtin__", "bytes") + "h\x01\x85R";
  }
  EXPECT_THAT(ErrorOf(bytes + "t."), HasSubstr("larger than the file"));
}

TEST(Pickle, DeepNestingNeitherOverflowsNorLeaks) {
  constexpr size_t kDepth = 300000;
  const Pickle pickle =
      ParsePickle(std::string(kDepth, ']') + std::string(kDepth - 1, 'a') + ".", "file");
  const PickleValue* value = &pickle.root();
  size_t depth = 1;
  for (; !value->items.empty(); value = value->items[0]) ++depth;
  EXPECT_EQ(depth, kDepth);
}

// The released SMPL files' form: Python 2, chumpy and scipy objects. Values against the same body
// in cc0_body.npz.
TEST(Pickle, ReadsAnSmplModel) {
  const auto path = SharedData("body/smpl/SMPL_NEUTRAL.pkl");
  const auto npz_path = SharedData("body/cc0_body.npz");
  GYRE_SKIP_WITHOUT(path);
  const Pickle pickle = ReadPickle(path);
  const Npz npz = ReadNpz(npz_path);
  for (const char* key : {"v_template", "shapedirs", "posedirs", "weights", "J_regressor", "J", "f",
                          "kintree_table"}) {
    const NdArray array = pickle.root().At(key, path.string()).AsArray(key);
    const NdArray& expected = Get(npz, key, npz_path);
    EXPECT_EQ(array.shape, expected.shape) << key;
    EXPECT_EQ(array.As<double>(), expected.As<double>()) << key;
  }
  EXPECT_EQ(pickle.root().At("bs_type", "file").AsText("bs_type"), "lrotmin");
}

TEST(Pickle, ReadsAMixtureInBothItsProtocols) {
  const auto path = SharedData("body/gmm_08.pkl");
  GYRE_SKIP_WITHOUT(path);
  const Pickle pickle = ReadPickle(path);
  const Pickle old = ReadPickle(SharedData("body/gmm_08_protocol0.pkl"));
  for (const char* key : {"means", "covars", "weights"}) {
    const NdArray array = pickle.root().At(key, "file").AsArray(key);
    EXPECT_EQ(array.As<double>(), old.root().At(key, "file").AsArray(key).As<double>()) << key;
  }
  pickle.root().At("covars", "file").AsArray("covars").CheckShape({8, 69, 69}, "covars");
  double sum = 0;
  for (const double w : pickle.root().At("weights", "file").AsArray("w").As<double>()) sum += w;
  EXPECT_NEAR(sum, 1, 1e-9);
}

// A legacy torch file: magic number, protocol, system info and the object, one pickle each.
TEST(Pickle, WalksThroughPicklesInARow) {
  const auto path = SharedData("peers/torch_files/state_dict_legacy.pth");
  GYRE_SKIP_WITHOUT(path);
  const std::string content = ReadFile(path);
  std::string_view rest = content;
  PickleOptions options;
  options.persistent_ids = true;
  std::vector<Pickle> pickles;
  for (int i = 0; i < 5; ++i) {
    pickles.push_back(ParsePickle(rest, path.string(), options));
    rest.remove_prefix(pickles.back().bytes_consumed());
  }
  EXPECT_EQ(pickles[0].root().kind, Kind::kBigInt);
  EXPECT_EQ(pickles[1].root().AsInt("protocol"), 1001);
  EXPECT_TRUE(pickles[2].root().At("little_endian", "info").AsBool("little_endian"));
  const PickleValue& weight = pickles[3].root().At("conv1.weight", "state_dict");
  EXPECT_TRUE(weight.IsObject("torch._utils._rebuild_tensor_v2"));
  EXPECT_EQ(weight.args->items[0]->kind, Kind::kPersistentId);
  EXPECT_GT(pickles[4].root().AsSequence("storage keys").size(), 0u);
}

// A pickle of protocol 0, which is lines, and one of protocol 2 with a byte that is a line's end.
TEST(Pickle, LineEndsThatBecameCrlf) {
  std::string lines = "(dp0\n";
  for (int i = 0; i < 9; ++i) lines += fmt::format("S'key{}'\np{}\nI{}\ns", i, i + 1, i);
  lines += ".";
  EXPECT_EQ(ParsePickle(lines, "gmm.pkl").root().At("key7", "gmm.pkl").AsInt("key7"), 7);
  std::string changed;
  for (const char c : lines) changed += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_THAT(UserErrorOf([&] { ParsePickle(changed, "gmm.pkl"); }),
              testing::AllOf(HasSubstr("gmm.pkl"), HasSubstr("CRLF"), HasSubstr("as binary")));
  // A file that is merely damaged is not said to be that.
  EXPECT_THAT(UserErrorOf([&] { ParsePickle(lines.substr(0, 40), "gmm.pkl"); }),
              testing::Not(HasSubstr("CRLF")));
  EXPECT_THAT(
      UserErrorOf([&] { ParsePickle("version https://git-lfs.github.com/spec/v1\n", "a"); }),
      HasSubstr("git lfs pull"));
  EXPECT_THAT(UserErrorOf([&] { ParsePickle("<!DOCTYPE html>", "a"); }), HasSubstr("a web page"));
}

}  // namespace
}  // namespace gyre
