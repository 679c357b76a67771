# Recipes in Lua (app/lua/).
target_link_libraries(kvant PRIVATE PkgConfig::LUA)
