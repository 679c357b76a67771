# The full screen (app/screen/screen.h). The board, the plot and the predictor are the program's.
include(${CMAKE_CURRENT_LIST_DIR}/console.cmake)
add_library(screen STATIC
  screen/actions.c screen/builtins.c screen/details_layers.c screen/details_suite.c screen/help.c screen/keys.c
  screen/keys_do.c screen/layout.c screen/obey.c screen/pane_details.c screen/pane_plot.c screen/pane_runs.c screen/plot_picture.c
  screen/screen.c screen/screen_draw.c screen/timing.c screen/tui.c screen/tui_curses.c screen/tui_guard.c
  screen/tui_keys.c screen/tui_picture.c)
target_link_libraries(screen PUBLIC console face suite_pictures PkgConfig::NCURSESW)
target_link_libraries(kvant PRIVATE screen)
