# Commands as children of the screen, and the command line (app/screen/console.h, line.h).
add_library(console STATIC
  screen/console.c screen/console_child.c screen/console_job.c screen/console_log.c screen/console_save.c
  screen/console_text.c screen/lua_text.c)
target_link_libraries(console PUBLIC face)
target_link_libraries(kvant PRIVATE console)
