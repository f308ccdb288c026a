// SPDX-License-Identifier: Apache-2.0
#include "loop/option_text.h"

#include <initializer_list>
#include <utility>

namespace gyre {
namespace {

template <typename T>
struct Choice {
  const char* name;
  T value;
};

constexpr Choice<BatchNormOf> kBatchNormOfs[] = {{"local", BatchNormOf::kLocal},
                                                 {"synced", BatchNormOf::kSynced}};
constexpr Choice<Precision> kPrecisions[] = {{"float32", Precision::kFloat32},
                                             {"bfloat16", Precision::kBfloat16}};
constexpr Choice<TorsoWeighting> kTorsoWeightings[] = {{"none", TorsoWeighting::kNone},
                                                       {"confidence", TorsoWeighting::kConfidence}};
constexpr Choice<RobustNorm> kRobustNorms[] = {{"per_coordinate", RobustNorm::kPerCoordinate},
                                               {"per_joint", RobustNorm::kPerJoint}};
constexpr Choice<AnglePrior> kAnglePriors[] = {{"exponential", AnglePrior::kExponential},
                                               {"limit", AnglePrior::kLimit}};
constexpr Choice<FitBackend> kFitBackends[] = {{"fused", FitBackend::kFused},
                                               {"ceres", FitBackend::kCeres}};
constexpr Choice<Hypotheses> kHypotheses[] = {{"start_only", Hypotheses::kStartOnly},
                                              {"uninformed", Hypotheses::kUninformed},
                                              {"all", Hypotheses::kAll}};
constexpr Choice<StoreRule> kStoreRules[] = {{"spin", StoreRule::kSpin},
                                             {"guarded", StoreRule::kGuarded},
                                             {"objective", StoreRule::kObjective}};

template <typename T, size_t N>
std::string NameIn(const Choice<T> (&choices)[N], T value) {
  for (const Choice<T>& choice : choices) {
    if (choice.value == value) return choice.name;
  }
  GYRE_CHECK(false, "a choice without a name");
  return {};
}

template <typename T, size_t N>
void ValueIn(const Choice<T> (&choices)[N], const std::string& name, T* value) {
  std::string known;
  for (const Choice<T>& choice : choices) {
    if (choice.name == name) {
      *value = choice.value;
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(choice.name);
  }
  ThrowUserError("'{}' is not one of {}", name, known);
}

}  // namespace

std::string ChoiceName(Supervision value) { return SupervisionName(value); }
std::string ChoiceName(NetworkInput value) { return NetworkInputName(value); }
std::string ChoiceName(Backbone value) { return BackboneName(value); }
std::string ChoiceName(IefActivation value) { return IefActivationName(value); }
std::string ChoiceName(BatchNormOf value) { return NameIn(kBatchNormOfs, value); }
std::string ChoiceName(Precision value) { return NameIn(kPrecisions, value); }
std::string ChoiceName(LossNorm value) { return LossNormName(value); }
std::string ChoiceName(LossMean value) { return LossMeanName(value); }
std::string ChoiceName(TorsoWeighting value) { return NameIn(kTorsoWeightings, value); }
std::string ChoiceName(RobustNorm value) { return NameIn(kRobustNorms, value); }
std::string ChoiceName(AnglePrior value) { return NameIn(kAnglePriors, value); }
std::string ChoiceName(FitBackend value) { return NameIn(kFitBackends, value); }
std::string ChoiceName(Hypotheses value) { return NameIn(kHypotheses, value); }
std::string ChoiceName(StoreRule value) { return NameIn(kStoreRules, value); }

void ChoiceFromName(const std::string& name, Supervision* value) {
  *value = SupervisionFromName(name);
}
void ChoiceFromName(const std::string& name, NetworkInput* value) {
  *value = NetworkInputFromName(name);
}
void ChoiceFromName(const std::string& name, Backbone* value) { *value = BackboneFromName(name); }
void ChoiceFromName(const std::string& name, IefActivation* value) {
  *value = IefActivationFromName(name);
}
void ChoiceFromName(const std::string& name, BatchNormOf* value) {
  ValueIn(kBatchNormOfs, name, value);
}
void ChoiceFromName(const std::string& name, Precision* value) {
  ValueIn(kPrecisions, name, value);
}
void ChoiceFromName(const std::string& name, LossNorm* value) { *value = LossNormFromName(name); }
void ChoiceFromName(const std::string& name, LossMean* value) { *value = LossMeanFromName(name); }
void ChoiceFromName(const std::string& name, TorsoWeighting* value) {
  ValueIn(kTorsoWeightings, name, value);
}
void ChoiceFromName(const std::string& name, RobustNorm* value) {
  ValueIn(kRobustNorms, name, value);
}
void ChoiceFromName(const std::string& name, AnglePrior* value) {
  ValueIn(kAnglePriors, name, value);
}
void ChoiceFromName(const std::string& name, FitBackend* value) {
  ValueIn(kFitBackends, name, value);
}
void ChoiceFromName(const std::string& name, Hypotheses* value) {
  ValueIn(kHypotheses, name, value);
}
void ChoiceFromName(const std::string& name, StoreRule* value) {
  ValueIn(kStoreRules, name, value);
}

}  // namespace gyre
