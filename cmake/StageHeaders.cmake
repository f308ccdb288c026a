# SPDX-License-Identifier: Apache-2.0
# cmake -DFROM=FOLDER -DTO=FOLDER [-DONLY=REGEX|-DEXCEPT=REGEX] -P: copies the headers of a folder, and
# below it, as they are installed: includes of gyre's own headers begin with gyre/.
file(GLOB_RECURSE headers RELATIVE ${FROM} ${FROM}/*.h)
if(ONLY)
  list(FILTER headers INCLUDE REGEX ${ONLY})
endif()
if(EXCEPT)
  list(FILTER headers EXCLUDE REGEX ${EXCEPT})
endif()
file(REMOVE_RECURSE ${TO})
foreach(header ${headers})
  file(READ ${FROM}/${header} text)
  string(REGEX REPLACE
    "#include \"((core|io|solve|body|person|render|metrics|fitting|datasets|regressor|loop)/[^\"]+)\""
    "#include \"gyre/\\1\"" text "${text}")
  file(WRITE ${TO}/${header} "${text}")
endforeach()
