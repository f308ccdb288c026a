// SPDX-License-Identifier: Apache-2.0
// Every reader meets empty, cut off, random, damaged and wrong files. It may refuse them with a
// UserError or, where the damage happens to leave a valid file, read them; nothing else may happen.
#include "io/hostile.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/rng.h"
#include "io/csv.h"
#include "io/gzip.h"
#include "io/image.h"
#include "io/io_test_util.h"
#include "io/json.h"
#include "io/matlab.h"
#include "io/mesh.h"
#include "io/npz.h"
#include "io/pickle.h"
#include "io/sample_files.h"
#include "io/zip.h"

namespace gyre {
namespace {

std::string NpzBytes() {
  const TempFolder folder;
  const std::vector<double> values = {1, 2, 3};
  WriteNpz(folder.path() / "a.npz", {{"a", NdArray::From<double>({3}, values)},
                                     {"names", NdArray::FromStrings({"x", "yy"})}});
  return ReadFile(folder.path() / "a.npz");
}

std::string Pickle2() {
  return "\x80\x02}(" + PickleText("a") + PickleArray({2}, "f4", "<", false, "12345678") +
         PickleText("b") + "](K\x01G?\xF0" + std::string(6, '\0') + "Neu.";
}

}  // namespace

std::vector<ReaderCase> HostileReaders() {
  const std::string protocol0 = "(dp0\nS'a'\np1\n(lp2\nI1\naL23L\naF0.5\naVtext\naI01\nas.";
  return {
      {"npy", FormatNpy(NdArray::FromStrings({"ab", "c"})),
       [](const std::string& bytes) { ParseNpy(bytes, "file"); }},
      {"npzfile", NpzBytes(), FromFile([](const auto& path) { ReadNpz(path); })},
      {"pickle2", Pickle2(), [](const std::string& bytes) { ParsePickle(bytes, "file"); }},
      {"pickle0", protocol0, [](const std::string& bytes) { ParsePickle(bytes, "file"); }},
      {"json", R"({"people":[{"pose":[1.5,-2e3,"x"]}]})",
       [](const std::string& bytes) { ParseJson(bytes, "file"); }},
      {"npzfile_rows", NpzBytes(), FromFile([](const auto& path) {
         for (const std::string& key : NpzKeys(path)) NpzRows(path, key).Next(100);
       })},
      {"csv", "a,b\n1,\"two\"\"\"\n3,4\n",
       [](const std::string& bytes) { CsvTable::Parse(bytes, "file").Numbers("a"); }, true},
      {"matlab", Mat("joints", {2, 3}, {1, 2, 3, 4, 5, 6}, false),
       FromFile([](const auto& path) { ReadMatlabArray(path, "joints"); })},
      {"matlab_compressed", Mat("joints", {2, 3}, {1, 2, 3, 4, 5, 6}, true),
       FromFile([](const auto& path) { ReadMatlabArray(path, "joints"); })},
      {"image_png", EncodedImage(".png"),
       [](const std::string& bytes) { ParseImage(bytes, "file"); }},
      {"image_jpeg", EncodedImage(".jpg"),
       [](const std::string& bytes) { ParseImage(bytes, "file"); }},
      {"obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\ng all\nf 1 2 3\n",
       [](const std::string& bytes) { ParseObj(bytes, "file"); }, true},
      {"gzip", Gzip("some text, some text"), FromFile([](const auto& path) { ReadGzip(path); })},
  };
}

}  // namespace gyre
