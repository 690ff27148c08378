# SPDX-License-Identifier: AGPL-3.0-or-later
# Everything comes from Debian's packages; `./dev setup` installs them.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
foreach(module libmd msgpack libuv sqlite3 inih libseccomp jansson libcurl icu-uc)
    pkg_check_modules(${module} REQUIRED IMPORTED_TARGET ${module})
endforeach()
if(EBB_TESTS AND NOT EBB_FUZZ)
    pkg_check_modules(criterion IMPORTED_TARGET criterion)
endif()

# MuPDF is a static archive in Debian, and its pkg-config file does not name all that it needs.
# A worker starts for every stage of every job, so ebb-pdf links the rest statically as well: a
# start then maps four libraries, not eighteen (1.2 ms, not 2.0 ms, from fork to exit).
# HarfBuzz has no static archive and brings GLib with it; only its headers are needed: what
# MuPDF's layout of HTML asks of it is answered by workers/shaping, which says why.
find_path(EBB_MUPDF_INCLUDE_DIR mupdf/fitz.h REQUIRED)
find_library(EBB_MUPDF_LIBRARY NAMES libmupdf.a REQUIRED)
find_library(EBB_MUPDF_THIRD_LIBRARY NAMES libmupdf-third.a REQUIRED)
pkg_check_modules(shaping_headers REQUIRED harfbuzz freetype2)
add_library(ebb_mupdf INTERFACE)
target_include_directories(ebb_mupdf SYSTEM INTERFACE ${EBB_MUPDF_INCLUDE_DIR})
target_link_libraries(ebb_mupdf INTERFACE ${EBB_MUPDF_LIBRARY} ${EBB_MUPDF_THIRD_LIBRARY}
                      ebb_shaping)
foreach(name mujs gumbo jbig2dec openjp2 jpeg freetype png16 brotlidec brotlicommon z)
    find_library(EBB_MUPDF_STATIC_${name} NAMES lib${name}.a REQUIRED)
    target_link_libraries(ebb_mupdf INTERFACE ${EBB_MUPDF_STATIC_${name}})
endforeach()
target_link_libraries(ebb_mupdf INTERFACE m)
