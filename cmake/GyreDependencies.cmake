# SPDX-License-Identifier: Apache-2.0
# Everything gyre is built on, from the distribution's packages.

find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)  # Debian's CMake config wants zipcmp too
find_package(ZLIB REQUIRED)
find_package(Ceres REQUIRED)
find_package(Torch REQUIRED)
if(NOT GYRE_INSTALLED)
  find_package(cxxopts REQUIRED)
  # Included by the headers of LibTorch's c10d, by which several processes train together.
  find_path(GYRE_GLOO_HEADERS gloo/config.h REQUIRED)
  if(GYRE_TESTS)
    find_package(GTest REQUIRED)
  endif()
endif()

# Debian's Ceres::ceres is the static library and pulls in ATLAS, whose sgemm_ then shadows OpenBLAS
# inside LibTorch (one thread, half the speed). Use the shared library, which needs nothing more.
find_library(GYRE_CERES_SHARED NAMES libceres.so)
if(GYRE_CERES_SHARED)
  set_target_properties(Ceres::ceres PROPERTIES
    IMPORTED_LOCATION ${GYRE_CERES_SHARED} IMPORTED_LOCATION_RELEASE ${GYRE_CERES_SHARED}
    IMPORTED_LOCATION_NONE ${GYRE_CERES_SHARED} INTERFACE_LINK_LIBRARIES "Eigen3::Eigen")
endif()

# The system BLAS first in every executable that computes with LibTorch.
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
