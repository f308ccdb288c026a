# SPDX-License-Identifier: Apache-2.0
# Everything gyre is built on, from the distribution's packages.

include(${CMAKE_CURRENT_LIST_DIR}/GyreFittingDependencies.cmake)
find_package(spdlog REQUIRED)
pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1)
find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs videoio)
find_package(TinyGLTF REQUIRED)
find_package(Torch REQUIRED)
if(NOT GYRE_INSTALLED)
  find_package(cxxopts REQUIRED)
  # Included by the headers of LibTorch's c10d, by which several processes train together.
  find_path(GYRE_GLOO_HEADERS gloo/config.h REQUIRED)
  if(GYRE_TESTS)
    find_package(GTest REQUIRED)
  endif()
endif()

# The system BLAS first in every executable that computes with LibTorch.
if(TARGET gyre_blas)
  return()  # found before
endif()
add_library(gyre_blas INTERFACE IMPORTED GLOBAL)
find_library(GYRE_BLAS NAMES libblas.so.3 PATHS /usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu)
if(GYRE_BLAS)
  target_link_options(gyre_blas INTERFACE "LINKER:--no-as-needed,${GYRE_BLAS},--as-needed")
endif()

# LibTorch as a target without its global CMAKE_CXX_FLAGS.
add_library(gyre_torch INTERFACE IMPORTED GLOBAL)
target_link_libraries(gyre_torch INTERFACE ${TORCH_LIBRARIES} gyre_blas)

if(NOT GYRE_INSTALLED)
  foreach(package Eigen3 Ceres OpenCV Torch fmt spdlog)
    message(STATUS "gyre: ${package} ${${package}_VERSION} (${${package}_DIR})")
  endforeach()

  # Not for GCC, which leaves empty functions beside real ones: lld 14 then drops the unwind table of
  # the real one, and an exception that passes through it ends the program.
  find_program(GYRE_LLD ld.lld)
  if(GYRE_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_link_options(-fuse-ld=lld)
  endif()
  find_program(GYRE_CCACHE ccache)
  if(GYRE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${GYRE_CCACHE})
  endif()
endif()
