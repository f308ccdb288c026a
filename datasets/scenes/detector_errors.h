// SPDX-License-Identifier: Apache-2.0
// What detectors and annotators get wrong of a person whose keypoints are known: noise that differs
// from joint to joint and from person to person, gross errors, sides exchanged, joints not found,
// behind something or beyond the picture's edge, and confidences that know part of it.
//
// Pixels are of the person's box at 224 px. What is a range or "at most" is drawn anew for each
// person.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/option_fields.h"
#include "core/rng.h"
#include "person/person.h"

namespace gyre {

struct DetectorErrors {
  // Of a shoulder, each axis; log-uniform. Other joints by COCO's constants of how annotators
  // differ (its keypoint evaluation, k_i): an eye a third of it, a hip 1.35 times as much.
  double sigma_min_px = 0.7, sigma_max_px = 8;
  double tail_share = 0.1;  // of the joints: three times the noise
  // At most so many of the joints are far off; half of people have less than a quarter of it.
  double gross_share = 0.4;
  double gross_on_person = 0.5;  // of those: at another joint of the person, else in their box
  double missing_share = 0.4;    // as gross_share: not found
  // Of the people: left and right exchanged.
  double exchanged_arms = 0.05, exchanged_legs = 0.05, exchanged_all = 0.05;
  double cut_share = 0.25;        // of the people: cut by an edge of the picture
  double cut_most = 0.6;          // of their extent, at most
  double covered_share = 0.3;     // of the people: something in front
  double covered_missing = 0.6;   // of the joints behind it: not found; the rest are guessed
  double covered_sigma_px = 15;   // of a guess
  // Of the people: marked by an annotator. Half the noise, a third of the gross errors and
  // exchanges, and all confidences are 1.
  double annotated_share = 0.4;
  double confidence_px = 20;      // error at which a confidence is down by 1 - 1/e
  double confidence_noise = 0.1;  // of the confidences, one standard deviation
  // One of these sets for each person, and with it names of SPIN's 49.
  std::vector<std::string> sets = {"body25", "coco17", "mpii16", "h36m17", "lsp14"};

  void Check() const;
};

template <OptionsOf<DetectorErrors> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("sigma_min_px", o.sigma_min_px, "Least noise, of a shoulder, px at 224 px");
  visit("sigma_max_px", o.sigma_max_px, "Most noise, of a shoulder, px at 224 px");
  visit("tail_share", o.tail_share, "Share of joints of three times the noise");
  visit("gross_share", o.gross_share, "Most joints of a person that are far off, share");
  visit("gross_on_person", o.gross_on_person, "Share of those that are at another joint");
  visit("missing_share", o.missing_share, "Most joints of a person that are not found, share");
  visit("exchanged_arms", o.exchanged_arms, "Share of people with arms exchanged");
  visit("exchanged_legs", o.exchanged_legs, "Share of people with legs exchanged");
  visit("exchanged_all", o.exchanged_all, "Share of people with both exchanged");
  visit("cut_share", o.cut_share, "Share of people whom the picture's edge cuts");
  visit("cut_most", o.cut_most, "Most of their extent that it cuts");
  visit("covered_share", o.covered_share, "Share of people with something in front");
  visit("covered_missing", o.covered_missing, "Share of covered joints that are not found");
  visit("covered_sigma_px", o.covered_sigma_px, "Noise of covered joints that are guessed");
  visit("annotated_share", o.annotated_share, "Share of people whom an annotator marked");
  visit("confidence_px", o.confidence_px, "Error that confidences know of");
  visit("confidence_noise", o.confidence_noise, "Noise of the confidences");
  visit("sets", o.sets, "Keypoint sets, one for each person");
}

// Detects a person whose keypoints, of SPIN's 49, stand where they are: in their place what a
// detector finds, and the box around it. Numbers are drawn by (seed, Person::index).
void Detect(const DetectorErrors& errors, uint64_t seed, Person* person);

}  // namespace gyre
