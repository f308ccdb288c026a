# SPDX-License-Identifier: Apache-2.0
# What the fitter and all below it are built on: no LibTorch, no OpenCV.

find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)  # Debian's CMake config wants zipcmp too
find_package(ZLIB REQUIRED)
find_package(Ceres REQUIRED)

# Debian's Ceres::ceres is the static library and pulls in ATLAS, whose sgemm_ then shadows OpenBLAS
# inside LibTorch (one thread, half the speed). Use the shared library, which needs nothing more.
find_library(GYRE_CERES_SHARED NAMES libceres.so)
if(GYRE_CERES_SHARED)
  set_target_properties(Ceres::ceres PROPERTIES
    IMPORTED_LOCATION ${GYRE_CERES_SHARED} IMPORTED_LOCATION_RELEASE ${GYRE_CERES_SHARED}
    IMPORTED_LOCATION_NONE ${GYRE_CERES_SHARED} INTERFACE_LINK_LIBRARIES "Eigen3::Eigen")
endif()
