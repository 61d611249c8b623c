# Text files as constants of a program.
#
# tyto_embed(TARGET HEADER path/from/top.h NAMESPACE a::b TEXTS kName=file[,file...] ...)
# Defines in TARGET, for each name, the std::string_view that HEADER declares: the files, one after
# the other. Files are named from the folder of the caller.
function(tyto_embed target)
  cmake_parse_arguments(ARG "" "HEADER;NAMESPACE" "TEXTS" ${ARGN})
  cmake_path(GET ARG_HEADER STEM name)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  set(files ${ARG_TEXTS})
  list(TRANSFORM files REPLACE "^[^=]*=" "")
  list(JOIN files "," files)
  string(REPLACE "," ";" files "${files}")
  list(TRANSFORM files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(JOIN ARG_TEXTS "|" texts)
  add_custom_command(
    OUTPUT ${output}
    COMMAND
      ${CMAKE_COMMAND} -DOUTPUT=${output} -DHEADER=${ARG_HEADER} -DNAMESPACE=${ARG_NAMESPACE}
      "-DTEXTS=${texts}" -DFOLDER=${CMAKE_CURRENT_SOURCE_DIR} -P
      ${PROJECT_SOURCE_DIR}/cmake/embed_texts.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed_texts.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
