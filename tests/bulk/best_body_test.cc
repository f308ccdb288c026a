// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/best_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "body/body_identity.h"
#include "body/body_model.h"
#include "core/error.h"
#include "fitting/store/npz_head.h"
#include "io/io_test_util.h"
#include "io/journal.h"
#include "io/npz.h"
#include "loop/bulk/fit_table.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

struct Fit {
  double objective;
  bool usable;
  double first_beta;
  const char* reason;
};

// Fits of as many people with a body of SMPL's layout; of `betas` numbers of shape.
fs::path WriteOf(const TempFolder& folder, const std::string& body, const std::vector<Fit>& fits,
                 int betas = 10, int64_t persons = 3) {
  BodyLayout layout = SmplLayout();
  layout.num_betas = betas;
  const fs::path path = folder.path() / ("fits." + body + ".npz");
  Journal journal(path.string() + ".partial");
  journal.Start("run");
  const FitRow like(layout, 4);
  for (size_t i = 0; i < fits.size(); ++i) {
    FitRow row = like;
    row.index = static_cast<int64_t>(i);
    row.params.betas()[0] = fits[i].first_beta;
    row.objective = fits[i].objective;
    row.usable = fits[i].usable;
    row.reason = fits[i].reason;
    journal.Append({EncodeRow(row)});
  }
  const FitOrigin origin{{body + ".npz", "", "0123abcd"}, "guarded", ""};
  WriteFits(journal, like, {{layout, origin}, {{"persons", persons}, {"body", body}}}, path);
  return path;
}

TEST(BestBody, EverybodyHasTheRowOfTheLowestObjectiveThatIsUsable) {
  const TempFolder folder;
  const fs::path out = folder.path() / "fits.npz";
  const auto tall =
      WriteOf(folder, "tall",
              {{7.5, true, 1.25, "ok"}, {9, true, 1.5, "ok"}, {1, false, 1.75, "large_error"}});
  const auto wide =
      WriteOf(folder, "wide",
              {{8.5, true, -2.25, "ok"}, {8.75, true, -2.5, "ok"}, {400, true, -2.75, "ok"}});
  ChooseBodies({tall, wide}, out, false);
  const Npz npz = ReadNpz(out);
  EXPECT_THAT(npz.at("chosen_body").strings, ElementsAre("tall.npz", "wide.npz", "wide.npz"));
  const auto betas = npz.at("betas").As<double>();
  EXPECT_THAT((std::vector{betas[0], betas[10], betas[20]}), ElementsAre(1.25, -2.5, -2.75));
  EXPECT_THAT(npz.at("objective").As<double>(), ElementsAre(7.5, 8.75, 400));
  EXPECT_THAT(npz.at("reason").strings, ElementsAre("ok", "ok", "ok"));
  EXPECT_THAT(npz.at("index").As<int64_t>(), ElementsAre(0, 1, 2));
  EXPECT_EQ(ReadRun(out)["bodies"], (nlohmann::json{"tall.npz", "wide.npz"}));
  EXPECT_THAT(CountChosen(out, {"tall.npz", "wide.npz"}), ElementsAre(1, 2));
}

// More people than are in memory at a time.
TEST(BestBody, BlocksOfRowsGoOn) {
  const TempFolder folder;
  const fs::path out = folder.path() / "fits.npz";
  constexpr int kPeople = 1030;
  std::vector<Fit> tall(kPeople, {7, true, 1.25, "ok"}), wide(kPeople, {8, true, 2.5, "ok"});
  wide[1027].objective = 6;
  ChooseBodies(
      {WriteOf(folder, "tall", tall, 10, kPeople), WriteOf(folder, "wide", wide, 10, kPeople)}, out,
      false);
  const Npz npz = ReadNpz(out);
  const auto betas = npz.at("betas").As<double>();
  EXPECT_EQ(betas[10 * 3], 1.25);
  EXPECT_EQ(betas[10 * 1026], 1.25);
  EXPECT_EQ(betas[10 * 1027], 2.5);
  EXPECT_EQ(npz.at("chosen_body").strings[1027], "wide.npz");
}

TEST(BestBody, WhomNoBodyFitsKeepsTheFirstOnesReason) {
  const TempFolder folder;
  const fs::path out = folder.path() / "fits.npz";
  const auto tall = WriteOf(folder, "tall", {{3, false, 0.5, "too_few_joints"}}, 10, 1);
  const auto wide = WriteOf(folder, "wide", {{2, false, 0.75, "large_error"}}, 10, 1);
  ChooseBodies({tall, wide}, out, false);
  EXPECT_THAT(ReadNpz(out).at("reason").strings, ElementsAre("too_few_joints"));
}

// Nobody takes such a file for one of one body.
TEST(BestBody, TheFileIsOfNoOneBody) {
  const TempFolder folder;
  const fs::path out = folder.path() / "fits.npz";
  const auto tall = WriteOf(folder, "tall", {{7.5, true, 1.25, "ok"}}, 10, 1);
  const auto wide = WriteOf(folder, "wide", {{8.5, true, 1.25, "ok"}}, 10, 1);
  ChooseBodies({tall, wide}, out, false);
  const BodyIdentity body = ReadHead(out).origin.body;
  EXPECT_EQ(body.path, "tall.npz, wide.npz");
  try {
    RequireBody(body, MakeBuiltinBody(), "", "fits.npz");
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("several bodies (tall.npz, wide.npz; key 'chosen_body')"));
  }
}

TEST(BestBody, OtherRunsAndLayoutsAreRefused) {
  const TempFolder folder;
  const fs::path out = folder.path() / "fits.npz";
  const auto tall = WriteOf(folder, "tall", {{7.5, true, 1.25, "ok"}});
  const auto error_of = [&](const fs::path& other) -> std::string {
    try {
      ChooseBodies({tall, other}, out, false);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of(WriteOf(folder, "few", {{7.5, true, 1.25, "ok"}}, 10, 2)),
              HasSubstr("persons was 3 and is 2"));
  EXPECT_THAT(error_of(WriteOf(folder, "thin", {{7.5, true, 1.25, "ok"}}, 7)),
              HasSubstr("key 'betas' is not as in"));
  EXPECT_FALSE(fs::exists(out));
}

TEST(BestBody, FilesOfEachBodyStandBesideTheResult) {
  EXPECT_THAT(
      OutOfEachBody("runs/fits.npz", {"a/SMPLX_MALE.npz", "SMPLX_FEMALE.pkl", "b/SMPLX_MALE.npz"}),
      ElementsAre("runs/fits.SMPLX_MALE.npz", "runs/fits.SMPLX_FEMALE.npz",
                  "runs/fits.SMPLX_MALE-2.npz"));
}

}  // namespace
}  // namespace gyre
