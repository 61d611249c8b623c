# How this tree makes libraries and tests.

# tyto_library(NAME SOURCES a.cpp ... [DEPS target ...] [PUBLIC_DEPS target ...])
# A static library `tyto_NAME`; headers are included from the top of the tree.
function(tyto_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PUBLIC_DEPS" ${ARGN})
  add_library(tyto_${name} STATIC ${ARG_SOURCES})
  add_library(tyto::${name} ALIAS tyto_${name})
  target_include_directories(tyto_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(tyto_${name} PUBLIC ${ARG_PUBLIC_DEPS} PRIVATE ${ARG_DEPS} tyto_options)
endfunction()

# tyto_test(COMPONENT SOURCES a_test.cpp ... [DEPS target ...])
# One test binary a component; each TEST in it is a test of ctest.
function(tyto_test component)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT TYTO_TESTS)
    return()
  endif()
  add_executable(${component}_test ${ARG_SOURCES})
  target_link_libraries(${component}_test PRIVATE ${ARG_DEPS} tyto_options GTest::gtest
                                                  GTest::gtest_main)
  target_compile_definitions(${component}_test
                             PRIVATE TYTO_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(
    ${component}_test
    DISCOVERY_MODE PRE_TEST
    TEST_PREFIX "${component}."
    PROPERTIES TIMEOUT 120)
endfunction()

# tyto_add_if_present(dir ...): the folders of the tree in their order of dependence.
function(tyto_add_folders)
  foreach(folder ${ARGN})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()

# tyto_fuzz(NAME SOURCES a_fuzz.cpp ... [DEPS target ...])
# One fuzz target. The sources define
#     extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
# which takes any bytes, returns 0 and must neither crash nor hang. Its corpus is the files of
# tests/fuzz/corpus/NAME/ (at least one). Two things come of it:
# - with TYTO_FUZZ (preset `fuzz`, clang): the libFuzzer program NAME_fuzz, to be run by hand, as in
#   `NAME_fuzz build/found tests/fuzz/corpus/NAME` (what it finds goes to the first folder);
# - with TYTO_TESTS: the program NAME_fuzz_replay, which runs the corpus and 2000 mutations of it,
#   the same ones each time, as the test `fuzz.NAME`. What crashes is written to NAME-crash.bin in
#   the folder of the build: mend the fault, and add the file to the corpus.
function(tyto_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(TYTO_FUZZ)
    add_executable(${name}_fuzz ${ARG_SOURCES})
    target_link_libraries(${name}_fuzz PRIVATE ${ARG_DEPS} tyto_options)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  endif()
  if(TYTO_TESTS)
    add_executable(${name}_fuzz_replay ${ARG_SOURCES}
                                       ${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay_main.cpp)
    target_link_libraries(${name}_fuzz_replay PRIVATE ${ARG_DEPS} tyto::base tyto_options)
    add_test(NAME fuzz.${name} COMMAND ${name}_fuzz_replay --name ${name} --corpus
                                       ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 120)
  endif()
endfunction()

# Libraries tell the fuzzer where they have been; only clang can.
if(TYTO_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "TYTO_FUZZ needs clang, and the compiler is ${CMAKE_CXX_COMPILER}. "
                        "Use the preset: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
