# Recipes in Lua (app/lua/).
target_link_libraries(kvant PRIVATE PkgConfig::LUA)
target_sources(kvant PRIVATE
  recipe_files.c recipe_lines.c lua/captured.c lua/front.c lua/known.c lua/lua_ask.c lua/lua_config.c
  lua/lua_line.c lua/lua_module.c lua/lua_own.c lua/lua_push.c lua/lua_runs.c lua/lua_session.c lua/lua_show.c
  lua/planned.c lua/run_recipe.c lua/safe_library.c lua/sandbox.c lua/watchdog.c)
