# SPDX-License-Identifier: AGPL-3.0-or-later
# cmake -DEBBD=… -DFRAME=… -DOUTPUT=… -P ConfigManual.cmake
#
# Puts what `ebbd --help-config` prints in the place of the frame's marked line. The text is shown
# as it is: backslashes and leading dots are kept from roff. A program that cannot answer (built
# for another machine, say) leaves the frame's own words standing.

execute_process(COMMAND ${EBBD} --help-config
                OUTPUT_VARIABLE options ERROR_QUIET RESULT_VARIABLE status TIMEOUT 10)
file(READ ${FRAME} manual)
if(status EQUAL 0 AND options)
    string(REPLACE "\\" "\\e" options "${options}")
    string(REGEX REPLACE "(^|\n)([.'])" "\\1\\\\&\\2" options "${options}")
    string(REGEX REPLACE "[ \t]+\n" "\n" options "${options}")
    string(REGEX REPLACE "\n+$" "" options "${options}")
    string(REGEX REPLACE "\\.\\\\\" BEGIN OPTIONS.*\\.\\\\\" END OPTIONS"
           "@OPTIONS@" manual "${manual}")
    string(REPLACE "@OPTIONS@" ".Bd -literal -compact\n${options}\n.Ed" manual "${manual}")
endif()
file(WRITE ${OUTPUT} "${manual}")
