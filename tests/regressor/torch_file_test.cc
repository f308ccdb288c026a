// SPDX-License-Identifier: Apache-2.0
#include "regressor/torch_file.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/rng.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "io/pickle.h"
#include "io/zip.h"

namespace gyre {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kPeers = SharedData("peers/torch_files");

void ExpectEqualsArray(const at::Tensor& tensor, const NdArray& expected, const std::string& name) {
  ASSERT_EQ(tensor.sizes().vec(), expected.shape) << name;
  const std::vector<float> values = expected.As<float>(name);
  const at::Tensor actual = tensor.to(at::kFloat).contiguous();
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(actual.data_ptr<float>()[i], values[i]) << name << " element " << i;
  }
}

// Every array of expected.npz under `prefix` equals the tensor of its name, and there are no
// others.
void ExpectEqualsPeer(const StateDict& state, const std::string& prefix) {
  const Npz expected = ReadNpz(kPeers / "expected.npz");
  size_t count = 0;
  for (const auto& [key, array] : expected) {
    if (!key.starts_with(prefix)) continue;
    ++count;
    const std::string name = key.substr(prefix.size());
    ASSERT_TRUE(state.contains(name)) << name;
    ExpectEqualsArray(state.at(name), array, name);
  }
  EXPECT_EQ(count, state.size());
  EXPECT_GT(count, 0u);
}

TEST(TorchFile, ReadsStateDictsOfBothFormats) {
  GYRE_SKIP_WITHOUT(kPeers);
  for (const char* name : {"state_dict_zip.pt", "state_dict_legacy.pth"}) {
    SCOPED_TRACE(name);
    ExpectEqualsPeer(ReadTorchFile(kPeers / name).AsStateDict(name), "state_dict/");
  }
}

TEST(TorchFile, ReadsOddTensorsOfBothFormats) {
  GYRE_SKIP_WITHOUT(kPeers);
  for (const char* name : {"odd_tensors_zip.pt", "odd_tensors_legacy.pt"}) {
    SCOPED_TRACE(name);
    const StateDict odd = ReadTorchFile(kPeers / name).AsStateDict(name);
    ExpectEqualsPeer(odd, "odd/");
    EXPECT_EQ(odd.at("half").scalar_type(), at::kHalf);
    EXPECT_EQ(odd.at("bf16").scalar_type(), at::kBFloat16);
    EXPECT_EQ(odd.at("double").scalar_type(), at::kDouble);
    EXPECT_EQ(odd.at("int64").scalar_type(), at::kLong);
    EXPECT_EQ(odd.at("bool").scalar_type(), at::kBool);
    EXPECT_TRUE(odd.at("view_t").is_contiguous());
    EXPECT_EQ(odd.at("scalar").dim(), 0);
  }
}

TEST(TorchFile, ReadsSpinsCheckpointLayoutOfBothFormats) {
  GYRE_SKIP_WITHOUT(kPeers);
  for (const char* name : {"spin_layout_checkpoint_zip.pt", "spin_layout_checkpoint_legacy.pt"}) {
    SCOPED_TRACE(name);
    const TorchValue root = ReadTorchFile(kPeers / name);
    ExpectEqualsPeer(root.At("model", name).AsStateDict(name), "checkpoint/");
    EXPECT_GE(root.At("epoch", name).AsInt(name), 0);
    EXPECT_GT(root.At("batch_size", name).AsInt(name), 0);
    EXPECT_EQ(root.At("dataset_perm", name).AsTensor(name).scalar_type(), at::kLong);
    // The optimiser's state has integer keys.
    const TorchValue& first = root.At("optimizer", name).At("state", name).At("0", name);
    EXPECT_EQ(first.At("exp_avg", name).AsTensor(name).dim(), 4);
  }
}

TorchValue Everything() {
  TorchValue::Dict dict = {{"none", TorchValue()},
                           {"yes", true},
                           {"small", int64_t{-3}},
                           {"large", int64_t{1} << 40},
                           {"pi", 3.25},
                           {"text", "grüße"},
                           {"list", TorchValue::List{int64_t{1}, 2.5, "three"}},
                           {"empty", at::empty({0, 3})},
                           {"scalar", at::full({}, 2.5)},
                           {"strided", at::arange(6).view({2, 3}).t()}};
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16, at::kLong,
                                    at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    dict.emplace_back(c10::toString(type), at::arange(5).to(type));
  }
  return TorchValue::Dict{{"nested", std::move(dict)}};
}

void ExpectSame(const TorchValue& a, const TorchValue& b, const std::string& name) {
  ASSERT_EQ(a.value.index(), b.value.index()) << name;
  if (const auto* tensor = std::get_if<at::Tensor>(&a.value)) {
    const at::Tensor& other = std::get<at::Tensor>(b.value);
    EXPECT_EQ(tensor->scalar_type(), other.scalar_type()) << name;
    EXPECT_TRUE(tensor->equal(other)) << name;
  } else if (const auto* dict = std::get_if<TorchValue::Dict>(&a.value)) {
    const auto& other = std::get<TorchValue::Dict>(b.value);
    ASSERT_EQ(dict->size(), other.size()) << name;
    for (size_t i = 0; i < dict->size(); ++i) {
      EXPECT_EQ((*dict)[i].first, other[i].first);
      ExpectSame((*dict)[i].second, other[i].second, name + "/" + (*dict)[i].first);
    }
  } else if (const auto* list = std::get_if<TorchValue::List>(&a.value)) {
    const auto& other = std::get<TorchValue::List>(b.value);
    ASSERT_EQ(list->size(), other.size()) << name;
    for (size_t i = 0; i < list->size(); ++i) ExpectSame((*list)[i], other[i], name);
  } else if (const auto* text = std::get_if<std::string>(&a.value)) {
    EXPECT_EQ(*text, std::get<std::string>(b.value)) << name;
  } else if (const auto* flag = std::get_if<bool>(&a.value)) {
    EXPECT_EQ(*flag, std::get<bool>(b.value)) << name;
  } else if (!std::holds_alternative<std::monostate>(a.value)) {
    EXPECT_EQ(a.AsDouble(name), b.AsDouble(name)) << name;
  }
}

TEST(TorchFile, WritesWhatItReads) {
  const TempFolder folder;
  const auto path = folder.path() / "all.pt";
  WriteTorchFile(path, Everything());
  ExpectSame(ReadTorchFile(path), Everything(), "root");
}

TEST(TorchFile, EqualContentGivesEqualBytes) {
  const TempFolder folder;
  WriteTorchFile(folder.path() / "a.pt", Everything());
  WriteTorchFile(folder.path() / "b.pt", Everything());
  EXPECT_EQ(ReadFile(folder.path() / "a.pt"), ReadFile(folder.path() / "b.pt"));
}

// torch.load(weights_only=True) refuses any other name.
TEST(TorchFile, WritesOnlyNamesThatPythonAllowsForWeights) {
  const TempFolder folder;
  WriteTorchFile(folder.path() / "all.pt", Everything());
  const ZipReader zip(folder.path() / "all.pt");
  EXPECT_EQ(zip.names().front(), "archive/data.pkl");
  EXPECT_EQ(zip.Read("archive/version"), "3\n");
  PickleOptions allowed{.more_globals = {"torch._utils._rebuild_tensor_v2"},
                        .persistent_ids = true};
  for (const char* type :
       {"Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool"}) {
    allowed.more_globals.push_back(std::string("torch.") + type + "Storage");
  }
  const Pickle tree = ParsePickle(zip.Read("archive/data.pkl"), "data.pkl", allowed);
  EXPECT_EQ(tree.root().Keys(), std::vector<std::string>{"nested"});
}

TEST(TorchFile, RefusesWhatIsNoTorchFile) {
  const TempFolder folder;
  EXPECT_THAT(UserErrorOf([&] { ReadTorchFile(folder.path() / "missing.pt"); }),
              HasSubstr("missing.pt"));
  for (const std::string& content :
       {std::string(), std::string("hello"), std::string(1000, '\0'), std::string("PK\3\4rest"),
        std::string("\x80\x02\x8a\x0a", 4), std::string("\x80\x02}.")}) {
    const auto path = folder.Write("bad.pt", content);
    EXPECT_THAT(UserErrorOf([&] { ReadTorchFile(path); }), HasSubstr("bad.pt"));
  }
}

TEST(TorchFile, TruncatedAndDamagedFilesGiveOneSentenceOrAValue) {
  GYRE_SKIP_WITHOUT(kPeers);
  const TempFolder folder;
  Rng rng(6, RngStream::kTest);
  for (const char* name : {"odd_tensors_zip.pt", "odd_tensors_legacy.pt"}) {
    const std::string content = ReadFile(kPeers / name);
    for (size_t size = 0; size < content.size(); size += 37) {
      const auto path = folder.Write("cut.pt", content.substr(0, size));
      EXPECT_THROW(ReadTorchFile(path), UserError) << name << " cut at " << size;
    }
    for (int i = 0; i < 300; ++i) {
      std::string damaged = content;
      for (int k = 0; k < 3; ++k) {
        damaged[rng.Below(damaged.size())] = static_cast<char>(rng.NextU32());
      }
      const auto path = folder.Write("damaged.pt", damaged);
      try {
        ReadTorchFile(path);
      } catch (const UserError&) {
        // Damage that only changes a value cannot be told from the value.
      }
    }
  }
}

// A tensor (sizes, strides, offset) over a storage of four floats.
std::string TensorTree(const std::string& offset, const std::string& sizes,
                       const std::string& strides) {
  return "(dS't'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\n"
         "S'cpu'\nI4\ntQ" +
         offset + "(" + sizes + "t(" + strides + "tI00\nNtRs.";
}

TEST(TorchFile, RefusesTensorsThatReachOutsideTheirStorage) {
  const TempFolder folder;
  const auto path = folder.path() / "t.pt";
  const auto write = [&](const std::string& tree, size_t bytes = 16) {
    WriteZip(path, {{"archive/data.pkl", tree}, {"archive/data/0", std::string(bytes, '\0')}},
             ZipMethod::kStored);
  };
  write(TensorTree("I0\n", "I2\nI2\n", "I2\nI1\n"));
  EXPECT_EQ(ReadTorchFile(path).AsStateDict("t").at("t").numel(), 4);
  for (const std::string& tree :
       {TensorTree("I1\n", "I2\nI2\n", "I2\nI1\n"), TensorTree("I-1\n", "I2\n", "I1\n"),
        TensorTree("I0\n", "I2\nI2\n", "I1\n"), TensorTree("I0\n", "I-2\n", "I1\n"),
        TensorTree("I0\n", "I2\n", "I-1\n"), TensorTree("I0\n", "I2\n", "I9223372036854775807\n"),
        TensorTree("I0\n", "I4294967296\nI4294967296\n", "I0\nI0\n"),
        TensorTree("I0\n", "I1000000000\n", "I0\n")}) {
    write(tree);
    EXPECT_THAT(UserErrorOf([&] { ReadTorchFile(path); }), HasSubstr("t.pt"));
  }
  write(TensorTree("I0\n", "I2\nI2\n", "I2\nI1\n"), 12);
  EXPECT_THAT(UserErrorOf([&] { ReadTorchFile(path); }), HasSubstr("storage 0"));
}

TEST(TorchFile, RefusesCodeAndBombs) {
  const TempFolder folder;
  const auto path = folder.path() / "evil.pt";
  WriteZip(path, {{"archive/data.pkl", "cos\nsystem\n(S'true'\ntR."}}, ZipMethod::kStored);
  EXPECT_THAT(UserErrorOf([&] { ReadTorchFile(path); }), HasSubstr("os.system"));
  // Lists of the list before: 2^40 values in a few hundred bytes.
  std::string bomb = "]q";
  bomb += '\0';
  for (char i = 0; i < 40; ++i) {
    bomb += "]q";
    bomb += static_cast<char>(i + 1);
    for (int k = 0; k < 2; ++k) {
      bomb += 'h';
      bomb += i;
      bomb += 'a';
    }
  }
  WriteZip(path, {{"archive/data.pkl", bomb + "."}}, ZipMethod::kStored);
  EXPECT_THAT(UserErrorOf([&] { ReadTorchFile(path); }), HasSubstr("evil.pt"));
}

TEST(TorchValue, SaysWhatItIsInsteadOfWhatWasExpected) {
  const TorchValue root = TorchValue::Dict{{"a", int64_t{1}}, {"b", "text"}};
  EXPECT_EQ(root.At("a", "root").AsDouble("a"), 1.0);
  EXPECT_EQ(UserErrorOf([&] { root.At("b", "root").AsTensor("f.pt: b"); }),
            "f.pt: b is a string, expected a tensor");
  EXPECT_EQ(UserErrorOf([&] { root.At("c", "f.pt"); }), "f.pt has no \"c\"; it has: a, b");
}

}  // namespace
}  // namespace gyre
