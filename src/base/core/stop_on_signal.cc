// SPDX-License-Identifier: Apache-2.0
#include "core/stop_on_signal.h"

#include <csignal>

namespace gyre {
namespace {

volatile std::sig_atomic_t g_stop = 0;
void RequestStop(int) { g_stop = 1; }

}  // namespace

StopOnSignal::StopOnSignal()
    : interrupt_(std::signal(SIGINT, RequestStop)), terminate_(std::signal(SIGTERM, RequestStop)) {
  g_stop = 0;
}

StopOnSignal::~StopOnSignal() {
  std::signal(SIGINT, interrupt_);
  std::signal(SIGTERM, terminate_);
}

bool StopOnSignal::requested() const { return g_stop != 0; }

}  // namespace gyre
