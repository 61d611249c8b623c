# Finds Cap'n Proto; include it wherever CapnProto:: targets or capnp_generate_cpp() are needed.
# Debian's package checks for libatomic with a program that only compiles as C; the compiler brings
# that library along, so the check is answered here.
# And it can be asked for once only: the targets are made for the whole tree.
if(NOT TARGET CapnProto::capnp)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)
  set(FOUND_LIBATOMIC TRUE)
  find_package(CapnProto REQUIRED)
  unset(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
  # capnp_generate_cpp() reads these, in whichever folder it is called.
  foreach(variable CAPNP_EXECUTABLE CAPNPC_CXX_EXECUTABLE CAPNP_INCLUDE_DIRECTORY)
    set(${variable} "${${variable}}" CACHE INTERNAL "Where Cap'n Proto is")
  endforeach()
endif()
