// SPDX-License-Identifier: Apache-2.0
#include "body/body_identity.h"

#include <fmt/ranges.h>

#include <cmath>

#include "core/error.h"
#include "core/fingerprint.h"
#include "core/printable.h"
#include "io/utf8.h"

namespace gyre {
namespace {

constexpr const char* kSeveral = "several";  // no fingerprint has letters beyond f

constexpr double kRounded = 1e6;  // a micrometre, a millionth of a weight

int64_t Rounded(double value) { return std::llround(value * kRounded); }

template <typename Matrix>
void AddRounded(const Matrix& m, Fingerprint* fingerprint) {
  fingerprint->Add(static_cast<int64_t>(m.size()));
  for (Eigen::Index i = 0; i < m.size(); ++i) fingerprint->Add(Rounded(m.data()[i]));
}

// What rounds to nothing may be there or not.
void AddRounded(const SparseRows& m, Fingerprint* fingerprint) {
  fingerprint->Add(static_cast<int64_t>(m.rows()));
  for (int row = 0; row < m.outerSize(); ++row) {
    for (SparseRows::InnerIterator it(m, row); it; ++it) {
      const int64_t value = Rounded(it.value());
      if (value == 0) continue;
      fingerprint->Add(static_cast<int64_t>(row));
      fingerprint->Add(static_cast<int64_t>(it.col()));
      fingerprint->Add(value);
    }
  }
}

}  // namespace

BodyIdentity BodyIdentity::OfSeveral(const std::vector<std::string>& paths) {
  return {fmt::format("{}", fmt::join(paths, ", ")), "", kSeveral};
}

bool BodyIdentity::AreSeveral() const { return fingerprint == kSeveral; }

std::string BodyIdentity::Describe() const {
  std::string text = path.empty() ? "an unnamed body" : Printable(path);
  if (!extra_path.empty()) text += " with " + Printable(extra_path);
  return Known() ? fmt::format("{} (content {})", text, fingerprint) : text;
}

BodyIdentity IdentityOf(const BodyModel& body, const std::string& extra_path) {
  Fingerprint fingerprint;
  AddRounded(body.v_template, &fingerprint);
  AddRounded(body.shapedirs, &fingerprint);
  AddRounded(body.posedirs, &fingerprint);
  AddRounded(body.J_regressor, &fingerprint);
  AddRounded(body.weights, &fingerprint);
  AddRounded(body.J_regressor_extra, &fingerprint);
  for (const int vertex : body.landmark_vertices) fingerprint.Add(vertex);
  for (const int parent : body.parents()) fingerprint.Add(parent);
  std::string path = Utf8FromBytes(body.name);
  if (body.name == kBuiltinBodyName) path = kBuiltinBody;
  if (body.name == kBuiltinWholeBodyName) path = kBuiltinWholeBody;
  return {path, Utf8FromBytes(extra_path), fingerprint.Hex()};
}

std::string ExactFingerprintOf(const BodyModel& body) {
  Fingerprint fingerprint;
  const auto dense = [&](const auto& m) {
    fingerprint.Add(m.size());
    fingerprint.AddBytes(m.data(), static_cast<size_t>(m.size()) * sizeof(*m.data()));
  };
  const auto sparse = [&](SparseRows m) {
    m.makeCompressed();
    fingerprint.Add(m.nonZeros());
    fingerprint.AddBytes(m.valuePtr(), static_cast<size_t>(m.nonZeros()) * sizeof(double));
    fingerprint.AddBytes(m.innerIndexPtr(), static_cast<size_t>(m.nonZeros()) * sizeof(int));
  };
  dense(body.v_template);
  dense(body.shapedirs);
  dense(body.posedirs);
  sparse(body.J_regressor);
  sparse(body.weights);
  sparse(body.J_regressor_extra);
  dense(body.landmark_vertices);
  return fingerprint.Hex();
}

void RequireOneBody(const BodyIdentity& identity, const std::string& what) {
  if (!identity.AreSeveral()) return;
  ThrowUserError(
      "{}: holds people of several bodies ({}; key 'chosen_body'); take the file of one of them, "
      "which lies beside it",
      what, Printable(identity.path));
}

bool MayBe(const BodyIdentity& identity, const BodyModel& body) {
  return !identity.Known() || identity.fingerprint == IdentityOf(body).fingerprint ||
         identity.fingerprint == ExactFingerprintOf(body);
}

void RequireBody(const BodyIdentity& identity, const BodyModel& body, const std::string& extra_path,
                 const std::string& what, const std::string& option) {
  if (MayBe(identity, body)) return;
  RequireOneBody(identity, what);
  const BodyIdentity used = IdentityOf(body, extra_path);
  std::string advice = "its file has changed since: bring back the one that it was";
  if (used.path != identity.path || used.extra_path != identity.extra_path) {
    advice = "give " + option + " " + identity.path;
    if (!identity.extra_path.empty()) {
      advice += " --joint-regressor-extra " + identity.extra_path;
    } else if (!used.extra_path.empty()) {
      advice += " without --joint-regressor-extra";
    }
  }
  ThrowUserError("{}: is of the body {}, and what is used with it is another, {}; {}", what,
                 identity.Describe(), used.Describe(), advice);
}

}  // namespace gyre
