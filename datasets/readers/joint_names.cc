// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/joint_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gyre {

namespace {

constexpr size_t kLongestName = 64;

// What a word without its side means: on the left, on the right, and without a side.
struct Word {
  std::string_view word, left, right, middle;
};
constexpr Word kWords[] = {
    {"nose", "", "", "Nose"},
    {"eye", "Left Eye", "Right Eye", ""},
    {"ear", "Left Ear", "Right Ear", ""},
    {"shoulder", "Left Shoulder", "Right Shoulder", ""},
    {"elbow", "Left Elbow", "Right Elbow", ""},
    {"wrist", "Left Wrist", "Right Wrist", ""},
    {"hip", "Left Hip", "Right Hip", "Pelvis (MPII)"},
    {"knee", "Left Knee", "Right Knee", ""},
    {"ankle", "Left Ankle", "Right Ankle", ""},
    {"head", "", "", "Top of Head (LSP)"},
    {"headtop", "", "", "Top of Head (LSP)"},
    {"tophead", "", "", "Top of Head (LSP)"},
    {"topofhead", "", "", "Top of Head (LSP)"},
    {"neck", "", "", "Neck (LSP)"},
    {"upperneck", "", "", "Neck (LSP)"},
    {"headbottom", "", "", "Neck (LSP)"},
    {"pelvis", "", "", "Pelvis (MPII)"},
    {"root", "", "", "Pelvis (MPII)"},
    {"midhip", "", "", "OP MidHip"},
    {"thorax", "", "", "Thorax (MPII)"},
    {"spine", "", "", "Spine (H36M)"},
    {"bigtoe", "OP LBigToe", "OP RBigToe", ""},
    {"smalltoe", "OP LSmallToe", "OP RSmallToe", ""},
    {"heel", "OP LHeel", "OP RHeel", ""},
};

std::string_view OfWord(std::string_view word, std::string_view Word::*side) {
  for (const Word& known : kWords) {
    if (known.word == word) return known.*side;
  }
  return {};
}

}  // namespace

std::string_view JointByName(std::string_view name) {
  if (name.size() > kLongestName) return {};
  std::string word;  // its letters alone, small
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') word += static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') word += c;
  }
  if (const std::string_view joint = OfWord(word, &Word::middle); !joint.empty()) return joint;
  const std::string_view rest = word;
  for (const auto& [side, of] : {std::pair{std::string_view("left"), &Word::left},
                                 {"right", &Word::right},
                                 {"l", &Word::left},
                                 {"r", &Word::right}}) {
    std::string_view joint;
    if (rest.starts_with(side)) joint = OfWord(rest.substr(side.size()), of);
    if (joint.empty() && rest.ends_with(side)) {
      joint = OfWord(rest.substr(0, rest.size() - side.size()), of);
    }
    if (!joint.empty()) return joint;
  }
  return {};
}

std::vector<std::string_view> JointsByName(std::span<const std::string> names) {
  std::vector<std::string_view> joints;
  for (const std::string& name : names) joints.push_back(JointByName(name));
  const auto has = [&](std::string_view joint) { return std::ranges::count(joints, joint) > 0; };
  if (!has("OP MidHip") && !has("OP LBigToe")) return joints;
  for (std::string_view& joint : joints) {
    if (joint == "Neck (LSP)") joint = "OP Neck";
    if (joint == "Pelvis (MPII)" && !has("OP MidHip")) joint = "OP MidHip";
  }
  return joints;
}

const KeypointSet& SetOf(std::span<const std::string_view> joints) {
  for (const char* name :
       {"coco17", "lsp14", "mpii16", "csv21", "coco_wholebody133", "halpe26", "halpe136"}) {
    const KeypointSet& set = FindKeypointSet(name);
    const bool holds_all = std::ranges::all_of(
        joints, [&](std::string_view joint) { return joint.empty() || set.IndexOf(joint) >= 0; });
    if (holds_all) return set;
  }
  return SpinJoints();
}

bool AreOfPeople(std::span<const std::string> names) {
  const auto has = [&](std::initializer_list<std::string_view> joints) {
    return std::ranges::any_of(names, [&](const std::string& name) {
      return std::ranges::count(joints, JointByName(name)) > 0;
    });
  };
  return has({"Left Shoulder", "Right Shoulder", "Left Hip", "Right Hip"}) &&
         has({"Left Wrist", "Right Wrist", "Left Ankle", "Right Ankle"});
}

}  // namespace gyre
