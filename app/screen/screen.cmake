# The full screen (app/screen/screen.h).
target_link_libraries(kvant PRIVATE PkgConfig::NCURSESW)
include(${CMAKE_CURRENT_LIST_DIR}/console.cmake)
