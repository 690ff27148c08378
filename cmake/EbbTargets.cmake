# SPDX-License-Identifier: AGPL-3.0-or-later
# The two shapes of target that a source folder has. Both take the folder as it is: a folder that
# has no source yet gives an empty library, or no program, and says so.

set(EBB_BIN_DIR ${PROJECT_BINARY_DIR}/bin)
set(EBB_WORKER_DIR ${PROJECT_BINARY_DIR}/libexec/ebb)
set(EBB_TEST_DIR ${PROJECT_BINARY_DIR}/libexec/ebb-test)

# `cmake --build DIR --target programs` builds what gets installed, and no test.
add_custom_target(programs)

# ebb_library(NAME LIBRARY…): every *.c of the folder but main.c, as a static library.
function(ebb_library name)
    file(GLOB sources CONFIGURE_DEPENDS *.c)
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    if(sources)
        add_library(${name} STATIC ${sources})
        target_link_libraries(${name} PUBLIC ${ARGN})
    else()
        message(STATUS "${name}: no source yet")
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${ARGN})
    endif()
endfunction()

# Gives an executable the sanitizers' settings, when there are sanitizers.
function(ebb_sanitizer_options name)
    if(EBB_SANITIZE AND NOT EBB_FUZZ)
        target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.c)
        get_target_property(folder ${name} RUNTIME_OUTPUT_DIRECTORY)
        if(NOT folder STREQUAL EBB_BIN_DIR)
            target_compile_definitions(${name} PRIVATE EBB_SANITIZER_NO_LEAKS)
        endif()
    endif()
endfunction()

# ebb_program(NAME SOURCE OUTPUT_DIR INSTALL_DIR LIBRARY…): one executable from one source.
# An empty INSTALL_DIR means that it is never installed.
function(ebb_program name source output_dir install_dir)
    file(GLOB found CONFIGURE_DEPENDS ${source})
    if(NOT found)
        message(STATUS "${name}: no ${source} yet")
        return()
    endif()
    add_executable(${name} ${found})
    target_link_libraries(${name} PRIVATE ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${output_dir})
    ebb_sanitizer_options(${name})
    if(EBB_FUZZ)
        # There the sanitizers come with each fuzz target's own main(); programs would not link.
        set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    elseif(install_dir)
        install(TARGETS ${name} DESTINATION ${install_dir})
        add_dependencies(programs ${name})
    endif()
endfunction()
