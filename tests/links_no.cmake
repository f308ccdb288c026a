# SPDX-License-Identifier: Apache-2.0
# cmake -DPROGRAM=FILE -DUNWANTED=REGEX -P links_no.cmake: fails when the program loads a library
# of that name, directly or through another.
execute_process(COMMAND ldd ${PROGRAM} OUTPUT_VARIABLE libraries RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR NOT libraries MATCHES "libc\\.so")
  message(FATAL_ERROR "ldd ${PROGRAM}: ${result}")
endif()
string(REGEX MATCHALL "[^\n]*(${UNWANTED})[^\n]*" unwanted "${libraries}")
if(unwanted)
  list(JOIN unwanted "\n" unwanted)
  message(FATAL_ERROR "${PROGRAM} loads\n${unwanted}")
endif()
