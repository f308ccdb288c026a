# SPDX-License-Identifier: Apache-2.0
# cmake --install, and what find_package(gyre) needs afterwards.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY GYRE_LIBRARIES)
install(TARGETS ${libraries} gyre_flags EXPORT gyreTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS gyre RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT gyreTargets NAMESPACE gyre:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gyre)
install(DIRECTORY src/base/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gyre FILES_MATCHING PATTERN "*.h")
install(DIRECTORY src/loop DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gyre FILES_MATCHING PATTERN "*.h")
foreach(folder fitting datasets regressor)
  install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gyre FILES_MATCHING PATTERN "*.h")
endforeach()
configure_package_config_file(cmake/gyreConfig.cmake.in ${CMAKE_BINARY_DIR}/gyreConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gyre)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/gyreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/gyreConfig.cmake ${CMAKE_BINARY_DIR}/gyreConfigVersion.cmake
        cmake/GyreDependencies.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/gyre)
install(FILES LICENSE NOTICE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
