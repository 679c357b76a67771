# Questions in SQL, and profiles.
target_sources(kvant PRIVATE cmd_sql.c sql_ask.c sql_dot.c sql_question.c sql_text.c sql_write.c)
