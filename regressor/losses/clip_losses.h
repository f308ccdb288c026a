// SPDX-License-Identifier: Apache-2.0
// Losses of lifted clips (Pavllo et al. 2019), B clips of T frames and N joints.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace gyre {

// Mean distance of points [B,T,N,D]; not centred on anything. weight [B,T,1 or N]: the mean is of
// weighted distances, over all of them (the paper weights the root's path by 1 / its depth).
at::Tensor MeanDistance(const at::Tensor& points, const at::Tensor& truth,
                        const at::Tensor& weight = {});

// Mean absolute difference between the mean bone lengths of two sets of clips [B,T,N,3] and
// [B',T',N,3]: bones may not be longer where nothing else says how far away they are. `parents` as
// in BodyLayout: -1 at the root.
at::Tensor BoneLengthDifference(const at::Tensor& joints, const at::Tensor& others,
                                const std::vector<int>& parents);

}  // namespace gyre
