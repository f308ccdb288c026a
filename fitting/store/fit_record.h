// SPDX-License-Identifier: Apache-2.0
// A stored fit as it stands in a file.
//
// A record is one or more disk sectors of 512 bytes, little endian:
//     0  uint32   CRC-32 (zlib's) of the sample's position (uint64) and of the content from byte 4
//     4  uint32   opening: which opening of the file for writing it was written in
//     8  uint32   version: how often the sample had been stored before
//    12  the fields of fit_fields.h in their order, each at a multiple of its numbers' size
//   508  uint32   the CRC again: the last four bytes of every sector, which content flows around
// SMPL's is one sector: observed_joints at 12, pose at 40, rotation_sd_rad at 392, zeros from 492.
//
// The CRC stands at the beginning and at the end of every sector, so that a record which was cut
// off while it was written, whichever of its sectors came to the disk, differs from one that was
// damaged afterwards.
#pragma once

#include <cstdint>
#include <span>

#include "fitting/store/stored_fit.h"

namespace gyre {

// Of a body with that layout.
int64_t FitRecordBytes(const FitLayout& layout);
inline constexpr int64_t kMaxFitRecordBytes = 3 * 512;

struct FitRecord {
  StoredFit fit;
  uint32_t opening = 0;
  uint32_t version = 0;
};

enum class RecordState {
  kEmpty,       // never written
  kWhole,       //
  kUnfinished,  // the process or the machine ended while it was written
  kDamaged,     // was whole once
};

// `position`: of the sample in its file, so that a record in the wrong place is found out. `bytes`
// are as many as the layout of the fit's body needs.
void EncodeFitRecord(const FitRecord& record, int64_t position, std::span<char> bytes);
// `record` is what was read when it is kWhole, and anything else otherwise.
RecordState DecodeFitRecord(std::span<const char> bytes, int64_t position, const FitLayout& layout,
                            FitRecord* record);

}  // namespace gyre
