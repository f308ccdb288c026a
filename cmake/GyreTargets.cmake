# SPDX-License-Identifier: Apache-2.0
# How every target of gyre is built.

add_library(gyre_flags INTERFACE)
target_compile_features(gyre_flags INTERFACE cxx_std_20)
add_library(gyre_warnings INTERFACE)
# GCC 12 warns of overlapping copies inside std::string that cannot happen (GCC bug 105651).
target_compile_options(gyre_warnings INTERFACE -Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(GYRE_WERROR)
  target_compile_options(gyre_warnings INTERFACE -Werror)
endif()
if(GYRE_FUZZ)
  set(GYRE_SANITIZE address,undefined)
  target_compile_options(gyre_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-fsanitize=fuzzer-no-link>
    $<$<CXX_COMPILER_ID:GNU>:-fsanitize-coverage=trace-pc,trace-cmp>)
endif()
set(GYRE_TEST_TIMEOUT 900)
if(GYRE_SANITIZE)
  set(sanitize -fsanitize=${GYRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(gyre_flags INTERFACE ${sanitize})
  target_link_options(gyre_flags INTERFACE ${sanitize})
  # Among the sanitizers' checks GCC 12 sees uninitialized members in std::function and LibTorch.
  target_compile_options(gyre_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  set(GYRE_TEST_TIMEOUT 7200)  # checked code takes ten times as long
  # libgomp is not instrumented: its threads would look like a race wherever its barrier orders them.
  set(suppressions ${PROJECT_SOURCE_DIR}/tests/sanitizers)
  set(GYRE_TEST_ENVIRONMENT OMP_NUM_THREADS=1
    ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
    LSAN_OPTIONS=suppressions=${suppressions}/lsan.supp:print_suppressions=0
    UBSAN_OPTIONS=print_stacktrace=1
    TSAN_OPTIONS=suppressions=${suppressions}/tsan.supp:halt_on_error=1:second_deadlock_stack=1)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug" OR GYRE_FUZZ)
  target_compile_definitions(gyre_flags INTERFACE EIGEN_INITIALIZE_MATRICES_BY_NAN _GLIBCXX_ASSERTIONS)
endif()

# gyre_library(NAME [SOURCES|EXCEPT file...] DEPS target...): the library gyre::NAME of all sources in
# this folder, of these alone, or of all but these.
# Public headers are found as "core/so3.h", "body/body_model.h", "fitting/fitter.h".
function(gyre_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;EXCEPT;DEPS;PRIVATE" ${ARGN})
  set(sources ${arg_SOURCES})
  if(NOT sources)
    file(GLOB sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.cc *.h)
    list(REMOVE_ITEM sources "" ${arg_EXCEPT})
  endif()
  add_library(gyre_${name} STATIC ${sources})
  set_target_properties(gyre_${name} PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME ${name})
  add_library(gyre::${name} ALIAS gyre_${name})
  target_include_directories(gyre_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:include/gyre>)
  target_link_libraries(gyre_${name} PUBLIC gyre_flags ${arg_DEPS} PRIVATE $<BUILD_INTERFACE:gyre_warnings> ${arg_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY GYRE_LIBRARIES gyre_${name})
endfunction()

# gyre_test(FOLDER [UNITY] DEPS target...): one binary of all tests/FOLDER/*.cc. UNITY compiles them
# together, which pays where every file includes LibTorch.
function(gyre_test folder)
  cmake_parse_arguments(arg "UNITY" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${folder}_test ${sources})
  set_target_properties(${folder}_test PROPERTIES UNITY_BUILD "${arg_UNITY}")
  target_include_directories(${folder}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${folder}_test PRIVATE ${arg_DEPS} gyre_warnings GTest::gtest GTest::gmock GTest::gtest_main)
  # Tests run from the repository's root, so that "../shared/data" is the optional data folder.
  add_test(NAME ${folder} COMMAND ${folder}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${folder} PROPERTIES TIMEOUT ${GYRE_TEST_TIMEOUT} ENVIRONMENT "${GYRE_TEST_ENVIRONMENT}")
endfunction()
