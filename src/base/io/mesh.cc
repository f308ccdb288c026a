// SPDX-License-Identifier: Apache-2.0
#include "io/mesh.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

// Reads an OBJ file line by line, each into fields between white space.
class ObjParser {
 public:
  ObjParser(std::string_view content, const std::string& what) : rest_(content), what_(what) {}

  ObjMesh Parse() {
    mesh_.face_start.push_back(0);
    while (!rest_.empty()) ParseLine();
    if (coordinates_.empty()) {
      ThrowUserError("{}: holds no vertex; expected a Wavefront OBJ mesh", what_);
    }
    mesh_.vertices =
        Eigen::Map<const Points3>(coordinates_.data(), static_cast<int64_t>(VertexCount()), 3);
    return std::move(mesh_);
  }

 private:
  [[noreturn]] void Fail(std::string_view expected) const {
    ThrowUserError("{}: line {}: expected {}", what_, line_number_, expected);
  }
  size_t VertexCount() const { return coordinates_.size() / 3; }

  void ParseLine() {
    ++line_number_;
    const size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line_.find('\0') != std::string_view::npos) Fail("text, found a zero byte");
    const std::string_view keyword = Field();
    if (keyword == "v") {
      ParseVertex();
    } else if (keyword == "vt" || keyword == "vn") {
      Number();
      Number();
      keyword == "vt" ? ++texture_count_ : ++normal_count_;
    } else if (keyword == "f") {
      ParseFace();
    } else if (keyword == "g") {
      group_ = Intern(mesh_.groups, Field());
    } else if (keyword == "usemtl") {
      material_ = Intern(mesh_.materials, Field());
    } else if (!keyword.empty() && keyword[0] != '#' && !IsIgnored(keyword)) {
      Fail(fmt::format("an OBJ keyword, found '{}'", keyword.substr(0, 40)));
    }
  }

  static bool IsIgnored(std::string_view keyword) {
    for (const std::string_view known : {"s", "o", "mtllib", "l", "p"}) {
      if (keyword == known) return true;
    }
    return false;
  }

  std::string_view Field() {
    static constexpr std::string_view kSpace = " \t\r";
    const size_t begin = std::min(line_.find_first_not_of(kSpace), line_.size());
    const size_t end = std::min(line_.find_first_of(kSpace, begin), line_.size());
    const std::string_view field = line_.substr(begin, end - begin);
    line_.remove_prefix(end);
    return field;
  }

  double Number() {
    const std::string_view field = Field();
    double value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) {
      Fail(fmt::format("a number, found '{}'", field.substr(0, 40)));
    }
    return value;
  }

  void ParseVertex() {
    if (VertexCount() >= std::numeric_limits<int32_t>::max()) Fail("fewer vertices");
    for (int axis = 0; axis < 3; ++axis) coordinates_.push_back(Number());
  }

  // Takes "v", "v/vt", "v//vn" or "v/vt/vn" apart; indices from 1, or negative from the end.
  int32_t Corner(std::string_view field) const {
    const size_t counts[] = {VertexCount(), texture_count_, normal_count_};
    int32_t vertex = 0;
    const std::string_view whole = field;
    for (size_t part = 0; part < 3; ++part) {
      const size_t slash = std::min(field.find('/'), field.size());
      const std::string_view number = field.substr(0, slash);
      if (part == 0 || !number.empty()) {
        int64_t index = 0;
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), index);
        const auto count = static_cast<int64_t>(counts[part]);
        if (index < 0) index += count + 1;
        if (error != std::errc() || end != number.data() + number.size() || index < 1 ||
            index > count) {
          Fail(fmt::format("a corner of the {} vertices so far, found '{}'", VertexCount(),
                           whole.substr(0, 40)));
        }
        if (part == 0) vertex = static_cast<int32_t>(index - 1);
      }
      if (slash == field.size()) return vertex;
      field.remove_prefix(slash + 1);
    }
    Fail(fmt::format("at most three numbers in a corner, found '{}'", whole.substr(0, 40)));
  }

  void ParseFace() {
    int32_t count = 0;
    for (std::string_view field = Field(); !field.empty(); field = Field(), ++count) {
      mesh_.corners.push_back(Corner(field));
    }
    if (count < 3) Fail("a face of at least three corners");
    if (mesh_.corners.size() > std::numeric_limits<int32_t>::max()) Fail("fewer faces");
    mesh_.face_start.push_back(static_cast<int32_t>(mesh_.corners.size()));
    if (group_ < 0) group_ = Intern(mesh_.groups, "");
    if (material_ < 0) material_ = Intern(mesh_.materials, "");
    mesh_.face_group.push_back(group_);
    mesh_.face_material.push_back(material_);
  }

  // The name's position in `names`, added if it is new.
  int32_t Intern(std::vector<std::string>& names, std::string_view name) {
    constexpr size_t kMaxNames = 1 << 14;
    for (size_t i = names.size(); i-- > 0;) {
      if (names[i] == name) return static_cast<int32_t>(i);
    }
    if (names.size() >= kMaxNames) Fail(fmt::format("at most {} names", kMaxNames));
    names.emplace_back(name);
    return static_cast<int32_t>(names.size()) - 1;
  }

  std::string_view rest_, line_;
  const std::string& what_;
  int64_t line_number_ = 0;
  ObjMesh mesh_;
  std::vector<double> coordinates_;
  size_t texture_count_ = 0, normal_count_ = 0;
  int32_t group_ = -1, material_ = -1;
};

void CheckFaces(const Points3& vertices, const Faces& faces) {
  GYRE_CHECK(faces.size() == 0 || (faces.minCoeff() >= 0 && faces.maxCoeff() < vertices.rows()),
             "faces of {} vertices", vertices.rows());
}

}  // namespace

Faces ObjMesh::Triangles() const {
  int64_t count = 0;
  for (int64_t f = 0; f < face_count(); ++f) count += face_start[f + 1] - face_start[f] - 2;
  Faces triangles(count, 3);
  int64_t row = 0;
  for (int64_t f = 0; f < face_count(); ++f) {
    for (int32_t c = face_start[f] + 1; c + 1 < face_start[f + 1]; ++c) {
      triangles.row(row++) << corners[face_start[f]], corners[c], corners[c + 1];
    }
  }
  return triangles;
}

ObjMesh ParseObj(std::string_view content, const std::string& what) {
  return ObjParser(content, what).Parse();
}

ObjMesh ReadObj(const std::filesystem::path& path) {
  return ParseObj(ReadFile(path, uint64_t{1} << 30), path.string());
}

void WriteObj(const std::filesystem::path& path, const Points3& vertices, const Faces& faces) {
  CheckFaces(vertices, faces);
  std::string text;
  for (int64_t v = 0; v < vertices.rows(); ++v) {
    fmt::format_to(std::back_inserter(text), "v {:.9g} {:.9g} {:.9g}\n", vertices(v, 0),
                   vertices(v, 1), vertices(v, 2));
  }
  for (int64_t f = 0; f < faces.rows(); ++f) {
    fmt::format_to(std::back_inserter(text), "f {} {} {}\n", faces(f, 0) + 1, faces(f, 1) + 1,
                   faces(f, 2) + 1);
  }
  WriteFileAtomically(path, text);
}

}  // namespace gyre
