# SPDX-License-Identifier: AGPL-3.0-or-later
# Tesseract and Leptonica are linked as archives too: their shared libraries bring 54 others, a
# network client among them, and cost a start 8 ms; like this it is less than one. What the
# archives want of those others stands in workers/ocr/doors. Tesseract is C++, whose library GCC
# keeps in a folder of its own.
find_path(EBB_TESSERACT_INCLUDE_DIR tesseract/capi.h REQUIRED)
find_path(EBB_LEPTONICA_INCLUDE_DIR leptonica/allheaders.h REQUIRED)
find_library(EBB_TESSERACT_LIBRARY NAMES libtesseract.a REQUIRED)
find_library(EBB_LEPTONICA_LIBRARY NAMES liblept.a libleptonica.a REQUIRED)
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libstdc++.a
                OUTPUT_VARIABLE EBB_CXX_LIBRARY OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT EXISTS "${EBB_CXX_LIBRARY}")
    message(FATAL_ERROR "libstdc++.a is missing: ./dev setup installs it")
endif()
foreach(name openjp2 jpeg png16 z)
    find_library(EBB_LEPTONICA_NEEDS_${name} NAMES lib${name}.a REQUIRED)
endforeach()
add_library(ebb_tesseract INTERFACE)
target_include_directories(ebb_tesseract SYSTEM INTERFACE ${EBB_TESSERACT_INCLUDE_DIR}
                           ${EBB_LEPTONICA_INCLUDE_DIR})
target_link_libraries(ebb_tesseract INTERFACE ${EBB_TESSERACT_LIBRARY} ${EBB_LEPTONICA_LIBRARY}
                      ${EBB_LEPTONICA_NEEDS_png16} ${EBB_LEPTONICA_NEEDS_jpeg}
                      ${EBB_LEPTONICA_NEEDS_openjp2} ${EBB_LEPTONICA_NEEDS_z} ${EBB_CXX_LIBRARY} m)
