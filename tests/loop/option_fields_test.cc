// SPDX-License-Identifier: Apache-2.0
// Whether every option struct lists all of its fields.
#include "core/option_fields.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "body/pose_prior_training.h"
#include "core/member_count.h"
#include "datasets/check.h"
#include "datasets/decorators/loader.h"
#include "datasets/scenes/mocap_clips.h"
#include "datasets/scenes/synthetic.h"
#include "fitting/sequence_options.h"
#include "loop/training/train_options.h"
#include "regressor/pose_autoencoder.h"

namespace gyre {
namespace {

// The list of a struct, and those of the structs inside it, name every member once. `left_out`: of
// T alone, members that are no options.
template <typename T>
void ExpectAllListed(const std::string& of, size_t left_out = 0) {
  T options;
  std::set<const void*> members;
  std::set<std::string> names;
  VisitFields(options, [&](const char* name, auto& field, const char* help) {
    using Field = std::remove_reference_t<decltype(field)>;
    const auto* at = reinterpret_cast<const char*>(&field);
    const auto* begin = reinterpret_cast<const char*>(&options);
    EXPECT_TRUE(at >= begin && at < begin + sizeof(T)) << of << ": " << name;
    EXPECT_TRUE(members.insert(at).second) << of << ": " << name << " is a member listed already";
    EXPECT_TRUE(names.insert(name).second) << of << ": " << name << " is twice in the list";
    if constexpr (HasFields<Field>) {
      ExpectAllListed<Field>(of + "." + name);
    } else {
      EXPECT_STRNE(help, "") << of << ": " << name;
    }
  });
  EXPECT_EQ(members.size() + left_out, MemberCount<T>())
      << of << ": a member is not in its list of fields";
}

TEST(OptionFieldsTest, ListsNameEveryMember) {
  ExpectAllListed<TrainOptions>("TrainOptions");
  ExpectAllListed<SequenceOptions>("SequenceOptions");
  ExpectAllListed<LoaderOptions>("LoaderOptions", /*left_out=*/1);  // data_shards
  ExpectAllListed<SceneOptions>("SceneOptions");
  ExpectAllListed<MocapOptions>("MocapOptions");
  ExpectAllListed<CheckOptions>("CheckOptions");
  ExpectAllListed<PriorTrainingOptions>("PriorTrainingOptions");
  ExpectAllListed<AutoencoderOptions>("AutoencoderOptions");
}

}  // namespace
}  // namespace gyre
