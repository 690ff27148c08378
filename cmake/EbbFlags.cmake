# SPDX-License-Identifier: AGPL-3.0-or-later
# Compiler and linker flags for everything of ours (design sheet, items 19 and 20).
# Third-party headers live in /usr/include, a system folder, and so never warn.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
# Plain -O2 -g1: symbols and line numbers for a core dump; asserts stay in, they guard invariants.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-Og -g3")

include_directories(${PROJECT_SOURCE_DIR})
add_compile_definitions(
    _GNU_SOURCE
    EBB_VERSION="${PROJECT_VERSION}"
    EBB_LIBEXECDIR="${CMAKE_INSTALL_FULL_LIBEXECDIR}/ebb")

add_compile_options(
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wcast-qual
    -Wundef -Wnull-dereference
    -fno-common -ffunction-sections -fdata-sections)
if(EBB_WERROR)
    add_compile_options(-Werror)
endif()

add_compile_options(-fstack-protector-strong)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fstack-clash-protection -fcf-protection)
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections)

if(EBB_SANITIZE)
    # The code asks EBB_SANITIZED where an rlimit or the sandbox would stop the sanitizer itself.
    add_compile_definitions(EBB_SANITIZED=1)
    add_compile_options(-fsanitize=${EBB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(NOT EBB_FUZZ)
        add_link_options(-fsanitize=${EBB_SANITIZE})
    endif()
elseif(NOT EBB_COVERAGE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    # _FORTIFY_SOURCE needs optimisation, and hides from the sanitizers what they look for.
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()

if(EBB_COVERAGE)
    add_compile_options(--coverage -O0 -fprofile-update=atomic)
    add_link_options(--coverage)
endif()

if(EBB_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(LANGUAGES C)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
