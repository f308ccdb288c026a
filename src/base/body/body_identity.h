// SPDX-License-Identifier: Apache-2.0
// Which body numbers are of, so that whoever reads them takes that body or refuses another: pose
// and shape mean nothing without it.
#pragma once

#include <string>
#include <vector>

#include "body/body_model.h"

namespace gyre {

struct BodyIdentity {
  std::string path;         // as it was asked for: "builtin", "builtin-x", or its file
  std::string extra_path;   // SPIN's J_regressor_extra.npy, where one was given
  std::string fingerprint;  // of the content, 16 hexadecimal digits; empty: nobody wrote it down

  // Of a file whose rows are each of one of these.
  static BodyIdentity OfSeveral(const std::vector<std::string>& paths);

  bool Known() const { return !fingerprint.empty(); }
  bool AreSeveral() const;
  // "smpl.pkl with extra.npy (content 0123456789abcdef)"
  std::string Describe() const;

  friend bool operator==(const BodyIdentity&, const BodyIdentity&) = default;
};

// Its fingerprint is of numbers rounded to a millionth, so that the body made by rule is the same
// one on every processor.
BodyIdentity IdentityOf(const BodyModel& body, const std::string& extra_path = "");
// Of every bit: what runs of `gyre fit` were told apart by before files knew their body.
std::string ExactFingerprintOf(const BodyModel& body);

// UserError, naming `what` (a file), where its rows are of several bodies.
void RequireOneBody(const BodyIdentity& identity, const std::string& what);

// Whether it is the body, by either fingerprint; true when nothing is known.
bool MayBe(const BodyIdentity& identity, const BodyModel& body);
// UserError, naming `what` (a file) and both bodies, unless it may be the body. `option`: how the
// command takes its body.
void RequireBody(const BodyIdentity& identity, const BodyModel& body, const std::string& extra_path,
                 const std::string& what, const std::string& option = "--body");

}  // namespace gyre
