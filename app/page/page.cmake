# Reports (app/page/).
set(page ${CMAKE_CURRENT_SOURCE_DIR}/page)
set(page_scripts page_state.js page_table.js page_plot.js page_details.js page_start.js)
list(TRANSFORM page_scripts PREPEND ${page}/)
add_custom_command(OUTPUT page_assets.c
  COMMAND ${CMAKE_COMMAND} -DOUT=${CMAKE_CURRENT_BINARY_DIR}/page_assets.c -DSTYLE=${page}/page.css
          "-DSCRIPTS=${page_scripts}" -P ${page}/embed.cmake
  DEPENDS ${page}/page.css ${page_scripts} ${page}/embed.cmake
  COMMENT "Embedding the page's style and script" VERBATIM)
target_sources(kvant PRIVATE
  cmd_report.c page/csp.c page/escape.c page/formats.c page/gather.c page/gather_layers.c
  page/gather_places.c page/gather_sets.c page/gather_where.c page/html.c page/html_data.c page/html_suite.c page/html_table.c page/json.c
  page/markdown.c page/markdown_suite.c page/output.c page/scatter.c page/strings.c page/suite_tables.c page/svg.c
  ${CMAKE_CURRENT_BINARY_DIR}/page_assets.c)
