// SPDX-License-Identifier: Apache-2.0
#include "render/shading.h"

#include <Eigen/Geometry>
#include <algorithm>

#include "core/error.h"
#include "render/rasteriser.h"
#include "render/srgb.h"

namespace gyre {
namespace {

using Vec3f = Eigen::Vector3f;

// Lighting in floats, directions of unit length.
class Shader {
 public:
  explicit Shader(const Lighting& lighting)
      : up_(lighting.up.normalized().cast<float>()),
        mean_ambient_((0.5 * (lighting.sky + lighting.ground)).cast<float>()),
        ambient_slope_((0.5 * (lighting.sky - lighting.ground)).cast<float>()) {
    for (const DirectionalLight& light : lighting.lights) {
      lights_.push_back(
          {light.towards_light.normalized().cast<float>(), light.radiance.cast<float>()});
    }
  }

  Vec3f Irradiance(const Vec3f& normal) const {
    Vec3f result = mean_ambient_ + normal.dot(up_) * ambient_slope_;
    for (const auto& [direction, radiance] : lights_) {
      result += std::max(0.0f, normal.dot(direction)) * radiance;
    }
    return result;
  }

 private:
  Vec3f up_, mean_ambient_, ambient_slope_;
  std::vector<std::pair<Vec3f, Vec3f>> lights_;
};

// The mesh's normals and linear colours in floats, ready to be interpolated.
struct Surface {
  const Faces& faces;
  Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor> normals, albedo;
  Paint::Per per;
  Eigen::VectorXf opacity;

  Surface(const Points3& vertices, const Faces& faces, const Paint& paint)
      : faces(faces),
        normals(VertexNormals(vertices, faces).cast<float>()),
        per(paint.per),
        opacity(paint.opacity.cast<float>()) {
    const Eigen::Index rows = per == Paint::Per::kMesh     ? 1
                              : per == Paint::Per::kVertex ? vertices.rows()
                                                           : faces.rows();
    GYRE_CHECK(paint.rgb.rows() == rows, "{} colours for {} parts", paint.rgb.rows(), rows);
    GYRE_CHECK(opacity.size() == 0 || opacity.size() == vertices.rows());
    albedo.resize(rows, 3);
    for (Eigen::Index i = 0; i < rows; ++i) {
      albedo.row(i) = LinearFromSrgb(paint.rgb.row(i)).cast<float>();
    }
  }

  template <typename Rows>
  Vec3f Interpolate(const Rows& rows, int face, const Vec3f& weights) const {
    return (weights[0] * rows.row(faces(face, 0)) + weights[1] * rows.row(faces(face, 1)) +
            weights[2] * rows.row(faces(face, 2)))
        .transpose();
  }

  Vec3f Albedo(int face, const Vec3f& weights) const {
    if (per == Paint::Per::kVertex) return Interpolate(albedo, face, weights);
    return albedo.row(per == Paint::Per::kFace ? face : 0).transpose();
  }

  float Opacity(int face, const Vec3f& weights) const {
    if (opacity.size() == 0) return 1;
    return weights[0] * opacity[faces(face, 0)] + weights[1] * opacity[faces(face, 1)] +
           weights[2] * opacity[faces(face, 2)];
  }

  // Turned towards the camera, so that the inner side of an open surface is lit as well.
  Vec3f Normal(int face, const Vec3f& weights, const Vec3f& ray) const {
    Vec3f normal = Interpolate(normals, face, weights);
    const float length = normal.norm();
    if (length > 0) normal /= length;
    return normal.dot(ray) > 0.25f ? Vec3f(-normal) : normal;
  }
};

// The camera that sees each pixel as n x n samples.
Camera SampleCamera(const Camera& camera, int n) {
  return {camera.focal_px * n, (n * (camera.center_px.array() + 0.5) - 0.5).matrix()};
}

}  // namespace

Points3 VertexNormals(const Points3& vertices, const Faces& faces) {
  Points3 normals = Points3::Zero(vertices.rows(), 3);
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    const Vec3 a = vertices.row(faces(f, 0)), b = vertices.row(faces(f, 1)),
               c = vertices.row(faces(f, 2));
    const Vec3 twice_area = (b - a).cross(c - a);
    for (int k = 0; k < 3; ++k) normals.row(faces(f, k)) += twice_area.transpose();
  }
  for (Eigen::Index i = 0; i < normals.rows(); ++i) {
    const double length = normals.row(i).norm();
    if (length > 0) normals.row(i) /= length;
  }
  return normals;
}

Paint Paint::Uniform(const Vec3& rgb) { return {Per::kMesh, rgb.transpose(), {}}; }
Paint Paint::PerVertex(Points3 rgb) { return {Per::kVertex, std::move(rgb), {}}; }
Paint Paint::PerFace(Points3 rgb) { return {Per::kFace, std::move(rgb), {}}; }

cv::Mat RenderMesh(const cv::Mat& background, const Points3& vertices, const Faces& faces,
                   const Camera& camera, const Paint& paint, const RenderOptions& options,
                   cv::Mat* coverage) {
  GYRE_CHECK(background.type() == CV_8UC3 && !background.empty());
  GYRE_CHECK(options.supersample >= 1 && options.supersample <= 8);
  const int n = options.supersample;
  RasterBuffers raster;
  RasterOptions raster_options;
  raster_options.cull_back_faces = options.cull_back_faces;
  const Camera sample_camera = SampleCamera(camera, n);
  Rasterise(vertices, faces, sample_camera, n * background.cols, n * background.rows,
            raster_options, &raster);

  const Surface surface(vertices, faces, paint);
  const Shader shader(options.lighting);
  const Vec2 center = sample_camera.center_px;
  const double inverse_focal = 1 / sample_camera.focal_px;
  cv::Mat image = background.clone();
  if (coverage) *coverage = cv::Mat(background.size(), CV_32FC1, cv::Scalar(0));
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      Vec3f radiance = Vec3f::Zero();
      int covered = 0;
      float solid = 0;  // of the samples, as far as they are opaque
      for (int v = n * y; v < n * (y + 1); ++v) {
        for (int u = n * x; u < n * (x + 1); ++u) {
          const int sample = raster.PixelIdx(u, v);
          const int face = raster.face_idx[sample];
          if (face < 0) continue;
          const Vec3f& weights = raster.barycentric[sample];
          const Vec3f ray =
              Vec3((u - center.x()) * inverse_focal, (v - center.y()) * inverse_focal, 1)
                  .cast<float>();
          const float opacity = surface.Opacity(face, weights);
          radiance +=
              opacity * surface.Albedo(face, weights)
                            .cwiseProduct(shader.Irradiance(surface.Normal(face, weights, ray)))
                            .cwiseMin(1.0f);
          solid += opacity;
          ++covered;
        }
      }
      if (covered == 0) continue;
      if (coverage) coverage->at<float>(y, x) = static_cast<float>(covered) / (n * n);
      const float share = solid / (n * n);
      const float opacity = static_cast<float>(options.opacity);
      radiance *= opacity / (n * n);
      cv::Vec3b& pixel = image.at<cv::Vec3b>(y, x);
      for (int channel = 0; channel < 3; ++channel) {  // BGR
        const float behind = LinearFromSrgb8(pixel[channel]);
        pixel[channel] = Srgb8FromLinear(radiance[2 - channel] + (1 - opacity * share) * behind);
      }
    }
  }
  return image;
}

}  // namespace gyre
