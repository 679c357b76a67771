# The full screen (app/screen/screen.h).
target_link_libraries(kvant PRIVATE PkgConfig::NCURSESW)
include(${CMAKE_CURRENT_LIST_DIR}/console.cmake)
target_sources(kvant PRIVATE
  screen/actions.c screen/builtins.c screen/details_layers.c screen/help.c screen/keys.c
  screen/keys_do.c screen/layout.c screen/pane_details.c screen/pane_plot.c screen/pane_runs.c screen/plot_picture.c screen/rerun.c
  screen/screen.c screen/screen_draw.c screen/timing.c screen/tui.c screen/tui_curses.c screen/tui_guard.c
  screen/tui_keys.c screen/tui_picture.c)
