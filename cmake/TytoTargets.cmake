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
