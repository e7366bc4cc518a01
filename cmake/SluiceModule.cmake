# sluice_module(NAME SOURCES... HEADERS... DEPENDS modules... EXTERNAL targets...)
#
# One module is one static library `sluice_NAME` (alias `sluice::NAME`). DEPENDS are modules that
# are declared above this one, so cycles and upward arrows fail at configure time; EXTERNAL are
# third-party targets, linked privately because their types do not leave the module.
function(sluice_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;DEPENDS;EXTERNAL" ${ARGN})
  foreach(dependency IN LISTS arg_DEPENDS)
    if(NOT TARGET sluice::${dependency})
      message(FATAL_ERROR
        "module ${name} depends on ${dependency}, which is not declared above it in CMakeLists.txt")
    endif()
  endforeach()
  add_library(sluice_${name} STATIC ${arg_SOURCES})
  add_library(sluice::${name} ALIAS sluice_${name})
  target_sources(sluice_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}
    FILES ${arg_HEADERS})
  set_target_properties(sluice_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  list(TRANSFORM arg_DEPENDS PREPEND sluice::)
  target_link_libraries(sluice_${name} PUBLIC sluice_options ${arg_DEPENDS}
    PRIVATE sluice_warnings ${arg_EXTERNAL})
endfunction()

# sluice_test(NAME SOURCES... LINK targets... [LABELS labels...])
#
# One Catch2 binary per module; its test cases become ctest tests `NAME: sentence`.
function(sluice_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${arg_LINK} sluice_options sluice_warnings
    Catch2::Catch2WithMain)
  catch_discover_tests(${name}_test TEST_PREFIX "${name}: "
    PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
