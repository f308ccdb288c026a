// SPDX-License-Identifier: Apache-2.0
#include "core/trace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "core/file.h"

namespace gyre {
namespace {

void Work() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

TEST(Span, TimeWithinAnInnerSpanCountsThereAlone) {
  TakeSpanSeconds();
  const auto start = std::chrono::steady_clock::now();
  {
    const Span outer("outer");
    Work();
    {
      const Span inner("inner");
      Work();
    }
  }
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto seconds = TakeSpanSeconds();
  ASSERT_EQ(seconds.size(), 2);
  EXPECT_GE(seconds.at("outer"), 0.005);
  EXPECT_GE(seconds.at("inner"), 0.005);
  EXPECT_LE(seconds.at("outer") + seconds.at("inner"), whole);
  EXPECT_TRUE(TakeSpanSeconds().empty());
}

// Of three, one in the other, the outermost leaves the innermost's time to it, as the middle one
// does.
TEST(Span, TimeTwoSpansDeepCountsOnce) {
  TakeSpanSeconds();
  const auto start = std::chrono::steady_clock::now();
  {
    const Span outer("outer");
    const Span middle("middle");
    const Span inner("inner");
    Work();
  }
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto seconds = TakeSpanSeconds();
  ASSERT_EQ(seconds.size(), 3);
  EXPECT_GE(seconds.at("inner"), 0.005);
  EXPECT_LE(seconds.at("outer") + seconds.at("middle") + seconds.at("inner"), whole);
}

TEST(Span, OtherThreadsKeepTheirOwnSums) {
  TakeSpanSeconds();
  std::thread([] { const Span span("elsewhere"); }).join();
  EXPECT_TRUE(TakeSpanSeconds().empty());
}

TEST(Trace, HoldsTheSpansOfAllThreadsWhileItRuns) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / "gyre_trace_test.json";
  { const Span span("too early"); }
  StartTrace();
  { const Span span("here"); }
  std::thread([] { const Span span("there"); }).join();
  WriteTrace(file);
  { const Span span("too late"); }
  const std::string text = ReadFile(file);
  std::filesystem::remove(file);
  for (const char* name : {"\"here\"", "\"there\"", "\"traceEvents\""}) {
    EXPECT_NE(text.find(name), std::string::npos) << name << " in " << text;
  }
  EXPECT_EQ(text.find("too"), std::string::npos) << text;
}

}  // namespace
}  // namespace gyre
