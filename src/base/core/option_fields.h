// SPDX-License-Identifier: Apache-2.0
// Option structs list their fields once, right behind the struct: name, field and help. Files of
// options, flags, their help and comparisons are made from that list, so that none can forget one.
//   struct LossOptions {
//     double total = 60;
//     LossNorm norm = LossNorm::kSquared;
//   };
//   template <OptionsOf<LossOptions> O, typename Visitor>
//   void VisitFields(O& o, Visitor&& visit) {
//     visit("total", o.total, "Multiplies all terms");
//     visit("norm", o.norm, "Of the keypoint, pose and shape terms (SPIN: squared)");
//   }
// A field may be such a struct itself; with an empty name its fields count as the outer struct's.
// Help need not say which names an enum has. tests/loop/option_fields_test.cc finds lists that lack
// a member.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>

namespace gyre {

// T, const or not.
template <typename O, typename T>
concept OptionsOf = std::same_as<std::remove_const_t<O>, T>;

template <typename T>
concept HasFields = requires(T& options) {
  VisitFields(options, [](auto&&...) {});
};

// Calls visit(name, field, help) for every field; those of structs inside are named with a dot:
// "fit.sigma_px". `prefix`: before all names.
template <HasFields Options, typename Visitor>
void ForEachField(Options&& options, Visitor&& visit, const std::string& prefix = "") {
  VisitFields(options, [&](const char* name, auto& field, const char* help) {
    const std::string full_name = prefix + name;
    if constexpr (HasFields<std::remove_const_t<std::remove_reference_t<decltype(field)>>>) {
      ForEachField(field, visit, *name ? full_name + "." : prefix);
    } else {
      visit(full_name, field, help);
    }
  });
}

}  // namespace gyre
