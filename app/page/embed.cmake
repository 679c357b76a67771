# embed.cmake - writes files into a C file, as bytes and how many.
#
#     cmake -DOUT=assets.c "-DFILES=page.css;page.js" -P embed.cmake        page_css, page_css_size, page_js, page_js_size
#
# Bytes, not string literals: C17 promises no more than 4095 characters for those.
set(text "#include \"app/page/html.h\"\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  string(REPLACE "." "_" name ${name})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," body "${hex}")
  string(APPEND text "const char ${name}[] = {${body}};\nconst unsigned long ${name}_size = sizeof ${name};\n")
endforeach()
file(WRITE ${OUT} "${text}")
