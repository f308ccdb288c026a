// SPDX-License-Identifier: Apache-2.0
// How much of each pixel a mesh covers, with exact derivatives; double precision, free of Torch.
//
// Let n_k(x) be how many faces of class k that look at the camera project over the point x of the
// image. A pixel at p sees them through a kernel of unit mass, of standard deviation sigma along
// either axis:
//   N_k(p) = integral of n_k(x) K(x - p) dx
// K is a square. Where sigma > 1 / sqrt(12) the square is the pixel, so that it gives areas, and a
// Gaussian filter over pixels, cut off at three deviations, adds the rest of the variance.
// With sigma to 0 N_k(p) becomes n_k(p): what a pixel's centre shows.
//
// What is covered is given out from front to back. In the order of the classes' depths at p
//   M_k(p) = min(N_k(p), 1 - sum of the M before it)
// so that classes that share a surface share a pixel, one that is in front hides what is behind it,
// and the sum, which is the silhouette, is min(sum_k N_k, 1). Nothing is inflated: where a straight
// contour runs through a pixel's centre a half is covered, however fine the mesh is.
//
// Edges between two faces of a class that look at the camera cancel in n_k: only contours count.
// By Green's theorem N is a sum over the rows that they cross. When a contour from a to b moves by
// d(t) at a + t (b - a), the derivative of N is the flux through it (Reynolds):
//   dN(p) = sum over contours of integral_0^1 K(a + t (b - a) - p) d(t) x (b - a) dt
// Both integrals are of polynomials between the borders of the squares, and computed as such. So
// time goes with the length of contours and the number of pixels, not with their product; memory
// is a few pictures a thread. The order in depth is constant in pieces and has no derivative.
//
// Faces turn counter-clockwise seen from outside (BodyModel's do). Of a closed mesh the faces that
// look at the camera are all that is seen. Of an open one those that look away are counted too, by
// themselves, and N_k is the larger.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/types.h"

namespace gyre {

// A mesh without its places: edges, and the faces at each.
struct CoverageMesh {
  struct Side {
    int32_t face;
    int8_t sign;  // +1: the face's edge runs from the first vertex to the second
  };
  static constexpr int kMostClasses = 64;
  // `class_of_face` [F]; empty: all are of class 0. The classes are 0 to the largest.
  CoverageMesh(const Faces& faces, int64_t num_vertices, std::vector<uint8_t> class_of_face = {});

  int64_t num_vertices = 0;
  int num_classes = 1;
  bool closed = true;  // each edge runs both ways equally often
  std::vector<std::array<int32_t, 3>> faces;
  std::vector<uint8_t> class_of_face;
  std::vector<std::array<int32_t, 2>> edges;
  std::vector<int32_t> sides_begin;  // [edges + 1]
  std::vector<Side> sides;
};

struct CoverageOptions {
  int size_px = 224;      // of the square picture
  double sigma_px = 0.5;  // > 0
  double near_m = 0.01;   // faces with a vertex nearer than this are not drawn
};

// What vertices look like: pixels [V,2], of which integers are pixels' centres, and depth [V] along
// the axis of the camera, metres. Faces with a vertex that is not finite or farther than 2^20 px
// out are not drawn.
struct ProjectedMesh {
  const double* px;
  const double* depth_m;
};

// One thread's work on one mesh after another.
class MeshCoverage {
 public:
  MeshCoverage(const CoverageMesh& mesh, const CoverageOptions& options);

  // Planes of [size,size] bytes that the derivative needs: the class that took what was left of a
  // pixel (255: none did), and for each class of an open mesh which faces counted.
  static int NotePlanes(const CoverageMesh& mesh) { return mesh.closed ? 1 : 1 + mesh.num_classes; }

  // M_k as maps [K,size,size].
  void Forward(const ProjectedMesh& projected, double* maps, uint8_t* notes);
  // From the gradient of the maps that of the pixels [V,2], which is added to.
  void Backward(const ProjectedMesh& projected, const double* maps, const uint8_t* notes,
                const double* d_maps, double* d_px);

 private:
  struct Contour {
    int32_t from, to;
    int class_idx;
    double weight;  // how often, in the direction that leaves what is covered to its right
  };

  void FindFacing(const ProjectedMesh& projected);
  void FindContours(int facing);
  void AddEdges(const ProjectedMesh& projected, int class_idx);
  void Smooth(double* map);
  void SmoothBackward(const double* d_map);
  // [K,size^2] 1 / depth of the nearest face of each class; 0 where there is none.
  void FindDepths(const ProjectedMesh& projected);
  void ShareOut(double* maps, uint8_t* filled) const;

  const CoverageMesh& mesh_;
  int size_, canvas_;  // the canvas is wider by the filter's reach on each side
  double near_m_, box_;
  std::vector<double> taps_;    // of the filter, 2 reach + 1
  std::vector<int8_t> facing_;  // of faces: -1 to the camera, +1 away, 0 not drawn
  std::vector<Contour> contours_;
  std::vector<double> field_;  // [canvas, canvas + 1]: areas, or the gradient with respect to them
  std::vector<double> rows_;   // [canvas, size]
  std::vector<double> nearest_;
};

}  // namespace gyre
