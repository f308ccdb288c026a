// SPDX-License-Identifier: Apache-2.0
// Names of torch's element types in its files ("torch.FloatStorage").
#pragma once

#include <c10/core/ScalarType.h>

#include <array>
#include <utility>

namespace gyre {

inline constexpr std::array<std::pair<c10::ScalarType, const char*>, 10> kStorageTypes = {{
    {c10::kFloat, "FloatStorage"},
    {c10::kDouble, "DoubleStorage"},
    {c10::kHalf, "HalfStorage"},
    {c10::kBFloat16, "BFloat16Storage"},
    {c10::kLong, "LongStorage"},
    {c10::kInt, "IntStorage"},
    {c10::kShort, "ShortStorage"},
    {c10::kChar, "CharStorage"},
    {c10::kByte, "ByteStorage"},
    {c10::kBool, "BoolStorage"},
}};

}  // namespace gyre
