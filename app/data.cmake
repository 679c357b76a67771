# Questions in SQL, and profiles.
target_sources(kvant PRIVATE
  cmd_sql.c sql_ask.c sql_dot.c sql_question.c sql_text.c sql_write.c
  cmd_profile.c profile.c profile_document.c profile_edit.c profile_engine.c profile_line.c profile_lua.c profile_show.c profile_view.c profile_yaml.c)
