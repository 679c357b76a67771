# Commands as children of the screen, and the command line (app/screen/console.h, line.h).
add_library(console STATIC
  screen/console.c screen/console_child.c screen/console_job.c screen/console_log.c screen/console_save.c
  screen/console_text.c screen/lua_text.c lua/permit.c
  screen/line.c screen/line_draw.c screen/line_hint.c screen/line_keys.c screen/line_list.c screen/line_words.c
  screen/pane_keys.c screen/pane_log.c screen/pane_workers.c)
target_link_libraries(console PUBLIC face)
target_link_libraries(kvant PRIVATE console)
