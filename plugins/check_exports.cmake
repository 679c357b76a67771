# cmake -D NM=nm -D MODULE=file -P check_exports.cmake: a codec module defines kvant_plugin_entry and nothing else.
# AddressSanitizer adds a marker of its own to every global it watches.
execute_process(COMMAND ${NM} -D --defined-only ${MODULE} OUTPUT_VARIABLE listing RESULT_VARIABLE rc)
if(NOT rc EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${MODULE}")
endif()
string(REGEX REPLACE "[^\n]* (__odr_asan[^\n]*|__asan_[^\n]*|_init|_fini)\n" "" listing "${listing}")
string(REGEX REPLACE "[0-9a-f]+ . " "" listing "${listing}")
string(STRIP "${listing}" listing)
if(NOT listing STREQUAL "kvant_plugin_entry")
  message(FATAL_ERROR "${MODULE} exports: ${listing}")
endif()
