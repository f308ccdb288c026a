// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_record.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "sample_fits.h"

namespace gyre {
namespace {

const std::vector<FitLayout> kLayouts = {SmplLayout(),
                                         MakeLayout("other", 12, 3, 0),
                                         MakeLayout("other", 1, 0, 0),
                                         MakeLayout("smplh", 52, 16, 0),
                                         MakeLayout("smplx", 55, 10, 10),
                                         MakeLayout("other", 64, 20, 12)};

std::string Encoded(const FitLayout& layout, const FitRecord& record, int64_t position) {
  std::string bytes(static_cast<size_t>(FitRecordBytes(layout)), 'x');
  EncodeFitRecord(record, position, bytes);
  return bytes;
}

template <typename T>
T At(const std::string& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

TEST(FitRecord, IsWholeSectors) {
  std::vector<int64_t> sizes;
  for (const FitLayout& layout : kLayouts) sizes.push_back(FitRecordBytes(layout));
  EXPECT_EQ(sizes, (std::vector<int64_t>{512, 512, 512, 1024, 1536, 1536}));
  EXPECT_EQ(kMaxFitRecordBytes, 1536);
}

TEST(FitRecord, OfSmplStandsWhereItAlwaysStood) {
  const std::string bytes =
      Encoded(SmplLayout(), {.fit = MakeFit(0x0102030405060708), .opening = 3, .version = 17}, 41);
  EXPECT_EQ(At<uint32_t>(bytes, 4), 3u);
  EXPECT_EQ(At<uint32_t>(bytes, 8), 17u);
  EXPECT_EQ(At<int16_t>(bytes, 12), 13);
  EXPECT_EQ(At<int8_t>(bytes, 14), 2);
  EXPECT_EQ(At<int8_t>(bytes, 15), 0);
  EXPECT_EQ(At<int64_t>(bytes, 16), 0x0102030405060708);
  EXPECT_EQ(At<double>(bytes, 24), 50.5);
  EXPECT_EQ(At<double>(bytes, 32), 80.1);
  EXPECT_EQ(At<float>(bytes, 40), -0.40625F);  // pose
  EXPECT_EQ(At<float>(bytes, 324), -0.40625F + 71 / 128.0F);
  EXPECT_EQ(At<float>(bytes, 328), 1.25F);  // betas
  EXPECT_EQ(At<float>(bytes, 364), 1.25F - 45 / 64.0F);
  EXPECT_EQ(At<float>(bytes, 368), 0.125F);  // transl
  EXPECT_EQ(At<float>(bytes, 376), 40.5F);
  EXPECT_EQ(At<float>(bytes, 380), 4321.5F);  // focal_px
  EXPECT_EQ(At<float>(bytes, 384), 101.25F);  // center_px
  EXPECT_EQ(At<float>(bytes, 388), 117.75F);
  EXPECT_EQ(At<float>(bytes, 392), 0.0625F);  // rotation_sd_rad
  EXPECT_EQ(At<float>(bytes, 484), 0.0625F + 23 / 512.0F);
  EXPECT_EQ(At<float>(bytes, 488), 7.5F);  // robust_px2
  EXPECT_EQ(bytes.substr(492, 16), std::string(16, '\0'));
  const int64_t position = 41;
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(&position), sizeof(position));
  crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()) + 4, 504);
  EXPECT_EQ(At<uint32_t>(bytes, 0), crc);
  EXPECT_EQ(At<uint32_t>(bytes, 508), crc);
}

TEST(FitRecord, KeepsAFitOfAnyLayout) {
  for (const FitLayout& layout : kLayouts) {
    const FitRecord written{.fit = MakeFit(layout, 7), .opening = 2, .version = 5};
    FitRecord read;
    ASSERT_EQ(DecodeFitRecord(Encoded(layout, written, 11), 11, layout, &read), RecordState::kWhole)
        << layout.Describe();
    EXPECT_EQ(read.fit, written.fit) << layout.Describe();
    EXPECT_EQ(read.opening, 2u);
    EXPECT_EQ(read.version, 5u);
    const std::string zeros(static_cast<size_t>(FitRecordBytes(layout)), '\0');
    EXPECT_EQ(DecodeFitRecord(zeros, 11, layout, &read), RecordState::kEmpty);
  }
}

TEST(FitRecord, NoticesAnyFlippedBit) {
  for (const FitLayout& layout : kLayouts) {
    const std::string good = Encoded(layout, {.fit = MakeFit(layout, 7)}, 11);
    FitRecord read;
    EXPECT_EQ(DecodeFitRecord(good, 12, layout, &read), RecordState::kDamaged) << "another's place";
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      const bool in_checksum = i < 4 || i % 512 >= 508;
      ASSERT_EQ(DecodeFitRecord(bad, 11, layout, &read),
                in_checksum ? RecordState::kUnfinished : RecordState::kDamaged)
          << layout.Describe() << " " << i;
    }
  }
}

// A disk may write the sectors of a record in any order before the power goes.
TEST(FitRecord, WithSectorsOfTwoFitsIsUnfinished) {
  const FitLayout layout = MakeLayout("smplx", 55, 10, 10);
  const std::string older = Encoded(layout, {.fit = MakeFit(layout, 7), .version = 1}, 11);
  const std::string newer = Encoded(layout, {.fit = MakeFit(layout, 8), .version = 3}, 11);
  FitRecord read;
  for (int written = 0; written < 8; ++written) {
    std::string torn = older;
    for (int sector = 0; sector < 3; ++sector) {
      if (written >> sector & 1) torn.replace(512 * sector, 512, newer, 512 * sector, 512);
    }
    EXPECT_EQ(DecodeFitRecord(torn, 11, layout, &read),
              written == 0 || written == 7 ? RecordState::kWhole : RecordState::kUnfinished)
        << written;
  }
}

TEST(FitRecord, WithARightChecksumOfAnImpossibleFitIsDamaged) {
  StoredFit fit = MakeFit(7);
  fit.params.pose()[5] = std::nan("");
  FitRecord read;
  EXPECT_EQ(DecodeFitRecord(Encoded(SmplLayout(), {.fit = fit}, 0), 0, SmplLayout(), &read),
            RecordState::kDamaged);
}

}  // namespace
}  // namespace gyre
