# embed.cmake - writes SQL files into a C file.
#
#     cmake -DOUT=sql.c -DQUERIES=a.sql;b.sql -DMIGRATIONS=0001_x.sql;0002_y.sql -P embed.cmake
#
# Bytes, not string literals: C17 promises no more than 4095 characters for those.
function(bytes_of file result)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," body "${hex}")
  set(${result} "${body}0" PARENT_SCOPE)
endfunction()

set(text "#include \"db/sql.h\"\n")
foreach(file ${QUERIES})
  get_filename_component(name ${file} NAME_WE)
  bytes_of(${file} body)
  string(APPEND text "const char sql_${name}[] = {${body}};\n")
endforeach()
set(rows "")
set(n 0)
foreach(file ${MIGRATIONS})
  get_filename_component(name ${file} NAME_WE)
  bytes_of(${file} body)
  string(APPEND text "static const char migration_${name}[] = {${body}};\n")
  string(APPEND rows "    { \"${name}\", migration_${name} },\n")
  math(EXPR n "${n} + 1")
endforeach()
string(APPEND text "const migration sql_migrations[] = {\n${rows}};\nconst int sql_n_migrations = ${n};\n")
file(WRITE ${OUT} "${text}")
