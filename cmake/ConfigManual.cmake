# SPDX-License-Identifier: AGPL-3.0-or-later
# cmake -DEBBD=… -DFRAME=… -DOUTPUT=… -P ConfigManual.cmake
#
# Puts what `ebbd --help-config --mdoc` prints in the place of the frame's marked lines. A program
# that cannot answer (built for another machine, say) leaves the frame's own words standing.

execute_process(COMMAND ${EBBD} --help-config --mdoc
                OUTPUT_VARIABLE options ERROR_QUIET RESULT_VARIABLE status TIMEOUT 10)
file(READ ${FRAME} manual)
if(status EQUAL 0 AND options)
    string(REGEX REPLACE "\n+$" "" options "${options}")
    string(REGEX REPLACE "\\.\\\\\" BEGIN OPTIONS.*\\.\\\\\" END OPTIONS"
           "@OPTIONS@" manual "${manual}")
    string(REPLACE "@OPTIONS@" "${options}" manual "${manual}")
endif()
file(WRITE ${OUTPUT} "${manual}")
