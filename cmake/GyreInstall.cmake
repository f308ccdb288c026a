# SPDX-License-Identifier: Apache-2.0
# cmake --install, and what find_package(gyre) needs afterwards. What the fitter needs is a component
# of its own, --component fitting, that asks for neither LibTorch nor OpenCV.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(fitting_libraries gyre_core gyre_io gyre_solve gyre_body gyre_person gyre_fitting)
get_property(libraries GLOBAL PROPERTY GYRE_LIBRARIES)
list(REMOVE_ITEM libraries ${fitting_libraries})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/gyre)
install(TARGETS ${fitting_libraries} gyre_flags EXPORT gyreFittingTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT fitting)
install(EXPORT gyreFittingTargets NAMESPACE gyre:: DESTINATION ${package} COMPONENT fitting)
install(TARGETS ${libraries} EXPORT gyreTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT gyreTargets NAMESPACE gyre:: DESTINATION ${package})
install(TARGETS gyre RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# gyre_install_headers(ROOT FOLDERS folder... COMPONENT name [ONLY|EXCEPT regex]): the headers of
# ROOT/folder as gyre/folder, whose includes of each other then say so too: "core/so3.h" is a name that
# others may have.
function(gyre_install_headers root)
  cmake_parse_arguments(arg "" "COMPONENT;ONLY;EXCEPT" "FOLDERS" ${ARGN})
  set(staged ${CMAKE_BINARY_DIR}/installed_headers/${arg_COMPONENT})
  foreach(folder ${arg_FOLDERS})
    install(CODE "execute_process(COMMAND \${CMAKE_COMMAND} -DFROM=${PROJECT_SOURCE_DIR}/${root}/${folder}
        -DTO=${staged}/${folder} \"-DONLY=${arg_ONLY}\" \"-DEXCEPT=${arg_EXCEPT}\"
        -P ${PROJECT_SOURCE_DIR}/cmake/StageHeaders.cmake
      COMMAND_ERROR_IS_FATAL ANY)" COMPONENT ${arg_COMPONENT})
    install(DIRECTORY ${staged}/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gyre
            COMPONENT ${arg_COMPONENT})
  endforeach()
endfunction()
set(of_opencv "^(image|camera_file|video)[.]h$")  # of gyre::image and gyre::video
gyre_install_headers(src/base FOLDERS core solve body person COMPONENT fitting)
gyre_install_headers(src/base FOLDERS io EXCEPT ${of_opencv} COMPONENT fitting)
gyre_install_headers(. FOLDERS fitting COMPONENT fitting)
gyre_install_headers(src/base FOLDERS io ONLY ${of_opencv} COMPONENT Unspecified)
gyre_install_headers(src/base FOLDERS render metrics COMPONENT Unspecified)
gyre_install_headers(src FOLDERS loop COMPONENT Unspecified)
gyre_install_headers(. FOLDERS datasets regressor COMPONENT Unspecified)

configure_package_config_file(cmake/gyreConfig.cmake.in ${CMAKE_BINARY_DIR}/gyreConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/gyreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/gyreConfig.cmake ${CMAKE_BINARY_DIR}/gyreConfigVersion.cmake
        cmake/GyreFittingDependencies.cmake DESTINATION ${package} COMPONENT fitting)
install(FILES cmake/GyreDependencies.cmake DESTINATION ${package})
install(FILES LICENSE NOTICE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT fitting)
