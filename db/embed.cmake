# embed.cmake - writes SQL files into a C file.
#
#     cmake -DOUT=sql.c -DQUERIES=a.sql;b.sql -DMIGRATIONS=0001_x.sql;0002_y.sql -DQUESTIONS=c.sql -P embed.cmake
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

# A table of names and texts, and how many there are.
function(table_of what type files)
  set(rows "")
  set(n 0)
  set(out "${text}")
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    string(MAKE_C_IDENTIFIER ${what}_${name} symbol)
    bytes_of(${file} body)
    string(APPEND out "static const char ${symbol}[] = {${body}};\n")
    string(APPEND rows "    { \"${name}\", ${symbol} },\n")
    math(EXPR n "${n} + 1")
  endforeach()
  string(APPEND out "const ${type} sql_${what}s[] = {\n${rows}};\nconst int sql_n_${what}s = ${n};\n")
  set(text "${out}" PARENT_SCOPE)
endfunction()
table_of(migration migration "${MIGRATIONS}")
table_of(question shipped_question "${QUESTIONS}")
file(WRITE ${OUT} "${text}")
