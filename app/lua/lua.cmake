# Recipes in Lua (app/lua/).
