# The face: the table of commands and everything that reads it, the prompt, and the program.
add_library(face STATIC
  app.c cmd_prompt.c command.c command_line.c complete.c complete_files.c complete_role.c completion.c events.c help.c manual.c option_read.c options.c
  paths.c progress.c repl.c repl_complete.c repl_history.c repl_words.c settings.c terminal.c words.c wrap.c)
target_link_libraries(face PUBLIC base lab PkgConfig::READLINE PkgConfig::CJSON)

set(KVANT_PLUGIN_DIR ${CMAKE_INSTALL_LIBDIR}/kvant/plugins)
file(RELATIVE_PATH KVANT_PLUGINS_FROM_BIN
  ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR} ${CMAKE_INSTALL_PREFIX}/${KVANT_PLUGIN_DIR})
set(KVANT_DATE 2026-11-20) # of the manual page
target_compile_definitions(face PUBLIC KVANT_VERSION="${PROJECT_VERSION}" PRIVATE KVANT_DATE="${KVANT_DATE}"
  KVANT_PLUGINS_FROM_BIN="${KVANT_PLUGINS_FROM_BIN}")

# The program: the table's functions.
add_executable(kvant
  main.c child.c child_words.c commands_all.c commands.c commands_compare.c commands_data.c commands_lab.c
  commands_program.c commands_recipe.c commands_report.c commands_screen.c commands_suite.c commands_sweep.c names.c
  frontier.c lab.c repeat.c report.c selection.c sweep.c sweep_tell.c columns.c plot.c scale.c table.c table_box.c table_data.c table_query.c
  cmd_capture.c cmd_offline.c offline_report.c
  cmd_cache.c cmd_calibrate.c cmd_codecs.c cmd_config.c cmd_demo.c cmd_frontier.c cmd_inspect.c cmd_lab.c cmd_logits.c cmd_recipe.c cmd_roundtrip.c cmd_run.c cmd_runs.c
  cmd_sweep.c cmd_tokenize.c cmd_worker.c)
target_sources(kvant PRIVATE
  cmd_paper.c paper/paper.c paper/print.c paper/measure.c paper/source.c paper/tables.c
  paper/h1.c paper/h2.c paper/h3.c paper/h4.c paper/h5.c paper/h6.c paper/h7.c paper/h7_sketch.c paper/k1.c paper/k4.c)
target_sources(kvant PRIVATE suite_session_compare.c cmd_diff.c cmd_pin.c difference.c run_number.c axes.c plot_draw.c plot_frame.c plot_view.c
  board.c board_family.c board_points.c board_read.c board_show.c paired.c texts.c)
target_sources(kvant PRIVATE commands_gate.c cmd_generate.c generate_answer.c generate_child.c generate_columns.c generate_job.c generate_show.c)
target_sources(kvant PRIVATE cmd_gate.c gate.c gate_find.c gate_items.c gate_memory.c gate_runs.c gate_show.c gate_speed.c gate_thresholds.c gate_words.c)
target_sources(kvant PRIVATE cmd_suite.c run_show.c suite_line.c)
target_sources(kvant PRIVATE cmd_predict.c predict.c predict_child.c)
target_sources(kvant PRIVATE commands_plan.c cmd_memory.c memory.c memory_json.c memory_measure.c memory_search.c memory_show.c memory_table.c
  size_list.c cmd_speed.c speed.c speed_fill.c speed_json.c speed_peak.c speed_show.c speed_summary.c)
target_sources(kvant PRIVATE cmd_bench.c bench.c bench_against.c against_engine.c bench_attend.c bench_attend_show.c bench_engine.c bench_engine_show.c bench_kernels.c bench_kernel_rows.c bench_show.c bench_time.c bench_whole.c figures.c)
target_sources(kvant PRIVATE cmd_growth.c growth.c growth_codecs.c growth_context.c growth_fit.c growth_plot.c growth_runs.c growth_show.c growth_theory.c
  growth_vocabulary.c growth_words.c page/growth_svg.c)
target_sources(kvant PRIVATE crew.c crew_task.c crew_watch.c run_row.c cmd_merge.c plan.c plan_read.c shard.c shard_launch.c sweep_list.c)
target_link_libraries(kvant PRIVATE face lab store engine)
add_library(verify STATIC
  verify.c verify_attention.c verify_claims.c verify_columns.c verify_contract.c verify_forms.c verify_host.c verify_hostile.c verify_kept.c verify_life.c
  verify_ledger.c verify_numbers.c verify_pieces.c verify_report.c verify_rows.c verify_sweep.c verify_trial.c)
target_link_libraries(verify PUBLIC face lab)
target_sources(kvant PRIVATE cmd_verify.c cmd_verify_child.c verify_subjects.c)
add_library(checklist STATIC
  checklist.c checklist_both_ways.c checklist_bytes.c checklist_codebook.c checklist_norm.c checklist_parts.c checklist_probe.c
  checklist_rotation.c checklist_table.c paper/scalar.c)
target_link_libraries(checklist PUBLIC verify)
target_sources(kvant PRIVATE cmd_checklist.c cmd_checklist_child.c)
target_link_libraries(kvant PRIVATE checklist verify)
include(data.cmake)
# What is seen of suites, on stdout, on the screen and in reports.
add_library(suite_pictures STATIC
  columns.c suite_grid.c suite_items.c suite_sheet.c suite_show.c suite_show_attention.c suite_show_needle.c
  suite_show_prompts.c suite_show_said.c suite_show_session.c suite_show_trajectory.c)
target_link_libraries(suite_pictures PUBLIC face lab store)
target_link_libraries(kvant PRIVATE suite_pictures)
include(screen/screen.cmake)
include(lua/lua.cmake)
include(page/page.cmake)
set_target_properties(kvant PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
foreach(folder models recipes)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${CMAKE_BINARY_DIR}/${folder} SYMBOLIC)
endforeach()

# What the program says about itself, as files.
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/kvant.1 ${CMAKE_BINARY_DIR}/kvant.bash
  COMMAND kvant manual > ${CMAKE_BINARY_DIR}/kvant.1
  COMMAND kvant completion bash > ${CMAKE_BINARY_DIR}/kvant.bash
  DEPENDS kvant VERBATIM)
add_custom_target(face_files ALL DEPENDS ${CMAKE_BINARY_DIR}/kvant.1 ${CMAKE_BINARY_DIR}/kvant.bash)

file(STRINGS ${CMAKE_SOURCE_DIR}/include/kvant/codec.h abi REGEX "^#define KVANT_ABI_M(AJOR|INOR) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+)u.*MINOR ([0-9]+)u.*" "\\1.\\2" KVANT_ABI "${abi}")
file(RELATIVE_PATH KVANT_PREFIX_FROM_PC ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_SOURCE_DIR}/cmake/kvant.pc.in ${CMAKE_BINARY_DIR}/kvant.pc @ONLY)

install(TARGETS kvant)
install(FILES ${CMAKE_SOURCE_DIR}/include/kvant/codec.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/kvant)
install(FILES ${CMAKE_BINARY_DIR}/kvant.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${CMAKE_BINARY_DIR}/kvant.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_BINARY_DIR}/kvant.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME kvant)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/kvant/models)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/recipes/ DESTINATION ${CMAKE_INSTALL_DATADIR}/kvant/recipes)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
