// SPDX-License-Identifier: Apache-2.0
// Compiled for newer processors than the rest of the program (CMakeLists.txt): nothing here may be
// an inline function of another header, which the linker would share with the rest.
#include "regressor/layers/mesh_kernels.h"

namespace gyre {
namespace {

constexpr int kB = kMeshBlock;
constexpr int kBone = 12;
typedef float Vec __attribute__((vector_size(4 * kB), aligned(4), may_alias));

const Vec& Load(const float* p) { return *reinterpret_cast<const Vec*>(p); }
Vec& At(float* p) { return *reinterpret_cast<Vec*>(p); }

float Sum(const Vec& v) {
  return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

// N bodies pass a block together: what is read of it serves them all, and their sums do not wait
// for each other.
template <int N>
void Pose(const MeshTable& mesh, const float* features, const float* bones, float* rest,
          float* vertices) {
  const MeshTable m = mesh;  // a copy that no store can change
  const int64_t plane = int64_t{kB} * m.num_blocks;
  for (int b = 0; b < m.num_blocks; ++b) {
    Vec r[N][3];
    for (int n = 0; n < N; ++n) {
      for (int axis = 0; axis < 3; ++axis) r[n][axis] = Load(m.mean + kB * (3 * b + axis));
    }
    for (int32_t e = m.dirs_begin[b]; e < m.dirs_begin[b + 1]; ++e) {
      const float *const d = m.dirs + 3 * kB * e, *const feature = features + m.dirs_feature[e];
      const Vec dx = Load(d), dy = Load(d + kB), dz = Load(d + 2 * kB);
      for (int n = 0; n < N; ++n) {
        const float f = feature[n * m.num_features];
        r[n][0] += f * dx, r[n][1] += f * dy, r[n][2] += f * dz;
      }
    }
    const int32_t first = m.weights_begin[b], last = m.weights_begin[b + 1];
    for (int n = 0; n < N; ++n) {
      const int64_t at = 3 * plane * n + kB * b;
      for (int axis = 0; axis < 3; ++axis) At(rest + at + axis * plane) = r[n][axis];
      for (int row = 0; row < 3; ++row) {
        Vec t0 = {}, t1 = {}, t2 = {}, t3 = {};
        for (int32_t e = first; e < last; ++e) {
          const Vec w = Load(m.weights + kB * e);
          const float* const a = bones + kBone * (m.num_bones * n + m.weights_bone[e]) + 4 * row;
          t0 += a[0] * w, t1 += a[1] * w, t2 += a[2] * w, t3 += a[3] * w;
        }
        At(vertices + at + row * plane) = t0 * r[n][0] + t1 * r[n][1] + t2 * r[n][2] + t3;
      }
    }
  }
}

template <int N>
void PoseBackward(const MeshTable& mesh, const float* bones, const float* rest,
                  const float* d_vertices, float* d_features, float* d_bones) {
  const MeshTable m = mesh;
  const int64_t plane = int64_t{kB} * m.num_blocks;
  // A sum for each place in a block; over those it is summed at the end.
  Vec feature_sums[kMaxMeshFeatures][N], bone_sums[kMaxMeshBones][N][kBone];
  for (int f = 0; f < m.num_features; ++f) {
    for (Vec& sum : feature_sums[f]) sum = Vec{};
  }
  for (int k = 0; k < m.num_bones; ++k) {
    for (auto& of_body : bone_sums[k]) {
      for (Vec& sum : of_body) sum = Vec{};
    }
  }
  for (int b = 0; b < m.num_blocks; ++b) {
    const int32_t first = m.weights_begin[b], last = m.weights_begin[b + 1];
    Vec d_rest[N][3];
    for (int n = 0; n < N; ++n) {
      const int64_t at = 3 * plane * n + kB * b;
      const Vec x = Load(rest + at), y = Load(rest + at + plane), z = Load(rest + at + 2 * plane);
      Vec dx = {}, dy = {}, dz = {};
      for (int row = 0; row < 3; ++row) {
        const Vec dv = Load(d_vertices + at + row * plane);
        const Vec dvx = dv * x, dvy = dv * y, dvz = dv * z;
        Vec t0 = {}, t1 = {}, t2 = {};
        for (int32_t e = first; e < last; ++e) {
          const Vec w = Load(m.weights + kB * e);
          const int32_t bone = m.weights_bone[e];
          const float* const a = bones + kBone * (m.num_bones * n + bone) + 4 * row;
          t0 += a[0] * w, t1 += a[1] * w, t2 += a[2] * w;
          Vec* const sums = bone_sums[bone][n] + 4 * row;
          sums[0] += w * dvx, sums[1] += w * dvy, sums[2] += w * dvz, sums[3] += w * dv;
        }
        dx += t0 * dv, dy += t1 * dv, dz += t2 * dv;
      }
      d_rest[n][0] = dx, d_rest[n][1] = dy, d_rest[n][2] = dz;
    }
    for (int32_t e = m.dirs_begin[b]; e < m.dirs_begin[b + 1]; ++e) {
      const float* const d = m.dirs + 3 * kB * e;
      const Vec dx = Load(d), dy = Load(d + kB), dz = Load(d + 2 * kB);
      Vec* const sums = feature_sums[m.dirs_feature[e]];
      for (int n = 0; n < N; ++n) {
        sums[n] += dx * d_rest[n][0] + dy * d_rest[n][1] + dz * d_rest[n][2];
      }
    }
  }
  for (int n = 0; n < N; ++n) {
    for (int f = 0; f < m.num_features; ++f) {
      d_features[n * m.num_features + f] = Sum(feature_sums[f][n]);
    }
    for (int k = 0; k < m.num_bones; ++k) {
      for (int i = 0; i < kBone; ++i) {
        d_bones[kBone * (m.num_bones * n + k) + i] = Sum(bone_sums[k][n][i]);
      }
    }
  }
}

}  // namespace

void PoseMesh(const MeshTable& mesh, int64_t begin, int64_t end, const float* features,
              const float* bones, float* rest, float* vertices) {
  const int64_t body = int64_t{3} * kB * mesh.num_blocks;
  for (int64_t s = begin; s < end;) {
    const bool together = s + kMeshBodies <= end;
    const auto pose = together ? Pose<kMeshBodies> : Pose<1>;
    pose(mesh, features + s * mesh.num_features, bones + s * mesh.num_bones * kBone,
         rest + s * body, vertices + s * body);
    s += together ? kMeshBodies : 1;
  }
}

void PoseMeshBackward(const MeshTable& mesh, int64_t begin, int64_t end, const float* bones,
                      const float* rest, const float* d_vertices, float* d_features,
                      float* d_bones) {
  const int64_t body = int64_t{3} * kB * mesh.num_blocks;
  for (int64_t s = begin; s < end;) {
    const bool together = s + kMeshBodies <= end;
    const auto backward = together ? PoseBackward<kMeshBodies> : PoseBackward<1>;
    backward(mesh, bones + s * mesh.num_bones * kBone, rest + s * body, d_vertices + s * body,
             d_features + s * mesh.num_features, d_bones + s * mesh.num_bones * kBone);
    s += together ? kMeshBodies : 1;
  }
}

}  // namespace gyre
