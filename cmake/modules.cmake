# add_module(<folder> SOURCES ... [DEPS ...] [LIBS ...] [TESTS ...] [TEST_DEPS ...])
#
# One folder = one library. A module sees its own headers and those of its DEPS, nothing else: each
# include root holds a single link to the folder, so `#include "other/x.h"` without a declared
# dependency does not compile. Cycles are refused at configure time.
#   LIBS       libraries of others that only this folder's .cpp files see
#   TEST_DEPS  modules that the tests need beyond the folder's own
# The folder's tests are one program, <folder>_test, and one line of ctest.
set_property(GLOBAL PROPERTY GLOBAL_DEPENDS_NO_CYCLES ON)

function(add_module name)
  cmake_parse_arguments(M "" "" "SOURCES;DEPS;LIBS;TESTS;TEST_DEPS" ${ARGN})

  set(include_root ${CMAKE_BINARY_DIR}/modules/${name})
  file(MAKE_DIRECTORY ${include_root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${include_root}/${name} SYMBOLIC)

  add_library(${name} STATIC ${M_SOURCES})
  target_include_directories(${name} PUBLIC ${include_root})
  target_link_libraries(${name} PUBLIC ${M_DEPS} PRIVATE ${M_LIBS} project_warnings)

  if(M_TESTS AND BUILD_TESTING)
    add_executable(${name}_test ${M_TESTS})
    target_link_libraries(${name}_test PRIVATE ${name} ${M_TEST_DEPS} ${M_LIBS} project_warnings
                                               GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE
      TOCSIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TOCSIN_SHARED_DIR="${TOCSIN_SHARED_DIR}")
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()

# add_fuzz_target(<name> <source> <modules...>): libFuzzer needs clang; with GCC nothing is added.
function(add_fuzz_target name source)
  if(ENABLE_FUZZING AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${ARGN} project_warnings)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()

add_library(project_warnings INTERFACE)
target_compile_options(project_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Werror
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
