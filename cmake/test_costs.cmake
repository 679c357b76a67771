# What the longest tests take, in seconds of a sanitized run with four at once: ctest begins with the most costly, so that
# none is left alone at the end. Only the order matters; it remembers by itself what the others took, but not in a clean
# clone.
set(test_costs
  lab_paper 150 lab_crew_store 110 lab_crew 100 screen_failures 90 screen_failures_end 80 lua_suites 80 lab_needle 75
  lab_runs 70 lab_plan 65 lab_trajectory 55 screen_console 55 lab_session 50 lab_verify 50 lua_module 50 lua_shipped 45
  screen_commands 45 lab_gate 45 screen_failures_store 45 verify 40 lua_nonsense 40 checklist 35 lab_generate 35
  plugin_qprecond 35 plugin_kakeya_rows 25 lua_runs 35 lab_profile 30 lab_prompts 30 lab_predict 25 lab_capture 25 lab_windows 25
  plugin_qjl 25 plugin_rotate 25 plugin_tcq 20 plugin_kvarn 20 config_family 20 capture 20 predict 20 face_predictor 20
  plugin_kakeya 20 lab_sql 20 plot 20 report_page 20 lua_limits 20)

function(kvant_cost name)
  list(FIND test_costs ${name} at)
  if(at GREATER -1)
    math(EXPR at "${at} + 1")
    list(GET test_costs ${at} cost)
    set_tests_properties(${name} PROPERTIES COST ${cost})
  endif()
endfunction()
