// SPDX-License-Identifier: Apache-2.0
#include "io/bvh.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/file.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr size_t kMaxNodes = 4096;
constexpr size_t kMaxDepth = 256;
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 28;

constexpr std::array<std::string_view, 6> kChannelNames = {"Xposition", "Yposition", "Zposition",
                                                           "Xrotation", "Yrotation", "Zrotation"};

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// What a hostile file may hold in place of a word is cut short in messages.
std::string Shown(std::string_view word) {
  if (word.empty()) return "the end of the file";
  std::string shown = "'";
  for (const char c : word.substr(0, 40)) shown += c >= 32 && c < 127 ? c : '?';
  return shown + (word.size() > 40 ? "...'" : "'");
}

// Words separated by white space, with the line they stand on.
class Words {
 public:
  Words(std::string_view content, const std::string& what) : rest_(content), what_(what) {}

  // Empty at the end of the file.
  std::string_view Peek() {
    while (!rest_.empty() && (IsBlank(rest_[0]) || rest_[0] == '\n')) {
      if (rest_[0] == '\n') ++line_;
      rest_.remove_prefix(1);
    }
    const auto ends = [](char c) { return IsBlank(c) || c == '\n'; };
    const auto end = std::find_if(rest_.begin(), rest_.end(), ends);
    return rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
  }
  std::string_view Next() {
    const std::string_view word = Peek();
    rest_.remove_prefix(word.size());
    return word;
  }
  bool Accept(std::string_view word) {
    if (!EqualIgnoringCase(Peek(), word)) return false;
    Next();
    return true;
  }
  void Expect(std::string_view word) {
    if (!Accept(word)) Fail(fmt::format("'{}'", word));
  }
  [[noreturn]] void Fail(const std::string& expected) {
    const std::string_view found = Peek();
    ThrowUserError("{}: line {}: found {}, expected {}", what_, line_, Shown(found), expected);
  }

  double Number(const char* expected) {
    std::string_view word = Peek();
    if (word.starts_with('+')) word.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
      Fail(expected);
    }
    Next();
    return value;
  }
  int64_t Count(const char* expected) {
    const std::string_view word = Peek();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value < 0) Fail(expected);
    Next();
    return value;
  }
  // The rest of the line up to an opening brace: names may hold spaces.
  std::string Name() {
    while (!rest_.empty() && IsBlank(rest_[0])) rest_.remove_prefix(1);
    std::string_view name = rest_.substr(0, rest_.find_first_of("{\n"));
    rest_.remove_prefix(name.size());
    while (!name.empty() && IsBlank(name.back())) name.remove_suffix(1);
    if (name.empty() || name.size() > 256) Fail("the joint's name on the same line");
    return std::string(name);
  }

  size_t bytes_left() const { return rest_.size(); }
  int line() const { return line_; }

 private:
  std::string_view rest_;
  const std::string& what_;
  int line_ = 1;
};

class BvhParser {
 public:
  BvhParser(std::string_view content, const std::string& what) : words_(content, what) {
    clip_.name = what;
  }

  BvhClip Parse() {
    words_.Expect("HIERARCHY");
    words_.Expect("ROOT");
    Hierarchy();
    if (EqualIgnoringCase(words_.Peek(), "ROOT")) words_.Fail("MOTION: one root per file");
    words_.Expect("MOTION");
    Motion();
    return std::move(clip_);
  }

 private:
  // The root's block and all within, without recursion: `open` holds the nodes not yet closed.
  void Hierarchy() {
    std::vector<int> open;
    Open(&open, words_.Name(), false);
    while (!open.empty()) {
      BvhNode& node = clip_.nodes[static_cast<size_t>(open.back())];
      if (words_.Accept("}")) {
        open.pop_back();
      } else if (words_.Accept("OFFSET")) {
        for (double& value : node.offset) value = words_.Number("three numbers after OFFSET");
      } else if (!node.is_end_site && EqualIgnoringCase(words_.Peek(), "CHANNELS")) {
        Channels(&node);
      } else if (!node.is_end_site && words_.Accept("JOINT")) {
        Open(&open, words_.Name(), false);
      } else if (!node.is_end_site && words_.Accept("End")) {
        words_.Expect("Site");
        Open(&open, node.name + " end", true);
      } else {
        words_.Fail(node.is_end_site ? "OFFSET or }" : "OFFSET, CHANNELS, JOINT, End Site or }");
      }
    }
  }

  void Open(std::vector<int>* open, const std::string& name, bool is_end_site) {
    words_.Expect("{");
    if (clip_.nodes.size() >= kMaxNodes || open->size() >= kMaxDepth) {
      words_.Fail(fmt::format("at most {} nodes, {} deep", kMaxNodes, kMaxDepth));
    }
    BvhNode node;
    node.name = name;
    node.parent = open->empty() ? -1 : open->back();
    node.is_end_site = is_end_site;
    open->push_back(static_cast<int>(clip_.nodes.size()));
    clip_.nodes.push_back(std::move(node));
  }

  void Channels(BvhNode* node) {
    if (!node->channels.empty()) words_.Fail("CHANNELS once per joint");
    words_.Next();
    const int64_t count = words_.Count("the number of channels, 0 to 6");
    if (count > 6) words_.Fail("at most 6 channels per joint");
    node->first_channel = num_channels_;
    for (int64_t i = 0; i < count; ++i) {
      const std::string_view word = words_.Peek();
      const auto found = std::find_if(kChannelNames.begin(), kChannelNames.end(),
                                      [&](auto name) { return EqualIgnoringCase(name, word); });
      const auto channel = static_cast<BvhChannel>(found - kChannelNames.begin());
      if (found == kChannelNames.end() ||
          std::count(node->channels.begin(), node->channels.end(), channel) > 0) {
        words_.Fail(fmt::format("each of {} at most once", fmt::join(kChannelNames, ", ")));
      }
      words_.Next();
      node->channels.push_back(channel);
    }
    num_channels_ += static_cast<int>(count);
  }

  void Motion() {
    words_.Expect("Frames:");
    const int64_t frames = words_.Count("the number of frames");
    words_.Expect("Frame");
    words_.Expect("Time:");
    clip_.frame_time = words_.Number("the seconds per frame");
    if (clip_.frame_time <= 0) words_.Fail("a positive frame time before the first frame");
    if (num_channels_ == 0) words_.Fail("a skeleton with CHANNELS");
    // A number takes a digit and a separator, so the text bounds what the header may declare.
    const auto possible = static_cast<int64_t>((words_.bytes_left() + 1) / 2) / num_channels_;
    if (frames > possible) {
      words_.Fail(
          fmt::format("{} frames of {} numbers; the file is cut off", frames, num_channels_));
    }
    clip_.motion.resize(frames, num_channels_);
    for (double& value : clip_.motion.reshaped<Eigen::RowMajor>()) {
      value = words_.Number("a number of MOTION (frames x channels of them)");
    }
    if (!words_.Peek().empty()) {
      words_.Fail(
          fmt::format("the end of the file after {} frames of {} numbers", frames, num_channels_));
    }
  }

  Words words_;
  BvhClip clip_;
  int num_channels_ = 0;
};

// One node's rotation and offset from its parent at a frame.
void LocalTransform(const BvhClip& clip, const BvhNode& node, int frame, Mat3* rotation,
                    Vec3* offset) {
  for (size_t i = 0; i < node.channels.size(); ++i) {
    const double value = clip.motion(frame, node.first_channel + static_cast<int>(i));
    const int channel = static_cast<int>(node.channels[i]);
    if (channel < 3) {
      (*offset)[channel] = value;
    } else {
      *rotation *= ExpSO3(Vec3::Unit(channel - 3) * (value * std::numbers::pi / 180));
    }
  }
}

BvhPose Pose(const BvhClip& clip, int frame, bool at_rest) {
  BvhPose pose;
  pose.positions.resize(static_cast<Eigen::Index>(clip.nodes.size()), 3);
  for (size_t n = 0; n < clip.nodes.size(); ++n) {
    const BvhNode& node = clip.nodes[n];
    Mat3 rotation = Mat3::Identity();
    Vec3 position = node.offset;
    if (!at_rest) LocalTransform(clip, node, frame, &rotation, &position);
    if (node.parent >= 0) {
      const Mat3& parent = pose.rotations[static_cast<size_t>(node.parent)];
      rotation = parent * rotation;
      position = pose.positions.row(node.parent).transpose() + parent * position;
    }
    pose.rotations.push_back(rotation);
    pose.positions.row(static_cast<Eigen::Index>(n)) = position;
  }
  return pose;
}

// A node and all below it.
void AppendNode(const BvhClip& clip, size_t i, const std::vector<std::vector<size_t>>& children,
                const std::string& indent, size_t* written, std::string* out) {
  GYRE_CHECK((*written)++ == i, "node {} does not stand right before those below it", i);
  const BvhNode& node = clip.nodes[i];
  const char* kind = node.parent < 0 ? "ROOT " : node.is_end_site ? "End Site" : "JOINT ";
  *out += indent + kind + (node.is_end_site ? "" : node.name) + "\n" + indent + "{\n";
  const std::string inner = indent + "  ";
  *out += fmt::format("{}OFFSET {:.6f} {:.6f} {:.6f}\n", inner, node.offset.x(), node.offset.y(),
                      node.offset.z());
  if (!node.channels.empty()) {
    *out += fmt::format("{}CHANNELS {}", inner, node.channels.size());
    for (const BvhChannel channel : node.channels) {
      *out += fmt::format(" {}", kChannelNames[static_cast<size_t>(channel)]);
    }
    *out += "\n";
  }
  for (const size_t child : children[i]) AppendNode(clip, child, children, inner, written, out);
  *out += indent + "}\n";
}

}  // namespace

void WriteBvh(const std::filesystem::path& path, const BvhClip& clip) {
  GYRE_CHECK(!clip.nodes.empty() && clip.nodes[0].parent < 0);
  std::vector<std::vector<size_t>> children(clip.nodes.size());
  for (size_t i = 1; i < clip.nodes.size(); ++i) {
    children[static_cast<size_t>(clip.nodes[i].parent)].push_back(i);
  }
  std::string text = "HIERARCHY\n";
  size_t written = 0;
  AppendNode(clip, 0, children, "", &written, &text);
  text +=
      fmt::format("MOTION\nFrames: {}\nFrame Time: {:.8f}\n", clip.num_frames(), clip.frame_time);
  for (Eigen::Index frame = 0; frame < clip.motion.rows(); ++frame) {
    for (Eigen::Index c = 0; c < clip.motion.cols(); ++c) {
      text += fmt::format("{}{:.6f}", c == 0 ? "" : " ", clip.motion(frame, c));
    }
    text += '\n';
  }
  WriteFileAtomically(path, text);
}

int BvhClip::IndexOf(std::string_view node) const {
  for (size_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n].name == node) return static_cast<int>(n);
  }
  return -1;
}

BvhClip ParseBvh(std::string_view content, const std::string& what) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);  // a byte order mark
  return BvhParser(content, what).Parse();
}

BvhClip ReadBvh(const std::filesystem::path& path) {
  return ParseBvh(ReadFile(path, kMaxFileBytes), path.string());
}

BvhPose ForwardKinematics(const BvhClip& clip, int frame) {
  GYRE_CHECK(frame >= 0 && frame < clip.num_frames(), "frame {} of {}", frame, clip.num_frames());
  return Pose(clip, frame, false);
}

BvhPose RestPose(const BvhClip& clip) { return Pose(clip, 0, true); }

}  // namespace gyre
