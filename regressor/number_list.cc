// SPDX-License-Identifier: Apache-2.0
#include "regressor/number_list.h"

#include <charconv>
#include <sstream>

#include "core/error.h"

namespace gyre {

std::vector<int64_t> ParseNumberList(const std::string& text, const char* option, int64_t most,
                                     const char* such) {
  std::vector<int64_t> numbers;
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, '-');) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), number);
    if (error != std::errc() || end != item.data() + item.size() || number < 1 || number > most) {
      ThrowUserError("{}: \"{}\" is not a list of numbers in 1..{} such as {}", option, text, most,
                     such);
    }
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace gyre
