// SPDX-License-Identifier: Apache-2.0
#include "io/mesh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/gzip.h"
#include "io/io_test_util.h"
#include "io/sample_files.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kSquare =
    "# a square and a triangle\r\nv 0 0 0\r\nv 1 0 0 1.0\nv 1 1 0\nv 0 1 -2.5e-1\nvt 0 0\nvn 0 0 "
    "1\n"
    "f 1 2 3\ng skirt\nusemtl cloth\ns off\nf 1/1/1 2//1 3/1 4\ng\nf -4 -2 -1\n\n";

TEST(Obj, ReadsPolygonsWithGroups) {
  const ObjMesh mesh = ParseObj(kSquare, "square.obj");
  ASSERT_EQ(mesh.vertices.rows(), 4);
  EXPECT_EQ(mesh.vertices(3, 2), -0.25);
  EXPECT_THAT(mesh.face_start, ElementsAre(0, 3, 7, 10));
  EXPECT_THAT(mesh.corners, ElementsAre(0, 1, 2, 0, 1, 2, 3, 0, 2, 3));
  EXPECT_THAT(mesh.groups, ElementsAre("", "skirt"));
  EXPECT_THAT(mesh.face_group, ElementsAre(0, 1, 0));
  EXPECT_THAT(mesh.materials, ElementsAre("", "cloth"));
  EXPECT_THAT(mesh.face_material, ElementsAre(0, 1, 1));
  Faces expected(4, 3);
  expected << 0, 1, 2, 0, 1, 2, 0, 2, 3, 0, 2, 3;
  EXPECT_EQ(mesh.Triangles(), expected);
}

TEST(Obj, NamesTheLineOfAnError) {
  const auto error = [](const std::string& line) {
    return UserErrorOf([&] { ParseObj("v 0 0 0\nv 1 0 0\nv 0 1 0\n" + line + "\n", "m.obj"); });
  };
  EXPECT_THAT(error("f 1 2 4"), HasSubstr("m.obj: line 4"));
  EXPECT_THAT(error("f 1 2 0"), HasSubstr("'0'"));
  EXPECT_THAT(error("f 1 2 -4"), HasSubstr("3 vertices"));
  EXPECT_THAT(error("f 1 2 3/1"), HasSubstr("'3/1'"));
  EXPECT_THAT(error("f 1 2"), HasSubstr("three corners"));
  EXPECT_THAT(error("f 1 2 3////"), HasSubstr("corner"));
  EXPECT_THAT(error("v 1 nan 2"), HasSubstr("a number"));
  EXPECT_THAT(error("v 1 2"), HasSubstr("a number"));
  EXPECT_THAT(error("vertex 1 2 3"), HasSubstr("keyword"));
}

TEST(Mesh, WritesObj) {
  const TempFolder folder;
  const ObjMesh square = ParseObj(kSquare, "square.obj");
  const Faces faces = square.Triangles();
  WriteObj(folder.path() / "a.obj", square.vertices, faces);
  const ObjMesh back = ReadObj(folder.path() / "a.obj");
  EXPECT_EQ(back.vertices, square.vertices);
  EXPECT_EQ(back.Triangles(), faces);
  EXPECT_THROW(WriteObj(folder.path() / "b.obj", square.vertices.topRows(2), faces),
               std::logic_error);
}

TEST(Obj, ReadsTheMakeHumanBase) {
  const auto path = SharedData("makehuman/3dobjs/base.obj");
  GYRE_SKIP_WITHOUT(path);
  const ObjMesh mesh = ReadObj(path);
  EXPECT_EQ(mesh.vertices.rows(), 19158);
  EXPECT_EQ(mesh.face_count(), 18486);
  EXPECT_EQ(mesh.Triangles().rows(), 2 * 18486);  // all quads
  EXPECT_THAT(mesh.groups, testing::Contains("body"));
}

TEST(Gzip, ReadsMembersInARow) {
  const TempFolder folder;
  const std::string text(1000000, 'x');
  EXPECT_EQ(ReadGzip(folder.Write("a.gz", Gzip(text) + Gzip("end"))), text + "end");
  EXPECT_EQ(ReadGzip(folder.Write("b.gz", Gzip(""))), "");
  const auto path = folder.Write("c.gz", Gzip(text));
  EXPECT_EQ(ReadGzip(path, 1000000).size(), 1000000u);
  EXPECT_THAT(UserErrorOf([&] { ReadGzip(path, 999999); }), HasSubstr("999999"));
  EXPECT_THAT(UserErrorOf([&] { ReadGzip(folder.Write("d.gz", "plain text")); }),
              HasSubstr("d.gz"));
}

}  // namespace
}  // namespace gyre
