# SPDX-License-Identifier: Apache-2.0
# cmake -DBUILD=BUILD -DSOURCE=SOURCE -DSCRATCH=FOLDER -DCXX=COMPILER -P: installs the component
# fitting, builds docs/library against it where LibTorch and OpenCV cannot be found, and runs it.
file(REMOVE_RECURSE ${SCRATCH})
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
set(prefix ${SCRATCH}/prefix)
run(${CMAKE_COMMAND} --install ${BUILD} --component fitting --prefix ${prefix})

# Nothing is installed that others might have, and nothing asks for what is not there.
file(GLOB folders RELATIVE ${prefix}/include ${prefix}/include/*)
if(NOT folders STREQUAL "gyre")
  message(FATAL_ERROR "include/ holds '${folders}', not gyre alone")
endif()
file(GLOB_RECURSE headers ${prefix}/include/*.h)
foreach(header ${headers})
  file(STRINGS ${header} bare REGEX "#include \"(core|io|solve|body|person|fitting)/")
  if(bare)
    message(FATAL_ERROR "${header}: ${bare}")
  endif()
endforeach()

set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_DISABLE_FIND_PACKAGE_Torch=ON
    -DCMAKE_DISABLE_FIND_PACKAGE_OpenCV=ON -DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON)
run(${configure} -S ${SOURCE}/docs/library -B ${SCRATCH}/build)
run(${CMAKE_COMMAND} --build ${SCRATCH}/build)
run(${SCRATCH}/build/fit_person)
message("${output}")
if(NOT output MATCHES "17 joints, [0-9]\\.[0-9] px off, pelvis [0-9.]+ m away")
  message(FATAL_ERROR "unexpected output")
endif()

# Who asks for more than is installed is told so.
file(WRITE ${SCRATCH}/all/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(all LANGUAGES CXX)
find_package(gyre REQUIRED)")
execute_process(COMMAND ${configure} -S ${SCRATCH}/all -B ${SCRATCH}/all/build
  RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE output)
if(result EQUAL 0 OR NOT output MATCHES "COMPONENTS")
  message(FATAL_ERROR "find_package(gyre) should fail and name the component:\n${output}")
endif()
