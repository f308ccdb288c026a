// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/npz_head.h"

#include <algorithm>

#include "core/error.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFamilyKey = "family";
constexpr const char* kJointNamesKey = "joint_names";
constexpr const char* kAboutKey = "about";

// Calls visit(doc, text) for the texts of an origin.
template <typename Origin, typename Visit>
void ForEachText(Origin& origin, Visit&& visit) {
  using enum FieldShape;
  visit(FieldDoc{"body_path", kFile, "",
                 "the body as it was asked for: `builtin`, `builtin-x`, or its file"},
        origin.body.path);
  visit(FieldDoc{"body_extra_path", kFile, "", "SPIN's J_regressor_extra.npy, where one was given"},
        origin.body.extra_path);
  visit(FieldDoc{"body_fingerprint", kFile, "", "of the body's content; empty: not known"},
        origin.body.fingerprint);
  visit(FieldDoc{"score_rule", kFile, "",
                 "which `store.rule` score_px2 is of: spin, guarded or objective; empty: unknown"},
        origin.score_rule);
  visit(FieldDoc{"score_fingerprint", kFile, "",
                 "of the options that score_px2 depends on: scores of two files compare where rule "
                 "and fingerprint are the same"},
        origin.score_fingerprint);
}

// A short list of texts, the same for all rows.
NpzColumn TextColumn(const char* key, const std::vector<std::string>& texts) {
  const NdArray array = NdArray::FromStrings(texts);
  return {key, DType::kString, array.shape, TextWidth(texts), [array] { return array; }};
}

std::vector<std::string> Texts(const Npz& npz, const char* key, const fs::path& path) {
  const NdArray& array = Get(npz, key, path);
  array.CheckShape({-1}, fmt::format("{}, key {}", path.string(), key));
  return array.strings;
}

FitLayout ReadLayout(const Npz& npz, const fs::path& path) {
  if (!npz.contains(kFamilyKey)) return SmplLayout();
  const auto columns = [&](const char* key) {
    const NdArray& array = Get(npz, key, path);
    array.CheckShape({-1, -1}, fmt::format("{}, key {}", path.string(), key));
    return static_cast<int>(std::min<int64_t>(array.dim(1), kMaxShape + 1));
  };
  FitLayout layout;
  const std::vector<std::string> family = Texts(npz, kFamilyKey, path);
  layout.family = family.empty() ? "" : family[0];
  layout.joints = Texts(npz, kJointNamesKey, path);
  layout.num_betas = npz.contains("betas") ? columns("betas") : 0;
  layout.num_expression = npz.contains("expression") ? columns("expression") : 0;
  CheckFitLayout(layout, path.string());
  return layout;
}

}  // namespace

std::vector<FieldDoc> HeadFields() {
  using enum FieldShape;
  std::vector<FieldDoc> fields = {
      {kFamilyKey, kFile, "", "the body's kind: \"smpl\", \"smplx\", ..."},
      {kJointNamesKey, kJointNames, "", "names of its joints, in the order of `pose`"}};
  FitOrigin none;
  ForEachText(none, [&](const FieldDoc& doc, const std::string&) { fields.push_back(doc); });
  fields.push_back({kAboutKey, kLines, "", "this table: a line for each key of the file"});
  return fields;
}

bool IsHeadKey(std::string_view key) {
  return std::ranges::any_of(HeadFields(), [&](const FieldDoc& doc) { return key == doc.key; });
}

std::vector<NpzColumn> HeadColumns(const NpzHead& head, std::span<const FieldDoc> columns) {
  std::vector<NpzColumn> out = {TextColumn(kFamilyKey, {head.layout.family}),
                                TextColumn(kJointNamesKey, head.layout.joints)};
  ForEachText(head.origin, [&](const FieldDoc& doc, const std::string& text) {
    out.push_back(TextColumn(doc.key, {text}));
  });
  std::vector<std::string> lines;
  const auto add = [&](const FieldDoc& doc) {
    lines.push_back(fmt::format("{} [{}{}]: {}", doc.key, EnumName(doc.shape),
                                *doc.unit ? fmt::format(", {}", doc.unit) : "", doc.what));
  };
  std::ranges::for_each(columns, add);
  std::ranges::for_each(HeadFields(), add);
  out.push_back(TextColumn(kAboutKey, lines));
  return out;
}

NpzHead ReadHead(const Npz& npz, const fs::path& path) {
  NpzHead head{ReadLayout(npz, path), {}};
  ForEachText(head.origin, [&](const FieldDoc& doc, std::string& text) {
    if (!npz.contains(doc.key)) return;
    const std::vector<std::string> texts = Texts(npz, doc.key, path);
    if (!texts.empty()) text = texts[0];
  });
  return head;
}

NpzHead ReadHead(const fs::path& path) {
  std::vector<std::string> keys;
  for (const FieldDoc& doc : HeadFields()) keys.emplace_back(doc.key);
  Npz npz = ReadNpz(path, keys);
  // Of these the width alone counts.
  const std::vector<std::string> all = NpzKeys(path);
  for (const char* key : {"betas", "expression"}) {
    if (!npz.contains(kFamilyKey) || std::ranges::count(all, key) == 0) continue;
    NdArray shape;
    const NpzRows rows(path, key);
    shape.shape = rows.shape();
    npz[key] = shape;
  }
  return ReadHead(npz, path);
}

}  // namespace gyre
