// SPDX-License-Identifier: Apache-2.0
// gyre fit with several bodies.
#include "body/body_model.h"
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Made-up people are of the first body.
TEST(SeveralBodiesCommand, EverybodyHasTheBest) {
  const ScratchFolder scratch;
  BodyModel long_legged = MakeBuiltinBody();
  long_legged.v_template.col(1) *= 1.15;
  const fs::path out = scratch / "fits.npz";
  const std::string tall = scratch / "tall.npz";
  SaveBodyModel(long_legged, tall);
  const auto fit = [&](const std::vector<std::string>& more) {
    std::vector<std::string> args = {"fit",
                                     "--data",
                                     "synth:?count=40&seed=3&noise=0",
                                     "--out",
                                     out,
                                     "--body",
                                     tall,
                                     "--body",
                                     "builtin",
                                     "--quiet",
                                     "--fit.estimate-uncertainty",
                                     "false"};
    args.insert(args.end(), more.begin(), more.end());
    return Gyre(args);
  };
  ASSERT_EQ(fit({}).exit_code, 0);
  const Npz npz = ReadNpz(out);
  const std::vector<std::string>& chosen = npz.at("chosen_body").strings;
  EXPECT_GT(std::ranges::count(chosen, tall), 25);
  const auto objective = [](const fs::path& file) {
    return ReadNpz(file).at("objective").As<double>();
  };
  const auto of_tall = objective(scratch / "fits.tall.npz");
  const auto of_builtin = objective(scratch / "fits.builtin.npz"), of_best = objective(out);
  for (size_t i = 0; i < of_best.size(); ++i) {
    EXPECT_EQ(of_best[i], std::min(of_tall[i], of_builtin[i])) << i;
    EXPECT_EQ(chosen[i], of_tall[i] < of_builtin[i] ? tall : "builtin") << i;
  }
  const ProgramResult exported =
      Gyre({"export", out, "--format", "csv", "--out", scratch / "joints.csv"});
  ExpectOneSentence(exported, 1);
  EXPECT_THAT(exported.err, HasSubstr("several bodies"));
  ExpectOneSentence(fit({"--shard", "1/2"}), 2);
  ExpectOneSentence(fit({"--body", tall}), 2);                    // twice
  ExpectOneSentence(fit({"--body", "builtin-x", "--force"}), 1);  // of another layout
}

}  // namespace
}  // namespace gyre
