# embed.cmake - writes the page's style and its script into a C file, as bytes and how many.
#
#     cmake -DOUT=assets.c -DSTYLE=page.css "-DSCRIPTS=a.js;b.js" -P embed.cmake    page_css, page_css_size, page_js ...
#
# Several scripts become one, in this order. Bytes, not string literals: C17 promises no more than 4095 characters for
# those.
set(text "#include \"app/page/html.h\"\n")
function(add name)
  set(hex "")
  foreach(file ${ARGN})
    file(READ ${file} more HEX)
    string(APPEND hex ${more})
  endforeach()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," body "${hex}")
  set(text "${text}const char ${name}[] = {${body}};\nconst unsigned long ${name}_size = sizeof ${name};\n" PARENT_SCOPE)
endfunction()
add(page_css ${STYLE})
add(page_js ${SCRIPTS})
file(WRITE ${OUT} "${text}")
