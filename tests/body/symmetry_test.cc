// SPDX-License-Identifier: Apache-2.0
#include "body/symmetry.h"

#include <gtest/gtest.h>

#include <numbers>

#include "body/model_joints.h"
#include "body/test_body.h"

namespace gyre {
namespace {

int MirrorVertex(const BodyModel& model, int v) {
  const int half = model.num_vertices() / 2;
  return v < half ? v + half : v - half;
}

double Sign(int axis) { return axis == 0 ? -1 : 1; }

// rows[k', v'] = rows[k, v] for mirrored k' and v'.
SparseRows Symmetric(const BodyModel& model, const SparseRows& rows, auto mirror_row) {
  const RowMatX before = rows;
  RowMatX after = 0.5 * before;
  for (int row = 0; row < rows.rows(); ++row) {
    for (int v = 0; v < rows.cols(); ++v) {
      after(mirror_row(row), MirrorVertex(model, v)) += 0.5 * before(row, v);
    }
  }
  return after.sparseView(0, 0);
}

// A body that is its own mirror image about x = 0 in every pose and shape: the second half of its
// vertices mirrors the first.
BodyModel MakeSymmetricBody() {
  BodyModel model = MakeRandomBody(20);
  RowMatX weights = model.weights;
  for (int v = 0; v < model.num_vertices() / 2; ++v) {
    const int w = MirrorVertex(model, v);
    for (int axis = 0; axis < 3; ++axis) {
      model.v_template(w, axis) = Sign(axis) * model.v_template(v, axis);
      model.shapedirs.row(3 * w + axis) = Sign(axis) * model.shapedirs.row(3 * v + axis);
      for (int k = 1; k < kNumBodyJoints; ++k) {
        for (int i = 0; i < 9; ++i) {
          model.posedirs(3 * w + axis, 9 * (SmplLayout().mirror[k] - 1) + i) =
              Sign(axis) * Sign(i / 3) * Sign(i % 3) *
              model.posedirs(3 * v + axis, 9 * (k - 1) + i);
        }
      }
    }
    for (int k = 0; k < kNumBodyJoints; ++k) weights(w, SmplLayout().mirror[k]) = weights(v, k);
  }
  model.weights = weights.sparseView(0, 0);
  model.J_regressor =
      Symmetric(model, model.J_regressor, [](int joint) { return SmplLayout().mirror[joint]; });
  model.J_regressor_extra =
      Symmetric(model, model.J_regressor_extra, [](int row) { return row < 2 ? 1 - row : row; });
  for (const JointInfo& joint : AllJoints()) {
    if (joint.source != JointSource::kLandmark) continue;
    const int partner = FindJoint(joint.mirror).source_idx;
    if (partner <= joint.source_idx) continue;
    model.landmark_vertices[partner] =
        MirrorVertex(model, model.landmark_vertices[joint.source_idx]);
  }
  return model;
}

Points2 Projected(const Camera& camera, const Points3& points) {
  Points2 pixels(points.rows(), 2);
  for (int i = 0; i < points.rows(); ++i) {
    pixels.row(i) = camera.Project(points.row(i).transpose()).transpose();
  }
  return pixels;
}

// In front of the camera, upright in the image, with ordinary pose and shape.
BodyParams InFrontOfCamera(Rng& rng) {
  BodyParams params = RandomParams(rng, 0.4);
  params.rotation(0) += Vec3(std::numbers::pi, 0, 0);
  params.transl() += Vec3(0, 0, 12);
  return params;
}

TEST(Symmetry, MirroredParamsGiveTheMirroredBody) {
  const BodyModel model = MakeSymmetricBody();
  const RestJoints rest(model);
  Rng rng(1, RngStream::kTest);
  for (int trial = 0; trial < 5; ++trial) {
    const BodyParams params = InFrontOfCamera(rng);
    const BodyParams mirrored = MirrorParams(params, rest);
    const PosedBody before = PoseBody(model, params), after = PoseBody(model, mirrored);
    for (int v = 0; v < model.num_vertices(); ++v) {
      const Vec3 expected(-before.vertices(v, 0), before.vertices(v, 1), before.vertices(v, 2));
      EXPECT_LT((after.vertices.row(MirrorVertex(model, v)).transpose() - expected).norm(), 1e-12);
    }
    for (const std::string_view name : KeypointSetNames()) {
      if (!HasAllOf(model, FindKeypointSet(name))) continue;  // faces and fingers
      const KeypointSet& set = FindKeypointSet(name);
      const Points3 seen = RegressJoints(model, set, before);
      const std::vector<int> partner = set.MirrorPermutation();
      const Points3 joints = RegressJoints(model, set, after);
      for (int i = 0; i < set.size(); ++i) {
        // This body's nose is one vertex off the midline.
        if (FindJoint(set.joints[i]).source_idx == FindJoint("Nose").source_idx &&
            FindJoint(set.joints[i]).source == JointSource::kLandmark) {
          continue;
        }
        const Vec3 other = seen.row(partner[i]);
        const Vec3 expected(-other.x(), other.y(), other.z());
        EXPECT_LT((joints.row(i).transpose() - expected).norm(), 1e-12) << set.joints[i];
      }
    }
  }
}

TEST(Symmetry, MirroringTwiceChangesNothing) {
  Rng rng(2, RngStream::kTest);
  const BodyParams params = RandomParams(rng);
  const RestJoints rest(MakeRandomBody(5));
  const BodyParams twice = MirrorParams(MirrorParams(params, rest), rest);
  EXPECT_EQ(twice.pose(), params.pose());
  EXPECT_LT((twice.transl() - params.transl()).norm(), 1e-15);
  // Sides are swapped: the left hip's rotation appears at the right hip.
  EXPECT_EQ(MirrorPose(SmplLayout(), params.pose()).segment<3>(6),
            Vec3(params.pose()[3], -params.pose()[4], -params.pose()[5]));
}

TEST(Symmetry, RotationTurnsEveryVertexAboutTheOpticalAxis) {
  const BodyModel model = MakeRandomBody(21);  // not symmetric; its pelvis is anywhere
  const RestJoints rest(model);
  Rng rng(3, RngStream::kTest);
  for (const double angle : {0.0, 0.3, -2.0, std::numbers::pi}) {
    const BodyParams params = RandomParams(rng, 1.0);
    const BodyParams turned = RotateParams(params, rest, angle);
    Mat3 turn;
    turn << std::cos(angle), -std::sin(angle), 0, std::sin(angle), std::cos(angle), 0, 0, 0, 1;
    const Points3 expected = PoseBody(model, params).vertices * turn.transpose();
    EXPECT_LT((PoseBody(model, turned).vertices - expected).cwiseAbs().maxCoeff(), 1e-12);
  }
}

TEST(Symmetry, MovedBodiesAreMovedPointByPoint) {
  const BodyModel model = MakeRandomBody(6);
  const RestJoints rest(model);
  Rng rng(8, RngStream::kTest);
  const BodyParams params = RandomParams(rng, 1.0);
  Mat3 turn;  // by a quarter about x: (x, y, z) becomes (x, -z, y)
  turn << 1, 0, 0, 0, 0, -1, 0, 1, 0;
  const Points3 was = PoseBody(model, params).vertices;
  const Points3 is = PoseBody(model, MoveParams(params, rest, turn, Vec3(0.5, -2, 3.25))).vertices;
  for (int v = 0; v < model.num_vertices(); ++v) {
    EXPECT_NEAR(is(v, 0), was(v, 0) + 0.5, 1e-12);
    EXPECT_NEAR(is(v, 1), -was(v, 2) - 2, 1e-12);
    EXPECT_NEAR(is(v, 2), was(v, 1) + 3.25, 1e-12);
  }
}

TEST(Symmetry, CropShowsTheWarpedPicture) {
  const BodyModel model = MakeSymmetricBody();
  const RestJoints rest(model);
  Rng rng(4, RngStream::kTest);
  const Camera camera{1100, {333, 222}};
  for (const bool flip : {false, true}) {
    for (const double angle : {0.0, 0.4, -1.2, std::numbers::pi}) {
      for (const double side : {90.0, 224.0, 700.0}) {
        for (const Vec2& center : {camera.center_px, Vec2(100, 400)}) {
          const CropMap map({center, side}, kReferenceCropPx, angle, flip);
          const BodyParams params = InFrontOfCamera(rng);
          const Points2 in_image = Projected(camera, PoseBody(model, params).vertices);
          const BodyParams in_crop = BodyInCrop(params, map, rest);
          const Points3 vertices = PoseBody(model, in_crop).vertices;
          const Points2 seen = Projected(CameraInCrop(camera, map), vertices);
          const Points2 seen_upright = Projected(map.CropCamera(camera), vertices);
          const Vec2 offset =
              CameraInCrop(camera, map).center_px - map.CropCamera(camera).center_px;
          if (center == camera.center_px) {
            EXPECT_LT(offset.norm(), 1e-9);
          }
          for (int v = 0; v < model.num_vertices(); ++v) {
            const int w = flip ? MirrorVertex(model, v) : v;
            const Vec2 expected = map.CropFromImage(in_image.row(v).transpose());
            EXPECT_LT((seen.row(w).transpose() - expected).norm(), 1e-6);
            // What the header says of CropCamera: off by one fixed offset.
            EXPECT_LT((seen_upright.row(w).transpose() + offset - expected).norm(), 1e-6);
          }
          const BodyParams back = BodyFromCrop(in_crop, map, rest);
          EXPECT_LT((PoseBody(model, back).vertices - PoseBody(model, params).vertices)
                        .cwiseAbs()
                        .maxCoeff(),
                    1e-9);
        }
      }
    }
  }
}

}  // namespace
}  // namespace gyre
