// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as a request to stop at the next good moment.
#pragma once

namespace gyre {

// Signals only set requested() while it lives; one at a time.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  bool requested() const;

 private:
  void (*interrupt_)(int);
  void (*terminate_)(int);
};

}  // namespace gyre
