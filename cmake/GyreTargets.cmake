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
  target_compile_options(gyre_flags INTERFACE
    $<$<CXX_COMPILER_ID:Clang>:-fsanitize=fuzzer-no-link>
    $<$<CXX_COMPILER_ID:Clang>:-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/tests/sanitizers/ubsan.ignore>
    $<$<CXX_COMPILER_ID:GNU>:-fsanitize-coverage=trace-pc,trace-cmp>)
endif()
set(GYRE_TEST_TIMEOUT 900)
# Tests start a thousand short programs: a pool of threads costs each more than it gives.
set(GYRE_TEST_ENVIRONMENT OPENBLAS_NUM_THREADS=1)
if(GYRE_SANITIZE)
  set(sanitize -fsanitize=${GYRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(gyre_flags INTERFACE ${sanitize})
  target_link_options(gyre_flags INTERFACE ${sanitize})
  # Among the sanitizers' checks GCC 12 sees uninitialized members in std::function and LibTorch.
  target_compile_options(gyre_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  set(GYRE_TEST_TIMEOUT 7200)  # checked code takes ten times as long
  # libgomp is not instrumented: its threads would look like a race wherever its barrier orders them.
  set(suppressions ${PROJECT_SOURCE_DIR}/tests/sanitizers)
  list(APPEND GYRE_TEST_ENVIRONMENT OMP_NUM_THREADS=1
    ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
    LSAN_OPTIONS=suppressions=${suppressions}/lsan.supp:print_suppressions=0
    UBSAN_OPTIONS=print_stacktrace=1
    TSAN_OPTIONS=suppressions=${suppressions}/tsan.supp:halt_on_error=1:second_deadlock_stack=1)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug" OR GYRE_FUZZ)
  target_compile_definitions(gyre_flags INTERFACE EIGEN_INITIALIZE_MATRICES_BY_NAN _GLIBCXX_ASSERTIONS)
endif()

# gyre_sources(VARIABLE FOLDER): all sources of a folder and its subfolders, relative to the caller's,
# without those of subfolders that have a CMakeLists.txt of their own.
function(gyre_sources variable folder)
  get_filename_component(folder ${folder} ABSOLUTE)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${folder}/*.cc ${folder}/*.h)
  file(GLOB_RECURSE rooms RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${folder}/CMakeLists.txt)
  foreach(room IN LISTS rooms)
    get_filename_component(room ${room} DIRECTORY)
    if(room)
      list(FILTER sources EXCLUDE REGEX "^${room}/")
    endif()
  endforeach()
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

# gyre_unity(TARGET): the target's files are compiled eight at a time, since most of a file's time goes
# into headers and templates that its neighbours need too. Files with compile options of their own stay
# alone. -DGYRE_UNITY=OFF compiles every file by itself, which suits work on one of them.
# CMake's UNITY_BUILD does the same by absolute paths, with which no other clone finds its objects in
# the compiler's cache.
function(gyre_unity target)
  if(GYRE_UNITY)  # at the folder's end, when all files' options are known
    cmake_language(EVAL CODE "cmake_language(DEFER CALL gyre_write_units ${target})")
  endif()
endfunction()

function(gyre_write_units target)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  set(together "")
  foreach(source IN LISTS sources)
    get_filename_component(source ${source} ABSOLUTE)
    get_source_file_property(options ${source} COMPILE_OPTIONS)
    get_source_file_property(definitions ${source} COMPILE_DEFINITIONS)
    get_source_file_property(apart ${source} GYRE_APART)
    if(NOT options AND NOT definitions AND NOT apart)
      list(APPEND together ${source})
    endif()
  endforeach()
  set(unit 0)
  list(LENGTH together left)
  while(left GREATER 1)
    list(SUBLIST together 0 8 files)
    list(REMOVE_ITEM together ${files})
    list(LENGTH together left)
    set_source_files_properties(${files} PROPERTIES HEADER_FILE_ONLY ON)
    list(TRANSFORM files REPLACE "^${PROJECT_SOURCE_DIR}/(.+)" "#include \"\\1\"\n")
    string(CONCAT content ${files})
    set(path ${CMAKE_CURRENT_BINARY_DIR}/${target}_unit_${unit}.cc)
    file(CONFIGURE OUTPUT ${path} CONTENT "${content}" @ONLY)
    # To GCC the types of one file's own are those of a header.
    set_source_files_properties(${path} PROPERTIES
      COMPILE_OPTIONS $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    target_sources(${target} PRIVATE ${path})
    math(EXPR unit "${unit} + 1")
  endwhile()
endfunction()

# gyre_apart(file...): not compiled together with others, which can change what the compiler inlines.
function(gyre_apart)
  set_source_files_properties(${ARGN} PROPERTIES GYRE_APART ON)
endfunction()

# gyre_library(NAME [SOURCES|EXCEPT file...] DEPS target...): the library gyre::NAME of all sources in
# this folder and below, of these alone, or of all but these.
# Public headers are found as "core/so3.h", "body/body_model.h", "fitting/fitter.h"; installed as
# "gyre/core/so3.h", ... (GyreInstall.cmake).
function(gyre_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;EXCEPT;DEPS;PRIVATE" ${ARGN})
  set(sources ${arg_SOURCES})
  if(NOT sources)
    gyre_sources(sources .)
    list(REMOVE_ITEM sources "" ${arg_EXCEPT})
  endif()
  add_library(gyre_${name} STATIC ${sources})
  gyre_unity(gyre_${name})
  set_target_properties(gyre_${name} PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME ${name})
  add_library(gyre::${name} ALIAS gyre_${name})
  target_include_directories(gyre_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src/base>
    $<INSTALL_INTERFACE:include>)
  target_link_libraries(gyre_${name} PUBLIC gyre_flags ${arg_DEPS} PRIVATE $<BUILD_INTERFACE:gyre_warnings> ${arg_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY GYRE_LIBRARIES gyre_${name})
endfunction()

# gyre_test(FOLDER [UNITY] [SHARDS n] DEPS target...): one binary of all tests in tests/FOLDER and below.
# UNITY compiles them together, as gyre_unity does. Shards are the n parts, FOLDER_0 and so on, in which
# ctest runs a binary that takes long, side by side.
function(gyre_test folder)
  cmake_parse_arguments(arg "UNITY" "SHARDS" "DEPS" ${ARGN})
  gyre_sources(sources ${folder})
  if(NOT sources)
    return()
  endif()
  add_executable(${folder}_test ${sources})
  if(arg_UNITY)
    gyre_unity(${folder}_test)
  endif()
  # Most of a build's time goes into tests, and little of a test's into its own code.
  target_compile_options(${folder}_test PRIVATE $<$<CONFIG:Release>:-O1>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # at -O1 GCC 12 sees them in Eigen's copies
  if(GYRE_FUZZ)  # what fuzzers are to explore are the libraries
    target_compile_options(${folder}_test PRIVATE $<$<CXX_COMPILER_ID:Clang>:-g0 -fno-sanitize=fuzzer-no-link>)
  endif()
  target_include_directories(${folder}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${folder}_test PRIVATE ${arg_DEPS} gyre_warnings GTest::gtest GTest::gmock GTest::gtest_main)
  # Tests run from the repository's root, so that "../shared/data" is the optional data folder.
  if(NOT arg_SHARDS)
    set(arg_SHARDS 1)
  endif()
  math(EXPR last "${arg_SHARDS} - 1")
  foreach(shard RANGE ${last})
    set(name ${folder})
    set(environment ${GYRE_TEST_ENVIRONMENT})
    if(last GREATER 0)
      set(name ${folder}_${shard})
      list(APPEND environment GTEST_TOTAL_SHARDS=${arg_SHARDS} GTEST_SHARD_INDEX=${shard})
    endif()
    add_test(NAME ${name} COMMAND ${folder}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${GYRE_TEST_TIMEOUT} ENVIRONMENT "${environment}")
  endforeach()
endfunction()
