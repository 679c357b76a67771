# The full screen (app/screen/screen.h).
target_link_libraries(kvant PRIVATE PkgConfig::NCURSESW)
